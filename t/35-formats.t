#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What rendered resources are given as (PS3.18 8.7.4): formats, profiles,
# several frames and instances, stored video.  Looked at with Pillow, numpy
# and the formats' own tools.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Pacs;
use Test::More;

my $S = samples();
my $python = '/usr/bin/python3';
system("$python -c 'import numpy, pydicom, PIL.ImageCms' 2>/dev/null") == 0
    or plan skip_all => 'no numpy, pydicom or PIL for /usr/bin/python3';

my $dir = tempdir('pacs-formats-XXXXXX', DIR => '/tmp', CLEANUP => 1);

sub py {
    my ($rc, $out) = capture($python, "$Pacs::TOP/t/lib/pictures.py", @_);
    diag("@_: $out") if $rc;
    return split ' ', $out;
}

my $saved = 0;
sub save {
    my ($bytes) = @_;
    my $path = sprintf '%s/p%03d', $dir, $saved++;
    open my $f, '>:raw', $path or die $!;
    print $f $bytes;
    close $f;
    return $path;
}

my $pacs = Pacs->new(redis => 0, conf_http => 'pacs_limit_render_pictures 200;');

sub stow_base {
    my ($file) = @_;
    my $r = json($pacs->stow([$file])->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0];
    return $r =~ s{^https?://[^/]+}{}r;
}

# the file that a picture was saved to
sub picture {
    my ($url, $type, $what) = @_;
    my $r = $pacs->get($url, Accept => $type);
    is($r->{status}, 200, $what // "$type of $url") or diag $r->{content};
    my $media = $type =~ /^multipart/ ? 'multipart/related' : $type;
    like($r->{headers}{'content-type'}, qr{^\Q$media\E}, '... is what was asked for');
    return save($r->{content});
}

sub refused {
    my ($url, $type, $status, $reason, $what) = @_;
    my $r = $pacs->get($url, Accept => $type);
    is($r->{status}, $status, $what);
    like($r->{content}, $reason, '... and why');
}

# the tool's verdict, where it is installed
sub tool {
    my ($what, @cmd) = @_;
    SKIP: {
        skip "no $cmd[0]", 1 unless have($cmd[0]);
        my ($rc, $out) = capture(@cmd);
        is($rc, 0, $what) or diag $out;
    }
}

# --- one grey picture in each format ---

my ($mr) = native();
my $grey = stow_base($mr) . '/rendered';
my $window = '?window=300,700,linear';
my $png = picture("$grey$window", 'image/png');
tool('pngcheck', 'pngcheck', '-q', $png);

for my $type (qw(image/webp image/gif)) {
    my $f = picture("$grey$window", $type);
    is((py('difference', $png, $f))[0], 0, "$type has PNG's pixels");
    tool('webpinfo', 'webpinfo', '-quiet', $f) if $type eq 'image/webp';
    tool('giftext', 'giftext', $f) if $type eq 'image/gif';
}
is((py('difference', $png, picture("$grey$window&quality=100", 'image/webp')))[0], 0, 'WebP of quality 100 too');
my $lossy = picture("$grey$window&quality=50", 'image/webp');
like(slurp($lossy), qr/^RIFF....WEBPVP8 /s, 'WebP of quality 50 is lossy');
my @near = py('difference', $png, $lossy);
ok($near[0] > 0 && $near[1] < 6, "... and near (@near)");

my ($q30, $q95) = map { -s picture("$grey$window&quality=$_", 'image/jpeg') } 30, 95;
cmp_ok($q30, '<', $q95 / 2, 'point 42: quality of a JPEG counts');
my ($quick, $good) = map { picture("$grey$window&quality=$_", 'image/jpeg') } 60, 61;
my $standard = qr/\xff\xc4..\x10\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d/s;    # T.81 K.3.3.2
like(slurp($good), $standard, 'a JPEG to look at has the Huffman tables of T.81 K');
unlike(slurp($quick), $standard, '... one that is quickly there its own');
cmp_ok(-s $quick, '<', 0.98 * -s $good, '... and fewer bytes');
@near = py('difference', $png, $quick);
ok($near[0] > 0 && $near[1] < 6, "... and is near (@near)");
is($pacs->get("$grey$window", Accept => 'image/avif,image/webp,image/*,*/*;q=0.8')->{headers}{'content-type'},
    'image/webp', 'a browser that names WebP gets it');
is($pacs->get("$grey$window", Accept => 'image/*')->{headers}{'content-type'}, 'image/jpeg', '... else JPEG');

# components and their sampling, of SOF0
sub sampling {
    my ($n, $rest) = slurp($_[0]) =~ /\xff\xc0..\x08....(.)(.{9})/s;
    return join ' ', map { sprintf '%02x', ord substr $rest, 3 * $_ + 1, 1 } 0 .. ord($n) - 1;
}
is(sampling(picture($grey, 'image/jpeg')), '11', 'a grey JPEG has one component');

# --- 16 bits ---

my $deep = picture("$grey$window&bits=16", 'image/png', 'bits=16');
tool('pngcheck', 'pngcheck', '-q', $deep);
my ($off, $off8, $values) = py('deep', $deep, $png, $mr, 300, 700);
cmp_ok($off, '<=', 0.51, 'the window, to 16 bits, as the standard has it');
cmp_ok($off8, '<=', 0.51, '... and 8 bits are it, rounded');
cmp_ok($values, '>', 256, "... of $values values");
my @scaled = map { picture("$grey$window&viewport=100,100$_", 'image/png') } '&bits=16', '';
cmp_ok((py('deep', @scaled, '-', 0, 0))[0], '<=', 2.5, 'scaled, too');
refused("$grey?bits=16", 'image/jpeg', 400, qr/bits=16: JPEG has 8 bits/, 'no JPEG of 16 bits');
refused("$grey?bits=12", 'image/png', 400, qr/8 or 16/, 'no other depth');

# --- profiles ---

py('make', $dir);
my $colour = stow_base("$dir/colour.dcm") . '/rendered';
my $plain = picture($colour, 'image/png');
is((py('info', $plain))[6], 'none', 'no profile unless asked for');
is((py('info', picture("$colour?iccprofile=no", 'image/png')))[6], 'none', '... or if refused');
is((py('info', picture("$grey?iccprofile=yes", 'image/png')))[6], 'none', '... or in grey');
is(sampling(picture($colour, 'image/jpeg')), '11 11 11', 'a colour JPEG is 4:4:4');
is((py('difference', $plain, picture($colour, 'image/webp')))[0], 0, 'colour in WebP is exact');
cmp_ok((py('difference', $plain, picture($colour, 'image/gif')))[1], '<', 8, '... in GIF near');
refused("$colour?bits=16", 'image/png', 400, qr/only of grey/, '16 bits are of grey');
refused("$colour?iccprofile=srgb", 'image/gif', 400, qr/GIF holds none/, 'no profile in a GIF');
refused("$colour?iccprofile=cmyk", 'image/png', 400, qr/must be no, yes, srgb/, 'an unknown profile');

my %name = (srgb => qr/^sRGB /, adobergb => qr/^Adobe RGB \(1998\) /, rommrgb => qr/^ROMM RGB /, yes => qr/^sRGB /);
for my $space (sort keys %name) {
    my %seen;
    for my $type (qw(image/jpeg image/png image/webp)) {
        my $f = picture("$colour?iccprofile=$space", $type);
        my @info = py('info', $f);
        like(join(' ', @info[6 .. $#info]), $name{$space}, "point 44: iccprofile=$space");
        $seen{$info[-1]}++;
        tool('webpinfo', 'webpinfo', '-quiet', $f) if $type eq 'image/webp';
        tool('pngcheck', 'pngcheck', '-q', $f) if $type eq 'image/png';
        next if $type ne 'image/png';
        py('profile', $f, "$dir/$space.icc");
        py('convert', $plain, "$dir/want.png", 'sRGB', "$dir/$space.icc");
        cmp_ok((py('difference', $f, "$dir/want.png"))[0], '<=', 2, '... converted as by that profile');
        is((py('difference', $plain, $f))[0], 0, '... nothing is converted') if $space =~ /yes|srgb/;
    }
    is(scalar keys %seen, 1, "... the same bytes in each format");
}

# a data set's own
unlink "$dir/srgb.icc", "$dir/yes.icc";
py('spoil', "$dir/adobergb.icc", $dir);
py('make', $dir);
for my $space (qw(adobergb rommrgb)) {
    my $own = stow_base("$dir/$space.dcm") . '/rendered';
    my $f = picture("$own?iccprofile=yes", 'image/jpeg');
    py('profile', $f, "$dir/got");
    is(slurp("$dir/got"), slurp("$dir/$space.icc"), "the data set's own profile ($space), byte by byte");
    $f = picture("$own?iccprofile=srgb", 'image/png');
    py('convert', $plain, "$dir/want.png", "$dir/$space.icc", 'sRGB');
    my @d = py('difference', $f, "$dir/want.png");
    ok($d[0] <= 2, "... converted to sRGB as littlecms does it from the profile (@d)");
    is((py('difference', $plain, picture($own, 'image/png')))[0], 0, '... not without a wish');
}
my $tables = stow_base("$dir/tables.dcm") . '/rendered';
picture("$tables?iccprofile=yes", 'image/jpeg', 'a profile without curves is embedded');
refused("$tables?iccprofile=srgb", 'image/png', 406, qr/has tables/, '... not converted');
refused(stow_base("$dir/short.dcm") . '/rendered?iccprofile=yes', 'image/png', 406, qr/damaged/, 'a profile cut short');

# --- frames ---

sub frames_of {
    my ($base, $n, $animation, $name) = @_;
    my @single = map { picture("$base/frames/$_/rendered", 'image/png') } 1 .. $n;
    for my $type (@$animation) {
        my $f = picture("$base/rendered", $type, "$name as $type");
        tool('webpinfo', 'webpinfo', '-quiet', $f) if $type eq 'image/webp';
        is((py('info', $f))[4], $n, 'point 38: ... has all frames');
        is_deeply([grep { (py('difference', $single[$_ - 1], "$f#" . ($_ - 1)))[0] } 1 .. $n], [],
            '... each as it is alone');
    }
    my $r = $pacs->get("$base/rendered", Accept => 'multipart/related; type="image/png"');
    is($r->{status}, 200, "$name as parts");
    my $parts = $pacs->parts($r);
    is_deeply([map { $_->{body} } @$parts], [map { slurp($_) } @single], '... are the frames, in their order');
    is_deeply([map { $_->{head} =~ m{Content-Location: http://[^/]+(\S+)} } @$parts],
        [map { "$base/frames/$_/rendered" } 1 .. $n], '... and say where each is');
    refused("$base/rendered", 'image/jpeg', 406, qr/several frames are not one picture/, '... and not one JPEG');
    is($pacs->get("$base/rendered")->{headers}{'content-type'}, 'image/gif', '... an animation if nothing is said');
    is($pacs->get("$base/rendered", 'If-None-Match' => $r->{headers}{etag}, Accept => 'multipart/related; type="image/png"')->{status},
        304, '... 304 if known');
    return @single;
}

my $brain = stow_base("$S/enhanced/mr-brain-stacks-12f.dcm");
my @brain = frames_of($brain, 12, ['image/gif', 'image/webp'], 'an enhanced MR');
my $two = picture("$brain/frames/7,2/rendered", 'image/gif', 'two frames');
is((py('difference', $brain[6], "$two#0"))[0] + (py('difference', $brain[1], "$two#1"))[0], 0, '... in the order asked');
refused("$brain/frames/7,13/rendered", 'image/gif', 404, qr/frame 13 of 12/, 'a frame that is not there');
frames_of(stow_base("$S/xa/dvtk-8f-jpll.dcm"), 8, ['image/gif'], 'coded frames');

my $cine = stow_base("$dir/cine.dcm");
frames_of($cine, 5, ['image/webp'], 'a colour cine');
is((py('info', picture("$cine/rendered", $_)))[5], '40,60,80,250,250', "the times of its vector, $_") for qw(image/gif image/webp);
is((py('info', picture("$cine/rendered?iccprofile=srgb", 'image/webp')))[6], 'sRGB', 'an animation with a profile');

# --- series and studies ---

$pacs->stow([(native())[0 .. 8]]);
my ($series) = $grey =~ m{^(.*)/instances/};
my $r = $pacs->get("$series/rendered$window", Accept => 'multipart/related; type="image/webp"');
is($r->{status}, 200, 'a series');
my @parts = @{$pacs->parts($r)};
is(scalar @parts, 9, '... all its instances');
my @location = map { $_->{head} =~ m{Content-Location: http://[^/]+(\S+)} } @parts;
is($pacs->get($location[4], Accept => 'image/webp')->{content}, $parts[4]{body}, '... each the picture that lies there');
my %number = map { $_->{'00080018'}{Value}[0] => $_->{'00200013'}{Value}[0] } @{$pacs->get_json("$series/instances")};
my @order = map { $number{(m{/instances/([\d.]+)})[0]} } @location;
is_deeply(\@order, [sort { $a <=> $b } @order], '... by their numbers');
refused("$series/rendered", 'image/jpeg', 406, qr/not one picture/, 'point 39: a series is not one picture');

my ($study) = $series =~ m{^(.*)/series/};
$pacs->http('POST', "$study", { headers => { 'Content-Type' => 'multipart/related; type="application/dicom"; boundary=b' },
    content => "--b\r\nContent-Type: application/dicom\r\n\r\n" . report($study =~ s{.*/}{}r) . "\r\n--b--\r\n" });
$r = $pacs->get("$study/rendered");
is($r->{status}, 206, 'a study with a report is there in part');
like($r->{headers}{warning}, qr/^299 .*1 instances are left out/, '... which is said');
like($r->{headers}{'content-type'}, qr{^multipart/related; type="image/jpeg"}, '... as JPEG if nothing is said');
is(scalar @{$pacs->parts($r)}, 9, '... and has the rest');

# an instance without pixels, implicit VR little endian
sub report {
    my ($uid) = @_;
    my $e = sub { my ($g, $e, $v) = @_; $v .= $g == 8 || $g == 2 ? "\0" : ' ' if length($v) % 2; pack('vvV', $g, $e, length $v) . $v };
    my $x = sub { my ($e, $vr, $v) = @_; $v .= "\0" if length($v) % 2; pack('vva2v', 2, $e, $vr, length $v) . $v };
    my $class = '1.2.840.10008.5.1.4.1.1.88.11';
    my $meta = $x->(2, 'UI', $class) . $x->(3, 'UI', '2.25.35') . $x->(16, 'UI', '1.2.840.10008.1.2');
    return "\0" x 128 . 'DICM' . pack('vva2vV', 2, 0, 'UL', 4, length $meta) . $meta
        . $e->(8, 0x16, $class) . $e->(8, 0x18, '2.25.35') . $e->(8, 0x60, 'SR')
        . $e->(0x10, 0x20, 'F') . pack('vvV', 0x20, 0xd, length($uid) + length($uid) % 2) . $uid . "\0" x (length($uid) % 2)
        . pack('vvV', 0x20, 0xe, 8) . "2.25.36\0";
}

# what cannot be decoded is left out; if nothing else is there, it is an error
py('rename', "$S/transfer-syntax/mr-same-image-j2k.dcm", "$dir/coded.dcm");
my $coded = stow_base("$dir/coded.dcm") =~ s{/instances/.*}{/rendered}r;
$pacs->stop('listener');
$r = $pacs->get($coded);
is($r->{status}, 503, 'a coded picture without pacs-codec');
like($r->{content}, qr/"error":"codec"/, '... and why');
$pacs->stow(["$S/transfer-syntax/mr-same-image-explicit-le.dcm"]);
$r = $pacs->get($coded);
is($r->{status}, 206, '... beside one that is not coded');
like($r->{headers}{warning}, qr/1 pictures .* are left out: .*codec/, '... and why');
is(scalar @{$pacs->parts($r)}, 1, '... which is there');
$pacs->start_listener;
ok(!$r->{headers}{etag}, '... and may come another time');
ok(wait_until('pacs-codec', sub { ($r = $pacs->get($coded))->{status} == 200 }), 'with pacs-codec');
is(scalar @{$pacs->parts($r)}, 2, '... both are there');

# --- limits, and what is left behind ---

my $many = stow_base("$S/enhanced/mr-philips-fmap-64f.dcm");
my $list = join ',', map { 1 + $_ % 64 } 0 .. 200;
refused("$many/frames/$list/rendered", 'image/gif', 413, qr/201 pictures .* render_pictures is 200/, 'too many pictures');
# whoever goes away in the middle
for (1 .. 5) {
    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $pacs->{port}) or die;
    print $c "GET $many/rendered HTTP/1.1\r\nHost: x\r\nAccept: image/webp\r\n\r\n";
    close $c;
}
ok(wait_until('no file is left in tmp', sub { !grep { -f } glob "$pacs->{home}/tmp/*" }), 'nothing is left in tmp');

# --- stored video ---

for my $v (["$S/ecg-pdf-video/video-mpeg2-mpml.dcm", 'video/mpeg'], ["$S/ecg-pdf-video/video-mpeg4-avc-hp41.dcm", 'video/mp4'],
    ["$dir/hevc.dcm", 'video/h265', 'video/mp4']) {
    my ($file, $type, $also) = @$v;
    my $base = stow_base($file);
    my $url = "$base/rendered";
    py('video', $file, "$dir/video");
    my $bytes = slurp("$dir/video");
    my $n = length $bytes;

    $r = $pacs->get($url);
    is($r->{status}, 200, "$type is there");
    is($r->{headers}{'content-type'}, $type, '... by its name');
    ok($r->{content} eq $bytes, '... as it is stored');
    is($r->{headers}{'accept-ranges'}, 'bytes', '... and in pieces');
    my $tag = $r->{headers}{etag};
    # across the fragments of the last one
    for my $range ([0, 99], [69990, 70020], [$n - 1, $n - 1]) {
        my ($a, $b) = @$range;
        my $p = $pacs->get($url, Range => "bytes=$a-$b", Accept => $type, 'If-Range' => $tag);
        is($p->{status}, 206, "... bytes $a to $b");
        ok($p->{content} eq substr($bytes, $a, $b - $a + 1), '... are they');
        is($p->{headers}{'content-range'}, "bytes $a-$b/$n", '... and say so');
    }
    ok($pacs->get($url, Range => 'bytes=-500')->{content} eq substr($bytes, -500), '... its end');
    is($pacs->get($url, Range => "bytes=$n-")->{status}, 416, '... not beyond');
    is($pacs->get($url, Range => 'bytes=0-9', 'If-Range' => '"other"')->{status}, 200, '... whole, if it is another');
    is($pacs->get($url, 'If-None-Match' => $tag)->{status}, 304, '... 304 if known');
    is($pacs->http('HEAD', $url)->{headers}{'content-length'}, $n, '... its length');
    is($pacs->get($url, Accept => $also)->{headers}{'content-type'}, $also, "... also as $also") if $also;
    refused($url, 'image/jpeg', 406, qr/stored video: it is there as \Q$type\E/, '... not as a picture');
    refused("$base/frames/1/rendered", 'image/jpeg', 406, qr/not decoded/, '... nor its frames');
}

$pacs->shutdown;

# --- bytes in one answer ---

$pacs = Pacs->new(redis => 0, conf_http => 'pacs_limit_render_bytes 20000;');
refused(stow_base("$S/enhanced/mr-brain-stacks-12f.dcm") . '/rendered', 'image/gif', 413, qr/limit render_bytes/, 'too many bytes');
$pacs->shutdown;

done_testing;
