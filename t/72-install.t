#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# make install into a DESTDIR, and what it put there at work: conf/nginx.conf
# with other paths, the installed programs, as root all of it for www-data.

use strict;
use warnings;
use lib 't/lib';
use File::Find;
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

chdir $Pacs::TOP;

my $tmp = tempdir('pacsinstXXXXXX', DIR => '/tmp', CLEANUP => 1);
chmod 0755, $tmp;
my $dest = "$tmp/dest dir";

# --- the files ---

umask 077;                      # a careful root's must not hide them
my ($rc, $out) = capture('make', '-s', "B=$Pacs::B", asan() ? 'SAN=1' : (),
    "DESTDIR=$dest", 'install');
is($rc, 0, 'make install') or diag($out) or BAIL_OUT('nothing is installed');

my %mode = (
    'usr/lib/nginx/modules/ngx_http_pacs_module.so' => 0644,
    'usr/libexec/ngx_pacs/pacs-codec' => 0755,
    'usr/sbin/pacs-listener' => 0755,
    'usr/bin/pacs' => 0755,
    'usr/share/doc/ngx_pacs/README.md' => 0644,
    'usr/share/ngx_pacs/program.conf' => 0644,
    'usr/share/nginx/modules-available/mod-http-pacs.conf' => 0644,
);
$mode{"usr/share/doc/ngx_pacs/" . s{^conf/}{}r} = 0644 for glob 'conf/*';
for (glob('html/* html/*/* html/*/*/* html/*/*/*/*')) {
    $mode{"usr/share/ngx_pacs/$_"} = 0644 if -f;
}
my (%found, @closed);
find({ no_chdir => 1, wanted => sub {
    push @closed, $_ if -d && ((stat)[2] & 0777) != 0755;
    $found{substr $_, length "$dest/"} = (stat _)[2] & 0777 if -f;
} }, $dest);
is_deeply(\%found, \%mode, 'the files that it installs, with their modes');
is_deeply(\@closed, [], '... in folders that all may enter');

for my $program (qw(usr/bin/pacs usr/sbin/pacs-listener usr/libexec/ngx_pacs/pacs-codec)) {
    ($rc, $out) = capture("$dest/$program", '--help');
    is($rc, 0, "$program --help");
    like($out, qr/^usage: /i, '... says how it is used');
}

# --- README's "Add it to an nginx that you have" ---

my $p = Pacs->new(http => 0, redis => 0, listener => 0);
my $home = $p->{home};
my @as = $> == 0 ? qw(setpriv --reuid=www-data --regid=www-data --clear-groups --) : ();
if ($> == 0) {
    chown +(getpwnam 'www-data')[2, 3], $home, glob "$home/*";
}

my $conf = slurp("$dest/usr/share/doc/ngx_pacs/nginx.conf");
for (
    [ qr{/usr/lib/nginx/modules/\w+\.so}, sub { qq{"$dest$_[0]"} } ],
    [ qr{/usr/share/ngx_pacs/program.conf}, sub { qq{"$dest$_[0]"} } ],
    [ qr{/usr/share/ngx_pacs/html[^ ;]*}, sub { qq{"$dest$_[0]"} } ],
    [ qr{/var/lib/pacs}, sub { $home } ],
    [ qr{(?<=listen )127\.0\.0\.1:8080}, sub { "127.0.0.1:$p->{port}" } ],
) {
    my ($from, $to) = @$_;
    ok($conf =~ s/($from)/$to->($1)/ge, "conf/nginx.conf names $from");
}
open my $f, '>', "$tmp/nginx.conf" or die $!;
print $f $conf;
close $f;

my $env = $p->nginx_env;
my @nginx = ('/usr/sbin/nginx', '-p', $home, '-c', "$tmp/nginx.conf");
{
    local @ENV{keys %$env} = values %$env;
    ($rc, $out) = capture(@nginx, '-t');
    is($rc, 0, 'nginx -t on the installed configuration') or diag $out;
}

$p->spawn('listener', 'listener.log', $p->sanitizer_env, @as, "$dest/usr/sbin/pacs-listener",
    '--home', $home, '--listen', $p->{dimse});
ok(wait_until('the codec', sub { -S "$home/run/codec.sock" }), 'the installed listener starts')
    or diag slurp("$home/log/listener.log");
my ($codec) = slurp("$home/log/listener.log") =~ /started pacs-codec, process (\d+)/;
is(readlink("/proc/$codec/exe"), "$dest/usr/libexec/ngx_pacs/pacs-codec", '... and finds the installed codec');

$p->spawn('nginx', 'nginx.log', $env, @nginx, '-g', 'daemon off;');
ok(wait_until('nginx', sub { $p->get('/pacs/health')->{status} == 200 }), 'nginx starts')
    or diag slurp("$home/log/nginx.log");
for my $path (qw(/ /viewer.html /display.html /away.html /worker.js?program=0 /img/icon-512.png /js/viewer/state.js /css/tokens.css)) {
    is($p->get($path)->{status}, 200, "$path is served");
}

my $manifest = $p->get('/manifest.webmanifest');
is($manifest->{headers}{'content-type'}, 'application/manifest+json', 'the manifest, as one');
is($p->get('/worker.js')->{headers}{'cache-control'}, 'no-cache', 'the service worker is asked for anew');
like($p->get('/display.html')->{content}, qr{src="v/[0-9a-f]+/js/start\.js"}, 'the display check names its version');

# the page names its files by a version, under which they are kept
my ($own) = $p->get('/viewer.html')->{content} =~ m{href="(v/[0-9a-f]+/js/viewer/main\.js)"};
my $r = $p->get('/' . ($own // ''));
is($r->{content}, slurp("$dest/usr/share/ngx_pacs/html/js/viewer/main.js"), 'a file by its version');
like($r->{headers}{'cache-control'}, qr/immutable/, '... is kept');
is($p->get('/viewer.html')->{headers}{'cache-control'}, 'no-cache', '... the page is not');
is($p->get('/v/0123/viewer.html')->{status}, 404, '... nor served that way');

# --- pacs import: as root it becomes the home's owner ---

is(run("$dest/usr/bin/pacs", 'phantom', "$tmp/demo", '--small'), 0, 'demo studies');
system('chmod', '-R', 'go=rX', "$tmp/demo");
($rc, $out) = capture("$dest/usr/bin/pacs", 'import', '--home', $home, "$tmp/demo");
is($rc, 0, 'pacs import') or diag $out;
my ($study) = @{$p->get_json('/dicom-web/studies?limit=1') || []};
ok($study, '... the studies are found');
is($p->get("/dicom-web/studies/$study->{'0020000D'}{Value}[0]/thumbnail")->{status}, 200,
    '... and have pictures');

SKIP: {
    skip 'not root: there is one owner only', 1 if $> != 0;
    my @roots;
    find({ no_chdir => 1, wanted => sub {
        push @roots, $_ if (lstat)[4] == 0 && !m{/log/|/run/nginx\.pid$};
    } }, $home);
    is_deeply(\@roots, [], '... and nothing in the home is root\'s');
}
$p->shutdown;

done_testing;
