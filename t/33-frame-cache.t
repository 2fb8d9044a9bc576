#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The cache of decoded frames has an end: what was used longest ago leaves it
# when it is over --limit-frame_cache, and what is looked at stays.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

my ($file) = glob samples() . '/mg/*.dcm';
my $limit = 40_000_000;
my $pacs = Pacs->new(http => 0, listener => 0, redis => 0,
    listener_args => ['--limit-frame_cache', $limit]);
my $frames = "$pacs->{home}/cache/frames";
mkdir $_ for "$pacs->{home}/cache", $frames;

# frames of former days, the first the oldest
sub plant {
    my ($name, $age, $bytes) = @_;
    my $path = sprintf "%s/%064x", $frames, $name;
    open my $f, '>', $path or die "$path: $!";
    print $f 'x' x $bytes;
    close $f;
    utime time - $age, time - $age, $path;
    return $path;
}
sub used { my $n = 0; $n += (stat)[12] * 512 for glob "$frames/*"; return $n }

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
cmp_ok(time - (stat $frame)[9], '<', 1000, '... its frame is a used one now');
plant($_, 5000, 4_000_000) for 101 .. 110;
my @other = glob samples() . '/mg/*.dcm';
is(($pacs->pacs('import', $other[1]))[0], 0, 'another instance');
for my $r (@{$pacs->get_json('/dicom-web/instances')}) {
    my ($s, $x, $i) = map { $_->{Value}[0] } @$r{qw(0020000D 0020000E 00080018)};
    is($pacs->get("/dicom-web/studies/$s/series/$x/instances/$i/rendered?quality=40")->{status}, 200, 'its picture') if $i ne $I;
}
# what was planted beside it is not in the count of pacs-codec: a new start
$pacs->stop('listener', 'TERM');
$pacs->start_listener;
ok(wait_until('it is swept again', sub { used() <= $limit }), 'again not more than the limit');
ok(-e $frame, '... the frame that was looked at stayed');
is($pacs->get("$picture?quality=30")->{status}, 200, '... which is shown');

# emptied by hand: decoded again
unlink glob "$frames/*";
is($pacs->get("$picture?quality=31")->{status}, 200, 'an emptied cache fills again');

$pacs->shutdown;
done_testing;
