#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Memory does not grow with the body: several big instances by STOW at once,
# and one by C-STORE, through a worker and a listener that stay small.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA;
use Pacs;
use Test::More;

my ($count, $mb) = long_run() ? (10, 1000) : (4, 100);
my (undef, $free) = capture('df', '--output=avail', '-B1M', '/tmp');
($free) = $free =~ /(\d+)\s*$/;
plan(skip_all => "needs @{[ $count * $mb * 2 ]} MB in /tmp, there are $free") if $free < $count * $mb * 2 + 2000;

my $pacs = Pacs->new(workers => 1, redis => 0);

# a multi-frame instance of zeros but for its head; the same bytes each time
sub head {
    my ($n) = @_;
    my $e = sub { my ($g, $el, $vr, $v) = @_; $v .= $vr eq 'UI' ? "\0" : ' ' if length($v) % 2; pack('vva2v', $g, $el, $vr, length $v) . $v };
    my $us = sub { pack 'vva2vv', $_[0], $_[1], 'US', 2, $_[2] };
    my $uid = "1.2.826.0.1.3680043.10.999.34.$n";
    my $class = '1.2.840.10008.5.1.4.1.1.7.2';
    my $meta = pack('vva2vV', 2, 1, 'OB', 0, 2) . "\0\1" . $e->(2, 2, 'UI', $class) . $e->(2, 3, 'UI', $uid)
        . $e->(2, 0x10, 'UI', '1.2.840.10008.1.2.1') . $e->(2, 0x12, 'UI', '1.2.826.0.1.3680043.10.999');
    my $frames = $mb;
    return "\0" x 128 . 'DICM' . pack('vva2vV', 2, 0, 'UL', 4, length $meta) . $meta
        . $e->(8, 0x16, 'UI', $class) . $e->(8, 0x18, 'UI', $uid) . $e->(0x10, 0x20, 'LO', 'BIG')
        . $e->(0x20, 0xd, 'UI', '1.2.826.0.1.3680043.10.999.340') . $e->(0x20, 0xe, 'UI', '1.2.826.0.1.3680043.10.999.341')
        . $us->(0x28, 2, 1) . $e->(0x28, 4, 'CS', 'MONOCHROME2') . $e->(0x28, 8, 'IS', $frames)
        . $us->(0x28, 0x10, 1000) . $us->(0x28, 0x11, 1000) . $us->(0x28, 0x100, 8) . $us->(0x28, 0x101, 8)
        . $us->(0x28, 0x102, 7) . $us->(0x28, 0x103, 0)
        . pack('vva2vV', 0x7fe0, 0x10, 'OB', 0, $mb * 1_000_000);
}

sub worker { my ($w) = Pacs::descendants($pacs->{pids}{nginx}); return $w }
sub peak_mb { my ($pid) = @_; return slurp("/proc/$pid/status") =~ /VmHWM:\s+(\d+)/ ? $1 / 1024 : 0 }

# instances in one request; '' is a million zeros
sub post {
    my @parts = map { ("\r\n--b\r\nContent-Type: application/dicom\r\n\r\n" . head($_), ('') x $mb) } @_;
    push @parts, "\r\n--b--\r\n";
    my $chunk = "\0" x 1_000_000;
    my $length = 0;
    $length += length || length $chunk for @parts;
    return HTTP::Tiny->new(timeout => 900)->request('POST', $pacs->url('/dicom-web/studies'), {
        headers => { 'Content-Type' => 'multipart/related; type="application/dicom"; boundary=b', 'Content-Length' => $length },
        content => sub { my $part = shift @parts; return defined $part && $part eq '' ? $chunk : $part },
    });
}

my $worker = worker();
my $before = peak_mb($worker);

my @pids;
for my $n (1 .. $count) {
    my $pid = fork;
    if ($pid == 0) {
        POSIX::_exit(post($n)->{status} == 200 ? 0 : 1);
    }
    push @pids, $pid;
}
my $bad = 0;
for (@pids) { waitpid $_, 0; $bad++ if $? }
is($bad, 0, "$count x $mb MB by STOW at once: all stored");

my $grown = peak_mb($worker) - $before;
diag(sprintf 'the worker grew by %.0f MB', $grown);
SKIP: {
    skip 'the sanitizer keeps freed memory', 1 if asan();
    cmp_ok($grown, '<', 100, 'the worker stays small');
}
is(worker(), $worker, '... and is the same process');

my $i = $pacs->get_json('/dicom-web/instances?limit=1')->[0];
is($i->{'00280008'}{Value}[0], $mb, 'Number of Frames');
my $uid = $i->{'00080018'}{Value}[0];
my ($n) = $uid =~ /(\d+)$/;

# out again, byte for byte, and still small
my $sha = Digest::SHA->new(256);
my $r = HTTP::Tiny->new(timeout => 600)->request('GET',
    $pacs->url("/dicom-web/studies/1.2.826.0.1.3680043.10.999.340/series/1.2.826.0.1.3680043.10.999.341/instances/$uid"),
    { headers => { Accept => 'application/dicom; transfer-syntax=*' }, data_callback => sub { $sha->add($_[0]) } });
my $want = Digest::SHA->new(256);
$want->add(head($n));
$want->add("\0" x 1_000_000) for 1 .. $mb;
is($sha->hexdigest, $want->hexdigest, 'retrieved byte for byte');
SKIP: {
    skip 'the sanitizer keeps freed memory', 1 if asan();
    cmp_ok(peak_mb($worker) - $before, '<', 100, 'the worker is still small');
}

# a ZIP archive of all: beyond 4 GB (--long) it is ZIP64, for a real reader,
# which takes it in pieces
my ($rc, $out) = capture('/usr/bin/python3', '-c', <<'PY', $pacs->url('/dicom-web/studies/1.2.826.0.1.3680043.10.999.340'));
import io, sys, urllib.request, zipfile
class Remote(io.RawIOBase):
    def __init__(self, url):
        self.url, self.at, self.size = url, 0, 0
        self.size = int(self.get("0-0")[1].split("/")[1])
    def get(self, span):
        r = urllib.request.urlopen(urllib.request.Request(self.url, headers={"Accept": "application/zip; transfer-syntax=*", "Range": "bytes=" + span}))
        assert r.status == 206, r.status
        return r.read(), r.headers["Content-Range"]
    def seekable(self): return True
    def readable(self): return True
    def tell(self): return self.at
    def seek(self, to, whence=0):
        self.at = to + (0, self.at, self.size)[whence]
        return self.at
    def readinto(self, b):
        n = min(len(b), self.size - self.at)
        if n > 0:
            b[:n] = self.get("%d-%d" % (self.at, self.at + n - 1))[0]
            self.at += n
        return max(n, 0)
remote = Remote(sys.argv[1])
z = zipfile.ZipFile(io.BufferedReader(remote, 65536))
heads = 0
for info in z.infolist():
    if info.filename != "DICOMDIR":
        with z.open(info) as f:
            heads += f.read(132)[128:] == b"DICM"
last = max(z.infolist(), key=lambda i: i.header_offset)
print(heads, remote.size, last.header_offset)
PY
my ($heads, $zip, $offset) = split ' ', $out;
is($heads, $count, 'each is in the ZIP archive of the study') or diag $out;
cmp_ok($zip, '>', $count * $mb * 1_000_000, "... of $zip bytes");
cmp_ok($offset, '>', 1 << 32, '... of which the last one is beyond 4 GB') if long_run();

# all of them in one request
if (long_run()) {
    my $r = post(101 .. 100 + $count);
    is($r->{status}, 200, "$count x $mb MB in one request") or diag $r->{content};
    is(scalar @{json($r->{content})->{'00081199'}{Value}}, $count, '... all stored');
}
SKIP: {
    skip 'the sanitizer keeps freed memory', 1 if asan();
    cmp_ok(peak_mb($worker) - $before, '<', 100, 'the worker is small to the end');
}
is(worker(), $worker, '... and the same process');

$pacs->shutdown;
done_testing;
