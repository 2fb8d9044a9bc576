#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# DESIGN 2: the rooms, and who may include whom.

use strict;
use warnings;
use lib 't/lib';
use File::Find;
use Pacs;
use Test::More;

chdir $Pacs::TOP;

my @all = qw(core dicom render index blob cache auth audit web service);

# room => the rooms whose headers it may include, besides its own
my %may = (
    core => [],
    dicom => ['core'],
    render => [qw(core dicom)],
    index => [qw(core dicom)],
    blob => [qw(core dicom)],
    cache => ['core'],
    auth => ['core'],
    audit => [qw(core auth)],
    web => [qw(core dicom)],
    codec => [qw(core dicom)],
    service => [@all],
    listener => [qw(core dicom service auth web)],
    ngx_pacs_module => [qw(core service auth web cache)],
    tools => [qw(core service auth web dicom)],
);

my (%seen, @wrong, @ngx, @cxx);

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if /\.(c|cc|h)$/ && -f } },
    qw(src ngx_pacs_module tools/pacs));

for my $file (@files) {
    my ($room) = $file =~ m{^src/([^/]+)/} ? $1 : $file =~ m{^(ngx_pacs_module|tools)/};
    $seen{$room}++;
    ok(0, "$file: no such room '$room'") unless $may{$room};

    my $text = slurp($file);
    push @ngx, $file if $file =~ m{^src/} && $text =~ /\bngx_(?!pacs)\w+/;
    push @cxx, $file if $file =~ /\.cc$/ && $room !~ /^(listener|codec)$/;

    while ($text =~ /^\s*#\s*include\s+"([^"]+)"/mg) {
        my $inc = $1;
        next if $inc !~ m{/} || $inc =~ m{^dcmtk/};
        my ($to) = $inc =~ m{^([^/]+)/};
        next if $to eq $room || grep { $_ eq $to } @{$may{$room}};
        push @wrong, "$file includes $inc";
    }
}

is_deeply(\@wrong, [], 'includes follow the arrows only');
is_deeply(\@ngx, [], 'src/ holds no ngx_');
is_deeply(\@cxx, [], 'C++ only where DCMTK or OpenJPH is touched');
is_deeply([grep { !$seen{$_} } keys %may], [], 'every room is there');

# no C++ type crosses a header that C includes
my @headers = grep { slurp($_) =~ /^\s*(class|template|namespace)\b/m }
    grep { !/\.hh$/ } glob 'src/*/*.h';
is_deeply(\@headers, [], 'no C++ in headers');

my ($rc, $ldd) = capture('ldd', "$Pacs::B/ngx_http_pacs_module.so");
is($rc, 0, 'the module links') or diag $ldd;
$ldd =~ s/^.*libstdc\+\+.*\n//m if asan();       # libubsan is C++
unlike($ldd, qr/libstdc\+\+|libdcm|openjp2|charls|openjph|libof/,
    'the module needs no C++, DCMTK or decoder');

my ($rc2, $nm) = capture('nm', '-D', '--defined-only', "$Pacs::B/ngx_http_pacs_module.so");
my @symbols = grep { !/ (_init|_fini|__asan|__ubsan|__odr)/ } split /\n/, $nm;
@symbols = () if asan();        # the sanitizer exports its own
cmp_ok(scalar @symbols, '<=', 4, 'the module exports four symbols at most')
    or diag join "\n", @symbols;

my %top = map { $_ => 1 } qw(config ngx_pacs_module src conf t html tools
    README.md Makefile LICENSE CHANGES .ci .gitignore);
SKIP: {
    my ($rc3, $tree) = capture(qw(git ls-tree --name-only HEAD));
    skip "no git repository of this user's: " . (split /\n/, $tree)[0], 1 if $rc3;
    is_deeply([grep { !$top{$_} } split /\n/, $tree], [], 'the top level is as fixed');
}

done_testing;
