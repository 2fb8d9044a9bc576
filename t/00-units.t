#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every C unit test, each a TAP program of its own.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

for my $source (sort glob "$Pacs::TOP/t/unit/*.c") {
    my ($name) = $source =~ m{([^/]+)\.c$};
    local $ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';

    my ($rc, $out) = capture("$Pacs::B/t/$name");
    my ($plan) = $out =~ /^1\.\.(\d+)/m;
    my $bad = () = $out =~ /^not ok/mg;
    my $good = () = $out =~ /^ok/mg;

    # a plan "1..0 # skip" says why it could not run here
    if (defined $plan && $plan == 0) {
        my ($why) = $out =~ /^1\.\.0 # skip (.*)/mi;
        SKIP: { skip "$name: " . ($why // 'no reason'), 1 }
        next;
    }

    ok($rc == 0 && $bad == 0 && defined $plan && $plan == $good + $bad,
        "$name: $good tests")
        or diag(join "\n", (grep { defined }
            (grep { /^not ok|^#|Sanitizer|runtime error|ERROR/ }
             split /\n/, $out)[0 .. 30]), "exit $rc");
}

done_testing;
