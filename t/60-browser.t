#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The pages in a browser: real clicks, wheel, fingers and keys; real pixels
# read back and compared with the server's own.  PACS_URL names a running
# server; without it one is started.

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

# the policy that the pages promise to live with
my $policy = q{add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'" always;};
my $p = $ENV{PACS_URL} ? undef : Pacs->new(conf_server => $policy,
    conf_http => 'pacs_limit_arriving_ms 5000;');

local $ENV{PACS_URL} = $ENV{PACS_URL} || "http://127.0.0.1:$p->{port}";
local $ENV{CHROMIUM} = $chromium;

is(run('node', 't/browser/store.mjs', $ENV{PACS_URL}), 0,
    'the studies of the tests are stored') or BAIL_OUT('nothing to look at');

node_tests($_) for glob 't/browser/*.test.mjs';

if ($p) {
    $p->shutdown;
}

done_testing;
