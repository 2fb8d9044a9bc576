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

# none of them coded, so that storescu sends each
my @series = (sort glob "$samples/mr-series/fruit-sag-irspgr/*.dcm");
my @files = (@series[0 .. 3], map { "$samples/$_.dcm" }
    qw(cr-dx/dx-fuji-small-mono1 ct-series/philips-head-scout cr-dx/cr-chest-440-mono1));

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

sub home { return Pacs->new(http => 0, redis => 0, listener => 0, leaks => 0, @_) }

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
    # killed before the home was made
    return map { "no archive, but $_" } @acked, audited($p), $p->blobs
        if $out =~ /is no archive/;
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
    # storescu encodes otherwise: the same under another name, from a crash
    if ($b > @files) {
        my (undef, $said) = $p->pacs('verify');
        my $named = () = $said =~ /run pacs reindex/g;
        push @bad, "verify names $named of " . ($b - @files) . ' leftovers' if $named != $b - @files;
        ($rc, $out) = $p->pacs('reindex');
        push @bad, "reindex: $rc $out" if $rc;
        $b = () = $p->blobs;
    }
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

sub holds_again {
    my ($name, $p) = @_;
    my @bad = (repaired($p), wrong($p));
    ok(!@bad, "$name: sending it again mends it") or diag(join "\n", @bad);
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
    my ($rc, $out) = capture('storescu', '-v', '-nh', '-aec', 'PACS', '-to', 20, '-td', 20,
        '127.0.0.1', $p->{dimse}, @which);
    my (@acked, $file);
    for (split /\n/, $out) {
        $file = $1 if /Sending file: (\S+)/;
        push @acked, $uid_of{$file} if /Received Store Response \(Success\)/;
    }
    return ($out, @acked);
}

my @mounted;
END { my $rc = $?; system('umount', '-l', $_) for @mounted; $? = $rc }

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
    if (!$all) {
        $p->stop('strace', 'KILL');
        my $rc = run('echoscu', '-aec', 'PACS', '127.0.0.1', $p->{dimse});
        # unless it was the listener's own call
        my $killed = waitpid($p->{pids}{listener}, POSIX::WNOHANG()) > 0 && ($? & 127) == 9;
        ok($rc == 0 || $killed, "listener answers after a child was killed at $call $n");
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

# associations share their commits (src/service/share.c): each of eight is
# killed when it has made its third, so leaders die with others' in hand
my @many = map {
    my $k = $_;
    map {
        my $bytes = slurp($series[$_]);
        my $old = (known_as($bytes))[1];
        my $new = substr($old, 0, -3) . sprintf('%03d', 100 + 20 * $k + $_);
        (my $copy = $bytes) =~ s/\Q$old\E/$new/g;
        [$k, $new, $copy];
    } 0 .. 9;
} 0 .. 7;

{
    my $p = home();
    my @out;
    make_path("$p->{home}/in/$_->[0]") for @many;
    for (@many) {
        open my $f, '>:raw', "$p->{home}/in/$_->[0]/$_->[1].dcm" or die $!;
        print $f $_->[2];
    }
    $p->start_listener;
    attach($p, 'fdatasync', 'signal=KILL:when=5');
    for my $k (0 .. 7) {
        my @in = sort glob "$p->{home}/in/$k/*.dcm";
        $p->spawn("scu$k", "scu$k.log", {}, 'storescu', '-v', '-nh', '-aec', 'PACS', '-to', 20,
            '-td', 20, '127.0.0.1', $p->{dimse}, @in);
    }
    for my $k (0 .. 7) {
        waitpid delete $p->{pids}{"scu$k"}, 0;
        my $uid;
        for (split /\n/, slurp("$p->{home}/log/scu$k.log")) {
            $uid = $1 if m{Sending file: \S+/([0-9.]+)\.dcm};
            push @out, $uid if /Received Store Response \(Success\)/;
        }
    }
    $p->stop('strace', 'KILL');
    is(run('echoscu', '-aec', 'PACS', '127.0.0.1', $p->{dimse}), 0,
        'listener answers after the children of eight associations were killed');
    my $killed = () = slurp("$p->{home}/log/listener.log") =~ /ended by signal 9/g;
    cmp_ok($killed, '>=', 4, "$killed were killed");
    stop_all($p);
    my @bad = wrong($p, @out);
    cmp_ok(scalar @out, '>', 8, scalar(@out) . ' of 80 acknowledged');
    ok(!@bad, 'every one that was acknowledged is there') or diag join "\n", @bad[0 .. ($#bad > 8 ? 8 : $#bad)];
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
dimse_error('pwrite64', 'error=ENOSPC:when=30+', qr/A700: .*(No space left|full)/);
dimse_error('pwrite64', 'error=EIO:when=30', qr/index: disk I\/O error/);
dimse_error('mkdirat', 'error=EDQUOT:when=6', qr/Disk quota/);

# a real full disk; taken in again when there is room, without a restart
SKIP: {
    skip 'mounting needs root', 1 if $> != 0;
    my $p = home();
    skip 'no tmpfs here', 1 if (capture('mount', '-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', $p->{home}))[0];
    push @mounted, $p->{home};
    mkdir "$p->{home}/$_" for qw(run log tmp);
    $p->start_listener;
    my ($out, @acked) = send_all($p, @files[0, 1]);
    is(@acked, 2, 'room: taken in');
    for my $free (300, 100) {
        # more than the 2 % where it stops by itself, then less
        my $have = (split ' ', (capture('df', '-k', '--output=avail', $p->{home}))[1])[-1];
        system('fallocate', '-l', ($have - $free) . 'K', "$p->{home}/filler");
        ($out, @acked) = send_all($p, @files[2, 4 .. $#files]);
        is(@acked, 0, "$free kB left: nothing is acknowledged") if $free < 200;
        like(slurp("$p->{home}/log/listener.log"),
            qr/A700: .*(nearly full|No space left|disk is full)/, '... and refused by name');
        push @{$p->{acked}}, @acked;
        is($p->sql('select count(*) from instance'), 2 + @{$p->{acked}}, '... and reads go on');
        unlink "$p->{home}/filler";
    }
    ($out, @acked) = send_all($p, @files);
    is(@acked, scalar @files, 'room again: taken in, without a restart') or diag $out;
    stop_all($p);
    holds('full disk', $p, @acked);
    system('umount', '-l', pop @mounted);
}

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
        # glibc's fts_open does not check: not ours
        next if $rc == 139 && !-e "$p->{home}/log/audit.log";
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
        next if $rc == 127 || ($rc == 139 && !-e "$p->{home}/log/audit.log");
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
    my ($rc, $out) = capture("$Pacs::B/pacs-listener", '--home', $p->{home}, '--listen', free_port());
    isnt($rc, 0, '... the listener does not start');
    like($out, qr/run pacs reindex/, '... and says it, too') or diag $out;
    reindexed('missing pacs.db', $p);
}

# taken away and made again under one that runs
{
    my $p = full();
    $p->start_listener;
    unlink glob "$p->{home}/index/pacs.db*";
    my ($out, @acked) = send_all($p, $files[0]);
    is(@acked, 0, 'pacs.db taken away: a listener that runs refuses');
    like(slurp("$p->{home}/log/listener.log"), qr/A700: .*run pacs reindex/, '... and says what to do');
    my ($rc, $rout) = $p->pacs('reindex');
    is($rc, 0, 'reindex') or diag $rout;
    ($out, @acked) = send_all($p, @files);
    is(@acked, scalar @files, '... and it takes in again, without a restart');
    stop_all($p);
    holds('pacs.db made anew', $p, @acked);
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

# a reader that stays keeps the write-ahead log from being emptied
sub keep_wal {
    my ($p) = @_;
    my $pid = open my $keep, '|-', 'sqlite3', "$p->{home}/index/pacs.db";
    $keep->autoflush(1);
    print $keep ".output $p->{home}/run/kept\nselect count(*) from instance;\n.output\n";
    wait_until('a reader', sub { slurp("$p->{home}/run/kept") =~ /\d/ });
    return $keep;
}

for my $cut (0.3, 0.6, 0.95) {
    my $live = home();
    $live->pacs('import', $files[0]);
    my $keep = keep_wal($live);
    $live->pacs('import', $_) for @files[1 .. $#files];
    my $p = home();
    system('cp', '-a', "$live->{home}/$_", $p->{home}) for qw(blobs journal index log);
    close $keep;
    my $wal = "$p->{home}/index/pacs.db-wal";
    cmp_ok(-s $wal, '>', 8192, 'a write-ahead log that holds instances') or next;
    truncate $wal, int((-s $wal) * $cut);
    unlink "$p->{home}/index/pacs.db-shm";
    my ($rc, $out) = $p->pacs('verify');
    is($rc, 1, "write-ahead log cut at $cut: verify finds it");
    like($out, qr/run pacs reindex/, '... and says what to do') or diag $out;
    reindexed('cut write-ahead log', $p);
}

# two that open, and a reindex among them
{
    my $p = home();
    my @pids = map { my $i = $_; my $pid = fork // die;
        if (!$pid) { POSIX::_exit((import_under($p, [], $files[$i]))[0]) } $pid } 0 .. $#files;
    my $failed = 0;
    for (@pids) { waitpid $_, 0; $failed++ if $? }
    is($failed, 0, @files . ' processes open an empty home at once');
    holds('opened at once', $p);
}

sub kill_reindex {
    my ($call, $n, $door) = @_;
    my $p = full();
    my ($rc, $out) = capture(@{inject($call, "signal=KILL:when=$n")}, "$Pacs::B/pacs", 'reindex', '--home', $p->{home});
    return 0 if $rc != 137;
    ($rc, $out) = $p->pacs('verify');
    # killed before it touched anything, or after it was done: fine as well
    ok($rc == 0 || $out =~ /run pacs reindex/, "reindex killed at $call $n: sound, or says so") or diag $out;
    reindexed("reindex killed at $call $n", $p);
    return 1;
}

for my $at ([pwrite64 => 2], [pwrite64 => 40], [pwrite64 => 90], [fsync => 3], [fdatasync => 1], [unlink => 1],
    [unlink => 2])
{
    if (long_run()) {
        for (my $n = 1; kill_reindex($at->[0], $n); $n++) { }
    } else {
        kill_reindex(@$at);
    }
}

# what is deleted stays deleted, and conflicts are listed again
for my $policy (qw(reject quarantine)) {
    my $p = full(duplicates => $policy);
    my $study = $p->sql("select s.uid from study s join series e on e.study = s.id"
        . " join instance i on i.series = e.id where i.uid = '$uid_of{$files[0]}'");
    my $other = "$p->{home}/run/other.dcm";
    copy($files[4], $other);
    is(run('dcmodify', '-nb', '-m', '(0010,0010)=Other^Name', $other), 0, 'another content');
    my ($rc, $out) = $p->pacs('import', $other);
    is($rc, 1, "$policy: refused");
    ($rc, my $before) = $p->pacs('conflicts');
    like($before, qr/instance \Q$uid_of{$files[4]}\E/, "$policy: listed");
    ($rc, $out) = $p->pacs('delete', $study);
    like($out, qr/4 instances deleted/, 'a study is deleted');
    ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, "$policy: reindex") or diag $out;
    ($rc, my $after) = $p->pacs('conflicts');
    is($after, $before, "$policy: conflicts are listed as before");
    is($p->sql("select count(*) from study where uid = '$study'"), 0, 'what was deleted stays deleted');
    is($p->sql('select count(*) from instance'), @files - 4, 'the rest is there');
    ($rc, $out) = $p->pacs('verify');
    is($rc, 0, "$policy: verify finds nothing") or diag $out;
    is($p->sql("select key from instance where uid = '$uid_of{$files[4]}'") =~ /([0-9a-f]{64})/ && $1,
        (known_as(slurp($files[4])))[0], "$policy: the first stays");
}

# a deletion that was cut: verify says so, reindex ends it
for my $n (1 .. 4) {
    my $p = full();
    my $study = $p->sql("select s.uid from study s join series e on e.study = s.id"
        . " join instance i on i.series = e.id where i.uid = '$uid_of{$files[0]}'");
    my ($rc) = capture(@{inject('unlinkat', "signal=KILL:when=$n")}, "$Pacs::B/pacs", 'delete', '--now', '--home', $p->{home},
        $study);
    is($rc, 137, "a deletion cut at file $n");
    is($p->sql("select count(*) from study where uid = '$study'"), 0, '... no row is left');
    ($rc, my $out) = $p->pacs('verify');
    is($rc, 1, '... verify finds the files') or diag $out;
    ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, '... reindex') or diag $out;
    like($out, qr/removed \S+ it was deleted/, '... ends it');
    is(scalar(my @b = $p->blobs), @files - 4, '... no file is left');
    holds_again('deletion cut', $p);
}

# stored but never acknowledged, then another content of it: the one that
# was acknowledged is the one after a reindex
for my $policy (qw(reject quarantine)) {
    my $p = home(duplicates => $policy);
    my $first = "$p->{home}/run/first.dcm";
    copy($files[4], $first);
    is(run('dcmodify', '-nb', '-m', '(0010,0010)=First^Try', $first), 0, 'a first content');
    # the journal's line is written, the row is not
    $p->pacs('import', $files[0]);
    my ($rc) = import_under($p, inject('fdatasync', 'signal=KILL:when=1'), $first);
    is($rc, 137, 'cut');
    is($p->sql('select count(*) from instance'), 1, '... before its row');
    like(slurp("$p->{home}/journal/00000001.log"), qr/\Q$uid_of{$files[4]}\E/, '... and after its journal line');
    ($rc, my $out) = $p->pacs('import', $files[4]);
    is($rc, 0, 'another content is taken in') or diag $out;
    ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, 'reindex') or diag $out;
    is($p->sql("select key from instance where uid = '$uid_of{$files[4]}'") =~ /([0-9a-f]{64})/ && $1,
        (known_as(slurp($files[4])))[0], "$policy: what was acknowledged is in the index");
    ($rc, $out) = $p->pacs('conflicts');
    like($out, qr/\Q$uid_of{$files[4]}\E/, '... the other one is in conflict, not lost');
    ($rc, $out) = $p->pacs('verify');
    is($rc, 0, '... and verify is content') or diag $out;
}

# a row without its file: sending it again is no success without the file
{
    my $p = full();
    unlink(($p->blobs)[0]);
    my ($rc, $out) = $p->pacs('verify');
    like($out, qr/the file is missing/, 'a missing file is found');
    holds_again('missing file', $p);
    truncate(($p->blobs)[1], 5000);
    ($rc, $out) = $p->pacs('verify');
    is($rc, 1, 'a cut file is found');
    holds_again('cut file', $p);
}

# --- 4. a damaged journal ---

{
    my $p = full();
    my $log = "$p->{home}/journal/00000001.log";
    my $whole = slurp($log);

    open my $f, '>>', $log or die;
    print $f '01234567 {"op":"sto';
    close $f;
    my ($rc, $out) = $p->pacs('reindex');
    like($out, qr/00000001\.log, line 8 is damaged/, 'a torn last line is reported');
    is($p->sql('select count(*) from instance'), scalar @files, '... and all others are used');
    my $more = (sort glob "$samples/us/*.dcm")[0];
    ($rc, $out) = $p->pacs('import', $more);
    is($rc, 0, '... and the journal goes on') or diag $out;
    ($rc, $out) = $p->pacs('reindex');
    like($out, qr/8 instances indexed/, '... with what came after it') or diag $out;

    # all of it but the newline
    open $f, '>', $log or die;
    print $f substr $whole, 0, -1;
    close $f;
    ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, 'a last line without its newline is good') or diag $out;

    (my $bad = $whole) =~ s/("op":"store".*?\n.*?"op":"st)o/$1X/s;
    open $f, '>', $log or die;
    print $f $bad;
    close $f;
    ($rc, $out) = $p->pacs('reindex');
    like($out, qr/00000001\.log, line 2 is damaged/, 'a damaged line is reported');
    is($p->sql('select count(*) from instance'), @files + 1, '... all others are used, its file is found');
    is($p->sql("select count(*) from instance where source = 'found'"), 2, '... as one without an entry');
    my @bad = wrong($p);
    ok(!@bad, '... and nothing is wrong') or diag(join "\n", @bad);
}

# --- 5. one study by 16 associations and an import at once ---

{
    my $p = home();
    $p->start_listener;
    my @study = @series[0 .. ($#series < 15 ? $#series : 15)];
    my @pids;
    for my $i (0 .. 16) {
        my $pid = fork // die;
        if (!$pid) {
            my ($rc) = $i == 16 ? $p->pacs('import', @study)
                : capture('storescu', '-aec', 'PACS', '127.0.0.1', $p->{dimse},
                    map { $study[($_ + $i) % @study] } 0 .. $#study);
            POSIX::_exit($rc);
        }
        push @pids, $pid;
    }
    my $failed = 0;
    for (@pids) { waitpid $_, 0; $failed++ if $? }
    is($failed, 0, '16 associations and an import of one study: all succeed')
        or diag slurp("$p->{home}/log/listener.log");
    is($p->sql('select count(*) || "," || sum(ninstances) || "," || sum(nseries) from study'), '1,' . @study . ',1',
        '... one study with the right counts');
    is($p->sql('select count(*) from instance'), scalar @study, '... one row of each');
    is(scalar(my @b = $p->blobs), scalar @study, '... one file of each');
    stop_all($p);
    my @bad = wrong($p);
    ok(!@bad, '... and nothing is wrong') or diag(join "\n", @bad);
}

done_testing;
