#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The cache has an end: what was used longest ago leaves it when it is over
# pacs_frame_cache, and what is looked at stays.  What is corrupt is never
# shown, but made again within the request.

use strict;
use warnings;
use lib 't/lib';
use File::Find;
use File::Path qw(make_path);
use Pacs;
use Test::More;
use Time::HiRes ();

my ($file) = glob samples() . '/mg/*.dcm';
my $limit = 40_000_000;
my $pacs = Pacs->new(http => 0, listener => 0, redis => 0,
    listener_args => ['--limit-frame_cache', $limit]);
my $cache = "$pacs->{home}/cache";
my $frames = "$cache/frames";
make_path($frames);

# frames of former days, the first the oldest
sub plant {
    my ($name, $age, $bytes, $folder) = @_;
    my $path = sprintf "%s/%064x", $folder // $frames, $name;
    open my $f, '>', $path or die "$path: $!";
    print $f 'x' x $bytes;
    close $f;
    utime time - $age, time - $age, $path;
    return $path;
}
sub used {
    my $n = 0;
    find(sub { $n += (lstat)[12] * 512 if -f && $File::Find::dir ne $cache }, $cache);
    return $n;
}
sub restart_nginx {
    $pacs->stop('nginx', 'TERM');
    $pacs->start_nginx;
}

my @old = map { plant($_, 86_400 - $_ * 100, 4_000_000) } 1 .. 20;
$pacs->start_redis;
$pacs->start_listener;
$pacs->start_nginx;
ok(wait_until('the start sweeps', sub { used() <= $limit }), 'at the start: not more than the limit is kept');
ok(!-e $old[0], '... the oldest went');
ok(-e $old[-1], '... the youngest stayed');
cmp_ok(used(), '>', $limit / 2, '... and not more than needed');

is(($pacs->pacs('import', $file))[0], 0, 'a coded picture');
my ($row) = @{$pacs->get_json('/dicom-web/instances')};
my ($S, $X, $I) = map { $_->{Value}[0] } @$row{qw(0020000D 0020000E 00080018)};
my $picture = "/dicom-web/studies/$S/series/$X/instances/$I/rendered";
is($pacs->get($picture)->{status}, 200, '... is shown');
my ($frame) = grep { -s > 5_000_000 } glob "$frames/*";
ok($frame, '... and its frame kept');

# long ago, but looked at again: the others go before it
utime time - 100_000, time - 100_000, $frame;
is($pacs->get("$picture?quality=50")->{status}, 200, 'another picture of it');
cmp_ok(time - (stat $frame)[8], '<', 1000, '... its frame is a used one now');
plant($_, 5000, 4_000_000) for 101 .. 110;
my @other = glob samples() . '/mg/*.dcm';
is(($pacs->pacs('import', $other[1]))[0], 0, 'another instance');
for my $r (@{$pacs->get_json('/dicom-web/instances')}) {
    my ($s, $x, $i) = map { $_->{Value}[0] } @$r{qw(0020000D 0020000E 00080018)};
    is($pacs->get("/dicom-web/studies/$s/series/$x/instances/$i/rendered?quality=40")->{status}, 200, 'its picture') if $i ne $I;
}
ok(wait_until('it is swept again', sub { used() <= $limit }), 'again not more than the limit');
ok(-e $frame, '... the frame that was looked at stayed');
is($pacs->get("$picture?quality=30")->{status}, 200, '... which is shown');

# --- all folders together, below them too; what lies beside them stays ---

make_path("$cache/volumes/deep", "$cache/tiles");
my @mixed = map { plant($_->[0], $_->[1], 4_000_000, $_->[2]) }
    [201, 9000, "$cache/volumes/deep"], [202, 8000, "$cache/tiles"], [203, 7000, $frames],
    map { [300 + $_, 6000 - $_, "$cache/volumes"] } 1 .. 10;
my $beside = plant(400, 90_000, 4_000_000, $cache);
ok(wait_until('all folders are swept', sub { used() <= $limit }), 'all folders count together');
ok(!-e $mixed[$_], "... the oldest went: $_") for 0 .. 2;
ok(-e $frame, '... what was looked at just now stayed');
ok(-e $beside, '... and so did what is not in a folder of the cache');
unlink $beside;

# --- the directive ---

my $fits = sub { my ($most) = @_; sub { used() <= $most } };
$pacs->{conf_http} = 'pacs_frame_cache 20m;';
restart_nginx();
ok(wait_until('20m', $fits->(20 << 20)), 'pacs_frame_cache is the bound, without a restart of pacs-codec');
cmp_ok(used(), '>', 10 << 20, '... and no less');
$pacs->{conf_http} = '';
restart_nginx();
plant($_, 100 - $_, 3_000_000) for 1 .. 6;
ok(wait_until('the planted ones are counted', sub { !-e "$pacs->{home}/run/cache_bound" }), 'without it the listener\'s option counts');
cmp_ok(used(), '>', 20 << 20, '... again');

# a bound that the young ones alone are over
$pacs->{conf_http} = 'pacs_frame_cache 15m;';
restart_nginx();
my $answered = 0;
for my $r (@{$pacs->get_json('/dicom-web/instances')}) {
    my ($s, $x, $i) = map { $_->{Value}[0] } @$r{qw(0020000D 0020000E 00080018)};
    $answered += $pacs->get("/dicom-web/studies/$s/series/$x/instances/$i/rendered?quality=$_")->{status} == 200 for 51 .. 53;
}
is($answered, 6, 'frames that do not fit together are shown all the same');
ok(wait_until('15m', $fits->(15 << 20)), '... and the bound holds, though all were used just now');
$pacs->{conf_http} = '';
restart_nginx();

# --- emptied by hand: decoded again ---

unlink glob "$frames/*";
my $shown = $pacs->get("$picture?quality=31");
is($shown->{status}, 200, 'an emptied cache fills again');

# --- corrupt: a byte flipped in each frame, at the same request the same picture ---

my $octets = ($picture =~ s/rendered$/frames\/1/r);
my @octets = ($octets, Accept => 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1');
my $samples = $pacs->get(@octets)->{content};
diag(substr $samples, 0, 300) if length $samples < 1000;
cmp_ok(length $samples, '>', 1_000_000, 'the decoded frame itself');
my @same = ('picture', sub { $pacs->get("$picture?quality=31")->{content} eq $shown->{content} },
    'octets', sub { $pacs->get(@octets)->{content} eq $samples });
while (my ($what, $is_same) = splice @same, 0, 2) {
    # magic, bytes, columns, crc, sum; samples
    for my $at (0, 9, 20, 41, 45, 64, 'middle', 'end') {
        for my $file (glob "$frames/*") {
            my $size = -s $file;
            flip($file, $at eq 'middle' ? int $size / 2 : $at eq 'end' ? $size - 1 : $at);
        }
        ok($is_same->(), "$what: a byte flipped ($at): the same");
    }
    truncate $_, 5000 for glob "$frames/*";
    ok($is_same->(), "$what: cut short: the same");
    truncate $_, 10 for glob "$frames/*";
    ok($is_same->(), "$what: next to nothing left: the same");
}

# --- a restart finds what was there: no decoder is needed ---

$pacs->crash;
$pacs->start_redis;
$pacs->start_nginx;
ok($pacs->get("$picture?quality=31")->{content} eq $shown->{content}, 'after a restart, without pacs-codec: the same');
$pacs->start_listener;

$pacs->shutdown;
done_testing;
