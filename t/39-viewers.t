#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# 100 viewers ask for one JPEG 2000 frame that nobody has decoded yet, each
# with a window of its own: one decode, counted, and all are answered.

use strict;
use warnings;
use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use Pacs;
use Test::More;

my $S = samples();
my $pacs = Pacs->new(listener_args => ['--no-warm'], conf_http => 'log_format decoded "$status $pacs_decoded.$request_uri";',
    conf_location => 'access_log log/decoded.log decoded;');
my $log = "$pacs->{home}/log/decoded.log";

sub viewers {
    my ($path) = @_;
    my (%window, %got);
    my $waiting = IO::Select->new;

    for my $i (1 .. 100) {
        my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $pacs->{port}) or die "connect: $!";
        $window{$c} = $i;
        $waiting->add($c);
    }
    for my $c ($waiting->handles) {
        print $c "GET $path?viewport=64,64&window=40,@{[100 + $window{$c}]},linear HTTP/1.0\r\n\r\n";
        $c->flush;
    }
    while ($waiting->count) {
        my @ready = $waiting->can_read(60) or last;
        for my $c (@ready) {
            next if sysread $c, $got{$window{$c}}, 1 << 16, length($got{$window{$c}} // '');
            $waiting->remove($c);
        }
    }
    return grep { ($got{$_} // '') =~ m{^HTTP/1\.1 200 .*\r\n\r\n\xff\xd8\xff.*\xff\xd9$}s } 1 .. 100;
}

for my $file ('ct-series/acrin-flt-001-prior/001.dcm', 'cr-dx/dx-canon-2128x2000-mono1-j2k.dcm') {
    my ($base) = $pacs->stow(["$S/$file"])->{content} =~ m{(/dicom-web/studies/[^"]+/instances/[^"]+)"};
    for my $round (1 .. 3) {
        unlink glob "$pacs->{home}/cache/{frames,pictures,pyramids}/*";
        my $before = @{[slurp($log) =~ /rendered/g]};
        is(scalar viewers("$base/frames/1/rendered"), 100, "$file, cold: 100 viewers have their picture");
        my @lines;
        wait_until('the log', sub { (@lines = grep { /rendered/ } split /\n/, slurp($log)) == $before + 100 });
        splice @lines, 0, $before;
        is(scalar(grep { /^200 1\./ } @lines), 1, '... of one decode');
        is(scalar(grep { /^200 -?\./ } @lines), 99, '... which 99 did not ask for, or waited for');
    }
}

$pacs->shutdown;
done_testing();
