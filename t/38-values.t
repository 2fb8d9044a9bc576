#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# …/frames/N/values: figures of regions against a table recorded from an
# independent tool, and against numpy while this runs.

use strict;
use warnings;
use lib 't/lib';
use IPC::Open2;
use Pacs;
use Test::More;

my $S = samples();
my $p = Pacs->new;

sub near {
    my ($got, $want, $relative) = @_;
    return abs($got - $want) <= ($relative // 1e-9) * abs($want) + 1e-12;
}

sub list { return ref $_[0] ? @{$_[0]} : ($_[0]) }

# lists of numbers, or one
sub alike {
    my ($got, $want) = @_;
    my @got = list($got);
    my @want = list($want);
    return @got == @want && !grep { !defined $got[$_] || !near($got[$_], $want[$_]) } 0 .. $#got;
}

my %url;

sub url {
    my ($file) = @_;
    return $url{$file} //= do {
        my $r = $p->stow(["$S/$file"]);
        my $ref = json($r->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0];
        $ref =~ s{^https?://[^/]*}{};
        $ref;
    };
}

sub values_of {
    my ($file, $frame, $query) = @_;
    my $r = $p->get(url($file) . "/frames/$frame/values?$query");
    return $r->{status} == 200 ? json($r->{content}) : { status => $r->{status}, text => $r->{content} };
}

# --- an image a modality.  Mean, SD, least and greatest inside an ellipse:
# pydicom 2.3.1 and numpy 1.24.2, coded ones decoded by GDCM 3.0.21; area:
# count times the spacing that pydicom reads; PET as stored, in Bq/ml ---

my @golden = map { [split] } grep { /\S/ } split /\n/, <<'END';
ct-series/acrin-flt-001-prior/001.dcm 1 256,230.4,102.4,76.8,30 HU PixelSpacing 24700 23555.73149 -194.6683806 338.4176402 -892 508
ct-series/lidc-0314-chest-1mm/002.dcm 1 256,230.4,102.4,76.8,30 HU PixelSpacing 24700 15075.68359 -80.28412955 287.7646881 -1000 1309
ct-series/philips-head-scout.dcm 1 256,115.2,102.4,38.4,30 HU PixelSpacing 12352 11779.78516 -868.2943653 158.0022934 -1024 148
seg-rt/phantom-ct-1.dcm 1 256,230.4,102.4,76.8,30 HU PixelSpacing 24700 5888.932874 1.02611336 4.291570482 -15 18
mr-series/fruit-sag-irspgr/001.dcm 1 128,115.2,51.2,38.4,30 - PixelSpacing 6175 6869.021156 490.9727935 563.9380187 0 4831
mr-series/siemens-mosaic-ax.dcm 1 192,172.8,76.8,57.6,30 - PixelSpacing 13890 146713.125 326.3634989 394.6450666 0 1707
nm-pt/pt-acrin-icon-1.dcm 1 84,75.6,33.6,25.2,30 SUVbw PixelSpacing 2663 44173.69543 524.5429248 1036.139192 0 12106.60583
nm-pt/pt-ge-modality-lut.dcm 1 64,57.6,25.6,19.2,30 proportional PixelSpacing 1543 46146.85059 0.0001940131778 0.0001263078219 7.3172823e-06 0.0005743769155
nm-pt/nm-heart-13f-16bit.dcm 7 32,28.8,12.8,9.6,30 - PixelSpacing 386 3747.441083 52.07253886 33.29752706 0 108
cr-dx/cr-chest-440-mono1.dcm 1 220,198,88,66,30 - none 18246 - 470.5887318 128.7837156 243 721
cr-dx/dx-canon-2128x2000-mono1-j2k.dcm 1 1000,957.6,400,319.2,30 - PixelSpacing 401119 10268.6464 1108.329563 407.668157 537 3089
cr-dx/dx-fuji-small-mono1.dcm 1 105.5,76,42.2,25.3,30 - PixelSpacing 3348 4825.94112 174.0492832 32.91157403 77 242
mg/mg-ge-3062x2394-voilut-sigmoid.dcm 1 1197,1377.9,478.8,459.3,30 - ImagerPixelSpacing 348485 3085.172265 2237.233241 365.3355504 31 2912
us/toshiba-echo-rgb-still.dcm 1 358,241.7,143.2,80.5,30 - PixelSpacing 36213 28795.27865 21.86582167/22.27147709/22.70328335 48.46675448/49.62821545/51.15425133 0/0/0 255/255/255
us/esaote-ybr422-native.dcm 1 400,249.8,160,83.2,30 - SequenceOfUltrasoundRegions 41818 158.6809084 30.13573102/30.13573102/30.13573102 25.16195358/25.16195358/25.16195358 0/0/0 199/199/199
us/philips-palette-800x600.dcm 1 400,270,160,90,30 - SequenceOfUltrasoundRegions 45248 3112.833003 1.494872702/1.510342999/1.525813296 11.1996228/11.22100928/11.25608614 0/0/0 255/255/255
xa/dvtk-8f-jpll.dcm 3 256,230.4,102.4,76.8,30 LINEAR none 24700 - 105.7134818 73.35619861 0 255
seg-rt/rtdose-nucletron-126f-16bit.dcm 60 41,2.7,16.4,0.9,30 Gy PixelSpacing 20 80 5.415164838 0.06173252583 5.291401248 5.515375054
seg-rt/lidc-0314-seg-lung-bone.dcm 40 256,230.4,102.4,76.8,30 - PixelSpacing 24700 15075.68359 0.3473684211 0.4761340159 0 1
seg-rt/parametric-map-float32.dcm 1 64,57.6,25.6,19.2,30 1 PixelSpacing 1543 675.1240889 0.401859313 0.1261702208 0 0.5773619413
seg-rt/rtimage-varian-jls.dcm 1 512,345.6,204.8,115.2,30 CU none 74102 - 0.06424564824 0.07983129353 0.006509978225 0.2107324848
enhanced/ct-perfusion-2f.dcm 2 256,230.4,102.4,76.8,30 ml/100ml/s PixelSpacing 24700 3731.328313 -19.20910931 191.0695182 -1000 148
enhanced/ct-legacy-converted-3f.dcm 2 11.5,17.1,4.6,5.7,30 - PixelSpacing 80 39.2 0.7625 0.4255511133 0 1
enhanced/mr-philips-fmap-64f.dcm 20 32,28.8,12.8,9.6,30 1 PixelSpacing 386 6176 1348.196329 41.03121985 1273.454212 1448.794139
enhanced/mr-emri-small-10f.dcm 4 32,28.8,12.8,9.6,30 - none 386 - 144.0362694 79.44675103 7 361
wsi/sm-native-25tiles.dcm 13 5,4.5,2,1.5,30 - PixelSpacing 10 2.49001e-06 244/244/244 0/0/0 244/244/244 244/244/244
pixel-layout/signed-16bit-512.dcm 1 256,230.4,102.4,76.8,30 - none 24700 - -536.8717814 17315.14254 -32768 32767
pixel-layout/synth-signed-padding.dcm 1 40,28.8,16,9.6,30 - none 486 - -107.0226337 311.0429844 -714 503
pixel-layout/rgb-16bit.dcm 1 50,45,20,15,30 - PixelSpacing 938 938 19428.98081/29905.97761/54219.60235 16175.61305/27357.80498/17217.58139 0/0/0 32896/65535/65535
END

for (@golden) {
    my ($file, $frame, $ellipse, $unit, $source, $count, $area, @want) = @$_;
    my $v = values_of($file, $frame, "ellipse=$ellipse");
    my $r = $v->{results}[0] or do { fail("$file: $v->{status} $v->{text}"); next };
    my @wrong;
    push @wrong, "unit '$v->{unit}'" unless index($v->{unit}, $unit eq '-' ? '' : $unit) == 0
        && ($unit ne '-' || $v->{unit} eq '');
    push @wrong, "spacing from $r->{spacing}{source}" if $r->{spacing}{source} ne $source;
    push @wrong, "count $r->{count}" if $r->{count} != $count;
    push @wrong, 'area ' . ($r->{area} // 'none')
        unless $area eq '-' ? !defined $r->{area} : near($r->{area} // 0, $area);
    for my $i (0 .. 3) {
        my $name = (qw(mean sd min max))[$i];
        $r->{$name} /= $v->{suvFactor} if $v->{suvFactor};
        push @wrong, "$name " . join('/', list($r->{$name}))
            unless alike($r->{$name}, [split m{/}, $want[$i]]);
    }
    is_deeply(\@wrong, [], "$file frame $frame: as recorded");
}

# 69.7344 kg, 178340011.59668 Bq at 14:17:00, half-life 6586.2 s, series at 15:23:16.921: by hand,
# and less than a second of decay
ok(near(values_of('nm-pt/pt-acrin-icon-1.dcm', 1, 'point=1,1')->{suvFactor}, 0.00059424853, 1.1e-4), 'SUV factor');

# --- numpy, now ---

SKIP: {
    my $python = '/usr/bin/python3';
    skip 'no pydicom and numpy', 1 if system("$python -c 'import numpy, pydicom' 2>/dev/null") != 0;
    my $pid = open2(my $from, my $to, $python, "$Pacs::TOP/t/lib/measure_reference.py");
    my $compared = 0;

    for (@golden) {
        my ($file, $frame, $ellipse) = @$_;
        my ($x, $y, $rx, $ry) = split /,/, $ellipse;
        my $query = sprintf 'point=%s,%s&rectangle=%s,%s,%s,%s&ellipse=%s,%s,%s,%s&'
            . 'polygon=%s,%s,%s,%s,%s,%s,%s,%s&histogram=16', $x, $y, $x - $rx, $y - $ry, 2 * $rx,
            1.7 * $ry, $x, $y, $ry, $rx, $x - $rx, $y, $x + $rx, $y - $ry / 3, $x, $y + $ry,
            $x + $rx / 7, $y;
        print $to join("\t", "$S/$file", $frame, $query), "\n";
        my $want = json(scalar <$from>);
        next if $want->{skip};
        my $got = values_of($file, $frame, $query);
        my $factor = $got->{suvFactor} // 1;
        my @wrong;

        for my $i (0 .. 3) {
            my ($g, $w) = ($got->{results}[$i], $want->{results}[$i]);
            for my $name (sort keys %$w) {
                my $have = $name eq 'counts' ? $g->{histogram}{counts} : $g->{$name};
                $have /= $factor if $name =~ /^(value|mean|sd|min|max)$/ && !ref $have && defined $have;
                push @wrong, "$i: $name @{[list($have)]}, numpy @{[list($w->{$name})]}"
                    unless alike($have, $w->{$name});
            }
        }
        is_deeply(\@wrong, [], "$file: as numpy");
        $compared++;
    }
    close $to;
    waitpid $pid, 0;
    cmp_ok($compared, '>=', 15, 'images compared with numpy');
}

# --- the answer's shape ---

my $ct = 'seg-rt/phantom-ct-1.dcm';
my $base = url($ct) . '/frames/1/values';

my $v = values_of($ct, 1, 'rectangle=100,100,10,10&point=3.9,4&rectangle=200.2,200,4,1&histogram=4,-1100,100');
is_deeply([map { (grep { /point|rectangle/ } keys %$_)[0] } @{$v->{results}}],
    [qw(rectangle point rectangle)], 'results come in the order asked');
is_deeply($v->{results}[0]{rectangle}, [100, 100, 10, 10], 'and say what was asked');
is($v->{results}[2]{count}, 4, 'pixels whose centres are inside');
my $h = $v->{results}[0]{histogram};
my $in = 0;
$in += $_ for @{$h->{counts}};
is($in + $h->{below} + $h->{above}, 100, 'the histogram has every pixel');
is_deeply([@$h{qw(min max)}, scalar @{$h->{counts}}], [-1100, 100, 4], 'and the range asked for');
$v = values_of($ct, 1, 'rectangle=-10,-10,2,2')->{results}[0];
is_deeply([$v->{count}, $v->{mean}, $v->{area}], [0, undef, 0], 'a region outside has no pixels');

# --- ultrasound regions that reach out of the image are of another one ---

# as an image of its own, with that edge of its regions
sub with_edge {
    my ($n, $element, $value) = @_;
    my $data = Pacs::slurp("$S/us/esaote-ybr422-native.dcm");
    my ($uid) = $data =~ /\x08\x00\x18\x00UI..([0-9.]+)/s;
    my $other = $uid;
    substr($other, -2) = sprintf '%02d', $n;
    $data =~ s/\Q$uid\E/$other/g;
    $data =~ s/(\x18\x00\Q$element\E\x60UL\x04\x00)..../$1 . pack('V', $value)/gse or die 'no regions';
    my $file = "$p->{home}/edge-$n.dcm";
    open my $f, '>:raw', $file or die "$file: $!";
    print $f $data;
    close $f;
    my $ref = json($p->stow([$file])->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0];
    $ref =~ s{^https?://[^/]*}{};
    my $v = json($p->get("$ref/frames/1/values?ellipse=400,249.8,160,83.2,30")->{content});
    return $v->{results}[0];
}

is(with_edge(11, "\x1c", 799)->{spacing}{source}, 'SequenceOfUltrasoundRegions', 'a region to the last column');
is(with_edge(12, "\x1c", 800)->{spacing}{source}, 'SequenceOfUltrasoundRegions', 'or to the column after it');

for ([13, "\x1c", 801, 'to the right'], [14, "\x1e", 100000, 'below'], [15, "\x1c", 4294967295, 'far'],
     [16, "\x18", 4294967295, 'and begins there'])
{
    my ($n, $element, $value, $what) = @$_;
    my $r = with_edge($n, $element, $value);
    is_deeply([$r->{spacing}{source}, $r->{area}], ['none', undef], "a region that reaches out $what has no scale");
}

my $r = $p->get("$base?point=1,1");
is($r->{headers}{'content-type'}, 'application/json', 'JSON');
is($p->get("$base?point=1,1", 'If-None-Match' => $r->{headers}{etag})->{status}, 304, 'ETag');
isnt($p->get("$base?point=2,1")->{headers}{etag}, $r->{headers}{etag}, 'of the question too');
my $head = $p->http('HEAD', "$base?point=1,1");
is_deeply([$head->{status}, $head->{headers}{'content-length'}, $head->{content} // ''],
    [200, length $r->{content}, ''], 'HEAD');
is($p->http('PUT', "$base?point=1,1")->{status}, 405, 'PUT');
is($p->get("$base?point=1,1", Accept => 'image/png')->{status}, 406, 'no picture');

# --- refusals, each with its reason ---

for (
    ['', 400, qr/nothing to measure/],
    ['point=512,0', 400, qr/outside/],
    ['point=0,512', 400, qr/outside/],
    ['point=-0.1,0', 400, qr/outside/],
    ['point=nan,0', 400, qr/finite/],
    ['point=1', 400, qr/must be x,y/],
    ['point=1,2,3', 400, qr/must be x,y/],
    ['point=', 400, qr/finite/],
    ['point=1e400,0', 400, qr/finite/],
    ['rectangle=0,0,0,5', 400, qr/above 0/],
    ['rectangle=0,0,-5,5', 400, qr/above 0/],
    ['rectangle=0,0,inf,5', 400, qr/finite/],
    ['rectangle=0,0,1e308,5', 400, qr/beyond 1000000/],
    ['ellipse=5,5,0,3', 400, qr/above 0/],
    ['ellipse=5,5,3', 400, qr/must be cx,cy/],
    ['polygon=1,1,2,2', 400, qr/must be x1,y1/],
    ['polygon=1,1,2,2,3', 400, qr/must be x1,y1/],
    ['polygon=1,1,2,2,3,3,4', 400, qr/must be x1,y1/],
    ['point=1,1&histogram=0', 400, qr/bins/],
    ['point=1,1&histogram=1.5', 400, qr/bins/],
    ['point=1,1&histogram=4097', 400, qr/bins/],
    ['point=1,1&histogram=4,5,5', 400, qr/below max/],
    ['point=1,1&histogram=4,-1e308,1e308', 400, qr/below max/],
    ['point=1,1&histogram=4&histogram=4', 400, qr/twice/],
) {
    my ($query, $status, $reason) = @$_;
    my $r = $p->get("$base?$query");
    ok($r->{status} == $status && $r->{content} =~ $reason, "$query: $status") or diag $r->{content};
}

my $many = join ',', map { $_ % 512 } 1 .. 2 * 800;
is($p->get("$base?polygon=$many")->{status}, 200, 'a polygon of 800 points');

# --- in a form: what is too long for a URL ---

sub post {
    my ($query, $body, %headers) = @_;
    return $p->http('POST', $base . $query, { content => $body,
        headers => { 'Content-Type' => 'application/x-www-form-urlencoded', %headers } });
}
my $corners = 10000;
my @circle = map { my $t = 6.283185307179586 * $_ / $corners; map { sprintf '%.3f', $_ } 256 + 100 * cos $t, 230 + 80 * sin $t }
    0 .. $corners - 1;
$r = post('', 'polygon=' . join('%2C', @circle) . '&ellipse=256,230,100,80');
is($r->{status}, 200, "a polygon of $corners points in a form") or diag substr $r->{content}, 0, 300;
my $both = json($r->{content})->{results};
ok(abs($both->[0]{count} - $both->[1]{count}) < 5, '... measures what an ellipse does');
$r = post('?point=3,4', 'point=5,6&a+b=c', 'Content-Type' => 'Application/X-WWW-Form-URLencoded; charset=utf-8');
is(json($r->{content})->{results}[1]{point}[1], 6, 'parameters of the URL come first');
like($r->{headers}{warning}, qr/: a b"/, '... and a + is a blank');
is(post('', 'polygon=' . join ',', @circle, 1, 1)->{status}, 413, 'more points than roi_points');
is(post('', join '&', map { "point=$_,1" } 1 .. 101)->{status}, 413, 'more points than query_keys');
is(post('', 'point=1,1', 'Content-Type' => 'text/plain')->{status}, 415, 'another type is none');
is(post('', 'point=1,1', 'Content-Encoding' => 'gzip')->{status}, 415, '... nor one that is coded');
is(post('', 'point=%zz')->{status}, 400, 'a bad escape');
is(post('', '')->{status}, 400, 'an empty form');
is($p->http('POST', url($ct) . '/frames/1/rendered', { content => 'quality=3',
    headers => { 'Content-Type' => 'application/x-www-form-urlencoded' } })->{status}, 405, '... not of /rendered');

# --- what nobody knows is told ---

for (['values?point=1,1&window=40,400,linear', 'window'], ['rendered?rotation=90&Flip=horizontal', 'rotation, Flip'],
    ['thumbnail?annotation=patient', 'annotation']) {
    my ($what, $names) = @$_;
    $r = $p->get(url($ct) . "/frames/1/$what");
    is($r->{status}, 200, $what);
    like($r->{headers}{warning} // '', qr/^299 \S+ ".*: \Q$names\E"$/, '... a warning');
}
is($p->get(url($ct) . '/frames/1/rendered?quality=50&viewport=64,64')->{headers}{warning}, undef, '... nothing else is');

for (['frames/0', 400], ['frames/2', 404], ['frames/4294967296', 400], ['frames/1,2', 400]) {
    my ($frame, $status) = @$_;
    my $r = $p->get(url($ct) . "/$frame/values?point=1,1");
    ok($r->{status} == $status && json($r->{content})->{reason}, "$frame: $status");
}
(my $nobody = $base) =~ s{/instances/[^/]*}{/instances/1.2.3};
is($p->get("$nobody?point=1,1")->{status}, 404, 'an instance that is not there');
isnt($p->get(url('seg-rt/phantom-rtstruct.dcm') . '/frames/1/values?point=1,1')->{status}, 200,
    'no pixels, no values');

# --- the limits ---

$p->stop('nginx', 'QUIT');
$p->{conf_http} = 'pacs_limit_roi_points 4; pacs_limit_render_area 1000;';
$p->start_nginx;
for (['polygon=1,1,2,2,3,3,4,4,5,6', qr/roi_points/], ['rectangle=0,0,40,40', qr/render_area/],
    ['rectangle=0,0,30,30&rectangle=0,0,30,30', qr/render_area/]) {
    my ($query, $reason) = @$_;
    my $r = $p->get("$base?$query");
    ok($r->{status} >= 400 && $r->{status} < 500 && $r->{content} =~ $reason, "$query: over a limit")
        or diag $r->{content};
}

$p->shutdown;
done_testing();
