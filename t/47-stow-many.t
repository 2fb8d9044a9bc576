#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Many instances in one request: those that come in whole are scanned beside
# each other, and yet two of one UID go as they came.

use strict;
use warnings;
use lib 't/lib';
use Dimse;
use Pacs;
use Test::More;

my $pacs = Pacs->new(workers => 1, redis => 0);

sub part {
    my (%o) = @_;

    my $data = Dimse::small(%o);
    my $meta = pack('v v a2 v a*', 2, 0x10, 'UI', 20, "1.2.840.10008.1.2.1\0");

    return "\0" x 128 . 'DICM'
        . pack('v v a2 v V', 2, 0, 'UL', 4, length $meta) . $meta . $data;
}

sub post {
    my (@parts) = @_;

    return $pacs->http('POST', '/dicom-web/studies', {
        headers => { 'Content-Type' => 'multipart/related; '
            . 'type="application/dicom"; boundary=b',
            Accept => 'application/dicom+json' },
        content => join('', map {
            "--b\r\nContent-Type: application/dicom\r\n\r\n$_\r\n" } @parts)
            . "--b--\r\n"
    });
}

# every tenth is too large to be held in memory
sub instance {
    my ($i, $name) = @_;

    my $side = $i % 10 ? 16 + $i : 900;

    return part(instance => "1.2.826.0.1.7.$i", name => $name, side => $side,
                pixels => pack('v', $i) x ($side * $side));
}

my $n = 100;
my $r = post(map({ instance($_, 'First^Name'), instance($_, 'Second^Name') }
                 1 .. $n), 'no DICOM');
is($r->{status}, 202, 'a request of 201 parts: some are refused')
    or diag $r->{content};

my $answer = Pacs::json($r->{content});
is_deeply([map { $_->{'00081155'}{Value}[0] }
           @{$answer->{'00081199'}{Value}}],
          [map { "1.2.826.0.1.7.$_" } 1 .. $n], 'the first of each is stored');
is_deeply([map { $_->{'00081155'}{Value}[0] }
           @{$answer->{'00081198'}{Value}}],
          [map { "1.2.826.0.1.7.$_" } 1 .. $n], '... and the second refused');
is(scalar @{$answer->{'0008119A'}{Value}}, 1, '... and what is none');

my $all = $pacs->get_json('/dicom-web/instances?includefield=00100010');
is(scalar @$all, $n, '... which is what is found');
is(scalar(grep { $_->{'00100010'}{Value}[0]{Alphabetic} eq 'First^Name' }
          @$all), $n, '... by the names of the first');

$r = post(map { instance($_, 'First^Name') } reverse 1 .. $n);
is($r->{status}, 200, 'the same again');
is(scalar @{Pacs::json($r->{content})->{'00081199'}{Value}}, $n, '... is success');

is(($pacs->pacs('verify'))[0], 0, 'each file is what its digest says');

done_testing;
