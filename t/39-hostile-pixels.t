#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Pixel data that lies: sizes, tables, windows, offset tables, fragments,
# coded streams with bytes changed, and hostile requests.  Each is a picture
# or a reason, never a crash; two servers whose fresh memory is filled with
# different bytes (MALLOC_PERTURB_) answer the same, so that no byte of old
# memory is in a picture.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use Pacs;
use Test::More;

my $S = samples();

my %LE = (explicit => '1.2.840.10008.1.2.1', rle => '1.2.840.10008.1.2.5',
    jpeg => '1.2.840.10008.1.2.4.50', extended => '1.2.840.10008.1.2.4.51',
    lossless => '1.2.840.10008.1.2.4.70', jpegls => '1.2.840.10008.1.2.4.80',
    j2k => '1.2.840.10008.1.2.4.90', htj2k => '1.2.840.10008.1.2.4.201',
    deflated => '1.2.840.10008.1.2.8.1', bigendian => '1.2.840.10008.1.2.2');
our $B = 'v';       # or n: big endian

sub elem {
    my ($tag, $vr, $value) = @_;
    my ($g, $e) = map { hex } $tag =~ /^(....)(....)$/;
    $value .= $vr eq 'UI' || $vr =~ /^O/ ? "\0" : ' ' if length($value) % 2;
    my $n = $B eq 'v' ? 'V' : 'N';
    return pack("${B}2", $g, $e) . $vr . ($vr =~ /^(OB|OW|OF|OD|OV|SQ|UN|UT)$/
        ? pack("x2$n", length $value) : pack($B, length $value)) . $value;
}

sub us { return pack "$B*", map { $_ & 0xffff } @_ }
sub item { return pack('v2V', 0xfffe, 0xe000, length $_[0]) . $_[0] }

# fragments behind a basic offset table
sub fragments {
    my ($table, @fragments) = @_;
    my $even = sub { length($_[0]) % 2 ? "$_[0]\0" : $_[0] };
    return pack('v2', 0x7fe0, 0x0010) . 'OB' . pack('x2V', 0xffffffff)
        . join('', map { item($even->($_)) } $table, @fragments) . pack('v2V', 0xfffe, 0xe0dd, 0);
}

my $number = 0;

# element => bytes over those of a plain 16 x 16 image of 8 bits; undef: none
sub part10 {
    my ($syntax, %with) = @_;
    $number++;
    my %e = (
        '00080016' => elem('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.7'),
        '00080018' => elem('00080018', 'UI', "1.2.3.$number.3"),
        '00080060' => elem('00080060', 'CS', 'OT'),
        '00100010' => elem('00100010', 'PN', 'A^B'), '00100020' => elem('00100020', 'LO', 'X'),
        '0020000d' => elem('0020000D', 'UI', "1.2.3.$number.1"),
        '0020000e' => elem('0020000E', 'UI', "1.2.3.$number.2"),
        '00280002' => elem('00280002', 'US', us(1)),
        '00280004' => elem('00280004', 'CS', 'MONOCHROME2'),
        '00280010' => elem('00280010', 'US', us(16)), '00280011' => elem('00280011', 'US', us(16)),
        '00280100' => elem('00280100', 'US', us(8)), '00280101' => elem('00280101', 'US', us(8)),
        '00280102' => elem('00280102', 'US', us(7)), '00280103' => elem('00280103', 'US', us(0)),
        '7fe00010' => elem('7FE00010', 'OB', join '', map { chr } 0 .. 255),
        map { lc $_ => $with{$_} } keys %with);
    my $set = join '', map { $e{$_} // () } sort keys %e;
    local $B = 'v';
    my $meta = elem('00020001', 'OB', "\0\1") . elem('00020002', 'UI', '1.2.840.10008.5.1.4.1.1.7')
        . elem('00020003', 'UI', "1.2.3.$number.3") . elem('00020010', 'UI', $LE{$syntax});
    return "\0" x 128 . 'DICM' . elem('00020000', 'UL', pack 'V', length $meta) . $meta . $set;
}

my @files;      # [name, bytes]
sub add { my ($name, @args) = @_; push @files, [$name, part10(@args)] }

# --- sizes that do not fit, or cannot be ---

my %bits16 = ('00280100' => elem('00280100', 'US', us(16)), '00280101' => elem('00280101', 'US', us(12)),
    '00280102' => elem('00280102', 'US', us(11)));
my $words = elem('7FE00010', 'OW', us(map { $_ * 16 } 0 .. 255));

add("pixel data of $_ bytes", 'explicit', '7FE00010' => elem('7FE00010', 'OB', 'x' x $_)) for 0, 1, 2, 254, 300;
add('no pixel data', 'explicit', '7FE00010' => undef);
add('pixel data behind the end', 'explicit',
    '7FE00010' => pack('v2', 0x7fe0, 0x10) . 'OB' . pack('x2V', 256) . 'x' x 100);
for my $pair ([0, 16], [16, 0], [65535, 65535], [65535, 1], [1, 65535], [1, 256], [256, 1], [17, 15]) {
    add("rows, columns @$pair", 'explicit', '00280010' => elem('00280010', 'US', us($pair->[0])),
        '00280011' => elem('00280011', 'US', us($pair->[1])));
}
add('rows of a wrong VR', 'explicit', '00280010' => elem('00280010', 'UL', pack 'V', 0x10010));
add('rows of two values', 'explicit', '00280010' => elem('00280010', 'US', us(16, 9)));
add('rows of one byte', 'explicit', '00280010' => pack('v2', 0x28, 0x10) . 'US' . pack('v', 1) . "\x10");
add("bits allocated $_", 'explicit', '00280100' => elem('00280100', 'US', us($_))) for 0, 1, 4, 7, 12, 16, 24, 32, 64, 65535;
add("bits stored $_", 'explicit', '00280101' => elem('00280101', 'US', us($_))) for 0, 1, 9, 16, 255, 65535;
add("high bit $_", 'explicit', '00280102' => elem('00280102', 'US', us($_))) for 0, 6, 8, 15, 255, 65535;
add("samples $_", 'explicit', '00280002' => elem('00280002', 'US', us($_))) for 0, 2, 3, 4, 255, 65535;
add("representation $_", 'explicit', '00280103' => elem('00280103', 'US', us($_))) for 1, 9, 65535;
add("frames '$_'", 'explicit', '00280008' => elem('00280008', 'IS', $_))
    for 0, -1, 2, 16777216, 2147483647, 4294967297, '1e9', 'many', '', '1\\2';
for my $pi ('XYZ', '', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_PARTIAL_420', 'YBR_ICT', 'YBR_RCT', 'PALETTE COLOR',
    'MONOCHROME1', 'ARGB', 'CMYK')
{
    add("photometric '$pi', $_ samples", 'explicit', '00280004' => elem('00280004', 'CS', $pi),
        '00280002' => elem('00280002', 'US', us($_)),
        '7FE00010' => elem('7FE00010', 'OB', join '', map { chr($_ & 255) } 1 .. 16 * 16 * $_)) for 1, 3;
}
add("4:2:2 of $_ columns", 'explicit', '00280004' => elem('00280004', 'CS', 'YBR_FULL_422'),
    '00280002' => elem('00280002', 'US', us(3)), '00280011' => elem('00280011', 'US', us($_)),
    '7FE00010' => elem('7FE00010', 'OB', 'abcd' x 128)) for 1, 15, 16, 17;
add("planar $_", 'explicit', '00280002' => elem('00280002', 'US', us(3)), '00280004' => elem('00280004', 'CS', 'RGB'),
    '00280006' => elem('00280006', 'US', us($_)), '7FE00010' => elem('7FE00010', 'OB', 'abc' x 256)) for 1, 2, 65535;
add('1 bit, short', 'explicit', '00280100' => elem('00280100', 'US', us(1)), '00280101' => elem('00280101', 'US', us(1)),
    '00280102' => elem('00280102', 'US', us(0)), '7FE00010' => elem('7FE00010', 'OB', 'x' x 31));
add('1 bit, 3 frames', 'explicit', '00280100' => elem('00280100', 'US', us(1)), '00280101' => elem('00280101', 'US', us(1)),
    '00280102' => elem('00280102', 'US', us(0)), '00280011' => elem('00280011', 'US', us(13)),
    '00280008' => elem('00280008', 'IS', 3), '7FE00010' => elem('7FE00010', 'OB', "\xa5" x 78));
for (['OF', 'f<', '7FE00008', 32], ['OD', 'd<', '7FE00009', 64]) {
    my ($vr, $as, $tag, $bits) = @$_;
    add("$vr of NaN and infinity", 'explicit', '7FE00010' => undef, '00280100' => elem('00280100', 'US', us($bits)),
        $tag => elem($tag, $vr, pack "($as)256", ('nan', 'inf', '-inf', 1e38, -1e38, 0, 1, 1e-45) x 32));
    add("$vr, short", 'explicit', '7FE00010' => undef, '00280100' => elem('00280100', 'US', us($bits)),
        $tag => elem($tag, $vr, pack "($as)100", (1) x 100));
}
{
    local $B = 'n';
    add('big endian, short', 'bigendian', '00280100' => elem('00280100', 'US', us(16)),
        '00280101' => elem('00280101', 'US', us(16)), '00280102' => elem('00280102', 'US', us(15)),
        '7FE00010' => elem('7FE00010', 'OW', 'x' x 511));
    add('big endian, odd columns', 'bigendian', '00280011' => elem('00280011', 'US', us(15)),
        '00280010' => elem('00280010', 'US', us(15)), '7FE00010' => elem('7FE00010', 'OW', 'xyz' x 75));
}

# --- tables and windows ---

sub palette {
    my ($descriptor, @data) = @_;
    return ('00280004' => elem('00280004', 'CS', 'PALETTE COLOR'),
        map { ("0028110$_" => elem("0028110$_", 'US', us(@$descriptor)),
               defined $data[$_ - 1] ? ("0028120$_" => elem("0028120$_", 'OW', $data[$_ - 1])) : ()) } 1 .. 3);
}

for (
    ['of 65536 entries, short', [0, 0, 16], ('x' x 100) x 3], ['of 65535 entries in 2 bytes', [65535, 0, 8], ('xy') x 3],
    ['of no bits', [256, 0, 0], ('x' x 512) x 3], ['of 17 bits', [256, 0, 17], ('x' x 512) x 3],
    ['of 255 bits', [256, 0, 255], ('x' x 512) x 3], ['of 9 bits', [256, 0, 9], ("\xff" x 512) x 3],
    ['from -32768', [256, 0x8000, 16], ('x' x 512) x 3], ['from 65535', [256, 0xffff, 16], ('x' x 512) x 3],
    ['of one entry', [1, 0, 8], ('x ') x 3], ['without blue', [256, 0, 8], ('x' x 256) x 2],
    ['of odd length', [255, 0, 8], ('x' x 255) x 3], ['without data', [256, 0, 16]],
    ['of a short descriptor', [256], ('x' x 256) x 3], ['of no descriptor', [], ('x' x 256) x 3],
) {
    my ($name, @with) = @$_;
    add("palette $name", 'explicit', palette(@with));
    add("palette $name, 16 bits", 'explicit', palette(@with), %bits16, '7FE00010' => $words);
}
for (
    ['none', ''], ['discrete, past the end', pack 'v*', 0, 500, 1, 2, 3], ['linear first', pack 'v*', 1, 256, 5],
    ['indirect to itself', pack 'v*', 2, 1, 0, 0], ['indirect, far', pack 'v*', 2, 1, 0xffff, 0xffff],
    ['indirect, 65535 times', pack 'v*', 0, 1, 7, 2, 65535, 0, 0], ['of a kind 9', pack 'v*', 9, 1, 1],
    ['of no length, again and again', pack 'v*', (0, 0) x 3000], ['linear of none', pack 'v*', 0, 1, 7, (1, 0, 9) x 500],
) {
    my ($name, $data) = @$_;
    for my $bits (8, 16) {
        add("segmented $name, $bits bits", 'explicit', palette([256, 0, $bits]),
            map { ("0028122$_" => elem("0028122$_", 'OW', $data)) } 1 .. 3);
    }
}
for (['Modality', '00283000'], ['VOI', '00283010']) {
    my ($which, $sequence) = @$_;
    for my $d ([0, 0, 16], [65535, 0, 16], [256, 0, 0], [256, 0, 99], [1, 0, 16], [256, 0xffff, 8], [256, 0x8000, 16], [256]) {
        my $lut = elem('00283002', 'US', us(@$d)) . elem('00283006', 'OW', 'x' x 512);
        add("$which LUT @$d", 'explicit', $sequence => elem($sequence, 'SQ', item($lut)));
        add("$which LUT @$d, 16 bits", 'explicit', $sequence => elem($sequence, 'SQ', item($lut)), %bits16,
            '7FE00010' => $words);
    }
    add("$which LUT, empty", 'explicit', $sequence => elem($sequence, 'SQ', ''));
    add("$which LUT, empty item", 'explicit', $sequence => elem($sequence, 'SQ', item('')));
    add("$which LUT of no data", 'explicit',
        $sequence => elem($sequence, 'SQ', item(elem('00283002', 'US', us(256, 0, 16)) . elem('00283006', 'OW', ''))));
}
for my $v ('0', '-1', '0.5', '1e308', '-1e308', '1e-308', '1e400', 'nan', 'inf', '', 'x', '\\\\1') {
    my %all = (width => '00281051', center => '00281050', slope => '00281053', intercept => '00281052');
    for my $name (sort keys %all) {
        add("$name '$v'", 'explicit', %bits16, '7FE00010' => $words,
            '00281050' => elem('00281050', 'DS', 40), '00281051' => elem('00281051', 'DS', 400),
            '00281052' => elem('00281052', 'DS', -1024), '00281053' => elem('00281053', 'DS', 1),
            $all{$name} => elem($all{$name}, 'DS', $v));
    }
    add("spacing '$v'", 'explicit', '00280030' => elem('00280030', 'DS', "$v\\1"));
    add("aspect '$v'", 'explicit', '00280034' => elem('00280034', 'IS', "$v\\1"));
}
add("aspect $_", 'explicit', '00280034' => elem('00280034', 'IS', $_)) for '2147483647\\1', '1\\2147483647', '1', '1\\-1';
add('padding from greatest to least', 'explicit', %bits16, '7FE00010' => $words,
    '00280120' => elem('00280120', 'US', us(4000)), '00280121' => elem('00280121', 'US', us(10)));
add('padding of a wrong VR', 'explicit', '00280120' => elem('00280120', 'FD', pack 'd<', 'nan'));
add('all is padding', 'explicit', '00280120' => elem('00280120', 'US', us(0)), '00280121' => elem('00280121', 'US', us(255)));

# --- fragments and offset tables ---

my $segment = pack('C2', 255 & -127, 7) x 2;        # 256 pixels
my $rle = pack('V16', 1, 64, (0) x 14) . $segment;

add('RLE, whole', 'rle', '7FE00010' => fragments('', $rle));
for my $n (0, 2, 3, 15, 16, 255, 0xffffffff) {
    add("RLE of $n segments", 'rle', '7FE00010' => fragments('', pack('V16', $n, 64, (0) x 14) . $segment));
}
for my $at (0, 63, 66, 67, 68, 1000, 0xffffffff) {
    add("RLE segment at $at", 'rle', '7FE00010' => fragments('', pack('V16', 1, $at, (0) x 14) . $segment));
}
add("RLE of $_ bytes", 'rle', '7FE00010' => fragments('', substr $rle, 0, $_)) for 0, 2, 40, 64, 66;
add('RLE, a run past the end', 'rle', '7FE00010' => fragments('', pack('V16', 1, 64, (0) x 14) . pack('C2', 129, 7) x 100));
add('RLE, a literal past the end', 'rle', '7FE00010' => fragments('', pack('V16', 1, 64, (0) x 14) . pack('C', 127) . 'ab'));
add('RLE, segments that overlap, 16 bits', 'rle', %bits16, '7FE00010' => fragments('', pack('V16', 2, 66, 64, (0) x 13) . $segment));

my %two = ('00280008' => elem('00280008', 'IS', 2));
for (
    ['right', pack 'V2', 0, 8 + length $rle], ['descending', pack 'V2', 76, 0], ['past the end', pack 'V2', 0, 1 << 20],
    ['4294967295', pack 'V2', 0, 0xffffffff], ['into a fragment', pack 'V2', 0, 10], ['of equal ones', pack 'V2', 0, 0],
    ['of one entry', pack 'V', 0], ['of three entries', pack 'V3', 0, 76, 152], ['of five bytes', pack 'Vx', 0],
    ['that begins late', pack 'V2', 76, 76],
) {
    my ($name, $table) = @$_;
    add("offset table $name", 'rle', %two, '7FE00010' => fragments($table, $rle, $rle));
    my @q = unpack 'V*', $table;
    for my $lengths ([(length $rle) x @q], [~0], [0, 0], [1 << 40, 1]) {
        add("extended offset table $name, lengths @$lengths", 'rle', %two, '7FE00010' => fragments('', $rle, $rle),
            '7FE00001' => elem('7FE00001', 'OV', pack 'Q<*', @q), '7FE00002' => elem('7FE00002', 'OV', pack 'Q<*', @$lengths));
    }
}
add('no fragments', 'rle', '7FE00010' => fragments(''));
add('1000 empty fragments', 'rle', '7FE00010' => fragments('', ('') x 1000));
add('3000 fragments of one frame', 'jpeg', '7FE00010' => fragments('', ("\xff\xd8") x 3000));
add('more frames than fragments', 'rle', '00280008' => elem('00280008', 'IS', 9), '7FE00010' => fragments('', $rle, $rle));
add('no end of fragments', 'rle', '7FE00010' => substr fragments('', $rle), 0, -8);
add('a fragment of 4 GB', 'rle', '7FE00010' => substr(fragments(''), 0, -8) . pack('v2V', 0xfffe, 0xe000, 0xffffffff) . $rle);
add('a fragment past the end', 'rle', '7FE00010' => substr(fragments(''), 0, -8) . pack('v2V', 0xfffe, 0xe000, 1 << 20) . $rle);
add("$_: native pixel data", $_) for qw(rle jpeg j2k deflated);
add("$_: garbage", $_, '7FE00010' => fragments('', "\xff\xd8\xff" . join '', map { chr(($_ * 7919) & 255) } 1 .. 600))
    for qw(jpeg extended lossless jpegls j2k htj2k deflated);
add('JPEG of 65500 x 65500', 'jpeg', '7FE00010' =>
    fragments('', "\xff\xd8\xff\xc0" . pack('n C n2 C', 11, 8, 65500, 65500, 1) . "\1\x11\0" . 'x' x 100));
add('JPEG of no components', 'jpeg', '7FE00010' => fragments('', "\xff\xd8\xff\xc0" . pack('n C n2 C', 8, 8, 16, 16, 0) . 'x' x 100));

# --- real streams with bytes changed: repeatable, so that a failure is ---

my $seed = 4711;
sub any { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; return ($seed >> 8) % $_[0] }

my %coded = (rle => 'mr-same-image-rle', jpegls => 'mr-same-image-jpegls', j2k => 'mr-same-image-j2k',
    lossless => 'mr-same-image-jpeg-lossless57-sv4', htj2k => 'htj2k-201-mr4', jpeg => 'testpattern-jpeg-baseline_ybr422',
    extended => 'nema-mr3-jply', near => 'jpegls-nearlossless-8', deflated => 'deflated-image');

for my $how (sort keys %coded) {
    my $whole = slurp("$S/transfer-syntax/$coded{$how}.dcm");
    my $pixels = index($whole, $how eq 'deflated' ? "DICM" : "\xe0\x7f\x10\x00");
    for my $i (1 .. (long_run() ? 200 : asan() ? 10 : 25)) {
        my $bytes = $whole;
        my $uid = sprintf '%08d', ++$number;
        # headers matter most
        my $room = $i % 2 ? 400 : length($bytes) - $pixels - 40;
        $room = length($bytes) - $pixels - 40 if $room > length($bytes) - $pixels - 40;
        substr($bytes, $pixels + 20 + any($room), 1) = chr any(256) for 1 .. 1 + any(4);
        $bytes = substr $bytes, 0, $pixels + 20 + any($room) if $i % 7 == 0;
        push @files, ["$how, change $i", $bytes, 'again'];
    }
}
push @files, map { [(split m{/})[-1], slurp($_)] } sort grep { -f && -s _ < 1 << 20 } glob "$S/hostile/*";

# --- each by two servers ---

my @asked = ('frames/1', 'rendered', 'frames/1/rendered', 'frames/2/rendered', 'thumbnail',
    'frames/1/rendered?window=40,400,linear&viewport=64,64',
    'frames/1/rendered?viewport=33,47,3,3,9,9&quality=50',
    'frames/1/rendered?window=100,1,sigmoid&viewport=8,8,0,0,-16,16',
    'frames/1/values?point=0,0&rectangle=0,0,16,16&ellipse=8,8,5,3,20&polygon=0,0,16,0,16,16&histogram=8');

my (%answer, @bad, %seen);

sub ask {
    my ($p, $name, $base, $as) = @_;
    for my $what (@asked) {
        my @accept = $what =~ /rendered$/ ? (Accept => 'image/png') : $what =~ /frames\/\d$/
            ? (Accept => 'application/octet-stream, multipart/related') : ();
        my $r = $p->get("$base/$what", @accept);
        my ($kind) = $what =~ /(\w+)(?:\/\d+)?(?:\?.*)?$/;
        $seen{"$kind $r->{status}"}++;
        push @bad, "$name: $what: $r->{status} " . substr $r->{content}, 0, 200
            unless $r->{status} =~ /^(200|400|404|406|413|415)$/ || ($r->{status} == 503 && $r->{content} =~ /"codec"/);
        push @bad, "$name: $what: no reason" if $r->{status} >= 400 && $r->{content} !~ /"reason":"[^"]{5}/;
        (my $body = $r->{content}) =~ s/--?b?\w{32}|\Q$p->{home}\E|http:..127[\d.:]+//g;
        my $same = $r->{status} . ' ' . sha256_hex($body);
        my $key = "$name: $what";
        push @bad, "$key: $as: other bytes than before" if ($answer{$key} //= $same) ne $same;
    }
}

sub server {
    my ($perturb, $as) = @_;
    local $ENV{MALLOC_PERTURB_} = $perturb;
    my $p = Pacs->new;
    my ($stored, $refused) = (0, 0);

    for (@files) {
        my ($name, $bytes, $again) = @$_;
        my ($type, $body) = multipart($bytes);
        my $r = $p->http('POST', '/dicom-web/studies', { content => $body,
            headers => { 'Content-Type' => $type, Accept => 'application/dicom+json' } });
        push @bad, "$name: STOW $r->{status} " . substr $r->{content}, 0, 200 unless $r->{status} =~ /^(200|202|409)$/;
        my ($ref) = $r->{content} =~ m{"00081190":\{"vr":"UR","Value":\["[^"]*(/dicom-web/studies/[^"]+/instances/[^"]+)"};
        $refused++, next unless $ref && $r->{status} != 409;
        $stored++;
        ask($p, $name, $ref, $as);
        ask($p, $name, $ref, "$as, again") if asan() && !$again;
        # the same UIDs come again, changed
        if ($again) {
            my ($study) = $ref =~ m{studies/([^/]+)};
            $p->pacs('delete', $study);
        }
    }
    return ($p, $stored, $refused);
}

my ($p, $stored, $refused) = server(85, 'first');
cmp_ok($stored, '>', 300, "$stored kept, $refused refused");
is_deeply([$p->pacs('verify')]->[0], 0, 'what was kept is whole');

# --- requests that ask too much, of a good image ---

my $good = "$S/seg-rt/phantom-ct-1.dcm";
my ($base) = $p->stow([$good])->{content} =~ m{(/dicom-web/studies/[^"]+/instances/[^"]+)"};

for (
    (map { ["frames/1/rendered?viewport=$_", 400] } '0,0', '0,10', '10,-1', '1e9,1e9', '16385,1', '1,16385', '16384,16384',
        'nan,5', 'inf,5', '1e400,1', '', '5', '5,5,5', '5,5,0,0,0,5', '5,5,-1,0,5,5', '5,5,0,0,nan,5', '1e308,1e308', '5;5', '0.5,9'),
    (map { ["frames/1/rendered?window=$_", 400] } '40,0,linear', '40,-1,linear', '40,0.5,linear', '40,0,linear-exact',
        '40,0,sigmoid', '40,nan,linear', 'nan,400,linear', '40,inf,linear', '-inf,400,linear', '40,1e400,linear', '40,400',
        '40,400,cubic', '', ',,', '40,400,linear,5'),
    (map { ["frames/1/rendered?window=$_", 200] } '40,1e308,linear', '1e308,1,linear', '-1e308,1e308,sigmoid',
        '40,1e-308,linear-exact', '40,1e-308,sigmoid', '0,1,linear'),
    (map { ["frames/1/rendered?quality=$_", 400] } 0, 101, -1, 'x', '1e1', ''),
    ['frames/1/rendered?viewport=5,5,600,600,5,5', 400], ['frames/1/rendered?viewport=5,5,1e9,0,1,1', 400],
    ['frames/1/rendered?viewport=1,1&viewport=2,2', 400],
    ['frames/1/rendered?viewport=10,10,0,0,1e-9,1e-9', 400],
    ['frames/1/rendered?viewport=10,10,0,0,1e300,1e300', 200],
    ['frames/0/rendered', 400], ['frames/-1/rendered', 400], ['frames/2/rendered', 404], ['frames/4294967295/rendered', 404],
    ['frames/4294967296/rendered', 400], ['frames/4294967297/rendered', 400], ['frames/18446744073709551617/rendered', 400],
    ['frames/1.0/rendered', 400], ['frames/x/rendered', 400], ['frames//rendered', 400], ['frames/1,/rendered', 400],
    ['frames/0', 400], ['frames/2', 404], ['frames/4294967296', 400], ['frames/' . join(',', (1) x 1001), 413],
) {
    my ($what, $status) = @$_;
    my $r = $p->get("$base/$what");
    ok($r->{status} == $status && ($status == 200 || json($r->{content})->{reason}), substr($what, 0, 60) . ": $status")
        or diag "$r->{status} " . substr $r->{content}, 0, 200;
}
is($p->get("$base/rendered")->{status}, 200, 'and a good question has its answer');
$p->shutdown;

SKIP: {
    skip 'AddressSanitizer has its own malloc', 2 if asan();
    my ($q, $again) = server(170, 'other memory');
    is($again, $stored, 'the second server keeps as many');
    $q->shutdown;
}

is_deeply(\@bad, [], 'each a picture, or a reason; the same bytes each time')
    or diag scalar(@bad) . " wrong\n" . join "\n", @bad[0 .. ($#bad > 30 ? 30 : $#bad)];
diag join ', ', map { "$_: $seen{$_}" } sort keys %seen;

done_testing();
