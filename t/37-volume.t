#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Volumes through the server: planes and slabs against analytic phantoms; one
# file of voxels a node, built once, again when it is corrupt, and to its end
# when its builder dies.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP ();
use Pacs;
use POSIX ();
use Test::More;
use Time::HiRes qw(time sleep);

my $python = '/usr/bin/python3';
plan(skip_all => 'no python3 with numpy, pydicom and PIL')
    if (capture($python, '-c', 'import numpy, pydicom, PIL'))[0];

my $tmp = tempdir('pacs-volume-XXXXXX', DIR => '/tmp', CLEANUP => !$ENV{PACS_LEAVE});
is(run($python, 't/lib/volume_phantom.py', 'make', "$tmp/p"), 0, 'phantoms are made');

my $pacs = Pacs->new(redis => 0);
for my $kind (map { m{([^/]+)\.json$} } sort glob "$tmp/p/*.json") {
    is($pacs->stow([sort glob "$tmp/p/$kind/*.dcm"])->{status}, 200, "$kind is stored");
}

open my $out, '-|', $python, 't/lib/volume_phantom.py', 'check', $pacs->url('/dicom-web'), "$tmp/p" or die;
while (<$out>) {
    if (/^(not )?ok - (.*?)(?: # (.*))?$/) {
        ok(!$1, $2) or diag($3 // '');
    } else {
        diag($_);
    }
}
ok(close $out, 'all was checked');

# --- the file ---

my $facts = json(slurp("$tmp/p/sphere.json"));
my $base = "/dicom-web/studies/$facts->{study}/series/$facts->{series}/renderedmpr";
my @png = (Accept => 'image/png');
sub volumes { return glob "$pacs->{home}/cache/frames/volume-*" }

unlink volumes();
my $first = $pacs->get("$base?orientation=a", @png);
is($first->{status}, 200, 'the cache was emptied: made again');
is($first->{headers}{'pacs-instance'} =~ s{/[^/]+$}{}r, "$facts->{study}/$facts->{series}", '... and says whose it is');
my @files = volumes();
is(scalar @files, 1, 'one file of voxels');
my $inode = (stat $files[0])[1];

# several connections, so both workers get some
my @pids;
for my $n (1 .. 8) {
    my $pid = fork // die;
    if ($pid == 0) {
        my $bad = 0;
        for my $k (1 .. 6) {
            my $r = HTTP::Tiny->new(timeout => 60, keep_alive => 0)->get(
                $pacs->url("$base?orientation=a&mproffset=" . ($k + $n / 10)), { headers => { @png } });
            $bad++ if $r->{status} != 200;
        }
        POSIX::_exit($bad);
    }
    push @pids, $pid;
}
my $bad = 0;
for (@pids) { waitpid $_, 0; $bad += $? }
is($bad, 0, '48 planes from both workers');
is_deeply([ map { (stat)[1] } volumes() ], [$inode], '... of the same file');

# both workers ask at once for a volume that is not there
$facts = json(slurp("$tmp/p/ramp.json"));
{
    my $r = $pacs->get("$base?InstanceNumber=999", @png);
    is($r->{status}, 406, 'parameters that no image has');
    like($r->{content}, qr/none of \d+ images has the values/, '... are told from images without a place');
}

my $ramp = "/dicom-web/studies/$facts->{study}/series/$facts->{series}/renderedmpr";
unlink grep { $_ ne $files[0] } volumes();
@pids = ();
for my $n (1 .. 6) {
    my $pid = fork // die;
    if ($pid == 0) {
        my $r = HTTP::Tiny->new(timeout => 60)->get($pacs->url("$ramp?orientation=a"), { headers => { @png } });
        POSIX::_exit($r->{status} != 200);
    }
    push @pids, $pid;
}
$bad = 0;
for (@pids) { waitpid $_, 0; $bad += $? }
is($bad, 0, 'six ask at once for a volume that is not there');
is(scalar(my @two = volumes()), 2, '... it is built once');

# --- corrupt: built again, never shown ---

sub damage {
    my ($path, $at, $bytes) = @_;
    open my $f, '+<:raw', $path or die "$path: $!";
    seek $f, $at, $at < 0 ? 2 : 0;
    print $f $bytes;
    close $f;
}

my $size = -s $files[0];
truncate $files[0], $_ and is($pacs->get("$base?orientation=a&mproffset=0.$_", @png)->{status}, 200,
    "cut to $_ bytes while it is mapped: made again") for $size / 2, 0;
unlike(slurp("$pacs->{home}/log/nginx.log"), qr/exited on signal/,
    '... and no worker ends');

$pacs->stop('nginx', 'TERM');
for my $case ([ 'voxels', int($size / 2) ], [ 'the last byte', -1 ], [ 'the head', 12 ], [ 'the magic', 0 ]) {
    my ($what, $at) = @$case;
    my ($file) = grep { -s $_ == $size } volumes();
    damage($file, $at, chr(0x5a) x ($at < 0 ? 1 : $at > 1000 ? 1000 : 4));
    $pacs->start_nginx;
    my $r = $pacs->get("$base?orientation=a", @png);
    is($r->{status}, 200, "$what damaged: shown");
    ok($r->{content} eq $first->{content}, '... as it was');
    $pacs->stop('nginx', 'TERM');
}
my ($file) = grep { -s $_ == $size } volumes();
open my $f, '>', "$file.new" or die;
print $f 'short';
close $f;
rename "$file.new", $file;
$pacs->start_nginx;
ok($pacs->get("$base?orientation=a", @png)->{content} eq $first->{content}, 'too short: built again');
$pacs->stop('nginx', 'TERM');

# as a builder that was killed leaves it: some slices there, the lock free
($file) = grep { -s $_ == $size } volumes();
is((capture($python, '-c', <<'PY', $file))[0], 0, 'half of the slices are taken away');
import struct, sys
f = open(sys.argv[1], "r+b")
n = 60
# slots follow the head and at[]: {ready, crc, min, max}, all ready now
data = f.read(65536)
for start in range(16, 8192, 16):
    if all(struct.unpack_from("<I", data, start + 12 * k)[0] == 1 for k in range(n)):
        for k in range(0, n, 2):
            f.seek(start + 12 * k)
            f.write(struct.pack("<I", 0))
        sys.exit(0)
sys.exit(1)
PY
$inode = (stat $file)[1];
$pacs->start_nginx;
ok($pacs->get("$base?orientation=a", @png)->{content} eq $first->{content}, '... another process fills them in');
is((stat $file)[1], $inode, '... in the same file');

# --- a builder is killed while it builds: pacs-codec is slow to answer ---

$facts = json(slurp("$tmp/p/rle.json"));
my $rle = "/dicom-web/studies/$facts->{study}/series/$facts->{series}/renderedmpr";
my $want = $pacs->get("$rle?orientation=a", @png);
is($want->{status}, 200, 'coded slices');
unlink glob "$pacs->{home}/cache/frames/*";
my @codec = grep { slurp("/proc/$_/cmdline") =~ /pacs-codec/ } Pacs::descendants($pacs->{pids}{listener});
kill 'STOP', @codec;
my $asker = fork // die;
if ($asker == 0) {
    HTTP::Tiny->new(timeout => 20)->get($pacs->url("$rle?orientation=a"), { headers => { @png } });
    POSIX::_exit(0);
}
ok(wait_until('a builder', sub { my @v = volumes(); scalar @v }), 'a volume is being built');
$pacs->stop('nginx', 'KILL');
waitpid $asker, 0;
kill 'CONT', @codec;
$pacs->start_nginx;
my $r = $pacs->get("$rle?orientation=a", @png);
is($r->{status}, 200, 'its builder was killed: the next request succeeds') or diag $r->{content};
ok($r->{content} eq $want->{content}, '... with the same picture');

# --- a plane waits for its own slices only ---

unlink glob "$pacs->{home}/cache/frames/*";
(my $series = $rle) =~ s{/renderedmpr$}{};
is($pacs->get("$series/instances/$_/rendered")->{status}, 200, 'a slice is decoded for another reason')
    for @{$facts->{order}}[6 .. 10];
kill 'STOP', @codec;
is($pacs->get("$rle?orientation=f&mprplane=9&window=40,400,linear", @png)->{status}, 200, 'pacs-codec hangs: a plane of decoded slices is there');
my $slow = HTTP::Tiny->new(timeout => 1)->get($pacs->url("$rle?orientation=a"), { headers => { @png } });
is($slow->{status}, 599, '... one across all of them waits');
my $quick = time;
is($pacs->get("$ramp?orientation=a", @png)->{status}, 200, '... which keeps nobody else from work');
cmp_ok(time - $quick, '<', 20, '... for long');
kill 'CONT', @codec;
ok($pacs->get("$rle?orientation=a", @png)->{content} eq $want->{content}, '... and is there when pacs-codec goes on');

# --- without pacs-codec: an error with the reason, and later the picture ---

unlink glob "$pacs->{home}/cache/frames/*";
$pacs->stop('listener', 'TERM');
$r = $pacs->get("$rle?orientation=a", @png);
is($r->{status}, 503, 'without pacs-codec: 503');
like($r->{content}, qr/pacs-codec/, '... with the reason');
$pacs->start_listener;
ok(wait_until('pacs-codec', sub { $pacs->get("$rle?orientation=a", @png)->{status} == 200 }), '... and with it the picture');

# --- another instance comes: another volume ---

$facts = json(slurp("$tmp/p/missing.json"));
my $missing = "/dicom-web/studies/$facts->{study}/series/$facts->{series}/renderedmpr";
my $before = $pacs->get("$missing?orientation=a", @png);
like($before->{headers}{warning}, qr/missing/, 'a gap');
is(run($python, '-c', <<'PY', $tmp), 0, 'the slice that was missing is made');
import json, sys
sys.path.insert(0, "t/lib")
import pydicom, volume_phantom as v
d = sys.argv[1]
old = pydicom.dcmread(d + "/p/missing/0000.dcm")
ds = v.slice_of("missing", (old.StudyInstanceUID, old.SeriesInstanceUID, old.FrameOfReferenceUID), v.ramp, (-16.0, -11.0, 5.0), 99)
ds.save_as(d + "/more.dcm", write_like_original=False)
PY
is($pacs->stow(["$tmp/more.dcm"])->{status}, 200, '... and stored');
my $after = $pacs->get("$missing?orientation=a", @png);
is($after->{status}, 200, 'a plane of the longer series');
is($after->{headers}{warning}, undef, '... has no gap');
isnt($after->{headers}{etag}, $before->{headers}{etag}, '... and another ETag');

# --- the real thing: a series of MR, if there is one ---

SKIP: {
    my @mr = native() or skip 'no samples', 3;
    is($pacs->stow(\@mr)->{status}, 200, 'an MR series');
    my ($row) = grep { $_->{'00080060'}{Value}[0] eq 'MR' } @{$pacs->get_json('/dicom-web/series?Modality=MR')};
    my ($S, $X) = map { $_->{Value}[0] } @$row{qw(0020000D 0020000E)};
    is($pacs->get("/dicom-web/studies/$S/series/$X/renderedmpr?orientation=f", @png)->{status}, 200, '... has a plane');
    is($pacs->get("/dicom-web/studies/$S/rendered3d?viewport=200,200")->{status}, 200, '... and the study a volume');
}

SKIP: {
    my @ct = glob "$Pacs::SAMPLES/ct-series/lidc-0314-chest-1mm/00*.dcm" or skip 'no samples', 3;
    is($pacs->stow(\@ct)->{status}, 200, 'a CT whose slices were anonymized one by one');
    my ($row) = grep { $_->{'00201209'}{Value}[0] == 9 } @{$pacs->get_json('/dicom-web/series?Modality=CT&includefield=00201209')};
    my ($S, $X) = map { $_->{Value}[0] } @$row{qw(0020000D 0020000E)};
    my $r = $pacs->get("/dicom-web/studies/$S/series/$X/renderedmpr", @png);
    is($r->{status}, 200, '... has a plane') or diag $r->{content};
    like($r->{headers}{warning} // '', qr/of its own/, '... and a warning');
}

$pacs->shutdown;
done_testing;
