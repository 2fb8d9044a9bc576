#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# html/: the pure modules under node, the types under tsc, and the rules that
# keep the pages safe and small.

use strict;
use warnings;
use lib 't/lib';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Node;
use Test::More;

chdir dirname(abs_path(__FILE__)) . '/..' or die $!;
plan(skip_all => 'no node of version 18 or newer') unless have_node();

node_tests($_) for glob 't/js/*.test.mjs';

SKIP: {
    my $tsc = 't/browser/node_modules/.bin/tsc';
    skip("no $tsc: npm ci in t/browser was not run", 1) unless -x $tsc;
    my $out = `$tsc -p t/js/tsconfig.json 2>&1`;
    is($?, 0, 'the types are right') or diag($out);
}

my @files = split /\n/, `find html -type f`;
my %text = map { $_ => slurp($_) } @files;

sub slurp { local (@ARGV, $/) = ($_[0]); return scalar <> // '' }

# which files say something they must not
sub saying {
    my ($pattern, $re) = @_;
    return [sort grep { /$pattern/ && $text{$_} =~ $re } @files];
}

# maths, decisions and tools run without a page
is_deeply(saying(
    qr{js/(math|dicom|viewer/tools)/|js/net/(urls|loader)|js/list/(query|search|status|saved|timeline|texts|upload/queue)\.js|viewer/(state|plan|choose|text|commands|identity)\.js},
    qr{\bdocument\b|\bwindow\.(?!center|width|js)|\bnavigator\b|\bHTML\w*Element\b}),
    [], 'pure modules do not know the page');

is_deeply(saying(qr/\.js$/, qr/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bDOMParser\b|setAttribute\('(style|on\w+)'/),
    ['html/js/ui/icons.js'], 'no string becomes markup, code or inline style, but our own drawings');
is_deeply(saying(qr/\.html$/, qr/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i),
    [], 'no inline script, style or handler in the pages');
is_deeply(saying(qr/\.(html|css|js)$/, qr{(?:src|href|url|import|from)\W{1,3}https?://}),
    [], 'nothing comes from elsewhere');
is_deeply(saying(qr{css/(?!tokens)}, qr/#[0-9a-f]{3,8}\b(?=[^{}]*;)|\b(?:rgb|hsl)a?\(/i),
    [], 'colours are in tokens.css only');
is_deeply([grep { /\.js$/ && $text{$_} !~ /SPDX-License-Identifier: BSD-2-Clause/ } @files],
    [], 'each module names its licence');

# the viewer at its first opening, compressed: what its page names
my @first = ('html/viewer.html', 'html/img/icons.svg',
    map { "html/$_" } $text{'html/viewer.html'} =~ /(?:href|src)="((?:css|js)\/[^"]+)"/g);
my $bytes = `cat @first | gzip -9 | wc -c`;
cmp_ok($bytes, '<', 150_000, 'the pages are small') and note("$bytes bytes");

done_testing;
