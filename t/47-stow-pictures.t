#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Pictures that DICOM has no transfer syntax for, PS3.18 table 10.5.2-1: PNG
# and GIF become native frames, compared sample by sample with what they were
# made of.

use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Pacs;
use Test::More;

my $python = '/usr/bin/python3';
system("$python -c 'import numpy, PIL' 2>/dev/null") == 0
    or plan skip_all => 'no numpy or PIL for /usr/bin/python3';

my $pacs = Pacs->new(redis => 0);
my $web = '/dicom-web';
my $tmp = "$pacs->{home}/tmp/pictures";
mkdir $tmp or die $!;
my $json = JSON::PP->new->utf8->canonical;
my $next = 0;
sub uid { return '1.2.826.0.1.3680043.96.' . $$ . '.' . ++$next }
sub spew { my ($path, $bytes) = @_; open my $f, '>:raw', $path or die $!; print $f $bytes; close $f }

# pictures, and beside them the samples that they have
my ($rc, $out) = capture($python, '-c', <<'PY', $tmp);
import sys, struct, zlib, numpy as np
from PIL import Image, ImageSequence
d = sys.argv[1]
rng = np.random.default_rng(7)
def save(name, im, raw, **kw):
    im.save('%s/%s' % (d, name), **kw); open('%s/%s.raw' % (d, name), 'wb').write(raw)
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(w, h, depth, kind, rows, interlace=0, *more):
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, depth, kind, 0, 0, interlace)) + \
        b''.join(chunk(*m) for m in more) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')
grey = rng.integers(0, 256, (37, 41), dtype=np.uint8)
rgb = rng.integers(0, 256, (23, 31, 3), dtype=np.uint8)
deep = rng.integers(0, 65536, (19, 17), dtype=np.uint16)
save('grey.png', Image.fromarray(grey), grey.tobytes())
save('rgb.png', Image.fromarray(rgb), rgb.tobytes())
save('deep.png', Image.fromarray(deep), deep.astype('<u2').tobytes())
rgba = np.dstack([rgb, rng.integers(0, 256, rgb.shape[:2], dtype=np.uint8)])
save('rgba.png', Image.fromarray(rgba), rgb.tobytes())
p = Image.fromarray(rgb).quantize(17)
save('palette.png', p, p.convert('RGB').tobytes())
bit = Image.fromarray(grey).convert('1')
save('bit.png', bit, bit.convert('L').tobytes())
def raw(name, data, samples):
    open(d + '/' + name, 'wb').write(data); open('%s/%s.raw' % (d, name), 'wb').write(samples)
deep3 = rng.integers(0, 65536, (9, 11, 3), dtype=np.uint16)
raw('deep3.png', png(11, 9, 16, 2, b''.join(b'\0' + r.astype('>u2').tobytes() for r in deep3)), deep3.astype('<u2').tobytes())
# Adam7, with chunks that nobody reads
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
rows = b''.join(b'\0' + r.tobytes() for x, y, dx, dy in passes for r in grey[y::dy, x::dx] if r.size)
raw('adam7.png', png(41, 37, 8, 0, rows, 1, (b'gAMA', struct.pack('>I', 20000)), (b'zTXt', b'k\0\0' + zlib.compress(b'x' * 10**7)),
    (b'iCCP', b'p\0\0' + zlib.compress(b'y' * 10**7)), (b'tRNS', b'\0\7')), grey.tobytes())
still = Image.fromarray(rgb).quantize(64)
save('still.gif', still, Image.open((still.save(d + '/x.gif'), d + '/x.gif')[1]).convert('RGB').tobytes())
frames = []
for i in range(5):
    a = np.zeros((24, 32, 3), dtype=np.uint8); a[4:20, 3 + 4 * i:9 + 4 * i] = (250, 40 * i, 9); a[:3] = (0, 0, 200)
    frames.append(Image.fromarray(a))
for name, disposal in (('keep', 1), ('back', 2), ('restore', 3)):
    frames[0].save('%s/%s.gif' % (d, name), save_all=True, append_images=frames[1:], disposal=disposal, duration=100, optimize=False)
    seen = [np.array(f) for f in frames]
    if disposal == 3:
        # a picture that is a part of the canvas is on what was there before any: black, where Pillow has the background colour
        for i, f in enumerate(ImageSequence.Iterator(Image.open('%s/%s.gif' % (d, name)))):
            if i > 0:
                x, y, x2, y2 = f.dispose_extent; a = np.zeros_like(seen[i]); a[y:y2, x:x2] = seen[i][y:y2, x:x2]; seen[i] = a
    open('%s/%s.gif.raw' % (d, name), 'wb').write(b''.join(a.tobytes() for a in seen))
open(d + '/huge.png', 'wb').write(png(60000, 60000, 8, 0, b'\0'))
open(d + '/short.png', 'wb').write(png(41, 37, 8, 0, b'\0' * 100))
open(d + '/other.gif', 'wb').write(open(d + '/grey.png', 'rb').read())
PY
is($rc, 0, 'pictures are made') or diag $out;

sub store {
    my ($type, $parts, %more) = @_;
    my $uid = uid();
    my $meta = { '00080018' => { vr => 'UI', Value => [$uid] }, '0020000D' => { vr => 'UI', Value => ['1.2.3.48'] },
        '0020000E' => { vr => 'UI', Value => ['1.2.3.48.1'] }, '00100020' => { vr => 'LO', Value => ['P'] },
        '7FE00010' => { vr => 'OB', BulkDataURI => 'x' }, map { $_ => { vr => $more{$_}[0], Value => [$more{$_}[1]] } } keys %more };
    my $body = "--b\r\nContent-Type: application/dicom+json\r\n\r\n" . $json->encode([$meta]) . "\r\n"
        . join('', map { "--b\r\nContent-Type: $type\r\nContent-Location: x\r\n\r\n$_\r\n" } @$parts) . "--b--\r\n";
    my $r = $pacs->http(POST => "$web/studies", { content => $body,
        headers => { 'Content-Type' => 'multipart/related; type="application/dicom+json"; boundary=b' } });
    return ($r, "$web/studies/1.2.3.48/series/1.2.3.48.1/instances/$uid");
}
sub value { return $_[0]{$_[1]}{Value}[0] }

my %want = (    # samples, rows, columns, bits, frames
    'grey.png' => [1, 37, 41, 8], 'rgb.png' => [3, 23, 31, 8], 'deep.png' => [1, 19, 17, 16], 'rgba.png' => [3, 23, 31, 8],
    'palette.png' => [3, 23, 31, 8], 'bit.png' => [1, 37, 41, 8], 'deep3.png' => [3, 9, 11, 16], 'adam7.png' => [1, 37, 41, 8],
    'still.gif' => [3, 23, 31, 8], map { ("$_.gif" => [3, 24, 32, 8, 5]) } qw(keep back restore),
);
for my $name (sort keys %want) {
    my ($type) = map { "image/$_" } $name =~ /(\w+)$/;
    my ($r, $url) = store($type, [slurp("$tmp/$name")]);
    is($r->{status}, 200, "$name is stored") or diag $r->{content};
    my $set = ($pacs->get_json("$url/metadata") || [{}])->[0];
    my ($samples, $rows, $columns, $bits, $frames) = @{$want{$name}};
    is_deeply([ map { value($set, $_) } qw(00280002 00280010 00280011 00280100 00280101 00280102 00280103) ],
        [ $samples, $rows, $columns, $bits, $bits, $bits - 1, 0 ], '... with its description');
    is(value($set, '00280004'), $samples == 1 ? 'MONOCHROME2' : 'RGB', '... photometric interpretation');
    is(value($set, '00280008'), $frames, '... and number of frames');
    is(value($set, '00080016'), '1.2.840.10008.5.1.4.1.1.' . ($frames ? '7.4' : $bits == 16 ? '7' : '77.1.4'), '... and a SOP class that can hold it');
    ok(!exists $set->{'00282110'}, '... and nothing is lost');
    is(value($set, '00083002') // '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1', '... native');
    my $all = join ',', 1 .. $frames // 1;
    my $got = join '', map { $_->{body} } @{$pacs->parts($pacs->get("$url/frames/$all",
        Accept => 'multipart/related; type="application/octet-stream"; transfer-syntax=*'))};
    ok($got eq slurp("$tmp/$name.raw"), '... every sample is the picture\'s');
    is($pacs->get("$url/frames/1/rendered", Accept => 'image/png')->{status}, 200, '... it can be rendered');
}
is_deeply([glob "$pacs->{home}/cache/frames/*"], [], 'nothing of it stays in the cache');

# JPH: HTJ2K in boxes, which go
my ($plain, $of) = store('image/png', [slurp("$tmp/rgb.png")]);
my $ht = $pacs->parts($pacs->get("$of/frames/1", Accept => 'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.201'))->[0]{body};
my $jph = pack('Na4N', 12, 'jP  ', 0x0d0a870a) . pack('Na4a4Na4', 20, 'ftyp', 'jph ', 0, 'jph ') . pack('Na4', 8 + length $ht, 'jp2c') . $ht;
my ($jr, $at) = store('image/jph', [$jph]);
is($jr->{status}, 200, 'a JPH file') or diag $jr->{content};
like($pacs->get($at, Accept => 'application/dicom; transfer-syntax=*')->{headers}{'content-type'}, qr/\.4\.201$/, '... is HTJ2K, lossless');
ok($pacs->get("$at/rendered", Accept => 'image/png')->{content} eq $pacs->get("$of/rendered", Accept => 'image/png')->{content}, '... and the same picture');

my $grey = slurp("$tmp/grey.png");
my ($r, $url) = store('image/png', [$grey, $grey, $grey]);
is($r->{status}, 200, 'three PNGs of one name');
is(value($pacs->get_json("$url/metadata")->[0], '00280008'), 3, '... are three frames');

for (
    [ 'Rows that differ', 409, qr/Rows is 7/, 'image/png', [$grey], '00280010' => ['US', 7] ],
    [ 'BitsAllocated that differs', 409, qr/BitsAllocated is 16/, 'image/png', [$grey], '00280100' => ['US', 16] ],
    [ 'a number of frames that differs', 409, qr/NumberOfFrames is 2/, 'image/png', [$grey], '00280008' => ['IS', 2] ],
    [ 'colour that is not RGB', 409, qr/PhotometricInterpretation is YBR_FULL/, 'image/png', [slurp("$tmp/rgb.png")], '00280004' => ['CS', 'YBR_FULL'] ],
    [ 'two of different size', 409, qr/picture 2/, 'image/png', [$grey, slurp("$tmp/rgb.png")] ],
    [ 'a PNG as GIF', 409, qr/PNG as image\/gif/, 'image/gif', [slurp("$tmp/other.gif")] ],
    [ 'a head alone', 409, qr/PNG: no header/, 'image/png', ["\x89PNG\r\n\x1a\n"] ],
    [ 'nothing', 409, qr/too short/, 'image/png', [''] ],
    [ 'more than a frame may have', 409, qr/limit/, 'image/png', [slurp("$tmp/huge.png")] ],
) {
    my ($what, $status, $why, $type, $parts, %more) = @$_;
    ($r) = store($type, $parts, %more);
    is($r->{status}, $status, "$what: $status") or diag $r->{content};
    like($r->{content}, $why, '... says why');
}
for my $name (qw(grey.png deep3.png adam7.png palette.png keep.gif still.gif)) {
    my $bytes = slurp("$tmp/$name");
    my ($type) = map { "image/$_" } $name =~ /(\w+)$/;
    my %status;
    for my $cut (map { int length($bytes) * $_ / 12 } 0 .. 11) {
        $status{(store($type, [substr $bytes, 0, $cut]))[0]{status}}++;
    }
    ok(!grep({ $_ != 409 && $_ != 406 } keys %status), "$name, cut anywhere, is refused") or diag explain \%status;
    for my $at (1 .. 24) {
        my $bad = $bytes;
        substr $bad, 13 + int($at * (length($bad) - 20) / 24), 1, chr(rand 256);
        ($r) = store($type, [$bad]);
        $r->{status} =~ /^(200|409|406)$/ or fail("$name with a wrong byte at $at: $r->{status} $r->{content}");
    }
}
($r) = store('image/png', [slurp("$tmp/short.png")]);
is($r->{status}, 406, 'a PNG of fewer rows than it says');
is($pacs->get("$web/studies")->{status}, 200, 'the server is there');

$pacs->stop('listener');
($r) = store('image/png', [$grey]);
is($r->{status}, 503, 'without pacs-codec: 503') or diag $r->{content};
ok($r->{headers}{'retry-after'}, '... to be tried again');

$pacs->shutdown;
done_testing;
