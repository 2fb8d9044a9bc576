#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Redis is never truth: stopped, hung, flushed, full of garbage or of a
# well-formed value of another study, every request is answered right.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;
use Time::HiRes qw(time);

my $samples = samples();
my @ct = (native())[0 .. 3];
my @mr = (sort glob "$samples/mr-series/ge-fmri-4d/*.dcm")[0 .. 3];
my $pacs = Pacs->new(workers => 1, conf_http => 'pacs_cache_memory 0;');
is($pacs->stow([@ct, @mr])->{status}, 200, 'STOW');

my ($a, $b) = map { '/dicom-web/studies/' . $_->{'0020000D'}{Value}[0] . '/metadata' }
    @{$pacs->get_json('/dicom-web/studies')};
my %right = map { $_ => $pacs->get($_)->{content} } ($a, $b);
ok(length $right{$_} > 1000, 'metadata') for $a, $b;
isnt($right{$a}, $right{$b}, 'of two studies');

# asked for again: on a busy machine Redis may be too late, and then it is not
# used for a while
sub filled {
    return wait_until('two keys in Redis', sub {
        return 1 if $pacs->redis('DBSIZE') >= 2;
        $pacs->get($_) for $a, $b;
        return 0;
    });
}

ok(filled(), 'both are in Redis');
my @keys = split ' ', $pacs->redis('KEYS', '*');
unlike("@keys", qr/\d\.\d+\.\d+/, 'no UID in a key');

sub right {
    my ($what) = @_;
    my $slow = 0;
    for my $path ($a, $b, $a, $b) {
        my $t = time;
        my $r = $pacs->get($path);
        my $d = time - $t;
        $slow = $d if $d > $slow;
        return ok(0, "$what: $r->{status} or other content") if $r->{status} != 200
            || $r->{content} ne $right{$path};
    }
    ok(1, "$what: every answer is right");
    diag(sprintf '%s: slowest answer %.0f ms', $what, $slow * 1000);
    return $slow;
}

sub hits {
    return $pacs->redis('INFO', 'stats') =~ /keyspace_hits:(\d+)/ ? $1 : 0;
}

my $hits = hits();
right('warm');
ok(wait_until('a hit', sub { $pacs->get($a); hits() > $hits }), 'warm answers come from Redis');

$pacs->redis('FLUSHALL');
right('flushed');
ok(filled(), 'filled again');

@keys = split ' ', $pacs->redis('KEYS', '*');
$pacs->redis('SET', $_, 'garbage') for @keys;
right('garbage');

# well-formed values of the other study
$pacs->redis('FLUSHALL');
right('flushed again');
ok(filled(), '... and filled');
@keys = split ' ', $pacs->redis('KEYS', '*');
$pacs->redis('RENAME', $keys[0], 'tmp');
$pacs->redis('RENAME', $keys[1], $keys[0]);
$pacs->redis('RENAME', 'tmp', $keys[1]);
right('values of another study');

$pacs->redis('DEL', $_) for @keys;
$pacs->redis('LPUSH', $_, 'x') for @keys;
right('wrong type');

$pacs->signal('redis', 'STOP');
my $slow = right('hung');
# 50 ms more is the promise; a loaded test machine gets a second
cmp_ok($slow, '<', asan() ? 3 : 1, 'hung: within the time-out');
$pacs->signal('redis', 'CONT');
ok(wait_until('health sees Redis again', sub {
    json($pacs->get('/pacs/health')->{content})->{redis}{ok} }), 'Redis is used again');

$pacs->stop('redis', 'KILL');
right('killed');
my $health = json($pacs->get('/pacs/health')->{content});
ok(!$health->{redis}{ok}, 'health says that Redis is away');

$pacs->start_redis;
ok(wait_until('health sees Redis again', sub {
    $pacs->get($a); json($pacs->get('/pacs/health')->{content})->{redis}{ok} }), 'started again, it is used again');
right('back');

# a change is seen at once, whatever Redis holds
my $extra = (native())[4];
is($pacs->stow([$extra])->{status}, 200, 'one more instance');
my @counts = map { scalar @{$pacs->get_json($_)} } $a, $b;
is($counts[0] + $counts[1], 9, 'metadata has it at once');

$pacs->shutdown;
done_testing;
