#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Non-patient instances, PS3.18 chapter 12: stored by HTTP, C-STORE and
# import, retrieved, searched, and still there after a reindex.

use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Pacs;
use Test::More;

my $pacs = Pacs->new(redis => 0);
my $web = '/dicom-web';
my $tmp = "$pacs->{home}/tmp";
my $json = JSON::PP->new->utf8->canonical;
my $next = 0;
sub uid { return '1.2.826.0.1.3680043.97.' . $$ . '.' . ++$next }

# by pydicom: one of each category, some with bulk data
sub make {
    my ($class, $uid, $label, $syntax) = @_;
    my $path = "$tmp/$uid.dcm";
    my ($rc, $out) = capture('/usr/bin/python3', '-c', <<'PY', $path, $class, $uid, $label, $syntax // '1.2.840.10008.1.2.1');
import sys, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
path, cls, uid, label, syntax = sys.argv[1:]
d = Dataset(); d.SpecificCharacterSet = 'ISO_IR 100'; d.SOPClassUID = cls; d.SOPInstanceUID = uid
d.ContentLabel = label; d.ContentDescription = 'für alle'; d.ContentCreatorName = 'Müller^Ada'
if cls.endswith('38.1'):
    d.HangingProtocolName = label; d.HangingProtocolLevel = 'SITE'; d.NumberOfPriorsReferenced = 1
    i = Dataset(); i.Modality = 'CT'; i.Laterality = ''; d.HangingProtocolDefinitionSequence = Sequence([i])
else:
    d.RedPaletteColorLookupTableDescriptor = [256, 0, 8]
    d.RedPaletteColorLookupTableData = bytes(range(256)) * 16
m = FileMetaDataset(); m.TransferSyntaxUID = syntax; m.MediaStorageSOPClassUID = cls; m.MediaStorageSOPInstanceUID = uid
d.file_meta = m; d.is_little_endian = True; d.is_implicit_VR = syntax == '1.2.840.10008.1.2'
d.save_as(path, write_like_original=False)
PY
    $rc == 0 or die $out;
    return $path;
}
sub post {
    my ($name, $type, $body, %headers) = @_;
    return $pacs->http(POST => "$web/$name", { headers => { 'Content-Type' => $type, %headers }, content => $body });
}
sub bytes { return substr slurp($_[0]), 128 }

my %class = ('color-palettes' => '1.2.840.10008.5.1.4.39.1', 'defined-procedure-protocols' => '1.2.840.10008.5.1.4.1.1.200.1',
    'hanging-protocols' => '1.2.840.10008.5.1.4.38.1', 'implant-templates' => '1.2.840.10008.5.1.4.43.1',
    inventories => '1.2.840.10008.5.1.4.1.1.201.1', 'protocol-approvals' => '1.2.840.10008.5.1.4.1.1.200.3');
my (%file, %uid);
for my $name (sort keys %class) {
    is($pacs->get("$web/$name")->{content}, "[]\n", "$name: none yet");
    $uid{$name} = uid();
    $file{$name} = make($class{$name}, $uid{$name}, uc "$name 1");
    my $r = post($name, 'application/dicom', slurp($file{$name}));
    is($r->{status}, 200, "$name: stored") or diag $r->{content};
    my $done = json($r->{content})->{'00081199'}{Value}[0];
    is($done->{'00081190'}{Value}[0], $pacs->url("$web/$name/$uid{$name}"), '... says where it is');
    $r = $pacs->get("$web/$name/$uid{$name}", Accept => 'application/dicom');
    is($r->{status}, 200, "$name: retrieved") or diag $r->{content};
    ok(substr($r->{content}, 128) eq bytes($file{$name}), '... byte by byte');
    is(post($name, 'application/dicom', slurp($file{$name}))->{status}, 200, '... the same again is success');
    is(scalar @{$pacs->get_json("$web/$name")}, 1, '... and one');
}
is($pacs->get("$web/studies")->{content}, "[]\n", 'they are of no study');
is($pacs->get("$web/instances")->{content}, "[]\n", '... and no instances of QIDO');
my @blobs = sort $pacs->blobs;
is(scalar @blobs, 6, 'six files');

# --- forms ---

my ($hp, $cp) = @uid{'hanging-protocols', 'color-palettes'};
my $r = $pacs->get("$web/hanging-protocols/$hp");
is($r->{headers}{'content-type'}, 'application/dicom+json', 'JSON is the default');
my $model = json($r->{content})->[0];
is($model->{'00700084'}{Value}[0]{Alphabetic}, "M\xfcller^Ada", '... in UTF-8');
is($model->{'0072000C'}{Value}[0]{'00080060'}{Value}[0], 'CT', '... with its sequences');
like($pacs->get_json("$web/color-palettes/$cp")->[0]{'00281201'}{InlineBinary}, qr/^AAECAwQF/, '... and bulk data');
my $etag = $r->{headers}{etag};
is($pacs->get("$web/hanging-protocols/$hp", 'If-None-Match' => $etag)->{status}, 304, 'its ETag is known again');
is($pacs->http(HEAD => "$web/hanging-protocols/$hp")->{status}, 200, 'HEAD');
$r = $pacs->get("$web/hanging-protocols/$hp", Accept => 'multipart/related; type="application/dicom+xml"');
is($r->{status}, 200, 'as XML');
like($pacs->parts($r)->[0]{body}, qr/keyword="HangingProtocolName"/, '... the Native DICOM Model');
$r = $pacs->get("$web/hanging-protocols/$hp", Accept => 'multipart/related; type="application/dicom"');
ok(substr($pacs->parts($r)->[0]{body}, 128) eq bytes($file{'hanging-protocols'}), 'in multipart, too');
$r = $pacs->get("$web/hanging-protocols/$hp", Accept => 'application/dicom; transfer-syntax=1.2.840.10008.1.2');
is($r->{status}, 200, 'in another transfer syntax');
open my $f, '>:raw', "$tmp/implicit.dcm" or die $!; print $f $r->{content}; close $f;
is((capture("$Pacs::B/t/tools/dicom_equal", "$tmp/implicit.dcm", $file{'hanging-protocols'}))[0], 0, '... of the same meaning');
is($pacs->get("$web/hanging-protocols/$hp", Accept => 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50')->{status}, 406, '... and not in what it cannot be in');
is($pacs->get("$web/hanging-protocols/$hp", Accept => 'image/jpeg')->{status}, 406, 'a picture is 406');

# --- search ---

my $other = uid();
my $path = make($class{'hanging-protocols'}, $other, 'CHEST', '1.2.840.10008.1.2');
my $chest = slurp($path);
is(post("hanging-protocols/$other", 'application/dicom', $chest)->{status}, 200, 'stored to its own resource');
is(scalar @{$pacs->get_json("$web/hanging-protocols")}, 2, 'two are found');
for (
    [ 'HangingProtocolName=CHEST' => $other ], [ 'HangingProtocolName=HANG*' => $hp ],
    [ 'HangingProtocolDefinitionSequence.Modality=CT' => $hp, $other ], [ '0072000C.00080060=MR' ],
    [ 'ContentCreatorName=muller*&limit=1&offset=1' => $other ], [ "SOPInstanceUID=$hp" => $hp ],
) {
    my ($query, @want) = @$_;
    is_deeply([ map { $_->{'00080018'}{Value}[0] } @{$pacs->get_json("$web/hanging-protocols?$query") || []} ], \@want, "hanging-protocols?$query");
}
ok(!exists $pacs->get_json("$web/color-palettes?ContentLabel=COLOR*")->[0]{'00281201'}, 'a result has no bulk data');
is($pacs->get("$web/hanging-protocols?NoSuchThing=1")->{status}, 400, 'an unknown key is 400');

# --- what is refused ---

is(post('hanging-protocols/' . uid(), 'application/dicom', $chest)->{status}, 409, 'another UID than the path\'s');
is(post('color-palettes', 'application/dicom', $chest)->{status}, 409, 'another category than the path\'s');
my $clash = make($class{'hanging-protocols'}, $other, 'ABDOMEN');
is(post('hanging-protocols', 'application/dicom', slurp($clash))->{status}, 409, 'another content is 409');
is($pacs->get_json("$web/hanging-protocols/$other")->[0]{'00720002'}{Value}[0], 'CHEST', '... and the first stays');
is(post('studies/1.2.3', 'application/dicom', slurp($clash))->{status}, 409, 'it is part of no study');
is(post('hanging-protocols', 'application/pdf', 'x')->{status}, 415, 'another media type is 415');
is(post('hanging-protocols', 'application/dicom', 'x' x 200)->{status}, 409, 'no DICOM');
is(post('hanging-protocols/1.2.x', 'application/dicom', '')->{status}, 400, 'no UID');
is($pacs->get("$web/hanging-protocols/1.2.3")->{status}, 404, 'an unknown one is 404');
is($pacs->get("$web/implant-templates/$hp")->{status}, 404, '... as in another category');
is($pacs->get("$web/no-such-things")->{status}, 404, 'an unknown category is 404');
is($pacs->http(DELETE => "$web/hanging-protocols/$hp")->{status}, 405, 'PS3.18 has no deletion of them');
my ($sample) = native();
SKIP: {
    skip 'no sample files', 1 unless $sample;
    is(post('hanging-protocols', 'application/dicom', slurp($sample))->{status}, 409, 'an image is none');
}

# --- the other ways in ---

my %way;
$way{json} = uid();
$model->{'00080018'}{Value} = [$way{json}];
is(post('hanging-protocols', 'application/dicom+json', $json->encode([$model]))->{status}, 200, 'as JSON');
$way{xml} = uid();
is(post('hanging-protocols', 'application/dicom+xml', <<"XML")->{status}, 200, 'as XML');
<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
<DicomAttribute tag="00080016" vr="UI"><Value number="1">$class{'hanging-protocols'}</Value></DicomAttribute>
<DicomAttribute tag="00080018" vr="UI"><Value number="1">$way{xml}</Value></DicomAttribute></NativeDicomModel>
XML
my ($u1, $u2) = (uid(), uid());
my ($type, $body) = multipart(map { slurp(make($class{'hanging-protocols'}, @$_)) } [$u1, 'A'], [$u2, 'B']);
is(post('hanging-protocols', $type, $body)->{status}, 200, 'several in one request');
@way{qw(m1 m2)} = ($u1, $u2);
$way{studies} = uid();
$r = post('studies', 'application/dicom', slurp(make($class{'hanging-protocols'}, $way{studies}, 'C')));
is($r->{status}, 200, 'by /studies');
like(json($r->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0], qr{/hanging-protocols/$way{studies}$}, '... which says where it is');
$way{import} = uid();
is(($pacs->pacs('import', make($class{'hanging-protocols'}, $way{import}, 'D')))[0], 0, 'by pacs import');
$way{dimse} = uid();
my ($rc, $out) = capture('storescu', '-R', '-xe', '127.0.0.1', $pacs->{dimse}, make($class{'hanging-protocols'}, $way{dimse}, 'E'));
is($rc, 0, 'by C-STORE') or diag $out;
is($pacs->get("$web/hanging-protocols/$way{$_}")->{status}, 200, "$_: is there") for sort keys %way;

# --- files are the truth ---

my $state = sub { return join "\n", map { my $n = $_; map { "$n $_->{'00080018'}{Value}[0]" } @{$pacs->get_json("$web/$n")} } sort keys %class };
my $before = $state->();
is(($pacs->pacs('verify'))[0], 0, 'pacs verify finds nothing');
$pacs->stop('nginx'); $pacs->stop('listener');
($rc, $out) = $pacs->pacs('reindex');
is($rc, 0, 'pacs reindex') or diag $out;
$pacs->start_nginx;
is($state->(), $before, '... brings all of them back');
is(($pacs->pacs('verify'))[0], 0, '... as they were');

# without the journal: by the files alone
$pacs->stop('nginx');
unlink glob "$pacs->{home}/journal/*.log";
($rc, $out) = $pacs->pacs('reindex');
is($rc, 0, 'pacs reindex without a journal') or diag $out;
$pacs->start_nginx;
is(join("\n", sort split /\n/, $state->()), join("\n", sort split /\n/, $before), '... finds them among the files');
is(($pacs->pacs('verify'))[0], 0, '... for good');

# damage is seen, and mended by who has it still
my ($blob) = grep { slurp($_) eq $chest } $pacs->blobs;
ok($blob, 'the file of one');
flip($blob, (-s $blob) - 3);
($rc, $out) = $pacs->pacs('verify');
isnt($rc, 0, 'a damaged file is found');
like($out, qr/hanging-protocols \Q$other\E: damaged/, '... by name');
is(post('hanging-protocols', 'application/dicom', $chest)->{status}, 200, 'the same is stored again');
is(($pacs->pacs('verify'))[0], 0, '... and mends it');

$pacs->shutdown;
done_testing;
