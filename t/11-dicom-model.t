#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every sample as JSON and XML, and back from both; the XML against dcm2xml,
# the files made from JSON against pydicom by the JSON they give.

use strict;
use warnings;

use lib 't/lib';

use File::Find;
use File::Temp 'tempdir';
use Pacs;
use Test::More;

my $samples = samples();
my $tmp = tempdir(CLEANUP => 1);

# what cannot come back the same, and why
my @known = (
    [qr/gb18030-3comp/, qr/VR CS has ASCII only/, 'CS of Chinese'],
    [qr/-undeclared/, qr/^XML$/, 'bytes of no declared set: U+FFFD needs one'],
    [qr/synth-(inject-nul|uid-sop-nul)/, qr/a NUL in a text/, 'NUL in text'],
    [qr/mg-ge-3062x2394/, qr/compressed bulk data is for/,
     'encapsulated icon: no way to say so in JSON'],
    [qr/jpeg-no-frames/, qr/no fragments/, 'encapsulated, with nothing in it'],
    [qr/(htj2k-rpcl|rle-ct1-extra|rle-rgb-16bit)/, qr/^XML$/,
     'encapsulated OW: is OB by PS3.5 A.4'],
);

# where dcm2xml goes its own way: file, path, reason
my @other = (
    [qr//, qr{^/00080005$}, 'it adds the set that it converts to'],
    [qr/htj2k-rpcl|rle-(ct1-extra|rgb-16bit)/, qr{^/7FE00010$},
     'encapsulated OW, it makes OB of it'],
    [qr/mr-same-image-j2k/, qr//, 'UN of known tags: no VR of theirs'],
    [qr/utf8-declared-latin1/, qr{^/00100010$}, 'bytes 80..9F of Latin-1'],
    [qr/chrX[12]/, qr{^/00100010$}, 'it gives the second group twice'],
);

my (@files, %of);

find({ no_chdir => 1, wanted => sub {
    return if !-f || !/\.dcm$/;
    push @files, substr $_, length("$samples/");
} }, $samples);

# of a series, three instances tell as much as all
@files = grep { m{^((?:ct|mr)-series/.*)/} ? $of{$1}++ < 3 : 1 } sort @files;

open my $list, '>', "$tmp/list" or die;
print $list "$_\n" for @files;
close $list or die;

is(system("cd '$samples' && '$Pacs::B/t/tools/model_round' '$tmp' "
          . "<'$tmp/list' >'$tmp/out'"), 0, 'JSON and XML of every sample');

my ($same, @new, %seen, @rounds);

for my $line (split /\n/, slurp("$tmp/out")) {
    my ($n, $name, $what) = split /\t/, $line;

    push @rounds, $line if $name !~ /^hostile/ && $what !~ /^!/;
    next if $what =~ /^!(unreadable|over-limit)/
            || $what eq 'same' && ++$same;
    my ($row) = grep { $name =~ $_->[0] && $what =~ $_->[1] } @known;
    $row ? $seen{$row->[2]}++ : push @new, $line;
}

cmp_ok($same, '>', 300, "$same files give the same JSON and XML again");
is("@new", '', '... and all others but the known');
ok($seen{$_->[2]}, "known: $_->[2]") for @known;

is(system("xmllint --noout --nonet $tmp/*.xml"), 0, 'well-formed XML')
    if have('xmllint');

SKIP: {
    skip 'no dcm2xml (dcmtk)', 2 if !have('dcm2xml');

    open my $f, '>', "$tmp/rounds" or die;
    print $f "$_\n" for @rounds;
    close $f or die;

    my @diff = split /\n/, (capture('sh', '-c', "cd '$samples' && /usr/bin/python3 "
        . "'$Pacs::TOP/t/lib/native_xml.py' '$tmp' <'$tmp/rounds'"))[1];
    my ($values) = (pop(@diff) // '') =~ /^= values (\d+)/;

    cmp_ok($values // 0, '>', 30_000, 'dcm2xml: values compared');
    @diff = grep {
        my ($name, $path) = split /\t/;
        !grep { $name =~ $_->[0] && $path =~ $_->[1] } @other;
    } @diff;
    is(join("\n", @diff[0 .. ($#diff < 9 ? $#diff : 9)]), '',
       '... no difference but the known ones');
}

SKIP: {
    skip 'no pydicom under /usr/bin/python3', 3
        if system('/usr/bin/python3', '-c', 'import pydicom') != 0;

    is(system("ls $tmp/*.dcm | '$Pacs::B/t/tools/json_dump' "
              . "| /usr/bin/python3 t/lib/pydicom_json.py pydicom "
              . ">'$tmp/pydicom'"), 0, 'pydicom reads what was written');
    my @diff = split /\n/, slurp("$tmp/pydicom");
    my ($values) = (pop(@diff) // '') =~ /^= values (\d+)/;
    cmp_ok($values // 0, '>', 30_000, "... $values values");
    is(join("\n", @diff[0 .. ($#diff < 9 ? $#diff : 9)]), '', '... the same');
}

done_testing;
