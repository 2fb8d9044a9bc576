#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Delete over HTTP and on the command line: what is deleted leaves the
# answers at once and the disk by a purge, stays deleted after a rebuild, and
# comes again only by being sent again or restored; cut anywhere.

use strict;
use warnings;
use lib 't/lib';
use Compress::Zlib ();
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

plan(skip_all => 'no python3 with pydicom') if (capture('/usr/bin/python3', '-c', 'import numpy, pydicom'))[0];

# a study of two series of three
my $tmp = tempdir('pacs-delete-XXXXXX', DIR => '/tmp', CLEANUP => 1);
is(run('/usr/bin/python3', '-c', <<'PY', $tmp), 0, 'made');
import sys
sys.path.insert(0, "t/lib")
import volume_phantom as v
for series in "12":
    for k in range(3):
        ds = v.slice_of("a", ("1.2.826.0.1.55", "1.2.826.0.1.55." + series, "1.2.826.0.1.55.9"), v.ramp, (-16.0, -11.0, 2.5 * k), k + 1)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.55", "1.2.826.0.1.55." + series
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.55.{series}.{k}"
        ds.PatientID = "P55"
        ds.save_as(f"{sys.argv[1]}/{series}{k}.dcm", write_like_original=False)
PY
my @files = sort glob "$tmp/*.dcm";
my $root = '1.2.826.0.1.55';
my $web = '/dicom-web/studies';
my $study = "$web/$root";
my %series = map { $_ => "$study/series/$root.$_" } 1, 2;

sub status { return $_[0]->http($_[1], $_[2])->{status} }
sub instances { return scalar @{$_[0]->get_json("/dicom-web/instances?StudyInstanceUID=$root") || []} }

# verify has nothing to say, and a rebuild gives the same answers
sub sound {
    my ($p, $name) = @_;
    my ($rc, $out) = $p->pacs('verify');
    is($rc, 0, "$name: verify finds nothing") or diag $out;
    my $look = sub { [ map { $p->sql("select group_concat(uid) from (select uid from $_ order by uid)") } qw(study series instance deleted) ] };
    my $before = $look->();
    $p->stop('nginx', 'QUIT');
    ($rc, $out) = $p->pacs('reindex');
    is($rc, 0, "$name: reindex") or diag $out;
    is_deeply($look->(), $before, '... gives the same') or diag explain [$look->(), $before];
    ($rc, $out) = $p->pacs('verify');
    is($rc, 0, '... and verify finds nothing') or diag $out;
    $p->start_nginx;
}

# --- off ---

{
    my $p = Pacs->new(redis => 0, listener => 0);
    is($p->stow(\@files)->{status}, 200, 'stored');
    my $r = $p->http(DELETE => $study);
    is($r->{status}, 405, 'without pacs_delete: 405');
    unlike($r->{headers}{allow}, qr/DELETE/, '... and Allow does not name it');
    unlike($p->http(OPTIONS => $study)->{headers}{allow}, qr/DELETE/, '... nor to OPTIONS');
    is(instances($p), 6, '... nothing is deleted');
    $p->shutdown;
}

# --- on ---

my $p = Pacs->new(listener => 0, conf_http => 'pacs_delete on;');
is($p->stow(\@files)->{status}, 200, 'stored');
like($p->http(OPTIONS => $study)->{headers}{allow}, qr/DELETE/, 'Allow names it');
my $etag = $p->get("$study/metadata")->{headers}{etag};

is(status($p, DELETE => "$web/1.2.3"), 404, 'an unknown study is 404');
is(status($p, DELETE => "$study/series/1.2.3"), 404, '... series');
is(status($p, DELETE => "$series{1}/instances/1.2.3"), 404, '... instance');
is(status($p, DELETE => "$series{1}/instances/$root.2.0"), 404, '... or one of another series');
is(status($p, DELETE => "$web/x"), 400, 'no UID is 400');
is(status($p, DELETE => "$study/metadata"), 405, 'metadata is not deleted');
is(status($p, DELETE => $web), 405, 'nor everything');
is(instances($p), 6, '... nothing is gone');

my $r = $p->http(DELETE => "$series{1}/instances/$root.1.0");
is($r->{status}, 204, 'an instance is deleted');
is($r->{content} // '', '', '... no content');
is(status($p, GET => "$series{1}/instances/$root.1.0$_"), 410, "... '$_' is 410") for '', '/metadata', '/rendered', '/frames/1';
is(status($p, DELETE => "$series{1}/instances/$root.1.0"), 410, '... deleted twice is 410');
is(instances($p), 5, '... not found by a search');
isnt($p->get("$study/metadata")->{headers}{etag}, $etag, "... the study's ETag is another");
is($p->http(GET => "$study/metadata", { headers => { 'If-None-Match' => $etag } })->{status}, 200, '... who has the old one gets the new one');
is(status($p, DELETE => $series{2}), 204, 'a series is deleted');
is(status($p, GET => $series{2}), 410, '... 410');
is(instances($p), 2, '... two are left');
is(scalar(my @b = $p->blobs), 6, 'all files are still there');
like(slurp("$p->{home}/log/audit.log"), qr/"EventID":"110105".*"ParticipantObjectID":"$root\.2"/, 'audited');
sound($p, 'after deletions');
is(status($p, GET => $series{2}), 410, '... 410');

# --- sent again ---

is($p->stow(["$tmp/20.dcm"])->{status}, 200, 'one is sent again');
is(status($p, GET => "$series{2}/instances/$root.2.0"), 200, '... and there again');
is(status($p, DELETE => $study), 204, 'the study is deleted');
is(status($p, GET => $study), 410, '... 410');
is($p->stow(["$tmp/10.dcm"])->{status}, 200, 'one is sent again');
sound($p, 'one came again');

# --- purge ---

my ($rc, $out) = $p->pacs('purge');
is($rc, 0, 'purge');
like($out, qr/^0 deleted instances purged/, '... leaves what was deleted a moment ago');
is(scalar(@b = $p->blobs), 6, '... all files');
is(($p->pacs('purge', '--older-than', $_))[0], 2, "--older-than $_ is a usage error") for '-1', 'x', '';
is(($p->pacs('verify', '--now'))[0], 2, '--now is of delete only');
($rc, $out) = $p->pacs('purge', '--older-than', 0);
is($rc, 0, 'purge all') or diag $out;
like($out, qr/^5 deleted instances purged/, '... but what came again');
is(scalar(@b = $p->blobs), 1, '... one file is left');
is(instances($p), 1, '... and answered');
is(status($p, GET => $series{2}), 410, '... purged ones are 410 still');
sound($p, 'after the purge');

# --- another content came under the UID of what is purged: it stays ---

is($p->stow(["$tmp/11.dcm"])->{status}, 200, 'stored');
is(status($p, DELETE => "$series{1}/instances/$root.1.1"), 204, 'deleted');
is(run('cp', "$tmp/11.dcm", "$tmp/other"), 0, 'copied');
is(run('dcmodify', '-nb', '-m', '(0010,0010)=Other', "$tmp/other"), 0, 'another content');
is($p->stow(["$tmp/other"])->{status}, 200, '... is stored');
($rc, $out) = $p->pacs('purge', '--older-than', 0);
like($out, qr/^1 deleted instances purged/, 'the first one is purged');
is(status($p, GET => "$series{1}/instances/$root.1.1"), 200, '... the second one is there');
sound($p, 'a second content');
is(status($p, GET => "$series{1}/instances/$root.1.1"), 200, '... the second one is there');

# --- restored ---

($rc, $out) = $p->pacs('restore', $root, "$root.1", "$root.1.1");
is($rc, 1, 'nothing that was purged is restored') or diag $out;
is(($p->pacs('restore', 'x'))[0], 2, 'restoring no UID is a usage error');
is($p->stow([grep { !/11\.dcm/ } @files])->{status}, 200, 'all are stored');
my $files = sub { return { map { $_ => $p->get("$study/series/$root." . substr($_, 0, 1) . "/instances/$root." . join('.', split //, $_), Accept => 'application/dicom')->{content} } qw(10 12 20 21 22) } };
my $whole = $files->();
like($whole->{10}, qr/^.{128}DICM/s, 'whole files');
$etag = $p->get("$study/metadata")->{headers}{etag};
is(status($p, DELETE => $study), 204, 'the study is deleted');
($rc, $out) = $p->pacs('restore', $root, "$root.1", "$root.1.0");
is($rc, 0, 'an instance is restored') or diag $out;
like($out, qr/^1 instances restored, 0 not/, '... one');
is(instances($p), 1, '... is found');
is(status($p, GET => "$series{1}/instances/$root.1.1"), 410, '... alone');
is(status($p, GET => "$series{1}/instances/$root.1.0/rendered"), 200, '... it can be seen');
sound($p, 'an instance restored');
($rc, $out) = $p->pacs('restore', $root, "$root.2");
like($out, qr/^3 instances restored, 0 not/, 'a series');
($rc, $out) = $p->pacs('restore', $root);
like($out, qr/^2 instances restored, 0 not/, 'the rest');
ok(eq_hash($files->(), $whole), "... the same bytes");
isnt($p->get("$study/metadata")->{headers}{etag}, $etag, '... and an ETag of its own');
is(($p->pacs('restore', $root))[0], 1, 'nothing is left to restore');
sound($p, 'all restored');
is(status($p, DELETE => "$series{1}/instances/$root.1.1"), 204, 'deleted');
is($p->stow(["$tmp/11.dcm"])->{status}, 200, '... another content is stored');
($rc, $out) = $p->pacs('restore', $root, "$root.1", "$root.1.1");
is($rc, 1, '... so the first is not restored');
like($out, qr/not restored: \Q$root\E\.1\.1: another content/, '... which is said') or diag $out;
sound($p, 'not restored');

# --- at once ---

($rc, $out) = $p->pacs('delete', '--now', $root);
is($rc, 0, 'delete --now') or diag $out;
is(scalar(@b = $p->blobs), 1, '... takes the files, too, but what was deleted before');
($rc, $out) = $p->pacs('purge', '--older-than', 0);
like($out, qr/^1 deleted instances purged/, '... which a purge takes');
sound($p, 'delete --now');

# --- rejection notes of IHE IOCM ---

sub kos {
    my ($name, $uid, $title, @instances) = @_;
    my $rc = run('/usr/bin/python3', '-c', <<'PY', "$tmp/$name", $root, $uid, $title, @instances);
import sys
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
path, root, uid, title, *instances = sys.argv[1:]
def item(**values):
    ds = Dataset()
    for k, v in values.items():
        setattr(ds, k, v)
    return ds
kos = "1.2.840.10008.5.1.4.1.1.88.59"
ds = item(SOPClassUID=kos, SOPInstanceUID=f"{root}.3.{uid}", StudyInstanceUID=root, SeriesInstanceUID=f"{root}.3", Modality="KO",
    PatientID="P55", SeriesNumber=3, InstanceNumber=int(uid), ValueType="CONTAINER", ContinuityOfContent="SEPARATE",
    ConceptNameCodeSequence=Sequence([item(CodeValue=title, CodingSchemeDesignator="DCM", CodeMeaning="Rejected")]))
series = [item(SeriesInstanceUID=f"{root}.{i.split('.')[0]}", ReferencedSOPSequence=Sequence([
    item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=f"{root}.{i}" if i[-1] != "." else "")])) for i in instances]
ds.CurrentRequestedProcedureEvidenceSequence = Sequence([item(StudyInstanceUID=root, ReferencedSeriesSequence=Sequence(series))])
ds.file_meta = FileMetaDataset()
ds.file_meta.TransferSyntaxUID, ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.2.1", kos
ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
ds.is_little_endian, ds.is_implicit_VR = True, False
ds.save_as(path, write_like_original=False)
PY
    is($rc, 0, "a note: $title of @instances");
    return "$tmp/$name";
}
sub there { return join ' ', sort map { $_->{'00080018'}{Value}[0] =~ /^\Q$root\E\.(.*)/ } @{$p->get_json("/dicom-web/instances?StudyInstanceUID=$root") || []} }
sub again {
    is(($p->pacs('delete', '--now', $root))[0] & ~1, 0, 'all away');
    is($p->stow(\@files)->{status}, 200, 'all stored');
}

again();
is($p->stow([kos('plain', 1, '113000', '1.0')])->{status}, 200, 'another key object is stored');
is(there(), '1.0 1.1 1.2 2.0 2.1 2.2 3.1', '... and rejects nothing');
is($p->stow([kos('quality', 2, '113001', '1.0', '1.0', '1.0', '1.0', '1.0', '1.0', '1.0', '2.1', '1.', '2.9')])->{status}, 200, 'quality');
is(there(), '1.1 1.2 2.0 2.2 3.1 3.2', '... what it names is away, once; the note is answered');
is(status($p, GET => "$series{1}/instances/$root.1.0"), 410, '... 410');
is($p->stow(["$tmp/quality"])->{status}, 200, 'the note again');
is(there(), '1.1 1.2 2.0 2.2 3.1 3.2', '... changes nothing');
sound($p, 'a note');
my $uid = 3;
for my $title (qw(113037 113038 113039)) {
    again();
    is($p->stow([kos("n$title", ++$uid, $title, '1.1', '2.2')])->{status}, 200, "title $title");
    is(there(), '1.0 1.2 2.0 2.1', '... what it names is away, and the note');
    sound($p, $title);
}
($rc, $out) = $p->pacs('restore', $root, "$root.1", "$root.1.1");
is(there(), '1.0 1.1 1.2 2.0 2.1', 'a rejected instance is restored') or diag $out;
again();
is($p->stow([kos('whole', 9, '113039', '1.0', '1.1', '1.2', '2.0', '2.1', '2.2')])->{status}, 200, 'a whole study');
is(status($p, GET => $study), 410, '... is away');
sound($p, 'a whole study');

{
    my $l = Pacs->new(redis => 0, listener_args => ['--delete']);
    is($l->stow(\@files)->{status}, 200, 'stored');
    is($l->stow(["$tmp/whole"])->{status}, 200, 'without pacs_delete a note is a key object');
    is(instances($l), 7, '... and nothing more');
    SKIP: {
        skip 'no storescu', 2 unless have('storescu');
        is(run('storescu', '127.0.0.1', $l->{dimse} =~ /(\d+)$/, "$tmp/quality"), 0, 'C-STORE of a note');
        is(instances($l), 6, '... is obeyed with --delete');
    }
    $l->shutdown;
}
is(($p->pacs('delete', '--now', $root))[0] & ~1, 0, 'all away');
is(($p->pacs('purge', '--older-than', 0))[0], 0, 'purged');

# --- a deletion cut between journal and row: the row keeps its file ---

my ($journal) = glob "$p->{home}/journal/*.log";
sub half_deleted {
    my $entry = sprintf '{"op":"delete","t":1,"key":"%s","study":"%s","series":"%s","instance":"%s","state":"kept"}',
        $p->sql("select key from instance where uid = '$root.1.2'"), $root, "$root.1", "$root.1.2";
    open my $j, '>>', $journal or die;
    printf $j "%08x %s\n", Compress::Zlib::crc32($entry), $entry;
    close $j;
}
is($p->stow(["$tmp/12.dcm"])->{status}, 200, 'stored');
half_deleted();
($rc, $out) = $p->pacs('purge', '--older-than', 0);
like($out, qr/^0 deleted instances purged/, 'half deleted is not purged');
is(status($p, GET => "$series{1}/instances/$root.1.2"), 200, '... but answered');
($rc, $out) = $p->pacs('restore', $root);
like($out, qr/^1 instances restored/, '... and restored');
sound($p, 'half deleted');
is(status($p, DELETE => $study), 204, 'deleted');

# --- a damaged journal does not say what came again ---

is($p->stow(["$tmp/12.dcm"])->{status}, 200, 'stored');
is(status($p, DELETE => $study), 204, 'deleted');
open my $j, '>>', $journal or die;
print $j "00000000 {\"op\":\"store\"}\n";
close $j;
($rc, $out) = $p->pacs('purge', '--older-than', 0);
is($rc, 1, 'nothing is purged by a damaged journal');
like($out, qr/damaged/, '... which is said');
is(scalar(@b = $p->blobs), 1, '... the file is there');
$p->shutdown;

# --- cut at each step ---

# rows of now, and of a rebuild
sub kept {
    my ($q, $name, @stored) = @_;
    my $missing = sub {
        return grep { !$q->sql("select count(*) from instance where uid = '$root." . join('.', split //, $_) . "'") }
            map { m,(\d+)\.dcm$, } @stored;
    };
    is(join(' ', $missing->()), '', "$name is there");
    my ($rc, $out) = $q->pacs('reindex');
    is($rc, 0, '... reindex') or diag $out;
    is(join(' ', $missing->()), '', '... and there still');
    is($q->sql('select instances from totals'), $out =~ /^(\d+) instances indexed/m ? $1 : 'nothing said', '... each counted once');
}

SKIP: {
    skip 'no strace', 1 unless have('strace');
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0' if asan();
    my $cut = sub {
        my ($q, $call, $n, @args) = @_;
        my @strace = ('strace', '-f', '-qq', '-o', '/dev/null', '-e', "trace=$call", '-e', "inject=$call:signal=KILL:when=$n");
        return (capture(@strace, "$Pacs::B/pacs", $args[0], '--home', $q->{home}, @args[1 .. $#args]))[0];
    };
    my $q = Pacs->new(http => 0, redis => 0, listener => 0, leaks => 0);
    my %seen;
    for my $call (qw(fdatasync fsync write pwrite64 unlinkat)) {
        for my $n (1 .. (long_run() ? 40 : 6)) {
            is(($q->pacs('import', @files))[0], 0, "cut $call $n: stored");
            my $rc = $cut->($q, $call, $n, 'delete', $root);
            $seen{delete}++ if $rc == 137;
            $q->pacs('reindex');
            my $left = $q->sql("select count(*) from instance");
            ok($left == 0 || $left == 6, "... $left: all or nothing");
            is(scalar(@b = $q->blobs), 6, '... no file is lost');
            ($rc, $out) = $q->pacs('verify');
            is($rc, 0, '... verify after a reindex') or diag $out;
            is(($q->pacs('import', @files))[0], 0, '... stored');
            $rc = $cut->($q, $call, $n, 'delete', $root);
            is(($q->pacs('import', @files[0 .. 2]))[0], 0, '... cut again: the first three are stored again');
            kept($q, '... what was acknowledged', @files[0 .. 2]);
            $q->pacs('delete', $root) if $left;
            $rc = $cut->($q, $call, $n, 'restore', $root);
            $seen{restore}++ if $rc == 137;
            $q->pacs('reindex');
            ($rc, $out) = $q->pacs('verify');
            is($rc, 0, '... verify after a cut restore') or diag $out;
            $q->pacs('restore', $root) if $q->sql("select count(*) from instance") < 6;
            is($q->sql("select count(*) from instance"), 6, '... again restores all');
            $q->pacs('delete', $root);
            $rc = $cut->($q, $call, $n, 'purge', '--older-than', 0);
            $seen{purge}++ if $rc == 137;
            ($rc, $out) = $q->pacs('reindex');
            is($rc, 0, '... reindex after a cut purge') or diag $out;
            is($q->sql("select count(*) from instance"), 0, '... brings nothing again');
            ($rc, $out) = $q->pacs('verify');
            is($rc, 0, '... verify') or diag $out;
        }
    }
    cmp_ok($seen{$_} // 0, '>', 3, "$_ was cut") for qw(delete restore purge);

    # a note that was cut was not acknowledged: its sender sends it again
    for my $call (qw(fdatasync pwrite64)) {
        for my $n (1 .. (long_run() ? 40 : 6)) {
            is(($q->pacs('import', @files))[0], 0, "a note cut at $call $n: stored");
            $rc = $cut->($q, $call, $n, 'import', "$tmp/whole");
            $seen{note}++ if $rc == 137;
            is(($q->pacs('import', "$tmp/whole"))[0], 0, '... the note again');
            is($q->sql('select count(*) from instance'), 0, '... it is obeyed');
            is(($q->pacs('import', $files[3]))[0], 0, '... what comes after it');
            kept($q, '... is stored', $files[3]);
            ($rc, $out) = $q->pacs('verify');
            is($rc, 0, '... verify') or diag $out;
        }
    }
    cmp_ok($seen{note} // 0, '>', 3, 'notes were cut');
    $q->shutdown;
}

done_testing;
