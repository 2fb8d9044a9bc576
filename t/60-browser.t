#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The pages in a browser: real clicks, wheel, fingers and keys; real pixels
# read back and compared with the server's own.  PACS_URL names a running
# server, BROWSER_TESTS the files ('t/browser/l*.test.mjs').

use strict;
use warnings;
use lib 't/lib';
use Node;
use Pacs;
use Test::More;

chdir $Pacs::TOP;

my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';
plan(skip_all => 'no node of version 18 or newer') unless have_node();
plan(skip_all => "no browser: $chromium is not there") unless -x $chromium;
plan(skip_all => 'no playwright-core: npm ci in t/browser was not run')
    unless -d 't/browser/node_modules/playwright-core';

my @files = glob $ENV{BROWSER_TESTS} || 't/browser/*.test.mjs';
my $stored = 'the studies of the tests are stored';
local $ENV{CHROMIUM} = $chromium;

if ($ENV{PACS_URL}) {
    is(run('node', 't/browser/store.mjs', $ENV{PACS_URL}), 0, $stored)
        or BAIL_OUT('nothing to look at');
    node_tests($_) for @files;
    done_testing;
    exit;
}

# the policy that the pages promise to live with; and the shipped one's style
# of a report's page
my ($style) = slurp('conf/nginx.conf') =~ /(style-src [^;]*)/;
my $policy = qq{add_header Content-Security-Policy "default-src 'self'; $style; object-src 'none'; base-uri 'none'" always;};

# two lanes, each with a server of its own: what one stores the other's list
# does not show; latency is measured where nothing else runs
my ($alone, @rest) = ([grep { /latency/ } @files], grep { !/latency/ } @files);
my @lanes = map { { files => [], pacs => undef } } 1 .. 2;
my $i = 0;
push @{$lanes[$i++ % 2]{files}}, $_ for sort { -s $b <=> -s $a } @rest;

for my $lane (@lanes) {
    my $p = $lane->{pacs} = Pacs->new(conf_server => $policy,
        conf_http => 'pacs_limit_arriving_ms 5000;');
    my $url = $lane->{env}{PACS_URL} = "http://127.0.0.1:$p->{port}";
    is(run('node', 't/browser/store.mjs', $url), 0, $stored)
        or BAIL_OUT('nothing to look at');
}

node_lanes(@lanes);
node_lanes({ files => $alone, env => $lanes[0]{env} });
$_->{pacs}->shutdown for @lanes;

done_testing;
