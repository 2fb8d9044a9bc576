#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# DICOM JSON of every sample, value by value, against pydicom and dcm2json.
# Each difference must be one of @known, and each row of @known must occur.

use strict;
use warnings;

use lib 't/lib';

use File::Find;
use File::Temp 'tempdir';
use Pacs;
use Test::More;

my $samples = samples();
my $dump = "$Pacs::B/t/tools/json_dump";
my $judge = "$Pacs::TOP/t/lib/pydicom_json.py";
my $tmp = tempdir(CLEANUP => 1);

system('/usr/bin/python3', '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';
have('dcm2json') or plan skip_all => 'no dcm2json (dcmtk)';

# other, file, path of the attribute, kind, reason
my @known = (
    ['pydicom', qr/latin1-undeclared/, qr/^00100010$/, 'value',
     'bytes >= 80 without (0008,0005): U+FFFD here, Latin-1 there'],
    ['pydicom', qr/sjis-undeclared-5c/, qr/^00100010$/, 'value',
     'the same'],
    ['pydicom', qr/utf8-declared-latin1/, qr/^00100010$/, 'value',
     'C1 bytes are in no set of DICOM: U+FFFD here, U+0080..9F there'],
    ['dcm2json', qr/utf8-declared-latin1/, qr/^00100010$/, 'value',
     'the same'],
    ['pydicom', qr/gb18030-3comp/, qr/^00100040$/, 'value',
     'CS is not affected by (0008,0005): U+FFFD here, Latin-1 there'],
    ['any', qr/jpegls-rgb-ilv[02]/, qr/^$/, 'refused',
     'no preamble and DICM: no file of PS3.10'],
    ['dcm2json', qr/chrSQEncoding\.dcm/, qr/^00321064\[1\]\.00(080005|100010)$/,
     'value', 'it leaves a (0008,0005) inside of an item aside'],
    ['dcm2json', qr/dx-fuji-small-mono1/, qr/^7FE00010$/, 'value',
     'odd length: it adds a byte'],
    ['dcm2json', qr/(nema-ct1-(bigendian|unc)|vl6-native-rgb)/,
     qr/^FFFCFFFC$/, 'missing', 'trailing padding is no part of the data set'],
);


# the names of files on json_dump's stdin; its exit status
sub dump_json {
    my ($files, $out, @args) = @_;

    open my $f, '>', "$tmp/list" or die;
    print $f "$_\n" for @$files;
    close $f or die;

    return system(join(' ', "cd '$samples' && '$dump'", @args,
                       "<$tmp/list >$tmp/$out"));
}


sub compare {
    my ($other, $in) = @_;
    my $values = 0;
    my @new;

    open my $f, '-|:utf8', "cd '$samples' && /usr/bin/python3 "
        . "'$judge' $other <$tmp/$in" or die;

    while (my $line = <$f>) {
        chomp $line;

        if ($line =~ /^= values (\d+) skipped (\d+) files (\d+)$/) {
            $values = $1;
            note "$other: $1 values of ", $3 - $2, ' files';
            next;
        }

        my ($file, $path, $kind) = split /\t/, $line;
        my ($row) = grep {
            ($_->[0] eq $other || $_->[0] eq 'any') && $file =~ $_->[1]
            && $path =~ $_->[2] && $kind eq $_->[3]
        } @known;

        if ($row) {
            $row->[5]{$other}++;
        } else {
            push @new, $line;
        }
    }

    ok(close $f, "$other: compared to the end");
    is(scalar @new, 0, "$other: no difference but the known ones");
    binmode Test::More->builder->failure_output, ':utf8';
    diag $_ for @new[0 .. ($#new < 19 ? $#new : 19)];
    return $values;
}


my (@good, @hostile);

find({ no_chdir => 1, wanted => sub {
    return if !-f || !/\.dcm$/ && !m{/hostile/};
    my $name = substr $_, length("$samples/");
    push @{$name =~ m{^hostile/} ? \@hostile : \@good}, $name;
} }, $samples);

@good = sort @good;
cmp_ok(scalar @good, '>', 500, 'the samples');

is(dump_json(\@good, 'out'), 0, 'JSON of every sample');
cmp_ok(compare('pydicom', 'out'), '>', 100_000, 'pydicom: values compared');
cmp_ok(compare('dcm2json', 'out'), '>', 60_000, 'dcm2json: values compared');

for my $row (@known) {
    my ($other, $file, $path, $kind, $why, $seen) = @$row;
    my @must = $other eq 'any' ? qw(pydicom dcm2json) : $other;

    ok(!grep({ !$seen->{$_} } @must), "known: $other, $file: $why");
}

# what was held and what is read again must make no difference
is(dump_json(\@good, 'again', '-k', 0), 0, 'nothing held by the reader');
ok(slurp("$tmp/out") eq slurp("$tmp/again"), '... gives the same JSON');

is(dump_json(\@good, 'bulk', '-i', 0), 0, 'no inline binary');
unlike(slurp("$tmp/bulk"), qr/"InlineBinary"/, '... is kept to');

is(dump_json(\@hostile, 'hostile', '-n', 2, '2>/dev/null'), 0,
   'hostile files: JSON or a refusal');
is(system("/usr/bin/python3 -c '
import json, sys
for line in sys.stdin.buffer:
    text = line.decode().split(chr(9), 1)[1]
    if not text.startswith(\"!\"):
        json.loads(text)
' <$tmp/hostile"), 0, '... all of it valid JSON and UTF-8');

done_testing;
