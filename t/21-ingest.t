#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# One ingest path, three doors: the same instance again is success and one
# copy, by whichever door and in whichever encoding; a known UID with other
# content follows pacs_duplicates; concurrency leaves one row and one file.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use Pacs;
use Test::More;

my $samples = samples();
my @ct = (native())[0 .. 3];
my $pacs = Pacs->new;
my @to = ('127.0.0.1', $pacs->{dimse});

sub rows { return $pacs->sql('select count(*) from instance') }

# --- the same by all doors ---

is($pacs->stow(\@ct)->{status}, 200, 'STOW');
is(rows(), 4, '4 rows');
is($pacs->stow(\@ct)->{status}, 200, 'STOW again is success');
is(run('storescu', '-aec', 'PACS', @to, @ct), 0, 'C-STORE of the same is success');
my ($rc, $out) = $pacs->pacs('import', @ct);
is($rc, 0, 'import of the same is success') or diag $out;
like($out, qr/4 instances stored \(4 of them were there/, '... and says that they were there');
is(rows(), 4, 'still 4 rows');
is(scalar(my @a = $pacs->blobs), 4, 'and 4 files');

# --- in another encoding ---

my $t = "$pacs->{home}/tmp";
for (['+ti', 'implicit'], ['+te', 'explicit'], ['+tb', 'big endian'], ['+td', 'deflated']) {
    my ($flag, $name) = @$_;
    is(run('dcmconv', $flag, $ct[0], "$t/x.dcm"), 0, "dcmconv to $name");
    my $s = $pacs->stow(["$t/x.dcm"]);
    is($s->{status}, 200, "the same instance in $name is success") or diag $s->{content};
}
is(rows(), 4, 'still 4 rows after other encodings');
is(scalar(@a = $pacs->blobs), 4, 'and 4 files');

# --- a known UID with other content ---

copy($ct[0], "$t/other.dcm");
is(run('dcmodify', '-nb', '-m', '(0010,0010)=Other^Name', "$t/other.dcm"), 0, 'another content, same UID');
my $s = $pacs->stow(["$t/other.dcm"]);
is($s->{status}, 409, 'STOW of it is 409');
my $a = json($s->{content});
is($a->{'00081198'}{Value}[0]{'00081197'}{Value}[0], 0x0111, '... with reason 0x0111') or diag $s->{content};
($rc, $out) = capture('storescu', '-v', '-aec', 'PACS', @to, "$t/other.dcm");
like($out, qr/0x0?111/i, 'C-STORE of it answers 0x0111') or diag $out;
($rc, $out) = $pacs->pacs('import', "$t/other.dcm");
is($rc, 1, 'import refuses it');
like($out, qr/known with other content/, '... by name') or diag $out;
($rc, $out) = $pacs->pacs('conflicts');
like($out, qr/instance [\d.]+  from/, 'pacs conflicts lists it') or diag $out;
is(rows(), 4, 'the first stays');

$s = $pacs->stow(["$t/other.dcm", $ct[1]]);
is($s->{status}, 202, 'with a good one beside it: 202');
$a = json($s->{content});
is(scalar @{$a->{'00081199'}{Value}}, 1, '... one stored');
is(scalar @{$a->{'00081198'}{Value}}, 1, '... one failed');

# --- POST to a named study ---

my $foreign = $pacs->stow([$ct[0]], '/1.2.3.4');
is($foreign->{status}, 409, 'an instance of another study fails');

# --- what cannot be read ---

my $bad = "$t/bad.dcm";
open my $f, '>', $bad or die;
print $f substr slurp($ct[2]), 0, 700;
close $f;
$s = $pacs->stow([$bad, $ct[3]]);
is($s->{status}, 202, 'a cut file costs its own part only') or diag $s->{content};
is(scalar @{json($s->{content})->{'00081199'}{Value}}, 1, '... the other is stored');
like($s->{content}, qr/0009,?1001/, '... with the reason in words');
is(scalar(@a = $pacs->blobs), 4, 'nothing of it is left behind');
is(scalar(@a = glob "$pacs->{home}/tmp/*.tmp"), 0, 'no temporary file either');

# --- a file meta that names another instance: the data set counts ---

{
    my ($file) = grep { -e } "$samples/transfer-syntax/j2k-elscint-jp2-vs-j2k.dcm";
    my $uid = '1.2.826.0.1.3680043.2.1143.8272772554554548536101020284625579066';
    my $m = Pacs->new;
    is($m->stow([$file])->{status}, 200, 'a file meta of another instance: stored');
    is(json($m->get("/dicom-web/instances?SOPInstanceUID=$uid")->{content})->[0]{'00080018'}{Value}[0], $uid,
        '... as what the data set is');
    like(slurp("$m->{home}/log/nginx.log"), qr/foreign file meta: it names SOP Instance 1\.2\.840\.113704/, '... and logged');
    my ($row) = @{$m->get_json('/dicom-web/instances')};
    my ($s, $x) = map { $row->{$_}{Value}[0] } qw(0020000D 0020000E);
    is($m->get("/dicom-web/studies/$s/series/$x/instances/$uid/rendered")->{status}, 200, '... and shown');
    is(($m->pacs('import', $file))[0], 0, '... the same by import');
    $m->shutdown;
}

# --- quarantine ---

{
    my $q = Pacs->new(duplicates => 'quarantine', listener_args => []);
    is($q->stow([$ct[0]])->{status}, 200, 'quarantine: the first');
    is($q->stow(["$t/other.dcm"])->{status}, 409, 'quarantine: the other is told so');
    is(scalar(@a = $q->blobs), 2, '... and kept');
    is($q->sql('select count(*) from instance'), 1, '... outside the index');
    my (undef, $c) = $q->pacs('conflicts');
    like($c, qr/other [0-9a-f]+\/[0-9a-f]{64}/, '... and listed') or diag $c;
    my ($v, $vo) = $q->pacs('verify');
    is($v, 0, '... and verify is content') or diag $vo;
    $q->shutdown;
}

# --- 200 at once, of one instance, by both doors ---

{
    my $one = (sort glob "$samples/mr-series/ge-fmri-4d/*.dcm")[0];
    my $c = Pacs->new;
    my @pids;
    pipe my $go, my $start;
    my $n = 100;
    my $log = "$c->{home}/tmp/results";
    for my $i (1 .. 8) {
        my $pid = fork;
        if ($pid == 0) {
            close $start;
            my $bytes = '';
            sysread $go, $bytes, 1;     # all begin when the pipe is closed
            my $fail = 0;
            for (1 .. $n / 4) {
                $fail++ if $i % 2 ? $c->stow([$one])->{status} != 200
                    : (capture('storescu', '-aec', 'PACS', '127.0.0.1', $c->{dimse}, $one))[0];
            }
            open my $l, '>>', $log;
            print $l "$fail\n";
            close $l;
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    close $go;
    close $start;
    waitpid $_, 0 for @pids;
    is(slurp($log), "0\n" x 8, '200 concurrent stores of one instance: all success');
    is($c->sql('select count(*) from instance'), 1, '... one row');
    is(scalar(@a = $c->blobs), 1, '... one file');
    $c->shutdown;
}

$pacs->shutdown;
done_testing;
