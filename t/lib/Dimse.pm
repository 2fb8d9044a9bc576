# SPDX-License-Identifier: BSD-2-Clause

# A DIMSE client on a plain socket that says just what it is told, right or
# wrong (PS3.7, PS3.8), and the little of Part 10 it needs to send a file as
# it is.  Core modules only.

package Dimse;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Select;
use IO::Socket::INET;
use IO::Uncompress::RawInflate qw(rawinflate);
use Time::HiRes ();

our $CT         = '1.2.840.10008.5.1.4.1.1.2';
our $VERIFY     = '1.2.840.10008.1.1';
our $IMPLICIT   = '1.2.840.10008.1.2';
our $EXPLICIT   = '1.2.840.10008.1.2.1';
our $DEFLATED   = '1.2.840.10008.1.2.1.99';
our $BIG        = '1.2.840.10008.1.2.2';


sub connect_to {
    my ($port) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Timeout => 10) or return;

    return bless { sock => $sock, message => 0 };
}


sub send_raw {
    my ($s, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    return defined syswrite $s->{sock}, $bytes;
}


sub pdu      { my ($type, $body) = @_; pack('C x N', $type, length $body)
               . $body }
sub item     { my ($type, $body) = @_; pack('C x n', $type, length $body)
               . $body }


# contexts: [id, abstract syntax, [transfer syntaxes]] ...
sub rq_pdu {
    my (%o) = @_;

    my $body = pack('n x2 A16 A16 x32', 1, $o{called} // 'PACS',
                    $o{calling} // 'TEST');

    $body .= item(0x10, $o{application} // '1.2.840.10008.3.1.1.1');
    for my $c (@{ $o{contexts} // [[1, $VERIFY, [$IMPLICIT]]] }) {
        $body .= item(0x20, pack('C x3', $c->[0]) . item(0x30, $c->[1])
                 . join '', map { item(0x40, $_) } @{ $c->[2] });
    }
    $body .= item(0x50, item(0x51, pack 'N', $o{max} // 16384)
             . item(0x52, '1.2.3.4.5'));

    return pdu(1, $body);
}


sub take {
    my ($s, $n, $until) = @_;

    my $got = '';

    while (length $got < $n) {
        my $left = $until - Time::HiRes::time();

        return undef if $left <= 0
                        || !IO::Select->new($s->{sock})->can_read($left);
        return undef if !sysread $s->{sock}, $got, $n - length $got,
                                 length $got;
    }

    return $got;
}


# (type, body) of the next PDU; () when the connection ends or time is up
sub read_pdu {
    my ($s, $timeout) = @_;

    my $until = Time::HiRes::time() + ($timeout // 60);
    my $head = take($s, 6, $until) // return;
    my ($type, $len) = unpack 'C x N', $head;
    my $body = take($s, $len, $until) // return;

    return ($type, $body);
}


# true when the peer has closed
sub closed {
    my ($s, $timeout) = @_;

    my $byte;

    return IO::Select->new($s->{sock})->can_read($timeout // 60)
           && !sysread $s->{sock}, $byte, 1;
}


# { id => [result, accepted transfer syntax] }, or the type of another PDU
sub associate {
    my ($s, %o) = @_;

    $s->send_raw(rq_pdu(%o));

    my ($type, $body) = $s->read_pdu;

    return $type // 'closed' if !defined $type || $type != 2;

    my %contexts;
    my $at = 68;

    while ($at + 4 <= length $body) {
        my ($item, $len) = unpack 'C x n', substr $body, $at, 4;

        if ($item == 0x21) {
            my ($id, $result) = unpack 'C x C', substr $body, $at + 4, 3;
            my $n = unpack 'n', substr $body, $at + 10, 2;

            $contexts{$id} = [$result, substr $body, $at + 12, $n];
            $contexts{$id}[1] =~ s/\0+$//;
        }
        $at += 4 + $len;
    }

    return \%contexts;
}


sub element {
    my ($tag, $value) = @_;

    $value .= "\0" if length($value) % 2;
    return pack('v v V', 0, $tag, length $value) . $value;
}


sub us  { pack 'v', $_[0] }
sub set { my $e = join '', @_; element(0, pack 'V', length $e) . $e }
sub pdv { my ($id, $flags, $data) = @_;
          pack('N C C', length($data) + 2, $id, $flags) . $data }


sub response {
    my ($s) = @_;

    my ($type, $body) = $s->read_pdu;
    my %r = (pdu => $type // 'closed');

    return \%r if !defined $type || $type != 4;

    my $at = 6;

    while ($at + 8 <= length $body) {
        my ($group, $tag, $len) = unpack 'v v V', substr $body, $at, 8;

        $r{$tag} = substr $body, $at + 8, $len;
        $at += 8 + $len;
    }

    $r{status} = unpack 'v', $r{0x0900} // "\xff\xff";
    $r{comment} = $r{0x0902} // '';
    return \%r;
}


sub echo {
    my ($s, $id) = @_;

    $s->send_raw(pdu(4, pdv($id // 1, 3, set(element(2, $VERIFY),
        element(0x100, us(0x30)), element(0x110, us(++$s->{message})),
        element(0x800, us(0x101))))));

    return $s->response;
}


sub store_command {
    my ($s, $id, $class, $instance) = @_;

    return pdu(4, pdv($id, 3, set(element(2, $class), element(0x100, us(1)),
        element(0x110, us(++$s->{message})), element(0x700, us(0)),
        element(0x800, us(1)), element(0x1000, $instance))));
}


# o: id, class, instance, data, piece (bytes a PDV)
sub store {
    my ($s, %o) = @_;

    my $n = $o{piece} // 16000;
    my $id = $o{id} // 1;

    $s->send_raw($s->store_command($id, $o{class}, $o{instance}));

    for (my $at = 0; $at == 0 || $at < length $o{data}; $at += $n) {
        my $last = $at + $n >= length $o{data};

        $s->send_raw(pdu(4, pdv($id, $last ? 2 : 0,
                                substr $o{data}, $at, $n))) or last;
    }

    return $s->response;
}


sub release {
    my ($s) = @_;

    $s->send_raw(pdu(5, "\0" x 4));

    my ($type) = $s->read_pdu;

    close $s->{sock};
    return defined $type && $type == 6;
}


# --- Part 10 ---

sub slurp {
    my ($path) = @_;

    open my $f, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$f>;
}


# { syntax, class, instance, study, data, digest } of a file with file meta,
# else undef; class and instance are the data set's; study: is there one
sub part10 {
    my ($path) = @_;

    my $file = slurp($path);
    return undef if length $file < 144 || substr($file, 128, 4) ne 'DICM'
                    || unpack('V', substr $file, 132, 4) != 2;

    my $start = 144 + unpack 'V', substr $file, 140, 4;
    return undef if $start > length $file;

    my %p = (data => substr $file, $start);
    my $meta = substr $file, 132, $start - 132;

    return undef if $meta !~ /\x02\x00\x10\x00UI(..)/s;
    $p{syntax} = substr $meta, $+[0], unpack 'v', $1;
    $p{syntax} =~ s/[\0 ]+$//;
    $p{digest} = sha256_hex($p{syntax} . $p{data});

    my $set = $p{data};

    if ($p{syntax} eq $DEFLATED) {
        rawinflate(\$p{data}, \$set) or return \%p;
    }

    my $big = $p{syntax} eq $BIG;
    my $at = 0;

    $p{study} = index($set, pack $big ? 'n n' : 'v v', 0x20, 0x0d) >= 0;

    while ($at + 12 <= length $set) {
        my ($g, $e, $vr, $n) = unpack $big ? 'n n a2 n' : 'v v a2 v',
                                      substr $set, $at, 8;
        my $head = 8;

        last if $g > 8 || $g == 8 && $e > 0x18;

        if ($p{syntax} eq $IMPLICIT) {
            $n = unpack 'V', substr $set, $at + 4, 4;
        } elsif ($vr =~ /^(OB|OD|OF|OL|OW|SQ|UN|UT|UC|UR)$/) {
            $n = unpack $big ? 'N' : 'V', substr $set, $at + 8, 4;
            $head = 12;
        }

        if ($g == 8 && ($e == 0x16 || $e == 0x18)) {
            my $uid = substr $set, $at + $head, $n;

            $uid =~ s/[\0 ]+$//;
            $p{$e == 0x16 ? 'class' : 'instance'} = $uid;
        }
        $at += $head + $n;
    }

    return \%p;
}


# a small CT data set in Explicit VR LE; o: class, instance, study, series,
# name, side (pixels), frames, pixels, bytes (the length said of them)
sub small {
    my (%o) = @_;

    my $e = sub {
        my ($g, $t, $vr, $v) = @_;

        $v .= $vr eq 'UI' ? "\0" : ' ' if length($v) % 2;
        return pack('v v a2 v', $g, $t, $vr, length $v) . $v;
    };

    my $pixels = $o{pixels} // "\1\2" x 256;
    my $side   = us($o{side} // 16);

    return join '', $e->(8, 0x16, 'UI', $o{class} // $CT),
        $e->(8, 0x18, 'UI', $o{instance}), $e->(8, 0x60, 'CS', 'CT'),
        $e->(0x10, 0x10, 'PN', $o{name} // 'Small^Test'),
        $e->(0x10, 0x20, 'LO', 'T1'),
        $e->(0x20, 0x0d, 'UI', $o{study} // '1.2.826.0.1.1'),
        $e->(0x20, 0x0e, 'UI', $o{series} // '1.2.826.0.1.1.1'),
        $e->(0x20, 0x13, 'IS', '1'),
        $e->(0x28, 0x02, 'US', us(1)), $e->(0x28, 0x04, 'CS', 'MONOCHROME2'),
        defined $o{frames} ? $e->(0x28, 0x08, 'IS', $o{frames}) : '',
        $e->(0x28, 0x10, 'US', $side), $e->(0x28, 0x11, 'US', $side),
        $e->(0x28, 0x100, 'US', us(16)), $e->(0x28, 0x101, 'US', us(16)),
        $e->(0x28, 0x102, 'US', us(15)), $e->(0x28, 0x103, 'US', us(0)),
        pack('v v a2 x2 V', 0x7fe0, 0x10, 'OW', $o{bytes} // length $pixels),
        $pixels;
}

1;
