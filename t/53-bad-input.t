#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every parameter with values of a wrong type, range, encoding, length and
# number; bodies cut anywhere, lied about, of a million parts: 4xx that says
# why, or what is documented; never a 5xx, no worker that ends or grows.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

my $S = samples();
my $pacs = Pacs->new(redis => 0);
my $web = '/dicom-web';
my @slices = (native())[0 .. 9];
is($pacs->stow(\@slices)->{status}, 200, 'a series');
my ($row) = @{$pacs->get_json("$web/instances")};
my ($study, $series, $instance) = map { $row->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
my $i = "$web/studies/$study/series/$series/instances/$instance";
my $x = "$web/studies/$study/series/$series";

# kB of each worker, and who they are
sub workers {
    return { map { my ($kb) = slurp("/proc/$_/status") =~ /VmRSS:\s+(\d+)/; $_ => $kb // 0 }
        grep { slurp("/proc/$_/stat") !~ /\) Z/ } split ' ', slurp("/proc/$pacs->{pids}{nginx}/task/$pacs->{pids}{nginx}/children") };
}

# what is wrong with an answer; '' nothing
sub wrong {
    my ($r) = @_;
    return "status $r->{status} " . substr($r->{content}, 0, 100) if $r->{status} >= 500;
    return 'a header of the client' if exists $r->{headers}{'x-evil'};
    return '' if $r->{status} < 400;
    # nginx's own, of a request that it cannot read
    return '' if $r->{status} == 414 && $r->{content} =~ /nginx/;
    my $reason = eval { json($r->{content})->{reason} } // '';
    return length $reason > 5 ? '' : "no reason: $r->{status} " . substr($r->{content}, 0, 100);
}

my @bad = ('', '%20', 'x', '-1', '-0', '0', '1e400', '-1e400', '1e-400', '99999999999999999999', '18446744073709551616', '2147483648',
    'NaN', 'inf', '0x10', '1.', '.', '+', '%2B', '%00', 'a%00b', '%ff', '%C3', '%ED%A0%80', '%zz', '%', '%4', '%0d%0aX-Evil:%201',
    '..%2f..%2fetc', "';DROP%20TABLE%20study;--", ',', ',,', ',,,,,,,', '1,2,3,4,5,6,7,8,9', '%5C', '*', '?', '*a' x 30, '-', '20209999',
    '20200101-20190101', '99', '%F0%9F%92%A9', '%22', '<script>', '%7B%22a%22:1%7D', 'true,false', 'all,all', '0,0,0,0,0,0', '1e308,1e308,1e308,1e308,1e308,1e308',
    'x' x 5000, '1,' x 2500, '9' x 3000, '(' x 1000, '%25' x 1000);
my %resources = (
    "$web/studies" => [qw(limit offset includefield fuzzymatching emptyvaluematching multiplevaluematching orderby accept PatientName PatientID
        StudyDate StudyTime StudyInstanceUID ModalitiesInStudy AccessionNumber 00100010 0010 00400275.00400009 00081120.00081155 Foo)],
    "$web/series" => [qw(limit Modality SeriesInstanceUID SeriesNumber PerformedProcedureStepStartDate RequestAttributesSequence.ScheduledProcedureStepID)],
    "$web/instances" => [qw(limit offset SOPInstanceUID SOPClassUID InstanceNumber NumberOfFrames Rows includefield)],
    "$web/patients" => [qw(limit PatientName PatientBirthDate)],
    "$i/rendered" => [qw(viewport window quality annotation iccprofile flip rotate region bits accept charset)],
    "$i/frames/1/rendered" => [qw(viewport window quality flip rotate region)],
    "$i/thumbnail" => [qw(viewport window quality accept)],
    "$x/rendered" => [qw(viewport window)],
    "$i/frames/1/values" => [qw(point rectangle ellipse polygon histogram range)],
    "$x/renderedmpr" => [qw(orientation mprslab renderingmethod mproffset mprplane mprcurve grid viewport window volumeinputreference match swivelrange
        animationstepsize animationrate viewpointposition viewpointlookat viewpointup volumetriccurvepoint renderedvolumetricmetadata Modality)],
    "$x/rendered3d" => [qw(preset orientation viewport cut shading renderingmethod swivelrange window)],
    "$x/metadata" => [qw(includefields accept)],
    "$x" => [qw(accept zip)],
    "$i" => [qw(accept)],
    "$i/frames/1" => [qw(accept)],
);
my %wado = (requestType => 'WADO', studyUID => $study, seriesUID => $series, objectUID => $instance);

sub sweep {
    my ($take) = @_;
    my ($n, @wrong) = (0);
    for my $path (sort keys %resources) {
        for my $name (@{$resources{$path}}) {
            for my $v (@bad, 'twice') {
                next if $n++ % $take;
                my $q = $v eq 'twice' ? "$name=1&$name=2" : "$name=$v";
                my $why = wrong(my $r = $pacs->get("$path?$q"));
                push @wrong, substr("$path?$q", -90) . ": $why" if $why ne '';
            }
        }
    }
    for my $name (sort(keys %wado), qw(contentType charset anonymize annotation rows columns region windowCenter windowWidth frameNumber
        imageQuality presentationUID presentationSeriesUID transferSyntax)) {
        for my $v (@bad) {
            next if $n++ % $take;
            my %q = (%wado, $name => $v);
            my $q = join '&', map { "$_=$q{$_}" } sort keys %q;
            my $why = wrong($pacs->get("$web/wado?$q"));
            push @wrong, substr("wado?$q", -90) . ": $why" if $why ne '';
        }
    }
    return ($n, @wrong);
}

my $before = workers();
my ($n, @wrong) = sweep(1);
is_deeply(\@wrong, [], "$n parameters with bad values: an answer, or a reason") or diag join "\n", @wrong;

# what a wrong value may not be: left aside
for my $case (
    ["$web/studies", map { split } 'limit=x limit=-1 limit=1.5 offset=x fuzzymatching=maybe includefield=Foo orderby=Foo',
        'StudyDate=x StudyDate=20209999 StudyTime=99 StudyInstanceUID=x limit=1&limit=2 PatientName=%ff PatientName=%00 PatientName=%zz'],
    ["$i/rendered", map { split } 'viewport=x viewport=1 viewport=-1,-1 viewport=1,2,3 window=x window=1,2 window=1,0,linear quality=0 quality=101',
        'quality=x iccprofile=x flip=x rotate=1 viewport=9,9&viewport=9,9'],
    ["$i/frames/1/values", map { split } "point=x point=1 rectangle=1,2,3 polygon=1,2 histogram=x&point=1,1"],
    ["$x/renderedmpr", qw(orientation=x mprslab=-1 mprslab=x renderingmethod=x mproffset=NaN volumeinputreference=1.2.3)],
    ["$x/rendered3d", qw(preset=x viewport=x swivelrange=x)],
    ["$web/wado", '', 'requestType=x', 'requestType=WADO', "requestType=WADO&studyUID=$study&seriesUID=$series&objectUID=x"],
) {
    my ($path, @queries) = @$case;
    for my $q (@queries) {
        my $r = $pacs->get("$path?$q");
        like($r->{status}, qr/^4(00|04|06)$/, ($path =~ s{.*/}{}r) . "?$q: refused") or diag substr $r->{content}, 0, 200;
    }
}

# --- Accept ---

for my $accept ('', ',', ';', '*', '*/', '/*', '*/*;q=', '*/*;q=2', '*/*;q=x', '*/*;q=0', 'image/jpeg;q=0', 'multipart/related', 'multipart/related;type=',
    'multipart/related; type="', 'multipart/related; type="application/dicom', 'application/dicom; transfer-syntax=x', 'a' x 7000, '*/*,' x 1500,
    'application/dicom+json; charset=x', '"', '\\', 'image/jpeg;;;;', '=;=,=')
{
    my @why = grep { $_ ne '' } map { wrong($pacs->get($_, Accept => $accept)) } "$web/studies", "$x/metadata", "$i", "$i/rendered", "$i/frames/1", "$x/renderedmpr";
    is_deeply(\@why, [], 'Accept: ' . (length $accept > 40 ? length($accept) . ' bytes' : $accept =~ s/[^ -~]/./gr));
}

# --- bodies, cut ---

my ($small) = map { slurp($_) } "$S/charset/chrArab.dcm";
sub post {
    my ($type, $body) = @_;
    return $pacs->http('POST', "$web/studies", { headers => { 'Content-Type' => $type, Accept => 'application/dicom+json' }, content => $body });
}
# a result may be a data set with the reasons in it, or an error with one
sub wrong_body {
    my ($r) = @_;
    return "status $r->{status}" if $r->{status} >= 500;
    return '' if $r->{status} < 300;
    my $a = eval { json($r->{content}) };
    return ref $a eq 'HASH' && (length($a->{reason} // '') > 5 || $a->{'00081198'} || $a->{'0008119A'}) ? '' : "no reason: $r->{status} " . substr($r->{content}, 0, 80);
}
my $part = "--b\r\nContent-Type: application/dicom\r\nContent-Location: x\r\n\r\n";
my $body = "$part$small\r\n$part$small\r\n--b--\r\n";
my $type = 'multipart/related; type="application/dicom"; boundary=b';
my @cuts = grep { my $in = $_ % (length($part) + length($small) + 2); $in < 140 || $in > length($part) + length($small) - 40 || $_ % 97 == 0 || $_ > length($body) - 60 } 0 .. length($body) - 1;
my %said;
for my $cut (@cuts) {
    my $r = post($type, substr $body, 0, $cut);
    my $why = wrong_body($r);
    $why = 'taken for whole' if $why eq '' && $cut < length($body) - 4 && $r->{status} == 200;
    $said{$why}++ if $why ne '';
}
is_deeply(\%said, {}, scalar(@cuts) . ' multipart bodies, cut');

my $json = '[{"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},"00080018":{"vr":"UI","Value":["1.2.3.99"]},'
    . '"0020000D":{"vr":"UI","Value":["1.2.3.97"]},"0020000E":{"vr":"UI","Value":["1.2.3.98"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B"}]},'
    . '"00400275":{"vr":"SQ","Value":[{"00400007":{"vr":"LO","Value":["x"]}}]}}]';
my $xml = '<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
    . '<DicomAttribute tag="00080016" vr="UI"><Value number="1">1.2.840.10008.5.1.4.1.1.7</Value></DicomAttribute></NativeDicomModel>';
my @models = (['application/dicom+json', $json, '[' x 1_000_000, '{"00400275":{"vr":"SQ","Value":[' x 100_000, '"' . 'x' x 5_000_000, '{}', '[]', 'null', '',
        "\xff\xfe", '[1e400]', $json =~ s/1\.2\.3\.99/..\/..\/x/r, ',' x 1_000_000],
    ['application/dicom+xml', $xml, '<!DOCTYPE a [<!ENTITY x "y">]>' . $xml, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' . 'x' x 1000 . '"><!ENTITY b "' . '&a;' x 1000 . '">]><l>' . '&b;' x 1000 . '</l>',
        '<a>' x 100_000, '<NativeDicomModel>' . '<DicomAttribute tag="00400275" vr="SQ"><Item number="1">' x 50_000, '', '<', "\xff\xfe<\0a\0/\0>\0"]);
for my $m (@models) {
    my ($of, $good, @worse) = @$m;
    my %why;
    for my $text (@worse, map({ substr $good, 0, $_ } grep { $_ % 3 == 0 } 0 .. length($good) - 2)) {
        my $t = qq{multipart/related; type="$of"; boundary=b};
        my $r = post($t, "--b\r\nContent-Type: $of\r\n\r\n$text\r\n--b--\r\n");
        my $w = wrong_body($r);
        $w = 'taken: ' . substr($text, 0, 60) if $w eq '' && $r->{status} < 300;
        $why{$w}++ if $w ne '';
    }
    is_deeply(\%why, {}, "$of: cut anywhere, nested, huge, with a DTD and entities");
}

# --- bodies, lied about ---

for my $case (
    ['a million parts', $type, "--b\r\n\r\n\r\n" x 1_000_000 . "--b--\r\n", qr/^4\d\d$/],
    ['a million empty delimiters', $type, "--b\r\n" x 1_000_000, qr/^4\d\d$/],
    ['a part header of 1 MB', $type, "--b\r\nX: " . 'a' x (1 << 20) . "\r\n\r\nx\r\n--b--\r\n", qr/^413$/],
    ['a million header lines', $type, "--b\r\n" . "a:b\r\n" x 1_000_000 . "\r\nx\r\n--b--\r\n", qr/^413$/],
    ['another boundary', $type, $body =~ s/--b/--c/gr, qr/^400$/],
    ['no final boundary', $type, $body =~ s/--b--\r\n$//r, qr/^(400|202)$/],
    ['10 MB of a preamble', $type, 'x' x 10_000_000, qr/^400$/],
    ['a boundary of 71', 'multipart/related; type="application/dicom"; boundary=' . 'b' x 71, $body, qr/^400$/],
    ['an empty boundary', 'multipart/related; type="application/dicom"; boundary=', $body, qr/^400$/],
    ['two boundaries', "$type; boundary=c", $body, qr/^4\d\d|200$/],
    ['a boundary with a line end', qq{multipart/related; type="application/dicom"; boundary="a b?"}, $body, qr/^4\d\d$/],
    ['no type at all', 'x', $body, qr/^415$/],
) {
    my ($what, $t, $text, $status) = @$case;
    my $r = post($t, $text);
    like($r->{status}, $status, "$what: $r->{status}");
    is(wrong_body($r), '', '... with a reason');
}

# --- nothing has grown ---

for my $round (1 .. 2) {
    (undef, @wrong) = sweep(7);
    is_deeply(\@wrong, [], "some of them again: $round");
    $before = workers() if $round == 1;
}
my $after = workers();
is_deeply([sort keys %$after], [sort keys %$before], 'the same workers');
SKIP: {
    skip 'a sanitizer keeps what was freed', 1 if asan();
    my ($most) = sort { $b <=> $a } map { $after->{$_} - ($before->{$_} // 0) } keys %$after;
    cmp_ok($most, '<', 16_384, '... which have not grown');
}
is($pacs->get("$i/rendered")->{status}, 200, 'who comes next is served');
$pacs->shutdown;
done_testing;
