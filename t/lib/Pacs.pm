package Pacs;

# SPDX-License-Identifier: BSD-2-Clause
#
# A whole PACS in a temporary home, for tests: nginx with the module,
# pacs-listener with pacs-codec, Redis; each can be stopped, killed and
# started alone.  At the end of a test the logs are searched: an [alert], a
# crash or a sanitizer's report fails it.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(time sleep);

use Exporter 'import';
our @EXPORT = qw(samples native json slurp flip run capture have free_port wait_until
    long_run asan multipart);

our $TOP = $ENV{PACS_TOP} || abs_path(dirname(__FILE__) . '/../..');
our $B = $ENV{PACS_B} || "$TOP/build";
our $SAMPLES = $ENV{PACS_SAMPLES} || "$TOP/../shared/samples";

my (@all, %given);

sub long_run { return $ENV{PACS_LONG} }
sub asan { return $ENV{PACS_ASAN} }

# the samples' folder, or the whole test file is skipped by name
sub samples {
    return $SAMPLES if -e "$SAMPLES/MANIFEST.tsv";
    plan(skip_all => "no sample files: $SAMPLES is not there");
}

# 56 native slices of one series
sub native { return sort glob "$SAMPLES/mr-series/fruit-sag-irspgr/*.dcm" }

sub have {
    my ($program) = @_;
    return scalar grep { -x "$_/$program" } split /:/, "$ENV{PATH}:/usr/sbin";
}

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    local $/;
    return scalar <$f> // '';
}

# one byte of a file becomes another
sub flip {
    my ($file, $at) = @_;
    open my $f, '+<:raw', $file or die "$file: $!";
    seek $f, $at, 0;
    read $f, my $byte, 1;
    seek $f, $at, 0;
    print $f chr(255 - ord $byte);
    close $f;
}

sub json { return JSON::PP->new->utf8->allow_nonref->decode($_[0]) }

# exit code; output goes to the log of the test
sub run {
    my (@cmd) = @_;
    my ($rc, $out) = capture(@cmd);
    diag("@cmd[0 .. ($#cmd > 3 ? 3 : $#cmd)]: exit $rc\n"
        . substr($out, -600)) if $rc;
    return $rc;
}

sub capture {
    my (@cmd) = @_;
    my $pid = open(my $f, '-|') // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec { $cmd[0] } @cmd or do { print "exec $cmd[0]: $!\n"; POSIX::_exit(127) };
    }
    local $/;
    my $out = <$f> // '';
    close $f;
    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $out);
}

# below those that the kernel gives to clients: nobody else takes it meanwhile
sub free_port {
    for (1 .. 100) {
        my $port = 12000 + int rand 20000;
        next if $given{$port}++;
        return $port if IO::Socket::INET->new(Listen => 1,
            LocalAddr => '127.0.0.1', LocalPort => $port);
    }
    die "no free port: $!";
}

# polls; no fixed sleeps
sub wait_until {
    my ($what, $code, $seconds) = @_;
    my $end = time + ($seconds // 60) * (asan() ? 3 : 1);
    while (time < $end) {
        return 1 if $code->();
        sleep 0.02;
    }
    diag("waited in vain: $what");
    return 0;
}

# new(%options): http => 0, redis => 0, listener => 0 leave that process out;
# conf_main, conf_http, conf_server, conf_location: text for nginx.conf;
# duplicates; home; warm => 1: pictures are made in advance (tests that count
# decodes, or what is in the cache, want none); leaks => 0: the sanitizer does not look for any
sub new {
    my ($class, %o) = @_;
    my $self = bless { %o }, $class;
    $self->{home} //= tempdir('pacsXXXXXX', DIR => '/tmp', CLEANUP => !$ENV{PACS_LEAVE});
    $self->{port} = free_port();
    $self->{dimse} = free_port();
    $self->{pids} = {};
    make_path(map { "$self->{home}/$_" } qw(run log tmp));
    chmod 0700, $self->{home};
    push @all, $self;
    $self->start_redis unless defined $o{redis} && !$o{redis};
    $self->start_listener unless defined $o{listener} && !$o{listener};
    $self->start_nginx unless defined $o{http} && !$o{http};
    return $self;
}

sub spawn {
    my ($self, $name, $log, $env, @cmd) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{home}/log/$log";
        open STDERR, '>&', \*STDOUT;
        @ENV{keys %$env} = values %$env;
        exec { $cmd[0] } @cmd or POSIX::_exit(127);
    }
    $self->{pids}{$name} = $pid;
    return $pid;
}

# leaks: 0 where they cannot be looked for
sub sanitizer_env {
    my ($self, $leaks) = @_;
    return {} unless asan();
    $leaks //= 1;
    return {
        ASAN_OPTIONS => "detect_leaks=$leaks:log_path=$self->{home}/log/asan:hard_rss_limit_mb=8000",
        UBSAN_OPTIONS => "print_stacktrace=1:log_path=$self->{home}/log/ubsan",
    };
}

sub redis_url { return "unix:$_[0]{home}/run/redis.sock" }

sub start_redis {
    my ($self) = @_;
    my $sock = "$self->{home}/run/redis.sock";
    unlink $sock;
    $self->spawn('redis', 'redis.log', {}, 'redis-server', '--port', 0,
        '--unixsocket', $sock, '--save', '', '--appendonly', 'no', '--dir',
        "$self->{home}/run");
    wait_until('redis', sub {
        (capture('redis-cli', '-s', $sock, 'ping'))[1] =~ /PONG/ })
        or die "redis does not start";
}

sub redis {
    my ($self, @args) = @_;
    my (undef, $out) = capture('redis-cli', '-s', "$self->{home}/run/redis.sock", @args);
    return $out;
}

sub start_listener {
    my ($self, @more) = @_;
    $self->spawn('listener', 'listener.log', $self->sanitizer_env($self->{leaks}),
        "$B/pacs-listener", '--home', $self->{home}, '--listen', $self->{dimse},
        ($self->{duplicates} ? ('--duplicates', $self->{duplicates}) : ()),
        ($self->{warm} ? () : '--no-warm'),
        @{$self->{listener_args} || []}, @more);
    wait_until('listener', sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{dimse})
            && -S "$self->{home}/run/codec.sock" })
        or die "pacs-listener does not start: " . slurp("$self->{home}/log/listener.log");
}

sub nginx_conf {
    my ($self) = @_;
    my $o = sub { $self->{$_[0]} // '' };
    my $home = $self->{home};
    my $user = $> == 0 ? 'user root root;' : '';
    my $redis = $self->redis_url;
    my $dup = $self->{duplicates} // 'reject';
    my $workers = $self->{workers} // 2;
    return <<"END";
load_module "$B/ngx_http_pacs_module.so";
$user
worker_processes $workers;
pid $home/run/nginx.pid;
error_log $home/log/nginx.log info;
thread_pool pacs_read threads=8 max_queue=1024;
thread_pool pacs_render threads=2 max_queue=1024;
thread_pool pacs_store threads=8 max_queue=1024;
@{[$o->('conf_main')]}
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    access_log $home/log/access.log;
    sendfile on;
    aio threads=pacs_read;
    client_body_temp_path $home/tmp/body;
    proxy_temp_path $home/tmp/proxy;
    fastcgi_temp_path $home/tmp/fastcgi;
    uwsgi_temp_path $home/tmp/uwsgi;
    scgi_temp_path $home/tmp/scgi;
    pacs_home $home;
    pacs_redis $redis;
    pacs_duplicates $dup;
    @{[$o->('conf_http')]}
    server {
        listen 127.0.0.1:$self->{port};
        root "$TOP/html";
        @{[$o->('conf_server')]}
        location /dicom-web { pacs; @{[$o->('conf_location')]} }
        location = /pacs/health { pacs_health; }
        location = /pacs/status { pacs_status; }
        location = /pacs/events { pacs_events; @{[$o->('conf_events')]} }
    }
}
END
}

sub nginx_env {
    my ($self) = @_;
    return {} unless asan();
    my $libs = join ' ', map { chomp(my $p = `gcc -print-file-name=$_.so`); $p } qw(libasan libubsan);
    return { %{$self->sanitizer_env($self->{leaks})}, LD_PRELOAD => $libs,
        LSAN_OPTIONS => "suppressions=$TOP/t/lib/lsan.supp:print_suppressions=0" };
}

sub start_nginx {
    my ($self) = @_;
    my $home = $self->{home};
    open my $f, '>', "$home/run/nginx.conf" or die $!;
    print $f $self->nginx_conf;
    close $f;
    my $env = $self->nginx_env;
    $self->spawn('nginx', 'nginx.log', $env, '/usr/sbin/nginx', '-p', $home,
        '-c', "$home/run/nginx.conf", '-g', 'daemon off;');
    wait_until('nginx', sub {
        waitpid($self->{pids}{nginx}, WNOHANG) > 0
            and die 'nginx ended: ' . slurp("$home/log/nginx.log");
        my $r = HTTP::Tiny->new(timeout => 5)->get($self->url('/pacs/health'));
        $r->{status} != 599 })
        or die "nginx does not start: " . slurp("$home/log/nginx.log");
}

sub descendants {
    my ($pid) = @_;
    my @c = map { split ' ', slurp($_) } glob "/proc/$pid/task/*/children";
    return map { ($_, descendants($_)) } @c;
}

# KILL takes the workers too: they would live on without their master
sub stop {
    my ($self, $name, $signal) = @_;
    my $pid = delete $self->{pids}{$name} or return;
    my @workers = ($signal // '') eq 'KILL' ? descendants($pid) : ();
    kill $signal || 'TERM', $pid, @workers;
    waitpid $pid, 0;
    return $?;
}

# nginx with its workers, the listener with codec and decoders: at once
sub crash {
    my ($self) = @_;
    my @pids = map { ($_, descendants($_)) } values %{$self->{pids}};
    kill 'KILL', @pids;
    waitpid $_, 0 for values %{$self->{pids}};
    $self->{pids} = {};
    wait_until('all are gone', sub { !grep { -e "/proc/$_" && slurp("/proc/$_/stat") !~ /\) Z/ } @pids });
}

sub signal { my ($self, $name, $signal) = @_; kill $signal, $self->{pids}{$name} }

sub url { return "http://127.0.0.1:$_[0]{port}$_[1]" }

sub http {
    my ($self, $method, $path, $o) = @_;
    my $h = HTTP::Tiny->new(timeout => 60, max_redirect => 0);
    return $h->request($method, $path =~ /^http/ ? $path : $self->url($path), $o || {});
}

sub get {
    my ($self, $path, %headers) = @_;
    return $self->http('GET', $path, { headers => \%headers });
}

# QIDO and metadata, decoded
sub get_json {
    my ($self, $path, %headers) = @_;
    my $r = $self->get($path, %headers);
    return $r->{status} == 200 ? json($r->{content}) : undef;
}

# multipart/related of Part 10 files
sub stow {
    my ($self, $files, $path) = @_;
    my ($type, $body) = multipart(map { slurp($_) } @$files);
    return $self->http('POST', '/dicom-web/studies' . ($path // ''),
        { headers => { 'Content-Type' => $type, Accept => 'application/dicom+json' },
          content => $body });
}

sub multipart {
    my (@parts) = @_;
    my $b = 'b' . join '', map { sprintf '%04x', rand 65536 } 1 .. 6;
    my $body = join '', map { "--$b\r\nContent-Type: application/dicom\r\n\r\n$_\r\n" } @parts;
    return (qq{multipart/related; type="application/dicom"; boundary=$b}, "$body--$b--\r\n");
}

# parts of a multipart answer: [ { headers, body }, ... ]
sub parts {
    my ($self, $r) = @_;
    my ($b) = $r->{headers}{'content-type'} =~ /boundary="?([^";]+)/ or return [];
    my @out;
    my $rest = "\r\n" . $r->{content};
    my @raw = split /\r\n--\Q$b\E(?:--)?(?:\r\n|$)/, $rest;
    shift @raw;
    for (@raw) {
        my ($head, $body) = split /\r\n\r\n/, $_, 2;
        next unless defined $body;
        push @out, { head => $head, body => $body };
    }
    return \@out;
}

sub pacs {
    my ($self, @args) = @_;
    return capture("$B/pacs", $args[0], '--home', $self->{home},
        ($self->{duplicates} ? ('--duplicates', $self->{duplicates}) : ()), @args[1 .. $#args]);
}

# one value of the index
sub sql {
    my ($self, $sql) = @_;
    my (undef, $out) = capture('sqlite3', '-cmd', '.timeout 10000', "$self->{home}/index/pacs.db", $sql);
    chomp $out;
    return $out;
}

sub blobs {
    my ($self) = @_;
    return glob "$self->{home}/blobs/*/*/*.dcm";
}

sub shutdown {
    my ($self) = @_;
    $self->stop($_, 'TERM') for grep { $self->{pids}{$_} } qw(nginx listener redis);
    $self->check_logs;
}

sub check_logs {
    my ($self) = @_;
    return if $self->{checked}++;
    my @bad;
    for my $log (glob "$self->{home}/log/*") {
        next if $log =~ /redis|access|audit/;
        push @bad, grep { /\[alert\]|\[emerg\]|Sanitizer|runtime error:|exited on signal|worker process \d+ exited with code [^0]/
            && !($self->{allow} && $_ =~ $self->{allow}) } split /\n/, slurp($log);
    }
    ok(!@bad, 'no alert, crash or sanitizer report in the logs') or diag(join "\n", @bad[0 .. ($#bad > 20 ? 20 : $#bad)]);
}

# tests that end early must not leave processes behind
END {
    my $rc = $?;
    for my $p (@all) {
        $p->crash;
    }
    $? = $rc;
}

1;
