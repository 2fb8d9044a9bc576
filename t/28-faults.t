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

# --- 2. errors of the disk and of memory ---

# everything that was acknowledged before, during and after an error
sub dimse_error {
    my ($call, $what, $refusal, %o) = @_;
    my $name = "$call $what";
    my $p = home();
    $p->start_listener;
    attach($p, $call, $what);
    my ($out, @acked) = send_all($p, @files);
    my $log = slurp("$p->{home}/log/listener.log");
    cmp_ok(scalar @acked, '<', scalar @files, "$name: something was refused");
    like($log, $refusal, "$name: refused with the reason") or diag $log;
    unlike($log, qr/signal \d/, "$name: nothing crashed");
    if ($o{degraded}) {
        like($log, qr/no more is stored until a restart/, "$name: degraded");
        my $bad = 0;
        # after the first refusal nothing more is taken in
        for (split /\n/, $out) {
            next unless /Received Store Response \((.*)\)/;
            $bad++ if $1 ne 'Success';
            is($bad, 0, "$name: nothing is acknowledged after it") if $bad && $1 eq 'Success';
        }
    }
    stop_all($p);
    holds("$name: " . @acked . ' acknowledged', $p, @acked);
}

# 10 and more: the opening of the house is over.  Which of them is file,
# folder, journal or index, is of no matter: each must refuse
dimse_error('fsync', "error=EIO:when=$_", qr/fsync/, degraded => 1) for 9, 10, 11;
dimse_error('fdatasync', "error=EIO:when=$_", qr/fsync|index: disk I\/O error/, degraded => 1) for 4, 5;
dimse_error('fsync', 'error=EIO:when=1', qr/fsync/);
dimse_error('linkat', 'error=EIO:when=2', qr/link to blobs.*Input\/output/);
dimse_error('write', 'error=ENOSPC:when=4+', qr/A700: .*No space left/);
dimse_error('pwrite64', 'error=ENOSPC:when=30+', qr/A700: .*(No space left|full)/);
dimse_error('pwrite64', 'error=EIO:when=30', qr/index: disk I\/O error/);
dimse_error('mkdirat', 'error=EDQUOT:when=6', qr/Disk quota/);

{
    my $p = home();
    my ($rc, $out) = import_under($p, inject('write', 'error=EINTR:when=1+3'), @files);
    is($rc, 0, 'interrupted writes make no difference') or diag $out;
    holds('EINTR', $p);
}

SKIP: {
    skip 'no fiu-run', 1 unless have('fiu-run');
    skip 'fiu and ASan both want to be preloaded', 1 if asan();

    my $fiu = sub { return ['fiu-run', '-x', '-c', "enable_random name=$_[0],probability=$_[1]"] };
    my $p = home();
    my ($rc, $out) = import_under($p, $fiu->('posix/io/rw/write/reduce', 0.4), @files);
    is($rc, 0, 'short writes make no difference') or diag $out;
    holds('short writes', $p);

    $p = home();
    ($rc, $out) = import_under($p, $fiu->('posix/io/rw/read/reduce', 0.4), @files);
    is($rc, 0, 'short reads make no difference') or diag $out;
    holds('short reads', $p);

    for my $i (1 .. (long_run() ? 200 : 12)) {
        my $p = home();
        my $point = (qw(malloc calloc realloc))[$i % 3];
        ($rc, $out) = import_under($p, $fiu->("libc/mm/$point", $i % 2 ? 0.02 : 0.002), @files);
        cmp_ok($rc, '<', 2, "$point fails now and then: no crash") or diag "$rc $out";
        holds("$point fails now and then", $p);
    }
}

SKIP: {
    skip 'ASan needs its address space', 1 if asan();
    my $named = 0;
    for my $kb (map { 20000 + 4000 * $_ } 0 .. 11) {
        my $p = home();
        my ($rc, $out) = import_under($p, ['prlimit', '--as=' . $kb * 1024], @files);
        next if $rc == 127;
        $named++ if $rc == 1 && $out =~ /memory|Cannot allocate/;
        if ($rc > 1) {
            fail("little memory ($kb kB): ends with $rc");
            diag $out;
        }
        holds("little memory ($kb kB)", $p) if -e "$p->{home}/index/pacs.db";
    }
    cmp_ok($named, '>', 0, 'too little memory is said by name');
}

# --- 3. a damaged index ---

sub full {
    my $p = home(@_);
    my ($rc, $out) = $p->pacs('import', @files);
    $rc and die $out;
    return $p;
}

sub write_at {
    my ($path, $at, $bytes) = @_;
    open my $f, '+<:raw', $path or die "$path: $!";
    seek $f, $at, 0;
    print $f $bytes;
    close $f;
}

sub reindexed {
    my ($name, $p, $n) = @_;
    my ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, "$name: reindex") or diag $out;
    is($p->sql('select count(*) from instance'), $n // scalar @files, '... restores everything');
    my @bad = wrong($p);
    ok(!@bad, '... and nothing is wrong') or diag(join "\n", @bad);
    ($rc, $out) = $p->pacs('verify');
    is($rc, 0, '... and verify finds nothing') or diag $out;
}

{
    my $p = full();
    unlink "$p->{home}/index/pacs.db";
    for my $command (['verify'], ['import', $files[0]], ['conflicts']) {
        my ($rc, $out) = $p->pacs(@$command);
        is($rc, 1, "missing pacs.db: $command->[0] refuses");
        like($out, qr/run pacs reindex/, '... and says what to do') or diag $out;
    }
    $p->start_listener;
    my ($out, @acked) = send_all($p, $files[0]);
    is(@acked, 0, '... the listener refuses');
    like(slurp("$p->{home}/log/listener.log"), qr/run pacs reindex/, '... and says it');
    reindexed('missing pacs.db', $p);
    ($out, @acked) = send_all($p, $files[0]);
    is(@acked, 1, '... and the listener takes in again, without a restart');
    stop_all($p);
}

{
    my $p = full();
    truncate "$p->{home}/index/pacs.db", 0;
    my ($rc, $out) = $p->pacs('verify');
    like($out, qr/run pacs reindex/, 'an empty pacs.db is refused');
    reindexed('empty pacs.db', $p);
}

for my $at (0, 16, 100) {
    my $p = full();
    write_at("$p->{home}/index/pacs.db", $at, 'x' x 60);
    my ($rc, $out) = $p->pacs('verify');
    is($rc, 1, "header damaged at $at: refused");
    like($out, qr/run pacs reindex/, '... and says what to do') or diag $out;
    reindexed('damaged header', $p);
}

# every page in turn: found by verify or by what reads it, mended by reindex
{
    my $whole = full();
    my $pages = (-s "$whole->{home}/index/pacs.db") / 4096;
    cmp_ok($pages, '>', 20, 'the index has pages');
    my $step = long_run() ? 1 : 5;
    my ($named, $tried) = (0, 0);
    for (my $page = 1; $page < $pages; $page += $step) {
        my $p = home();
        system('cp', '-a', "$whole->{home}/$_", $p->{home}) for qw(blobs journal index);
        write_at("$p->{home}/index/pacs.db", $page * 4096, join '', map { chr rand 256 } 1 .. 4096);
        my ($rc, $out) = $p->pacs('verify');
        $tried++;
        $named++ if $rc && $out =~ /run pacs reindex/;
        if ($rc > 1 || $rc == 0) {
            fail("page $page damaged: verify ends with $rc");
            diag $out;
        }
        ($rc, $out) = $p->pacs('reindex');
        my $n = $p->sql('select count(*) from instance');
        my ($v, $vo) = $p->pacs('verify');
        ok($rc == 0 && $n == @files && $v == 0, "page $page damaged: reindex mends it")
            or diag "$rc $out\n$n rows\n$vo";
    }
    is($named, $tried, 'each damage is found, and says what to do');
}

# a killed importer leaves a write-ahead log
{
    my $p = home();
    # the last connection's closing would empty it
    import_under($p, inject('unlink', 'signal=KILL:when=1'), @files);
    my $wal = "$p->{home}/index/pacs.db-wal";
    SKIP: {
        skip 'no write-ahead log left', 1 unless -s $wal;
        unlink "$p->{home}/index/pacs.db-shm";
        my @bad = wrong($p);
        ok(!@bad, 'without pacs.db-shm it opens, and all is there') or diag(join "\n", @bad);
    }
}

for my $cut (0.3, 0.7, 0.95) {
    my $p = home();
    $p->start_listener;
    my ($out, @acked) = send_all($p, @files);
    stop_all($p);
    # a reader that stays keeps the log from being emptied
    my $wal = "$p->{home}/index/pacs.db-wal";
    if (!-s $wal) {
        my $q = full(home => $p->{home});
        $wal = '';
    }
    next unless $wal;
    truncate $wal, int((-s $wal) * $cut);
    my ($rc, $vout) = $p->pacs('verify');
    is($rc, 1, "write-ahead log cut at $cut: verify finds it");
    like($vout, qr/run pacs reindex/, '... and says what to do') or diag $vout;
    reindexed('cut write-ahead log', $p);
}

done_testing;
