#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# QIDO-RS over the sample files against pydicom (see
# t/lib/qido_reference.py), and against Orthanc where both read the standard
# in one way.

use strict;
use warnings;

use lib 't/lib';

use File::Find;
use HTTP::Tiny;
use JSON::PP ();
use Pacs;
use Test::More;

my $samples = samples();

system('/usr/bin/python3', '-c', 'import pydicom') == 0
    or plan skip_all => 'no pydicom under /usr/bin/python3';

my $pacs = Pacs->new(redis => 0, listener => 0);
my @files;

find({ no_chdir => 1, wanted => sub {
    push @files, $_ if -f && /\.dcm$/ && !m{/hostile/}
                       && -s _ < (long_run() ? 1e9 : 2e6);
} }, $samples);

my ($rc) = $pacs->pacs('import', @files);

ok($rc == 0 || $rc == 1, 'imported ' . @files . ' files');

open my $list, '>', "$pacs->{home}/files" or die;
print $list map { "$_\n" } @files;
close $list;

open my $out, '-|:utf8', "/usr/bin/python3 $Pacs::TOP/t/lib/qido_reference.py"
    . " http://127.0.0.1:$pacs->{port}/dicom-web <$pacs->{home}/files" or die;
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $n = 0;

while (my $line = <$out>) {
    chomp $line;

    my ($how, $name, $why) = split /\t/, $line, 3;

    ok($how eq 'ok', $name) or diag $why;
    $n++;
}

ok(close $out, 'the comparison came to its end');
cmp_ok($n, '>', 100, 'searches and values compared');

# --- Orthanc ---

my $plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';


# the study UIDs that a server finds
sub found {
    my ($base, $query) = @_;
    my $r = HTTP::Tiny->new(timeout => 60)->get("$base/studies?$query",
        { headers => { Accept => 'application/dicom+json' } });

    return { map { $_->{'0020000D'}{Value}[0] => 1 } @{ json($r->{content}) } }
        if $r->{status} == 200;
    diag "$base $query: $r->{status} $r->{content}";
    return {};
}


SKIP: {
    skip 'no Orthanc with DICOMweb', 1 if !have('Orthanc') || !-e $plugin;

    my ($port, $home) = (free_port(), "$pacs->{home}/orthanc");
    my $orthanc = "http://127.0.0.1:$port";

    mkdir $home;
    open my $f, '>', "$home/conf.json" or die;
    print $f JSON::PP->new->encode({ HttpPort => $port, Plugins => [$plugin],
        DicomServerEnabled => JSON::PP::false, StorageDirectory => $home,
        IndexDirectory => $home, AuthenticationEnabled => JSON::PP::false,
        DicomWeb => { Enable => JSON::PP::true, Root => '/dicom-web/' } });
    close $f;
    $pacs->spawn('orthanc', 'redis-orthanc.log', {}, 'Orthanc',
                 "$home/conf.json");
    wait_until('Orthanc', sub {
        HTTP::Tiny->new->get("$orthanc/system")->{status} == 200 })
        or skip 'Orthanc does not start', 1;

    my $http = HTTP::Tiny->new(timeout => 60);
    my %of;

    for (grep { m{^(.*/(?:ct-series|mr-series|nm-pt|us|xa|mg|cr-dx).*)/}
                && $of{$1}++ < 5 } @files)
    {
        $http->post("$orthanc/instances", { content => slurp($_) });
    }

    my $own = "http://127.0.0.1:$pacs->{port}/dicom-web";
    my $there = found("$orthanc/dicom-web", 'limit=10000');
    my @uids = sort keys %$there;

    cmp_ok(scalar @uids, '>', 10, 'Orthanc has studies, too');

    # it leaves out what is empty for "*", has it for "-DATE", and takes no
    # notice of case
    for my $query ('PatientID=1*', 'StudyDate=19900101-20101231',
        'StudyDate=20040101-', 'ModalitiesInStudy=CT', 'ModalitiesInStudy=MR',
        'AccessionNumber=?*', 'PatientName=a*', 'PatientName=*an*',
        "StudyInstanceUID=$uids[0],$uids[-1]", "StudyInstanceUID=$uids[1]")
    {
        my $theirs = found("$orthanc/dicom-web", "$query&limit=10000");
        my $ours = found($own, "$query&limit=1000");

        is(join(' ', grep { $there->{$_} } sort keys %$ours),
           join(' ', sort keys %$theirs), "as Orthanc: $query finds "
           . keys %$theirs);
    }
    $pacs->stop('orthanc');
}

$pacs->shutdown;
done_testing;
