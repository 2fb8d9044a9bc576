#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# src/dicom/dict_data.c is what tools/gen-dict writes from this pydicom.

use strict;
use warnings;
use lib 't/lib';

use Pacs;
use Test::More;

my ($rc, $version) = capture('/usr/bin/python3', '-c',
    'import pydicom; print(pydicom.__version__)');
chomp $version;
my $data = slurp("$Pacs::TOP/src/dicom/dict_data.c");
my ($made_from) = $data =~ /from pydicom ([\d.]+\d), do not edit/;

plan skip_all => 'no python3-pydicom under /usr/bin/python3' if $rc;
plan skip_all => "pydicom is $version, the table is from $made_from"
    if $version ne $made_from;

my ($rc2, $text) = capture("$Pacs::TOP/tools/gen-dict");
is($rc2, 0, 'tools/gen-dict runs');
ok($text eq $data, 'src/dicom/dict_data.c is its output');

done_testing();
