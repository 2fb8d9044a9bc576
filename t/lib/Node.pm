package Node;

# SPDX-License-Identifier: BSD-2-Clause
#
# Runs files of node:test and passes each of their tests on as one of ours.
# A test in a browser that fails is run once more, alone: a machine that stood
# still is no fault of the page.  It says so, and fails if it fails again.

use strict;
use warnings;

use IO::Select;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(have_node node_tests node_lanes);

sub have_node {
    my ($major) = (`node --version 2>/dev/null` // '') =~ /^v(\d+)/;
    return ($major // 0) >= 18;
}

sub node_tests {
    my ($file, @args) = @_;
    node_lanes({ files => [$file], args => \@args });
}

# lanes run side by side, the files of each one after the other:
# { files => [...], args => [...], env => { NAME => value }, again => 0 or 1 }
sub node_lanes {
    my (@lanes) = @_;
    my $running = IO::Select->new;
    my (%run, @again);
    my $start = sub {
        my ($lane) = @_;
        my $file = shift @{$lane->{files}} // return;
        my $f = start($lane, $file);
        $run{$f} = { lane => $lane, file => $file, out => '' };
        $running->add($f);
    };
    $start->($_) for @lanes;
    while ($running->count) {
        for my $f ($running->can_read) {
            my $r = $run{$f};
            next if sysread $f, $r->{out}, 65536, length $r->{out};
            $running->remove($f);
            delete $run{$f};
            close $f;
            push @again, map { { %$r, test => $_ } } report($r->{file}, $r->{out}, $?, $r->{lane}{again});
            $start->($r->{lane});
        }
    }
    again($_) for @again;
}

# one test that failed, alone
sub again {
    my ($r) = @_;
    my ($test, $name) = ($r->{test}, $r->{test}{name} =~ s/([!-\/:-@\[-`{-~])/\\$1/gr);
    my $f = start($r->{lane}, $r->{file}, "--test-name-pattern=/^$name\$/");
    my $out = do { local $/; <$f> };
    close $f;
    my ($tests) = parsed($out);
    my ($now) = grep { $_->{name} eq $test->{name} && !$_->{skip} } @$tests;
    diag("failed at first: $test->{name}\n" . substr($test->{why} // '', 0, 3000));
    ok($now && $now->{ok}, $test->{name}) or diag(substr($now->{why} // $out, 0, 3000));
}

sub start {
    my ($lane, $file, @how) = @_;
    my $pid = open(my $f, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        $ENV{$_} = $lane->{env}{$_} for keys %{$lane->{env} // {}};
        exec 'node', '--test-reporter=tap', @how, $file, @{$lane->{args} // []};
        exit 127;
    }
    return $f;
}

# tests, what was said before the first, and how many node counted
sub parsed {
    my ($out) = @_;
    my (@tests, $why, $count);
    for (split /^/, $out) {
        if (/^(not )?ok \d+ - (.*?)(?:\s+# (SKIP|TODO)\b\s*(.*))?$/) {
            push @tests, { ok => !$1, name => $2 =~ s/\\([#\\])/$1/gr, skip => $3, reason => $4 };
            next;
        }
        # what a failed test has to say, or node itself
        $tests[-1]{why} .= $_ if @tests && !$tests[-1]{ok};
        $why .= $_ unless @tests;
        $count = $1 if /^1\.\.(\d+)/;
    }
    return (\@tests, $why, $count);
}

# the failed tests, if they are to run again
sub report {
    my ($file, $out, $rc, $again) = @_;
    my ($tests, $why, $count) = parsed($out);
    my @failed;
    for my $t (@$tests) {
        if ($again && !$t->{ok}) {
            push @failed, $t;
            next;
        }
      SKIP: {
            skip("$t->{name}: " . ($t->{reason} || 'skipped'), 1) if $t->{skip};
            ok($t->{ok}, $t->{name}) or diag(substr($t->{why} // '', 0, 3000));
        }
    }
    ok(@$tests && defined $count && $count == @$tests, "$file ran to its end")
        or diag($why // 'no test ran');
    is($rc == 0, !(grep { !$_->{ok} } @$tests), "$file: exit code agrees")
        or diag("exit code $rc", map { "\n$_" } grep { !/^\s*(ok |---|\.\.\.|duration_ms|type:|# Subtest)/ } split /\n/, $out);
    return @failed;
}

1;
