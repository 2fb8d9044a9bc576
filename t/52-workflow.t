#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Storage commitment, modality worklist and performed procedure steps by
# REST: PS3.18 chapters 13, 14 and 15; what a kill leaves of acknowledged
# documents.

use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use Pacs;
use Test::More;

my $samples = samples();
my $pacs = Pacs->new(redis => 0, listener => 0);
my $web = '/dicom-web';
my $json = JSON::PP->new->utf8->canonical;
my $next = 0;

sub uid { return '1.2.826.0.1.3680043.98.' . $$ . '.' . ++$next }
sub attr { my ($vr, @v) = @_; return { vr => $vr, @v ? (Value => [@v]) : () } }

sub request {
    my ($method, $path, $body, %headers) = @_;
    $headers{'Content-Type'} //= 'application/dicom+json' if defined $body;
    return $pacs->http($method, $path, { headers => \%headers,
        defined $body ? (content => ref $body ? $json->encode($body) : $body) : () });
}

# --- storage commitment ---

my @files = (native())[0 .. 3];
is($pacs->stow(\@files)->{status}, 200, 'four instances are stored');
my @there = map { [ map { $_->{Value}[0] } @{$_}{qw(00080016 00080018 0020000D 0020000E)} ] } @{$pacs->get_json("$web/instances")};
sub ref_of { return { '00081150' => attr('UI', $_[0]), '00081155' => attr('UI', $_[1]) } }
sub commit { my ($uid, @refs) = @_; return request(POST => "$web/commitment-requests/$uid", { '00081199' => attr('SQ', @refs) }) }

my $t1 = uid();
my $r = commit($t1, map { ref_of(@$_) } @there);
is($r->{status}, 200, 'commitment of what is there is 200') or diag $r->{content};
my $answer = json($r->{content})->[0];
is(scalar @{$answer->{'00081199'}{Value}}, 4, '... for each instance');
ok(!exists $answer->{'00081198'}, '... and none failed');
ok(!exists $answer->{'00081195'}, '... without the Transaction UID');
is(commit($t1, ref_of(@{$there[0]}))->{status}, 409, 'a Transaction UID that is in use is 409');
is_deeply($pacs->get_json("$web/commitment-requests/$t1")->[0], $answer, 'the result can be had again');
is($pacs->get("$web/commitment-requests/1.2.3.9")->{status}, 404, 'of an unknown transaction: 404');

# one is damaged, one gone from the disk, one has another class, one is unknown
my %blob = map { my ($u, $k) = split /\|/; $u => "$pacs->{home}/blobs/" . substr($k, 0, 2) . "/$k.dcm" }
    split /\n/, $pacs->sql('select uid, key from instance');
my ($damaged, $missing) = @blob{ map { $_->[1] } @there[0, 1] };
flip($damaged, (-s $damaged) - 10);
unlink $missing or die $!;
my $t2 = uid();
$r = commit($t2, ref_of(@{$there[0]}), ref_of(@{$there[1]}), ref_of('1.2.840.10008.5.1.4.1.1.2', $there[2][1]),
    ref_of($there[3][0], '1.2.3.4.5'), { %{ref_of(@{$there[3]})}, '00081197' => attr('US', 272) });
is($r->{status}, 200, 'commitment of what is partly there is 200');
$answer = json($r->{content})->[0];
is_deeply([ map { $_->{'00081155'}{Value}[0] } @{$answer->{'00081199'}{Value}} ], [ $there[3][1] ], '... one is committed, whatever the client said of it');
is_deeply([ map { [ $_->{'00081155'}{Value}[0], $_->{'00081197'}{Value}[0] ] } @{$answer->{'00081198'}{Value}} ],
    [ [ $there[0][1], 0x0110 ], [ $there[1][1], 0x0110 ], [ $there[2][1], 0x0119 ], [ '1.2.3.4.5', 0x0112 ] ],
    '... the damaged, the missing, the wrong and the unknown are not, with their reasons');

# by study
sub by_study { my ($s, $x, $c, @i) = @_;
    return { '00081110' => attr('SQ', { '0020000D' => attr('UI', $s), '00081115' => attr('SQ', { '0020000E' => attr('UI', $x),
        '00081112' => attr('SQ', { '00081150' => attr('UI', $c), '0008114A' => attr('SQ', map { { '00081155' => attr('UI', $_) } } @i) }) }) }) } }
$r = request(POST => "$web/commitment-requests/" . uid(), by_study(@{$there[2]}[2, 3, 0], $there[2][1], $there[0][1], $there[3][1]));
$answer = json($r->{content})->[0];
my $in = sub { [ map { $_->{'00081155'}{Value}[0] } @{$answer->{$_[0]}{Value}[0]{'00081115'}{Value}[0]{'00081112'}{Value}[0]{'0008114A'}{Value}} ] };
is_deeply($in->('00081110'), [ $there[2][1], $there[3][1] ], 'by study: what is committed');
is_deeply($in->('0008119B'), [ $there[0][1] ], '... and what is not');
$r = request(POST => "$web/commitment-requests/" . uid(), by_study('1.2.3', @{$there[2]}[3, 0], $there[2][1]));
ok(!exists json($r->{content})->[0]{'00081110'}, 'of another study: nothing is committed');

for (
    [ 'no instances', {} ], [ 'an empty sequence', { '00081199' => attr('SQ') } ],
    [ 'no UID', { '00081199' => attr('SQ', { '00081150' => attr('UI', '1.2') }) } ],
    [ 'a UID that is none', { '00081199' => attr('SQ', ref_of('1.2', 'x')) } ],
    [ 'bad JSON', '{' ], [ 'nothing', '' ],
) {
    is(request(POST => "$web/commitment-requests/" . uid(), $_->[1])->{status}, 400, "commitment with $_->[0] is 400");
}
is(commit('1.2.x', ref_of(@{$there[2]}))->{status}, 400, 'a Transaction UID that is none is 400');
is($pacs->get("$web/commitment-requests/$t1", Accept => 'application/dicom+xml')->{headers}{'content-type'}, 'application/dicom+xml', 'the result as XML');
is(request(DELETE => "$web/commitment-requests/$t1")->{status}, 405, 'DELETE is 405');

# --- modality worklist ---

my $mwl = "$web/modality-scheduled-procedure-steps";
sub item {
    my ($study, $id, %step) = @_;
    return { '0020000D' => attr('UI', $study), '00100010' => attr('PN', { Alphabetic => 'Grün^Ägidius' }), '00100020' => attr('LO', "P$id"),
        '00401001' => attr('SH', "R$id"), '00400100' => attr('SQ', { '00400001' => attr('AE', 'CT1'), '00400002' => attr('DA', '20261122'),
        '00400003' => attr('TM', '0900'), '00080060' => attr('CS', 'CT'), '00400009' => attr('SH', $id), %step }) };
}
sub write_file { my ($name, $text) = @_; open my $f, '>:raw', "$pacs->{home}/tmp/$name"; print $f $text; close $f; return "$pacs->{home}/tmp/$name" }

is($pacs->get($mwl)->{content}, "[]\n", 'an empty worklist');
my ($s1, $s2) = (uid(), uid());
my ($rc, $out) = $pacs->pacs('worklist', 'add', write_file('a.json', $json->encode([ item($s1, 'S1'),
    item($s2, 'S2', '00400001' => attr('AE', 'MR1'), '00080060' => attr('CS', 'MR'), '00400002' => attr('DA', '20261123')) ])));
is($rc, 0, 'pacs worklist add: JSON') or diag $out;
is($out, "added $s1 S1\nadded $s2 S2\n", '... says what');
my $s3 = uid();
($rc, $out) = capture('/usr/bin/python3', '-c', <<'PY', "$pacs->{home}/tmp/b.dcm", $s3);
import sys, pydicom
from pydicom.dataset import Dataset, FileMetaDataset
d = Dataset(); d.SpecificCharacterSet = 'ISO_IR 100'; d.PatientName = 'Bäcker^Jörg'; d.PatientID = 'P3'
d.StudyInstanceUID = sys.argv[2]; d.RequestedProcedureID = 'R3'
s = Dataset(); s.ScheduledStationAETitle = 'CT1'; s.ScheduledProcedureStepStartDate = '20261122'
s.ScheduledProcedureStepStartTime = '1000'; s.Modality = 'MR'; s.ScheduledProcedureStepID = 'S3'
d.ScheduledProcedureStepSequence = [s]
m = FileMetaDataset(); m.TransferSyntaxUID = '1.2.840.10008.1.2.1'; m.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.31'
m.MediaStorageSOPInstanceUID = '1.2.3'; d.file_meta = m; d.is_little_endian = True; d.is_implicit_VR = False
d.save_as(sys.argv[1], write_like_original=False)
PY
is($rc, 0, 'a Part 10 file by pydicom') or diag $out;
is(($pacs->pacs('worklist', 'add', "$pacs->{home}/tmp/b.dcm"))[0], 0, 'pacs worklist add: Part 10');
for (
    [ '' => qw(S1 S2 S3) ],
    [ 'ScheduledProcedureStepSequence.Modality=CT' => 'S1' ],
    [ 'ScheduledProcedureStepSequence.ScheduledStationAETitle=CT1' => qw(S1 S3) ],
    [ '00400100.00400001=CT1&00400100.00080060=MR' => 'S3' ],
    [ '00400100.00400001=MR1&00400100.00080060=CT' ],
    [ '00400100.00400002=20261122' => qw(S1 S3) ], [ '00400100.00400002=20261123-' => 'S2' ],
    [ '00400100.00400002=20261122&00400100.00400003=0930-1030' => 'S3' ],
    [ 'PatientName=grun*' => qw(S1 S2) ], [ 'PatientName=backer%5Ejorg' => 'S3' ], [ 'PatientID=PS2' => 'S2' ],
    [ 'limit=1&offset=1' => 'S2' ],
) {
    my ($query, @want) = @$_;
    my $found = $pacs->get_json("$mwl?$query");
    is_deeply([ map { $_->{'00400100'}{Value}[0]{'00400009'}{Value}[0] } @{$found || []} ], \@want, "worklist $query");
}
is($pacs->get_json("$mwl?PatientID=P3")->[0]{'00100010'}{Value}[0]{Alphabetic}, 'Bäcker^Jörg', 'Latin-1 comes back in UTF-8');
$r = $pacs->get($mwl, Accept => 'multipart/related; type="application/dicom+xml"');
is(scalar @{$pacs->parts($r)}, 3, 'as XML: a part each');
utf8::decode(my $part = $pacs->parts($r)->[2]{body});
like($part, qr/<NativeDicomModel.*Bäcker/s, '... of NativeDicomModel, in UTF-8');
is(scalar @{$pacs->parts($pacs->get($mwl, Accept => 'multipart/related; type="application/dicom+json"'))}, 3, 'as JSON in parts');
is($pacs->get($mwl, Accept => 'application/dicom+xml')->{status}, 406, 'XML without parts is 406');
is(request(POST => $mwl, item(uid(), 'S9'))->{status}, 405, 'nobody adds by HTTP');

my %bad = (study => sub { delete $_[0]{'0020000D'} }, step => sub { delete $_[0]{'00400100'} }, patient => sub { delete $_[0]{'00100020'} },
    modality => sub { delete $_[0]{'00400100'}{Value}[0]{'00080060'} }, second => sub { push @{$_[0]{'00400100'}{Value}}, $_[0]{'00400100'}{Value}[0] });
for my $what (sort keys %bad) {
    my $i = item(uid(), 'B');
    $bad{$what}->($i);
    ($rc, $out) = $pacs->pacs('worklist', 'add', write_file('bad.json', $json->encode($i)));
    is($rc, 1, "an item whose $what is wrong is refused");
    like($out, qr/\([0-9A-F]{4},[0-9A-F]{4}\)/, '... by name');
}
is(($pacs->pacs('worklist', 'add', write_file('bad.json', 'no')))[0], 1, 'no JSON is refused');
is(($pacs->pacs('worklist', 'add', "$pacs->{home}/nothing"))[0], 1, 'no file is refused');
is(($pacs->pacs('worklist', 'add'))[0], 2, 'no argument is wrong usage');
is(($pacs->pacs('worklist', 'remove', $s2, 'S2'))[0], 0, 'pacs worklist remove');
is(($pacs->pacs('worklist', 'remove', $s2, 'S2'))[0], 1, '... twice is an error');
like(($pacs->pacs('worklist', 'list'))[1], qr/^\Q$s1\E S1 20261122 CT1 CT SCHEDULED Gr.*\n\Q$s3\E S3 /, 'pacs worklist list');

# --- performed procedure steps ---

my $mpps = "$web/modality-performed-procedure-steps";
sub step {
    my (%more) = @_;
    return { '00400270' => attr('SQ', { '0020000D' => attr('UI', $s1), '00400009' => attr('SH', 'S1'),
            '00081110' => attr('SQ'), '00080050' => attr('SH'), '00401001' => attr('SH'), '00321060' => attr('LO'), '00400007' => attr('LO'), '00400008' => attr('SQ') }), '00400253' => attr('SH', 'PP1'),
        '00400241' => attr('AE', 'CT1'), '00400244' => attr('DA', '20261122'), '00400245' => attr('TM', '0905'),
        '00400252' => attr('CS', 'IN PROGRESS'), '00080060' => attr('CS', 'CT'), '00100010' => attr('PN', { Alphabetic => 'Grün^Ägidius' }),
        map({ $_ => attr('LO') } qw(00100020 00100030 00100040 00400242 00400243 00400254 00400255 00400250 00400251 00200010)),
        map({ $_ => attr('SQ') } qw(00081120 00081032 00400260 00400340)), %more };
}
sub vrs { my ($s) = @_; my %vr = ('00100030' => 'DA', '00100040' => 'CS', '00400242' => 'SH', '00400243' => 'SH', '00400250' => 'DA', '00400251' => 'TM', '00200010' => 'SH');
    $s->{$_}{vr} = $vr{$_} for grep { $s->{$_} } keys %vr; return $s }

my $p1 = uid();
$r = request(POST => "$mpps/$p1", vrs(step()));
is($r->{status}, 201, 'a performed step is created') or diag $r->{content};
is($r->{headers}{location}, $pacs->url("$mpps/$p1"), '... and says where');
is($r->{headers}{warning}, undef, '... as it was sent');
is(request(POST => "$mpps/$p1", vrs(step()))->{status}, 409, 'a UID that is in use is 409');
$r = $pacs->get("$mpps/$p1");
is(json($r->{content})->[0]{'00100010'}{Value}[0]{Alphabetic}, 'Grün^Ägidius', 'it comes back');
is($pacs->get("$mpps/$p1", 'If-None-Match' => $r->{headers}{etag})->{status}, 304, 'ETag');
like($pacs->get("$mpps/$p1", Accept => 'application/dicom+xml')->{content}, qr/<NativeDicomModel/, 'as XML');
is($pacs->get_json("$mwl?PatientID=PS1")->[0]{'00400100'}{Value}[0]{'00400020'}{Value}[0], 'STARTED', 'the worklist says that it has begun');
is($pacs->get("$mpps/1.2.3.9")->{status}, 404, 'an unknown one is 404');
for my $t (qw(00400270 00400253 00400241 00400244 00400245 00400252 00080060)) {
    my $s = vrs(step());
    delete $s->{$t};
    is(request(POST => "$mpps/" . uid(), $s)->{status}, 400, "without $t it is 400");
}
is(request(POST => "$mpps/" . uid(), vrs(step('00400252' => attr('CS', 'COMPLETED'))))->{status}, 400, 'COMPLETED at once is 400');
is(request(POST => "$mpps/" . uid(), '[')->{status}, 400, 'bad JSON is 400');
my $thin = vrs(step());
delete $thin->{'00400254'};
like(request(POST => "$mpps/" . uid(), $thin)->{headers}{warning}, qr/with modifications/, 'what may be empty is added, and said');

is(request(POST => "$mpps/$p1?update", { '00400254' => attr('LO', 'Abdomen') })->{status}, 200, 'update');
is($pacs->get_json("$mpps/$p1")->[0]{'00400254'}{Value}[0], 'Abdomen', '... is done');
my $bare = uid();
request(POST => "$mpps/$bare", vrs(step('00400270' => attr('SQ', { '0020000D' => attr('UI', '1.2.3') }))));
my $has = $pacs->get_json("$mpps/$bare")->[0]{'00400270'}{Value}[0];
is(join(' ', sort keys %$has), '00080050 00081110 0020000D 00321060 00400007 00400008 00400009 00401001', '... in items, too');
for (
    [ 'a patient reference without UID', '00081120' => attr('SQ', { '00081150' => attr('UI', '1.2') }) ],
    [ 'a study reference without class', '00400270' => attr('SQ', { '0020000D' => attr('UI', '1.2'), '00081110' => attr('SQ', { '00081155' => attr('UI', '1.2') }) }) ],
    [ 'a code without meaning', '00081032' => attr('SQ', { '00080100' => attr('SH', 'X') }) ],
) {
    my ($what, @more) = @$_;
    is(request(POST => "$mpps/" . uid(), vrs(step(@more)))->{status}, 400, "$what is 400");
}
for (
    [ 'an end at no time', { '00400251' => attr('TM') } ], [ 'no series at all', { '00400340' => attr('SQ') } ],
    [ 'a series without protocol', { '00400340' => attr('SQ', { '0020000E' => attr('UI', '1.2') }) } ],
    [ 'an image without class', { '00400340' => attr('SQ', { '0020000E' => attr('UI', '1.2'), '00181030' => attr('LO', 'x'),
        '00081140' => attr('SQ', { '00081155' => attr('UI', '1.2') }) }) } ],
    [ 'the admission', { '00380010' => attr('LO', 'x') } ],
) {
    is(request(POST => "$mpps/$p1?update", $_->[1])->{status}, 400, "update with $_->[0] is 400");
}
is(request(POST => "$mpps/$p1?update", { '00100020' => attr('LO', 'x') })->{status}, 400, 'another patient is 400');
is(request(POST => "$mpps/$p1?update", { '00400252' => attr('CS', 'DONE') })->{status}, 400, 'a status that is none is 400');
is(request(POST => "$mpps/1.2.3.9?update", { '00400254' => attr('LO', 'x') })->{status}, 404, 'update of an unknown one is 404');
is(request(POST => "$mpps/$p1?update", { '00400252' => attr('CS', 'COMPLETED') })->{status}, 409, 'COMPLETED without series is 409');
my %end = ('00400250' => attr('DA', '20261122'), '00400251' => attr('TM', '0930'),
    '00400340' => attr('SQ', { '0020000E' => attr('UI', '1.2.3.4.5.6'), '00181030' => attr('LO', 'Abdomen') }));
is(request(POST => "$mpps/$p1?update", { %end, '00400252' => attr('CS', 'COMPLETED') })->{status}, 200, 'COMPLETED with all of it');
is(join(' ', sort keys %{$pacs->get_json("$mpps/$p1")->[0]{'00400340'}{Value}[0]}),
    '00080054 0008103E 00081050 00081070 00081140 00181030 0020000E 00400220', '... of a series what may be empty is there');
is($pacs->get_json("$mwl?PatientID=PS1")->[0]{'00400100'}{Value}[0]{'00400020'}{Value}[0], 'COMPLETED', '... which the worklist says');
is(request(POST => "$mpps/$p1?update", { '00400254' => attr('LO', 'y') })->{status}, 409, 'then nothing is changed any more');

# XML in, both ways the same
my $xml = $pacs->get("$mpps/$p1", Accept => 'application/dicom+xml')->{content} =~ s{COMPLETED}{IN PROGRESS}r =~ s{<DicomAttribute[^>]*tag="00080018".*?</DicomAttribute>}{}sr;
my $p2 = uid();
$r = request(POST => "$mpps/$p2", $xml, 'Content-Type' => 'application/dicom+xml');
is($r->{status}, 201, 'created by XML') or diag $r->{content};
my ($x, $j) = map { $pacs->get_json("$mpps/$_")->[0] } $p2, $p1;
delete @{$_}{qw(00080018 00400252)} for $x, $j;
is_deeply($x, $j, '... equal to what JSON made');

# --- kill -9 at each call that writes: what was said is there, or nothing was ---

SKIP: {
    skip 'no strace', 1 unless have('strace') && !asan() && !(capture('strace', '-qq', '-o', '/dev/null', 'true'))[0];
    my ($killed, %lost, %half) = (0);
    for my $call (qw(write pwrite64 fdatasync fsync ftruncate)) {
        for my $when (1 .. 6) {
            my ($study, $id) = (uid(), "K$next");
            my $file = write_file('k.json', $json->encode(item($study, $id)));
            my ($rc, $out) = capture('strace', '-f', '-qq', '-o', '/dev/null', '-e', "trace=$call", '-e',
                "inject=$call:signal=KILL:when=$when", "$Pacs::B/pacs", 'worklist', '--home', $pacs->{home}, 'add', $file);
            $killed++ if $out !~ /^added/m;
            my $there = $pacs->get_json("$mwl?PatientID=P$id");
            $lost{"$call $when"}++ if $out =~ /^added/m && @$there != 1;
            $half{"$call $when"}++ if @$there > 1 || (@$there && !exists $there->[0]{'00400100'}{Value}[0]{'00080060'});
            is(($pacs->pacs('worklist', 'add', $file))[0], 0, "killed at $call $when: then it can be added");
        }
    }
    cmp_ok($killed, '>', 5, "$killed of 30 died before they said so");
    is_deeply([ \%lost, \%half ], [ {}, {} ], 'nothing is lost, nothing is half there');
}

# --- kill -9 while four clients create: what was acknowledged is there ---

for my $round (1 .. 2) {
    my @pids;
    for my $n (1 .. 4) {
        my $pid = fork // die;
        if (!$pid) {
            open my $log, '>', "$pacs->{home}/tmp/acked.$n";
            $log->autoflush;
            for my $i (1 .. 500) {
                my $u = "1.2.826.0.1.3680043.97.$$.$i";
                my $e = request(POST => "$mpps/$u", vrs(step('00400253' => attr('SH', "I$i"))));
                print $log "$u\n" if $e->{status} == 201;
                POSIX::_exit(0) if $e->{status} == 599;
            }
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    my $acked = sub { return map { split /\n/, slurp("$pacs->{home}/tmp/acked.$_") } 1 .. 4 };
    wait_until('forty are acknowledged', sub { $acked->() > 40 });
    $pacs->stop('nginx', 'KILL');
    waitpid $_, 0 for @pids;
    my @all = $acked->();
    $pacs->start_nginx;
    my @lost = grep { $pacs->get("$mpps/$_")->{status} != 200 } @all;
    is(scalar @lost, 0, 'round ' . $round . ': each of ' . @all . ' that were acknowledged before kill -9 is there');
    $pacs->stop('nginx');
    is(($pacs->pacs('reindex'))[0], 0, 'reindex');
    $pacs->start_nginx;
    @lost = grep { $pacs->get("$mpps/$_")->{status} != 200 } @all;
    is(scalar @lost, 0, '... and after a reindex too');
}
($rc, $out) = $pacs->pacs('verify');
unlike($out, qr/^(performed|scheduled|commitment)/m, 'verify finds journal and index of one mind') or diag $out;
$pacs->sql(q(update document set json = replace(json, 'Abdomen', 'Thorax') where kind = 'performed' and uid = ') . "$p1'");
$pacs->sql(q(delete from document where kind = 'scheduled'));
($rc, $out) = $pacs->pacs('verify');
like($out, qr/^performed \Q$p1\E: the journal has it otherwise/m, '... but not a document that was changed behind its back');
like($out, qr/^scheduled \Q$s1\E\\S1: in the journal, but not in the index/m, '... or is missing');

$pacs->shutdown;
done_testing;
