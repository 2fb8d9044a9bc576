#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The core of the pages in Debian's Firefox ESR, two fingers included.

use strict;
use warnings;
use lib 't/lib';
use Browser;

core('firefox', $ENV{FIREFOX} || '/usr/bin/firefox-esr');
