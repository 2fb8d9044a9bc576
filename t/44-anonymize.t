#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# anonymize=yes of the URI service, PS3.18 9.4.1.2.1, by the Basic Profile of
# PS3.15 E.1: read by pydicom, which shares nothing with the server.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

my $python = '/usr/bin/python3';
system("$python -c 'import numpy, pydicom' 2>/dev/null") == 0
    or plan skip_all => 'no numpy or pydicom for /usr/bin/python3';

my $pacs = Pacs->new(redis => 0);
my $tmp = "$pacs->{home}/tmp/anonymous";
mkdir $tmp or die $!;

# images that tell of a patient wherever they can, and what must not be given
my ($rc, $out) = capture($python, '-c', <<'PY', $tmp);
import sys, copy, numpy as np, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless
tmp = sys.argv[1]
CT, SC = '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.7'
S = 'SECRET'
def item(**kw):
    d = Dataset()
    for k, v in kw.items(): setattr(d, k, v)
    return d
def image(n, cls=CT):
    d = Dataset()
    d.SpecificCharacterSet = 'ISO_IR 100'; d.ImageType = ['ORIGINAL', 'PRIMARY', 'AXIAL']; d.SOPClassUID = cls
    d.SOPInstanceUID = '1.2.3.44.1.%d' % n; d.StudyInstanceUID = '1.2.3.44'; d.SeriesInstanceUID = '1.2.3.44.1'
    d.FrameOfReferenceUID = '1.2.3.44.9'; d.PatientName = 'Sécretière^Anne-SECRETNAME'; d.PatientID = 'SECRETID'
    d.PatientBirthDate = '19610417'; d.PatientSex = 'F'; d.PatientAge = '065Y'; d.PatientWeight = '71.5'
    d.OtherPatientIDsSequence = Sequence([item(PatientID='SECRET2', IssuerOfPatientID='SECRET3')])
    d.StudyDate = d.SeriesDate = d.AcquisitionDate = d.ContentDate = '20260417'; d.StudyTime = '101112'
    d.AccessionNumber = 'SECRETACC'; d.ReferringPhysicianName = 'SECRET^Doc'; d.InstitutionName = 'SECRETHOUSE'
    d.StationName = 'SECRETSTN'; d.StudyDescription = 'of SECRETNAME'; d.SeriesDescription = 'thorax'
    d.OperatorsName = 'SECRET^Op'; d.DeviceSerialNumber = 'SECRETSER'; d.StudyID = 'SECRETSID'; d.Modality = 'CT'
    d.PatientComments = 'SECRET'; d.ImageComments = 'SECRET'; d.Manufacturer = 'Maker'; d.ConvolutionKernel = 'sharp secretname'
    d.KVP = '120'; d.SliceThickness = '1.25'; d.ImagePositionPatient = [1, 2, 3.5]; d.InstanceNumber = n
    d.RequestAttributesSequence = Sequence([item(RequestedProcedureDescription='SECRET', ScheduledProcedureStepID='SECRET')])
    d.ReferencedImageSequence = Sequence([item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID='1.2.3.44.1.1')])
    deep = item(CodeValue='T-1', CodingSchemeDesignator='SRT', CodeMeaning='Lung of SecretName')
    deep.PatientName = 'SECRET^Deep'
    d.AnatomicRegionSequence = Sequence([deep])
    d.add_new(0x00090010, 'LO', 'ACME'); d.add_new(0x00091001, 'LO', 'SECRETPRIVATE')
    deep.add_new(0x00090010, 'LO', 'ACME'); deep.add_new(0x00091002, 'UT', 'SECRETPRIVATE')
    d.add_new(0x60000010, 'US', 4); d.add_new(0x60000011, 'US', 4); d.add_new(0x60000040, 'CS', 'G'); d.add_new(0x60000050, 'SS', [1, 1])
    d.add_new(0x60000100, 'US', 1); d.add_new(0x60000102, 'US', 0); d.add_new(0x60003000, 'OW', b'\xff\x0f')
    d.IconImageSequence = Sequence([item(Rows=1, Columns=1, BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0, SamplesPerPixel=1,
        PhotometricInterpretation='MONOCHROME2', PixelData=b'\1\0')])
    d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = 8, 10, 1, 'MONOCHROME2'
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
    d.PixelData = (np.arange(80, dtype='<u2') * 51).tobytes()
    return d
def save(name, d, syntax=ExplicitVRLittleEndian):
    m = FileMetaDataset(); m.TransferSyntaxUID = syntax; m.MediaStorageSOPClassUID = d.SOPClassUID
    m.MediaStorageSOPInstanceUID = d.SOPInstanceUID; m.SourceApplicationEntityTitle = 'SECRETAE'
    d = copy.deepcopy(d); d.file_meta = m
    d.is_little_endian = syntax != ExplicitVRBigEndian; d.is_implicit_VR = syntax == ImplicitVRLittleEndian
    if syntax == RLELossless: d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian; d.compress(RLELossless)
    if not d.is_little_endian: d.PixelData = np.frombuffer(d.PixelData, '<u2').astype('>u2').tobytes()
    d.preamble = (b'SECRET' * 30)[:128]
    d.save_as('%s/%s.dcm' % (tmp, name), write_like_original=False)
for n, (name, syntax) in enumerate([('explicit', ExplicitVRLittleEndian), ('implicit', ImplicitVRLittleEndian), ('big', ExplicitVRBigEndian),
        ('deflated', DeflatedExplicitVRLittleEndian), ('rle', RLELossless)], 1): save(name, image(n), syntax)
d = image(11); d.BurnedInAnnotation = 'YES'; save('burned', d)
d = image(12); d.ImageType = ['DERIVED', 'SECONDARY']; save('derived', d)
d = image(13, SC); save('capture', d)
d = image(14); d[0x60000102].value = 12; d.HighBit = 11; save('bits', d)
d = image(15); del d[0x60003000]; save('nodata', d)
d = image(16, SC); d.BurnedInAnnotation = 'NO'; save('clean', d)
save('fresh', image(18), RLELossless)
d = image(17, '1.2.840.10008.5.1.4.1.1.88.11'); del d.PixelData; save('report', d)
PY
is($rc, 0, 'instances by pydicom') or diag $out;
is($pacs->stow([glob "$tmp/*.dcm"])->{status}, 200, '... are stored');

my %number = (explicit => 1, implicit => 2, big => 3, deflated => 4, rle => 5, burned => 11, derived => 12, capture => 13,
    bits => 14, nodata => 15, clean => 16, report => 17, fresh => 18);
sub ask {
    my ($name, %more) = @_;
    my %q = (requestType => 'WADO', studyUID => '1.2.3.44', seriesUID => '1.2.3.44.1', objectUID => "1.2.3.44.1.$number{$name}",
        contentType => 'application/dicom', anonymize => 'yes', %more);
    return $pacs->get('/dicom-web/wado?' . join '&', map { "$_=$q{$_}" } grep { defined $q{$_} } sort keys %q);
}
sub keep { my ($name, $r) = @_; open my $f, '>:raw', "$tmp/$name" or die $!; print $f $r->{content}; close $f }

my @given;
for (
    [ 'explicit' ], [ 'implicit' ], [ 'big' ], [ 'deflated' ], [ 'rle' ], [ 'clean' ],
    [ 'rle', transferSyntax => '1.2.840.10008.1.2.5' ], [ 'explicit', transferSyntax => '1.2.840.10008.1.2.4.80' ],
    [ 'explicit', transferSyntax => '1.2.840.10008.1.2.5' ], [ 'deflated', transferSyntax => '1.2.840.10008.1.2.1.99' ],
) {
    my ($name, %more) = @$_;
    my $what = join ' ', @$_;
    my $r = ask($name, %more);
    is($r->{status}, 200, "$what is given") or do { diag $r->{content}; next };
    unlike($r->{content}, qr/secret/i, '... without a word of it');
    unlike(join(' ', values %{$r->{headers}}), qr/secret|1\.2\.3\.44/i, '... in the headers too');
    unlike($r->{content}, qr/1\.2\.3\.44/, '... and without its UIDs');
    my $file = join '_', map { tr/./_/r } $name, values %more;
    keep("$file.out", $r);
    push @given, "$file.out";
    is(ask($name, %more)->{content}, $r->{content}, '... the same again') if !%more;
    isnt(ask($name, %more, anonymize => undef)->{headers}{etag}, $r->{headers}{etag}, '... whose ETag is its own');
}
($rc, $out) = capture($python, '-c', <<'PY', $tmp, @given);
import sys, numpy as np, pydicom
tmp = sys.argv[1]; seen = {}
wrong = []
for name in sys.argv[2:]:
    d = pydicom.dcmread(tmp + '/' + name)
    def check(ok, what):
        if not ok: wrong.append('%s: %s' % (name, what))
    check(all(str(d[k].value or '') in ('', 'ANONYMOUS', '19000101') for k in ('PatientName', 'PatientID', 'PatientBirthDate', 'StudyDate')), 'type 2 attributes are there, empty or dummies')
    for k in ('OtherPatientIDsSequence', 'StudyDescription', 'PatientAge', 'PatientComments', 'IconImageSequence'):
        check(k not in d, k + ' is gone')
    def walk(ds):
        for e in ds:
            yield ds, e
            if e.VR == 'SQ':
                for i in e.value: yield from walk(i)
    check(not [e for _, e in walk(d) if e.tag.is_private or e.tag.group & 0xff00 == 0x6000], 'no private attribute, no overlay')
    check(d.PatientIdentityRemoved == 'YES' and d.DeidentificationMethodCodeSequence[0].CodeValue == '113100', 'it says so')
    check(d.KVP == 120 and d.ImagePositionPatient == [1, 2, 3.5] and d.Manufacturer == 'Maker' and d.Modality == 'CT', 'technique stays')
    check(d.ConvolutionKernel == d.AnatomicRegionSequence[0].CodeMeaning == 'ANONYMOUS', 'a text with the name has another')
    check(d.AnatomicRegionSequence[0].CodeValue == 'T-1', 'a code stays')
    check('PatientName' not in d.AnatomicRegionSequence[0] or d.AnatomicRegionSequence[0].PatientName == '', 'a nested name goes')
    check(d.file_meta.MediaStorageSOPInstanceUID == d.SOPInstanceUID, 'file meta agree')
    check('SourceApplicationEntityTitle' not in d.file_meta, 'no source')
    check(d.SOPInstanceUID.startswith('2.25.') and len(d.SOPInstanceUID) <= 44, 'a UID of its own')
    seen.setdefault('study', set()).add(d.StudyInstanceUID); seen.setdefault('series', set()).add(d.SeriesInstanceUID)
    seen.setdefault('frame', set()).add(d.FrameOfReferenceUID)
    seen.setdefault(name.split('_')[0].split('.')[0], set()).add(d.SOPInstanceUID)
    check(d.ReferencedImageSequence[0].ReferencedSOPClassUID == '1.2.840.10008.5.1.4.1.1.2', 'a class stays')
    seen.setdefault('reference', set()).add(d.ReferencedImageSequence[0].ReferencedSOPInstanceUID)
    if not name.startswith('explicit_1_2_840_10008_1_2_4'):
        check((d.pixel_array == (np.arange(80, dtype='u2') * 51).reshape(8, 10)).all(), 'pixel data are as they were')
    else: check(b'\xff\xd8' in d.PixelData, 'coded')
for k, v in seen.items():
    if len(v) != 1: wrong.append('%s has %d UIDs' % (k, len(v)))
if seen['reference'] != seen['explicit']: wrong.append('a reference does not lead to its instance')
if len(set.union(*seen.values())) != 9: wrong.append('UIDs fall together: %r' % seen)
print('\n'.join(wrong))
PY
is($rc, 0, 'pydicom reads them') or diag $out;
is($out, "\n", '... each as the profile has it');
SKIP: {
    skip 'no dciodvfy', 1 unless have('dciodvfy');
    my (undef, $errors) = capture('dciodvfy', "$tmp/explicit.out");
    my (undef, $before) = capture('dciodvfy', "$tmp/explicit.dcm");
    my %was = map { $_ => 1 } grep { /^Error/ } split /\n/, $before;
    my @new = grep { /^Error/ && !$was{$_} } split /\n/, $errors;
    is(scalar @new, 0, 'dciodvfy finds no error that was not there') or diag join "\n", @new;
}

for ([ 'burned', qr/Burned In Annotation.*not NO/ ], [ 'derived', qr/missing/ ], [ 'capture', qr/missing/ ],
     [ 'bits', qr/overlay/ ], [ 'nodata', qr/overlay/ ], [ 'report', qr/only images/ ])
{
    my ($name, $why) = @$_;
    for my $syntax (undef, '1.2.840.10008.1.2.5') {
        my $r = ask($name, transferSyntax => $syntax);
        is($r->{status}, 406, "$name is refused" . ($syntax ? ' as RLE' : ''));
        like($r->{content}, $syntax && $name eq 'report' ? qr/reason/ : $why, '... and it says why');
        unlike($r->{content}, qr/secret/i, '... and no more than that');
    }
}
is(ask('explicit', anonymize => 'no')->{status}, 400, 'anonymize=no is 400');
is(ask('explicit', contentType => 'image/jpeg')->{status}, 406, 'a picture is not made anonymous: 406');
is(ask('explicit', anonymize => undef)->{status}, 200, 'without the parameter it is as it was');
like(ask('explicit', anonymize => undef)->{content}, qr/SECRETNAME/, '... with the name');

$pacs->stop('listener');
is(ask('fresh')->{status}, 503, 'without pacs-codec what is to be decoded is 503, never as it is stored');

$pacs->shutdown;
done_testing;
