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
my ($bad, $inner) = map { Pacs::free_port() } 1 .. 2;
my $p = Pacs->new(conf_server => $policy, conf_http => <<"END");
    server {
        listen 127.0.0.1:$inner;
        location /dicom-web { pacs; }
    }
    # a proxy that makes a bad server of a good one; points by their numbers
    server {
        listen 127.0.0.1:$bad;
        root "$Pacs::TOP/html";
        if (\$args ~ offset=99999999) { return 204; }                              # 2
        if (\$args ~ "^limit=(\\d+)&offset=\\1\$") { set \$args limit=\$1&offset=1; } # 3
        if (\$args ~ ^RequestAttributesSequence.00400009) { return 400; }          # 6
        if (\$args ~ ^StudyDate=20201301) { return 204; }                          # 8
        if (\$args ~ &includefield=all\$) { return 500; }                         # 11 26
        if (\$uri ~ /bulkdata/) { return 404; }                                  # 24
        if (\$http_accept = text/csv) { return 200 "a,b"; }                        # 27
        if (\$http_accept = "application/dicom, image/jpeg") { return 200; }       # 28
        if (\$http_accept ~ type=application/dicom\$) { return 406; }              # 29
        rewrite ^(.*/frames)/3,1,2\$ \$1/1,2,3;                                    # 33
        if (\$http_accept ~ type="image/jpeg"\$) {
            rewrite ^(.*/instances/[^/]+)/rendered \$1/frames/1/rendered;          # 38
        }
        if (\$args ~ ^window=40,400,linear\$) { set \$args window=60,400,linear; } # 40
        if (\$args ~ "^(viewport=.*),-(.*)") { set \$args \$1,\$2; }               # 41
        if (\$args = quality=101) { set \$args quality=90; }                      # 42
        if (\$args = annotation=patient) { set \$args ""; }                       # 43
        if (\$args = iccprofile=srgb) { set \$args iccprofile=no; }               # 44
        location /dicom-web {
            proxy_pass http://127.0.0.1:$inner;
            proxy_hide_header ETag;                                               # 37
            proxy_hide_header Warning;                                            # 4 5 14 43
            proxy_set_header Range "";                                            # 35 48
            proxy_set_header Accept-Encoding "";
            sub_filter_types application/dicom+json;
            sub_filter_once off;
            sub_filter '{"Alphabetic":' '{"Family":';                             # 19
            sub_filter '"ISO_IR 192"' '"ISO_IR 100"';                             # 22
            sub_filter '"00201208"' '"00201299"';                                 # 12 18
            # Host is not told: RetrieveURL has another                       15
        }
    }
END

local $ENV{CHROMIUM} = $chromium;
local $ENV{PACS_URL} = "http://127.0.0.1:$p->{port}";

node_tests('t/browser/selftest.mjs', 'empty');

is(($p->pacs('phantom', "$p->{home}/demo", '--small'))[0], 0, 'demo studies');
# other files have the same instance in other transfer syntaxes
$p->pacs('import', "$S/transfer-syntax/nema-ct1-bigendian.dcm");
my ($rc) = $p->pacs('import', "$p->{home}/demo", (native())[0 .. 9],
    map { glob "$S/$_/*" } qw(charset ecg-pdf-video enhanced sr-pr-ko transfer-syntax us));
ok($rc == 0 || $rc == 1, 'they and samples are imported');

node_tests('t/browser/selftest.mjs', 'full');

$ENV{PACS_URL} = "http://127.0.0.1:$bad";
node_tests('t/browser/selftest.mjs', 'broken');

$p->shutdown;
done_testing;
