#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Instances in other transfer syntaxes, over HTTP: each kind of pixels into
# each syntax that takes it, decoded by programs that are not ours and compared
# with the source; the data set and its offset table; what cannot be done;
# the cache of coded frames.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $S = samples();
my $python = '/usr/bin/python3';
system("$python -c 'import pydicom, numpy' 2>/dev/null") == 0
    or plan skip_all => 'no pydicom or numpy for /usr/bin/python3';

my $dir = tempdir('pacs-transcode-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $pacs = Pacs->new(redis => 0);
my $V = '1.2.840.10008.1.2';

my %targets = (
    "$V" => 'implicit', "$V.1" => 'explicit', "$V.5" => 'rle',
    "$V.4.50" => 'baseline', "$V.4.51" => '12 bit', "$V.4.57" => 'lossless',
    "$V.4.70" => 'lossless', "$V.4.80" => 'JPEG-LS', "$V.4.81" => 'near',
    "$V.4.90" => 'J2K', "$V.4.91" => 'J2K lossy', "$V.4.201" => 'HT',
    "$V.4.202" => 'HT RPCL', "$V.4.203" => 'HT lossy',
);
my %lossy = map { ("$V.4.$_" => 1) } qw(50 51 81 91 203);

# 16 bits with a sign: nothing that is lossy but JPEG 2000; palettes: nothing
# that is lossy; 32 bits: RLE only
my @exact = map { "$V$_" } '', '.1', '.5', '.4.57', '.4.70', '.4.80', '.4.90', '.4.201', '.4.202';
my @wavelets = map { "$V.4.$_" } qw(91 203);
my @colour8 = (@exact, @wavelets, "$V.4.50", "$V.4.81");
my @grey12 = (@exact, @wavelets, "$V.4.51", "$V.4.81");
my %sources = (
    'transfer-syntax/nema-ct1-unc.dcm' => [@exact, @wavelets],
    'transfer-syntax/nema-mr3-j2kr.dcm' => [@exact, @wavelets],
    'transfer-syntax/mr-same-image-explicit-be.dcm' => [@exact, @wavelets],
    'transfer-syntax/htj2k-201-mr4.dcm' => \@grey12,
    'transfer-syntax/htj2k-rpcl-us1.dcm' => \@colour8,
    'transfer-syntax/testpattern-jpeg-lossless_rgb.dcm' => \@colour8,
    'transfer-syntax/deflated-image.dcm' => \@colour8,
    'pixel-layout/synth-rgb-planar1-65x67.dcm' => \@colour8,
    'pixel-layout/rgb-3x3-odd.dcm' => \@colour8,
    'pixel-layout/rgb-16bit.dcm' => [@exact, @wavelets, "$V.4.81"],
    'pixel-layout/synth-palette-16bit-4096.dcm' => \@exact,
    'pixel-layout/synth-odd-97x131-multiwindow.dcm' => \@grey12,
    'pixel-layout/synth-32bit-uint.dcm' => [map { "$V$_" } '', '.1', '.5'],
    'pixel-layout/synth-1bit-37x53.dcm' => [$V, "$V.1"],
    'pixel-layout/ybr-full-422-native.dcm' => [$V, "$V.1"],
    'transfer-syntax/encaps-bot-full.dcm' => [@exact, @wavelets, "$V.4.81"],
);
%sources = map { ($_ => $sources{$_}) } qw(transfer-syntax/nema-mr3-j2kr.dcm transfer-syntax/testpattern-jpeg-lossless_rgb.dcm
    pixel-layout/synth-odd-97x131-multiwindow.dcm) if asan() && !long_run();

sub save {
    my ($name, $bytes) = @_;
    open my $f, '>:raw', "$dir/$name" or die $!;
    print $f $bytes;
    close $f;
    return "$dir/$name";
}

sub base {
    my ($file) = @_;
    my $r = json($pacs->stow(["$S/$file"])->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0];
    return $r =~ s{^https?://[^/]+}{}r;
}

sub want { return $pacs->get($_[0], Accept => "application/dicom; transfer-syntax=$_[1]") }

# --- all pairs ---

my (%base, @made, %unexpected);
for my $file (sort keys %sources) {
    $base{$file} = base($file);
    my %can = map { $_ => 1 } @{$sources{$file}};
    my $own = (capture('dcmdump', '-q', '+P', '0002,0010', '-Un', "$S/$file"))[1] =~ /\[([\d.]+)\]/ ? $1 : '';
    for my $syntax (sort keys %targets) {
        my $r = want($base{$file}, $syntax);
        if ($r->{status} != ($can{$syntax} || $syntax eq $own ? 200 : 406)) {
            $unexpected{"$file $syntax"} = "$r->{status} " . substr $r->{content}, 0, 200;
        } elsif ($r->{status} == 200 && $syntax ne $own) {
            push @made, { file => $file, syntax => $syntax, path => save(@made . '.dcm', $r->{content}) };
        }
    }
}
is_deeply(\%unexpected, {}, 'each kind of pixels goes into the syntaxes that take it, and no other');
cmp_ok(scalar @made, '>=', asan() ? 25 : 140, scalar(@made) . ' instances were made');

# --- their pixels, by other programs ---

my $compare = <<'PY';
import sys, numpy
for line in sys.stdin:
    a, b, cell, bits = line.split()
    x, y = (numpy.fromfile(f, dtype="<i" + cell if cell != "1" else "u1").astype("f8") for f in (a, b))
    if x.shape != y.shape:
        print("shape", x.shape, y.shape)
        continue
    e = ((x - y) ** 2).mean()
    print(int(abs(x - y).max()), 99 if e == 0 else 10 * numpy.log10(max(x.max() - x.min(), 1) ** 2 / e))
PY

sub reference {
    my ($to, @files) = @_;
    mkdir $to;
    open my $list, '>', "$to.list" or die;
    print $list "$_\n" for @files;
    close $list;
    my ($rc, $out) = capture('sh', '-c', "$python t/lib/codec_reference.py $to 3 <$to.list");
    return map { /^- (.*)/ ? { why => $1 } : { n => $_ } } split /\n/, $out;
}

{
    my @sources = sort keys %sources;
    my @of = reference("$dir/source", map { "$S/$_" } @sources);
    my @as = reference("$dir/made", map { $_->{path} } @made);
    my %index = map { ($sources[$_] => $_) } 0 .. $#sources;
    my (@pairs, @rows, @wrong);

    for my $i (0 .. $#made) {
        my $s = $index{$made[$i]{file}};
        my ($cell, $bits) = map { (capture('dcmdump', '-q', '+P', $_, "$S/$made[$i]{file}"))[1] =~ /US (\d+)/ } '0028,0100', '0028,0101';
        if (!defined $as[$i]{n} || !defined $of[$s]{n} || $as[$i]{n} ne $of[$s]{n}) {
            push @wrong, "$made[$i]{file} as $made[$i]{syntax}: " . ($as[$i]{why} // $of[$s]{why} // 'number of frames');
            next;
        }
        for my $k (1 .. $as[$i]{n}) {
            push @rows, $made[$i];
            push @pairs, sprintf "%s %s %d %d\n", "$dir/source/$s-$k.raw", "$dir/made/$i-$k.raw", $cell < 8 ? 1 : $cell / 8, $bits;
        }
    }
    save('pairs', join '', @pairs);
    save('compare.py', $compare);
    my @got = split /\n/, (capture('sh', '-c', "$python $dir/compare.py <$dir/pairs"))[1];
    for my $i (0 .. $#rows) {
        # opj_decompress lets wrap around what a lossy stream overshoots
        next if $rows[$i]{file} =~ /rgb-16bit/ && $rows[$i]{syntax} eq "$V.4.91";
        my ($max, $psnr) = split ' ', $got[$i] // 'none 0';
        my $what = "$rows[$i]{file} as $targets{$rows[$i]{syntax}} ($rows[$i]{syntax})";
        push @wrong, "$what: $got[$i]"
            if $max !~ /^\d+$/ || ($lossy{$rows[$i]{syntax}} ? $psnr < 34 : $max != 0);
        push @wrong, "$what: more than 2 off" if $rows[$i]{syntax} eq "$V.4.81" && $max > 2;
    }
    is(scalar @got, scalar @rows, 'all were compared');
    diag($_) for @wrong;
    is_deeply(\@wrong, [], 'lossless: the values of the source; lossy: close to them');
}

# --- their data sets ---

my (@complaints, %first);
for my $m (@made) {
    # DCMTK does not know HTJ2K: it reads that as it reads JPEG 2000
    my $path = $m->{syntax} =~ /\.20\d$/ ? save('known.dcm', slurp($m->{path}) =~ s/\Q$m->{syntax}\E/$V.4.91\0/r) : $m->{path};
    my ($rc, $out) = capture('dcmdump', '-q', '-Un', '+fo', '+L', $path);
    push @complaints, "$m->{file} $m->{syntax}: dcmdump" if $rc != 0;
    $out =~ s/^\(7fe0,0010\).*//ms;
    push @complaints, "$m->{file} $m->{syntax}: syntax" if $path eq $m->{path} && $out !~ /\(0002,0010\) UI \[\Q$m->{syntax}\E\]/;
    my ($lossless) = !$lossy{$m->{syntax}};
    my $said = $out =~ /\(0028,2110\) CS \[01\]/;
    push @complaints, "$m->{file} $m->{syntax}: Lossy Image Compression" if !$said && !$lossless;
    push @complaints, "$m->{file} $m->{syntax}: ratio, method, derivation" if !$lossless
        && ($out !~ /\(0028,2112\) DS \[(?:[\d.]+\\)?\d+\.\d+ *\]/ || $out !~ /\(0028,2114\) CS \[\S*ISO_\d+_\d+\]/
            || $out !~ /\(0008,2111\) ST \[.*lossy compression/ || $out !~ /113040/);
    $first{"$m->{file} $m->{syntax}"} = $out;
}
diag($_) for @complaints;
is_deeply(\@complaints, [], 'DCMTK reads them, and they say what they are');

SKIP: {
    skip 'the sources are fewer', 6 if asan() && !long_run();
    my $us = 'transfer-syntax/htj2k-rpcl-us1.dcm';
    like($first{"$us $V.1"}, qr/\(0028,0004\) CS \[RGB\].*\(0028,0006\) US 0/s, 'decoded colour is RGB by pixel');
    like($first{"$us $V.4.90"}, qr/\(0028,0004\) CS \[YBR_RCT\]/, 'of lossless JPEG 2000 YBR_RCT');
    like($first{"$us $V.4.91"}, qr/\(0028,0004\) CS \[YBR_ICT\]/, '... of lossy YBR_ICT');
    like($first{"$us $V.4.50"}, qr/\(0028,0004\) CS \[YBR_FULL_422\]/, '... of JPEG YBR_FULL_422');
    like($first{"pixel-layout/synth-palette-16bit-4096.dcm $V.4.80"}, qr/PALETTE COLOR/, 'a palette stays one');
    like($first{"transfer-syntax/encaps-bot-full.dcm $V.4.80"}, qr/\(0028,2110\) CS \[01\]/, 'what was lossy stays so');
}

# what dciodvfy has against it that it had not against the source
SKIP: {
    skip 'no dciodvfy', 1 unless have('dciodvfy');
    my (@worse, %before);
    for my $m (@made) {
        next if $m->{syntax} =~ /\.20\d$/ || $m->{file} =~ /deflated/;
        my $errors = sub { +{ map { $_ => 1 } grep { /^Error/ } split /\n/, (capture('dciodvfy', $_[0]))[1] } };
        $before{$m->{file}} //= $errors->("$S/$m->{file}");
        push @worse, map { "$m->{file} $m->{syntax}: $_" } grep { !$before{$m->{file}}{$_} } sort keys %{$errors->($m->{path})};
    }
    diag($_) for @worse;
    is_deeply(\@worse, [], 'dciodvfy finds nothing that it did not find in the source');
}

# --- several frames: the offset table ---

SKIP: {
    my ($m) = grep { $_->{file} =~ /encaps-bot/ && $_->{syntax} eq "$V.4.80" } @made;
    skip 'the sources are fewer', 3 unless $m;
    my $table = <<'PY';
import sys, pydicom
from pydicom.encaps import generate_pixel_data_fragment, get_frame_offsets
from pydicom.filebase import DicomBytesIO
d = pydicom.dcmread(sys.argv[1])
f = DicomBytesIO(d.PixelData)
f.is_little_endian = True
print(*get_frame_offsets(f)[1])
at, want = 0, []
for x in generate_pixel_data_fragment(f):
    want.append(at)
    at += 8 + len(x)
print(*want)
PY
    my @lines = split /\n/, (capture($python, '-W', 'ignore', '-c', $table, $m->{path}))[1];
    is(scalar(split ' ', $lines[0]), 10, 'a Basic Offset Table of ten frames');
    is($lines[0], $lines[1], '... that tells where they are');
    my $r = $pacs->get("$base{$m->{file}}/frames/2,9", Accept => 'multipart/related; type="image/jls"');
    is(join(' ', map { index(slurp($m->{path}), $_->{body}) > 0 } @{$pacs->parts($r)}), '1 1', 'two of them alone are the same');
}

# ISO 15444-1 A.7.1; PS3.5 10.18
SKIP: {
    my ($m) = grep { $_->{syntax} eq "$V.4.202" } @made;
    my $coded = slurp($m->{path});
    my $at = index $coded, "\xff\x4f\xff\x51";
    my $tlm = index $coded, "\xff\x55\x00\x08\x00\x40", $at;
    my $sot = index $coded, "\xff\x90\x00\x0a", $at;
    ok($at > 0 && $tlm > $at && $sot > $tlm, 'RPCL has tile-part lengths in its main header');
    is(unpack('N', substr $coded, $tlm + 6, 4), unpack('N', substr $coded, $sot + 6, 4), '... the right ones');
    my $cod = index $coded, "\xff\x52", $at;
    is(unpack('C', substr $coded, $cod + 5, 1), 2, '... and that progression');
}

# --- bits that are not at the bottom; overlays among them ---

{
    my $base = base('pixel-layout/synth-10bit-highbit15.dcm');
    my $r = want($base, "$V.4.80");
    is($r->{status}, 200, '10 bits below bit 15');
    my $shifted = <<'PY';
import sys, numpy, pydicom
a, b = (pydicom.dcmread(f) for f in sys.argv[1:])
x = numpy.frombuffer(a.PixelData, "<u2") >> 6
y = numpy.frombuffer(b.PixelData, "<u2")
print(b.HighBit, b.BitsStored, int((x != y).sum()))
PY
    my $path = save('high.dcm', $r->{content});
    run('dcmdjpls', $path, "$path.le");
    is((capture($python, '-W', 'ignore', '-c', $shifted, "$S/pixel-layout/synth-10bit-highbit15.dcm", "$path.le"))[1], "9 10 0\n",
        '... are at the bottom then, and High Bit says so');
}

# --- hostile ---

my $le = "$V.1";
for my $file (qw(synth-j2k-truncated synth-jpeg-truncated synth-rle-underrun synth-j2k-siz-huge)) {
    next unless -e "$S/hostile/$file.dcm";
    my $r = want(base("hostile/$file.dcm"), "$V.4.80");
    ok($r->{status} == 406 || $r->{status} == 409 || $r->{status} == 415 || $r->{status} == 500 ? $r->{content} =~ /reason/ : 0,
        "$file: an error with a reason") or diag "$r->{status} " . substr $r->{content}, 0, 300;
}

# --- the cache ---

{
    my ($file) = grep { /mr3-j2kr|nema-ct1/ } sort keys %sources;
    my @before = glob "$pacs->{home}/cache/coded/*";
    cmp_ok(scalar @before, '>', 20, scalar(@before) . ' coded frames lie in the cache');
    my $one = want($base{$file}, "$V.4.80");
    is(scalar(my @again = glob "$pacs->{home}/cache/coded/*"), scalar @before, 'asked again, none is made');
    ok($one->{content} eq slurp((grep { $_->{file} eq $file && $_->{syntax} eq "$V.4.80" } @made)[0]{path}), '... and the answer is the same');
    flip($_, 64 + 100) for @before;
    my $two = want($base{$file}, "$V.4.80");
    ok($one->{content} eq $two->{content}, 'what is damaged is made again');
    # the server tidies up when the client has all of it
    my @left;
    wait_until('tmp/ is empty', sub { !(@left = grep { -f } glob "$pacs->{home}/tmp/*") }, 5);
    is_deeply(\@left, [], 'nothing is left in tmp/');
}

$pacs->shutdown;
done_testing();
