#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What the URLs in answers begin with, also behind a second nginx that maps
# the prefix; which pages of other origins may read the answers.

use strict;
use warnings;

use lib 't/lib';

use Pacs;
use Test::More;

my $samples = samples();
my @files = (native())[0 .. 1];

my $pacs = Pacs->new(redis => 0, listener => 0, conf_server => <<'END');
        location /trust  { pacs; pacs_forwarded 127.0.0.0/8 ::1 unix:; }
        location /any    { pacs; pacs_forwarded on; }
        location /other  { pacs; pacs_forwarded 192.0.2.0/24; }
        location /public { pacs; pacs_forwarded on;
                           pacs_public_url https://pacs.example:8443/a/b/; }
        location /root   { pacs; pacs_public_url http://pacs.example; }
        location /cors   { pacs; pacs_cors_origin https://viewer.example
                           http://127.0.0.1:3000; }
END
my $own = "http://127.0.0.1:$pacs->{port}";

is($pacs->stow(\@files)->{status}, 200, 'two images');


# what a study's Retrieve URL begins with
sub base {
    my ($prefix, %headers) = @_;
    my $rows = $pacs->get_json("$prefix/studies", %headers);
    my $url = $rows->[0]{'00081190'}{Value}[0] // 'none';

    $url =~ s{/studies/[0-9.]+$}{} or return "not of a study: $url";
    return $url;
}


# --- Host, and who is not believed ---

my %said = ('X-Forwarded-Proto' => 'https', 'X-Forwarded-Host' => 'evil.example',
    'X-Forwarded-Prefix' => '/evil', Forwarded => 'host=evil.example');

is(base('/dicom-web'), "$own/dicom-web", 'point 15: Host');
is(base('/dicom-web', %said), "$own/dicom-web",
   'point 15: nobody is believed unless pacs_forwarded names him');
is(base('/other', %said), "$own/other", 'point 15: nor another than named');

# --- X-Forwarded-*, Forwarded ---

for (
    [ { 'X-Forwarded-Host' => 'pacs.example' }, 'http://pacs.example/trust' ],
    [ { 'X-Forwarded-Host' => 'pacs.example', 'X-Forwarded-Proto' => 'https' },
      'https://pacs.example/trust' ],
    [ { 'X-Forwarded-Host' => 'pacs.example', 'X-Forwarded-Proto' => 'https',
        'X-Forwarded-Port' => '443' }, 'https://pacs.example/trust' ],
    [ { 'X-Forwarded-Host' => 'pacs.example', 'X-Forwarded-Proto' => 'https',
        'X-Forwarded-Port' => '8443' }, 'https://pacs.example:8443/trust' ],
    [ { 'X-Forwarded-Host' => 'pacs.example:81', 'X-Forwarded-Port' => '82' },
      'http://pacs.example:81/trust' ],
    [ { 'X-Forwarded-Host' => '[2001:db8::1]', 'X-Forwarded-Port' => '82' },
      'http://[2001:db8::1]:82/trust' ],
    [ { 'X-Forwarded-Host' => 'pacs.example, inner.example' },
      'http://pacs.example/trust' ],
    [ { 'X-Forwarded-Prefix' => '/x/y/' }, "$own/x/y/trust" ],
    [ { Forwarded => 'for=192.0.2.1;proto=https;host="pacs.example:8443"' },
      'https://pacs.example:8443/trust' ],
    [ { Forwarded => 'Host = pacs.example ; Proto=https, host=inner' },
      'https://pacs.example/trust' ],
    [ { Forwarded => 'for=192.0.2.1' }, "$own/trust" ],
    [ { Forwarded => 'host=a.example', 'X-Forwarded-Host' => 'b.example' },
      'http://a.example/trust' ],
) {
    my ($headers, $want) = @$_;

    is(base('/trust', %$headers), $want, 'point 15: ' . join ', ',
       map { "$_: $headers->{$_}" } sort keys %$headers);
}
is(base('/any', 'X-Forwarded-Host' => 'pacs.example'),
   'http://pacs.example/any', 'point 15: pacs_forwarded on');

for (
    [ 'X-Forwarded-Host', 'a/b' ], [ 'X-Forwarded-Host', 'a b' ],
    [ 'X-Forwarded-Host', '"><script>' ], [ 'X-Forwarded-Host', '' ],
    [ 'X-Forwarded-Proto', 'javascript' ], [ 'X-Forwarded-Proto', 'null' ],
    [ 'X-Forwarded-Port', 'x' ], [ 'X-Forwarded-Port', '0' ],
    [ 'X-Forwarded-Port', '65536' ], [ 'X-Forwarded-Prefix', 'x' ],
    [ 'X-Forwarded-Prefix', '//evil.example' ],
    [ 'X-Forwarded-Prefix', '/../x' ], [ 'X-Forwarded-Prefix', '/a?b' ],
    [ 'X-Forwarded-Prefix', '/' ], [ 'Forwarded', ';;==,"' ],
    [ 'Forwarded', 'host=' ], [ 'Forwarded', 'host="' ],
) {
    is(base('/trust', $_->[0] => $_->[1]), "$own/trust",
       "point 15: $_->[0]: $_->[1] says nothing");
}

# --- pacs_public_url ---

is(base('/public', %said), 'https://pacs.example:8443/a/b',
   'point 15: pacs_public_url comes before all');
is(base('/root'), 'http://pacs.example', 'point 15: ... also without a path');

# --- a second nginx in front ---

my $port = free_port();
my $home = "$pacs->{home}/proxy";

mkdir $home;
mkdir "$home/log";
open my $f, '>', "$home/nginx.conf" or die;
print $f <<"END";
daemon off;
pid $home/nginx.pid;
error_log $pacs->{home}/log/proxy.log;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $home/body;
    proxy_temp_path $home/proxy;
    fastcgi_temp_path $home/fastcgi;
    uwsgi_temp_path $home/uwsgi;
    scgi_temp_path $home/scgi;
    server {
        listen 127.0.0.1:$port;
        location /imaging/ {
            proxy_pass $own/;
            proxy_set_header Host \$http_host;
            proxy_set_header X-Forwarded-Host \$http_host;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header X-Forwarded-Prefix /imaging;
        }
        location /renamed/ {
            proxy_pass $own/trust/;
            proxy_set_header Forwarded "host=\$http_host;proto=\$scheme";
            proxy_set_header X-Forwarded-Prefix "";
        }
    }
}
END
close $f;

$pacs->spawn('proxy', 'proxy.log', {}, '/usr/sbin/nginx', '-p', $home, '-c',
             "$home/nginx.conf", ($> == 0 ? ('-g', 'user root;') : ()));
my $outer = "http://127.0.0.1:$port/imaging/trust";

wait_until('the proxy', sub { $pacs->get("$outer/studies")->{status} == 200 });

my ($row) = @{ $pacs->get_json("$outer/instances?limit=1") };
my $url = $row->{'00081190'}{Value}[0];

like($url, qr{^\Q$outer\E/studies/[\d.]+/series/[\d.]+/instances/[\d.]+$},
     'point 15: behind a proxy that maps the prefix');
is($pacs->get($url, Accept => 'application/dicom; transfer-syntax=*')
       ->{status}, 200, 'point 15: ... the URL leads there');

my ($meta) = @{ $pacs->get_json("$url/metadata") };
my $uri = $meta->{'7FE00010'}{BulkDataURI};

like($uri, qr{^/imaging/trust/studies/}, 'point 24: BulkDataURI has the prefix');
is($pacs->get("http://127.0.0.1:$port$uri",
              Accept => 'application/octet-stream')->{status}, 200,
   'point 24: ... and leads there');
is($pacs->get_json("$own/trust/" . ($url =~ s{^\Q$outer\E/}{}r) . '/metadata')
       ->[0]{'7FE00010'}{BulkDataURI} =~ m{^/trust/} ? 1 : 0, 1,
   '... without a proxy it has not');

my $answer = $pacs->http('POST', "$outer/studies", do {
    my ($type, $body) = multipart(slurp($files[0]));
    { headers => { 'Content-Type' => $type,
                   Accept => 'application/dicom+json' }, content => $body }
});

is($answer->{status}, 200, 'store through the proxy');
unlike($answer->{content}, qr/null|\Q$own\E/,
       'point 15: neither null nor the inner address in the answer');
$pacs->stop('proxy');

# --- pages of other origins ---

my $studies = '/cors/studies';
my $r = $pacs->get($studies, Origin => 'https://viewer.example');

is($r->{headers}{'access-control-allow-origin'}, 'https://viewer.example',
   'CORS: an origin that is allowed');
for my $name ('ETag', 'Warning', 'Content-Location', 'Upload-Offset') {
    like($r->{headers}{'access-control-expose-headers'}, qr/\b$name\b/,
         "CORS: $name can be read");
}
like(join(',', map { ref ? @$_ : $_ } $r->{headers}{vary}), qr/\bOrigin\b/,
     'CORS: Vary: Origin');
is($pacs->get("/cors/studies/1.2.3/metadata",
              Origin => 'http://127.0.0.1:3000')->{headers}
       {'access-control-allow-origin'}, 'http://127.0.0.1:3000',
   'CORS: an error can be read, too');
for my $origin ('https://viewer.example.evil', 'http://viewer.example',
    'https://viewer.example:444', 'null', '*')
{
    my $r = $pacs->get($studies, Origin => $origin);

    ok(!exists $r->{headers}{'access-control-allow-origin'}
       && $r->{status} == 200, "CORS: not for $origin");
}
$r = $pacs->get($studies);
ok(!exists $r->{headers}{'access-control-allow-origin'}, 'CORS: nor without');
like(join(',', map { ref ? @$_ : $_ } $r->{headers}{vary}), qr/\bOrigin\b/,
     'CORS: ... but Vary: Origin');
ok(!exists $pacs->get('/dicom-web/studies',
       Origin => 'https://viewer.example')->{headers}
       {'access-control-allow-origin'}, 'CORS: nothing without the directive');

$r = $pacs->http('OPTIONS', $studies, { headers => {
    Origin => 'https://viewer.example',
    'Access-Control-Request-Method' => 'POST',
    'Access-Control-Request-Headers' => 'content-type,authorization' } });
like($r->{status}, qr/^20[04]$/, 'CORS: a preflight');
like($r->{headers}{'access-control-allow-methods'}, qr/\bPOST\b/,
     'CORS: ... names the methods');
is($r->{headers}{'access-control-allow-headers'}, 'content-type,authorization',
   'CORS: ... and the headers');
ok($r->{headers}{'access-control-max-age'}, 'CORS: ... for some time');
$r = $pacs->http('OPTIONS', $studies, { headers => {
    Origin => 'https://evil.example',
    'Access-Control-Request-Method' => 'POST' } });
ok(!grep({ /^access-control/ } keys %{ $r->{headers} }),
   'CORS: no preflight for others');

# what changes something is not taken from a page of another site, nor are
# events said to it: a browser asks nobody before it sends these
my $subscribers = 'workitems/1.2.840.10008.5.1.4.34.5/subscribers/AE';
my %own = (Origin => "http://127.0.0.1:$pacs->{port}");

is($pacs->http('POST', "/cors/$subscribers", { headers => {
        Origin => $_->[0] } })->{status}, $_->[1], "CORS: a POST of $_->[0]")
    for ['https://evil.example', 403], ['null', 403],
        ['https://viewer.example', 201], [$own{Origin}, 201];
is($pacs->get('/cors/subscribers/AE', Origin => $_->[0], Upgrade => 'websocket',
        Connection => 'Upgrade', 'Sec-WebSocket-Version' => 12,
        'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==')->{status}, $_->[1],
    "CORS: a handshake of $_->[0]")
    for ['https://evil.example', 403], ['https://viewer.example', 400];

# --- what nginx -t refuses ---

for (
    'pacs_public_url pacs.example', 'pacs_public_url https://',
    'pacs_public_url https://a/b?c', 'pacs_public_url ftp://a',
    'pacs_public_url https://a//b', 'pacs_forwarded sometimes',
    'pacs_forwarded on 10.0.0.1', 'pacs_forwarded 10.0.0.1/99',
    'pacs_cors_origin *', 'pacs_cors_origin null',
    'pacs_cors_origin https://a/b', 'pacs_cors_origin viewer.example',
) {
    my $conf = slurp("$pacs->{home}/run/nginx.conf");
    my ($name) = split ' ';

    $conf =~ s/pacs_home /$_; pacs_home / or die;
    open my $f, '>', "$pacs->{home}/run/bad.conf" or die;
    print $f $conf;
    close $f;

    # what nginx leaves when it refuses is its own
    my $env = { %{ $pacs->nginx_env }, %{ $pacs->sanitizer_env(0) } };

    local @ENV{keys %$env} = values %$env;

    my ($rc, $said) = capture('/usr/sbin/nginx', '-t', '-p', $pacs->{home},
        '-c', "$pacs->{home}/run/bad.conf");

    ok($rc != 0 && $said =~ /"?$name"?/, "nginx -t refuses: $_") or diag $said;
}

$pacs->shutdown;
done_testing;
