#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The core of the pages in WebKitGTK: layout, pointer, pixels; no fingers.

use strict;
use warnings;
use lib 't/lib';
use Browser;
use Pacs;

chdir $Pacs::TOP;

my ($mini) = glob '/usr/lib/*/webkit2gtk-4.1/MiniBrowser';
local $ENV{MINIBROWSER} = $ENV{MINIBROWSER} || $mini || '/usr/bin/MiniBrowser';
# the driver's protocol needs no package
need_browser('', $ENV{MINIBROWSER}, '/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb');
core_tests('webkit');
