#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The pages in a browser: real clicks, wheel, fingers and keys; real pixels
# read back and compared with the server's own.  PACS_URL names a running
# server, BROWSER_TESTS the files ('t/browser/l*.test.mjs').

use strict;
use warnings;
use lib 't/lib';
use Browser;
use Node;
use Pacs;
use Test::More;

chdir $Pacs::TOP;

local $ENV{CHROMIUM} = $ENV{CHROMIUM} || '/usr/bin/chromium';
need_browser('playwright-core', $ENV{CHROMIUM});

my @files = glob $ENV{BROWSER_TESTS} || 't/browser/*.test.mjs';

if ($ENV{PACS_URL}) {
    store_studies($ENV{PACS_URL});
    node_lanes({ files => \@files, again => 1 });
    done_testing;
    exit;
}

# two lanes, each with a server of its own: what one stores the other's list
# does not show; latency is measured where nothing else runs
my ($alone, @rest) = ([grep { /latency/ } @files], grep { !/latency/ } @files);
my @lanes = map { { files => [], pacs => undef, again => 1 } } 1 .. 2;
my $i = 0;
push @{$lanes[$i++ % 2]{files}}, $_ for sort { -s $b <=> -s $a } @rest;

for my $lane (@lanes) {
    ($lane->{pacs}, $lane->{env}{PACS_URL}) = pacs_with_studies();
}

node_lanes(@lanes);
node_lanes({ files => $alone, env => $lanes[0]{env}, again => 1 });
$_->{pacs}->shutdown for @lanes;

done_testing;
