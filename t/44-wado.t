#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Retrieval to the letter (PS3.18 8.7, 9, 10.4): media types, transfer
# syntaxes, ZIP, bulk and pixel data, documents, the URI service.  What comes
# back is read by pydicom, DCMTK, unzip and curl.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_base64 sha256_hex);
use File::Temp qw(tempdir);
use IO::Uncompress::Gunzip ();
use Pacs;
use Test::More;

my $S = samples();
my $python = '/usr/bin/python3';
system("$python -c 'import pydicom, numpy' 2>/dev/null") == 0
    or plan skip_all => 'no pydicom or numpy for /usr/bin/python3';

my $dir = tempdir('pacs-wado-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $pacs = Pacs->new(redis => 0);
my $web = '/dicom-web';
my $le = '1.2.840.10008.1.2.1';
my $multi = 'multipart/related; type="application/dicom"';

sub py {
    my ($code, @args) = @_;
    my ($rc, $out) = capture($python, '-W', 'ignore', '-c', $code, @args);
    diag($out) if $rc;
    chomp $out;
    return $out;
}

my $saved = 0;
sub save {
    my ($bytes, $name) = @_;
    my $path = "$dir/" . ($name // sprintf 'f%03d', $saved++);
    open my $f, '>:raw', $path or die $!;
    print $f $bytes;
    close $f;
    return $path;
}

# path of an instance that was stored
sub stow_base {
    my ($file) = @_;
    my $r = json($pacs->stow([$file])->{content})->{'00081199'}{Value}[0]{'00081190'}{Value}[0];
    return $r =~ s{^https?://[^/]+}{}r;
}

sub picture_of {
    return py('from PIL import Image; import sys,hashlib; i=Image.open(sys.argv[1]); print(i.format, *i.size, getattr(i,"n_frames",1), hashlib.sha256(i.tobytes()).hexdigest())', save($_[0]));
}

sub refused {
    my ($what, $url, $status, $reason, %headers) = @_;
    my $r = $pacs->get($url, %headers);
    is($r->{status}, $status, $what) or diag substr $r->{content}, 0, 300;
    like($r->{content}, $reason, '... and why');
}

# what pydicom says of a file: syntax, digest of the pixels as little endian
my $read = <<'PY';
import sys, hashlib, pydicom
d = pydicom.dcmread(sys.argv[1])
a = d.pixel_array if "PixelData" in d else None
print(d.file_meta.TransferSyntaxUID, d.SOPInstanceUID, hashlib.sha256(a.astype(a.dtype.newbyteorder("<")).tobytes()).hexdigest() if a is not None else "-")
PY

my @ct = native();
splice @ct, 7;
my @bases = map { stow_base($_) } @ct;
my ($study, $series) = $bases[0] =~ m{^(.*/studies/[\d.]+)(/series/[\d.]+)};
$series = $study . $series;

my $T = "$S/transfer-syntax";
my %other;
for my $f (qw(nema-ct1-bigendian deflated-image palette-800x600-bigendian rgb-16bit-bigendian)) {
    $other{$f} = stow_base("$T/$f.dcm");
}

# --- media types ---

{
    my $r = $pacs->get($bases[0]);
    is($r->{status}, 200, 'point 27: no Accept header is taken as */*');
    like($r->{headers}{'content-type'}, qr{^multipart/related; type="application/dicom"}, '... the default');
    refused('point 27: nothing acceptable is 406', $bases[0], 406, qr/there is: multipart/, Accept => 'text/csv');
    refused('... of metadata', "$series/metadata", 406, qr/there is/, Accept => 'image/x-foo');
    refused('... of frames', "$bases[0]/frames/1", 406, qr/./, Accept => 'multipart/related; type="image/jpx"');
    refused('... of a series as one instance', $series, 406, qr/several instances/, Accept => 'application/dicom');
}

for my $mixed ('application/dicom, image/jpeg', "$multi, text/html;q=0.2", 'application/dicom+json, application/pdf') {
    refused("point 28: $mixed is 400", $bases[0], 400, qr/together/, Accept => $mixed);
}
refused('point 28: also in rendered', "$bases[0]/rendered", 400, qr/together/, Accept => 'image/png,application/dicom');
refused('point 28: also in parts', "$bases[0]/rendered?accept=image/png", 400, qr/together/, Accept => 'application/dicom');
is($pacs->get("$bases[0]/frames/1", Accept => 'multipart/related; type="image/jpeg", multipart/related; type="application/octet-stream"')->{status},
    200, 'point 28: coded frames are DICOM');

for (
    [ 'multipart/related; type=application/dicom; transfer-syntax=*' ],
    [ 'Multipart/Related ;TYPE="Application/DICOM" ; Transfer-Syntax="*"' ],
    [ 'multipart/related;type="application/dicom";boundary=**;transfer-syntax=' . $le ],
    [ [ 'text/csv', 'multipart/related; type="application/dicom"' ] ],
    [ 'application/dicom;q=0.2, multipart/related; type="application/dicom";q=0.9' ],
    [ 'application/dicom;q=0, multipart/*' ],
) {
    my $r = $pacs->get($bases[0], Accept => $_->[0]);
    is($r->{status}, 200, 'point 29: Accept ' . (ref $_->[0] ? join ' | ', @{$_->[0]} : $_->[0]));
    like($r->{headers}{'content-type'}, qr/^multipart/, '... as asked');
}
is($pacs->get("$bases[0]?accept=application/dicom", Accept => $multi)->{headers}{'content-type'},
    "application/dicom; transfer-syntax=$le", 'point 29: the accept parameter comes first');
like($pacs->get("$bases[0]?accept=text/csv", Accept => $multi)->{headers}{'content-type'},
    qr/^multipart/, '... and where it names nothing that is there, the header');
like($pacs->get("$series/metadata?accept=application/json&accept=text/csv")->{headers}{'content-type'},
    qr{^application/json}, '... given twice');
is($pacs->get("$bases[0]?accept=application/dicom%3Btransfer-syntax%3D1.2.840.10008.1.2.4.103")->{status}, 406, '... as the only one');

# --- transfer syntaxes ---

for my $f (sort keys %other) {
    my $file = "$T/$f.dcm";
    my ($syntax) = split ' ', py($read, $file);
    # of DCMTK's: pydicom does not swap the 8-bit pixels of big endian OW
    is((capture('dcmconv', '+te', $file, "$dir/truth"))[0], 0, 'dcmconv');
    my $truth = py($read, "$dir/truth");
    for my $accept ('application/dicom', "application/dicom; transfer-syntax=$le") {
        my $r = $pacs->get($other{$f}, Accept => $accept);
        is($r->{headers}{'content-type'}, "application/dicom; transfer-syntax=$le", "point 30: $f is Explicit VR LE by default");
        is(py($read, save($r->{content})), $truth, '... with the same pixels (point 34)');
        is((capture('dcmdump', '-q', '+fo', save($r->{content})))[0], 0, '... and DCMTK reads it');
    }
    my $r = $pacs->get($other{$f}, Accept => 'application/dicom; transfer-syntax=*');
    is($r->{headers}{'content-type'}, "application/dicom; transfer-syntax=$syntax", '... with * as it is');
    ok(substr($r->{content}, 128) eq substr(slurp($file), 128), '... byte by byte after the preamble');
    $r = $pacs->get($other{$f}, Accept => "application/dicom; transfer-syntax=$syntax");
    ok(substr($r->{content}, 128) eq substr(slurp($file), 128), '... and in its own by name');
}

# coded ones are decoded: to what DCMTK makes of them
my %coded;
for ([ 'nema-ct1-jpll', 'dcmdjpeg' ], [ 'nema-mr3-jlsn', 'dcmdjpls' ], [ 'mr-same-image-rle', 'dcmdrle' ]) {
    my ($f, $tool) = @$_;
    my $file = "$T/$f.dcm";
    my $base = $coded{$f} = stow_base($file);
    run($tool, '+te', $file, "$dir/truth");
    my $r = $pacs->get($base, Accept => 'application/dicom');
    is($r->{headers}{'content-type'}, "application/dicom; transfer-syntax=$le", "point 30: $f is decoded by default");
    is((split ' ', py($read, save($r->{content})))[2], (split ' ', py($read, "$dir/truth"))[2], "... as $tool does");
    my ($part) = @{$pacs->parts($pacs->get($base, Accept => $multi))};
    is(py($read, save($part->{body})), py($read, save($r->{content})), '... in parts too');
    like($part->{head}, qr/transfer-syntax=\Q$le\E\r?$/m, 'point 31: and the part says so');
    $r = $pacs->get($base, Accept => 'application/dicom; transfer-syntax=*');
    ok(substr($r->{content}, 128) eq substr(slurp($file), 128), '... with * as it is stored');
}
for ([ '1.2.840.10008.1.2.4.80', 'dcmdjpls', 'image/jls' ], [ '1.2.840.10008.1.2.4.70', 'dcmdjpeg', 'image/jpeg' ], [ '1.2.840.10008.1.2.5', 'dcmdrle', 'image/dicom-rle' ]) {
    my ($syntax, $tool, $type) = @$_;
    my $r = $pacs->get($bases[0], Accept => "application/dicom; transfer-syntax=$syntax");
    is($r->{headers}{'content-type'}, "application/dicom; transfer-syntax=$syntax", "a native one as $syntax");
    run($tool, save($r->{content}), "$dir/back");
    is((split ' ', py($read, "$dir/back"))[2], (split ' ', py($read, $ct[0]))[2], "... $tool finds the pixels");
    my ($part) = @{$pacs->parts($pacs->get("$bases[0]/frames/1", Accept => qq{multipart/related; type="$type"}))};
    like($part->{head}, qr{^Content-Type: \Q$type\E; transfer-syntax=\Q$syntax\E\r?$}m, "point 31: a frame as $type, table 8.7.3-5");
    ok(index($r->{content}, $part->{body}) > 0, '... is the one that is in it');
}
is($pacs->get("$bases[0]/frames/1", Accept => 'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.70')->{status}, 406,
    'point 31: a media type with the syntax of another');
{
    my $video = stow_base("$S/ecg-pdf-video/video-mpeg4-avc-hp41.dcm");
    like($pacs->get($video, Accept => 'application/dicom')->{headers}{'content-type'}, qr/1\.2\.840\.10008\.1\.2\.4\.102$/, 'point 30: video stays video');
    refused('... not converted by name', $video, 406, qr/not converted/, Accept => "application/dicom; transfer-syntax=$le");
    my $broken = stow_base("$S/hostile/synth-j2k-garbage.dcm");
    my $r = $pacs->get($broken, Accept => 'application/dicom');
    ok(substr($r->{content}, 128) eq substr(slurp("$S/hostile/synth-j2k-garbage.dcm"), 128), 'what cannot be decoded comes as it is stored');
    refused('... not by name', $broken, 406, qr/decoded/, Accept => "application/dicom; transfer-syntax=$le");
}

# --- parts ---

{
    my $r = $pacs->get($study, Accept => "$multi; transfer-syntax=*");
    my ($b) = $r->{headers}{'content-type'} =~ /boundary=(\w+)$/;
    my @parts = @{$pacs->parts($r)};
    is(scalar @parts, scalar @ct, 'point 32: a part an instance');
    like($r->{content}, qr/\A--$b\r\nContent-Type: [^\r\n]+\r\n/, 'point 32: begins with the boundary');
    like($r->{content}, qr/\r\n--$b--\r\n\z/, 'point 32: ends with the final one');
    my $other = $pacs->get($study, Accept => "$multi; transfer-syntax=*");
    isnt(($other->{headers}{'content-type'} =~ /boundary=(\w+)$/)[0], $b, 'point 32: a new boundary each time');
    like($r->{headers}{'content-type'}, qr{^multipart/related; type="application/dicom"; boundary=}, 'point 32: type is said');
    my %seen;
    for (@parts) {
        my ($url) = $_->{head} =~ m{^Content-Location: http://[^/]+(\S+)$}m;
        ok((grep { $_ eq $url } @bases) && !$seen{$url}++, 'point 32: Content-Location is the instance');
        my ($syntax) = split ' ', py($read, save($_->{body}));
        like($_->{head}, qr{^Content-Type: application/dicom; transfer-syntax=\Q$syntax\E\r?$}m, 'point 31: the part says its transfer syntax');
    }
    my $octets = $pacs->get($study, Accept => 'multipart/related; type="application/octet-stream"');
    like($octets->{headers}{'content-type'}, qr/octet-stream/, '10.4.4: octet-stream of a study is its bulk data');
}

# --- metadata ---

{
    my $tags = sub {
        my ($file) = @_;
        return [ split ' ', py('import sys, xml.etree.ElementTree as e; r=e.parse(sys.argv[1]).getroot(); print(*sorted(a.get("tag") for a in r if not a.get("privateCreator")))',
            $file) ];
    };
    for my $level ([ $study, scalar @ct ], [ $series, scalar @ct ], [ $bases[1], 1 ]) {
        my ($url, $n) = @$level;
        my $want = $pacs->get_json("$url/metadata");
        my $r = $pacs->get("$url/metadata", Accept => 'multipart/related; type="application/dicom+xml"');
        is($r->{status}, 200, 'XML of ' . substr $url, -10) or diag $r->{content};
        like($r->{headers}{'content-type'}, qr{^multipart/related; type="application/dicom\+xml"; boundary=\w+$}, '... in parts');
        my @parts = @{$pacs->parts($r)};
        is(scalar @parts, $n, '... one an instance');
        my @groups = grep { hex(substr $_, 3, 1) % 2 == 0 } sort keys %{$want->[0]};
        my $said = $tags->(save($parts[0]{body}));
        is_deeply([ grep { hex(substr $_, 3, 1) % 2 == 0 } @$said ], \@groups, '... with the attributes that JSON has');
        like($parts[0]{head}, qr{^Content-Type: application/dicom\+xml}m, '... and the type of each');
        ok(index($parts[0]{body}, $want->[0]{'7FE00010'}{BulkDataURI}) > 0, '... and where the bulk data is');
        my $tag = $r->{headers}{etag};
        is($pacs->get("$url/metadata", Accept => 'multipart/related; type="application/dicom+xml"', 'If-None-Match' => $tag)->{status}, 304, '... 304');
        for my $accept ('multipart/related; type="application/dicom+xml"', 'application/dicom+json') {
            my $gz = $pacs->get("$url/metadata", Accept => $accept, 'Accept-Encoding' => 'gzip');
            is($gz->{headers}{'content-encoding'}, 'gzip', "... gzip of $accept");
            IO::Uncompress::Gunzip::gunzip(\$gz->{content}, \my $text);
            like($text, qr/\Q$want->[0]{'00080018'}{Value}[0]\E/, '... which it is');
        }
    }
    my $one = $pacs->get("$bases[1]/metadata", Accept => 'application/dicom+xml');
    is($one->{headers}{'content-type'}, 'application/dicom+xml', 'XML of one instance alone');
    is(scalar @{$tags->(save($one->{content}))} > 20, 1, '... is a document');
    refused('... not of several', "$series/metadata", 406, qr/multipart/, Accept => 'application/dicom+xml');
}

# --- ZIP ---

sub zip_test {
    my ($path, $what) = @_;
    my ($rc, $out) = capture('unzip', '-tqq', $path);
    is($rc, 0, "$what: unzip finds no error") or diag $out;
    $out = py('import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), *sorted(n for n in z.namelist()))', $path);
    like($out, qr/^None /, "$what: nor does Python");
    my ($ok, @names) = split ' ', $out;
    return @names;
}

SKIP: {
    skip 'no unzip', 1 unless have('unzip');
    for my $level ([ $study, scalar @ct ], [ $series, scalar @ct ], [ $bases[2], 1 ]) {
        my ($url, $n) = @$level;
        my $r = $pacs->get($url, Accept => 'application/zip');
        is($r->{status}, 200, 'ZIP of ' . substr $url, length $web, 20) or diag $r->{content};
        is($r->{headers}{'content-type'}, 'application/zip', '... is one');
        is(length $r->{content}, $r->{headers}{'content-length'}, '... of the length that was said');
        my $path = save($r->{content}, "z$n.zip");
        my @names = zip_test($path, 'ZIP');
        is(scalar @names, $n, '... with each instance');
        like($_, qr{^[\d.]+/[\d.]+\.dcm$}, '... by series and instance') for $names[0];
    }
    py('import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])', "$dir/z1.zip", "$dir/x");
    my ($file) = glob "$dir/x/*/*.dcm";
    ok(substr(slurp($file), 128) eq substr(slurp($ct[2]), 128), 'a member is what was stored');

    my $r = $pacs->get($other{'nema-ct1-bigendian'}, Accept => 'application/zip');
    zip_test(save($r->{content}, 'be.zip'), 'a rewritten member');
    $r = $pacs->get($coded{'mr-same-image-rle'}, Accept => 'application/zip');
    zip_test(save($r->{content}, 'coded.zip'), 'a decoded member');
    my $end = $pacs->get($coded{'mr-same-image-rle'}, Accept => 'application/zip', Range => 'bytes=1000-', 'If-Range' => $r->{headers}{etag});
    ok($end->{content} eq substr($r->{content}, 1000), '... is the same each time');
    $r = $pacs->get($other{'nema-ct1-bigendian'}, Accept => 'application/zip; transfer-syntax=*');
    zip_test(save($r->{content}, 'be2.zip'), 'a stored member');

    # byte-exact, any range
    my $whole = slurp("$dir/z7.zip");
    my $n = length $whole;
    my $h = $pacs->http('HEAD', $study, { headers => { Accept => 'application/zip' } });
    is($h->{headers}{'content-length'}, $n, 'HEAD has the length');
    my $tag = $h->{headers}{etag};
    is($h->{headers}{'accept-ranges'}, 'bytes', '... and says that there are ranges');
    for ([ 0, 9 ], [ 100, 200 ], [ int($n / 3), int($n / 2) ], [ $n - 400, $n - 1 ], [ 29, $n - 2 ]) {
        my ($a, $b) = @$_;
        my $p = $pacs->get($study, Accept => 'application/zip', Range => "bytes=$a-$b", 'If-Range' => $tag);
        is($p->{status}, 206, "bytes $a to $b");
        ok($p->{content} eq substr($whole, $a, $b - $a + 1), '... are they');
    }
    is($pacs->get($study, Accept => 'application/zip', Range => "bytes=$n-")->{status}, 416, 'beyond the end is 416');
    is($pacs->get($study, Accept => 'application/zip', 'If-None-Match' => $tag)->{status}, 304, '304 if known');
    if (have('curl')) {
        save(substr($whole, 0, int($n * 0.4)), 'resumed.zip');
        run('curl', '-sS', '-C', '-', '-H', 'Accept: application/zip', '-o', "$dir/resumed.zip", $pacs->url($study));
        ok(slurp("$dir/resumed.zip") eq $whole, 'curl goes on with what it has');
    }

    # DICOMDIR
    for my $f ('sr-pr-ko/sr-basic-text.dcm', 'sr-pr-ko/lidc-0314-ko.dcm', 'ecg-pdf-video/encapsulated-pdf.dcm', 'seg-rt/rtplan-imrt-300k.dcm',
        'ecg-pdf-video/ecg-12lead.dcm') {
        stow_base("$S/$f");
    }
    my @all = map { "$web/studies/" . $_->{'0020000D'}{Value}[0] } @{$pacs->get_json("$web/studies")};
    for my $url (@all) {
        my $d = "$dir/dir" . ($saved++);
        my $r = $pacs->get("$url?dicomdir=true", Accept => 'application/zip');
        is($r->{status}, 200, 'with a DICOMDIR') or diag $r->{content};
        my @names = zip_test(save($r->{content}, "dir$saved.zip"), 'with DICOMDIR');
        ok((grep { $_ eq 'DICOMDIR' } @names), '... is in it');
        ok(!(grep { !m{^[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8})*$} } @names), '... and names as ISO 9660 has them');
        py('import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])', "$dir/dir$saved.zip", $d);
        my ($rc, $out) = capture('dcmdump', '-q', '+E', "$d/DICOMDIR");
        is($rc, 0, '... DCMTK reads it') or diag $out;
        unlike($out, qr/^[WE]:/m, '... without complaint') or diag $out;
        is(py(<<'PY', $d), 'ok', '... pydicom finds each file by it');
import sys, os, pydicom
from pydicom.fileset import FileSet
fs = FileSet(sys.argv[1] + "/DICOMDIR")
files = sum(len(f) for _, _, f in os.walk(sys.argv[1])) - 1
uids = {i.SOPInstanceUID for i in fs}
assert len(fs) == files, (len(fs), files)
for i in fs:
    d = i.load()
    assert d.SOPInstanceUID == i.SOPInstanceUID
    assert d.file_meta.TransferSyntaxUID == i.ReferencedTransferSyntaxUIDInFile
    assert d.get("PatientID", "") == i.PatientID and d.SeriesInstanceUID == i.SeriesInstanceUID
print("ok")
PY
    }
    SKIP: {
        skip 'no dcmmkdir', 1 unless have('dcmmkdir');
        my $said = '';
        for my $d (grep { -d } glob "$dir/dir*") {
            system("cd $d && dcmmkdir -q +r +I -W -Nxc -Nec +D $d.ref +id . DICOM >/dev/null 2>&1");
            next if !-e "$d.ref";       # DCMTK takes not all classes
            $said .= py(<<'PY', "$d/DICOMDIR", "$d.ref") . ' ';
import sys, pydicom
def records(path):
    out = {}
    up = []
    for r in pydicom.dcmread(path).DirectoryRecordSequence:
        kind = r.DirectoryRecordType
        level = ["PATIENT", "STUDY", "SERIES"].index(kind) if kind in ("PATIENT", "STUDY", "SERIES") else 3
        up = up[:level] + [r]
        if level == 3:
            out[r.ReferencedSOPInstanceUIDInFile] = up
    return out
ours, theirs = records(sys.argv[1]), records(sys.argv[2])
wrong = []
for uid, up in theirs.items():
    for a, b in zip(ours[uid], up):
        for e in b:
            if e.tag.group == 4 and e.keyword in ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity", "RecordInUseFlag"): continue
            # what neither has is made up
            if e.keyword in ("StudyID", "SeriesNumber", "InstanceNumber") and a[e.tag].value in ("0", 0): continue
            if e.keyword in ("StudyDate", "StudyTime") and a[e.tag].value: continue
            if e.keyword == "PatientID" and str(e.value).startswith("DCMTK"): continue
            if e.value in (None, "") and e.tag not in a: continue
            if e.tag not in a or (e.VR != "SQ" and a[e.tag].value != e.value): wrong.append((a.DirectoryRecordType, e.keyword, str(a.get(e.tag)), str(e.value)))
print(*(wrong or ["ok"]))
PY
        }
        like($said, qr/^(ok )+$/, 'the records are as dcmmkdir makes them');
    }
    refused('dicomdir without a ZIP', "$study?dicomdir=true", 400, qr/only in/);
    refused('dicomdir=maybe', "$study?dicomdir=maybe", 400, qr/true or false/, Accept => 'application/zip');
}

# --- frames ---

{
    my $base = stow_base("$S/enhanced/mr-emri-small-10f.dcm");
    my $truth = py('import sys,pydicom; d=pydicom.dcmread(sys.argv[1]); n=len(d.PixelData)//10; import hashlib; print(*[hashlib.sha256(d.PixelData[i*n:i*n+n]).hexdigest() for i in range(10)])',
        "$S/enhanced/mr-emri-small-10f.dcm");
    my @sha = split ' ', $truth;
    my $r = $pacs->get("$base/frames/3,1,10,1", Accept => 'multipart/related; type="application/octet-stream"');
    my @parts = @{$pacs->parts($r)};
    is_deeply([ map { sha256_hex($_->{body}) } @parts ], [ @sha[2, 0, 9, 0] ], 'point 33: frames in the order asked, also twice');
    is_deeply([ map { $_->{head} =~ m{/frames/(\d+)\r?$}m } @parts ], [ 3, 1, 10, 1 ], 'point 32: each Content-Location has its number once');
    refused("point 33: frames/$_->[0] is $_->[1]", "$base/frames/$_->[0]", $_->[1], qr/./)
        for [ '0', 400 ], [ '11', 404 ], [ '1,11', 404 ], [ 'abc', 400 ], [ '1,,2', 400 ], [ '-1', 400 ], [ '99999999999', 400 ], [ ',', 400 ];
    my $one = $pacs->get("$base/frames/2", Accept => 'application/octet-stream');
    is(sha256_hex($one->{content}), $sha[1], 'a frame as one part');
    my $p = $pacs->get("$base/frames/2", Accept => 'application/octet-stream', Range => 'bytes=10-19', 'If-Range' => $one->{headers}{etag});
    is($p->{status}, 206, 'point 35: a range of it');
    ok($p->{content} eq substr($one->{content}, 10, 10), '... is that');
}

# --- bulk data and pixel data ---

{
    my $r = $pacs->get("$bases[0]/bulkdata/7FE00010", Accept => 'application/octet-stream');
    my $n = length $r->{content};
    is($r->{headers}{'accept-ranges'}, 'bytes', 'point 35: bulk data has ranges');
    my $p = $pacs->get("$bases[0]/bulkdata/7FE00010", Accept => 'application/octet-stream', Range => 'bytes=-10');
    is($p->{status}, 206, 'point 35: its end');
    ok($p->{content} eq substr($r->{content}, -10), '... is that');
    is($p->{headers}{'content-range'}, 'bytes ' . ($n - 10) . '-' . ($n - 1) . "/$n", '... and says so');
    is($pacs->get("$bases[0]/bulkdata/7FE00010", Accept => 'application/octet-stream', Range => "bytes=$n-")->{status}, 416, 'point 35: 416 beyond');
    is($pacs->get("$bases[0]/bulkdata/7FE00010", Accept => 'application/octet-stream', Range => 'bytes=0-1', 'If-Range' => '"x"')->{status}, 200,
        'point 35: whole, if it is another');
    is($pacs->http('HEAD', "$bases[0]/bulkdata/7FE00010", { headers => { Accept => 'application/octet-stream' } })->{headers}{'content-length'}, $n,
        'point 35: HEAD');
    is($pacs->http('HEAD', $_)->{status}, 200, "point 35: HEAD of $_") for $study, "$study/metadata", "$study/bulkdata", "$study/pixeldata";

    for my $level ($study, $series, $bases[1]) {
        my $meta = $pacs->get_json("$level/metadata");
        my %uris;
        my $walk;
        $walk = sub {
            my ($set) = @_;
            for my $e (values %$set) {
                $uris{ $e->{BulkDataURI} }++ if $e->{BulkDataURI};
                $walk->($_) for $e->{vr} eq 'SQ' ? @{$e->{Value} || []} : ();
            }
        };
        $walk->($_) for @$meta;
        for my $what (qw(bulkdata pixeldata)) {
            my $r = $pacs->get("$level/$what");
            is($r->{status}, 200, "$what of " . substr $level, -10) or diag $r->{content};
            my @parts = @{$pacs->parts($r)};
            my @at = map { $_->{head} =~ m{^Content-Location: http://[^/]+(\S+?)\r?$}m } @parts;
            my @want = grep { $what eq 'bulkdata' || /7FE00010$/ } map { s{^http://[^/]+}{}r } keys %uris;
            is_deeply([ sort @at ], [ sort @want ], '... is what the metadata refers to');
            my $one = $pacs->get($at[0], Accept => 'application/octet-stream');
            ok($one->{content} eq $parts[0]{body}, '... and the same as by its own URI');
        }
    }
    refused('no bulk data', stow_base("$S/sr-pr-ko/sr-basic-text.dcm") . '/pixeldata', 404, qr/no pixel data/);
    refused('pixel data that nothing decodes', stow_base("$S/hostile/synth-jpeg-truncated.dcm") . '/pixeldata', 406, qr/JPEG|frame/);
    refused('bulk data as a picture', "$bases[0]/bulkdata", 406, qr/./, Accept => 'image/jpeg');
    refused('bulk data as one part', "$bases[0]/bulkdata", 406, qr/multipart/, Accept => 'application/octet-stream');

    # of coded ones: frames; decoded unless asked for as they are
    my $f = "$T/nema-mr3-jlsn.dcm";
    my $base = stow_base($f);
    my $stored = $pacs->get("$base/pixeldata", Accept => 'multipart/related; type="image/jls"');
    my ($part) = @{$pacs->parts($stored)};
    like($part->{head}, qr{^Content-Type: image/jls; transfer-syntax=1\.2\.840\.10008\.1\.2\.4\.81\r?$}m, 'point 31: a coded frame says what it is');
    like($part->{head}, qr{/frames/1\r?$}m, '... and where');
    ok(index(slurp($f), $part->{body}) > 0, '... and is as it is stored');
    for my $accept ('*/*', 'multipart/related; type="application/octet-stream"') {
        my $d = $pacs->get("$base/pixeldata", Accept => $accept);
        ($part) = @{$pacs->parts($d)};
        like($part->{head}, qr{^Content-Type: application/octet-stream; transfer-syntax=\Q$le\E\r?$}m, "$accept: decoded");
        ok($part->{body} eq $pacs->parts($pacs->get("$base/frames/1", Accept => $accept))->[0]{body}, '... as the frame is');
    }
}

# --- what there is of it: 206, 304, 404, 410 ---

{
    stow_base((native())[20]);
    my $tag = $pacs->get($bases[0], Accept => 'application/dicom')->{headers}{etag};
    my $whole = $pacs->get($study, Accept => $multi)->{headers}{etag};
    my $zip = $pacs->get($study, Accept => 'application/zip')->{headers}{etag};
    is($pacs->get($study, Accept => $multi, 'If-None-Match' => $whole)->{status}, 304, 'point 37: the study, 304');
    is($pacs->get($bases[0], Accept => 'application/dicom', 'If-None-Match' => $tag)->{status}, 304, 'point 37: the instance, 304');
    stow_base((native())[21]);
    is($pacs->get($bases[0], Accept => 'application/dicom', 'If-None-Match' => $tag)->{status}, 304, 'point 37: the instance is the same when another comes');
    my $r = $pacs->get($study, Accept => $multi, 'If-None-Match' => $whole);
    is($r->{status}, 200, 'point 37: the study is not');
    isnt($pacs->get($study, Accept => 'application/zip')->{headers}{etag}, $zip, '... nor is its archive');

    # one file is gone, another is cut
    my $key = $pacs->sql("select key from instance where uid = '" . (split m{/}, $bases[3])[-1] . "'");
    my ($blob) = grep { index($_, (split m{/}, $key)[-1]) >= 0 } $pacs->blobs;
    rename $blob, "$dir/away";
    $r = $pacs->get($study, Accept => $multi);
    is($r->{status}, 206, 'point 36: a file that is missing is known before the body');
    like($r->{headers}{warning}, qr/^299 .*1 instances are left out: they cannot be read, or not decoded/, '... and said');
    is(scalar @{$pacs->parts($r)}, @ct + 1, '... the others are there');
    ok(!$r->{headers}{etag}, '... and nobody keeps that');
    is($pacs->get($study, Accept => 'application/zip')->{status}, 206, '... also in an archive');
    is($pacs->get($bases[3], Accept => 'application/dicom')->{status}, 500, '... alone it is an error');
    rename "$dir/away", $blob;
    is($pacs->get($study, Accept => $multi)->{status}, 200, '... until it is back');

    refused('404: unknown instance', "$series/instances/1.2.3", 404, qr/./);
    refused('404: unknown study', "$web/studies/1.2.3/bulkdata", 404, qr/./);
    my @uids = $bases[6] =~ m{studies/([^/]+)/series/([^/]+)/instances/([^/]+)};
    is(($pacs->pacs('delete', @uids))[0], 0, 'an instance is deleted');
    refused("point 35: $_ of what was deleted is 410", "$bases[6]$_", 410, qr/deleted/) for '', '/metadata', '/frames/1', '/bulkdata', '/pixeldata', '/rendered';
}

# --- what is no picture ---

{
    my $sr = stow_base("$S/sr-pr-ko/sr-comprehensive-nested.dcm");
    for my $accept ('*/*', 'text/html', 'text/html,application/xhtml+xml,image/webp,*/*;q=0.8') {
        my $r = $pacs->get("$sr/rendered", Accept => $accept);
        is($r->{status}, 200, "point 46: a report is rendered for $accept") or diag $r->{content};
        is($r->{headers}{'content-type'}, 'text/html; charset=utf-8', '... as a page');
        like($r->{headers}{'content-security-policy'}, qr/sandbox/, '... in which nothing runs');
        my ($style) = $r->{content} =~ m{<style>(.*?)</style>}s;
        my $hash = 'sha256-' . sha256_base64($style // '') . '=';
        like($r->{headers}{'content-security-policy'}, qr/style-src '\Q$hash\E';/, '... of its own style only');
        like(slurp('conf/nginx.conf'), qr/style-src 'self' [^;]*'\Q$hash\E'/, '... that the pages\' policy knows');
    }
    for my $f (glob("$S/sr-pr-ko/*sr*.dcm"), "$S/charset/chrX2.dcm") {
        next if $f =~ /charset/;
        my $base = stow_base($f);
        my $r = $pacs->get("$base/rendered", Accept => 'text/html');
        is($r->{status}, 200, "a page of $f") or diag $r->{content};
        my $out = py(<<'PY', $f, save($r->{content}));
import sys, html, html.parser, re, pydicom
d = pydicom.dcmread(sys.argv[1])
page = open(sys.argv[2], encoding="utf-8").read()
class P(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.text = []; self.stack = []
    def handle_starttag(self, t, a):
        if t not in ("meta", "br"): self.stack.append(t)
    def handle_endtag(self, t):
        assert self.stack.pop() == t, t
    def handle_data(self, s): self.text.append(s)
p = P(); p.feed(page)
assert not p.stack, p.stack
text = re.sub(r"\s+", " ", " ".join(p.text))
missing = []
def walk(item):
    for c in item.get("ContentSequence", []):
        v = {"TEXT": "TextValue", "UIDREF": "UID", "DATE": "Date"}.get(c.get("ValueType"))
        values = [str(c[v].value)] if v and v in c else []
        if c.get("ValueType") == "CODE": values.append(c.ConceptCodeSequence[0].CodeMeaning)
        if c.get("ValueType") == "NUM" and c.get("MeasuredValueSequence"): values.append(str(c.MeasuredValueSequence[0].NumericValue))
        if "ConceptNameCodeSequence" in c: values.append(c.ConceptNameCodeSequence[0].CodeMeaning)
        for x in values:
            x = re.sub(r"\s+", " ", x).strip()
            if x not in text: missing.append(x)
        walk(c)
walk(d)
print("ok" if not missing else missing[:3])
PY
        is($out, 'ok', '... has each value, and is well nested');
    }

    for my $doc ([ 'pdf', 'application/pdf' ], [ 'cda', 'text/xml' ], [ 'stl', 'model/stl' ]) {
        my ($name, $type) = @$doc;
        my $f = "$S/ecg-pdf-video/encapsulated-$name.dcm";
        my $base = stow_base($f);
        py('import sys,pydicom; d=pydicom.dcmread(sys.argv[1]); n=d.get("EncapsulatedDocumentLength"); open(sys.argv[2],"wb").write(d.EncapsulatedDocument[:n])', $f, "$dir/doc");
        my $bytes = slurp("$dir/doc");
        for my $accept ('*/*', $type) {
            my $r = $pacs->get("$base/rendered", Accept => $accept);
            is($r->{headers}{'content-type'}, $type, "point 46: $name for $accept");
            ok($r->{content} eq $bytes, '... as it is');
        }
        my $r = $pacs->get("$base/rendered", Range => 'bytes=3-9');
        ok($r->{status} == 206 && $r->{content} eq substr($bytes, 3, 7), '... in pieces');
        refused('... not as a picture', "$base/rendered", 406, qr/there as \Q$type\E/, Accept => 'image/jpeg');
    }
    for my $f ('seg-rt/mim-rtstruct.dcm', 'seg-rt/rtplan-imrt-300k.dcm', 'ecg-pdf-video/ecg-12lead.dcm') {
        my $base = stow_base("$S/$f");
        refused("point 46: $f cannot be rendered", "$base/rendered", 406, qr/"reason":"[^"]{10}/);
        refused('... nor a frame of it', "$base/frames/1", 406, qr/"reason":"[^"]{10}/);
    }
    refused('point 46: a report as a picture', "$sr/rendered", 406, qr{text/html}, Accept => 'image/jpeg');
    refused('point 46: ... or its thumbnail', "$sr/thumbnail", 406, qr/./);
}

# --- thumbnails and videos ---

{
    my @order = sort { $a->[0] <=> $b->[0] }
        map { [ $_->{'00200013'}{Value}[0], $_->{'00080018'}{Value}[0] ] } @{$pacs->get_json("$series/metadata")};
    my $middle = "$series/instances/" . $order[@order / 2][1];
    my $t = $pacs->get("$middle/thumbnail");
    my ($format, $w, $h) = split ' ', picture_of($t->{content});
    ok($w <= 256 && $h <= 256, 'point 47: a thumbnail has 256 pixels at most');
    ok($pacs->get("$_/thumbnail")->{content} eq $t->{content}, "point 47: the middle image stands for $_") for $series, $study;
    ok($pacs->get("$middle/thumbnail?annotation=patient")->{content} eq $t->{content}, 'point 47: without annotation');

    my $video = stow_base("$S/ecg-pdf-video/video-mpeg4-avc-hp41.dcm");
    my $r = $pacs->get("$video/rendered", Accept => 'video/mp4');
    is($r->{headers}{'content-type'}, 'video/mp4', 'point 48: a video as video/mp4');
    my $p = $pacs->get("$video/rendered", Accept => 'video/mp4', Range => 'bytes=100-299');
    is($p->{status}, 206, 'point 48: a range of it');
    ok($p->{content} eq substr($r->{content}, 100, 200), '... is that');
}

# --- the URI service, chapter 9 ---

sub wado {
    my ($base, %p) = @_;
    my @uids = $base =~ m{studies/([^/]+)/series/([^/]+)/instances/([^/]+)};
    my %q = (requestType => 'WADO', studyUID => $uids[0], seriesUID => $uids[1], objectUID => $uids[2], %p);
    return "$web/wado?" . join '&', map { "$_=" . ($q{$_} =~ s/([^\w.,-])/sprintf '%%%02X', ord $1/ger) } grep { defined $q{$_} } sort keys %q;
}

{
    my $b = $bases[0];
    my $r = $pacs->get(wado($b));
    is($r->{status}, 200, 'WADO-URI') or diag $r->{content};
    is($r->{headers}{'content-type'}, 'image/jpeg', '... is a JPEG by default');
    ok($r->{content} eq $pacs->get("$b/rendered")->{content}, '... the same as /rendered');
    is($pacs->get(wado($b), Accept => 'image/png')->{headers}{'content-type'}, 'image/png', '... or by Accept');
    for my $type (qw(image/jpeg image/png image/gif image/webp)) {
        is($pacs->get(wado($b, contentType => $type))->{headers}{'content-type'}, $type, "contentType=$type");
    }
    is($pacs->get(wado($b, contentType => 'image/jp2,image/png'))->{headers}{'content-type'}, 'image/png', 'the first that is there');
    is($pacs->get(wado($b, charset => 'iso-8859-1,UTF-8;q=0.5'))->{status}, 200, 'charset');
    is($pacs->http('HEAD', wado($b))->{headers}{'content-length'}, length $r->{content}, 'HEAD');
    is($pacs->get(wado($b), 'If-None-Match' => $r->{headers}{etag})->{status}, 304, 'WADO-URI: 304');

    my $png = sub { picture_of($pacs->get(wado($b, contentType => 'image/png', @_))->{content}) };
    my $rs = sub { picture_of($pacs->get("$b/rendered?$_[0]", Accept => 'image/png')->{content}) };
    is($png->(rows => 64, columns => 32), $rs->('viewport=32,64'), 'rows and columns');
    like($png->(columns => 100), qr/^PNG 100 100 /, 'columns alone');
    like($png->(rows => 50), qr/^PNG 50 50 /, 'rows alone');
    is($png->(windowCenter => '300', windowWidth => '700'), $rs->('window=300,700,linear'), 'windowCenter and windowWidth');
    my ($w, $h) = split ' ', py('import sys,pydicom; d=pydicom.dcmread(sys.argv[1]); print(d.Columns, d.Rows)', $ct[0]);
    is($png->(region => '0.25,0.5,0.75,1', columns => $w / 2, rows => $h / 2),
        $rs->(join ',', 'viewport=' . $w / 2, $h / 2, $w / 4, $h / 2, $w / 2, $h / 2), 'region');
    is($pacs->get(wado($b, imageQuality => 30))->{content}, $pacs->get("$b/rendered?quality=30")->{content}, 'imageQuality');
    isnt($png->(imageAnnotation => 'patient'), $png->(), 'imageAnnotation');
    is($png->(imageAnnotation => 'patient'), $png->(annotation => 'patient'), 'annotation');

    my $f = stow_base("$S/enhanced/mr-emri-small-10f.dcm");
    is($pacs->get(wado($f, frameNumber => 4))->{content}, $pacs->get("$f/frames/4/rendered")->{content}, 'frameNumber');
    is($pacs->get(wado($f))->{content}, $pacs->get("$f/frames/1/rendered")->{content}, 'of several frames the first as JPEG');
    like(picture_of($pacs->get(wado($f, contentType => 'image/gif'))->{content}), qr/^GIF 64 64 10 /, '... all as GIF');
    refused('frame 11 of 10', wado($f, frameNumber => 11), 404, qr/frame 11 of 10/);

    my $d = $pacs->get(wado($b, contentType => 'application/dicom'));
    is($d->{headers}{'content-type'}, "application/dicom; transfer-syntax=$le", 'application/dicom');
    ok(substr($d->{content}, 128) eq substr(slurp($ct[0]), 128), '... is the instance') if py($read, $ct[0]) =~ /^\Q$le\E /;
    is(py($read, save($pacs->get(wado($other{'nema-ct1-bigendian'}, contentType => 'application/dicom'))->{content})),
        py($read, "$T/nema-ct1-bigendian.dcm") =~ s/^\S+/$le/r, '... in Explicit VR LE');
    my $jls = stow_base("$T/nema-ct1-jlsl.dcm");
    $d = $pacs->get(wado($jls, contentType => 'application/dicom', transferSyntax => '1.2.840.10008.1.2.4.80'));
    ok(substr($d->{content}, 128) eq substr(slurp("$T/nema-ct1-jlsl.dcm"), 128), 'transferSyntax as it is stored');
    is($pacs->get(wado(stow_base("$S/sr-pr-ko/sr-basic-text.dcm")))->{headers}{'content-type'}, 'text/html; charset=utf-8', 'a report is a page');
    is($pacs->get(wado(stow_base("$S/ecg-pdf-video/encapsulated-pdf.dcm"), contentType => 'application/pdf'))->{headers}{'content-type'}, 'application/pdf', 'a PDF');
    is($pacs->get(wado(stow_base("$S/ecg-pdf-video/video-mpeg4-avc-hp41.dcm"), contentType => 'video/mp4'))->{headers}{'content-type'}, 'video/mp4', 'a video');

    my @bad = (
        [ 400, qr/requestType is missing/, requestType => undef ], [ 400, qr/must be WADO/, requestType => 'wado' ],
        [ 400, qr/studyUID is missing/, studyUID => undef ], [ 400, qr/not a UID/, objectUID => 'abc' ], [ 400, qr/not a UID/, seriesUID => '' ],
        [ 404, qr/./, objectUID => '1.2.3' ], [ 400, qr/names no type/, contentType => '' ], [ 400, qr/list of media types/, contentType => 'jpeg' ],
        [ 406, qr/./, contentType => 'image/jp2' ], [ 400, qr/together/, contentType => 'application/dicom,image/jpeg' ],
        [ 400, qr/transferSyntax is/, contentType => 'application/dicom;transfer-syntax=*' ],
        [ 400, qr/only/, transferSyntax => $le ], [ 400, qr/no transfer syntax/, contentType => 'application/dicom', transferSyntax => 'x' ],
        [ 400, qr/no transfer syntax/, contentType => 'application/dicom', transferSyntax => '1.2.840.10008.1.2' ],
        [ 406, qr/not converted/, contentType => 'application/dicom', transferSyntax => '1.2.840.10008.1.2.4.103' ],
        [ 406, qr/UTF-8/, charset => 'iso-8859-1' ], [ 406, qr/only instances are made anonymous/, anonymize => 'yes' ], [ 400, qr/must be yes/, anonymize => 'no' ],
        [ 404, qr/1.2/, presentationUID => '1.2', presentationSeriesUID => '1.3' ],
        [ 400, qr/together/, presentationUID => '1.2' ], [ 400, qr/together/, windowCenter => 40 ], [ 400, qr/windowCenter/, windowCenter => 'a', windowWidth => 1 ],
        [ 400, qr/windowWidth=0.5: must be a number from 1/, windowCenter => 40, windowWidth => 0.5 ],
        [ 400, qr/rows/, rows => 0 ], [ 400, qr/columns/, columns => 'x' ], [ 400, qr/rows/, rows => 99999999 ],
        [ 400, qr/region/, region => '0,0,1' ], [ 400, qr/region/, region => '0.5,0,0.4,1' ], [ 400, qr/region/, region => '0,0,1,1.5' ],
        [ 400, qr/frameNumber/, frameNumber => 0 ], [ 400, qr/quality/, imageQuality => 101 ],
        [ 400, qr/not for/, contentType => 'application/dicom', frameNumber => 1 ],
        [ 400, qr/not for/, contentType => 'application/dicom', annotation => 'patient' ],
    );
    for (@bad) {
        my ($status, $why, %p) = @$_;
        refused("WADO-URI: $status for " . join('&', map { "$_=" . ($p{$_} // '-') } sort keys %p), wado($b, %p), $status, $why);
    }
    refused('WADO-URI: twice', wado($b) . '&rows=1&rows=2', 400, qr/given twice/);
    refused('WADO-URI: deleted', wado($bases[6]), 410, qr/deleted/);
    is($pacs->http('POST', "$web/wado", { content => '' })->{status}, 405, 'WADO-URI: POST');
}

$pacs->shutdown;

# --- a server that wants to be told ---

$pacs = Pacs->new(redis => 0, conf_location => 'pacs_accept required;');
my $base = stow_base($ct[0]);
refused("point 27: no Accept is 406 by the letter: $_", $_, 406, qr/no Accept header/) for $base, "$base/metadata", "$base/rendered";
is($pacs->get($base, Accept => '*/*')->{status}, 200, '... */* is enough');
is($pacs->get("$base?accept=application/dicom")->{status}, 200, '... or the parameter');
$pacs->shutdown;

done_testing;
