# SPDX-License-Identifier: BSD-2-Clause

# A WebSocket of our own, RFC 6455: it can be wrong on purpose.

package WebSocket;
use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Pacs;

our @EXPORT = qw(ws_open ws_send ws_frame);

sub ws_open {
    my ($port, $path, %h) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die $!;
    my %headers = (Host => 'x', Upgrade => 'websocket', Connection => 'keep-alive, Upgrade',
        'Sec-WebSocket-Version' => 13, 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==', %h);
    print $s "GET $path HTTP/1.1\r\n" . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers) . "\r\n";
    my $head = '';
    while ($head !~ /\r\n\r\n$/) { sysread $s, my $byte, 1 or last; $head .= $byte }
    return { s => $s, head => $head, in => '' };
}

sub ws_send {
    my ($ws, $opcode, $data, %o) = @_;
    my $mask = "\x01\x02\x03\x04";
    my $len = length $data;
    my $bits = $o{unmasked} ? 0 : 0x80;
    my $frame = pack('C', 0x80 | $opcode) . ($len < 126 ? pack('C', $bits | $len)
        : $len < 65536 ? pack('Cn', $bits | 126, $len) : pack('CQ>', $bits | 127, $len))
        . ($o{unmasked} ? $data : $mask . ($data ^ substr($mask x ($len / 4 + 1), 0, $len)));
    for my $piece ($o{split} ? split(//, $frame) : $frame) { syswrite $ws->{s}, $piece }
}

# [ opcode, data ], or undef when none came in time; the end is 'end'.  What
# tells of the server is put aside
sub ws_frame {
    my ($ws, $seconds) = @_;
    my $end = time + ($seconds // 10);
    while (1) {
        if (length $ws->{in} >= 2) {
            my ($b0, $b1) = unpack 'CC', $ws->{in};
            my $n = $b1 == 126 ? 4 : $b1 == 127 ? 10 : 2;
            my $len = length $ws->{in} < $n ? 1e9 : $n == 4 ? unpack('x2n', $ws->{in}) : $n == 10 ? unpack('x2Q>', $ws->{in}) : $b1;
            if (length $ws->{in} >= $n + $len) {
                my $data = substr $ws->{in}, $n, $len;
                $ws->{in} = substr $ws->{in}, $n + $len;
                if (($b0 & 15) == 1 && json($data)->{'00001002'}{Value}[0] == 4) {
                    push @{$ws->{status}}, json($data);
                    next;
                }
                return [ $b0 & 15, $data ];
            }
        }
        my $left = $end - time;
        return if $left <= 0 || !IO::Select->new($ws->{s})->can_read($left);
        sysread $ws->{s}, my $more, 65536 or return [ 'end', '' ];
        $ws->{in} .= $more;
    }
}

1;
