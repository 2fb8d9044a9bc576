#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# pacs phantom: the same bytes twice, every kind valid by dciodvfy, orientation
# and names as stated.

use strict;
use warnings;
use lib 't/lib';
use Digest::SHA;
use File::Find;
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $pacs = "$Pacs::B/pacs";
my $tmp = tempdir('pacs-phantom-XXXXXX', DIR => '/tmp', CLEANUP => 1);

sub make {
    my ($dir, @options) = @_;
    is(run($pacs, 'phantom', "$tmp/$dir", @options), 0, "phantom $dir");
    my %sum;
    find({ no_chdir => 1, wanted => sub {
        return unless -f;
        (my $name = $_) =~ s{^\Q$tmp\E/$dir/}{};
        $sum{$name} = Digest::SHA->new(256)->addfile($_)->hexdigest;
    } }, "$tmp/$dir");
    return \%sum;
}

my $one = make('one', '--small');
my $two = make('two', '--small');
is_deeply($two, $one, 'two runs give the same bytes');
is(scalar(grep { m{^[1-7]/\d+/\d+\.dcm$} } keys %$one), scalar(keys %$one),
    'files are STUDY/SERIES/INSTANCE.dcm');

# study => modality, series
my %want = (1 => ['CT', 1], 2 => ['CT', 1], 3 => ['DX', 1], 4 => ['CT', 1],
    5 => ['MR', 3], 6 => ['MG', 4], 7 => ['US', 1]);
for my $study (sort keys %want) {
    my ($modality, $series) = @{$want{$study}};
    my %have = map { m{^$study/(\d+)/} ? ($1 => 1) : () } keys %$one;
    is(scalar(keys %have), $series, "study $study: $series series of $modality");
}

SKIP: {
    skip 'no dciodvfy', 1 unless have('dciodvfy');
    for my $file (sort grep { m{/[13]\.dcm$} } keys %$one) {
        my (undef, $out) = capture('dciodvfy', "$tmp/one/$file");
        my @errors = grep { /Error/ } split /\n/, $out;
        is_deeply(\@errors, [], "$file: valid by dciodvfy")
            or diag(join "\n", @errors);
    }
}

SKIP: {
    skip 'no dcmdump', 1 unless have('dcmdump');

    # attribute => text that dcmdump shows
    my %say = (
        '1/1/1.dcm' => [
            ImageOrientationPatient => '[1\0\0\0\1\0]',
            RescaleIntercept => '[-1024]', PatientPosition => '[HFS]',
            StudyDate => '[20240918]', PatientID => '[DEMO-1001]' ],
        '2/1/1.dcm' => [
            StudyDate => '[20260602]', PatientID => '[DEMO-1001]' ],
        '5/2/1.dcm' => [ ImageOrientationPatient => '[0\1\0\0\0\-1]',
            SpecificCharacterSet => '[ISO_IR 192]' ],
        '5/3/1.dcm' => [ ImageOrientationPatient => '[1\0\0\0\0\-1]' ],
        '6/1/1.dcm' => [ ImageLaterality => '[R]', ViewPosition => '[CC]',
            PatientOrientation => '[P\L]' ],
        '6/2/1.dcm' => [ ImageLaterality => '[L]', ViewPosition => '[CC]',
            PatientOrientation => '[A\R]' ],
        '6/4/1.dcm' => [ ImageLaterality => '[L]', ViewPosition => '[MLO]' ],
        '3/1/1.dcm' => [ PatientOrientation => '[L\F]', BitsStored => '16' ],
        '7/1/1.dcm' => [ NumberOfFrames => '[4]',
            PhotometricInterpretation => '[RGB]' ],
    );
    for my $file (sort keys %say) {
        my ($rc, $out) = capture('dcmdump', '-q', '+L', "$tmp/one/$file");
        my @pairs = @{$say{$file}};
        while (my ($name, $value) = splice @pairs, 0, 2) {
            like($out, qr/ \Q$value\E .*\b$name\b/, "$file: $name is $value");
        }
    }

    my ($rc, $out) = capture('dcmdump', '-q', '+P', 'PatientName', '+U8',
        "$tmp/one/1/1/1.dcm");
    like($out, qr/Lindqvist\^\xc3\x85sa/, 'a name in Latin-1');
    ($rc, $out) = capture('dcmdump', '-q', '+P', 'PatientName',
        "$tmp/one/5/1/1.dcm");
    like($out, qr/=\xe5\xb1\xb1\xe7\x94\xb0\^/, 'a name in ideographs');
}

my %uids;
for my $file (keys %$one) {
    my $head = substr slurp("$tmp/one/$file"), 0, 4096;
    my ($uid) = $head =~ /\x08\0\x18\0UI..(2\.25\.[0-9]+)/s;
    push @{$uids{$uid // 'none'}}, $file;
}
is(scalar(keys %uids), scalar(keys %$one), 'instance UIDs differ');

is((capture($pacs, 'phantom'))[0], 2, 'no folder: usage');
is((capture($pacs, 'phantom', "$tmp/x", '--smal'))[0], 2, 'unknown option');
is((capture($pacs, 'phantom', '/proc/nowhere/x'))[0], 1, 'a folder that '
    . 'cannot be made');

done_testing();
