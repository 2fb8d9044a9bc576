#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Softcopy presentation states in pictures (PS3.3 A.33, PS3.4 N.2, PS3.18
# 8.3.5, 9.5.1.2.7): as DCMTK renders them, and by arithmetic where it does
# not; what is refused, and that nothing is ever shown by half.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use Pacs;
use Test::More;

my $python = '/usr/bin/python3';
system("$python -c 'import pydicom, numpy, PIL' 2>/dev/null") == 0
    or plan skip_all => 'no pydicom, numpy or PIL for /usr/bin/python3';
plan skip_all => 'no dcmp2pgm' unless have('dcmp2pgm');

my $dir = tempdir('pacs-state-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $pacs = Pacs->new(redis => 0, listener => 0, conf_http => 'pacs_delete on;');
my $web = '/dicom-web';
my $study = '1.2.826.0.1.3680043.8.498.45.1';

sub py {
    my ($rc, $out) = capture($python, '-W', 'ignore', 't/lib/presentation.py', @_);
    diag($out) if $rc;
    chomp $out;
    return $out;
}

sub save {
    my ($bytes, $name) = @_;
    open my $f, '>:raw', "$dir/$name" or die $!;
    print $f $bytes;
    close $f;
    return "$dir/$name";
}

# the URI service's request for a case
sub uri {
    my ($case, %more) = @_;
    my %p = (requestType => 'WADO', studyUID => $study, seriesUID => $case->{series}, objectUID => $case->{instance},
        frameNumber => $case->{frame}, contentType => 'image/png', presentationSeriesUID => $case->{state_series},
        presentationUID => $case->{state}, %more);
    delete @p{grep { !defined $p{$_} } keys %p};
    return "$web/wado?" . join('&', map { "$_=$p{$_}" } sort keys %p) . $case->{query};
}

py('make', $dir);
my $cases = json(slurp("$dir/cases.json"));
my @files = glob "$dir/*.dcm";
is($pacs->stow(\@files)->{status}, 200, 'images and states are stored');


# --- pictures ---

my %case = map { $_->{name} => $_ } @$cases;
my @compared = grep { $_->{compare} } @$cases;
for my $case (@compared) {
    my $r = $pacs->get(uri($case));
    is($r->{status}, 200, "$case->{name}: a picture") or diag substr $r->{content}, 0, 300;
    save($r->{content}, "$case->{name}.png") if $r->{status} == 200;
}
my %said = map { /^(\S+) (.*)/ ? ($1, $2) : () } split /\n/, py('check', $dir);
for my $case (@compared) {
    is($said{$case->{name}}, 'ok', "$case->{name}: as by $case->{compare}");
}

# --- what is refused ---

my $hostile = 0;
for my $case (grep { $_->{refused} } @$cases) {
    my $r = $pacs->get(uri($case));
    $hostile++;
    ok($r->{status} == $case->{status} && $r->{content} =~ /$case->{refused}/, "refused: $case->{refused}")
        or diag "$r->{status} $r->{content}";
}
cmp_ok($hostile, '>', 45, 'states that are refused');

sub refused {
    my ($what, $url, $status, $reason) = @_;
    my $r = $pacs->get($url);
    ok($r->{status} == $status && $r->{content} =~ $reason, $what) or diag "$r->{status} $r->{content}";
}

my $c = $case{area};
refused("$_->[0] does not go with a state", uri($c, @$_[1 .. $#$_]), 400, qr/$_->[0] does not go/)
    for ['annotation', annotation => 'patient'], ['window', windowCenter => 40, windowWidth => 400],
        ['region', region => '0,0,0.5,0.5'];
refused('a state for a state', uri($c, seriesUID => $c->{state_series}, objectUID => $c->{state}), 400,
    qr/is a presentation state itself/);
refused('presentationUID alone', uri($c, presentationSeriesUID => undef), 400, qr/go together/);
refused('a state that there is not', uri($c, presentationUID => '1.2.3'), 404, qr/./);
refused('an image for a state', uri($c, presentationSeriesUID => $c->{series}, presentationUID => $c->{instance}),
    406, qr/is no presentation state/);
refused('an image that the state does not refer to', uri($c, objectUID => $case{'plain-byte'}{instance}), 400,
    qr/does not refer to this instance/);
refused('a frame that the state does not refer to', uri($case{'refers-frames'}, frameNumber => 3), 400,
    qr/does not refer to frame 3/);
refused('not with an instance', uri($c, contentType => 'application/dicom', frameNumber => undef), 400,
    qr/not for application.dicom/);

# --- a state as the target, WADO-RS ---

sub target { my ($name, $rest) = @_; "$web/studies/$study/series/$case{$name}{state_series}/instances/$case{$name}{state}/$rest" }

my %png = (Accept => 'image/png');
my $r = $pacs->get(target('area', 'rendered'), %png);
is($r->{status}, 200, 'a state is rendered');
is($r->{content}, slurp("$dir/area.png"), '... as the image that it refers to');
$r = $pacs->get(target('area', 'rendered?viewport=50,50'), %png);
is($r->{status}, 200, '... in a viewport');
like($r->{headers}{'content-type'}, qr{^image/png}, '... as a picture');
refused("$_->[0] does not go with a state as the target", target('area', "rendered?$_->[1]"), 400, qr/$_->[0] does not go/)
    for ['window', 'window=1,2,linear'], ['annotation', 'annotation=patient'], ['region', 'viewport=9,9,0,0,5,5'],
        ['rotate', 'rotate=90'], ['flip', 'flip=vertical'], ['bits', 'bits=16'];
refused('a state has no frames', target('area', 'frames/1/rendered'), 404, qr/no frames/);
refused('a blending state', target('no-' . (grep { ($cases->[$_]{refused} // '') =~ /^blending/ } 0 .. $#$cases)[0], 'rendered'),
    406, qr/blending/);
refused('an image that is not here', target('refers-away', 'rendered'), 406, qr/is not here/);
refused('an image in another series', target('refers-elsewhere', 'rendered'), 406, qr/is not here/);

sub parts {
    my ($name, $type) = @_;
    my $r = $pacs->get(target($name, 'rendered'), Accept => "multipart/related; type=\"$type\"");
    return $r, $r->{status} == 200 ? @{ $pacs->parts($r) } : ();
}
($r, my @parts) = parts('refers-two', 'image/png');
is($r->{status}, 200, 'two images') or diag $r->{content};
is(scalar @parts, 2, '... in two parts');
for my $part (@parts) {
    my ($url) = $part->{head} =~ m{^Content-Location: https?://[^/]+(.*?)\r?$}m;
    is($pacs->get($url . '&contentType=image/png')->{content}, $part->{body}, '... each is where it says');
}
($r) = parts('refers-two-one-away', 'image/png');
is($r->{status}, 406, 'one of two is not here: none is shown');
like($r->{content}, qr/is not here/, '... and why');
($r, @parts) = parts('refers-frames', 'image/png');
is(scalar @parts, 2, 'the frames that the state refers to');
$r = $pacs->get(target('refers-frames', 'rendered'), Accept => 'image/gif');
is($r->{status}, 200, '... as an animation');
$r = $pacs->get(target('refers-two', 'thumbnail'), Accept => 'image/jpeg');
is($r->{status}, 200, 'a thumbnail of a state');

# --- those of others ---

SKIP: {
    my $S = "$Pacs::SAMPLES/sr-pr-ko";
    skip 'no samples: ' . ($Pacs::SAMPLES // ''), 3 unless -e "$S/roi-real01.pr.dcm";

    for my $name (map { "roi-real0$_" } 1 .. 3) {
        my $q = json($pacs->stow(["$S/$name.dcm", "$S/$name.pr.dcm"])->{content})->{'00081199'}{Value};
        my ($url) = $q->[1]{'00081190'}{Value}[0] =~ m{^https?://[^/]+(.*)};
        my $r = $pacs->get("$url/rendered", %png);
        is($r->{status}, 200, "$name is rendered") or diag $r->{content};
    }
}

# --- pictures of the past ---

$r = $pacs->get(uri($c));
my $etag = $r->{headers}{etag};
ok($etag, 'a picture has an ETag');
is($pacs->get(uri($c), 'If-None-Match' => $etag)->{status}, 304, '... which holds');
isnt($pacs->get(uri($c, presentationUID => $case{'area-around'}{state}))->{headers}{etag}, $etag, '... for this state');
isnt($pacs->get(uri($c, presentationUID => undef, presentationSeriesUID => undef))->{headers}{etag}, $etag,
    '... and not for none');
is($pacs->http('DELETE', target('area', '') =~ s{/$}{}r)->{status}, 204, 'the state is deleted');
isnt($pacs->get(uri($c), 'If-None-Match' => $etag)->{status}, 304, '... and its picture is no more');
refused('... which is said', uri($c), 410, qr/./);

$pacs->shutdown;
done_testing;
