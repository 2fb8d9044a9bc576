#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What listens where Redis should be says nonsense: no request fails, no
# worker dies, no memory is taken on its word.

use strict;
use warnings;
use lib 't/lib';
use IO::Select;
use IO::Socket::UNIX;
use Pacs;
use Test::More;
use Time::HiRes qw(time);

my $samples = samples();
my $pacs = Pacs->new(redis => 0, workers => 1,
    conf_http => 'pacs_cache_memory 0;');
my $socket = "$pacs->{home}/run/redis.sock";

my @files = glob "$samples/mr-series/crlab-hfp-t1-sag/*.dcm";
is($pacs->stow(\@files)->{status}, 200, 'STOW') or BAIL_OUT('nothing to ask for');
my ($study) = map { $_->{'0020000D'}{Value}[0] }
    @{$pacs->get_json('/dicom-web/studies')};
my $path = "/dicom-web/studies/$study/metadata";
my $right = $pacs->get($path)->{content};
ok(length $right > 1000, 'metadata without any Redis');

# answers each request with the given text; undef: hangs up; *$heard becomes
# readable when something was asked
sub liar {
    my ($says, $heard) = @_;
    pipe $$heard, my $told;
    unlink $socket;
    my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 16)
        or die "$socket: $!";
    my $pid = fork // die $!;
    return $pid if $pid;

    $SIG{PIPE} = 'IGNORE';
    my $select = IO::Select->new($listen);
    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listen) {
                $select->add($listen->accept);
                next;
            }
            my $n = sysread $s, my $request, 65536;
            syswrite $told, '.' if $n;
            if (!$n || !defined $says || !defined syswrite $s, $says) {
                $select->remove($s);
                close $s;
            }
        }
    }
}

my %says = (
    'answers nobody asked for'  => ":5\r\n" x 3,
    'strings nobody asked for'  => "\$3\r\nabc\r\n" x 5,
    'nils nobody asked for'     => "\$-1\r\n" x 5,
    'errors'                    => "-ERR max number of clients reached\r\n" x 5,
    'an array of 10^9'          => "*1000000000\r\n",
    'nested arrays'             => "*1\r\n" x 9,
    'a string of 10^20'         => "\$99999999999999999999\r\n",
    'half a string'             => "\$1000000\r\nabc",
    'another protocol'          => "HTTP/1.1 400 Bad Request\r\n\r\n",
    'nothing'                   => '',
    'hangs up'                  => undef,
);

for my $what (sort keys %says) {
    my $pid = liar($says{$what}, \my $heard);
    my ($asked, $good, $worst) = (0, 0, 0);

    # not at once: after the one before it is left alone for a second
    ok(wait_until("it is asked", sub {
        my $t = time;
        my $r = $pacs->get($path);
        $worst = time - $t if time - $t > $worst;
        $asked++;
        $good++ if $r->{status} == 200 && $r->{content} eq $right;
        return IO::Select->new($heard)->can_read(0);
    }), "$what: heard");
    is($good, $asked, '... and every answer is right');
    cmp_ok($worst, '<', asan() ? 3 : 1, '... and in time');
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

$pacs->shutdown;
done_testing;
