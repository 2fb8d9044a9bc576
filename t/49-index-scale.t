#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# searches of an archive too large to walk: what they find, in which order,
# and that they find it by an index.  tools/bench million measures the same
# with 1,000,000 studies

use strict;
use warnings;
use utf8;
use lib 't/lib';
use Encode qw(decode_utf8 encode_utf8);
use File::Path 'make_path';
use File::Temp 'tempdir';
use Pacs;
use Test::More;

binmode $_, ':utf8' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $studies = asan() ? 3000 : 20000;
my $home = tempdir('/tmp/pacsscaleXXXXXX', CLEANUP => 1);
make_path("$home/index");
my ($rc, $out) = capture("$Pacs::B/tools/fill", $home, $studies);
is($rc, 0, "$studies invented studies") or BAIL_OUT($out);

# --- the rows, without any of our SQL ---

my $dump = <<'END';
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
of = {}
for study, modality in c.execute("SELECT DISTINCT study, modality FROM series"):
    of.setdefault(study, set()).add(modality)
for id, *row in c.execute("SELECT id, uid, study_date, patient_id, accession_number, patient_name_n, patient_name_m, patient_name_w FROM study"):
    print("\t".join(row + ["\\".join(sorted(of[id]))]))
END
($rc, $out) = capture('python3', '-c', $dump, "$home/index/pacs.db");
my @rows = map {
    my %r;
    @r{qw(uid date id accession n m words modalities)} = split /\t/, decode_utf8($_), -1;
    \%r;
} split /\n/, $out;
is(scalar @rows, $studies, 'all are there');
@rows = sort { $b->{date} cmp $a->{date} || $a->{uid} cmp $b->{uid} } @rows;

# --- what is asked, and how a row that matches is known ---

sub group { my $re = shift; sub { grep { $_ =~ $re } $_[0]{n}, split /=/, $_[0]{m} } }
sub has { my ($key, $re) = @_; sub { $_[0]{$key} =~ $re } }
sub all { my @f = @_; sub { my $r = shift; !grep { !$_->($r) } @f } }
my $dates = sub { my ($low, $high) = @_; sub { $_[0]{date} ge $low && $_[0]{date} le $high } };

# words of a key begin words of a name or sound like them
sub fuzzy {
    my @words = map {
        my $word = $_;
        my ($sound) = map { $_->{words} =~ /(?:^| )\Q$word\E (#\d+)/ ? $1 : () } @rows;
        $sound ? qr/(?:^| )(?:\Q$word\E|$sound(?: |$))/ : qr/(?:^| )\Q$word\E/;
    } @_;
    return sub { my $r = shift; !grep { $r->{words} !~ $_ } @words };
}

my ($any) = grep { $_->{m} eq '' } @rows[100 .. 200];
my ($rare) = sort map { split /\\/, $_->{modalities} } grep { $_->{modalities} =~ /ES|SM|OT/ } @rows;

my @queries = (
    ['newest', [], sub { 1 }],
    ['patient ID', ["PatientID=$any->{id}"], sub { $_[0]{id} eq $any->{id} }],
    ['accession', ["AccessionNumber=$any->{accession}"], sub { $_[0]{accession} eq $any->{accession} }],
    ['accession*', ['AccessionNumber=A000012*'], has(accession => qr/^A000012/)],
    ['name', ["PatientName=$any->{n}"], group(qr/^\Q$any->{n}\E$/)],
    ['name*', ['PatientName=MÜLLER*'], group(qr/^muller/)],
    ['short name*', ['PatientName=li*'], group(qr/^li/)],
    ['*name*', ['PatientName=*Mann*'], group(qr/mann/)],
    ['*name*, none', ['PatientName=*annal*'], group(qr/annal/)],
    ['*name*, quotes', ["PatientName=*o'co*"], group(qr/o'co/)],
    ['*double quotes*', ['PatientName=*a"b"c*'], group(qr/a"b"c/)],
    ['*name*name?', ['PatientName=*berg*^ann?'], group(qr/berg.*\^ann.$/)],
    ['*ideographs*', ['PatientName=*田^太郎*'], group(qr/田\^太郎/)],
    ['ideographs*', ['PatientName=山田*'], group(qr/^山田/)],
    ['Cyrillic*', ['PatientName=ПЕТР*'], group(qr/^петр/)],
    ['two names', ['PatientName=müller*\\*stein*'], group(qr/^muller|stein/)],
    ['groups', ['PatientName=yama*=山*'], all(has(n => qr/^yama/), has(m => qr/^山/))],
    ['modality', ['ModalitiesInStudy=CT'], has(modalities => qr/\bCT\b/)],
    ['rare modality', ["ModalitiesInStudy=$rare"], has(modalities => qr/\b$rare\b/)],
    ['modality, none', ['ModalitiesInStudy=XX'], sub { 0 }],
    ['modality, dates', ['ModalitiesInStudy=MR', 'StudyDate=20140501-20160430'],
        all(has(modalities => qr/\bMR\b/), $dates->('20140501', '20160430'))],
    ['modality, since', ['ModalitiesInStudy=US', 'StudyDate=20220101-'],
        all(has(modalities => qr/\bUS\b/), $dates->('20220101', '9'))],
    ['name, modality, until', ['PatientName=*er*', 'ModalitiesInStudy=DX', 'StudyDate=-20150101'],
        all(group(qr/er/), has(modalities => qr/\bDX\b/), $dates->('', '20150101')), walks => 1],
    ['*name*, modality', ['PatientName=*erg*', 'ModalitiesInStudy=PT'],
        all(group(qr/erg/), has(modalities => qr/\bPT\b/))],
    ['fuzzy', ['~PatientName=Meyer'], fuzzy('meyer')],
    ['fuzzy, two words', ['~PatientName=Anna Schmidt'], fuzzy('anna', 'schmidt')],
    ['fuzzy, other script', ['~PatientName=Иванов'], fuzzy('иванов')],
);

for (@queries) {
    my ($name, $keys, $match, %o) = @$_;
    my @found = map { $_->{uid} } grep { $match->($_) } @rows;

    for my $offset (0, 130) {
        my ($rc, $out) = capture("$Pacs::B/t/tools/index_query", $home, 1, 100, $offset, map { encode_utf8($_) } @$keys);
        my @lines = split /\n/, $out;
        my $end = $offset + 99 > $#found ? $#found : $offset + 99;
        my @want = (@found[$offset .. $end], @found > $end + 1 && $offset <= $end ? 'more' : ());
        is_deeply([grep { !/^#/ } @lines], \@want, "$name, from $offset: " . @found . ' match');

        my $steps = 0;
        $steps += $_ for map { /^# \S+ ms, (\d+) steps/ } @lines;
        my @scans = grep { /^#\s+SCAN [seipx]\b/ && !/study_walk/ } @lines;
        my @walks = grep { /^#\s+SCAN .*study_walk/ } @lines;
        my @counts = grep { /count\(/ && !/ LIMIT / } @lines;
        is("@scans @counts", ' ', "$name, from $offset: no table is scanned, and nothing counted to its end");
        is("@walks", '', "$name, from $offset: nor is an index") if @$keys && !$o{walks};
        cmp_ok($steps, '<', 60 * 1000, "$name, from $offset: $steps steps");
    }
}

# lower levels come in the order of their studies
for (['series', 2], ['instances', 3]) {
    my ($name, $level) = @$_;
    my @of = map { $_->{uid} } grep { $_->{modalities} =~ /\bES\b/ } @rows;
    my ($rc, $out) = capture("$Pacs::B/t/tools/index_query", $home, $level, 1000, 0, 'Modality=ES');
    my (@seen, %seen);
    for (grep { /^1/ } split /\n/, $out) {
        my ($study) = /\.[23]\.(1\d{8})\./;
        push @seen, "1.2.826.0.1.3680043.10.999.1.$study" if !$seen{$study}++;
    }
    ok(@seen > 3, "$name of " . @seen . ' studies');
    is_deeply(\@seen, [@of[0 .. $#seen]], "$name of a modality, newest first");
}

done_testing;
