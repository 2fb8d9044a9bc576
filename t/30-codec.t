#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# pacs-codec by its socket: every compressed sample against an independent
# decoder, single flight, queue, vanished clients, and decoders that crash,
# spin, eat memory or reach for what they may not have.

use strict;
use warnings;
use lib 't/lib';
use Fcntl qw(:DEFAULT :flock);
use File::Temp qw(tempdir);
use IPC::Open2;
use Pacs;
use POSIX qw(:sys_wait_h);
use Test::More;

# the codes as core.h counts them
my %code = do {
    open my $h, '<', "$Pacs::TOP/src/core/core.h" or die $!;
    my $n = 0;
    map { /^ +(PACS_(?:OK|AGAIN|E_\w+))\b/ ? ($1 => $n++) : () } <$h>;
};
my ($OK, $E_ARG, $E_LIMIT, $E_UNSHOWABLE, $E_CODEC, $E_BUSY) =
    @code{qw(PACS_OK PACS_E_ARG PACS_E_LIMIT PACS_E_UNSHOWABLE PACS_E_CODEC PACS_E_BUSY)};
my ($CRASH, $SPIN, $EAT, $OPEN, $HOLD) = (1, 2, 4, 8, 16);
my $S = samples();
my $codec = "$Pacs::B/pacs-codec";
my $faulty = "$Pacs::B/faults/pacs-codec";
my $tmp = tempdir('pacs-codec-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $homes = 0;
my %pids;

$ENV{ASAN_OPTIONS} = "log_path=$tmp/asan:allocator_may_return_null=1";
$ENV{UBSAN_OPTIONS} = "print_stacktrace=1:log_path=$tmp/ubsan";

sub start {
    my ($home, $program, @options) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>>', "$home/codec.log";
        exec $program, '--home', $home, @options or POSIX::_exit(127);
    }
    $pids{$pid} = $home;
    wait_until('pacs-codec', sub {
        my $probe = ask($home);
        my $up = -S "$home/run/codec.sock" && $probe->('open', 'x') eq 'ok';
        $probe->();
        return $up;
    }) or die 'pacs-codec does not start: ' . slurp("$home/codec.log");
    return $pid;
}

sub stop {
    my ($pid, $signal) = @_;
    kill $signal // 'TERM', $pid;
    waitpid $pid, 0;
    delete $pids{$pid};
    return $?;
}

END { my $rc = $?; kill 'KILL', keys %pids; $? = $rc }

# a client: $ask->(command, field...) gives the fields of the answer;
# $ask->() ends it
sub ask {
    my ($home) = @_;
    my $pid = open2(my $from, my $to, "$Pacs::B/t/tools/codec_ask", $home);
    return sub {
        if (!@_) {
            close $to;
            waitpid $pid, 0;
            return;
        }
        print $to join("\t", @_), "\n";
        $to->flush;
        my $line = <$from> // '';
        chomp $line;
        my @f = split /\t/, $line, -1;
        return wantarray ? @f : $f[0];
    };
}

sub new_home {
    my $home = "$tmp/home" . $homes++;
    mkdir $home;
    return $home;
}

# pacs_sum
sub sum {
    my ($seed, $data) = @_;
    no warnings 'portable';
    my @p = (0x9e3779b185ebca87, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9);
    my $times = sub { use integer; $_[0] * $_[1] };
    my $plus = sub { use integer; $_[0] + $_[1] };
    my $u = sub { unpack 'Q', pack 'q', $_[0] };
    my $turn = sub { my ($v, $n) = @_; $v << $n | $v >> (64 - $n) };
    my @lanes = map { $u->($_) } $plus->($plus->($seed, $p[0]), $p[1]), $plus->($seed, $p[1]), $seed, do { use integer; $seed - $p[0] };
    my $len = length $data;
    $data .= "\0" x (-$len % 32);
    my @words = unpack 'Q*', $data;
    for my $i (0 .. $#words) {
        $lanes[$i % 4] = $u->($times->($turn->($u->($plus->($lanes[$i % 4], $times->($words[$i], $p[1]))), 31), $p[0]));
    }
    my $h = 0;
    my @turns = (1, 7, 12, 18);
    $h = $plus->($h, $turn->($lanes[$_], $turns[$_])) for 0 .. 3;
    $h = $u->($plus->($plus->($h, $times->($len, $p[2])), 1));
    $h = $u->($times->($h ^ $h >> 33, $p[1]));
    $h = $u->($times->($h ^ $h >> 29, $p[2]));
    return ($h ^ $h >> 32) & 0xffffffff;
}

# the samples of a frame in the cache, or undef where its head is wrong
sub cached {
    my ($home, $key) = @_;
    my $file = slurp("$home/cache/frames/$key");
    return undef if length $file < 64;
    my ($magic, $version, $bytes) = unpack 'L L Q', $file;
    my $samples = substr $file, 64, $bytes;
    my $sums = substr $file, 64 + $bytes;
    return undef if $magic != 0x46434150 || $version != 2 || $bytes != length $samples
        || length $sums != 4 * int(($bytes + 1023) / 1024) || unpack('L', substr $file, 40, 4) != sum(0, $sums);
    for my $block (0, int($bytes / 2048), int(($bytes - 1) / 1024)) {
        return undef if unpack('L', substr $sums, 4 * $block, 4)
            != sum($block, substr $samples, 1024 * $block, 1024);
    }
    return $samples;
}

sub differing {
    my ($one, $other, $cell) = @_;
    return 9e9 if length $one != length $other;
    return 0 if $one eq $other;
    my $code = { 1 => 'C*', 2 => 's<*', 4 => 'l<*' }->{$cell};
    my @a = unpack $code, $one;
    my @b = unpack $code, $other;
    my $max = 0;
    for my $i (0 .. $#a) {
        my $d = abs($a[$i] - $b[$i]);
        $max = $d if $d > $max;
    }
    return $max;
}

# --- the samples ---

my @rows = map { [(split /\t/)[0, 6]] } split /\n/, slurp("$S/MANIFEST.tsv");
my @coded = grep { $_->[1] =~ /^1\.2\.840\.10008\.1\.2\.(4\.|5$|1\.98$|8\.1$)/ } @rows;
my @fine = grep { $_->[0] !~ /^hostile/ } @coded;
my @hostile = grep { $_->[0] =~ /^hostile/ } @rows;

# not decoded, and why
my %undecoded = (
    'ecg-pdf-video/video-mpeg2-mpml.dcm' => qr/video fragments cannot hold/,
    'ecg-pdf-video/video-mpeg4-avc-hp41.dcm' => qr/video fragments cannot hold/,
);

# nothing to compare with, and why
my %unreferenced = (
    'transfer-syntax/jpegls-7bit.dcm' => 'dcmdjpls refuses 7 bits',
);

# one more or less, and why
my %rounding = (
    'transfer-syntax/htj2k-203-mr4.dcm' => 'float arithmetic of OpenJPH and OpenJPEG',
    'transfer-syntax/htj2k-203-rgb.dcm' => 'float arithmetic of OpenJPH and OpenJPEG',
);

# lossless: as the native one
my %same = map { ("transfer-syntax/mr-same-image-$_.dcm" => 'transfer-syntax/mr-same-image-explicit-le.dcm') }
    qw(j2k jpeg-lossless57-sv4 jpegls rle);
$same{"transfer-syntax/nema-ct1-$_.dcm"} = 'transfer-syntax/nema-ct1-unc.dcm' for qw(j2kr jlsl jpll rle);
$same{'transfer-syntax/htj2k-rpcl-ct1.dcm'} = 'transfer-syntax/nema-ct1-unc.dcm';
$same{'transfer-syntax/htj2k-rpcl-vl6.dcm'} = 'transfer-syntax/vl6-native-rgb.dcm';
$same{"transfer-syntax/testpattern-$_.dcm"} = 'transfer-syntax/testpattern-rgb-native.dcm'
    for qw(jpeg-lossless_rgb jpeg-ls-lossless);

# two have lost their preamble, which our reader wants
sub part10 {
    my ($file) = @_;
    my $data = slurp("$S/$file");
    return "$S/$file" if substr($data, 0, 2) ne "\x02\x00";
    my $copy = "$tmp/" . $file =~ s{/}{-}r;
    open my $f, '>:raw', $copy or die;
    print $f "\0" x 128, 'DICM', $data;
    close $f;
    return $copy;
}

my $frames = long_run() ? 1000 : 2;
my @files = ((map { $_->[0] } @fine), sort keys %{{ reverse %same }});
my (%reference, %why);

{
    open my $list, '>', "$tmp/list" or die;
    print $list "$S/$_\n" for @files;
    close $list;
    mkdir "$tmp/ref";
    my ($rc, $out) = capture('sh', '-c', "/usr/bin/python3 t/lib/codec_reference.py $tmp/ref $frames < $tmp/list");
    my @lines = split /\n/, $out;
    is(scalar @lines, scalar @files, 'references were made') or diag $out;
    for my $i (0 .. $#files) {
        if ($lines[$i] =~ /^- (.*)/) {
            $why{$files[$i]} = $1;
        } else {
            $reference{$files[$i]} = [map { "$tmp/ref/$i-$_.raw" } 1 .. $lines[$i]];
        }
    }
}

my $home = new_home();
my $pid = start($home, $codec);
my $ask = ask($home);
my (%done, @wrong, @refused);

for my $file (map { $_->[0] } @fine) {
    my $path = part10($file);
    my @info = $ask->('info', $path);
    if ($info[0] eq '!') {
        my $named = $undecoded{$file} && $info[2] =~ $undecoded{$file};
        push @refused, "$file: $info[2]" unless $named;
        next;
    }
    my ($count, $syntax, $rows, $columns, $samples, $allocated) = @info;
    my $n = $count < $frames ? $count : $frames;
    for my $i (1 .. $n) {
        my ($code, $decoded, $key, $text) = $ask->('call', $path, $i, '-', 0);
        if ($code ne $OK) {
            push @refused, "$file $i: $text";
            last;
        }
        my $got = cached($home, $key);
        if (!defined $got) {
            push @wrong, "$file $i: no good frame in the cache";
            next;
        }
        $done{$file} = $got if $i == 1;
        next unless $reference{$file};
        my $max = differing($got, slurp($reference{$file}[$i - 1]), $allocated < 8 ? 1 : $allocated / 8);
        push @wrong, "$file $i: differs by $max" if $max > ($rounding{$file} ? 1 : 0);
    }
}

is_deeply(\@refused, [], 'every compressed sample is decoded or in the table of those that are not');
is_deeply(\@wrong, [], 'samples are as independent decoders have them');
cmp_ok(scalar keys %done, '>=', 280, scalar(keys %done) . ' files were decoded');
is_deeply([sort grep { !$reference{$_} && !$undecoded{$_} } @files], [sort keys %unreferenced],
    'those without a reference are named') or diag map { "$_: $why{$_}\n" } keys %why;

for my $file (sort keys %same) {
    is(differing($done{$file}, slurp($reference{$same{$file}}[0]), 1), 0, "$file is as $same{$file}");
}

# --- hostile files ---

my @crashed;
for my $file (map { $_->[0] } @hostile) {
    my @info = $ask->('info', "$S/$file");
    next if $info[0] eq '!';
    for my $i (1 .. ($info[0] < 3 ? $info[0] : 3)) {
        my ($code, undef, undef, $text) = $ask->('call', "$S/$file", $i, '-', 0);
        push @crashed, "$file: $code $text" if $code eq $E_CODEC;
    }
}
is_deeply(\@crashed, [], 'hostile files are refused, no decoder ends by them');

for my $file ('synth-j2k-siz-huge', 'synth-jpeg-sof-65500', 'synth-jpeg-wrong-size') {
    my ($code, undef, undef, $text) = $ask->('call', "$S/hostile/$file.dcm", 1, 'again', 0);
    is($code, $E_UNSHOWABLE, "$file: $text");
    like($text, qr/columns and \d+ rows, the attributes say/, 'sizes are named');
}
for my $file ('synth-jpeg-truncated', 'synth-j2k-truncated', 'synth-rle-underrun', 'synth-rle-literal-past-end') {
    my ($code, undef, undef, $text) = $ask->('call', "$S/hostile/$file.dcm", 1, 'again', 0);
    is($code, $E_UNSHOWABLE, "$file: $text");
}

# --- the cache and single flight ---

my $ct = "$S/transfer-syntax/nema-ct1-j2kr.dcm";

my ($code, $decoded, $key) = $ask->('call', $ct, 1, 'flight', 0);
is("$code $decoded", "$OK 1", 'a frame is decoded');
($code, $decoded) = $ask->('call', $ct, 1, 'flight', 0);
is("$code $decoded", "$OK 0", 'and the second time it is there');
is((stat "$home/cache/frames/$key")[2] & 07777, 0600, 'the cache is for one user');

{
    open my $f, '>', "$home/cache/frames/$key" or die;
    print $f 'garbage';
    close $f;
}
($code, $decoded) = $ask->('call', $ct, 1, 'flight', 0);
is("$code $decoded", "$OK 1", 'what is no frame in the cache is decoded again');
ok(defined cached($home, $key), 'and replaced');

for my $i (1 .. 100) {
    $ask->('open', "c$i");
    $ask->('send', "c$i", $ct, 1, 'hundred', 0, 0);
}
my ($good, $flights) = (0, 0);
for my $i (1 .. 100) {
    ($code, $decoded) = $ask->('recv', "c$i");
    $good++ if $code eq $OK;
    $flights += $decoded;
    $ask->('close', "c$i");
}
is("$good $flights", '100 1', '100 clients, one key: one decode');

($code, undef, undef, my $text) = $ask->('call', $ct, 1, 'fault', $CRASH);
is($code, $E_ARG, "faults are refused by a build that makes none: $text");

is((stat "$home/run/codec.sock")[2] & 07777, 0600, 'the socket is for one user');

# --- start and stop ---

is(system("$codec --home $home 2>$tmp/second") >> 8, 1, 'a second one at the same home does not start');
like(slurp("$tmp/second"), qr/another pacs-codec serves/, 'and says why');
is($ask->('call', $ct, 1, 'alive', 0), $OK, 'nor does it disturb the first');

is(stop($pid, 'TERM'), 0, 'SIGTERM ends it');
is($ask->('call', $ct, 1, 'gone', 0), $E_CODEC, 'absent: the client says so');

$pid = start($home, $codec, '--limit-frame', 524287);
($code, undef, undef, $text) = $ask->('call', $ct, 1, 'big', 0);
is($code, $E_LIMIT, "--limit-frame: $text");
stop($pid, 'KILL');
ok(-S "$home/run/codec.sock", 'killed, it leaves its socket');
$pid = start($home, $codec);
is($ask->('call', $ct, 1, 'restart', 0), $OK, 'which the next one replaces');
stop($pid);
$ask->();

{
    # dies with its parent: a shell that is killed
    my $parent = fork // die;
    if ($parent == 0) {
        open STDOUT, '>', "$home/child";
        exec 'sh', '-c', "$codec --home $home --die-with-parent & echo \$!; wait";
    }
    wait_until('child', sub { slurp("$home/child") =~ /\d+\n/ });
    my ($child) = slurp("$home/child") =~ /(\d+)/;
    my $probe = ask($home);
    ok(wait_until('codec', sub { $probe->('open', 'x') eq 'ok' }), 'started by a parent');
    $probe->();
    kill 'KILL', $parent;
    waitpid $parent, 0;
    ok(wait_until('its end', sub { !kill 0, $child }), 'it ends with its parent')
        or kill 'KILL', $child;
}

# --- decoders that misbehave ---

$home = new_home();
$pid = start($home, $faulty, '--workers', 1, '--limit-seconds', 3,
    '--limit-memory', 512 << 20, '--queue', 4);
$ask = ask($home);

my @faults = (
    [$CRASH, 'crashes', qr/ended by signal 11|ended with code/],
    # of CPU time, or of the clock where others leave it little
    [$SPIN, 'spins', qr/was ended after \d+ s/],
    [$EAT, 'eats memory', qr/signal 6|memory/],
    [$HOLD, 'keeps the frame mapped', qr/did not let go/],
);
push @faults, [$OPEN, 'opens a file', qr/forbidden system call/] unless asan();

for (@faults) {
    my ($fault, $what, $why) = @$_;
    ($code, undef, $key, $text) = $ask->('call', $ct, 1, "f$fault", $fault);
    is($code, $E_CODEC, "a decoder that $what is an error");
    like($text, $why, 'that says so');
    ok(!-e "$home/cache/frames/$key", 'and no frame');
    is($ask->('call', $ct, 1, "after$fault", 0), $OK, 'the next one is served');
}

# --- queue: one decoder, busy; four may wait ---

$ask->('open', $_) for qw(busy many bg gone);
$ask->('send', 'busy', $ct, 1, 'spin1', $SPIN, 0);
my %sent;
for my $i (1 .. 10) {
    my (undef, $id) = $ask->('send', 'many', $ct, 1, "q$i", 0, 0);
    $sent{$id} = $i;
}
my %codes;
for (1 .. 10) {
    ($code, $decoded, my $id) = $ask->('recv', 'many');
    $codes{$code}++;
    delete $sent{$id};
}
is_deeply(\%codes, { $OK => 4, $E_BUSY => 6 }, 'four wait, six are told busy');
is_deeply(\%sent, {}, 'each has its own answer');
is($ask->('recv', 'busy'), $E_CODEC, 'the one that spun was ended');

# background after users: the answers' order shows it
$ask->('send', 'busy', $ct, 1, 'spin2', $SPIN, 0);
my (undef, $bg1) = $ask->('send', 'many', $ct, 1, 'b1', 0, 1);
my (undef, $bg2) = $ask->('send', 'many', $ct, 1, 'b2', 0, 1);
my (undef, $user) = $ask->('send', 'many', $ct, 1, 'u1', 0, 0);
my (undef, $joined) = $ask->('send', 'many', $ct, 1, 'b2', 0, 0);
my @order = map { ($ask->('recv', 'many'))[2] } 1 .. 4;
is("@order", "$bg2 $joined $user $bg1", 'users before background; who is joined by a user is one');
$ask->('recv', 'busy');

# with a decoder to spare, too: one that gives way to all does them
my $policies = sub { map { (split ' ', slurp("/proc/$_/stat") =~ s/.*\) //r)[38] } Pacs::descendants($_[0]) };
{
    my $home = new_home();
    my $pid = start($home, $faulty, '--workers', 2, '--limit-seconds', 1);
    my $ask = ask($home);
    $ask->('open', $_) for qw(busy many);
    $ask->('send', 'busy', $ct, 1, 'spin', $SPIN, 0);
    my (undef, $bg, $key) = $ask->('send', 'many', $ct, 1, 'b1', 0, 1);
    my (undef, $user) = $ask->('send', 'many', $ct, 1, 'u1', 0, 0);
    is(($ask->('recv', 'many'))[2], $user, 'a user is served by the second decoder');
    ok(!-e "$home/cache/frames/$key", 'nothing is done in the background while a user waits for the first');
    is($ask->('recv', 'busy'), $E_CODEC, '... until it ends');
    is(join(' ', ($ask->('recv', 'many'))[0, 2]), "$OK $bg", '... then it is');
    ok(scalar(grep { $_ == 5 } $policies->($pid)), '... by a decoder of its own, when nothing else runs (SCHED_IDLE)');

    # a user joins it while it runs there: begun again, as a user's
    my ($idle) = grep { (split ' ', slurp("/proc/$_/stat") =~ s/.*\) //r)[38] == 5 } Pacs::descendants($pid);
    my (undef, $first) = $ask->('send', 'many', $ct, 1, 'slow', $SPIN, 1);
    ok(wait_until('it runs', sub { slurp("/proc/$idle/stat") =~ /\) R/ }), 'a slow one runs in the background');
    my (undef, $second) = $ask->('send', 'busy', $ct, 1, 'slow', $SPIN, 0);
    ok(wait_until('it ends', sub { !-e "/proc/$idle" }), 'a user who waits for it too does not wait for what is left');
    is($ask->('recv', 'busy'), $E_CODEC, '... but has the answer of a user\'s decoder');
    is($ask->('recv', 'many'), $E_CODEC, '... which is that of who asked first');
    stop($pid);
    $ask->();
}

# a client that vanishes
$ask->('send', 'busy', $ct, 1, 'spin3', $SPIN, 0);
my (undef, undef, $lost) = $ask->('send', 'gone', $ct, 1, 'lost', 0, 0);
my (undef, undef, $shared) = $ask->('send', 'gone', $ct, 1, 'shared', 0, 0);
$ask->('send', 'many', $ct, 1, 'shared', 0, 0);
$ask->('close', 'gone');
($code, $decoded) = $ask->('recv', 'many');
is("$code $decoded", "$OK 1", 'a job that another one waits for is done');
ok(-e "$home/cache/frames/$shared" && !-e "$home/cache/frames/$lost", 'one that nobody waits for is dropped');
$ask->('recv', 'busy');
is(($ask->('call', $ct, 1, 'lost', 0))[1], 1, 'until somebody asks again');

$ask->('open', 'rude');
$ask->('send', 'rude', $ct, 1, 'rude', $SPIN, 0);
$ask->('close', 'rude');
is($ask->('call', $ct, 1, 'polite', 0), $OK, 'a client gone while its job runs harms nobody');

is((waitpid $pid, WNOHANG), 0, 'the parent has been the same all the time');
stop($pid);
$ask->();

my @reports = grep { slurp($_) !~ /signal 11|SEGV on unknown address|requested allocation/ } glob "$tmp/asan.* $tmp/ubsan.*";
is_deeply(\@reports, [], 'no sanitizer report') or diag slurp($reports[0]);

done_testing;
