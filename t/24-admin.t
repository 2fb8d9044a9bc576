#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# reindex, verify, delete: the index is made again from files and journal.

use strict;
use warnings;
use lib 't/lib';
use Compress::Zlib ();
use Pacs;
use Test::More;

my $samples = samples();
my @files = ((native())[0 .. 4],
    (sort glob "$samples/mr-series/ge-fmri-4d/*.dcm")[0 .. 4]);
my $pacs = Pacs->new;
is($pacs->stow(\@files)->{status}, 200, 'STOW');

sub state_of {
    my $studies = $pacs->get_json('/dicom-web/studies');
    my %s = map { $_->{'0020000D'}{Value}[0] => $_ } @$studies;
    my $instances = $pacs->get_json('/dicom-web/instances?includefield=all');
    return { studies => \%s, instances => { map { $_->{'00080018'}{Value}[0] => $_ } @$instances } };
}

my $before = state_of();
my ($rc, $out) = $pacs->pacs('verify');
is($rc, 0, 'verify finds nothing') or diag $out;

# --- delete ---

my ($gone) = sort keys %{$before->{studies}};
my $count = $before->{studies}{$gone}{'00201208'}{Value}[0];
($rc, $out) = $pacs->pacs('delete', '--now', $gone);
is($rc, 0, 'delete a study') or diag $out;
like($out, qr/^$count instances deleted/, '... says how many');
is($pacs->get("/dicom-web/studies/$gone")->{status}, 410, 'a deleted study is 410');
is($pacs->get("/dicom-web/studies/$gone/metadata")->{status}, 410, 'its metadata too');
is(scalar @{$pacs->get_json("/dicom-web/studies?StudyInstanceUID=$gone")}, 0, 'search does not find it');
is(scalar(my @b = $pacs->blobs), @files - $count, 'its files are gone');
is(($pacs->pacs('delete', $gone))[0], 1, 'deleting it again is an error');
is(($pacs->pacs('delete', '1.2.x'))[0], 2, 'deleting no UID is a usage error');

my $after = state_of();

# --- reindex: the same state; what was deleted stays deleted ---

$pacs->stop('nginx', 'QUIT');
$pacs->stop('listener');
unlink glob "$pacs->{home}/index/*";
($rc, $out) = $pacs->pacs('reindex');
is($rc, 0, 'reindex') or diag $out;
like($out, qr/@{[@files - $count]} instances indexed, 0 left out/, '... says how many') or diag $out;
$pacs->start_listener;
$pacs->start_nginx;
my $rebuilt = state_of();
is_deeply($rebuilt, $after, 'the same answers after a rebuild');
is($pacs->get("/dicom-web/studies/$gone")->{status}, 410, 'the deleted study stays deleted');

# --- a correction of the journal stays ---

my ($kept) = sort keys %{$after->{studies}};
my ($journal) = sort glob "$pacs->{home}/journal/*.log";
my $entry = qq({"op":"correct","t":1,"study":"$kept","tag":"StudyDescription","value":"Corrected"});
open my $j, '>>', $journal or die;
printf $j "%08x %s\n", Compress::Zlib::crc32($entry), $entry;
close $j;
$pacs->stop('nginx', 'QUIT');
$pacs->stop('listener');
($rc, $out) = $pacs->pacs('reindex');
is($rc, 0, 'reindex with a correction') or diag $out;
$pacs->start_listener;
$pacs->start_nginx;
is($pacs->get_json("/dicom-web/studies?StudyInstanceUID=$kept&includefield=StudyDescription")->[0]{'00081030'}{Value}[0],
    'Corrected', 'a correction stays');

# --- sent again, it is there again ---

is($pacs->stow(\@files)->{status}, 200, 'sent again');
is($pacs->get("/dicom-web/studies/$gone")->{status}, 200, '... the deleted study is there again');
is_deeply([sort keys %{state_of()->{instances}}], [sort keys %{$before->{instances}}], '... with all its instances');

# --- a bar for who watches ---

SKIP: {
    skip 'no script(1) to make a terminal', 2 unless have('script');
    ($rc, $out) = capture('script', '-qec', "$Pacs::B/pacs import --home $pacs->{home} @files", '/dev/null');
    is($rc, 0, 'import on a terminal') or diag $out;
    like($out, qr/\[#{30}\] 100 %/, '... draws a bar to its end') or diag $out;
}
unlike(($pacs->pacs('import', @files))[1], qr/\[#/, 'none without a terminal');

# --- verify finds what is wrong ---

my @blobs = sort $pacs->blobs;
open my $f, '+<:raw', $blobs[0] or die;
seek $f, -10, 2;
print $f 'x';
close $f;
rename $blobs[1], "$pacs->{home}/tmp/away";
open $f, '>', $blobs[1] =~ s{[^/]+$}{('0' x 64) . '.dcm'}er or die;
close $f;
($rc, $out) = $pacs->pacs('verify');
is($rc, 1, 'verify finds damage');
like($out, qr/damaged/, '... a changed file');
like($out, qr/missing/, '... a missing one');
like($out, qr/does not know/, '... one too many');
like($out, qr/ 3 findings/, '... and counts them') or diag $out;

$pacs->shutdown;
done_testing;
