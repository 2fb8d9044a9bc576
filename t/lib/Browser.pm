package Browser;

# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of the pages share: a server with the studies of t/browser,
# under the policy that the pages promise to live with.

use strict;
use warnings;

use Node;
use Pacs;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(need_browser store_studies pacs_with_studies core_tests);

# with the shipped one's style of a report's page
my ($style) = slurp("$Pacs::TOP/conf/nginx.conf") =~ /(style-src [^;]*)/;
my $policy = qq{add_header Content-Security-Policy "default-src 'self'; $style; object-src 'none'; base-uri 'none'" always;};

# or the test file is skipped: a package of t/browser ('': none), and programs
sub need_browser {
    my ($package, @programs) = @_;
    plan(skip_all => 'no node of version 18 or newer') unless have_node();
    for (@programs) {
        plan(skip_all => "no browser: $_ is not there") unless -x $_;
    }
    plan(skip_all => "no $package: npm ci in t/browser was not run")
        if $package && !-d "t/browser/node_modules/$package";
}

sub store_studies {
    my ($url) = @_;
    is(run('node', 't/browser/store.mjs', $url), 0,
        'the studies of the tests are stored') or BAIL_OUT('nothing to look at');
}

# the Pacs, and its URL
sub pacs_with_studies {
    my $p = Pacs->new(conf_server => $policy, conf_http => 'pacs_limit_arriving_ms 10000;');
    my $url = "http://127.0.0.1:$p->{port}";
    store_studies($url);
    return ($p, $url);
}

# core.mjs with a driver of t/browser/drivers; PACS_URL names a running server
sub core_tests {
    my ($driver) = @_;
    my ($p, $url) = $ENV{PACS_URL} ? (undef, $ENV{PACS_URL}) : pacs_with_studies();
    local $ENV{PACS_URL} = $url;
    node_lanes({ files => ['t/browser/core.mjs'], args => [$driver], again => 1 });
    $p->shutdown if $p;
    done_testing;
}

1;
