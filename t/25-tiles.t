#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Tiles through the server: what is cut out of a frame is what lies there in
# the whole picture, for native, big endian, bit-packed and coded frames; at
# any scale, mirrored and turned; from pyramids that are built once and never
# shown when they are not sound.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use POSIX ();
use Test::More;

my $samples = samples();

# a home each: some samples share UIDs
my @files = grep { -e "$samples/$_" } (
    'mr-series/fruit-sag-irspgr/001.dcm',
    'transfer-syntax/palette-800x600-bigendian.dcm',
    'transfer-syntax/mr-same-image-j2k.dcm',
    'transfer-syntax/mr-same-image-explicit-be.dcm',
    (map { s{^\Q$samples/}{}r } (sort glob "$samples/cr-dx/*.dcm")[0 .. 3]),
);
cmp_ok(scalar @files, '>=', 4, 'samples');

for my $file (@files) {
    my $pacs = Pacs->new(redis => 0);
    my $s = $pacs->stow(["$samples/$file"]);
    if ($s->{status} != 200) {
        note("$file is not stored: $s->{content}");
        $pacs->shutdown;
        next;
    }
    my $i = $pacs->get_json('/dicom-web/instances?includefield=all')->[0];
    my ($study, $series, $uid, $rows, $columns) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018 00280010 00280011);
    my $base = "/dicom-web/studies/$study/series/$series/instances/$uid/frames/1/rendered";
    my $window = '&window=500,1000,linear';
    my @accept = (Accept => 'image/png');

    my $dir = "$pacs->{home}/tmp";
    my $save = sub {
        my ($name, $r) = @_;
        open my $f, '>:raw', "$dir/$name" or die;
        print $f $r->{content};
        close $f;
        return $r->{status};
    };
    is($save->('whole', $pacs->get("$base?viewport=$columns,$rows$window", @accept)), 200, "$file: whole");
    my @tiles;
    for my $at ([0, 0], [17, 31], [$columns - 64, $rows - 64], [$columns / 2, $rows / 2]) {
        my ($x, $y) = map { int } @$at;
        is($save->("t$x-$y", $pacs->get("$base?viewport=64,64,$x,$y,64,64$window", @accept)), 200, "$file: tile at $x,$y");
        push @tiles, "$x-$y";
    }
    my ($rc, $out) = capture('/usr/bin/python3', '-c', <<'PY', $dir, @tiles);
import sys
from PIL import Image, ImageChops
d = sys.argv[1]
w = Image.open(d + "/whole").convert("RGB")
for t in sys.argv[2:]:
    x, y = map(int, t.split("-"))
    tile = Image.open(d + "/t" + t).convert("RGB")
    part = w.crop((x, y, x + 64, y + 64))
    diff = max(max(e) for e in ImageChops.difference(tile, part).getextrema()) if tile.size == part.size else -1
    print(t, tile.size, diff)
    if diff != 0:
        sys.exit(1)
PY
    is($rc, 0, "$file: tiles are parts of the whole") or diag $out;
    $pacs->shutdown;
}

# --- one image in many encodings: one picture ---

my %png;
for my $file (sort glob "$samples/transfer-syntax/mr-same-image-*.dcm") {
    my ($name) = $file =~ m{([^/]+)\.dcm$};
    my $pacs = Pacs->new(redis => 0);
    is($pacs->stow([$file])->{status}, 200, "$name is stored");
    my $i = $pacs->get_json('/dicom-web/instances')->[0];
    my ($study, $series, $uid) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
    my $base = "/dicom-web/studies/$study/series/$series/instances/$uid";
    my $r = $pacs->get("$base/rendered?window=600,1200,linear", Accept => 'image/png');
    is($r->{status}, 200, "$name is rendered") or diag $r->{content};
    push @{$png{$r->{content}}}, $name;
    # and its samples, for who wants octets
    my $octets = $pacs->get("$base/frames/1", Accept => 'multipart/related; type="application/octet-stream"');
    push @{$png{'frame' . $pacs->parts($octets)->[0]{body}}}, $name;
    $pacs->shutdown;
}
is(scalar(grep { !/^frame/ } keys %png), 1, 'all encodings of one image give one picture')
    or diag explain [ values %png ];
is(scalar(grep { /^frame/ } keys %png), 1, '... and the same decoded samples');

# --- large ones, through pyramids: see lib/tiles.py ---

my $python = '/usr/bin/python3';
my $pacs = Pacs->new(redis => 0);
my $made = "$pacs->{home}/tmp/made";
mkdir $made;
is(run($python, "$Pacs::TOP/t/lib/tiles.py", 'make', $made), 0, 'large images');
is(($pacs->pacs('import', $made))[0], 0, '... are stored');
my $web = "http://127.0.0.1:$pacs->{port}/dicom-web";
my ($rc, $out) = capture($python, "$Pacs::TOP/t/lib/tiles.py", 'check', $web, $made);
is($rc, 0, 'checked') or diag substr $out, -1000;
my @said = grep { /ok / } split /\n/, $out;
cmp_ok(scalar @said, '>', 100, '... in all ways');
ok(!/^not/, s/.*?ok //r) for @said;

sub pyramids {
    my @all = glob "$pacs->{home}/cache/pyramids/*";
    return @all;
}
is(scalar(pyramids()), 10, 'one pyramid an image');

sub rendered {
    my ($n, $query, @headers) = @_;
    my $uid = "1.2.826.0.1.3680043.10.999.25.$n";
    return $pacs->get("/dicom-web/studies/$uid.1/series/$uid.2/instances/$uid.3/frames/1/rendered?$query", @headers);
}

# bytes that the workers have read
sub read_bytes {
    my $n = 0;
    for my $pid (split ' ', slurp("/proc/$pacs->{pids}{nginx}/task/$pacs->{pids}{nginx}/children")) {
        $n += $1 if slurp("/proc/$pid/io") =~ /rchar: (\d+)/;
    }
    return $n;
}

# g16, native, and g16ls, decoded
for my $n (0, 6) {
    for my $view ('256,256,600,400,256,256', '256,256,500,100,1024,1024') {
        rendered($n, "viewport=$view&window=$_,5000,linear") for 1 .. 20;
        my $before = read_bytes();
        rendered($n, "viewport=$view&window=$_,6000,linear") for 1 .. 20;
        cmp_ok((read_bytes() - $before) / 20, '<', 450_000, "image $n: a tile $view reads little more than it shows: whole blocks");
    }
}

# who comes at the same time waits for the one that builds
my $size = -s "$made/g16.dcm";
my $whole = rendered(0, 'viewport=300,300', Accept => 'image/png')->{content};
unlink pyramids();
my $before = read_bytes();
my @kids;
for my $i (1 .. 12) {
    my $pid = fork // die;
    if (!$pid) {
        my $same = rendered(0, "viewport=300,300", Accept => 'image/png')->{content} eq $whole;
        POSIX::_exit($same ? 0 : 1);
    }
    push @kids, $pid;
}
my $wrong = 0;
for my $kid (@kids) {
    waitpid $kid, 0;
    $wrong++ if $?;
}
is($wrong, 0, 'twelve at once: the same picture');
is(scalar(pyramids()), 1, '... of one pyramid');
cmp_ok(read_bytes() - $before, '<', 5 * $size, '... the frame is not read by each');

# what is not sound is made again
my $sound = slurp((pyramids())[0]);
my ($levels) = unpack 'x8 Q', $sound;
my $bits = substr($sound, 64, $levels) =~ s/(.{799}.)(.)/$1 . chr(255 - ord $2)/gesr;
for my $broken (substr($sound, 0, 5000), '', substr($sound, 0, 64) . $bits . substr($sound, 64 + $levels), 'y' x length $sound) {
    my ($path) = pyramids();
    open my $f, '+<', $path or die;
    truncate $f, 0;
    print $f $broken;
    close $f;
    ok(rendered(0, 'viewport=300,300', Accept => 'image/png')->{content} eq $whole, 'a broken pyramid is not shown')
        for 1 .. 4;
    ok(slurp((pyramids())[0]) eq $sound, '... and made again');
}
for my $path (glob "$pacs->{home}/cache/frames/*") {
    open my $f, '+<', $path or die;
    seek $f, 1_800_000, 0;
    print $f 'x' x 50_000;
    close $f;
}
my $tile = 'viewport=256,256,600,400,256,256&window=7000,12000,linear';
ok(rendered(6, $tile, Accept => 'image/png')->{content} eq rendered(0, $tile, Accept => 'image/png')->{content},
    'a broken decoded frame is not shown') for 1 .. 4;

# --- refused ---

for my $bad ('rotate=45', 'rotate=-90', 'rotate=', 'rotate=90&rotate=90', 'flip=both', 'flip=Horizontal', 'flip=',
    'viewport=17000,10', 'viewport=9000,9000', 'viewport=10,10,5000,0,10,10', 'viewport=10,10,0,0,0,10')
{
    my $r = rendered(0, $bad);
    is($r->{status}, 400, "point 41: $bad is 400");
    my ($name) = $bad =~ /^(\w+)/;
    like($r->{content}, qr/$name|region/, '... and says why');
}
like(rendered(0, 'viewport=17000,10')->{content}, qr/render_side/, 'too wide: names the limit');
like(rendered(0, 'viewport=9000,9000')->{content}, qr/render_area/, 'too large: names the limit');
$pacs->shutdown;

done_testing;
