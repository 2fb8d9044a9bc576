#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Whatever can be wrong in the configuration fails in nginx -t, with the name
# of what is wrong; the test itself makes and opens nothing.

use strict;
use warnings;
use lib 't/lib';
use File::Temp 'tempdir';
use Pacs;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/home" or die $!;
my $port = free_port();         # nginx -t binds it

my %good = (
    pools    => "thread_pool pacs_read threads=1;\nthread_pool pacs_render threads=1;\n"
        . 'thread_pool pacs_store threads=1;',
    home     => "pacs_home $dir/home;",
    aio      => 'sendfile on; aio threads;',
    http     => '',
    location => 'location /dicom-web { pacs; }',
);

sub try {
    my (%o) = (%good, @_);
    open my $f, '>', "$dir/nginx.conf" or die $!;
    print $f <<"END";
load_module $Pacs::B/ngx_http_pacs_module.so;
pid $dir/nginx.pid;
error_log stderr;
$o{pools}
events { }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    $o{home}
    $o{aio}
    $o{http}
    server { listen 127.0.0.1:$port; $o{location} }
}
END
    close $f;
    my $env = Pacs::nginx_env(bless { home => $dir }, 'Pacs');
    local @ENV{keys %$env} = values %$env;
    my $out = qx{/usr/sbin/nginx -t -p $dir -c $dir/nginx.conf 2>&1};
    return ($? >> 8, $out);
}

my ($rc, $out) = try();
is($rc, 0, 'a good configuration') or diag $out;
is_deeply([glob "$dir/home/*"], [], '... and nothing was made in the home');
($rc) = try(http => 'pacs_redis off; pacs_redis_timeout 20ms; pacs_limit_frame 1g; '
    . 'pacs_duplicates quarantine; pacs_cache_memory 0; pacs_frame_cache 10g;');
is($rc, 0, 'all sorts of values');
($rc) = try(location => 'location / { pacs; if ($arg_x) { set $y 1; } limit_except GET { deny all; } }');
is($rc, 0, 'blocks inside the location');
($rc) = try(home => '', location => '');
is($rc, 0, 'a module that is loaded and not used');

my @bad = (
    [ 'a thread pool that is missing', 'thread pool "pacs_render"',
      pools => "thread_pool pacs_read threads=1;\nthread_pool pacs_store threads=1;" ],
    [ 'no home', 'pacs_home', home => '' ],
    [ 'a relative home', 'pacs_home', home => 'pacs_home home;' ],
    [ 'a home that is not there', 'pacs_home', home => "pacs_home $dir/none;" ],
    [ 'a home that is a file', 'pacs_home', home => "pacs_home $dir/nginx.conf;" ],
    [ 'a home too long for a socket', 'pacs_home', home => 'pacs_home /' . 'x' x 100 . ';' ],
    [ 'sendfile without aio threads', 'aio threads', aio => 'sendfile on;' ],
    [ 'no aio threads', 'aio threads', aio => '' ],
    [ 'a regular expression', 'pacs', location => 'location ~ x { pacs; }' ],
    [ 'twice', 'pacs', location => 'location /x { pacs; pacs; }' ],
    [ 'Redis at no address', 'pacs_redis', http => 'pacs_redis 127.0.0.1:x;' ],
    [ 'a Redis time-out of 0', 'pacs_redis_timeout', http => 'pacs_redis_timeout 0;' ],
    [ 'an expiry of 0', 'pacs_redis_expire', http => 'pacs_redis_expire 0;' ],
    [ 'a codec time-out of 0', 'pacs_codec_timeout', http => 'pacs_codec_timeout 0;' ],
    [ 'what to do with duplicates', 'maybe', http => 'pacs_duplicates maybe;' ],
    [ 'a limit of 0', 'pacs_limit_frame', http => 'pacs_limit_frame 0;' ],
    [ 'a negative limit', 'pacs_limit_frame', http => 'pacs_limit_frame -1;' ],
    [ 'a limit that is no number', 'pacs_limit_frame', http => 'pacs_limit_frame 1x;' ],
    [ 'a limit twice', 'pacs_limit_frame', http => 'pacs_limit_frame 1; pacs_limit_frame 2;' ],
    [ 'all of the disk kept free', 'pacs_limit_free_percent', http => 'pacs_limit_free_percent 100;' ],
    [ 'a cache without room', 'pacs_frame_cache', http => 'pacs_frame_cache 0;' ],
    [ 'an unknown limit', 'pacs_limit_nothing', http => 'pacs_limit_nothing 1;' ],
    [ 'pacs outside a location', 'pacs', http => 'pacs;' ],
);

for (@bad) {
    my ($what, $name, @o) = @$_;
    ($rc, $out) = try(@o);
    ok($rc != 0, "refused: $what");
    like($out, qr/\[emerg\].*\Q$name\E/, "... by name: $name");
}

done_testing;
