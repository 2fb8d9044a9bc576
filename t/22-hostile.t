#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Everything in samples/hostile by all three doors, then metadata, frames and
# pictures of what was kept: no crash, no lost connection, nothing left
# behind of what was refused, never a 500.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

my $samples = samples();
my @hostile = sort grep { -f } glob "$samples/hostile/*";
cmp_ok(scalar @hostile, '>', 100, scalar @hostile . ' hostile files');

# a home for each file would be slow; colliding UIDs are conflicts, which is
# an answer as good as any here
my $pacs = Pacs->new;
my (%status, @odd);

for my $file (@hostile) {
    my ($name) = $file =~ m{([^/]+)$};
    my $r = $pacs->stow([$file]);
    $status{$r->{status}}++;
    push @odd, "$name: $r->{status} $r->{content}"
        unless $r->{status} =~ /^(200|202|409)$/;
    push @odd, "$name: refused without a reason: $r->{content}"
        if $r->{status} == 409 && $r->{content} !~ /00091001/;
}
is_deeply(\@odd, [], 'STOW: each is stored or refused with a reason')
    or diag join "\n", @odd[0 .. ($#odd > 10 ? 10 : $#odd)];
diag 'STOW: ' . join ', ', map { "$_: $status{$_}" } sort keys %status;

my $rows = $pacs->sql('select count(*) from instance');
is(scalar(my @b = $pacs->blobs), $rows, 'a file for each row, none of what was refused');

# nothing else in the same request is lost
my $good = (sort glob "$samples/mr-series/ge-fmri-4d/*.dcm")[0];
my $mixed = $pacs->stow([$hostile[0], $good, @hostile[1 .. 5]]);
ok(grep({ $_->{'00081155'} } @{json($mixed->{content})->{'00081199'}{Value}}), 'a good instance between hostile ones is stored');

# --- what was kept ---

my @bad;
my %seen;
for my $i (@{$pacs->get_json('/dicom-web/instances?limit=1000')}) {
    my ($study, $series, $uid) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
    my $base = "/dicom-web/studies/$study/series/$series/instances/$uid";
    for my $path ("$base/metadata", "$base/frames/1", "$base/rendered", "$base/frames/1/rendered",
        "$base/thumbnail", $base, "$base/frames/1/rendered?window=40,400,linear&viewport=64,64")
    {
        my $r = $pacs->get($path);
        my $what = $path =~ m{([a-z]+)(?:/1)?(?:\?.*)?$} ? $1 : 'instance';
        $seen{"$what $r->{status}"}++;
        push @bad, "$path: $r->{status} " . substr($r->{content}, 0, 200)
            if $r->{status} !~ /^(200|404|406|413)$/;
        push @bad, "$path: metadata is no JSON" if $path =~ /metadata$/ && !eval { json($r->{content}); 1 };
        push @bad, "$path: no reason" if $r->{status} >= 400 && $r->{content} !~ /"reason":"[^"]{5}/;
    }
}
is_deeply(\@bad, [], 'what was kept is answered, or the reason is said')
    or diag join "\n", @bad[0 .. ($#bad > 10 ? 10 : $#bad)];
diag join ', ', map { "$_: $seen{$_}" } sort keys %seen;

# --- the other two doors ---

my $dimse = Pacs->new(http => 0);
my $refused = 0;
for my $file (@hostile) {
    my ($rc, $out) = capture('timeout', 120, 'storescu', '-aec', 'PACS', '127.0.0.1', $dimse->{dimse}, $file);
    $refused++ if $rc;
}
is((capture('echoscu', '-aec', 'PACS', '127.0.0.1', $dimse->{dimse}))[0], 0, 'C-ECHO after all of it');
is($dimse->sql('select count(*) from instance'), scalar(@b = $dimse->blobs), 'C-STORE: a file for each row');
diag "C-STORE: $refused refused or not sent by storescu";
$dimse->shutdown;

my $import = Pacs->new(http => 0, listener => 0, redis => 0);
my ($rc, $out) = $import->pacs('import', "$samples/hostile");
is($rc, 1, 'import: says that there were refused files') or diag substr $out, 0, 500;
my @lines = $out =~ /^refused (\S+): (.{5,})$/mg;
cmp_ok(@lines / 2, '>', 20, 'import: a line each') or diag $out;
like($out, qr/(\d+) instances stored .*, (\d+) files refused$/, 'import: a summary') or diag $out;
my ($stored, $no) = $out =~ /(\d+) instances stored .*, (\d+) files refused/;
is($stored + $no, scalar @hostile, 'import: none is missing from it');
is($import->sql('select count(*) from instance'), scalar(@b = $import->blobs), 'import: a file for each row');
is(($import->pacs('verify'))[0], 0, 'verify is content');
$import->shutdown;

ok($pacs->get('/pacs/health')->{status} == 200, 'nginx is well');
$pacs->shutdown;
done_testing;
