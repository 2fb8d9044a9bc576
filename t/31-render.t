#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every sample image through src/codec and src/render against PS3.3 C.11 in
# numpy on what other decoders make of it, and DCMTK's dcm2pnm: within one
# grey level at 99.9 % of the pixels, or said here why not.

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

# no picture, and why
my %none = (
    'ecg-pdf-video/video-mpeg2-mpml.dcm' => qr/no reference.*4\.100/,
    'ecg-pdf-video/video-mpeg4-avc-hp41.dcm' => qr/no reference.*4\.102/,
    map { ("charset/$_.dcm" => qr/no pixel data/) }
        qw(chrJapMulti chrJapMultiExplicitIR6 chrKoreanMulti),
);

plan skip_all => "$tool is not built" unless -x $tool;
plan skip_all => 'no dcm2pnm' unless have('dcm2pnm');
system("$python -c 'import gdcm, numpy, pydicom, PIL' 2>/dev/null") == 0
    or plan skip_all => 'no gdcm, numpy, pydicom or PIL for /usr/bin/python3';

# all files; dcm2pnm and the rarer functions for one of a kind in a folder,
# or with --long for all
my (%seen, @files, %lists);
open my $m, '<', "$S/MANIFEST.tsv" or die $!;
while (<$m>) {
    my @f = split /\t/;
    next if $f[0] =~ m{^hostile/} || $f[10] eq '' || $. == 1;
    (my $folder = $f[0]) =~ s{/[^/]*$}{};
    my $kind = join ' ', $folder, @f[7, 9, 10],
        $folder =~ /layout|syntax|seg|us/ ? $f[0] : '';
    my $more = !$seen{$kind}++ || long_run() ? 1 : 0;
    push @files, $f[0];
    push @{$lists{$more . @files % 2}}, $f[0];
}
close $m;

my @runs;
for my $name (sort keys %lists) {
    mkdir "$tmp/$name";
    open my $list, '>', "$tmp/$name/list" or die $!;
    print $list "$S/$_\n" for @{$lists{$name}};
    close $list;
}
for my $half (0, 1) {
    my $run = join ';', map {
        "$python $Pacs::TOP/t/lib/render_compare.py $tool $tmp/$_$half $_"
        . " < $tmp/$_$half/list" } grep { $lists{"$_$half"} } 0, 1;
    open my $p, '-|', $run or die $!;
    push @runs, $p;
}

my %got;
for my $p (@runs) {
    while (<$p>) {
        chomp;
        my ($path, $means, @result) = split /\t/;
        $path =~ s{^\Q$S\E/}{};
        $got{$path}{$means} = \@result;
    }
    close $p;
}

my %count;
for my $f (@files) {
    if ($none{$f}) {
        like($got{$f}{run}[1] // '', $none{$f}, "$f: no picture");
        next;
    }
    ok($got{$f}, "$f: compared") or next;
    for my $means (sort keys %{$got{$f}}) {
        my ($near, @rest) = @{$got{$f}{$means}};
        $count{$means}++;
        ok($near ne 'error' && $near >= 99.9, "$f: $means ($near, @rest)");
    }
}

cmp_ok($count{'formula 0'} // 0, '>=', 450, 'enough grey images');
cmp_ok($count{window} // 0, '>=', 300, 'point 40: enough with a window, as PS3.3 C.11 computes it');
cmp_ok($count{'window, last frame'} // 0, '>=', 2, 'windows of frames');
cmp_ok($count{range} // 0, '>=', 60, 'enough without a window');
cmp_ok($count{'VOI LUT'} // 0, '>=', 2, 'VOI LUTs');
cmp_ok($count{palette} // 0, '>=', 8, 'point 45: enough palettes');
cmp_ok($count{colour} // 0, '>=', 40, 'enough in colour');
cmp_ok($count{dcm2pnm} // 0, '>=', 40, 'enough compared with dcm2pnm');
cmp_ok($count{'dcm2pnm window'} // 0, '>=', 10, '... with their windows');

done_testing();
