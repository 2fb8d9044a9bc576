#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# WebSockets, RFC 6455: the handshake, frames in any split, what is wrong is
# closed with its code, and nothing that a client sends is taken for more
# than it is.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;
use WebSocket;

my $pacs = Pacs->new(redis => 0, listener => 0, workers => 1);
my $url = '/dicom-web/subscribers/X';

sub open_one { return ws_open($pacs->{port}, $url, @_) }

# FIN and opcode, length as it is to be said, data
sub raw {
    my ($w, $first, $length, $data) = @_;
    my $mask = "\x11\x22\x33\x44";
    syswrite $w->{s}, pack('C', $first) . $length . $mask
        . ($data ^ substr($mask x (length($data) / 4 + 1), 0, length $data));
}

sub alive {
    my ($w, $name) = @_;
    ws_send($w, 9, $name);
    is_deeply(ws_frame($w), [ 10, $name ], $name);
}

# --- the handshake ---

my $ws = open_one();
like($ws->{head}, qr/^HTTP\/1.1 101 /, 'switched');
like($ws->{head}, qr/^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/mi, '... with the key of RFC 6455 1.3');
for ([ 'Sec-WebSocket-Version' => 12 ], [ 'Sec-WebSocket-Key' => 'short' ], [ Upgrade => 'h2c' ], [ Connection => 'close' ]) {
    like(open_one(@$_)->{head}, qr/^HTTP\/1.1 400 /, "no handshake with $_->[0]: $_->[1]");
}
like(ws_open($pacs->{port}, '/dicom-web/workitems')->{head}, qr/^HTTP\/1.1 200/, 'another resource does not upgrade');

# --- what is right ---

ws_send($ws, 9, 'are you there', split => 1);
is_deeply(ws_frame($ws), [ 10, 'are you there' ], 'a ping, byte by byte, is answered');
ws_send($ws, 9, 'p' x 125);
is_deeply(ws_frame($ws), [ 10, 'p' x 125 ], 'the longest ping there is');
ws_send($ws, 10, 'nobody asked');
alive($ws, 'after a pong that nobody asked for');
ws_send($ws, 1, 'x' x 60000);
ws_send($ws, 2, '');
alive($ws, 'after messages, which are left aside');
raw($ws, 0x01, "\x83", 'abc');
alive($ws, 'a ping between the fragments of a message');
raw($ws, 0x00, "\x83", 'def');
raw($ws, 0x80, "\x80", '');
alive($ws, 'after the last of three fragments');
raw($ws, 0x02, "\xfe" . pack('n', 200), 'y' x 200);
raw($ws, 0x80, "\xfe" . pack('n', 300), 'z' x 300);
alive($ws, 'after fragments of another message');
syswrite $ws->{s}, join '', map { "\x89\x81\0\0\0\0$_" } 'a' .. 'e';
is(join('', map { ws_frame($ws)->[1] } 1 .. 5), 'abcde', 'five pings in one write');

# --- what is wrong, and a close ---

for (
    [ 'unmasked', sub { ws_send($_[0], 1, 'x', unmasked => 1) }, 1002 ],
    [ 'too long', sub { ws_send($_[0], 1, 'x' x 70000) }, 1009 ],
    [ 'a reserved opcode', sub { ws_send($_[0], 5, 'x') }, 1002 ],
    [ 'a reserved control opcode', sub { ws_send($_[0], 11, '') }, 1002 ],
    [ 'a long ping', sub { ws_send($_[0], 9, 'x' x 126) }, 1002 ],
    [ 'a ping in fragments', sub { raw($_[0], 0x09, "\x81", 'x') }, 1002 ],
    (map { my $bit = $_; [ "a reserved bit $bit", sub { raw($_[0], 0x81 | $bit, "\x80", '') }, 1002 ] } 0x10, 0x20, 0x40),
    [ 'a length of 2^63', sub { syswrite $_[0]{s}, "\x81\xff" . "\xff" x 8 . "\1\2\3\4" }, 1009 ],
    [ 'a length in more bytes than it needs', sub { raw($_[0], 0x81, "\xfe\0\x05", 'hello') }, 1002 ],
    [ '... in eight', sub { raw($_[0], 0x81, "\xff" . pack('Q>', 200), 'x' x 200) }, 1002 ],
    [ 'a fragment of nothing', sub { raw($_[0], 0x80, "\x81", 'x') }, 1002 ],
    [ 'a message in another', sub { raw($_[0], 0x01, "\x81", 'x'); raw($_[0], 0x81, "\x81", 'x') }, 1002 ],
    [ 'a close of one byte', sub { ws_send($_[0], 8, 'x') }, 1002 ],
    (map { my $code = $_; [ "a close with $code", sub { ws_send($_[0], 8, pack 'n', $code) }, 1002 ] } 0, 999, 1004, 1005, 1006, 1015, 2999, 5000),
    (map { my $code = $_; [ "a close with $code", sub { ws_send($_[0], 8, pack('n', $code) . 'bye') }, $code ] } 1000, 1001, 1011, 3000, 4999),
) {
    my ($what, $do, $code) = @$_;
    my $w = open_one();
    $do->($w);
    my $f = ws_frame($w);
    is_deeply([ $f->[0], unpack 'n', $f->[1] // '' ], [ 8, $code ], "$what is closed with $code");
    is(ws_frame($w)->[0], 'end', '... and the connection ends');
}
{
    my $w = open_one();
    ws_send($w, 8, '');
    is_deeply(ws_frame($w), [ 8, '' ], 'a close without a code is answered by one');
    is(ws_frame($w)->[0], 'end', '... and the connection ends');
}
close open_one()->{s} for 1 .. 20;
alive($ws, 'the first one lives on');

done_testing;
