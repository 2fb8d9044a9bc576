#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The core of the pages in Debian's Firefox ESR, two fingers included.

use strict;
use warnings;
use lib 't/lib';
use Browser;
use Pacs;

chdir $Pacs::TOP;

local $ENV{FIREFOX} = $ENV{FIREFOX} || '/usr/bin/firefox-esr';
need_browser('puppeteer-core', $ENV{FIREFOX});
core_tests('firefox');
