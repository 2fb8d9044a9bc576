#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# A disk nearly full refuses ingest by all doors (507, 0xA700), reads go on,
# and ingest resumes by itself when there is room again.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $samples = samples();
plan(skip_all => 'loop mounts need root') if $> != 0;

my $dir = tempdir('pacsfullXXXXXX', DIR => '/tmp', CLEANUP => 1);
mkdir "$dir/m";
my ($rc, $out) = capture('sh', '-c', "truncate -s 96M $dir/img && mkfs.ext4 -q -m 0 -F $dir/img && mount -o loop $dir/img $dir/m");
plan(skip_all => "no loop mounts here: $out") if $rc != 0;
END { system("umount -l $dir/m 2>/dev/null") if $dir }

mkdir "$dir/m/home";
my @ct = (native())[0 .. 3];
my $pacs = Pacs->new(home => "$dir/m/home");
is($pacs->stow([$ct[0]])->{status}, 200, 'stored while there is room');
my ($study) = map { $_->{'0020000D'}{Value}[0] } @{$pacs->get_json('/dicom-web/studies')};

my $health = sub { json($pacs->get('/pacs/health')->{content}) };
is($health->()->{disk}{ingest}, 'open', 'health: ingest is open');

# fill all but 1 %
system("dd if=/dev/zero of=$dir/m/big bs=64k 2>/dev/null; truncate -s -800k $dir/m/big; sync -f $dir/m");

my $r = $pacs->stow([$ct[1]]);
is($r->{status}, 507, 'STOW: 507') or diag $r->{content};
like($r->{content}, qr/nearly full/, '... with the reason');
($rc, $out) = capture('storescu', '-v', '-aec', 'PACS', '127.0.0.1', $pacs->{dimse}, $ct[1]);
like($out, qr/0xA700|OutOfResources/i, 'C-STORE: 0xA700') or diag $out;
($rc, $out) = $pacs->pacs('import', $ct[1]);
is($rc, 1, 'import refuses');
like($out, qr/nearly full/, '... with the reason');
my $h = $health->();
is($h->{disk}{ingest}, 'full', 'health says so');
isnt($h->{status}, 'ok', '... and is not ok');
is($pacs->get("/dicom-web/studies/$study")->{status}, 200, 'reads go on');
is($pacs->get("/dicom-web/studies/$study/thumbnail")->{status}, 200, 'pictures too');

unlink "$dir/m/big";
is($pacs->stow([$ct[1]])->{status}, 200, 'with room again ingest resumes by itself');
is(run('storescu', '-aec', 'PACS', '127.0.0.1', $pacs->{dimse}, $ct[2]), 0, '... by DIMSE too');
is($health->()->{disk}{ingest}, 'open', 'health: open again');

$pacs->shutdown;
done_testing;
