#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# A power cut: 20 instances acknowledged before it are 20 instances
# retrievable after it.  The same test under eatmydata (which swallows every
# fsync) must lose some, or it would prove nothing.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $samples = samples();
plan(skip_all => 'loop mounts need root') if $> != 0;
plan(skip_all => 'no xfs_io') unless have('xfs_io');
plan(skip_all => 'no eatmydata') unless have('eatmydata');

my $dir = tempdir('pacscutXXXXXX', DIR => '/tmp', CLEANUP => 1);
END { system("umount -l $dir/m 2>/dev/null; for l in \$(losetup -j $dir/img -O NAME -n 2>/dev/null); do losetup -d \$l; done") if $dir }

my @files = (native())[0 .. 19];

sub mount_it {
    my ($fresh) = @_;
    mkdir "$dir/m";
    my ($rc, $out) = capture('sh', '-c', ($fresh ? "rm -f $dir/img; truncate -s 256M $dir/img && mkfs.ext4 -q -m 0 -F $dir/img && " : '')
        . "mount -o loop $dir/img $dir/m");
    return $rc == 0 ? '' : $out;
}

# acknowledged: [ path, bytes ] of what was said to be stored
sub cut {
    my ($door, $preload) = @_;
    my $why = mount_it(1);
    return "no loop mounts here: $why" if $why;
    mkdir "$dir/m/home";
    system("sync -f $dir/m");

    local $ENV{LD_PRELOAD} = $preload if $preload && !asan();
    my $pacs = Pacs->new(home => "$dir/m/home", redis => 0, workers => 1, conf_http => '');
    my $acks = 0;
    for my $f (@files) {
        my $good = $door eq 'stow'
            ? $pacs->stow([$f])->{status} == 200
            : (capture('storescu', '-aec', 'PACS', '127.0.0.1', $pacs->{dimse}, $f))[0] == 0;
        $acks++ if $good;
    }
    delete $ENV{LD_PRELOAD};
    system("xfs_io -x -c shutdown $dir/m");
    $pacs->crash;
    wait_until('umount', sub { system("umount $dir/m 2>/dev/null") == 0 }) or system("umount -l $dir/m");
    return "could not mount again: $why" if $why = mount_it(0);

    my $after = Pacs->new(home => "$dir/m/home", redis => 0, workers => 1);
    my $there = 0;
    for my $i (@{$after->get_json('/dicom-web/instances?limit=1000') || []}) {
        my ($study, $series, $uid) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
        my $r = $after->get("/dicom-web/studies/$study/series/$series/instances/$uid",
            Accept => 'application/dicom; transfer-syntax=*');
        $there++ if $r->{status} == 200 && length $r->{content} > 1000;
    }
    my ($rc, $out) = $after->pacs('verify');
    my $good = $rc == 0;
    $after->crash;
    $after->{checked} = $pacs->{checked} = 1;      # the logs died with the disk
    wait_until('umount', sub { system("umount $dir/m 2>/dev/null") == 0 });
    return { acks => $acks, there => $there, verify => $good, out => $out };
}

for my $door (qw(stow dimse)) {
    my $r = cut($door);
    if (!ref $r) {
        plan(skip_all => $r) if $door eq 'stow';
        fail($r);
        next;
    }
    is($r->{acks}, 20, "$door: 20 acknowledged");
    is($r->{there}, 20, "$door: 20 there after the cut");
    ok($r->{verify}, "$door: verify finds nothing") or diag $r->{out};
}

SKIP: {
    skip 'the sanitizer and eatmydata both want to be preloaded', 1 if asan();
    chomp(my $lib = `ls /usr/lib/*/libeatmydata.so 2>/dev/null | head -1`);
    skip 'libeatmydata.so not found', 1 unless $lib;
    my $r = eval { cut('stow', $lib) };
    my $there = ref $r ? $r->{there} : 0;
    cmp_ok($there, '<', 20, "under eatmydata the same cut loses instances ($there are left)");
}

done_testing;
