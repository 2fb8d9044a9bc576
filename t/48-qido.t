#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# QIDO-RS to the letter: the points 1 to 18 of what other servers get wrong,
# PS3.18 8.3.4 and 10.6, PS3.4 C.2.2.2.

use strict;
use warnings;
use utf8;

use lib 't/lib';

use Encode qw(encode_utf8);
use JSON::PP ();
use Pacs;
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

system('/usr/bin/python3', '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';

my $pacs = Pacs->new(redis => 0, listener => 0,
    conf_http => 'pacs_redis_timeout 50ms; pacs_limit_query_rows 50;');
my $web = '/dicom-web';
my $root = '1.2.826.0.1.3680043.10.48';
my $dir = "$pacs->{home}/made";
my ($made, %study) = (0);

mkdir $dir;


# writes files and stores them; each: keyword to value
sub store {
    my (@specs) = @_;
    my @files = map { "$dir/" . $made++ . '.dcm' } @specs;

    my $i = 0;
    $_->{file} = $files[$i++] for @specs;

    open my $f, '|-', '/usr/bin/python3', "$Pacs::TOP/t/lib/make_dicom.py"
        or die;
    print $f JSON::PP->new->utf8->encode(\@specs);
    close $f or die 'make_dicom.py failed';

    my $r = $pacs->stow(\@files);

    is($r->{status}, 200, 'stored ' . @specs)
        or diag substr $r->{content}, 0, 500;
}


# one instance: study, series and instance number below $root
sub instance {
    my ($study, $series, $instance, %more) = @_;

    return { StudyInstanceUID => "$root.$study",
             SeriesInstanceUID => "$root.$study.$series",
             SOPInstanceUID => "$root.$study.$series.$instance", %more };
}


sub escape {
    my ($text) = @_;
    my $bytes = encode_utf8($text);

    $bytes =~ s/([^A-Za-z0-9._~*-])/sprintf '%%%02X', ord $1/ge;
    return $bytes;
}


# path?name=value&…, escaped; a value may be a list
sub path {
    my ($path, @query) = @_;
    my @pairs;

    while (my ($name, $value) = splice @query, 0, 2) {
        push @pairs, escape($name) . '=' . escape($value);
    }
    return "$web/$path" . (@pairs ? '?' . join '&', @pairs : '');
}


sub ask {
    my ($path, @query) = @_;
    my $r = $pacs->get(path($path, @query));

    $r->{rows} = json($r->{content}) if $r->{status} == 200;
    return $r;
}


sub value { my ($row, $tag) = @_; return $row->{$tag}{Value}[0] }


# the last parts of the rows' UIDs: "1 2.1"
sub uids {
    my ($r, $tag) = @_;

    return "status $r->{status}: $r->{content}" if !$r->{rows};
    return join ' ', map { substr value($_, $tag), length "$root." }
                     @{ $r->{rows} };
}


sub studies { return uids(ask('studies', @_), '0020000D') }
sub series { return uids(ask('series', @_), '0020000E') }
sub instances { return uids(ask('instances', @_), '00080018') }


sub warnings_of {
    my ($r) = @_;
    my $w = $r->{headers}{warning} // return '';

    return join ' | ', ref $w ? @$w : $w;
}


# --- point 1: nothing is there yet ---

for my $resource (qw(studies series instances patients),
    "studies/$root.1/series", "studies/$root.1/instances",
    "studies/$root.1/series/$root.1.1/instances")
{
    my $r = ask($resource);

    ok($r->{status} == 200 && $r->{content} =~ /^\[\]\s*$/,
       "point 01: $resource: no match is 200 and []")
        or diag "$r->{status} $r->{content}";
}

# --- the archive ---

store(
    # two charsets, two spellings and two descriptions in one study
    instance(1, 1, 1, charset => 'ISO_IR 100', rows => 4,
        PatientName => 'Müller^Jürgen^^Dr.', PatientID => 'P1',
        PatientBirthDate => '19500102', PatientSex => 'M',
        IssuerOfPatientID => 'HOSPITAL', StudyDate => '20200101',
        StudyTime => '103000', AccessionNumber => 'A+1', StudyID => 'S1',
        StudyDescription => 'Thorax', ReferringPhysicianName => 'Weiß^Ärztin',
        Modality => 'CT', SeriesNumber => 1, InstanceNumber => 1,
        SeriesDescription => 'first', ImageType => ['ORIGINAL', 'PRIMARY',
        'AXIAL'], AcquisitionDateTime => '20200101103000+0100',
        TimezoneOffsetFromUTC => '+0100',
        PerformedProcedureStepStartDate => '20200101',
        PerformedProcedureStepStartTime => '1030',
        '00090010' => ['LO', 'NGX TEST'], '00091001' => ['SH', 'private'],
        ProcedureCodeSequence => [{ CodeValue => 'PC1',
            CodingSchemeDesignator => '99T', CodeMeaning => 'Größe' }],
        RequestAttributesSequence => [
            { ScheduledProcedureStepID => 'SPS1',
              RequestedProcedureID => 'RP1', StudyInstanceUID => "$root.1",
              ScheduledProcedureStepDescription => 'step' },
            { ScheduledProcedureStepID => 'SPS2',
              RequestedProcedureID => 'RP2' }]));

# what came first is what a study says
store(
    instance(1, 1, 2, charset => 'ISO_IR 100', rows => 4,
        PatientName => 'Müller^Jürgen^^Dr.', PatientID => 'P1',
        StudyDate => '20200101', StudyTime => '103000', Modality => 'CT',
        SeriesNumber => 1, InstanceNumber => 2, ImageType => ['DERIVED',
        'SECONDARY']),
    instance(1, 2, 1, PatientName => 'MUELLER^JUERGEN', PatientID => 'P1',
        StudyDate => '20200101', StudyTime => '103000', Modality => 'PT',
        StudyDescription => 'Brust', SeriesNumber => 2, InstanceNumber => 1,
        rows => 4),
    instance(2, 1, 1, PatientName => 'Miller^Anna', PatientID => 'P2',
        StudyDate => '20210615', StudyTime => '235959.5', Modality => 'MR',
        AccessionNumber => 'A 1', SeriesNumber => 10, InstanceNumber => 1,
        ReferringPhysicianName => 'Doe^Jane'),
    instance(3, 1, 1, charset => ['', 'ISO 2022 IR 87'],
        PatientName => 'Yamada^Tarou=山田^太郎=やまだ^たろう',
        PatientID => 'P3', StudyDate => '20210616', StudyTime => '0800',
        Modality => 'US', InstanceNumber => 1),
    instance(4, 1, 1, PatientName => 'Иванов^Пётр', PatientID => 'p1',
        StudyDate => '19991231', StudyTime => '000000', Modality => 'MG',
        AccessionNumber => 'B\\1' =~ s/\\/_/r),
    instance(5, 1, 1, PatientName => '', PatientID => '', Modality => 'OT'),
    instance(6, 1, 1, PatientName => "O'Neill^Séan", PatientID => 'P6',
        StudyDate => '20210615', StudyTime => '0700', Modality => 'CT'),
    instance(7, 1, 1, PatientName => 'Παπαδόπουλος^Νίκος', PatientID => 'P7',
        StudyDate => '20180101', StudyTime => '1200', Modality => 'XA'),
);

my $all = '3 2 6 1 7 4 5';

is(studies(), $all, 'all studies: the newest first');

# --- point 2 ---

is_deeply(ask('studies', limit => 10, offset => 100)->{rows}, [],
          'point 02: past the end: 200 and []');
for my $bad (qw(limit=0 limit=-1 limit=x limit= limit=1.5 limit=1&limit=2
    offset=-1 offset=x offset= limit=99999999999 offset=99999999999
    offset=1&offset=1))
{
    my $r = $pacs->get("$web/studies?$bad");

    ok($r->{status} == 400 && json($r->{content})->{reason},
       "point 02: $bad is 400") or diag "$r->{status} $r->{content}";
}
is(studies(limit => 2, offset => 1), '2 6', 'point 02: limit and offset');

# --- point 4 ---

my $r = ask('studies', limit => 2);

is(warnings_of($r), "299 127.0.0.1:$pacs->{port} \"There are 5 additional"
   . ' results that can be requested"', 'point 04: a Warning, with the number'
   . ' where a counter has it');
$r = ask('studies', limit => 1, PatientName => '*');
like(warnings_of($r), qr/^299 \S+ "There are additional results that can be requested"$/,
     'point 04: without where it would have to be counted');
is(warnings_of(ask('studies', limit => 7)), '',
   'point 04: none on the last page');
is(warnings_of(ask("studies/$root.1/series", limit => 1)),
   "299 127.0.0.1:$pacs->{port} \"There are 1 additional results that can be"
   . ' requested"', 'point 04: of a study\'s series');
is(warnings_of(ask("studies/$root.1/series/$root.1.1/instances",
       limit => 1)),
   "299 127.0.0.1:$pacs->{port} \"There are 1 additional results that can be"
   . ' requested"', 'point 04: of a series\' instances');

# --- point 5 ---

$r = ask('studies', '00091001' => 'x', SliceThickness => 5);
is(scalar @{ $r->{rows} }, 7, 'point 05: keys without support are ignored');
like(warnings_of($r), qr/^299 .*ignored: 00091001 SliceThickness"/,
     'point 05: ... and it is said');
for my $unknown (qw(NoSuchKeyword patientname PatientName.NoSuch 0010 0010001G
    00400275. .00400275))
{
    is($pacs->get("$web/studies?$unknown=1")->{status}, 400,
       "point 05: $unknown is 400");
}
$r = ask('studies',
    'RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue' => 1);
like(warnings_of($r), qr/ignored: Request/, 'point 05: a deep path is ignored');

# --- point 6 ---

for my $key ('PatientID', '00100020') {
    is(studies($key => 'P2'), '2', "point 06: $key");
}
for my $key ('00400275.00400009', 'RequestAttributesSequence.00400009',
    'RequestAttributesSequence.ScheduledProcedureStepID',
    '00400275.ScheduledProcedureStepID')
{
    is(series($key => 'SPS2'), '1.1', "point 06: $key");
    is(series($key => 'SPS3'), '', "point 06: $key, another value");
}
my $item = '00400275';

is(series("$item.00400009" => 'SPS2', "$item.00401001" => 'RP2'), '1.1',
   'sequence matching: two keys in one item');
is(series("$item.00400009" => 'SPS2', "$item.00401001" => 'RP1'), '',
   'sequence matching: not in two items');

# --- point 7 ---

my ($one, $two) = ("$root.1", "$root.2");

is($pacs->get("$web/studies?StudyInstanceUID=$one,$two")->{status}, 200,
   'point 07: an unescaped comma');
is(studies(StudyInstanceUID => "$one,$two"), '2 1', 'point 07: by comma');
is(studies(StudyInstanceUID => "$one\\$two"), '2 1', 'point 07: by backslash');
is(series(StudyInstanceUID => "$one,$two", SeriesInstanceUID =>
       "$two.1,1.2.3"), '2.1', 'point 07: two lists');
is(instances(SOPInstanceUID => "$two.1.1,$one.1.2"), '2.1.1 1.1.2',
   'point 07: instances');
is($pacs->get("$web/studies?PatientID=P1&PatientID=P2")->{status}, 400,
   'point 07: a key twice is 400');
is($pacs->get("$web/studies?PatientID=P1&00100020=P2")->{status}, 400,
   'point 07: ... also by another name');
is($pacs->get("$web/studies?StudyInstanceUID=1.2.x")->{status}, 400,
   'point 07: no UID is 400');

# --- point 8 ---

for (
    [ '20200101', '1' ], [ '20200101-20210615', '2 6 1' ],
    [ '20200102-', '3 2 6' ], [ '-20200101', '1 7 4' ],
    [ '20210616-20200101', '' ],
) {
    is(studies(StudyDate => $_->[0]), $_->[1], "point 08: StudyDate $_->[0]");
}
for my $bad ('2020', '20201301', '20200132', '2020-01-01', 'x', '-',
    '20200101-x', '20200101-20200102-20200103')
{
    is($pacs->get(path('studies', StudyDate => $bad))->{status}, 400,
       "point 08: StudyDate $bad is 400");
}
for my $bad ('25', '1', '10:30', 'x-10') {
    is($pacs->get(path('studies', StudyTime => $bad))->{status}, 400,
       "point 08: StudyTime $bad is 400");
}
for (
    [ '20200101-20210615', '1031-2200', '6',
      'from 1031 of the first day to 2200 of the last' ],
    [ '20200101-20210615', '1030-235959', '2 6 1', 'the ends belong to it' ],
    [ '20210615-', '0800-', '3 2', 'without an end' ],
    [ '-20210615', '-0700', '6 1 7 4', 'without a beginning' ],
    [ '20210615', '0700', '6', 'a day and a time' ],
    [ '20210615-20210616', '0800', '3', 'of two forms: each for itself' ],
) {
    is(studies(StudyDate => $_->[0], StudyTime => $_->[1]), $_->[2],
       "point 08: $_->[0] and $_->[1]: $_->[3]");
}
for (
    [ '20200101093000+0000', '1.1.1' ], [ '2020', '1.1.1' ],
    [ '20200101100000+0000-', '' ], [ '-20200101103000+0100', '1.1.1' ],
    [ '202001010929-202001010931', '1.1.1' ],
) {
    is(instances(AcquisitionDateTime => $_->[0]), $_->[1],
       "point 08: AcquisitionDateTime $_->[0]");
}
is($pacs->get(path('instances', AcquisitionDateTime => '2020-13'))->{status},
   400, 'point 08: no date and time is 400');

# --- point 9 ---

is($pacs->get("$web/studies?PatientID=P%2A&limit=50")->{status}, 200,
   'point 09: %2A');
is(studies(PatientID => 'P*'), '3 2 6 1 7', 'point 09: *');
is(studies(PatientID => 'P?'), '3 2 6 1 7', 'point 09: ?');
is(studies(PatientID => '?1'), '1 4', 'point 09: ? in front');
is(studies(PatientID => 'p1'), '4', 'point 09: case counts but in names');
is(uids(ask("studies?AccessionNumber=A+1"), '0020000D'), '1',
   'point 09: + is a plus sign');
is(uids(ask("studies?AccessionNumber=A%201"), '0020000D'), '2',
   'point 09: %20 is a blank');
is(uids(ask("studies?AccessionNumber=B_1"), '0020000D'), '4',
   'point 09: _ is itself');
is(uids(ask("studies?PatientID=P1%5CP2"), '0020000D'), '2 1',
   'point 09: %5C between values: any of them');
for my $empty ('', '*', '**') {
    is(studies(PatientID => $empty), $all,
       "point 09: '$empty' matches everything");
}
for (
    [ 'müller^jürgen^^dr.', '1' ], [ 'MULLER*', '1' ], [ 'm?ller*', '2 1' ],
    [ '山田*', '3' ], [ 'Yamada*=山田*', '3' ], [ '=山田^太郎', '3' ],
    [ 'やまだ*', '3' ], [ 'Yamada*=x*', '' ], [ 'иванов^*', '4' ],
    [ 'ΠΑΠΑΔΌΠΟΥΛΟΣ*', '7' ], [ "o'neill^sean", '6' ], [ 'muller', '' ],
    [ '*anna', '2' ],
) {
    is(studies(PatientName => $_->[0]), $_->[1],
       "point 09: PatientName $_->[0]");
}
is(studies(ReferringPhysicianName => 'WEISS*'), '1', 'point 09: ß is ss');

# --- point 10 ---

for (
    [ 'Mueller', '2 1' ], [ 'Meller', '2 1' ], [ 'Jurgen Muler', '1' ],
    [ 'Onil', '6' ], [ 'ONeil^Shean', '6' ], [ 'yam', '3' ], [ '山', '3' ],
    [ 'Ivanof', '4' ], [ 'Papadopulos', '7' ], [ '*mülle*', '1' ],
    [ 'Schmidt', '' ],
) {
    my $r = ask('studies', PatientName => $_->[0], fuzzymatching => 'true');

    is(uids($r, '0020000D'), $_->[1], "point 10: fuzzy $_->[0]");
    is(warnings_of($r), '', 'point 10: ... is supported: no Warning');
}
is(studies(PatientName => 'Meller', fuzzymatching => 'false'), '',
   'point 10: not without');
is($pacs->get("$web/studies?fuzzymatching=maybe")->{status}, 400,
   'point 10: fuzzymatching=maybe is 400');
is(studies(ReferringPhysicianName => 'Doe Jayn', fuzzymatching => 'true'), '2',
   'point 10: another name');
is(scalar @{ ask('patients', PatientName => 'Meller',
       fuzzymatching => 'true')->{rows} }, 2, 'point 10: of patients');

# --- empty and multiple value matching, PS3.18 8.3.4.5 and 8.3.4.6 ---

my @empty = (emptyvaluematching => 'true');
my @every = (multiplevaluematching => 'true');

is(studies(@empty, PatientID => '""'), '5', 'empty value: PatientID');
is(studies(@empty, PatientName => '""'), '5', 'empty value: PatientName');
is(studies(@empty, StudyDate => '""'), '5', 'empty value: StudyDate');
is(studies(@empty, AccessionNumber => '""', StudyDate => '2021-' =~ s/-/0615/r),
   '6', 'empty value: with another key');
is(studies(PatientID => '""'), '', 'empty value: only where it is asked for');
is(series(@empty, SeriesNumber => '""', StudyInstanceUID => "$root.3"), '3.1',
   'empty value: a number');
is(studies(@every, ModalitiesInStudy => 'CT\\PT'), '1',
   'multiple values: each of them');
is(studies(ModalitiesInStudy => 'CT\\PT'), '6 1',
   '... any of them without');
is(studies(@every, ModalitiesInStudy => 'CT\\MR'), '',
   'multiple values: not all are there');
is(instances(@every, ImageType => 'AXIAL\\ORIGINAL'), '1.1.1',
   'multiple values: in any order');
is($pacs->get(path('studies', @every, ModalitiesInStudy => 'C*\\PT'))
       ->{status}, 400, 'multiple values: no wildcards');
for my $name ('emptyvaluematching', 'multiplevaluematching') {
    is($pacs->get("$web/studies?$name=1")->{status}, 400, "$name=1 is 400");
}

# --- point 11 ---

for my $include ("includefield=StudyDescription&includefield=00101010",
    "includefield=StudyDescription,00101010",
    "includefield=StudyDescription%2CPatientAge")
{
    my $row = ask("studies?PatientID=P1&$include")->{rows}[0];

    ok($row->{'00081030'} && $row->{'00101010'}, "point 11: $include");
}
ok(!ask('studies')->{rows}[0]{'00081030'}, 'point 11: not without');
ok(ask('studies', includefield => 'all')->{rows}[0]{'00081030'},
   'point 11: all');
is($pacs->get("$web/studies?includefield=PatientName.StudyDate")->{status},
   400, 'includefield: a path through no sequence');
is($pacs->get("$web/studies?includefield=NoSuch")->{status}, 400,
   'point 11: an unknown one is 400');

my ($row) = @{ ask("studies/$one/series/$one.1/instances",
    InstanceNumber => 1, includefield => '00091001')->{rows} };

is(value($row, '00091001'), 'private', 'point 11: a private attribute');
is(value($row, '00090010'), 'NGX TEST', 'point 11: ... with its creator');
($row) = @{ ask("studies/$one/series", SeriesNumber => 1,
    includefield => 'RequestAttributesSequence')->{rows} };
is_deeply([map { value($_, '00400009') } @{ $row->{'00400275'}{Value} }],
          ['SPS1', 'SPS2'], 'point 11: a sequence has all its items');
is(value($row->{'00400275'}{Value}[0], '00400007'), 'step',
   'point 11: ... with all that is in them');
($row) = @{ ask('studies', PatientID => 'P1',
    includefield => 'ProcedureCodeSequence')->{rows} };
is(value($row->{'00081032'}{Value}[0], '00080104'), 'Größe',
   'point 11: a sequence of the study, in UTF-8');
$r = ask('studies', PatientID => 'P1',
    includefield => '00091001,RequestAttributesSequence,SliceThickness');
ok(!grep({ $r->{rows}[0]{$_} } qw(00091001 00400275 00180050)),
   'point 11: what is no attribute of a study is not returned');
like(warnings_of($r), qr/not returned at this level: 00091001 00400275 00180050/,
     'point 11: ... and it is said');

# --- point 12 ---

my %required = (
    studies => [qw(00080020 00080030 00080050 00080056 00080061 00080090
        00081190 00100010 00100020 00100030 00100040 0020000D 00200010
        00201206 00201208)],
    series => [qw(00080056 00080060 0008103E 00081190 0020000E 00200011
        00201209 00400244 00400245 00400275)],
    instances => [qw(00080016 00080018 00080056 00081190 00200013 00280008
        00280010 00280011 00280100)],
    patients => [qw(00100010 00100020 00100030 00100040 00201200 00201202
        00201204)],
);

for my $resource (sort keys %required) {
    my @bad;

    for my $row (@{ ask($resource)->{rows} }) {
        push @bad, grep { !exists $row->{$_} || !$row->{$_}{vr} }
                   @{ $required{$resource} };
    }
    is("@bad", '', "point 12: $resource have the required attributes, also"
       . ' the empty ones');
}

# --- point 13 ---

($row) = @{ ask('studies', StudyDescription => 'Thorax',
    IssuerOfPatientID => 'HOSPITAL', PatientSex => 'M')->{rows} };
is_deeply([map { value($row, $_) } qw(00081030 00100021 00100040)],
          ['Thorax', 'HOSPITAL', 'M'], 'point 13: keys come back');
for my $resource ('series', 'instances') {
    ($row) = @{ ask($resource, StudyInstanceUID => $one)->{rows} };
    is_deeply([map { value($row, $_) } qw(0020000D 00100020 00080020)],
              [$one, 'P1', '20200101'],
              "point 13: $resource: the study's attributes");
}
($row) = @{ ask("studies/$one/instances")->{rows} };
ok(!exists $row->{'00100020'} && value($row, '0020000E') eq "$one.1",
   'point 13: what the path says is not repeated');
for (['PatientID', 'P1'], ['StudyDate', '20200101'], ['Modality', 'CT']) {
    is(instances($_->[0] => $_->[1], StudyInstanceUID => $one),
       $_->[0] eq 'Modality' ? '1.1.1 1.1.2' : '1.1.1 1.1.2 1.2.1',
       "point 13: $_->[0] as a key of instances");
}

# --- point 14 ---

$r = ask('studies', PatientID => 'P1', includefield => 'Modality,SeriesDescription');
ok(!exists $r->{rows}[0]{'00080060'} && !exists $r->{rows}[0]{'0008103E'},
   'point 14: no Modality of some series in a study');
$r = ask('studies', Modality => 'CT', SeriesDescription => 'first');
is(scalar @{ $r->{rows} }, 7, 'point 14: a series\' key is no key of a study');
like(warnings_of($r), qr/level below and were ignored: Modality SeriesDescription"/,
     'point 14: ... and it is said');

# --- point 16 ---

($row) = @{ ask('studies', StudyInstanceUID => $one)->{rows} };
is_deeply($row->{'00080061'}{Value}, ['CT', 'PT'],
          'point 16: ModalitiesInStudy has several values');
is(studies(ModalitiesInStudy => 'PT'), '1', 'point 16: ... each is a key');

# --- point 17 ---

for (
    [ undef, 'application/dicom+json' ], [ '*/*', 'application/dicom+json' ],
    [ 'application/dicom+json', 'application/dicom+json' ],
    [ 'application/json', 'application/json' ],
    [ 'application/*', 'application/dicom+json' ],
    [ 'application/json;q=0.5, application/dicom+json',
      'application/dicom+json' ],
    [ 'multipart/related; type="application/dicom+xml"',
      'multipart/related' ],
    [ 'multipart/related; type=application/dicom+xml', 'multipart/related' ],
    [ 'multipart/*', 'multipart/related' ],
    [ 'text/html, */*;q=0.1', 'application/dicom+json' ],
) {
    my $r = $pacs->get("$web/studies", defined $_->[0] ? (Accept => $_->[0])
                                                      : ());
    my ($type) = split /;/, $r->{headers}{'content-type'} // '';

    is("$r->{status} $type", "200 $_->[1]",
       'point 17: Accept: ' . ($_->[0] // 'none'));
}
is($pacs->get("$web/studies?accept=application/json")->{headers}
       {'content-type'}, 'application/json', 'point 17: accept=');
for my $not ('text/html', 'image/*', 'application/dicom',
    'multipart/related; type="application/dicom"')
{
    is($pacs->get("$web/studies", Accept => $not)->{status}, 406,
       "point 17: Accept: $not is 406");
}
$r = $pacs->get("$web/studies",
    Accept => 'multipart/related; type="application/dicom+xml"');
like($r->{headers}{'content-type'}, qr/type="application\/dicom\+xml"/,
     'point 17: XML: the type of the parts');

my $parts = $pacs->parts($r);

is(scalar @$parts, 7, 'point 17: XML: a part a study');
is(scalar(grep { $_->{head} =~ m{^Content-Type: application/dicom\+xml$}m
                 && $_->{body} =~ /<NativeDicomModel/ } @$parts), 7,
   'point 17: XML: each a NativeDicomModel');
like($parts->[0]{body}, qr/<FamilyName>Yamada</, 'point 17: XML: a name');
is($pacs->get("$web/studies?PatientID=none",
       Accept => 'multipart/related; type="application/dicom+xml"')->{status},
   204, 'point 17: XML: no match has no part');

# --- point 18 ---

$r = ask('studies', StudyInstanceUID => $one);
is(scalar @{ $r->{rows} }, 1, 'point 18: charsets, names and descriptions'
   . ' differ: one row');
is($r->{rows}[0]{'00100010'}{Value}[0]{Alphabetic}, 'Müller^Jürgen^^Dr.',
   'point 18: ... with the name that came first');
is(value($r->{rows}[0], '00201206') . value($r->{rows}[0], '00201208'), '23',
   'point 18: ... and counts of all');

# --- all values against what was sent, every key by itself ---

for (
    [ studies => StudyID => 'S1', '1' ],
    [ studies => PatientBirthDate => '1950-' =~ s/-/0102/r, '1' ],
    [ studies => PatientSex => 'M', '1' ],
    [ series => SeriesNumber => '10', '2.1' ],
    [ series => SeriesDescription => 'f*', '1.1' ],
    [ series => PerformedProcedureStepStartDate => '20200101', '1.1' ],
    [ series => Modality => 'XA', '7.1' ],
    [ instances => Rows => '4', '1.1.1 1.1.2 1.2.1' ],
    [ instances => SOPClassUID => '1.2.840.10008.5.1.4.1.1.4', '' ],
    [ instances => ImageType => 'DERIVED', '1.1.2' ],
    [ instances => InstanceNumber => '02', '1.1.2' ],
    [ instances => AvailableTransferSyntaxUID => '1.2.840.10008.1.2', '' ],
) {
    my ($resource, $key, $value, $want) = @$_;
    my %tag = (studies => '0020000D', series => '0020000E',
               instances => '00080018');

    is(uids(ask($resource, $key => $value), $tag{$resource}), $want,
       "$resource?$key=$value");
}

# --- orderby, ours ---

for (
    [ 'StudyDate', '5 4 7 1 2 6 3' ], [ '-PatientName', '4 7 3 6 1 2 5' ],
    [ 'PatientID', '5 1 2 3 6 7 4' ], [ '-StudyDate,-PatientName',
      '3 6 2 1 7 4 5' ], [ '00080050', '3 5 6 7 2 1 4' ],
) {
    is(studies(orderby => $_->[0]), $_->[1], "orderby=$_->[0]");
}
is(studies(orderby => 'PatientID', limit => 2, offset => 2), '2 3',
   'orderby with pages');
is(uids(ask("studies/$one/instances", orderby => '-InstanceNumber'),
        '00080018'), '1.1.2 1.1.1 1.2.1', 'orderby within a study');
for my $bad (qw(NoSuch SliceThickness SeriesNumber RetrieveURL
    NumberOfStudyRelatedInstances.x), '', 'PatientName,',
    join(',', ('PatientID') x 9))
{
    is($pacs->get(path('studies', orderby => $bad))->{status}, 400,
       'orderby=' . substr($bad, 0, 40) . ' is 400');
}

# --- /patients, ours ---

$r = ask('patients', PatientID => 'P1');
is(scalar @{ $r->{rows} }, 1, '/patients?PatientID=P1');
is_deeply([map { value($r->{rows}[0], $_) } qw(00201200 00201202 00201204)],
          [1, 2, 3], '... with numbers of studies, series, instances');
is(scalar @{ ask('patients', StudyDate => '20210615')->{rows} }, 7,
   '/patients: a study\'s key is ignored');
is(ask('patients', orderby => '-PatientID', limit => 1)->{rows}[0]
       {'00100020'}{Value}[0], 'p1', '/patients?orderby=-PatientID');

# --- ETag ---

$r = ask('studies', PatientID => 'P1');
my $etag = $r->{headers}{etag};
ok($etag, 'a search has an ETag');
is($pacs->get(path('studies', PatientID => 'P1'), 'If-None-Match' => $etag)
       ->{status}, 304, '... and 304 for who has it');
is($pacs->get(path('studies', PatientID => 'P2'), 'If-None-Match' => $etag)
       ->{status}, 200, '... not for another search');

# --- point 3: pages, while studies arrive ---

my @seen = map { value($_, '0020000D') } @{ ask('studies', limit => 3)
                                            ->{rows} };

store(map { instance(20 + $_, 1, 1, PatientName => 'New^Er',
                     PatientID => "N$_", StudyDate => '20220101',
                     Modality => 'CT') } 1 .. 4);
push @seen, map { value($_, '0020000D') }
            @{ ask('studies', limit => 3, offset => 3)->{rows} };
push @seen, map { value($_, '0020000D') }
            @{ ask('studies', limit => 3, offset => 6)->{rows} };
is(join(' ', map { substr $_, length "$root." } @seen), $all,
   'point 03: pages of one search do not overlap or skip');
is(scalar @{ ask('studies')->{rows} }, 11,
   'point 03: the next search has what arrived');
is($pacs->get(path('studies', PatientID => 'P1'), 'If-None-Match' => $etag)
       ->{status}, 200, 'an ETag ends when something arrives');

$etag = ask('studies', PatientID => 'P7')->{headers}{etag};
is(($pacs->pacs('delete', "$root.24"))[0], 0, 'a study is deleted');
is($pacs->get(path('studies', PatientID => 'P7'), 'If-None-Match' => $etag)
       ->{status}, 200, '... or is taken away');

my @pages = map { value($_, '00080018') }
            @{ ask('instances', limit => 5)->{rows} };

store(instance(1, 1, 9, PatientID => 'P1', Modality => 'CT'));
push @pages, map { value($_, '00080018') }
             map { @{ ask('instances', limit => 5, offset => $_)->{rows} } }
             5, 10;
is(scalar @pages, 12, 'point 03: instances of a known study, too');
is(scalar(keys %{ { map { $_ => 1 } @pages } }), 12, '... each once');

# --- limits ---

store(map { instance(100, 1, $_, PatientID => 'L', Modality => 'CT',
                     InstanceNumber => $_) } 1 .. 60);
$r = ask("studies/$root.100/instances");
is(scalar @{ $r->{rows} }, 50, 'not more rows than pacs_limit_query_rows');
like(warnings_of($r), qr/There are 10 additional results/,
     'point 04: cut by the server: a Warning');
is(scalar @{ ask("studies/$root.100/instances", limit => 1000)->{rows} }, 50,
   '... nor by limit=1000');
for (
    [ 413, PatientID => '*a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*' ],
    [ 413, StudyInstanceUID => join ',', ('1.2') x 1001 ],
    [ 413, map { sprintf('%08X', 0x00090000 + $_) => 'x' } 1 .. 101 ],
) {
    my ($status, @query) = @$_;

    is($pacs->get(path('studies', @query))->{status}, $status,
       "$query[0]: more than the limit is $status");
}
for my $bad ('PatientID=%zz', 'PatientID=%ff', 'PatientID=%00', '%ff=1') {
    is($pacs->get("$web/studies?$bad")->{status}, 400, "$bad is 400");
}

$pacs->shutdown;

# --- a search that would take too long ---

my $slow = Pacs->new(home => $pacs->{home}, redis => 0, listener => 0,
    conf_http => 'pacs_limit_query_ms 1;');

# the triggers know functions that sqlite3 does not
$slow->sql($slow->sql(q{SELECT group_concat('DROP TRIGGER ' || name, ';')}
    . q{ FROM sqlite_master WHERE type = 'trigger'}));
$slow->sql(<<'SQL');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO study (id, uid, patient, revision, received_us, corrected, nseries,
    ninstances, modalities, patient_name, patient_name_n, patient_name_m,
    patient_id, patient_id_issuer, patient_birth_date, patient_sex,
    study_date, study_time, accession_number, institution_name,
    referring_physician, referring_physician_n, referring_physician_m,
    timezone_offset, study_description, patient_age, study_id)
SELECT i + 1000, '1.9.' || i, 1, 1, 1, 0, 1, 1, 'CT', 'X', 'x', '', 'Q' || i,
    '', '', '', '20000101', '', '', '', '', '', '', '', 'Knee', '', '' FROM n;
SQL
is($slow->sql("SELECT count(*) > 60000 FROM study"), 1, 'many studies');
$r = $slow->get("$web/studies?StudyDescription=*zzz*");
is($r->{status}, 413, 'a search beyond pacs_limit_query_ms is 413');
like($r->{content}, qr/too broad.*query_ms/, '... with the reason');
is($slow->get("$web/studies?PatientID=P1")->{status}, 200,
   '... others are answered');
$slow->shutdown;
done_testing;
