#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Native sample images through src/render against DCMTK's dcm2pnm and the
# standard's window formulas on pydicom's samples.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $S = samples();
my $tool = "$Pacs::B/t/tools/render_file";
my $python = '/usr/bin/python3';
my $tmp = tempdir('pacs-render-XXXXXX', DIR => '/tmp', CLEANUP => 1);

plan skip_all => "$tool is not built" unless -x $tool;
plan skip_all => 'no dcm2pnm' unless have('dcm2pnm');
system("$python -c 'import numpy, pydicom, PIL' 2>/dev/null") == 0
    or plan skip_all => 'no numpy, pydicom or PIL for /usr/bin/python3';

# one file of a kind in each folder; all of them with --long
my (%seen, @files);
open my $m, '<', "$S/MANIFEST.tsv" or die $!;
while (<$m>) {
    my @f = split /\t/;
    next unless $f[7] =~ /^(Implicit VR Little|Explicit VR|Deflated Explicit)/;
    next if $f[0] =~ m{^hostile/} || $f[10] eq '';
    (my $folder = $f[0]) =~ s{/[^/]*$}{};
    my $kind = join ' ', $folder, @f[7, 9, 10],
        $folder =~ /layout|syntax|seg|us/ ? $f[0] : '';
    push @files, $f[0] unless $seen{$kind}++ && !long_run();
}
close $m;

my %got;
open my $list, '>', "$tmp/list" or die $!;
print $list "$S/$_\n" for @files;
close $list;
open my $p, '-|',
    "$python $Pacs::TOP/t/lib/render_compare.py $tool $tmp < $tmp/list"
    or die $!;
while (<$p>) {
    chomp;
    my ($path, $means, $max, $mean) = split /\t/;
    $path =~ s{^\Q$S\E/}{};
    $got{$path}{$means} = [$max, $mean];
}
close $p;

my %count;
for my $f (@files) {
    for my $means (sort keys %{$got{$f} // {}}) {
        my ($max, $mean) = @{$got{$f}{$means}};
        # dcm2pnm cuts where the formula is rounded; half-way values of the
        # formula depend on the last bit of a double
        my $most = $means =~ /dcm2pnm/ ? 0.8 : 0.02;
        my $good = $max ne 'error' && $max <= 1 && $mean <= $most;
        $count{$means}++;
        ok($good, "$f: $means ($max, $mean)");
    }
}

cmp_ok($count{'formula 0'} // 0, '>=', 60, 'enough grey images');
ok($count{'dcm2pnm VOI LUT'}, 'a VOI LUT');
cmp_ok($count{'dcm2pnm window'} // 0, '>=', 20, 'enough with a window');
cmp_ok($count{'pydicom palette'} // 0, '>=', 7, 'enough palettes');
ok($count{'window of the last frame'}, 'windows of frames');
cmp_ok($count{dcm2pnm} // 0, '>=', 60, 'enough compared with dcm2pnm');

done_testing();
