#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Nothing acknowledged is ever lost: kill -9 at a system call, disk errors,
# no memory, a damaged index, a damaged journal, many senders at once.
# After each, what was acknowledged is there with the bytes that were sent,
# no row is without its file, nothing partly written has a final name, and
# sending everything again leaves one row and one file of each instance.
# PACS_LONG=1 kills at every system call instead of a few.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Pacs;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

my $samples = samples();
plan(skip_all => 'no strace') unless have('strace');
plan(skip_all => 'no sqlite3') unless have('sqlite3');
plan(skip_all => 'no storescu') unless have('storescu');
plan(skip_all => 'strace cannot trace here')
    if (capture('strace', '-qq', '-o', '/dev/null', 'true'))[0];

# leak checks do not work under strace
$ENV{ASAN_OPTIONS} = 'detect_leaks=0' if asan();

my @files = ((sort glob "$samples/mr-series/*/*.dcm")[0 .. 3],
    (sort glob "$samples/ct-series/*/*.dcm")[0 .. 1],
    (sort glob "$samples/cr-dx/*.dcm")[0]);

# --- what is there ---

# digest of transfer syntax and data set, and the SOP Instance UID; by us
sub known_as {
    my ($bytes) = @_;
    return () if length $bytes < 150 || substr($bytes, 128, 4) ne 'DICM';
    my $len = unpack 'V', substr($bytes, 140, 4);
    my $meta = substr $bytes, 144, $len;
    my ($syntax) = $meta =~ /\x02\0\x10\0UI..([0-9.]+)/s or return ();
    my ($uid) = $meta =~ /\x02\0\x03\0UI..([0-9.]+)/s or return ();
    return (sha256_hex($syntax . substr $bytes, 144 + $len), $uid);
}

my %uid_of = map { my (undef, $uid) = known_as(slurp($_)); ($_ => $uid) } @files;

sub home { return Pacs->new(http => 0, redis => 0, listener => 0, @_) }

# said to be stored: by the audit log
sub audited {
    my ($p) = @_;
    my %there;
    for (split /\n/, slurp("$p->{home}/log/audit.log")) {
        my $e = eval { json($_) } or next;
        my $uid = $e->{ParticipantObjectID} or next;
        $there{$uid} = 1 if $e->{EventID} == 110104 && $e->{EventOutcomeIndicator} == 0;
        delete $there{$uid} if $e->{EventID} == 110105;
    }
    return keys %there;
}

# what is wrong, as a list of sentences
sub wrong {
    my ($p, @acked) = @_;
    my @bad;
    my ($rc, $out) = $p->pacs('verify');
    push @bad, "verify ends with $rc: $out" if $rc > 1;
    push @bad, "verify: $_" for grep { !/a file that the index does not know|findings/ && !/^\s*$/ } split /\n/, $out;
    push @bad, 'verify checked nothing' unless $out =~ /\d+ instances, \d+ bytes checked/;

    for my $uid (@acked, audited($p)) {
        my $key = $p->sql("select key from instance where uid = '$uid'");
        push @bad, "acknowledged $uid is not in the index" unless $key;
    }
    for my $blob ($p->blobs) {
        my ($digest) = known_as(slurp($blob));
        push @bad, "$blob is not what its name says"
            unless defined $digest && $blob =~ /\Q$digest\E/;
    }
    push @bad, map { "left behind: $_" } glob "$p->{home}/tmp/*";
    my $check = $p->sql('pragma integrity_check');
    push @bad, "integrity_check: $check" unless $check eq 'ok';
    my $counts = $p->sql('select (select count(*) from instance),'
        . ' (select coalesce(sum(ninstances), 0) from study), (select instances from totals),'
        . ' (select count(*) from study), (select studies from totals)');
    my @n = split /\|/, $counts;
    push @bad, "counts differ: $counts" unless $n[0] == $n[1] && $n[1] == $n[2] && $n[3] == $n[4];
    return @bad;
}

# everything again, then one row and one file of each and nothing else
sub repaired {
    my ($p, %o) = @_;
    my @bad;
    my ($rc, $out) = $p->pacs('import', @files);
    push @bad, "import again: $rc $out" if $rc;
    my $n = $p->sql('select count(*) from instance');
    push @bad, "$n rows of " . @files if $n != @files;
    my $b = () = $p->blobs;
    push @bad, "$b files of " . @files if $b != @files;
    ($rc, $out) = $p->pacs('verify');
    push @bad, "verify at last: $out" if $rc;
    return @bad;
}

sub holds {
    my ($name, $p, @acked) = @_;
    my @bad = (wrong($p, @acked), repaired($p), wrong($p));
    ok(!@bad, $name) or diag(join "\n", @bad[0 .. ($#bad > 8 ? 8 : $#bad)]);
    $p->check_logs_quietly($name);
    return !@bad;
}

sub Pacs::check_logs_quietly {
    my ($self, $name) = @_;
    my @bad;
    for my $log (grep { !/audit/ } glob "$self->{home}/log/*") {
        push @bad, grep { /Sanitizer|runtime error:|exited on signal (?!9)/ } split /\n/, slurp($log);
    }
    fail("$name: " . join "\n", @bad) if @bad;
}

# --- the two doors under strace ---

sub import_under {
    my ($p, $tool, @files) = @_;
    return capture(@$tool, "$Pacs::B/pacs", 'import', '--home', $p->{home}, '--quiet', @files);
}

sub inject { return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', "trace=$_[0]", '-e', "inject=$_[0]:$_[1]"] }

# the listener runs; strace comes to it, and to the children that it forks
sub attach {
    my ($p, $call, $what) = @_;
    my $pid = $p->{pids}{listener};
    $p->spawn('strace', 'strace.log', {}, @{inject($call, $what)}, '-p', $pid);
    wait_until('strace', sub { slurp("/proc/$pid/status") =~ /TracerPid:\s*[1-9]/ })
        or die 'strace does not attach';
}

# sends all in one association; the UIDs that were acknowledged
sub send_all {
    my ($p, @which) = @_;
    my ($rc, $out) = capture('storescu', '-v', '-nh', '-xs', '-aec', 'PACS', '-to', 20, '-td', 20,
        '127.0.0.1', $p->{dimse}, @which);
    my (@acked, $file);
    for (split /\n/, $out) {
        $file = $1 if /Sending file: (\S+)/;
        push @acked, $uid_of{$file} if /Received Store Response \(Success\)/;
    }
    return ($out, @acked);
}

sub stop_all {
    my ($p) = @_;
    $p->stop('strace', 'KILL');
    $p->stop('listener', 'KILL');
    # the association's child may live a little longer: it holds the gate
    wait_until('children', sub { !grep { slurp("/proc/$_/cmdline") =~ /\Q$p->{home}\E/ }
        map { m,/proc/(\d+)$, ? $1 : () } glob '/proc/[0-9]*' });
}

# --- 1. kill -9 ---

my %spread = (
    write => [1, 2, 3], pwrite64 => [1, 4, 9, 20], fsync => [1, 2, 3, 4], fdatasync => [1, 2, 3],
    linkat => [1, 2], mkdirat => [2, 4], openat => [12, 20], fcntl => [3, 25], unlink => [1],
);

sub kill_import {
    my ($call, $n) = @_;
    my $p = home();
    my ($rc) = import_under($p, inject($call, "signal=KILL:when=$n"), @files);
    return 0 if $rc != 137;
    holds("import killed at $call $n", $p);
    return 1;
}

for my $call (sort keys %spread) {
    if (long_run()) {
        for (my $n = 1; kill_import($call, $n); $n++) { }
    } else {
        kill_import($call, $_) for @{$spread{$call}};
    }
}

my %dimse = (
    write => [3, 8], pwrite64 => [2, 12, 30], fsync => [3, 7, 9], fdatasync => [2, 4, 6],
    linkat => [1, 3], openat => [15, 30],
);

# the last number: nothing was killed any more
sub kill_listener {
    my ($call, $n) = @_;
    my $p = home();
    $p->start_listener;
    attach($p, $call, "signal=KILL:when=$n");
    my ($out, @acked) = send_all($p, @files);
    my $all = @acked == @files;
    if (!$all && waitpid($p->{pids}{listener}, POSIX::WNOHANG()) == 0) {
        $p->stop('strace', 'KILL');
        is(run('echoscu', '-aec', 'PACS', '127.0.0.1', $p->{dimse}), 0,
            "listener answers after a child was killed at $call $n");
    }
    stop_all($p);
    holds("listener killed at $call $n, " . @acked . ' acknowledged', $p, @acked);
    return !$all;
}

for my $call (sort keys %dimse) {
    if (long_run()) {
        for (my $n = 1; kill_listener($call, $n); $n++) { }
    } else {
        kill_listener($call, $_) for @{$dimse{$call}};
    }
}

done_testing;
