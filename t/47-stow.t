#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# STOW-RS, PS3.18 10.5: points 49 to 52 of the checklist; metadata and bulk
# data as pydicom makes them, compared by pydicom; consumer media.

use strict;
use warnings;

use lib 't/lib';

use File::Path 'make_path';
use File::Temp 'tempdir';
use IO::Socket::INET;
use MIME::Base64 'decode_base64';
use Pacs;
use Test::More;

my $samples = samples();
my $tmp = tempdir(CLEANUP => 1);
my $pacs = Pacs->new(listener => 0);
my @ct = (native())[0 .. 5];
my $python = '/usr/bin/python3';
my $count = 0;

system($python, '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';

sub uid { return sprintf '1.2.826.0.1.3680043.9.7.%d.%d', $$, ++$count }


# parts: [Content-Type, bytes, Content-Location]; the type is of the body
sub body_of {
    my ($type, @parts) = @_;
    my $b = 'edge' . int rand 1e9;

    return (qq{multipart/related; type="$type"; boundary="$b"},
            join('', map {
                "--$b\r\nContent-Type: $_->[0]\r\n"
                . ($_->[2] ? "Content-Location: $_->[2]\r\n" : '')
                . "\r\n$_->[1]\r\n"
            } @parts) . "--$b--\r\n");
}


sub post {
    my ($type, $body, $path, %headers) = @_;

    return $pacs->http('POST', '/dicom-web/studies' . ($path // ''), {
        headers => { 'Content-Type' => $type, %headers }, content => $body
    });
}


sub stow_parts {
    my ($type, $parts, $path, %headers) = @_;

    return post(body_of($type, @$parts), $path, %headers);
}


# what the client made of a file: the parts of one instance
sub client_parts {
    my ($kind, $file, $uid) = @_;
    my $dir = "$tmp/" . ++$count;

    make_path($dir);
    my ($rc, $out) = capture($python, 't/lib/stow_parts.py', $kind, $file,
                             $uid, $dir);
    die "$file: $out" if $rc != 0;

    my @parts = map {
        my ($n, $type, $location) = split /\t/;
        [$type, slurp("$dir/$n"), $location];
    } split /\n/, $out;
    return (["application/dicom+$kind", slurp("$dir/meta")], @parts);
}


sub list { return json($_[0]{content})->{$_[1]}{Value} // [] }

sub url_of { return $_[0]{'00081190'}{Value}[0] }


# the instance as a file, in the syntax it was stored in
sub fetch {
    my ($url, $file) = @_;
    my $r = $pacs->get($url, Accept =>
                       'application/dicom; transfer-syntax=*');

    open my $f, '>:raw', $file or die;
    print $f $r->{content};
    close $f or die;
    return $r->{status};
}


sub same_as {
    my ($file, $reply, $name) = @_;
    my ($stored) = @{list($reply, '00081199')};

    is($reply->{status}, 200, "$name: stored") or diag $reply->{content};
    return if !$stored;
    is(fetch(url_of($stored), "$tmp/got.dcm"), 200, "$name: retrieved");
    my ($rc, $diff) = capture($python, 't/lib/stow_parts.py', 'compare',
                              $file, "$tmp/got.dcm");
    is($diff, '', "$name: the same in meaning");
}


# --- an instance comes back byte by byte ---

for my $file ($ct[0], "$samples/cr-dx/cr-chest-440-mono1.dcm",
              "$samples/ecg-pdf-video/encapsulated-pdf.dcm")
{
    my $r = $pacs->stow([$file]);
    is($r->{status}, 200, 'stored');
    fetch(url_of(list($r, '00081199')->[0]), "$tmp/own.dcm");
    ok(substr(slurp("$tmp/own.dcm"), 128) eq substr(slurp($file), 128),
       'its own syntax: byte-identical after the preamble');
}


# --- metadata and bulk data ---

my %models = (
    'native' => $ct[1],
    'UTF-8' => "$samples/charset/chrX1.dcm",
    'ISO 2022' => "$samples/charset/chrH31.dcm",
    'structured report' =>
        (sort glob("$samples/sr-pr-ko/*sr*.dcm"))[0],
    'JPEG 2000' => "$samples/transfer-syntax/mr-same-image-j2k.dcm",
    'lossless JPEG' => "$samples/xa/dvtk-8f-jpll.dcm",
);

for my $name (sort keys %models) {
    for my $kind (qw(json xml)) {
        my @parts = client_parts($kind, $models{$name}, uid());
        same_as($models{$name},
                stow_parts("application/dicom+$kind", \@parts),
                "$name as $kind");
    }
}

{
    my @parts = client_parts('json', $ct[1], uid());
    my $r = stow_parts('application/dicom+json', [@parts[1 .. $#parts],
                                                  $parts[0]]);
    is($r->{status}, 200, 'bulk data before metadata');

    $r = post('application/dicom+json',
              (client_parts('json', "$samples/charset/chrFren.dcm",
                            uid()))[0][1]);
    is($r->{status}, 409, 'metadata alone, which refer to bulk data');
    like($r->{content}, qr/no part of the request has the Content-Location/,
         '... says so');

    # three instances in one array: good, bad value, good
    my @json = map { (client_parts('json', $_, uid()))[0][1] } ($ct[1]) x 3;
    s/^\[|\]$//g for @json;
    $json[1] =~ s/("00280010": \{"Value": )\[\d+\]/$1\[-1]/;
    $r = stow_parts('application/dicom+json',
        [['application/dicom+json', '[' . join(',', @json) . ']'],
         @parts[1 .. $#parts]]);
    is($r->{status}, 202, 'point 49: two of three are stored: 202');
    is(@{list($r, '00081199')}, 2, '... and told');
    like($r->{content}, qr/00280010: .*-1.* is no value of VR US/,
         '... and the value that was wrong');

    $r = stow_parts('application/dicom+json',
                    [$parts[0], @parts[1 .. $#parts],
                     ['application/octet-stream', 'x', 'nobody']]);
    is($r->{status}, 202, 'a part that nothing refers to: a warning');
    like($r->{headers}{warning}, qr/^299 \S+ ".*Content-Location/,
         'point 50: Warning by RFC 7234 5.5');
}

is(post('application/dicom+json', '[{"00080018":')->{status}, 400,
   'point 49: bad syntax of JSON: 400');
is(post('application/dicom+json', ('[' x 1_000_000))->{status}, 400,
   'JSON a million deep');
is(post('application/dicom+json', ('{"00400275":{"vr":"SQ","Value":['
        x 100_000))->{status}, 400, 'items a hundred thousand deep, cut');
is(post('application/dicom+json', '{"00400275":{"vr":"SQ","Value":['
        x 1000 . ']}}' x 1000)->{status}, 409, 'items a thousand deep');
is(post('application/dicom+xml', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
   ->{status}, 400, 'point 49: a DOCTYPE: 400');
is(post('application/dicom+xml', '<NativeDicomModel/>')->{status}, 409,
   'a data set that is nobody');


# --- consumer media ---

sub metadata {
    my (%more) = @_;
    my %set = (
        '00080018' => ['UI', uid()], '0020000D' => ['UI', '1.2.3.47'],
        '0020000E' => ['UI', '1.2.3.47.1'], '00100020' => ['LO', 'STOW'],
        %more
    );

    return '{' . join(',', map {
        my ($vr, $v, $bulk) = @{$set{$_}};
        qq("$_":{"vr":"$vr",) . ($bulk ? qq("BulkDataURI":"$bulk"})
            : '"Value":[' . ($vr =~ /^(US|IS)$/ ? $v : qq("$v")) . ']}');
    } sort keys %set) . '}';
}

sub media {
    my ($type, $bytes, %more) = @_;
    my $r = stow_parts('application/dicom+json', [
        ['application/dicom+json', metadata(%more)],
        map { [$type, $_, 'x'] } ref $bytes ? @$bytes : $bytes
    ]);
    my ($stored) = $r->{status} == 200 ? @{list($r, '00081199')} : ();
    my $set = $stored ? $pacs->get_json(url_of($stored) . '/metadata')->[0]
                      : {};
    return ($r, $set, $stored ? url_of($stored) : undef);
}

sub value { return $_[0]{$_[1]}{Value}[0] }

my $jpeg = $pacs->get(url_of(list($pacs->stow([$ct[0]]), '00081199')->[0])
                      . '/rendered', Accept => 'image/jpeg')->{content};
my @pixels = ('7FE00010' => ['OB', '', 'x']);

{
    my ($r, $set, $url) = media('image/jpeg', $jpeg, @pixels);
    is($r->{status}, 200, 'a JPEG') or diag $r->{content};
    cmp_ok(value($set, '00280010'), '>', 100, '... has its rows');
    is(value($set, '00080060'), 'XC', '... is a photograph');
    is(value($set, '00282110'), '01', '... and lossy');
    is($pacs->get("$url/frames/1", Accept => 'multipart/related; '
                  . 'type="image/jpeg"')->{status}, 200, '... has a frame');
    my $frame = $pacs->parts($pacs->get("$url/frames/1", Accept =>
        'multipart/related; type="image/jpeg"'))->[0];
    ok(($frame->{body} // $frame->[1] // '') =~ /^\Q$jpeg\E\0?$/s,
       '... which is the JPEG as it came');
    is($pacs->get("$url/rendered", Accept => 'image/jpeg')->{status}, 503,
       '... rendered: by pacs-codec only');

    ($r, $set) = media('image/jpeg', [$jpeg, $jpeg], @pixels);
    is(value($set, '00280008'), 2, 'two JPEGs of one name: two frames');

    ($r) = media('image/jpeg', $jpeg, @pixels, '00280010' => ['US', 7]);
    is($r->{status}, 409, 'Rows that are not the picture\'s');
    like($r->{content}, qr/Rows is 7 in the metadata/, '... are named');

    ($r) = media('image/jpeg', substr($jpeg, 0, 20), @pixels);
    is($r->{status}, 409, 'a JPEG cut short');
    ($r) = media('image/png', "\x89PNG\r\n\x1a\n", @pixels);
    is($r->{status}, 409, 'point 49: a PNG that is none: 409');
    ($r) = media('image/bmp', 'BM', @pixels);
    is($r->{status}, 415, 'point 49: a picture of another type: 415');
    ($r) = media('image/jp2; transfer-syntax=1.2.840.10008.1.2.4.50', $jpeg,
                 @pixels);
    is($r->{status}, 415, 'a syntax of another type: 415');
}

{
    my ($r, $set) = media('image/jpeg', $jpeg, @pixels,
        '00080016' => ['UI', ''], '00080060' => ['CS', '']);
    is($r->{status}, 200, 'a SOP class that is empty is as one that is not'
       . ' there') or diag $r->{content};
    is(value($set, '00080060'), 'XC', '... the modality, too');
}

my @document = ('00420011' => ['OB', '', 'x']);

{
    my ($r) = media('application/pdf', ['%PDF-1.4 a', '%PDF-1.4 b'],
                    @document);
    is($r->{status}, 409, 'two documents of one Content-Location');
    like($r->{content}, qr/several parts .* Content-Location x/, '... is why');
    ($r) = media('application/octet-stream', ['ab', 'cd'], @document);
    is($r->{status}, 409, '... octets, too');
}

for (['application/pdf', '%PDF-1.4 odd', '104.1', 'DOC'],
     ['text/xml', '<ClinicalDocument/>', '104.2', 'DOC'],
     ['model/stl', 'solid x', '104.3', 'M3D'])
{
    my ($type, $bytes, $class, $modality) = @$_;
    my ($r, $set, $url) = media($type, $bytes, @document);

    is($r->{status}, 200, $type) or diag $r->{content};
    is(value($set, '00080016'), "1.2.840.10008.5.1.4.1.1.$class",
       '... its SOP class');
    is(value($set, '00080060'), $modality, '... its modality');
    is(value($set, '00420012'), $type, '... its MIME type');
    is(value($set, '00420015'), length $bytes, '... its length');
    is(substr(decode_base64($set->{'00420011'}{InlineBinary} // ''), 0,
              length $bytes), $bytes, '... itself');
}

{
    my ($r, $set) = media('video/mp4', 'x' x 1001, @pixels,
        '00280010' => ['US', 480], '00280011' => ['US', 640],
        '00280008' => ['IS', 25]);
    is($r->{status}, 200, 'MP4') or diag $r->{content};
    is(value($set, '00280004'), 'YBR_PARTIAL_420', '... its colour space');
    ($r) = media('video/mp4', 'x' x 1001, @pixels);
    is($r->{status}, 409, 'MP4 without rows');
}


# --- points 49 to 52 ---

{
    my $new = $pacs->stow([$ct[2]]);
    my $answer = json($new->{content});

    is($new->{status}, 200, 'point 49: all stored: 200');
    ok(!exists $answer->{'00081198'},
       'point 50: no FailedSOPSequence where none failed');
    ok(!exists $answer->{'0008119A'}, '... nor OtherFailuresSequence');
    ok($answer->{'00081199'}{vr} eq 'SQ', '... ReferencedSOPSequence it is');
    is(scalar(grep { /^0000/ } keys %$answer), 0, '... no group 0000');
    like(url_of($answer), qr{^http://127.0.0.1:\d+/dicom-web/studies/[\d.]+$},
         '... RetrieveURL of the study');
    like($answer->{'00081199'}{Value}[0]{'00081150'}{Value}[0], qr/^1\.2\.840/,
         '... the SOP class');

    is($pacs->stow([$ct[2]])->{status}, 200,
       'point 51: the same again is success');

    my $bad = "$tmp/bad.dcm";
    open my $f, '>:raw', $bad or die;
    print $f substr slurp($ct[3]), 0, 3000;
    close $f;
    my $r = $pacs->stow([$bad, $ct[3]]);
    is($r->{status}, 202, 'point 49: one of two: 202');
    is(@{list($r, '00081199')}, 1, '... the one');
    is(@{list($r, '00081198')} + @{list($r, '0008119A')}, 1,
       'point 50: one item for a failure');
    is($pacs->stow([$bad])->{status}, 409, 'point 49: none: 409, with a body');

    $r = post('text/plain', 'x');
    is($r->{status}, 415, 'point 49: 415');
    $r = post('multipart/related; type="application/dicom"; boundary=b', 'x');
    is($r->{status}, 400, 'point 49: no part: 400');

    my ($study) = $new->{content} =~ m{/studies/([\d.]+)/series};
    $r = $pacs->stow([$ct[4], "$samples/charset/chrFren.dcm"], "/$study");
    is($r->{status}, 202, 'point 51: a foreign one fails');
    is(list($r, '00081198')->[0]{'00081197'}{Value}[0], 0xA901,
       '... by A901 (43265)');
    is(@{list($r, '00081199')}, 1, '... and the other is stored');

    my ($type, $body) = multipart(slurp($ct[4]));
    $r = post($type, $body, '', Accept => 'application/dicom+xml');
    is($r->{headers}{'content-type'}, 'application/dicom+xml',
       'the answer as XML');
    like($r->{content}, qr{tag="00081199" vr="SQ" keyword="Ref\w+">\n<Item },
         '... is');
    is(post($type, $body, '', Accept => 'image/png')->{status}, 406,
       '... as a picture: 406');
}

{
    my $dcm = slurp($ct[5]);
    my $crlf = substr($dcm, 0, 132) . substr $dcm, 132;
    my $r = post('application/dicom; transfer-syntax=1.2.840.10008.1.2.1',
                 $crlf);
    is($r->{status}, 200, 'point 52: one instance, Content-Type with a '
       . 'parameter');

    $r = post('multipart/related;type=application/dicom;boundary=b',
              "--b\r\nContent-Type: application/dicom;transfer-syntax=*\r\n"
              . "\r\n$dcm\r\n--b--");
    is($r->{status}, 200, 'point 52: unquoted, no line end at the end');

    $r = post('multipart/related; type="application/dicom"; boundary=b',
              "--b\r\nContent-Type: application/dicom\r\n\r\n$dcm\r\n--b\r\n"
              . "Content-Type: application/dicom\r\n\r\n\r\n--b--\r\n");
    is($r->{status}, 202, 'point 52: a part of 0 bytes costs itself');

    $r = post('multipart/related; type="application/dicom"; boundary=b',
              "--b\r\n--b\r\nContent-Type: application/dicom\r\n\r\n$dcm"
              . "\r\n--b--\r\n");
    cmp_ok($r->{status}, '<', 500, 'point 52: a boundary twice');

    $r = post('multipart/related; type="application/dicom"; boundary=b',
              "--b\r\nContent-Type: application/dicom\r\n\r\n$dcm\r\n--b\r\n"
              . "Content-Type: application/dicom\r\n\r\n$dcm");
    is($r->{status}, 202, 'point 52: no final boundary: what was whole stays');
    like($r->{headers}{warning}, qr/without the final boundary/, '... warned');

    # a preamble that is a program
    my $file = "$samples/charset/chrGreek.dcm";
    $r = post('application/dicom', 'MZ' . 'x' x 126 . substr slurp($file),
              128);
    is($r->{status}, 200, 'point 52: a preamble that is not zero');
    fetch(url_of(list($r, '00081199')->[0]), "$tmp/p.dcm");
    ok(substr(slurp("$tmp/p.dcm"), 0, 128) eq "\0" x 128,
       '... is zero in the answer');
    ok(substr(slurp("$tmp/p.dcm"), 128) eq substr(slurp($file), 128),
       '... and the rest as it came');

    # chunks, and 100-continue
    my ($type, $body) = multipart($dcm);
    my @pieces = unpack '(a5000)*', $body;
    $r = $pacs->http('POST', '/dicom-web/studies', {
        headers => { 'Content-Type' => $type },
        content => sub { shift @pieces }
    });
    is($r->{status}, 200, 'point 52: chunked');

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$pacs->{port}");
    print $s "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: "
        . "$type\r\nContent-Length: " . length($body)
        . "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    like(scalar <$s>, qr{^HTTP/1.1 100}, 'point 52: 100-continue');
    <$s>;
    print $s $body;
    like(scalar <$s>, qr{^HTTP/1.1 200}, '... and then the answer');

    # 200 MB: the body is never in memory
    my $edge = 'long';
    my $left = 200;
    my $worker = sub {
        my $most = 0;
        for my $pid (Pacs::descendants($pacs->{pids}{nginx})) {
            my ($kb) = slurp("/proc/$pid/status") =~ /VmHWM:\s+(\d+)/;
            $most = $kb if ($kb // 0) > $most;
        }
        return $most;
    };
    my $before = $worker->();
    my @head = ("--$edge\r\nContent-Type: application/dicom+json\r\n\r\n"
        . metadata('7FE00010' => ['OW', '', 'x'])
        . "\r\n--$edge\r\nContent-Type: application/octet-stream\r\n"
        . "Content-Location: x\r\n\r\n");
    my @tail = ("\r\n--$edge--\r\n");
    my $mb = 'y' x (1 << 20);
    $r = $pacs->http('POST', '/dicom-web/studies', {
        headers => { 'Content-Type' => 'multipart/related; type='
                     . qq("application/dicom+json"; boundary=$edge) },
        content => sub {
            return shift @head if @head;
            return $left-- > 0 ? $mb : shift @tail;
        }
    });
    is($r->{status}, 409, 'point 52: 200 MB, without a SOP class')
        or diag $r->{content};
    my $grown = ($worker->() - $before) >> 10;
    note "the largest worker grew by $grown MB";
    cmp_ok($grown, '<', asan() ? 200 : 40, '... not in the memory of a worker');
}

done_testing;
