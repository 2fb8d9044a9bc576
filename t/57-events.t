#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Server-sent events of changes (conf/events.md): read by curl and by bare
# sockets, with Redis, without it and with a Redis that lies; from the
# beginning and after a break; the limits; what it costs when idle; the end
# when nginx reloads or stops.

use strict;
use warnings;
use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use Pacs;
use Test::More;
use Time::HiRes qw(time);

my $next = 0;
sub uid { return '1.2.826.0.1.3680043.98.' . $$ . '.' . ++$next }

# Explicit VR Little Endian, without pixels
sub dicom {
    my ($study, $series) = @_;
    my $el = sub {
        my ($group, $element, $vr, $v) = @_;
        $v .= $vr eq 'UI' ? "\0" : ' ' if length($v) % 2;
        return pack('vv', $group, $element) . $vr . pack('v', length $v) . $v;
    };
    my $class = '1.2.840.10008.5.1.4.1.1.7';
    my $instance = uid();
    my $meta = $el->(2, 2, 'UI', $class) . $el->(2, 3, 'UI', $instance)
        . $el->(2, 16, 'UI', '1.2.840.10008.1.2.1');
    return "\0" x 128 . 'DICM' . $el->(2, 0, 'UL', pack 'V', length $meta) . $meta
        . $el->(8, 0x16, 'UI', $class) . $el->(8, 0x18, 'UI', $instance)
        . $el->(8, 0x20, 'DA', '20260101') . $el->(8, 0x60, 'CS', 'OT')
        . $el->(0x10, 0x10, 'PN', 'Secret^Name') . $el->(0x10, 0x20, 'LO', 'SECRET7')
        . $el->(0x20, 0x0d, 'UI', $study) . $el->(0x20, 0x0e, 'UI', $series);
}

sub store {
    my ($pacs, $study, $n) = @_;
    my $series = uid();
    my ($type, $body) = multipart(map { dicom($study, $series) } 1 .. $n // 1);
    my $r = $pacs->http('POST', '/dicom-web/studies', {
        headers => { 'Content-Type' => $type, Accept => 'application/dicom+json' }, content => $body });
    is($r->{status}, 200, "stored to ...$next");
}

# a client of its own: lines of the stream as they come
sub ask_stream {
    my ($pacs, %h) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $pacs->{port})
        or die "connect: $!";
    print $sock "GET /pacs/events HTTP/1.1\r\nHost: 127.0.0.1:$pacs->{port}\r\n"
        . join('', map { "$_: $h{$_}\r\n" } keys %h) . "\r\n";
    return { sock => $sock, text => '', head => '' };
}

sub open_stream {
    my $s = ask_stream(@_);
    wait_until('a head', sub { more($s, 0.1); $s->{text} =~ s/^(.*?\r\n\r\n)//s and $s->{head} = $1 }, 10);
    return $s;
}

# false at the end of the stream
sub more {
    my ($s, $wait) = @_;
    return 0 if $s->{ended};
    return 1 unless IO::Select->new($s->{sock})->can_read($wait);
    my $n = sysread $s->{sock}, my $buf, 65536;
    return $s->{ended} = 1, 0 unless $n;
    $s->{text} .= $buf;
    return 1;
}

# the events so far: [name, data, id], chunk sizes aside
sub events {
    my ($s) = @_;
    (my $text = $s->{text}) =~ s/^[0-9a-f]+\r\n|\r\n//mg;
    return map { my %f; /^(\w+): (.*)$/ and $f{$1} = $2 for split /\n/;
        [$f{event} // '', $f{data} // '', $f{id} // ''] } split /\n\n/, $text;
}

sub wait_event {
    my ($s, $re, $seconds) = @_;
    my $found;
    my $end = time + ($seconds // 20);
    while (time < $end) {
        ($found) = grep { "$_->[0] $_->[1]" =~ $re } events($s);
        last if $found || !more($s, 0.05);
    }
    return $found;
}

sub state_of { return $_[0]->get_json('/pacs/health')->{events} }

# --- with Redis ---

my $pacs = Pacs->new(workers => 1, listener => 0);
my $slow = asan() ? 3 : 1;
my $old = uid();
store($pacs, $old, 2);

is_deeply(state_of($pacs), { streams => 0, polls => 0, hints => JSON::PP::false() },
    'nobody listens: nothing is asked');
unlike($pacs->redis('pubsub', 'numsub', 'pacs:changed'), qr/^[1-9]/m, '... nor subscribed to');

my $s = open_stream($pacs);
like($s->{head}, qr{^HTTP/1.1 200 }, 'a stream opens');
like($s->{head}, qr{^Content-Type: text/event-stream\r$}mi, '... of the type');
like($s->{head}, qr{^Cache-Control: no-store\r$}mi, '... kept by nobody');
ok(my $hello = wait_event($s, qr/^hello/), '... says hello');
is(json($hello->[1])->{arriving_ms}, 30000, '... and how long a study is arriving');
ok(my $arriving = wait_event($s, qr/\Q"$old"/), 'what arrived just now is told');
my $told = json($arriving->[1]);
is($told->{instances}, 2, '... with its instances');
is($told->{series}, 1, '... and series');
cmp_ok($told->{age_ms}, '<', 30000, '... and how long ago the last came');

ok(wait_until('a subscription', sub { state_of($pacs)->{hints} }), 'Redis is subscribed to');
my $study = uid();
my $start = time;
store($pacs, $study, 3);
ok(my $new = wait_event($s, qr/\Q"$study"/), 'a new study is told');
cmp_ok(time - $start, '<', 1 * $slow, '... within a second');
ok($new = wait_event($s, qr/\Q"$study"\E.*"instances":3,/), '... with its instances');
is(json($new->[1])->{revision}, $new->[2], '... by its revision');
unlike($s->{text}, qr/Secret|SECRET7/, 'nobody is named');

store($pacs, $study);
ok(wait_event($s, qr/\Q"$study"\E.*"instances":4/), 'more of it is told, too');

my $before = state_of($pacs)->{polls};
ok(wait_until('a heartbeat', sub { more($s, 0.1); $s->{text} =~ /^:$/m }, 40), 'a heartbeat');
cmp_ok(state_of($pacs)->{polls} - $before, '<=', 6, 'with hints hardly anything is asked meanwhile');

# deletion: what is told is that something changed
my ($rc) = $pacs->pacs('delete', '--study', $old);
($rc) = $pacs->pacs('delete', $old) if $rc;
is($rc, 0, 'a study is deleted');
ok(wait_event($s, qr/^archive/), '... is told as a change of the archive');

# --- after a break ---

my ($last) = map { $_->[2] } grep { $_->[2] ne '' } reverse events($s);
close $s->{sock};
ok(wait_until('it is gone', sub { state_of($pacs)->{streams} == 0 }), 'a client that goes is forgotten');
ok(wait_until('no subscription', sub {
    $pacs->redis('pubsub', 'numsub', 'pacs:changed') !~ /^[1-9]/m }), '... and Redis is left alone');
my $polls = state_of($pacs)->{polls};

my $missed = uid();
store($pacs, $missed);
$s = open_stream($pacs, 'Last-Event-ID' => $last);
ok(wait_event($s, qr/\Q"$missed"/), 'what came meanwhile is told to who comes again');
close $s->{sock};

$s = open_stream($pacs, 'Last-Event-ID' => '1 or 2');
ok(wait_event($s, qr/^hello/), 'a Last-Event-ID that is none is as if there was none');
close $s->{sock};

store($pacs, $_) for my @many = map { uid() } 1 .. 3;
my $cmp = open_stream($pacs, 'Last-Event-ID' => 0);
ok(wait_event($cmp, qr/\Q"$many[2]"/), 'from 0 on all is told');
close $cmp->{sock};
ok(wait_until('idle', sub { state_of($pacs)->{streams} == 0 }), 'nobody listens again');
$polls = state_of($pacs)->{polls};
store($pacs, uid());
is(state_of($pacs)->{polls}, $polls, '... and nothing is asked');

# --- other clients, other sites ---

SKIP: {
    skip 'no curl', 2 unless have('curl');
    my (undef, $out) = capture('curl', '-sN', '--max-time', 2, $pacs->url('/pacs/events'));
    like($out, qr/^event: hello$/m, 'curl reads it');
    like($out, qr/^data: \{"study":"[0-9.]+",/m, '... and the studies');
}

for (['Origin' => 'http://evil.example'], ['Sec-Fetch-Site' => 'cross-site'],
    ['Sec-Fetch-Site' => 'same-site'], ['Origin' => 'null'])
{
    my $r = $pacs->get('/pacs/events', @$_);
    is($r->{status}, 403, "$_->[0]: $_->[1] is refused");
}
$s = open_stream($pacs, Origin => "http://127.0.0.1:$pacs->{port}", 'Sec-Fetch-Site' => 'same-origin');
like($s->{head}, qr/ 200 /, 'the own origin is not');
close $s->{sock};

is($pacs->http('POST', '/pacs/events')->{status}, 405, 'POST: 405');
my $head = $pacs->http('HEAD', '/pacs/events');
is($head->{status}, 200, 'HEAD ends');
is($head->{headers}{'content-type'}, 'text/event-stream', '... with the type');

# --- reload and stop ---

$s = open_stream($pacs);
ok(wait_event($s, qr/^hello/), 'a stream before a reload');
$pacs->signal('nginx', 'HUP');
ok(wait_until('its end', sub { !more($s, 0.1) }), '... ends with its worker');
like($s->{text}, qr/\r\n0\r\n\r\n$/, '... as it should');
ok(wait_until('the new worker', sub { state_of($pacs)->{streams} == 0 }), '... the new one has none');
$s = open_stream($pacs);
ok(wait_event($s, qr/^hello/), '... and takes the next');

# --- Redis goes ---

ok(wait_until('a subscription', sub { state_of($pacs)->{hints} }), 'Redis is subscribed to again');
$pacs->stop('redis', 'KILL');
ok(wait_until('its end is seen', sub { !state_of($pacs)->{hints} }), 'Redis goes');
$study = uid();
$start = time;
store($pacs, $study);
ok(wait_event($s, qr/\Q"$study"/), '... and what is new is told nevertheless');
cmp_ok(time - $start, '<', 2 * $slow, '... nearly as soon');
$pacs->start_redis;
ok(wait_until('a subscription', sub { state_of($pacs)->{hints} }), 'Redis comes back and is subscribed to');
close $s->{sock};

$s = open_stream($pacs);
$pacs->stop('nginx', 'QUIT');
ok(wait_until('its end', sub { !more($s, 0.1) }), 'nginx that quits ends a stream');
$pacs->shutdown;

# --- without Redis; limits ---

$pacs = Pacs->new(workers => 1, listener => 0, redis => 0,
    conf_http => 'pacs_limit_event_streams 3; pacs_limit_arriving_ms 50;');
store($pacs, $old = uid());
my @s = map { open_stream($pacs) } 1 .. 3;
is(json(wait_event($s[0], qr/^hello/)->[1])->{arriving_ms}, 50, 'how long a study arrives is a limit');
my $r = $pacs->get('/pacs/events');
is($r->{status}, 503, 'a stream over the limit is refused');
like($r->{content}, qr/limit event_streams/, '... by the limit\'s name');
ok($r->{headers}{'retry-after'}, '... for a while');
$study = uid();
$start = time;
store($pacs, $study);
ok(wait_event($_, qr/\Q"$study"/), 'each stream is told') for @s;
cmp_ok(time - $start, '<', 1 * $slow, '... within a second, without Redis');
close $_->{sock} for @s;
ok(wait_until('all are gone', sub { state_of($pacs)->{streams} == 0 }), 'all go');

# those that are still opening count
my @burst = map { ask_stream($pacs) } 1 .. 12;
for my $s (@burst) {
    1 while $s->{text} !~ /\r\n\r\n/ && more($s, 10);
}
is(scalar(grep { $_->{text} =~ m{^HTTP/1.1 200 } } @burst), 3, 'twelve at once: no more than the limit');
is(scalar(grep { $_->{text} =~ m{^HTTP/1.1 503 } } @burst), 9, '... and the others are told');
close $_->{sock} for @burst;
ok(wait_until('all are gone', sub { state_of($pacs)->{streams} == 0 }), '... and all go');
$s = open_stream($pacs);
ok(wait_event($s, qr/^hello/), 'and there is room again');

# too much to be told one by one
($last) = map { $_->[2] } grep { $_->[2] ne '' } reverse events($s);
close $s->{sock};
my @files = map { dicom(uid(), uid()) } 1 .. 120;
my ($type, $body) = multipart(@files);
is($pacs->http('POST', '/dicom-web/studies', { headers => { 'Content-Type' => $type,
    Accept => 'application/dicom+json' }, content => $body })->{status}, 200, '120 studies at once');
$s = open_stream($pacs, 'Last-Event-ID' => $last);
ok(wait_event($s, qr/^archive/), '... are told as one change');
my ($id) = map { $_->[2] } grep { $_->[0] eq 'archive' } events($s);
is($id, $pacs->sql("SELECT value FROM meta WHERE name = 'revision'"), '... of the newest revision')
    or note explain [map { "@$_" } events($s)];
$pacs->shutdown;

# --- HTTP/2 ---

my $h2 = free_port();
$pacs = Pacs->new(workers => 1, listener => 0, redis => 0, conf_server => "listen 127.0.0.1:$h2 http2;");
SKIP: {
    skip 'no curl with HTTP/2', 3 unless have('curl') && (capture('curl', '--version'))[1] =~ /HTTP2/;
    my $pid = open my $curl, '-|', 'curl', '-sN', '--http2-prior-knowledge', "http://127.0.0.1:$h2/pacs/events";
    my $c = { sock => $curl, text => '' };
    ok(wait_event($c, qr/^hello/), 'a stream over HTTP/2');
    $study = uid();
    store($pacs, $study);
    ok(wait_event($c, qr/\Q"$study"/), '... is told');
    $pacs->stop('nginx', 'QUIT');
    ok(wait_until('the end', sub { !more($c, 0.1) }), '... and ends with nginx');
    waitpid $pid, 0;
}
$pacs->shutdown;

# --- a Redis that floods and is none ---

my $port = free_port();
my $liar = fork // die "fork: $!";
if ($liar == 0) {
    my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1)
        or POSIX::_exit(1);
    my @clients;
    while (1) {
        my $read = IO::Select->new($listen);
        push @clients, scalar $listen->accept if $read->can_read(0.01);
        for my $c (@clients) {
            $c->blocking(0);
            syswrite $c, "*99999999\r\n\$999999999\r\nxx" x 100;
        }
    }
}
local $SIG{PIPE} = 'IGNORE';
$pacs = Pacs->new(workers => 1, listener => 0, redis => 0);
$pacs->stop('nginx', 'QUIT');
{
    no warnings 'redefine';
    my $port = $port;
    *Pacs::redis_url = sub { "127.0.0.1:$port" };
}
$pacs->start_nginx;
$s = open_stream($pacs);
ok(wait_event($s, qr/^hello/), 'with a Redis that floods a stream opens');
$study = uid();
store($pacs, $study);
ok(wait_event($s, qr/\Q"$study"/), '... and what is new is told');
is($pacs->get('/pacs/health')->{status}, 200, '... and others are answered');
close $s->{sock};
kill 'KILL', $liar;
waitpid $liar, 0;
$pacs->shutdown;

done_testing;
