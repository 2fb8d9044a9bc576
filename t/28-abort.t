#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Clients that go away in the middle of everything, while nginx is also
# reloaded: nothing is left behind, no worker dies, no descriptor leaks.

use strict;
use warnings;
use lib 't/lib';
use IO::Socket::INET;
use Pacs;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;

my $samples = samples();
my $pacs = Pacs->new(workers => 1);
my @files = (glob("$samples/mr-series/crlab-hfp-t1-sag/*.dcm"),
    (sort glob "$samples/ct-series/*/*.dcm")[0 .. 9]);
is($pacs->stow(\@files)->{status}, 200, 'STOW');

my @paths = '/pacs/health';
for my $i (@{$pacs->get_json('/dicom-web/instances')}) {
    my ($s, $x, $o) = map { $i->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
    my $at = "/dicom-web/studies/$s/series/$x/instances/$o";
    push @paths, $at, "$at/frames/1", "$at/rendered", "$at/thumbnail",
        "$at/rendered?viewport=900,900", "/dicom-web/studies/$s",
        "/dicom-web/studies/$s/metadata";
}

sub master { (slurp("$pacs->{home}/run/nginx.pid") =~ /(\d+)/)[0] }
sub worker { (split ' ', slurp('/proc/' . master() . '/task/' . master() . '/children'))[-1] }
sub descriptors { my $p = worker(); return map { readlink // () } glob "/proc/$p/fd/*" }

my $n = long_run() ? 5000 : 300;

sub torment {
    my ($seed) = @_;
    srand $seed;
    for (1 .. $n) {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $pacs->{port}) or next;
        if (rand() < 0.6) {
            print $s 'GET ', $paths[rand @paths], " HTTP/1.1\r\nHost: x\r\n\r\n";
            $s->flush;
            sysread $s, my $some, 1 + rand 100_000 if rand() < 0.3;
        } else {
            my $body = "--b\r\nContent-Type: application/dicom\r\n\r\n"
                . slurp($files[rand @files]) . "\r\n--b--\r\n";
            print $s "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: "
                . "multipart/related; type=\"application/dicom\"; boundary=b\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n"
                . substr $body, 0, rand length $body;
            $s->flush;
        }
        select undef, undef, undef, rand 0.01 if rand() < 0.5;   # varies where it stops
        setsockopt $s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if rand() < 0.5;
        close $s;
    }
}

sub torment_by {
    my ($clients) = @_;
    my @pids = map {
        my $seed = $_;
        my $pid = fork // die $!;
        if ($pid == 0) {
            $SIG{PIPE} = 'IGNORE';
            torment($seed);
            POSIX::_exit(0);
        }
        $pid;
    } 1 .. $clients;
    return @pids;
}

sub idle {
    return wait_until('all tasks are done', sub {
        my $q = $pacs->get_json('/pacs/health')->{queues};
        return $q->{pacs_read}{active} + $q->{pacs_render}{active}
            + $q->{pacs_store}{active} == 0;
    });
}

# as many at once as later: the index has a connection for each
waitpid $_, 0 for torment_by(8);
ok(idle(), 'after the first storm all is idle');
my ($pid, @before) = (worker(), descriptors());
waitpid $_, 0 for torment_by(8);
ok(idle(), 'after the second as well');
is(worker(), $pid, 'the worker is the same');
ok(wait_until('descriptors as before', sub { descriptors() < @before + 12 }),
    'no descriptor leaks, ' . @before . ' before')
    or diag(join "\n", 'before:', sort(@before), 'after:', sort(descriptors()));
ok(wait_until('no temporary file is left', sub {
    !grep { -f } glob "$pacs->{home}/tmp/*" }), 'no temporary file is left');

my @pids = torment_by(4);
for (1 .. 4) {
    my $old = worker();
    kill 'HUP', master();
    ok(wait_until('a new worker', sub { my $w = worker(); $w && $w != $old }),
        'reload while clients come and go');
    is($pacs->get('/dicom-web/studies')->{status}, 200, '... and it answers');
}
waitpid $_, 0 for @pids;
ok(wait_until('old workers are gone', sub {
    (my @w = split ' ', slurp('/proc/' . master() . '/task/' . master() . '/children')) == 1 }),
    'old workers end');
ok(idle(), 'all is idle');

$pacs->shutdown;
done_testing;
