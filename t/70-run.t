#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# tools/run as a newcomer uses it: start, a second start, Ctrl-C, wrong
# options, addresses that are not loopback, https.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Pacs;
use Test::More;
use Time::HiRes qw(time);

plan(skip_all => 'the sanitizer build is started by the other tests') if asan();

# a blank in its name, as people do
my $home = tempdir('pacsrunXXXXXX', DIR => '/tmp', CLEANUP => 1) . '/my home';
my @ports = map { free_port() } 1 .. 3;
my $run = "$Pacs::TOP/tools/run";
my @args = ($run, '--home', $home, '--http', $ports[0], '--dimse', $ports[1], '--no-install');

# --- help and usage ---

my ($rc, $out) = capture($run, '--help');
is($rc, 0, '--help');
my @documented = $out =~ /^\s+(--[a-z-]+)/mg;
my $source = slurp($run);
for my $o (@documented) {
    like($source, qr/[|\s]\Q$o\E[|)]/, "$o is taken");
}
for (['--http', '0.0.0.0:80'], ['--http', '127.0.0.1.example.com:80'], ['--dimse', '10.1.2.3:104'], ['--https', '0.0.0.0:443']) {
    ($rc, $out) = capture($run, '--home', $home, @$_);
    isnt($rc, 0, "@$_ is refused");
    like($out, qr/loopback.*--insecure-open/s, '... and the message says how to mean it');
}
for (['--http', 'x'], ['--http', '99999'], ['--nonsense'], ['--home'], ['--import', '/no/such/path', '--http', $ports[0]]) {
    ($rc, $out) = capture($run, @$_);
    isnt($rc, 0, "@$_ is refused");
    like($out, qr/tools\/run: \S/, '... with a message');
}
($rc, $out) = capture($run, '--home', '/tmp/' . 'x' x 100);
isnt($rc, 0, 'a home with too long a path is refused') or capture($run, '--home', '/tmp/' . 'x' x 100, '--stop');

# --- start in the background, with https and an import ---

my $samples = -e "$Pacs::SAMPLES/MANIFEST.tsv" ? $Pacs::SAMPLES : undef;
my @import = $samples ? ('--import', (sort glob "$samples/mr-series/*/*.dcm")[0]) : ();
($rc, $out) = capture(@args, '--https', $ports[2], '--background', @import);
is($rc, 0, 'starts in the background') or BAIL_OUT("tools/run does not start: $out");
like($out, qr/http:\/\/127\.0\.0\.1:$ports[0]\//, '... prints the URL');
like($out, qr/AE title PACS/, '... and the AE title');
END { capture($run, '--home', $home, '--stop') if $home && -d $home }

sub curl { my ($rc, $out) = capture('curl', '-sS', '-m', 20, @_); return $out }

like(curl("http://127.0.0.1:$ports[0]/"), qr/<html/i, 'the study list is at /');
like(curl("http://127.0.0.1:$ports[0]/pacs/health"), qr/"status":"ok"/, 'health is ok');
is(scalar @{json(curl("http://127.0.0.1:$ports[0]/dicom-web/studies?limit=100"))} > 3 ? 1 : 0, 1, 'the demo studies are there');
is((capture('echoscu', '-aec', 'PACS', '127.0.0.1', $ports[1]))[0], 0, 'C-ECHO');
is(curl('--cacert', "$home/tls/ca.crt", '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
    "https://127.0.0.1:$ports[2]/dicom-web/studies"), '2 200', 'HTTPS with HTTP/2 and our CA');
for (['localhost', 200], ['127.0.0.1', 200], ['[::1]:9', 200], ['pacs.example.com', 421], ['127.0.0.1.example.com', 421]) {
    is(curl('-o', '/dev/null', '-w', '%{http_code}', '-H', "Host: $_->[0]", "http://127.0.0.1:$ports[0]/dicom-web/studies"),
        $_->[1], "Host $_->[0]: $_->[1]");
}
# what nginx refuses by itself is JSON too
my $web = "http://127.0.0.1:$ports[0]/dicom-web/studies";
my $series = "$web/1.2.3/series/1.2.4/instances/1.2.5/frames/1/values";
for (["$series?polygon=" . '1,' x 14999 . '1', 404], ["$series?polygon=" . '1,' x 20000 . '1', 414], ["$web?limit=1", 400, '-H', 'X: ' . 'x' x 40000],
    ["$web/..%2f..%2f..%2f..", 400]) {
    my ($url, $status, @more) = @$_;
    my $answer = curl('-w', "\n%{http_code} %{content_type}", '--path-as-is', @more, $url);
    my ($body, $told) = $answer =~ /^(.*)\n\n?(.*)$/s;
    is($told, "$status application/json", substr($url, 30, 40) . ": $status, in JSON");
    is(eval { json($body)->{status} }, $status, '... that says so') or diag $answer;
}

is((stat $home)[2] & 0777, 0700, 'the home is for its owner only');

($rc, $out) = capture(@args, '--background');
isnt($rc, 0, 'a second one in the same home is refused');
like($out, qr/runs already/, '... by name');

is((capture($run, '--home', $home, '--stop'))[0], 0, '--stop');
ok(!-e "$home/run/run.pid", '... it is gone');
is((capture('curl', '-s', "http://127.0.0.1:$ports[0]/"))[0], 7, '... nothing listens');

# --- a second start is fast, and Ctrl-C ends all children ---

my $t = time;
is((capture(@args, '--background'))[0], 0, 'second start');
my $d = time - $t;
diag(sprintf 'second start: %.2f s', $d);
cmp_ok($d, '<', 10, 'second start is quick');        # 3 s is the bar, measured by tools/bench
is((capture($run, '--home', $home, '--stop'))[0], 0, '... stopped');

# in the foreground, as on a terminal: the signal goes to the whole group
my $log = "$home/log/foreground";
my $pid = fork;
if ($pid == 0) {
    setpgrp;
    $SIG{INT} = 'DEFAULT';
    open STDOUT, '>', $log;
    open STDERR, '>&', \*STDOUT;
    exec @args;
}
ok(wait_until('ready', sub { slurp($log) =~ /Ctrl-C ends it/ }), 'runs in the foreground');
my @children = split ' ', slurp("/proc/$pid/task/$pid/children");
cmp_ok(scalar @children, '>=', 3, 'it has children');
kill 'INT', -$pid;
waitpid $pid, 0;
is($?, 0, 'Ctrl-C ends it');
ok(wait_until('all children end', sub { !grep { -e "/proc/$_" } @children }), '... with all its children');

# --- it is killed: nothing goes on without it, and the next start works ---

is((capture(@args, '--background'))[0], 0, 'starts');
($pid) = split ' ', slurp("$home/run/run.pid");
@children = split ' ', slurp("/proc/$pid/task/$pid/children");
kill 'KILL', $pid;
sub gone { my ($stat) = slurp("/proc/$_[0]/stat") =~ /\) (\S)/; return !$stat || $stat eq 'Z' }
ok(wait_until('children end', sub { !grep { !gone($_) } @children }), 'killed: its children end too');
is((capture(@args, '--background'))[0], 0, '... and it starts again');
is((capture($run, '--home', $home, '--stop'))[0], 0, '... and stops');

# the number of a process that ended may be another's by now
open my $f, '>', "$home/run/run.pid" or die $!;
print $f "$$\n";
close $f;
($rc, $out) = capture($run, '--home', $home, '--stop');
like($out, qr/nothing runs/, 'somebody else with the number in run.pid is left alone');
isnt((capture($run, '--home', "$home.typo", '--stop'))[0], 0, '--stop of a home that is not there');
ok(!-e "$home.typo", '... does not make it');

# --- why it does not start ---

my $listen = IO::Socket::INET->new(Listen => 1, ReuseAddr => 1, LocalAddr => '127.0.0.1', LocalPort => $ports[0]) or die;
($rc, $out) = capture(@args, '--background');
isnt($rc, 0, 'a port in use: non-zero');
like($out, qr/in use/, '... with the reason') or diag $out;

done_testing;
