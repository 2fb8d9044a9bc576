#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What the server says of itself is what it does: capabilities (PS3.18 8.9)
# and the conformance statement, both made from its tables.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA qw(sha256_base64);
use Pacs;
use Test::More;

my $p = Pacs->new(redis => 0, listener => 0);
my $web = '/dicom-web';

my $r = $p->http('OPTIONS', "$web/");
is($r->{status}, 200, 'OPTIONS of the service');
is($r->{headers}{'content-type'}, 'application/vnd.sun.wadl+xml', '... is WADL');
is($p->http('OPTIONS', $web)->{content}, $r->{content}, '... without the slash, too');
is($p->get("$web/")->{status}, 405, 'it is not got');

my $j = $p->http('OPTIONS', "$web/", { headers => { Accept => 'application/json' } });
is($j->{headers}{'content-type'}, 'application/json', 'as JSON, by annex G');
my ($base) = @{json($j->{content})->{application}{resources}};
is_deeply([ map { $_->{'@path'} } @{$base->{resource}} ], [ $r->{content} =~ /<resource path="([^"]*)"/g ], '... the same paths');
is_deeply([ map { $_->{'@mediaType'} } map { @{$_->{response}[0]{representation}} } map { @{$_->{method}} } @{$base->{resource}} ],
    [ map { s/&quot;/"/gr } $r->{content} =~ /mediaType="([^"]*)"/g ], '... and media types');

# another program reads it
open my $f, '|-', 'python3', '-c', <<'PY', "$p->{home}/tmp/paths" or die $!;
import sys, xml.etree.ElementTree as E
ns = '{http://wadl.dev.java.net/2009/02}'
root = E.fromstring(sys.stdin.read()).find(ns + 'resources')
with open(sys.argv[1], 'w') as out:
    for r in root.findall(ns + 'resource'):
        names = sorted(p.get('name') for p in r.findall(ns + 'param'))
        methods = sorted(m.get('name') for m in r.findall(ns + 'method'))
        types = [x.get('mediaType') for x in r.findall(ns + 'method/' + ns + 'response/' + ns + 'representation')]
        params = [x.get('name') for x in r.findall(ns + 'method/' + ns + 'request/' + ns + 'param')]
        print(r.get('path'), ','.join(names), ','.join(methods), '|'.join(types) or '-', ','.join(params) or '-', sep='\t', file=out)
PY
print $f $r->{content};
ok(close $f, 'it is XML');

my %stands = (study => '1.2.3', series => '1.2.4', instance => '1.2.5', frames => '1',
    aetitle => 'AE', path => '7FE00010');
my (%seen, @wrong);
for (split /\n/, slurp("$p->{home}/tmp/paths")) {
    my ($path, $names, $methods, $types, $params) = split /\t/;
    $seen{$path} = [$types, $params];
    my @used = sort $path =~ /\{(\w+)\}/g;
    push @wrong, "$path: its places are @used" if join(',', @used) ne $names;
    (my $url = $path) =~ s/\{(\w+)\}/$stands{$1} || 'x'/ge;
    next if $path eq '';                # it is what was read above
    my $allow = $p->http('OPTIONS', "$web/$url")->{headers}{allow} // 'nothing';
    push @wrong, "$path: $methods, not $allow"
        if join(',', sort split /, /, $allow) ne $methods;
}
is_deeply(\@wrong, [], 'each path answers to the methods that are said');
cmp_ok(scalar keys %seen, '>', 40, 'paths: ' . keys %seen);
like($seen{'studies'}[0], qr{application/dicom\+json}, 'media types are said');
like($seen{'studies'}[1], qr/fuzzymatching/, '... and parameters');
like($seen{'studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered'}[1],
    qr/^viewport,.*annotation$/, '... of pictures');

# conf/sections.md: each path is in some section, each section in the table,
# and what is named is there
my $sections = slurp("$Pacs::TOP/conf/sections.md");
my %path = map { $_ => 1 } $sections =~ m{`(/[^`]*)`}g;
my %tail = map { $_ => 1 } map { m{(/[^/]+(?:/\{\w+\})?)$} ? $1 : $_ } keys %path;
is_deeply([ grep { my $t = "/$_"; $_ ne '' && !$path{$t}
    && !grep { length $_ > 1 && substr($t, -length $_) eq $_ } keys %tail } sort keys %seen ], [],
    'conf/sections.md names each path');
my %last = map { $_ => 1 } map { m{([^/]+)} ? grep { !/^\{/ } split m{/} : () } keys %seen;
is_deeply([ grep { my $n = $_; $n ne '/' && grep { !/^\{/ && length && !$last{$_} } split m{/}, $n } sort keys %path ], [],
    '... and none that is not');
is_deeply([ grep { !-e "$Pacs::TOP/$_" } $sections =~ m{`((?:src|t|ngx_pacs_module)/[^`]+)`}g ], [], '... files that are there');
my %has;
for ($sections =~ /^\| ([0-9A-Z][^|]*?) \|/mg) {
    for my $one (split /, /) {
        if ($one =~ /^(\d+)\.(\d+) to \d+\.(\d+)$/) { $has{"$1.$_"} = 1 for $2 .. $3 }
        else { $has{$one} = 1 }
    }
}
my %count = (8 => 11, 9 => 5, 10 => 6, 11 => 13);
is_deeply([ grep { !$has{$_} } 6, 7, (map { my $c = $_; map { "$c.$_" } 1 .. $count{$c} } sort { $a <=> $b } keys %count),
    12 .. 15, 'A' .. 'K' ], [], '... and all sections');

$r = $p->get("$web/conformance");
is($r->{status}, 200, 'the conformance statement');
like($r->{headers}{'content-type'}, qr{^text/html}, '... is a page');
my ($style) = $r->{content} =~ m{<style>(.*?)</style>}s;
my $hash = 'sha256-' . sha256_base64($style) . '=';
like(slurp('conf/nginx.conf'), qr/style-src 'self' [^;]*'\Q$hash\E'/, '... whose style the shipped policy knows');
like($r->{content}, qr{<td>CT Image Storage</td><td><code>1\.2\.840\.10008\.5\.1\.4\.1\.1\.2<}, '... of SOP classes');
unlike($r->{content}, qr{Media Storage Directory}, '... that are stored');
like($r->{content}, qr{1\.2\.840\.10008\.1\.2\.4\.80</code></td><td>yes}, '... of transfer syntaxes');
like($r->{content}, qr{PatientName</td><td><code>00100010}, '... of search attributes');
like($r->{content}, qr{<code>query_rows</code></td><td>1000}, '... of limits');
my @open = $r->{content} =~ /<(table|tr|td|th|tbody|thead|code|h1|h2|p|html|body|head)\b[^>]*>/g;
my @close = $r->{content} =~ m{</(table|tr|td|th|tbody|thead|code|h1|h2|p|html|body|head)>}g;
is_deeply([sort @open], [sort @close], 'what is opened is closed');

$p->shutdown;
done_testing;
