#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Viewers and libraries of others, as published on npm, in a browser on this
# server: dicomweb-client, dicom-microscopy-viewer and OHIF.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Node;
use Pacs;
use Test::More;

my $samples = samples();

chdir $Pacs::TOP;

my $chromium = $ENV{CHROMIUM} || '/usr/bin/chromium';
my $clients = "$Pacs::TOP/build/clients";
plan(skip_all => 'no node of version 18 or newer') unless have_node();
plan(skip_all => "no browser: $chromium is not there") unless -x $chromium;
plan(skip_all => 'no playwright-core: npm ci in t/browser was not run')
    unless -d 't/browser/node_modules/playwright-core';
plan(skip_all => 'the clients could not be had from npm')
    if run('t/clients/fetch', $clients);

my $ohif = free_port();
my $p = Pacs->new(
    conf_server => "location /clients/ { alias $clients/; }"
        . " location /static/js/ { alias $clients/dicom-microscopy-viewer/dist/dynamic-import/; }"
        . ' location = /clients/empty.html { default_type text/html;'
        . ' return 200 "<!doctype html><meta charset=utf-8><title>empty</title>"; }'
        . ' location = /favicon.ico { return 204; }',
    conf_http => <<"END");
server {
    listen 127.0.0.1:$ohif;
    root $clients/app/dist;
    location / { try_files \$uri /index.html; }
    location = /app-config.js { alias $Pacs::TOP/t/clients/ohif-config.js; }
    location /dicom-web { pacs; }
}
END

my $made = tempdir('clientsXXXXXX', DIR => '/tmp', CLEANUP => 1);
is(run('/usr/bin/python3', '-W', 'ignore', 't/clients/syntaxes.py', $samples, $made), 0,
    'a series a transfer syntax');

my @slide = glob "$samples/wsi/histology-pyramid-*.dcm";
is(run("$Pacs::B/pacs", 'import', '--home', $p->{home}, $made,
    "$samples/ct-series/lidc-0314-chest-1mm", "$samples/mr-series/fruit-sag-irspgr", @slide), 0,
    'studies to look at');

# UIDs of a file as dcmdump has them
sub uids {
    my ($file) = @_;
    my (undef, $dump) = capture('dcmdump', '-q', '+P', '0020,000d', '+P', '0020,000e',
        '+P', '0008,0018', $file);
    return map { my $tag = $_; $dump =~ /^\($tag\) UI \[([\d.]+)\]/m ? $1 : '' }
        ('0020,000d', '0020,000e', '0008,0018');
}

my $file = (native())[0];
@ENV{qw(CLIENT_STUDY CLIENT_SERIES CLIENT_INSTANCE)} = uids($file);
@ENV{qw(SLIDE_STUDY SLIDE_SERIES)} = uids($slide[0]);
local $ENV{CLIENT_FILE} = $file;
local $ENV{OHIF_URL} = "http://127.0.0.1:$ohif";
local $ENV{PACS_URL} = "http://127.0.0.1:$p->{port}";
local $ENV{CHROMIUM} = $chromium;

node_tests($_) for grep { !$ENV{CLIENT} || /$ENV{CLIENT}/ } glob 't/clients/*.test.mjs';

$p->shutdown;
done_testing;
