#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The pages in a browser: real clicks, wheel, fingers and keys; real pixels
# read back and compared with the server's own.

use strict;
use warnings;
use lib 't/lib';
use Browser;

local $ENV{CHROMIUM} = $ENV{CHROMIUM} || '/usr/bin/chromium';

served('playwright-core', [$ENV{CHROMIUM}], map { [$_] } glob 't/browser/*.test.mjs');
