#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Each libFuzzer target of t/fuzz: 5 seconds, or two minutes with --long,
# seeded with t/fuzz/seeds/<target>, or with the small samples.  What it finds
# is kept in the build folder.  tools/fuzz goes on for hours.

use strict;
use warnings;
use lib 't/lib';

use File::Find;
use File::Path 'make_path';
use File::Temp 'tempdir';
use Pacs;
use Test::More;

have('clang') or plan skip_all => 'no clang';

my $seeds = tempdir(CLEANUP => 1);
# the short run is the same each time; the long one looks for something new
my @length = long_run() ? '-max_total_time=120' : ('-seed=1', '-max_total_time=5');
my $n = 0;

if (-d $Pacs::SAMPLES) {
    find({ no_chdir => 1, wanted => sub {
        symlink $_, "$seeds/" . $n++ if -f && -s _ < 12_000 && /\.dcm$/;
    } }, $Pacs::SAMPLES);
}
note "$n samples as seeds";

(my $build = $Pacs::B) =~ s{^\Q$Pacs::TOP\E/}{};

for my $source (sort glob "$Pacs::TOP/t/fuzz/*.c") {
    my ($name) = $source =~ m{([^/]+)\.c$};
    my $found = "$Pacs::B/fuzz-$name/";
    my $corpus = tempdir(CLEANUP => 1);
    my $own = "$Pacs::TOP/t/fuzz/seeds/$name";

    make_path($found);

    is(run('make', '-s', '-C', $Pacs::TOP, "B=$build", "$build/t/fuzz/$name"),
       0, "$name: builds") or next;

    my ($rc, $out) = capture("$Pacs::B/t/fuzz/$name",
        @length, '-max_len=12000', '-timeout=10',
        '-rss_limit_mb=1500', "-artifact_prefix=$found", $corpus,
        -d $own ? $own : $seeds);
    my ($runs) = $out =~ /^Done (\d+) runs/m;

    ok($rc == 0 && $runs, "$name: " . ($runs // 0) . " runs")
        or diag(join "\n", grep { /ERROR|SUMMARY|#\d+ 0x|written to/ }
                split /\n/, $out);
}

done_testing;
