#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# tools/run --https in a browser that trusts its CA: list, viewer and service
# worker in a secure context, over HTTP/2.

use strict;
use warnings;
use lib 't/lib';
use Browser;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Node;
use Pacs;
use Test::More;

chdir $Pacs::TOP;

local $ENV{CHROMIUM} = $ENV{CHROMIUM} || '/usr/bin/chromium';
need_browser('playwright-core', $ENV{CHROMIUM}, '/usr/bin/certutil');

plan(skip_all => 'the sanitizer build is started by the other tests') if asan();

my $home = tempdir('pacshttpsXXXXXX', DIR => '/tmp', CLEANUP => 1);
my ($http, $https, $dimse) = map { free_port() } 1 .. 3;
my @run = ("$Pacs::TOP/tools/run", '--home', $home);
my ($rc, $out) = capture(@run, '--http', $http, '--https', $https, '--dimse', $dimse,
    '--background', '--no-install');

is($rc, 0, 'starts') or BAIL_OUT("tools/run does not start: $out");
END { capture(@run, '--stop') if @run }

# Chromium's own store, in a home of its own
my $store = "$home/browser/.pki/nssdb";
make_path($store);
is(run('certutil', '-N', '-d', "sql:$store", '--empty-password'), 0, 'a store');
is(run('certutil', '-A', '-d', "sql:$store", '-n', 'CA', '-t', 'C,,', '-i', "$home/tls/ca.crt"),
    0, 'with the CA of tools/run');

local @ENV{qw(HOME PACS_URL)} = ("$home/browser", "https://localhost:$https");
node_tests('t/browser/https.mjs');

done_testing;
