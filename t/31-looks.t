#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# How pictures come out, through the server: windows by SOP class, one scale
# of a PET series, VOI functions, frames, palettes; what is refused, and
# tables that lie.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

system("/usr/bin/python3 -c 'import numpy, pydicom, PIL' 2>/dev/null") == 0
    or plan skip_all => 'no numpy, pydicom or PIL for /usr/bin/python3';

my $pacs = Pacs->new(redis => 0);
my ($rc, $out) = capture('/usr/bin/python3', "$Pacs::TOP/t/lib/look_cases.py",
    $pacs->url('/dicom-web'));

is($rc, 0, 'the checks ran to their end') or diag $out;
for (split /\n/, $out) {
    my ($good, $name, $detail) = split /\t/;
    if (($good // '') =~ /^[01]$/) {
        ok($good, $name) or diag $detail // '';
    }
}
cmp_ok(scalar(my @n = $out =~ /^[01]\t/mg), '>=', 65, 'enough checks');

$pacs->shutdown;
done_testing();
