#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# QIDO-RS over the sample files against pydicom: see t/lib/qido_reference.py.

use strict;
use warnings;

use lib 't/lib';

use File::Find;
use Pacs;
use Test::More;

my $samples = samples();

system('/usr/bin/python3', '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';

my $pacs = Pacs->new(redis => 0, listener => 0);
my @files;

find({ no_chdir => 1, wanted => sub {
    push @files, $_ if -f && /\.dcm$/ && !m{/hostile/}
                       && -s _ < (long_run() ? 1e9 : 2e6);
} }, $samples);

my ($rc) = $pacs->pacs('import', @files);

ok($rc == 0 || $rc == 1, 'imported ' . @files . ' files');

open my $list, '>', "$pacs->{home}/files" or die;
print $list map { "$_\n" } @files;
close $list;

open my $out, '-|:utf8', "/usr/bin/python3 $Pacs::TOP/t/lib/qido_reference.py"
    . " http://127.0.0.1:$pacs->{port}/dicom-web <$pacs->{home}/files" or die;
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $n = 0;

while (my $line = <$out>) {
    chomp $line;

    my ($how, $name, $why) = split /\t/, $line, 3;

    ok($how eq 'ok', $name) or diag $why;
    $n++;
}

ok(close $out, 'the comparison came to its end');
cmp_ok($n, '>', 100, 'searches and values compared');

$pacs->shutdown;
done_testing;
