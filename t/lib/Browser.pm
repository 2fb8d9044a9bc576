package Browser;

# SPDX-License-Identifier: BSD-2-Clause
#
# A server with the studies of the browser tests.  PACS_URL names one that
# runs; without it one is started.

use strict;
use warnings;

use Node;
use Pacs;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(served core);

# the policy that the pages promise to live with
my $policy = q{add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'" always;};

# skips the file without node, a package of t/browser or one of the programs
sub need {
    my ($package, @programs) = @_;
    plan(skip_all => 'no node of version 18 or newer') unless have_node();
    for (@programs) {
        plan(skip_all => "no browser: $_ is not there") unless -x $_;
    }
    plan(skip_all => "no $package: npm ci in t/browser was not run")
        unless -d "t/browser/node_modules/$package";
}

# served($package, \@programs, @files): runs them, and ends
sub served {
    my ($package, $programs, @files) = @_;
    need($package, @$programs);

    my $p = $ENV{PACS_URL} ? undef : Pacs->new(conf_server => $policy,
        conf_http => 'pacs_limit_arriving_ms 5000;');
    local $ENV{PACS_URL} = $ENV{PACS_URL} || "http://127.0.0.1:$p->{port}";

    is(run('node', 't/browser/store.mjs', $ENV{PACS_URL}), 0,
        'the studies of the tests are stored') or BAIL_OUT('nothing to look at');
    node_tests(@$_) for @files;

    $p->shutdown if $p;
    done_testing;
}

# the tests of core.mjs with a driver of t/browser/drivers
sub core {
    my ($driver, @programs) = @_;
    served($driver eq 'firefox' ? 'puppeteer-core' : '', \@programs,
        ['t/browser/core.mjs', $driver]);
}

1;
