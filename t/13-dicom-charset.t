#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every character of every character set against Python's codecs.

use strict;
use warnings;
use lib 't/lib';

use Pacs;

exec '/usr/bin/python3', "$Pacs::TOP/t/lib/charset_codecs.py",
    "$Pacs::B/t/tools/charset_dump" or die "python3: $!";
