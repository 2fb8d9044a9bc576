package Node;

# SPDX-License-Identifier: BSD-2-Clause
#
# Runs a file of node:test and passes each of its tests on as one of ours.

use strict;
use warnings;

use Test::More;

use Exporter 'import';
our @EXPORT = qw(have_node node_tests);

sub have_node {
    my ($major) = (`node --version 2>/dev/null` // '') =~ /^v(\d+)/;
    return ($major // 0) >= 18;
}

sub node_tests {
    my ($file, @args) = @_;
    my $pid = open(my $f, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec 'node', '--test-reporter=tap', $file, @args;
        exit 127;
    }
    my (@tests, $why, $count);
    while (<$f>) {
        if (/^(not )?ok \d+ - (.*?)(?:\s+# (SKIP|TODO)\b\s*(.*))?$/) {
            push @tests, { ok => !$1, name => $2, skip => $3, reason => $4 };
            next;
        }
        # what a failed test has to say, or node itself
        $tests[-1]{why} .= $_ if @tests && !$tests[-1]{ok};
        $why .= $_ unless @tests;
        $count = $1 if /^1\.\.(\d+)/;
    }
    close $f;
    my $rc = $?;
    for my $t (@tests) {
      SKIP: {
            skip("$t->{name}: " . ($t->{reason} || 'skipped'), 1) if $t->{skip};
            ok($t->{ok}, $t->{name}) or diag(substr($t->{why} // '', 0, 3000));
        }
    }
    ok(@tests && defined $count && $count == @tests, "$file ran to its end")
        or diag($why // 'no test ran');
    is($rc == 0, !(grep { !$_->{ok} } @tests), "$file: exit code agrees");
}

1;
