#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What a careless or hostile client does over HTTP: bodies cut and lied about,
# odd headers, queries that ask for everything, clients that are slow or go
# away, reloads under load.  Each is answered by name or forgotten; the next
# client is served, and nothing is left behind.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);
use IO::Socket::INET;
use Pacs;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time sleep);

my @files = (samples(), native())[1 .. 6];
my $pacs = Pacs->new;
my $web = '/dicom-web';
my $dicom = slurp($files[0]);
my $part = "--b\r\nContent-Type: application/dicom\r\n\r\n$dicom\r\n";
my $type = 'multipart/related; type="application/dicom"; boundary=b';

sub socket_to {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $pacs->{port},
        Timeout => 10) || die "connect: $!";
}

# everything that the server says until it closes, or 20 s
sub answers {
    my ($s) = @_;
    my $text = '';
    local $SIG{ALRM} = sub { die "no end of the answer\n" };
    alarm(asan() ? 60 : 20);
    eval { 1 while sysread $s, $text, 1 << 20, length $text };
    alarm 0;
    return $@ ? "TIMEOUT $text" : $text;
}

sub raw { my ($text) = @_; my $s = socket_to(); print $s $text; return answers($s) }
sub statuses { return join ' ', $_[0] =~ m{HTTP/1\.[01] (\d+)}g }

sub post {
    my ($body, %h) = @_;
    return $pacs->http('POST', "$web/studies",
        { headers => { 'Content-Type' => $type, %h }, content => $body });
}

# --- what a STOW body can be ---

for (
    [ 'an unfinished body', $part, 400, qr/final boundary/ ],
    [ 'a wrong boundary', $part =~ s/--b/--c/gr . "--c--\r\n", 400, qr/boundary/ ],
    [ 'a body of nothing', '', 400, qr/no part/ ],
    [ 'a part of nothing', "--b\r\nContent-Type: application/dicom\r\n\r\n\r\n--b--\r\n", 409, qr/DICM/ ],
    [ 'a huge header', "--b\r\nX: " . 'a' x 100_000 . "\r\n\r\nx\r\n--b--\r\n", 413, qr/part_header/ ],
    [ 'no boundary', $part, 400, qr/no boundary/, 'Content-Type' => 'multipart/related; type="application/dicom"' ],
    [ 'Content-Encoding', do { gzip \"$part--b--\r\n", \my $z; $z }, 415, qr/Content-Encoding gzip/, 'Content-Encoding' => 'gzip' ],
    [ 'another type', $part, 415, qr/audio/, 'Content-Type' => 'multipart/related; type="audio/wav"; boundary=b' ],
    [ '12,000 parts', "--b\r\nContent-Type: application/dicom\r\n\r\n\r\n" x 12_000 . "--b--\r\n", 409, qr/DICM/ ],
) {
    my ($what, $body, $status, $reason, %h) = @$_;
    my $r = post($body, %h);
    is($r->{status}, $status, "$what: $status") or diag substr($r->{content}, 0, 300);
    like($r->{content}, $reason, '... with the reason');
    ok(eval { json($r->{content}) }, '... as JSON');
}
is(scalar(() = $pacs->blobs), 0, 'nothing of all that is kept');

my $r = post("--b\r\nContent-Type: application/dicom\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
    . "--b\r\n\r\nx\r\n$part--b--\r\n");
is($r->{status}, 202, 'a coded part and one without type cost themselves');
is(scalar @{json($r->{content})->{'00081199'}{Value}}, 1, '... the good one is stored');
like($r->{content}, qr/in base64/, '... and the coded one named');
$r = post($part . "--b\r\nX: " . 'a' x 100_000);
is($r->{status}, 202, 'what came before a broken part stays');
like($r->{headers}{warning}, qr/not read to its end.*part_header/, '... and a Warning says where it broke');

# --- framing ---

my $head = "POST $web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: $type\r\n";
my $close = "Connection: close\r\n";
my $full = "$part--b--\r\n";
my $len = length $full;
for my $n (7, 4099, 1 << 20) {
    my $chunks = join '', map { sprintf("%x\r\n", length) . "$_\r\n" } unpack "(a$n)*", $full;
    is(statuses(raw("${head}${close}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n")), '200', "chunks of $n bytes");
}
is(statuses(raw("${head}${close}Transfer-Encoding: chunked\r\n\r\n5\r\n--b\r\n\r\nzz\r\n")), '400', 'a chunk of no size');
is(statuses(raw("${head}${close}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")), '400', 'chunked and Content-Length');
is(statuses(raw("${head}${close}Content-Length: -5\r\n\r\n")), '400', 'a negative Content-Length');
is(statuses(raw("${head}${close}Expect: 100-continue\r\nContent-Length: $len\r\n\r\n$full")), '100 200', '100-continue');
is(statuses(raw("POST $web/studies HTTP/1.0\r\nContent-Type: $type\r\nContent-Length: $len\r\n\r\n$full")), '200', 'HTTP/1.0');
my $get = "GET $web/studies HTTP/1.1\r\nHost: x\r\n";
is(statuses(raw("$get\r\n${head}Content-Length: $len\r\n\r\n$full$get\r\nPOST $web/studies HTTP/1.1\r\nHost: x\r\n"
    . "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nGET / HTT$get$close\r\n")), '200 200 200 415 200', 'requests in a row, one refused');

# --- methods, Host, validators ---

my ($row) = @{$pacs->get_json("$web/instances")};
my ($S, $X, $I) = map { $_->{Value}[0] } @$row{qw(0020000D 0020000E 00080018)};
my $i = "$web/studies/$S/series/$X/instances/$I";
for my $path ("$web/studies", "$web/studies/$S/metadata", $i, "$i/frames/1", "$i/rendered", "$i/thumbnail", '/pacs/health') {
    my ($h, $g) = map { $pacs->http($_, $path) } qw(HEAD GET);
    is($h->{headers}{'content-length'} // '', $path =~ /health/ ? $h->{headers}{'content-length'} : length $g->{content}, "HEAD $path has the length of GET");
    is($h->{content} // '', '', '... and no body');
    is($g->{headers}{'x-content-type-options'}, 'nosniff', '... nosniff, once');
}
is($pacs->http('OPTIONS', "$web/studies")->{status}, 204, 'OPTIONS');
for my $host ('a"b', "a\\b", 'a<b>') {
    my $text = raw("GET $web/studies HTTP/1.1\r\nHost: $host\r\n$close\r\n");
    like($text, qr{"http://127\.0\.0\.1:$pacs->{port}/dicom-web/studies/}, "Host: $host does not get into URLs");
}
like(raw("GET $web/studies HTTP/1.0\r\n\r\n"), qr{"http://127\.0\.0\.1:$pacs->{port}/dicom-web/}, 'without Host URLs have the address');
my $m = "$web/studies/$S/metadata";
my ($plain, $gz) = map { $pacs->get($m, @$_)->{headers}{etag} } [], ['Accept-Encoding' => 'gzip'];
isnt($plain, $gz, 'plain and gzip have ETags of their own');
is($pacs->get($m, 'If-None-Match' => qq{"x", W/$plain})->{status}, 304, 'If-None-Match with a list');
is($pacs->get($m, 'If-None-Match' => $gz)->{status}, 200, '... not for the other coding');
is($pacs->get("$i/frames/1", Range => 'bytes=0-9')->{status}, 200, 'Range is left aside, not half done');

# --- paths and queries ---

for (
    [ "/studies/..;/x", 404 ], [ "/studies/1.2%0d%0aX-Evil:%201", 400 ], [ "/studies/$S/../$S/x", 404 ],
    [ "/studies?PatientName=%ff", 400 ], [ "/studies?PatientName=%00", 400 ], [ "/studies?PatientName=" . '*a' x 17, 413 ],
    [ "/studies?StudyInstanceUID=" . join(',', map { "1.$_" } 1 .. 1001), 413 ],
    [ "/studies?StudyInstanceUID=" . join(',', map { "1.$_" } 1 .. 1000), 200 ],
    [ "/studies?" . join('&', map { sprintf '0009%04X=x', $_ } 1 .. 101), 413 ], [ "/instances?limit=2147483647&includefield=all&PatientName=*a*e*", 200 ],
    [ "/studies?limit=99999999999999999999", 400 ], [ "/studies?offset=-1", 400 ],
    [ "/studies?PatientID=';DROP%20TABLE%20study;--", 200 ],
    map({ [ substr("$i/rendered?viewport=$_", length $web), 400 ] } 'NaN,NaN', '1e308,1e308', 'inf,1', '-1,-1', '0x10,1',
        '9,9,1e308,0,1,1', '9,9,256,256,1,1', '9,9,0,0,1e-300,1', '9,9,-1,0,5,5', '16384,16384'),
    map({ [ substr("$i/rendered?window=$_", length $web), 400 ] } 'NaN,1,linear', '1,-1,linear', '1,0,sigmoid', '1e400,1,linear'),
    map({ [ substr("$i/rendered?window=$_", length $web), 200 ] } '1e308,1e308,linear', '-1e308,1e-308,sigmoid', '0,1e-308,linear-exact'),
    map({ [ substr("$i/frames/$_", length $web), 400 ] } '0', '-1', '1,', '4294967296', '1-2', ','),
    [ substr("$i/frames/" . join(',', (1) x 1001), length $web), 413 ],
    [ substr("$i/bulkdata/" . '0040A730/1/' x 300, length $web), 404 ],
    [ substr("$i/rendered?viewport=9,9,0,0,1e308,-1e308", length $web), 200 ],
) {
    my ($path, $status) = @$_;
    my $e = $pacs->get("$web$path");
    is($e->{status}, $status, substr($path, -70) . ": $status") or diag substr($e->{content}, 0, 200);
    ok(!exists $e->{headers}{'x-evil'}, '... and no header of the client\'s');
    ok(length(eval { json($e->{content})->{reason} } // '') > 5, '... with a reason') if $status >= 400;
}
$r = $pacs->get("$web/studies?" . join '&', map { sprintf '0009%04X=x', $_ } 0x1000 .. 0x1050);
is($r->{status}, 200, '81 unknown keys are ignored');
like($r->{headers}{warning}, qr/ignored: 00091000 00091001/, '... in one Warning') if !ref $r->{headers}{warning};
ok(!ref $r->{headers}{warning}, '... only one');
my $t = $pacs->get("$i/thumbnail?viewport=4000,4000", Accept => 'image/png');
my ($w, $h) = unpack 'x16 N N', $t->{content};
ok($w <= 256 && $h <= 256, "a thumbnail stays one: $w x $h");

# --- clients that go away, in the middle of anything ---

my $before = () = $pacs->blobs;
my $other = join '', map { "--b\r\nContent-Type: application/dicom\r\n\r\n" . slurp($_) . "\r\n" } @files[1 .. 3];
my $msg = $head . 'Content-Length: ' . (length($other) + 7) . "\r\n\r\n$other--b--\r\n";
for my $k (1 .. 60) {
    my $s = socket_to();
    # within the first part: nothing of it may stay
    print $s substr($msg, 0, int(length($head) + 200 + $k * (length($dicom) - 400) / 60));
    setsockopt($s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0) if $k % 2;
    close $s;
}
for my $path ("$i/rendered?viewport=2000,2000", $m, "$web/studies/$S", "$web/instances?includefield=all", "$i/thumbnail") {
    for my $k (1 .. 8) {
        my $s = socket_to();
        print $s "GET $path HTTP/1.1\r\nHost: x\r\n\r\n";
        sysread $s, my $some, 100 if $k > 4;
        setsockopt($s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0) if $k % 2;
        close $s;
    }
}
ok(wait_until('tasks end', sub { my $q = json($pacs->get('/pacs/health')->{content})->{queues}; !grep { $_->{active} } values %$q }), 'tasks of clients that left end');
is(scalar(() = $pacs->blobs), $before, 'nothing of what they sent is kept');
is(scalar(() = grep { -f } glob "$pacs->{home}/tmp/* $pacs->{home}/tmp/*/*"), 0, 'no temporary file either');

# --- slow clients ---

my @slow = map { my $s = socket_to(); print $s "GET / HTTP/1.1\r\nHost: x\r\nX"; $s } 1 .. 200;
push @slow, map { my $s = socket_to(); print $s substr($msg, 0, 30_000); $s } 1 .. 100;
push @slow, map { my $s = socket_to(); print $s "GET $web/studies/$S HTTP/1.1\r\nHost: x\r\n\r\n"; $s } 1 .. 50;
my $t0 = time;
is(post($full)->{status}, 200, '350 slow clients: a store');
is($pacs->get("$web/studies")->{status}, 200, '... a search');
is($pacs->get("$i/rendered")->{status}, 200, '... a picture');
cmp_ok(time - $t0, '<', asan() ? 15 : 3, '... are not slowed down');
@slow = ();

# --- reloads under load: no request fails ---

my @paths = ("$web/studies", $m, $i, "$i/frames/1", "$i/rendered", "$i/thumbnail");
my @pids;
my $end = time + 4;
for my $c (1 .. 4) {
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        my ($n, $bad) = (0, 0);
        while (time < $end) {
            my $a = $n % 7 == 6 ? post($full) : $pacs->http('GET', $paths[$n % @paths], { headers => { Connection => 'close' } });
            $bad++ if $a->{status} != 200 || ($a->{headers}{'content-length'} // 0) != length $a->{content};
            $n++;
        }
        POSIX::_exit($bad ? 1 : $n ? 0 : 2);
    }
    push @pids, $pid;
}
while (time < $end - 0.5) {
    $pacs->signal('nginx', 'HUP');
    sleep 0.3;
}
is(join(' ', map { waitpid $_, 0; $? >> 8 } @pids), '0 0 0 0', 'reloads: every request is answered whole');

# --- the command line ---

my $empty = tempdir('pacsemptyXXXXXX', DIR => '/tmp', CLEANUP => 1);
for (['verify'], ['conflicts'], ['reindex'], ['delete', '1.2.3']) {
    my ($rc, $out) = capture("$Pacs::B/pacs", $_->[0], '--home', $empty, @$_[1 .. $#$_]);
    is($rc, 1, "pacs $_->[0] of a folder that is no archive");
    like($out, qr/no archive/, '... says so');
}
is(join(' ', glob "$empty/*"), '', '... and leaves it as it is');
is(($pacs->pacs('import', '--nonsense', $files[0]))[0], 2, 'an unknown option');
symlink $files[0], "$empty/link";
mkdir "$empty/in";
symlink $files[0], "$empty/in/link";
POSIX::mkfifo("$empty/in/fifo", 0600);
is(($pacs->pacs('import', "$empty/link"))[0], 0, 'a link that was named is followed');
my ($rc, $out) = $pacs->pacs('import', "$empty/in");
is($rc, 1, 'links and pipes in a folder are not');
like($out, qr/symbolic link.*2 files refused/s, '... and are named');

$pacs->shutdown;
done_testing;
