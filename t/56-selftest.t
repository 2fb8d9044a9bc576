#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The self-test's page: all points hold on demo studies and samples, those
# that a server breaks are shown as failed.

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
my $S = samples();

my $policy = q{add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'" always;};
my $bad = Pacs::free_port();
my $p = Pacs->new(conf_server => $policy, conf_http => <<"END");
    server {
        listen 127.0.0.1:$bad;
        root "$Pacs::TOP/html";
        location /dicom-web {
            # no match is 204, as of old
            if (\$args ~ offset=99999999) { return 204; }
            # another window than the one asked for
            if (\$args ~ ^window=40,400,linear\$) { set \$args window=60,400,linear; }
            pacs;
        }
    }
END

local $ENV{CHROMIUM} = $chromium;
local $ENV{PACS_URL} = "http://127.0.0.1:$p->{port}";

node_tests('t/browser/selftest.mjs', 'empty');

is(($p->pacs('phantom', "$p->{home}/demo", '--small'))[0], 0, 'demo studies');
my ($rc) = $p->pacs('import', "$p->{home}/demo", (native())[0 .. 9],
    map { glob "$S/$_/*" } qw(charset ecg-pdf-video enhanced sr-pr-ko transfer-syntax us));
ok($rc == 0 || $rc == 1, 'they and samples are imported');

node_tests('t/browser/selftest.mjs', 'full');

$ENV{PACS_URL} = "http://127.0.0.1:$bad";
node_tests('t/browser/selftest.mjs', 'broken');

$p->shutdown;
done_testing;
