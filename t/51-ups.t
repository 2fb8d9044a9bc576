#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# UPS-RS, PS3.18 chapter 11: workitems through all their states with right
# and wrong Transaction UIDs and bodies, searches, subscriptions and events,
# two clients that race, and what is there after a restart, a kill and a
# reindex.

use strict;
use warnings;
use utf8;
use lib 't/lib';
use JSON::PP ();
use Pacs;
use Test::More;
use WebSocket;

my $pacs = Pacs->new(redis => 0, listener => 0,
    conf_http => 'pacs_limit_request_body 100k;');
my $web = '/dicom-web';
my $items = "$web/workitems";
my $json = JSON::PP->new->utf8->canonical;
my $next = 0;

sub uid { return '1.2.826.0.1.3680043.99.' . $$ . '.' . ++$next }

sub request {
    my ($method, $path, $body, %headers) = @_;
    $headers{'Content-Type'} //= 'application/dicom+json' if defined $body;
    return $pacs->http($method, $path, { headers => \%headers,
        defined $body ? (content => ref $body ? $json->encode($body) : $body) : () });
}

sub attr { my ($vr, @v) = @_; return { vr => $vr, @v ? (Value => [@v]) : () } }
sub code { return { '00080100' => attr('SH', $_[0]), '00080102' => attr('SH', '99T'), '00080104' => attr('LO', "code $_[0]") } }

# all of type 1 and 2 of table CC.2.5-3
sub workitem {
    my (%more) = @_;
    return {
        '00741000' => attr('CS', 'SCHEDULED'), '00741200' => attr('CS', 'MEDIUM'),
        '00741204' => attr('LO', 'Segment the liver'), '00741202' => attr('LO', 'Abdomen'),
        '00404041' => attr('CS', 'READY'), '00404005' => attr('DT', '20261122093000'),
        '00741210' => attr('SQ'), '00404025' => attr('SQ', code('ST1')), '00404026' => attr('SQ'),
        '00404027' => attr('SQ'), '00404018' => attr('SQ', code('W1')), '00400400' => attr('LT'),
        '00404021' => attr('SQ'), '00100010' => attr('PN', { Alphabetic => 'Müller^Ånne' }),
        '00100020' => attr('LO', 'P1'), '00100021' => attr('LO', 'ISS'), '00100024' => attr('SQ'),
        '00101002' => attr('SQ'), '00100030' => attr('DA', '19700102'), '00100040' => attr('CS', 'F'),
        '00380010' => attr('LO'), '00380014' => attr('SQ'), '00081080' => attr('LO'), '00081084' => attr('SQ'),
        '0020000D' => attr('UI'), '0040A370' => attr('SQ', { '0020000D' => attr('UI', '1.2.3.4'), '00080050' => attr('SH', 'ACC7'),
            '00080051' => attr('SQ'), '00400026' => attr('SQ'), '00400027' => attr('SQ'), '00401001' => attr('SH'),
            '00321060' => attr('LO', 'Größe der Leber'), '00321064' => attr('SQ') }),
        '00741002' => attr('SQ'), '00741216' => attr('SQ'), %more };
}

sub create {
    my ($uid, %more) = @_;
    my $r = request(POST => "$items?$uid", workitem(%more));
    is($r->{status}, 201, "workitem ...$next is created") or diag $r->{content};
    return $uid;
}

sub state_is {
    my ($uid, $state, $what) = @_;
    my $r = $pacs->get_json("$items/$uid");
    is($r->[0]{'00741000'}{Value}[0], $state, $what);
    ok(!exists $r->[0]{'00081195'}, '... and no Transaction UID in it');
}

sub set_state {
    my ($uid, $state, $transaction) = @_;
    return request(PUT => "$items/$uid/state", {
        defined $transaction ? ('00081195' => attr('UI', $transaction)) : (),
        '00741000' => attr('CS', $state) });
}

# what a workitem needs at its end
my %performed = ('00741216' => attr('SQ', { '00404028' => attr('SQ', code('ST1')),
    '00404050' => attr('DT', '20261122093000'), '00404051' => attr('DT', '20261122094000'),
    '00404019' => attr('SQ', code('W1')), '00404033' => attr('SQ') }));
my %canceled = ('00741002' => attr('SQ', { '00404052' => attr('DT', '20261122093500'),
    '0074100E' => attr('SQ', code('110513')) }));

# --- create ---

my $a = uid();
my $r = request(POST => "$items?$a", workitem());
is($r->{status}, 201, 'create') or diag $r->{content};
is($r->{headers}{location}, $pacs->url("$items/$a"), '... says where it is');
ok(!exists $r->{headers}{warning}, '... and changed nothing');
is(request(POST => "$items?$a", workitem())->{status}, 409, 'a UID that is in use is 409');

my %thin = map { $_ => workitem()->{$_} } qw(00741000 00741200 00741204 00404041 00404005);
my $thin = uid();
$r = request(POST => "$items?workitem=$thin", \%thin);
is($r->{status}, 201, 'without what may be empty: created');
like($r->{headers}{warning}, qr/^299 \S+ "The UPS was created with modifications\."$/, '... and 299 says that it was added');
my $filled = $pacs->get_json("$items/$thin")->[0];
ok(exists $filled->{'00404018'}, '... empty');
is($filled->{'00741202'}{Value}[0], 'GENERAL', '... but the worklist label, which the server fills in');

# items: table CC.2.5-3 and its macros
my $requested = uid();
request(POST => "$items?$requested", workitem('0040A370' => attr('SQ', { '0020000D' => attr('UI', '1.2.3') }),
    '00100024' => attr('SQ', { '00400033' => attr('CS', 'ISO') }), '00101002' => attr('SQ', { '00100020' => attr('LO', 'OLD') })));
$filled = $pacs->get_json("$items/$requested")->[0];
ok(exists $filled->{'0040A370'}{Value}[0]{$_}, "... $_ in a request's item, too") for qw(00080050 00080051 00400026 00400027 00401001 00321060 00321064);
ok(exists $filled->{'00100024'}{Value}[0]{'00400035'}, '... of an issuer');
ok(exists $filled->{'00101002'}{Value}[0]{'00100021'}, '... of another ID of the patient');
my %instances = ('0040E020' => attr('CS', 'DICOM'), '00081199' => attr('SQ', { '00081150' => attr('UI', '1.2'), '00081155' => attr('UI', '1.2.3') }));
create(uid(), '00404021' => attr('SQ', { %instances }));

my $inside = uid();
is(request(POST => $items, workitem('00080018' => attr('UI', $inside)))->{status}, 201, 'the UID in the data set');
is($pacs->get("$items/$inside")->{status}, 200, '... names it');

for (
    [ 'no UID at all', $items, workitem(), 400 ],
    [ 'two UIDs', "$items?" . uid(), workitem('00080018' => attr('UI', '1.2.3')), 400 ],
    [ 'not a UID', "$items?workitem=1.2.x", workitem(), 400 ],
    [ 'IN PROGRESS at once', "$items?" . uid(), workitem('00741000' => attr('CS', 'IN PROGRESS')), 400 ],
    [ 'a state that is none', "$items?" . uid(), workitem('00741000' => attr('CS', 'DONE')), 400 ],
    [ 'a priority that is none', "$items?" . uid(), workitem('00741200' => attr('CS', 'SOON')), 400 ],
    [ 'a code without meaning', "$items?" . uid(), workitem('00404018' => attr('SQ', { '00080100' => attr('SH', 'X') })), 400 ],
    [ 'a parameter without name', "$items?" . uid(), workitem('00741210' => attr('SQ', { '0040A040' => attr('CS', 'TEXT') })), 400 ],
    [ 'input of no type', "$items?" . uid(), workitem('00404021' => attr('SQ', { %instances{'00081199'} })), 400 ],
    [ 'input without instances', "$items?" . uid(), workitem('00404021' => attr('SQ', { %instances{'0040E020'} })), 400 ],
    [ 'input without a class', "$items?" . uid(), workitem('00404021' => attr('SQ', { %instances, '00081199' => attr('SQ', { '00081155' => attr('UI', '1.2.3') }) })), 400 ],
    [ 'an ID that is none', "$items?" . uid(), workitem('00101002' => attr('SQ', { '00100021' => attr('LO', 'X') })), 400 ],
    [ 'a Transaction UID', "$items?" . uid(), workitem('00081195' => attr('UI', '1.2.3')), 400 ],
    [ 'progress already', "$items?" . uid(), workitem('00741002' => attr('SQ', { '00741004' => attr('DS', 5) })), 400 ],
    [ 'performed already', "$items?" . uid(), workitem(%performed), 400 ],
    [ 'another SOP class', "$items?" . uid(), workitem('00080016' => attr('UI', '1.2.840.10008.1.1')), 400 ],
    [ 'a code without meaning', "$items?" . uid(), workitem('00404018' => attr('SQ', { '00080100' => attr('SH', 'x') })), 400 ],
    [ 'bad JSON', "$items?" . uid(), '{"00741000":', 400 ],
    [ 'no JSON object', "$items?" . uid(), '7', 400 ],
    [ 'two data sets', "$items?" . uid(), [ workitem(), workitem() ], 400 ],
    [ 'no data set', "$items?" . uid(), [], 400 ],
    [ 'empty body', "$items?" . uid(), '', 400 ],
    [ 'over the limit', "$items?" . uid(), workitem('00400400' => attr('LT', 'x' x 150000)), 413 ],
    (map { my $t = $_; [ "without $t", "$items?" . uid(), do { my $w = workitem(); delete $w->{$t}; $w }, 400 ] }
        qw(00741000 00741200 00741204 00404041 00404005)),
    (map { [ "$_ empty", "$items?" . uid(), workitem($_ => attr('CS')), 400 ] } qw(00741000 00741200 00404041)),
) {
    my ($what, $path, $body, $status) = @$_;
    my $e = request(POST => $path, $body);
    is($e->{status}, $status, "create with $what is $status") or diag $e->{content};
    ok(eval { length json($e->{content})->{reason} > 5 }, '... with a reason') or diag $e->{content};
}
is(request(POST => "$items?" . uid(), $json->encode(workitem()), 'Content-Type' => 'text/plain')->{status}, 415, 'text/plain is 415');
is(request(POST => "$items?" . uid(), $json->encode(workitem()), 'Content-Encoding' => 'gzip')->{status}, 415, 'an encoded body is 415');
is(request(PUT => $items, workitem())->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'PUT is 405, and what is allowed is said');

my $chunked = uid();
my @pieces = $json->encode([ workitem() ]) =~ /(.{1,100})/gs;
is($pacs->http(POST => "$items?$chunked", { headers => { 'Content-Type' => 'application/dicom+json' },
    content => sub { shift @pieces // '' } })->{status}, 201, 'a chunked body, an array of one');

# --- retrieve ---

$r = $pacs->get("$items/$a");
is($r->{headers}{'content-type'}, 'application/dicom+json', 'retrieve as dicom+json');
my $got = json($r->{content})->[0];
is($got->{'00100010'}{Value}[0]{Alphabetic}, 'Müller^Ånne', 'a name comes back as it was sent');
is($got->{'0040A370'}{Value}[0]{'00321060'}{Value}[0], 'Größe der Leber', '... and a text in an item');
is($got->{'00080016'}{Value}[0], '1.2.840.10008.5.1.4.34.6.1', 'the SOP class is UPS Push');
is($got->{'00080018'}{Value}[0], $a, 'the SOP instance is the workitem');
like($got->{'00404010'}{Value}[0], qr/^\d{14}\.\d{6}\+0000$/, 'when it was modified');
my $etag = $r->{headers}{etag};
is($pacs->get("$items/$a", 'If-None-Match' => $etag)->{status}, 304, 'ETag');
is($pacs->http(HEAD => "$items/$a")->{status}, 200, 'HEAD');
is($pacs->get("$items/1.2.3.99")->{status}, 404, 'an unknown one is 404');
is($pacs->get("$items/$a", Accept => 'image/png')->{status}, 406, 'as a picture: 406');

# --- update while it is scheduled ---

is(request(POST => "$items/$a", { '00741204' => attr('LO', 'Segment the spleen'), '00404041' => attr('CS', 'INCOMPLETE') })->{status}, 200, 'update');
$got = $pacs->get_json("$items/$a")->[0];
is($got->{'00741204'}{Value}[0], 'Segment the spleen', '... is done');
is($got->{'00741202'}{Value}[0], 'Abdomen', '... to nothing else');
is($got->{'0040A370'}{Value}[0]{'00321060'}{Value}[0], 'Größe der Leber', '... not to a text in an item');
isnt($pacs->get("$items/$a")->{headers}{etag}, $etag, '... and changes the ETag');

for (
    [ 'the state', { '00741000' => attr('CS', 'COMPLETED') } ],
    [ 'the patient', { '00100020' => attr('LO', 'P2') } ],
    [ 'the UID', { '00080018' => attr('UI', '1.2.3') } ],
    [ 'a required one to nothing', { '00741204' => attr('LO') } ],
    [ 'the comment to nothing', { '00400400' => attr('LT') } ],
    [ 'the work to nothing', { '00404018' => attr('SQ') } ],
    [ 'a communication without URI', { '00741002' => attr('SQ', { '00741008' => attr('SQ', { '0074100C' => attr('LO', 'x') }) }) } ],
    [ 'a performer without name', { '00404034' => attr('SQ', { '00404009' => attr('SQ', code('X')), '00404036' => attr('LO', 'x') }) } ],
    [ 'a value that is none', { '00741200' => attr('CS', 'SOON') } ],
) {
    is(request(POST => "$items/$a", $_->[1])->{status}, 400, "update of $_->[0] is 400");
}
is(request(POST => "$items/$a", '{}x')->{status}, 400, 'update with bad JSON is 400');
is(request(POST => "$items/1.2.3.99", { '00741204' => attr('LO', 'x') })->{status}, 404, 'update of an unknown one is 404');
is(request(POST => "$items/$a?transaction-uid=1.2.3", { '00741204' => attr('LO', 'x') })->{status}, 400,
    'update of a scheduled one with a Transaction UID is 400');

# --- each change of state, with each Transaction UID ---

my $own = '1.2.3.4.5';
my %reach = (
    'SCHEDULED' => sub { },
    'IN PROGRESS' => sub { set_state($_[0], 'IN PROGRESS', $own) },
    'COMPLETED' => sub { set_state($_[0], 'IN PROGRESS', $own);
        request(POST => "$items/$_[0]?transaction-uid=$own", { %performed });
        set_state($_[0], 'COMPLETED', $own) },
    'CANCELED' => sub { set_state($_[0], 'IN PROGRESS', $own);
        request(POST => "$items/$_[0]?$own", { %canceled });
        set_state($_[0], 'CANCELED', $own) },
);
my $missing = qr/The Transaction UID is missing\./;
my $wrong = qr/The Transaction UID is incorrect\./;
my $odd = qr/The submitted request is inconsistent with the state of the UPS Instance\./;
my %want = (    # state -> asked -> [ own, other ], status and Warning
    'SCHEDULED' => { 'IN PROGRESS' => [ [200], [200] ], 'COMPLETED' => [ [409, $odd], [409, $odd] ], 'CANCELED' => [ [409, $odd], [409, $odd] ] },
    'IN PROGRESS' => { 'IN PROGRESS' => [ [409, $odd], [409, $odd] ],
        'COMPLETED' => [ [409, $odd], [400, $wrong] ], 'CANCELED' => [ [409, $odd], [400, $wrong] ] },
    'COMPLETED' => { 'IN PROGRESS' => [ [409, $odd], [409, $odd] ],
        'COMPLETED' => [ [200, qr/already in the requested state of COMPLETED/], [400, $wrong] ], 'CANCELED' => [ [409, $odd], [409, $odd] ] },
    'CANCELED' => { 'IN PROGRESS' => [ [409, $odd], [409, $odd] ],
        'COMPLETED' => [ [409, $odd], [409, $odd] ], 'CANCELED' => [ [200, qr/already in the requested state of CANCELED/], [400, $wrong] ] },
);
for my $from (sort keys %want) {
    for my $to (sort keys %{$want{$from}}) {
        my @cases = ([ $own, @{$want{$from}{$to}[0]} ], [ '9.9.9', @{$want{$from}{$to}[1]} ],
            [ undef, 400, $missing ], [ '', 400, $missing ], [ 'no uid', 400 ]);
        for my $case (@cases) {
            my ($transaction, $status, $warning) = @$case;
            my $u = create(uid());
            $reach{$from}->($u);
            state_is($u, $from, "a workitem that is $from");
            my $e = set_state($u, $to, $transaction);
            my $by = defined $transaction ? "'$transaction'" : 'no Transaction UID';
            is($e->{status}, $status, "$from to $to with $by is $status") or diag $e->{content};
            $warning ? like($e->{headers}{warning}, $warning, '... with its Warning')
                     : ok(1);
            state_is($u, $status == 200 && !$warning ? $to : $from, '... and the state is right after it');
        }
    }
}
for (
    [ 'to SCHEDULED', { '00741000' => attr('CS', 'SCHEDULED'), '00081195' => attr('UI', '1.2') } ],
    [ 'to nothing', { '00081195' => attr('UI', '1.2') } ],
    [ 'with more', { '00741000' => attr('CS', 'IN PROGRESS'), '00081195' => attr('UI', '1.2'), '00741204' => attr('LO', 'x') } ],
    [ 'bad JSON', '[' ],
) {
    is(request(PUT => "$items/$a/state", $_->[1])->{status}, 400, "change of state $_->[0] is 400");
}
is(set_state('1.2.3.99', 'IN PROGRESS', '1.2')->{status}, 404, 'change of state of an unknown one is 404');

# --- update while it is in progress, and after ---

my $b = create(uid());
set_state($b, 'IN PROGRESS', $own);
my %label = ('00741204' => attr('LO', 'x'));
for ([ 'missing', '', $missing ], [ 'wrong', '?transaction-uid=9.9.9', $wrong ]) {
    my $e = request(POST => "$items/$b$_->[1]", \%label);
    is($e->{status}, 400, "update with a Transaction UID that is $_->[0] is 400");
    like($e->{headers}{warning}, $_->[2], '... with its Warning');
}
is(request(POST => "$items/$b?transaction-uid=$own", \%label)->{status}, 200, 'update by ?transaction-uid=');
is(request(POST => "$items/$b?$own", \%label)->{status}, 200, 'update by ?{transaction}');
is(request(POST => "$items/$b", { %label, '00081195' => attr('UI', $own) })->{status}, 200, 'update by a Transaction UID in the data set');
is(request(POST => "$items/$b?$own", { %label, '00081195' => attr('UI', '9.9') })->{status}, 400, 'two that differ are 400');
for my $missing (sort keys %{$performed{'00741216'}{Value}[0]}) {
    my %p = %{$performed{'00741216'}{Value}[0]};
    delete $p{$missing};
    request(POST => "$items/$b?$own", { '00741216' => attr('SQ', \%p) });
    my $e = set_state($b, 'COMPLETED', $own);
    is($e->{status}, 409, "it is not COMPLETED without $missing");
    like(json($e->{content})->{reason}, qr/\Q@{[substr $missing, 0, 4]},@{[substr $missing, 4]}/, '... which is named');
}
request(POST => "$items/$b?$own", { %performed });
is(set_state($b, 'COMPLETED', $own)->{status}, 200, 'then it is');
for my $u ("$items/$b?$own", "$items/$b") {
    my $e = request(POST => $u, \%label);
    is($e->{status}, 400, 'a COMPLETED one is not changed');
    like($e->{headers}{warning}, qr/inconsistent with the current state of the Workitem/, '... with its Warning');
}

# --- two clients want it at once ---

for my $round (1 .. 5) {
    my $u = create(uid());
    my @pids;
    for my $n (1 .. 6) {
        my $pid = fork // die;
        if (!$pid) {
            my $e = set_state($u, 'IN PROGRESS', "1.2.3.$n");
            POSIX::_exit($e->{status} == 200 ? $n : $e->{status} == 409 ? 100 : 101);
        }
        push @pids, $pid;
    }
    my @said = map { waitpid $_, 0; $? >> 8 } @pids;
    my @won = grep { $_ < 100 } @said;
    is(scalar @won, 1, "round $round: one of six gets the workitem");
    is(scalar(grep { $_ == 100 } @said), 5, '... and the others a 409');
    is(set_state($u, 'COMPLETED', "1.2.3.$won[0]")->{status}, 409, '... whose Transaction UID it has');
    like(request(POST => "$items/$u?1.2.3.$won[0]", \%label)->{status}, qr/200/, '... and who may change it');
}

# --- request to cancel ---

my $c = create(uid());
is(request(POST => "$items/$c/cancelrequest", { '00741238' => attr('LT', 'changed my mind') })->{status}, 202, 'cancel of a scheduled one is 202');
state_is($c, 'CANCELED', '... and it is canceled');
my $why = $pacs->get_json("$items/$c")->[0]{'00741002'}{Value}[0];
is($why->{'00741238'}{Value}[0], 'changed my mind', '... with the reason');
ok($why->{'00404052'}{Value}[0], '... when');
is($why->{'0074100E'}{Value}[0]{'00080100'}{Value}[0], '110513', '... and a code');
$r = request(POST => "$items/$c/cancelrequest");
is($r->{status}, 202, 'cancel of a canceled one is 202');
like($r->{headers}{warning}, qr/^299 \S+ "The UPS is already in the requested state of CANCELED\."/, '... with Warning 299');
$r = request(POST => "$items/$b/cancelrequest");
is($r->{status}, 409, 'cancel of a completed one is 409');
like($r->{headers}{warning}, qr/The UPS is already COMPLETED\./, '... with its Warning');
my $d = create(uid());
set_state($d, 'IN PROGRESS', $own);
$r = request(POST => "$items/$d/cancelrequest");
is($r->{status}, 409, 'cancel of one in progress that nobody listens to is 409');
like($r->{headers}{warning}, qr/The performer cannot be contacted\./, '... with its Warning');
is(request(POST => "$items/1.2.3.99/cancelrequest")->{status}, 404, 'cancel of an unknown one is 404');
is(request(POST => "$items/$d/cancelrequest", '{')->{status}, 400, 'cancel with bad JSON is 400');

# --- search ---

my $s1 = create(uid(), '00741202' => attr('LO', 'Search list'), '00404005' => attr('DT', '20300101080000'),
    '00404025' => attr('SQ', code('CT1'), code('CT2')), '00100020' => attr('LO', 'S1'),
    '00102000' => attr('LO', 'A', 'B'),
    '00100010' => attr('PN', { Alphabetic => 'Sörensen^Åse' }));
my $s2 = create(uid(), '00741202' => attr('LO', 'Search list'), '00404005' => attr('DT', '20300102080000'),
    '00404025' => attr('SQ', { %{code('CT1')}, '00080102' => attr('SH', 'OTHER') }), '00100020' => attr('LO', 'S2'),
    '00102000' => attr('LO', 'A'));
set_state($s2, 'IN PROGRESS', $own);

sub found { my $f = $pacs->get_json("$items?$_[0]"); return $f ? [ map { $_->{'00080018'}{Value}[0] } @$f ] : 'error' }
for (
    [ 'WorklistLabel=Search%20list', $s1, $s2 ],
    [ 'WorklistLabel=Search*', $s1, $s2 ],
    [ '00741202=Search%20list&ProcedureStepState=SCHEDULED', $s1 ],
    [ '00741202=Search%20list&00741000=IN%20PROGRESS', $s2 ],
    [ "SOPInstanceUID=$s1,$s2", $s1, $s2 ],
    [ 'PatientID=S1', $s1 ],
    [ 'PatientName=sorensen*&00741202=Search*', $s1 ],
    [ 'WorklistLabel=Search*&ScheduledStationNameCodeSequence.CodeValue=CT2', $s1 ],
    [ 'WorklistLabel=Search*&00404025.00080100=CT1', $s1, $s2 ],
    [ 'WorklistLabel=Search*&00404025.00080100=CT1&00404025.00080102=99T', $s1 ],
    [ 'WorklistLabel=Search*&00404025.00080100=CT2&00404025.00080104=code%20CT1' ],
    [ 'WorklistLabel=Search*&0040A370.00321060=Gr%C3%B6%C3%9Fe*', $s1, $s2 ],
    [ "WorklistLabel=Search*&ReferencedRequestSequence.AccessionNumber=ACC7", $s1, $s2 ],
    [ 'WorklistLabel=Search*&PatientBirthDate=19700101-19700103', $s1, $s2 ],
    [ 'WorklistLabel=Search*&PatientBirthDate=19710101-' ],
    [ 'WorklistLabel=Search*&limit=1', $s1 ],
    [ 'WorklistLabel=Search*&limit=1&offset=1', $s2 ],
    [ 'WorklistLabel=Search*&offset=9' ],
    [ 'WorklistLabel=Search*&ScheduledProcedureStepStartDateTime=20300101-20300101', $s1 ],
    [ 'WorklistLabel=Search*&00404005=20300101120000-', $s2 ],
    [ 'WorklistLabel=Search*&00404005=2030', $s1, $s2 ],
    [ 'WorklistLabel=Search*&PatientName=soerensen&fuzzymatching=true', $s1 ],
    [ 'WorklistLabel=Search*&PatientName=aase&fuzzymatching=true', $s1 ],
    [ 'MedicalAlerts=A%5CB', $s1, $s2 ],
    [ 'MedicalAlerts=A%5CB&multiplevaluematching=true', $s1 ],
    [ 'WorklistLabel=Search*&AdmissionID=%22%22&emptyvaluematching=true', $s1, $s2 ],
    [ 'WorklistLabel=Search*&PatientID=%22%22&emptyvaluematching=true' ],
) {
    my ($query, @uids) = @$_;
    is_deeply(found($query), \@uids, "search $query");
}
$r = $pacs->get("$items?WorklistLabel=nobody");
is("$r->{status} $r->{content}", "200 []\n", 'nothing found is 200 and []');
ok(!grep({ exists $_->{'00081195'} } @{$pacs->get_json($items)}), 'no Transaction UID in any of all');
like($pacs->get("$items?orderby=PatientID")->{headers}{warning}, qr/orderby is not supported/, 'orderby is warned of');
my $many = join '&', map { sprintf('00404025.0041%04x=x', 0x1000 + $_) } 1 .. 60;
is($pacs->get("$items?$many")->{status}, 413, 'sixty keys in one sequence are too many');
is_deeply(found(join '&', map { sprintf('0041%04x=x', 0x1000 + $_) } 1 .. 60), [], '... but not side by side');
for ('TransactionUID=1.2.3.4.5', 'NoSuchKeyword=1', 'PatientBirthDate=19x', 'limit=0', 'limit=x', 'offset=-1',
    'ScheduledStationNameCodeSequence=x')
{
    is($pacs->get("$items?$_")->{status}, 400, "search $_ is 400");
}

# --- subscriptions and events ---

sub event {
    my ($ws, $seconds) = @_;
    my $f = ws_frame($ws, $seconds) or return;
    return $f->[0] eq '1' ? json($f->[1]) : { opcode => $f->[0] };
}

sub event_is {
    my ($ws, $uid, $type, $what, %values) = @_;
    my $e = event($ws);
    is($e->{'00001002'}{Value}[0], $type, "$what: event $type") or diag explain $e;
    is($e->{'00001000'}{Value}[0], $uid, '... of the workitem');
    is($e->{'00000002'}{Value}[0], '1.2.840.10008.5.1.4.34.6.1', '... of UPS Push');
    is($e->{$_}{Value}[0], $values{$_}, "... $_ is $values{$_}") for sort keys %values;
    return $e;
}

sub quiet { my ($ws, $what) = @_; is(event($ws, 0.8), undef, $what) }

my ($global, $filtered) = qw(1.2.840.10008.5.1.4.34.5 1.2.840.10008.5.1.4.34.5.1);
my $ws = ws_open($pacs->{port}, "$web/subscribers/WATCHER");
like($ws->{head}, qr{^HTTP/1.1 101 }, 'a WebSocket opens');
like($ws->{head}, qr{^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$}m, '... with the hash of RFC 6455');
like($ws->{head}, qr{^Connection: upgrade\r$}mi, '... and Connection: upgrade');
my $other = ws_open($pacs->{port}, "$web/subscribers/OTHER");

# one workitem
my $e1 = create(uid());
$r = request(POST => "$items/$e1/subscribers/WATCHER");
is($r->{status}, 201, 'subscribe to one is 201');
is($r->{headers}{'content-location'}, "ws://127.0.0.1:$pacs->{port}$web/subscribers/WATCHER", '... and says where the events are');
event_is($ws, $e1, 1, 'on subscription', '00741000' => 'SCHEDULED', '00404041' => 'READY');
my $sent = time;
set_state($e1, 'IN PROGRESS', $own);
event_is($ws, $e1, 1, 'state', '00741000' => 'IN PROGRESS');
cmp_ok(time - $sent, '<=', 1, '... within a second');
request(POST => "$items/$e1?$own", { '00404041' => attr('CS', 'INCOMPLETE') });
event_is($ws, $e1, 1, 'readiness', '00404041' => 'INCOMPLETE');
request(POST => "$items/$e1?$own", { '00741002' => attr('SQ', { '00741004' => attr('DS', 40) }) });
my $progress = event_is($ws, $e1, 3, 'progress');
is($progress->{'00741002'}{Value}[0]{'00741004'}{Value}[0], 40, '... 40 %');
request(POST => "$items/$e1?$own", { '00404025' => attr('SQ', code('CT9')) });
my $assigned = event_is($ws, $e1, 5, 'assigned');
is($assigned->{'00404025'}{Value}[0]{'00080100'}{Value}[0], 'CT9', '... to CT9');
request(POST => "$items/$e1?$own", { '00404034' => attr('SQ', { '00404009' => attr('SQ', code('Curie')),
    '00404037' => attr('PN', { Alphabetic => 'Curie^Marie' }), '00404036' => attr('LO', 'Radium') }) });
$assigned = event_is($ws, $e1, 5, 'assigned', '00404036' => 'Radium');
is($assigned->{'00404009'}{Value}[0]{'00080100'}{Value}[0], 'Curie', '... to her');
request(POST => "$items/$e1?$own", { '00741204' => attr('LO', 'nothing to tell') });
is(request(POST => "$items/$e1/cancelrequest", { '00741238' => attr('LT', 'bitte'), '0074100C' => attr('LO', 'Jürgen'),
    '00741236' => attr('AE', 'RIS') })->{status}, 202, 'cancel of one that is listened to is 202');
my $asked = event_is($ws, $e1, 2, 'cancel requested', '00741238' => 'bitte', '00741236' => 'RIS');
is($asked->{'0074100C'}{Value}[0], 'Jürgen', '... by whom, in UTF-8');
state_is($e1, 'IN PROGRESS', '... and it goes on');
is(request(DELETE => "$items/$e1/subscribers/WATCHER")->{status}, 200, 'unsubscribe');
is(request(DELETE => "$items/$e1/subscribers/WATCHER")->{status}, 404, '... twice is 404');
request(POST => "$items/$e1?$own", { '00404041' => attr('CS', 'READY') });

# all of them
is(request(POST => "$items/$global/subscribers/WATCHER?deletionlock=false")->{status}, 201, 'subscribe to all');
my $e2 = create(uid());
event_is($ws, $e2, 1, 'a new one', '00741000' => 'SCHEDULED');
event_is($ws, $e2, 5, '... and who is to do it');
set_state($e1, 'COMPLETED', $own);
request(DELETE => "$items/$e2/subscribers/WATCHER");
set_state($e2, 'IN PROGRESS', $own);
is(request(POST => "$items/$global/subscribers/WATCHER/suspend")->{status}, 200, 'suspend');
my $e3 = create(uid(), %label);
request(POST => "$items/$e1?$own", { '00404041' => attr('CS', 'UNAVAILABLE') });
event_is($ws, $e1, 1, 'after it an old one is heard of, a new one is not', '00404041' => 'UNAVAILABLE');
is(request(DELETE => "$items/$global/subscribers/WATCHER")->{status}, 200, 'unsubscribe from all');
is(request(POST => "$items/$global/subscribers/WATCHER/suspend")->{status}, 404, 'suspend what is not there is 404');
request(POST => "$items/$e1?$own", { '00404041' => attr('CS', 'READY') });

# with a lock: the state of all at once
is(request(POST => "$items/$global/subscribers/OTHER?deletionlock=true")->{status}, 201, 'subscribe to all with a lock');
my $all = @{$pacs->get_json("$items?limit=1000")};
my %told;
for (1 .. $all) { my $e = event($other) or last; $told{$e->{'00001000'}{Value}[0]} = $e->{'00741000'}{Value}[0] }
is(scalar keys %told, $all, "the state of all $all is told");
is($told{$e2}, 'IN PROGRESS', '... as it is');
request(DELETE => "$items/$global/subscribers/OTHER");

# some of them
is(request(POST => "$items/$filtered/subscribers/WATCHER?filter=PatientID=FILTER,WorklistLabel=Abdomen")->{status}, 201, 'subscribe with a filter');
is(request(POST => "$items/$filtered/subscribers/OTHER?00100020=FILTER2&deletionlock=false")->{status}, 201, '... and as older editions have it');
create(uid());
my $e4 = create(uid(), '00100020' => attr('LO', 'FILTER'));
my $e5 = create(uid(), '00100020' => attr('LO', 'FILTER2'));
event_is($ws, $e4, 1, 'a new one that matches', '00741000' => 'SCHEDULED');
event_is($other, $e5, 1, '... and one that matches the other', '00741000' => 'SCHEDULED');
set_state($e4, 'IN PROGRESS', $own);
event_is($ws, $e4, 1, '... and what becomes of it', '00741000' => 'IN PROGRESS');
quiet($ws, 'nothing else was said');
quiet($other, '... to the other neither');

for (
    [ 404, POST => "$items/1.2.3.99/subscribers/WATCHER" ],
    [ 400, POST => "$items/$e4/subscribers/WATCHER?deletionlock=maybe" ],
    [ 400, POST => "$items/$e4/subscribers/" . 'A' x 17 ],
    [ 400, POST => "$items/$e4/subscribers/A%5CB" ],
    [ 400, POST => "$items/$filtered/subscribers/WATCHER" ],
    [ 400, POST => "$items/$filtered/subscribers/WATCHER?filter=NoSuchKeyword=1" ],
    [ 400, POST => "$items/$filtered/subscribers/WATCHER?filter=PatientID=7,WorklistLabel=x,Foo" ],
    [ 400, POST => "$items/$filtered/subscribers/WATCHER?filter=Foo,PatientID=7" ],
    [ 400, POST => "$items/$global/subscribers/a%2F.." ],
    [ 400, POST => "$items/$e4/subscribers/WATCHER/suspend" ],
    [ 404, DELETE => "$items/$global/subscribers/NOBODY" ],
    [ 405, GET => "$items/$e4/subscribers/WATCHER" ],
    [ 400, GET => "$web/subscribers/WATCHER" ],
) {
    my ($status, $method, $path) = @$_;
    my $e = request($method => $path);
    is($e->{status}, $status, "$method " . ($path =~ s/.*workitems//r) . " is $status") or diag $e->{content};
}

# a worker that goes says so, and the next one goes on
$pacs->signal('nginx', 'HUP');
my $bye = ws_frame($ws);
is_deeply([ $bye->[0], unpack 'n', $bye->[1] // '' ], [ 8, 1001 ], 'a reload closes with 1001');
my $scp = $ws->{status};
is_deeply([ map { [ map { $_->{Value}[0] } @{$_}{qw(00741242 00741244 00741246)} ] } @$scp ],
    [ [ 'RESTARTED', 'WARM START', 'WARM START' ], [ 'GOING DOWN', 'WARM START', 'WARM START' ] ],
    'SCP Status Change: at the first connection, and at the end');
is($scp->[0]{'00001000'}{Value}[0], $global, '... of the global subscription');
$ws = undef;
wait_until('the new workers', sub { ($ws = ws_open($pacs->{port}, "$web/subscribers/WATCHER"))->{head} =~ /101/ });
wait_until('the subscription holds', sub {
    request(POST => "$items/$e4?$own", { '00404041' => attr('CS', ++$next % 2 ? 'INCOMPLETE' : 'UNAVAILABLE') });
    my $e = event($ws, 2);
    $e && ($e->{'00001000'}{Value}[0] // '') eq $e4 });
pass('a subscription outlives a reload');
is($ws->{status}[0]{'00741242'}{Value}[0], 'RESTARTED', '... and the AE title is told of it');

# --- what is acknowledged stays: restart, kill, reindex ---

my $before = $pacs->get_json("$items?limit=1000");
$pacs->stop('nginx');
$pacs->start_nginx;
is_deeply($pacs->get_json("$items?limit=1000"), $before, 'after a restart all are as they were');
$pacs->stop('nginx', 'KILL');
is(($pacs->pacs('reindex'))[0], 0, 'reindex');
$pacs->start_nginx;
my $by = sub { return { map { $_->{'00080018'}{Value}[0] => $_ } @{$_[0]} } };
is_deeply($by->($pacs->get_json("$items?limit=1000")), $by->($before), 'after kill -9 and reindex too');
is(set_state($s2, 'COMPLETED', '9.9')->{status}, 400, '... the Transaction UID is known still');
is(set_state($s2, 'COMPLETED', $own)->{status}, 409, '... and what is missing');

$pacs->shutdown;
done_testing;
