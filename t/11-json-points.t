#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# DICOM JSON (PS3.18 Annex F) as it comes out of metadata: the points 19 to 26
# of what other servers get wrong.

use strict;
use warnings;
use utf8;

use lib 't/lib';

use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Pacs;
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

system('/usr/bin/python3', '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';

my $pacs = Pacs->new(redis => 0, listener => 0);
my $web = '/dicom-web';
my $root = '1.2.826.0.1.3680043.10.49';
my $made = 0;


sub make {
    my (%values) = @_;
    my $n = ++$made;
    my $file = "$pacs->{home}/made-$n.dcm";

    open my $f, '|-', '/usr/bin/python3', "$Pacs::TOP/t/lib/make_dicom.py"
        or die;
    print $f JSON::PP->new->utf8->encode([{ file => $file, Modality => 'OT',
        PatientID => 'P', StudyInstanceUID => $root,
        SeriesInstanceUID => "$root.1", SOPInstanceUID => "$root.1.$n",
        %values }]);
    close $f or die 'make_dicom.py failed';
    return $file;
}


# the text of the metadata, and what it says
sub metadata {
    my (%values) = @_;
    my $r = $pacs->stow([make(%values)]);

    is($r->{status}, 200, "stored: $made") or diag substr $r->{content}, 0, 400;
    $r = $pacs->get("$web/studies/$root/series/$root.1/instances/$root.1.$made"
                    . '/metadata');
    return ($r->{content}, json($r->{content})->[0]);
}


# an attribute's text, as it is written
sub raw {
    my ($text, $tag) = @_;

    return $text =~ /"$tag":(\{[^{}]*\})/ ? $1 : 'absent';
}


# --- point 19 ---

my ($text, $ds) = metadata(
    PatientName => 'Yamada^Tarou=山田^太郎=やまだ^たろう',
    ReferringPhysicianName => '==ひと', OperatorsName => ['A^B', '', 'C'],
    NameOfPhysiciansReadingStudy => '');

is_deeply($ds->{'00100010'}{Value}, [{ Alphabetic => 'Yamada^Tarou',
    Ideographic => '山田^太郎', Phonetic => 'やまだ^たろう' }],
    'point 19: a name is an object of its groups');
is_deeply($ds->{'00080090'}{Value}, [{ Phonetic => 'ひと' }],
    'point 19: groups that are empty are left out');
is_deeply($ds->{'00081070'}{Value}, [{ Alphabetic => 'A^B' }, undef,
    { Alphabetic => 'C' }], 'point 19: several names');
is_deeply($ds->{'00081060'}, { vr => 'PN' }, 'point 19: no name');

# --- point 20 ---

($text, $ds) = metadata(
    '00090010' => ['LO', 'NGX TEST'],
    '00091001' => ['DS', ['0.1234567890123', '-1.50', '1e5', '']],
    '00091002' => ['IS', ['2147483647', '-0', '']],
    '00091003' => ['SV', [-9223372036854775808, 5]],
    '00091004' => ['UV', [JSON::PP->new->allow_bignum
                             ->decode('[18446744073709551615]')->[0]]],
    '00091005' => ['FD', ['nan', '1.1', 'inf', '-inf']],
    '00091006' => ['FL', ['0.1']],
    '00091007' => ['FD', ['0.1', '1e300']]);

like(raw($text, '00091001'), qr/\[0\.1234567890123,-1\.50?,(1e5|100000),null\]/,
     'point 20: DS are numbers with all their digits, empty ones null');
like(raw($text, '00091002'), qr/\[2147483647,-?0,null\]/,
     'point 20: IS are numbers');
like(raw($text, '00091003'), qr/\["-9223372036854775808",("5"|5)\]/,
     'point 20: SV beyond 2^53 is a string');
like(raw($text, '00091004'), qr/\["18446744073709551615"\]/,
     'point 20: UV, too');
unlike(raw($text, '00091005'), qr/[,\[](NaN|inf)/i,
       'point 20: NaN and infinities are no words of JSON');
is_deeply($ds->{'00091005'}{Value}, [undef, 1.1, 'Infinity', '-Infinity'],
          'point 20: ... infinities are not lost');
is($ds->{'00091005'}{Value}[1], 1.1, 'point 20: ... numbers beside them are');
is($ds->{'00091005'}{Value}[0], undef, 'point 20: ... NaN is null');
like(raw($text, '00091007'), qr/\[0\.1,1e\+?300\]/,
     'point 20: FD as short as it is exact');
like(raw($text, '00091006'), qr/\[0\.1(0000000149\d*)?\]/, 'point 20: FL');

# --- point 21 ---

($text, $ds) = metadata(ImageType => ['A', '', 'C'], StudyDescription => '',
    AccessionNumber => '   ', '00090010' => ['LO', 'NGX TEST'],
    '00091001' => ['LO', ['', '', '']], '00091002' => ['DS', ['', '2']]);

is_deeply($ds->{'00080008'}{Value}, ['A', undef, 'C'],
          'point 21: empty values keep their place');
is_deeply($ds->{'00091002'}{Value}, [undef, 2], 'point 21: numbers, too');
is_deeply($ds->{'00081030'}, { vr => 'LO' }, 'point 21: no Value where empty');
is_deeply($ds->{'00080050'}, { vr => 'SH' }, 'point 21: ... or blank');

# --- point 22 ---

for (
    [ ['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎=やまだ^たろう' ],
    [ ['', 'ISO 2022 IR 149'], 'Hong^Gildong=洪^吉洞=홍^길동' ],
    [ 'GB18030', 'Wang^XiaoDong=王^小东' ], [ 'GBK', 'Zhang=张^小东' ],
    [ 'ISO_IR 192', 'Ώμέγα^Ж=王' ], [ 'ISO_IR 100', 'Äneas^Rüdiger' ],
    [ 'ISO_IR 101', 'Wałęsa' ], [ 'ISO_IR 144', 'Люкceмбypг' ],
    [ 'ISO_IR 126', 'Διονυσιος' ], [ 'ISO_IR 127', 'قباني^لنزار' ],
    [ 'ISO_IR 138', 'שרון^דבורה' ], [ 'ISO_IR 148', 'Çavuşoğlu' ],
    [ 'ISO_IR 166', 'ณเดช' ], [ 'ISO_IR 13', 'ﾔﾏﾀﾞ^ﾀﾛｳ' ],
) {
    my ($charset, $name) = @$_;
    my ($text, $ds) = metadata(charset => $charset, PatientName => $name);
    my $got = $ds->{'00100010'}{Value}[0];

    $charset = $charset->[1] if ref $charset;
    is(join('=', map { $got->{$_} // () } qw(Alphabetic Ideographic Phonetic)),
       $name, "point 22: $charset becomes UTF-8");
    is($ds->{'00080005'}{Value}[0] // 'ISO_IR 192', 'ISO_IR 192',
       'point 22: ... and is called so');
}

# --- points 23 and 24 ---

my $long = 'hex:' . '0102030405060708' x 1000;
my @binary = qw(OB OW OF OD OL OV UN);

($text, $ds) = metadata('00090010' => ['LO', 'NGX TEST'],
    (map { ("0009100$_" => [$binary[$_], 'hex:0001020304050607'],
            "0009102$_" => [$binary[$_], $long]) } 0 .. $#binary),
    '60000010' => ['US', 8], '60000011' => ['US', 8],
    '60000040' => ['CS', 'G'], '60000050' => ['SS', [1, 1]],
    '60000100' => ['US', 1], '60000102' => ['US', 0],
    '60003000' => ['OW', "hex:" . '0f' x 2000],
    '00091040' => ['SQ', [{ '00091041' => ['OB', $long] },
                          { '00091042' => ['OB', 'hex:0001'] }]]);
for my $i (0 .. $#binary) {
    my ($short, $bulk) = @$ds{"0009100$i", "0009102$i"};

    is($short->{vr}, $binary[$i], "point 23: $binary[$i]");
    is(unpack('H*', decode_base64($short->{InlineBinary} // '')),
       '0001020304050607', 'point 23: ... inline if short');
    ok($bulk->{BulkDataURI} && !$bulk->{Value} && !$bulk->{InlineBinary},
       'point 23: ... else by URI');
}

sub follow {
    my ($uri) = @_;

    return $pacs->get($uri // '/none', Accept => 'application/octet-stream')
               ->{content};
}

is(follow($ds->{'00091020'}{BulkDataURI}), pack('H*', substr $long, 4),
   'point 24: a BulkDataURI leads to the bytes');
is(follow($ds->{'60003000'}{BulkDataURI}), "\x0f" x 2000,
   'point 24: ... of an overlay');
is(follow($ds->{'00091040'}{Value}[0]{'00091041'}{BulkDataURI}),
   pack('H*', substr $long, 4), 'point 24: ... and within a sequence');

# --- point 25 ---

($text, $ds) = metadata('00090010' => ['LO', 'NGX TEST'],
    '00091001' => ['AT', [0x00100010, 0x7FE00010]],
    '00091002' => ['SQ', []],
    '00091003' => ['SQ', [{}]],
    '00091004' => ['SQ', [{}, { '00090010' => ['LO', 'NGX TEST'],
                                '00091001' => ['SH', 'x'] }]]);
is_deeply($ds->{'00091001'}{Value}, ['00100010', '7FE00010'],
          'point 25: AT with several values');
is_deeply($ds->{'00091002'}, { vr => 'SQ' }, 'point 25: an empty sequence');
is_deeply($ds->{'00091003'}{Value}, [{}], 'point 25: an empty item');
is($ds->{'00091004'}{Value}[1]{'00091001'}{Value}[0], 'x',
   'point 25: a private block within an item');
is($ds->{'00091004'}{Value}[1]{'00090010'}{Value}[0], 'NGX TEST',
   'point 25: ... has its creator');

my $deep = {};

$deep = { ContentSequence => [$deep] } for 1 .. 70;

my $r = $pacs->stow([make(%$deep)]);

is($r->{status}, 409, 'point 25: 70 levels of sequences are refused');
like($r->{content}, qr/nested deeper than limit nesting/,
     'point 25: ... with the reason');
$deep = {};
$deep = { ContentSequence => [$deep] } for 1 .. 60;
($text, $ds) = metadata(%$deep);
is(() = $text =~ /"0040A730"/g, 60, 'point 25: 60 levels come back');

# --- point 26 ---

ok(!grep({ /^0002/ } keys %$ds) && !exists $ds->{'00090000'},
   'point 26: no file meta information and no group lengths');
is($ds->{'00083002'}{Value}[0] // '1.2.840.10008.1.2.1',
   '1.2.840.10008.1.2.1',
   'point 26: AvailableTransferSyntaxUID, if it is there, is that of the file');
unlike($pacs->get("$web/studies?includefield=all")->{content}, qr/"0002/,
       'point 26: nor in searches');
is($pacs->get_json("$web/instances?includefield=AvailableTransferSyntaxUID"
       . '&limit=1')->[0]{'00083002'}{Value}[0], '1.2.840.10008.1.2.1',
   'point 26: a search has AvailableTransferSyntaxUID where it is asked for');

$pacs->shutdown;
done_testing;
