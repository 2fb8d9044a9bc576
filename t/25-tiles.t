#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Tiles through the server: what is cut out of a frame is what lies there in
# the whole picture, for native, big endian, bit-packed and coded frames.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
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

done_testing;
