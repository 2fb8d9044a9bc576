#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# annotation=patient,technique through the server, PS3.18 8.3.5.1.1: every
# script, the corners, hostile names, corrections, frames, tiles, parameters.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

my $S = samples();
my $python = '/usr/bin/python3';
my @png = (Accept => 'image/png');

sub instances {
    my ($pacs) = @_;
    return map {
        my $i = $_;
        my ($study, $series, $uid) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
        { url => "/dicom-web/studies/$study/series/$series/instances/$uid",
          study => $study, series => $series, uid => $uid }
    } @{$pacs->get_json('/dicom-web/instances?includefield=all')};
}

sub spew {
    my ($path, $bytes) = @_;
    open my $f, '>:raw', $path or die "$path: $!";
    print $f $bytes;
    close $f;
}

my $pacs = Pacs->new;
my $dir = "$pacs->{home}/tmp";

# where two pictures differ: x0 y0 x1 y1 in per cent of the sides, count
sub differ {
    my ($one, $two) = @_;
    spew("$dir/one", $one->{content});
    spew("$dir/two", $two->{content});
    my ($rc, $out) = capture($python, '-c', <<'PY', "$dir/one", "$dir/two");
import sys
from PIL import Image, ImageChops
a, b = (Image.open(p) for p in sys.argv[1:])
assert a.mode == b.mode and a.size == b.size, (a.mode, b.mode, a.size, b.size)
d = ImageChops.difference(a.convert('RGB'), b.convert('RGB')).convert('L')
x0, y0, x1, y1 = d.getbbox() or (0, 0, 0, 0)
w, h = a.size
n = sum(d.point(lambda v: v > 0 and 1).getdata())
print(100 * x0 // w, 100 * y0 // h, -(-100 * x1 // w), -(-100 * y1 // h), n)
PY
    diag($out) if $rc;
    return split ' ', $out;
}

# --- every script: an ETag is only given where all characters have a font ---

my $shown = 0;
for my $file (sort glob "$S/charset/*.dcm") {
    (my $name = $file) =~ s{.*/}{};
    next if $pacs->stow([$file])->{status} != 200;
}
for my $i (instances($pacs)) {
    my $plain = $pacs->get("$i->{url}/rendered?viewport=512,512", @png);
    next if $plain->{status} == 406;
    my $r = $pacs->get("$i->{url}/rendered?viewport=512,512&annotation=patient,technique", @png);
    is($r->{status}, 200, "$i->{uid}: annotated");
    ok($r->{headers}{etag}, 'every character has a font');
    isnt($r->{headers}{etag}, $plain->{headers}{etag}, 'another ETag');
    is($r->{headers}{warning}, undef, 'no warning');
    my @d = differ($plain, $r);
    cmp_ok($d[4], '>', 800, 'there is text');
    $shown++;
}
cmp_ok($shown, '>=', 24, 'enough character sets');

SKIP: {
    my ($rc, $out) = capture($python, "$Pacs::TOP/t/lib/text_compare.py",
        "$Pacs::B/t/tools/text_draw", $dir);
    skip 'no Pillow with raqm', 1 if $out =~ /ModuleNotFound|raqm/i;
    is($rc, 0, 'drawn by Pillow too') or diag($out);
    for (split /\n/, $out) {
        my ($name, $right, $wrong) = split /\t/;
        ok($right > 0.9 && $wrong < 0.5, "$name reads as it should ($right, $wrong)");
    }
}

SKIP: {
    my @bare = ('unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /usr/share/fonts && exec "$@"', 'sh');
    skip 'only root can hide the fonts', 3 if (capture(@bare, 'true'))[0];
    is((capture(@bare, "$Pacs::B/t/tools/text_draw", 28, 'ab', "$dir/none.pgm"))[0], 0, 'no font at all: no failure');
    my $pgm = slurp("$dir/none.pgm");
    # two boxes, 18 x 21 pixels each with an edge of 2
    like($pgm, qr/^P5 3\d 56 255\n/, 'a place for each');
    cmp_ok(($pgm =~ tr/\xff//), '>', 200, 'and boxes');
}

# --- corners, and what goes where ---

$pacs->stow(["$S/mr-series/fruit-sag-irspgr/001.dcm"]);
my ($mr) = grep { $_->{url} =~ /1\.3\.6\.1\.4\.1|./ && $pacs->get_json("$_->{url}/metadata")->[0]{'00080060'}{Value}[0] eq 'MR' } instances($pacs);
my $base = "$mr->{url}/rendered?viewport=640,640";
my $plain = $pacs->get($base, @png);

my @d = differ($plain, $pacs->get("$base&annotation=patient", @png));
ok($d[4] > 100 && $d[2] < 50 && $d[3] < 30, "patient: top left (@d)");
@d = differ($plain, $pacs->get("$base&annotation=technique", @png));
ok($d[4] > 100 && $d[1] < 5 && $d[2] > 95 && $d[3] > 95, "technique: the other corners (@d)");
ok($pacs->get("$base&annotation=technique,patient", @png)->{content} eq
    $pacs->get("$base&annotation=patient,technique", @png)->{content}, 'in any order');
my $jpeg = $pacs->get("$base&annotation=patient");
is($jpeg->{headers}{'content-type'}, 'image/jpeg', 'JPEG too');
@d = differ({ content => $pacs->get($base)->{content} }, $jpeg);
ok($d[4] > 100 && $d[2] < 50, "as JPEG (@d)");

# --- the window is the one in use; a tile has its texts in its own corners ---

# one dark pixel, so that only the text can tell
my @dark = map { "$mr->{url}/rendered?viewport=300,300,0,0,1,1&window=$_,linear" } '9000,400', '9000,401';
ok($pacs->get($dark[0], @png)->{content} eq $pacs->get($dark[1], @png)->{content}, 'two windows, one picture');
ok($pacs->get("$dark[0]&annotation=technique", @png)->{content}
    ne $pacs->get("$dark[1]&annotation=technique", @png)->{content}, 'but its text says which');
my $tile = "$mr->{url}/rendered?viewport=256,256,100,100,64,64";
@d = differ($pacs->get($tile, @png), $pacs->get("$tile&annotation=patient", @png));
ok($d[4] > 50 && $d[3] < 40, "a tile (@d)");

# --- parameters ---

for my $bad ('', 'patient,', 'a%20b', 'patient&annotation=technique') {
    is($pacs->get("$base&annotation=$bad")->{status}, 400, "point 43: annotation=$bad is refused");
}
my $r = $pacs->get("$base&annotation=patient,scale,North", @png);
is($r->{status}, 200, 'an unsupported keyword is ignored');
like($r->{headers}{warning}, qr/^299 \S+ "The following annotation values are not supported: scale,North"$/, 'with a warning');
ok($r->{content} eq $pacs->get("$base&annotation=patient", @png)->{content}, 'and the rest is done');
ok($pacs->get("$base&annotation=none", @png)->{content} eq $plain->{content}, 'alone it does nothing');
ok($pacs->get("$mr->{url}/thumbnail?annotation=patient", @png)->{content} eq
    $pacs->get("$mr->{url}/thumbnail", @png)->{content}, 'thumbnails have no such parameter');
like($pacs->get("$mr->{url}/rendered?viewport=48,48&annotation=patient,technique")->{headers}{warning},
    qr/lines of the annotation have no room/, 'what has no room is said');

# --- volumes: what a slice says of them all ---

is($pacs->stow([native()])->{status}, 200, 'a series');
(my $series = $mr->{url}) =~ s{/instances/.*}{};
for my $u ('renderedmpr?orientation=axial', 'renderedmpr?orientation=coronal&mprslab=10', 'rendered3d?viewport=300,300') {
    my $p = $pacs->get("$series/$u", @png);
    my $q = $pacs->get("$series/$u&annotation=patient,dose", @png);
    my @d = differ($p, $q);
    ok($d[4] > 50 && $d[0] < 10 && $d[3] < 20, "$u: patient (@d)");
    like($q->{headers}{warning}, qr/not supported: dose"/, 'no other keyword');
    isnt($p->{headers}{etag}, $q->{headers}{etag}, 'another ETag');
    @d = differ($p, $pacs->get("$series/$u&annotation=technique", @png));
    ok($d[4] > 100 && $d[3] > 80, "technique (@d)");
}

# --- multi-frame: each picture names its frame and its own place ---

$pacs->stow(["$S/enhanced/mr-brain-stacks-12f.dcm", "$S/us/hp-echo-17f-jpeg-par.dcm"]);
my @multi = grep { my $n = $pacs->get_json("$_->{url}/metadata")->[0]{'00280008'}; $n && $n->{Value}[0] > 1 } instances($pacs);
is(scalar @multi, 2, 'two multi-frame images');
for my $i (@multi) {
    # what the texts alone change, the same pixels below: seen at one frame
    my %at;
    for my $n (1, 2) {
        my $u = "$i->{url}/frames/$n/rendered?viewport=512,512,0,0,1,1";
        my @p = map { $pacs->get("$u$_", @png) } '', '&annotation=technique';
        is($p[$_]{status}, 200, "frame $n") for 0, 1;
        my @d = differ(@p);
        ok($d[4] > 100 && $d[3] > 90, "frame $n is annotated (@d)");
        $at{$n} = $d[4];
    }
    isnt($at{1}, $at{2}, 'frames say which they are');
}
for my $u ("$multi[0]{url}/rendered?viewport=256,256,0,0,1,1") {
    my @p = map { $pacs->get("$u$_", Accept => 'image/gif') } '', '&annotation=technique';
    spew("$dir/$_.gif", $p[$_]{content}) for 0, 1;
    my ($rc, $out) = capture($python, '-c', <<'PY', "$dir/0.gif", "$dir/1.gif");
import sys
from PIL import Image, ImageSequence
plain, said = ([f.convert('L').tobytes() for f in ImageSequence.Iterator(Image.open(p))] for p in sys.argv[1:])
print(len(plain), len(said), sum(a != b for a, b in zip(plain, said)), len(set(said)))
PY
    my ($plain, $said, $differ, $unlike) = split ' ', $out;
    ok(!$rc && $plain == $said && $plain == $differ && $unlike == $said, "an animation: each frame says which it is");
}
my ($colour) = grep { $pacs->get_json("$_->{url}/metadata")->[0]{'00280002'}{Value}[0] == 3 } @multi;
@d = differ($pacs->get("$colour->{url}/frames/17/rendered", @png),
    $pacs->get("$colour->{url}/frames/17/rendered?annotation=patient,technique", @png));
ok($d[4] > 500, 'colour, decoded');

# --- a correction is another picture; who holds the old one is told ---

my $old = $pacs->get("$base&annotation=patient", @png);
my $etag = $old->{headers}{etag};
is($pacs->get("$base&annotation=patient", @png, 'If-None-Match' => $etag)->{status}, 304, 'unchanged');
$pacs->sql("INSERT INTO corrected VALUES ('$mr->{study}', '', '', 'PatientName', 'Berichtigt^Name')");
my $new = $pacs->get("$base&annotation=patient", @png, 'If-None-Match' => $etag);
is($new->{status}, 200, 'corrected: not 304');
isnt($new->{headers}{etag}, $etag, 'another ETag');
@d = differ($old, $new);
ok($d[4] > 50 && $d[3] < 8, "the name is another (@d)");
ok($pacs->get("$base&annotation=technique", @png)->{content} eq
    $pacs->get("$base&annotation=technique", @png)->{content}, 'and the same each time');

# --- names that lie, or are too long; two patients in one study ---

my ($rc, $out) = capture($python, '-c', <<'PY', "$S/charset/utf8-3comp-emoji.dcm", $dir);
import sys, pydicom, copy, warnings
warnings.simplefilter('ignore')
pydicom.config.settings.reading_validation_mode = 0
pydicom.config.settings.writing_validation_mode = 0
src = pydicom.dcmread(sys.argv[1])
names = {
    'plain': 'Abc^def',
    'override': '\u202eAb\u2066c\u2069\u202c^\u200fdef',
    'newline': 'Abc^def\n\x1fX',
    'long': 'W' * 64 + '=' + '山' * 64 + '=' + 'あ' * 64,
    'huge': 'x' * 16000,
    'bulk': 'x' * 60000,
    'other': 'Somebody^Else',
}
for k, (name, pn) in enumerate(names.items()):
    d = copy.deepcopy(src)
    d.PatientName = pn
    d.PatientID = 'OTHER' if name == 'other' else 'P'
    d.StudyInstanceUID = '2.25.77' if name in ('plain', 'other') else '2.25.77%d' % k
    d.SeriesInstanceUID = '2.25.88%d' % k
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = '2.25.99%d' % k
    d.save_as('%s/%s.dcm' % (sys.argv[2], name))
PY
is($rc, 0, 'hostile files') or diag $out;
my %picture;
my $k = 0;
for my $name (qw(plain override newline long huge bulk other)) {
    is($pacs->stow(["$dir/$name.dcm"])->{status}, 200, "$name is stored");
    my ($i) = grep { $_->{uid} eq "2.25.99$k" } instances($pacs);
    $k++;
    my $u = "$i->{url}/rendered?viewport=512,512";
    my $p = $picture{$name} = $pacs->get("$u&annotation=patient", @png);
    is($p->{status}, 200, "$name is annotated");
    my @d = differ($pacs->get($u, @png), $p);
    ok($d[4] > 100 && $d[3] < 35, "$name: inside its lines (@d)");
    ok($d[2] > 95, "$name takes the whole width") if $name =~ /long|huge/;
    my @both = differ($pacs->get($u, @png), $pacs->get("$u&annotation=patient,technique", @png));
    cmp_ok($both[4], '>', 100, "$name with technique");
}
ok($picture{override}{content} eq $picture{plain}{content}, 'overrides change nothing');
ok($picture{newline}{content} ne $picture{plain}{content}, 'a line break is seen');
ok($picture{other}{content} ne $picture{plain}{content}, 'two patients in a study: each his own name');

unlike(slurp("$pacs->{home}/log/nginx.log"), qr/have no font/, 'nothing had no font');
$pacs->shutdown;
done_testing;
