#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The session API: with rev= a picture may be kept by the browser without
# asking again; it holds only as long as the series is the same.  A study's
# session is what a viewer begins with, in one answer.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;

samples();

my $p = Pacs->new(listener => 0);
my @files = native();
my $web = '/dicom-web';
my ($study, $series, @uids);

for (@files[0 .. 5]) {
    my (undef, $dump) = capture('dcmdump', '-q', '+P', '0020,000d', '+P', '0020,000e', '+P', '0008,0018', $_);
    my %uid = $dump =~ /^\((\S+)\) UI \[([\d.]+)\]/mg;
    ($study, $series) = @uid{'0020,000d', '0020,000e'};
    push @uids, $uid{'0008,0018'};
}

my $base = "$web/studies/$study/series/$series";
my $picture = "$base/instances/$uids[0]/frames/1/rendered";

sub rev {
    my $r = $p->get("$base/session");
    is($r->{headers}{'cache-control'}, 'private, no-cache', 'the session is always asked for');
    return json($r->{content})->{rev};
}

sub kept {
    my ($url, %headers) = @_;
    my $r = $p->get($url, %headers);
    return "$r->{status} " . ($r->{headers}{'cache-control'} =~ /immutable/ ? 'kept' : 'asked');
}

is($p->get("$base/session")->{status}, 404, 'no such series');
is($p->stow([@files[0 .. 2]])->{status}, 200, 'stored');

my $rev = rev();
like($rev, qr/^[0-9a-f]{32}$/, 'a rev');
is(rev(), $rev, '... and again');
is(json($p->get("$base/session")->{content})->{study}, $study, '... of that study');
is(kept("$picture?rev=$rev"), '200 kept', 'a picture with rev is kept');
is(kept($picture), '200 asked', '... without it is not');
is(kept("$picture?rev=" . '0' x 32), '200 asked', '... nor with another one');
is(kept("$picture?window=400,800,linear&quality=60&rev=$rev"), '200 kept', '... in any window');
is(kept("$base/instances/$uids[0]/frames/1/thumbnail?rev=$rev"), '200 kept', 'a thumbnail is kept');
is(kept("$base/renderedmpr?orientation=a&rev=$rev"), '200 kept', 'a plane is kept');
is(kept("$picture?annotation=patient&rev=$rev"), '200 asked', 'burnt-in text is not: it may be corrected');
is(kept("$base/instances/1.2.3/frames/1/rendered?rev=$rev"), '404 asked', 'nor a refusal');

my $plain = $p->get("$picture?quality=90");
my $with = $p->get("$picture?quality=90&rev=$rev");
is($with->{headers}{etag}, $plain->{headers}{etag}, 'rev makes no other picture of it');
is($with->{content}, $plain->{content}, '... by its bytes');
ok(!$with->{headers}{warning}, 'rev is a known parameter');
is(kept("$picture?quality=90&rev=$rev", 'If-None-Match' => $with->{headers}{etag}), '304 kept', 'so is the answer to a question');

# another series of the study: nothing of this one
my $other = "$p->{home}/tmp/other.dcm";
run('cp', $files[3], $other);
run('dcmodify', '-nb', '-m', "(0020,000e)=$series.9", $other);
is($p->stow([$other])->{status}, 200, 'another series comes');
is(rev(), $rev, '... and this one is the same');

is($p->stow([$files[4]])->{status}, 200, 'an instance comes');
my $next = rev();
isnt($next, $rev, '... the rev is another');
is(kept("$picture?rev=$rev"), '200 asked', '... the old one holds no more');
is(kept("$picture?rev=$next"), '200 kept', '... the new one does');

is(($p->pacs('delete', $study, $series, $uids[4]))[0], 0, 'an instance goes');
isnt(rev(), $next, '... another rev');
is(kept("$picture?rev=$next"), '200 asked', '... the old one holds no more');
is(($p->pacs('delete', $study))[0], 0, 'the study goes');
is($p->get("$base/session")->{status}, 410, '... and its session');
is(kept("$picture?rev=$next"), '410 asked', '... and its pictures');

# --- of a study ---

my $all = "$web/studies/$study";

sub opened {
    my $r = $p->get("$all/session", @_);
    is($r->{status}, 200, 'the session of a study');
    return json($r->{content});
}

# metadata as they are alone
sub unshared {
    my ($m) = @_;
    return [map { { %{ $m->{shared} }, %$_ } } @{ $m->{instances} }];
}

sub without_links {
    my ($ds) = @_;
    return { map { ($_ => $ds->{$_}) } grep { !exists $ds->{$_}{BulkDataURI} } keys %$ds };
}

sub same {
    my $canonical = JSON::PP->new->canonical->allow_nonref;
    return $canonical->encode($_[0]) eq $canonical->encode($_[1]);
}

# what the resources answer alone
sub alone {
    my $r = $p->get("$web$_[0]", Accept => 'application/dicom+json');
    is($r->{status}, 200, "alone: $_[0]");
    return json($r->{content});
}

is($p->get("$all/session")->{status}, 410, 'a study that was deleted has none');
is($p->get("$web/studies/1.2.3.4/session")->{status}, 404, 'nor has one that never was');
is($p->http('POST', "$all/session")->{status}, 405, 'it is only read');
is($p->stow([@files[0 .. 2]])->{status}, 200, 'stored again');

my @of_study = map { "/studies?StudyInstanceUID=$study&includefield=$_" }
    'StudyDescription,IssuerOfPatientID,PatientBirthDate,PatientSex';
my $of_series = "/studies/$study/series?includefield=SeriesDescription,SeriesDate,SeriesNumber,"
    . 'NumberOfSeriesRelatedInstances,BodyPartExamined,Laterality';
my $path = "/studies/$study/series/$series";
my $got = opened();

is_deeply($got->{study}, alone(@of_study), '... has the record of the search');
is_deeply($got->{series}, alone($of_series), '... its series');
is_deeply($got->{session}, alone("$path/session"), '... the session of the one that is opened first');
my $metadata = alone("$path/metadata");
is_deeply(unshared($got->{metadata}), [map { without_links($_) } @$metadata], '... and its metadata');
ok(keys %{ $got->{metadata}{shared} } > 30, '... what all say is told once');
is(join(',', sort map { keys %$_ } @{ $got->{metadata}{instances} }), join(',', sort map {
    my $ds = $_;
    grep { my $tag = $_; grep { !same($_->{$tag}, $ds->{$tag}) } @$metadata } keys %{ without_links($ds) }
} @$metadata), '... and nothing else by each');
is(join(',', sort keys %$got), 'metadata,series,session,study', '... and no more');

my $r = $p->get("$all/session", 'Accept-Encoding' => 'gzip');
is($r->{headers}{'content-encoding'}, 'gzip', 'it is sent compressed');
ok(length $r->{content} < length($p->get("$all/session")->{content}) / 2, '... and is small');
is($r->{headers}{'cache-control'}, 'private, no-cache', '... and always asked for');
my $etag = $r->{headers}{etag};
is($p->get("$all/session", 'Accept-Encoding' => 'gzip', 'If-None-Match' => $etag)->{status}, 304, '... 304 for who has it');
is($p->http('HEAD', "$all/session")->{status}, 200, '... answers to HEAD');

# which one is opened first: by number, and what has pictures
sub derived {
    my ($n, @tags) = @_;
    my $to = "$p->{home}/tmp/derived$n.dcm";
    run('cp', $files[$n], $to);
    run('dcmodify', '-nb', (map { ('-m', $_) } "(0020,000e)=$series.$n", @tags), $to);
    is($p->stow([$to])->{status}, 200, "series $n comes");
}

my $number = $got->{series}[0]{'00200011'}{Value}[0];
derived(3, '(0020,0011)=' . ($number + 1));
is(opened()->{session}{series}, $series, 'a later series is not opened first');
isnt($p->get("$all/session", 'Accept-Encoding' => 'gzip')->{headers}{etag}, $etag, '... but the answer is another');
derived(4, '(0020,0011)=' . ($number - 1));
$got = opened();
is($got->{session}{series}, "$series.4", 'an earlier one is');
is($got->{metadata}{shared}{'0020000E'}{Value}[0], "$series.4", '... with its metadata');
is(scalar @{ $got->{series} }, 3, '... all are named');
derived(5, '(0020,0011)=' . ($number - 2), '(0008,0060)=SR');
is(opened()->{session}{series}, "$series.4", 'what has no pictures is not');
is(($p->pacs('delete', $study, $_))[0], 0, "$_ goes") for $series, "$series.3", "$series.4";
is(join(',', sort keys %{ opened() }), 'series,study', 'a study without pictures opens none');
is(($p->pacs('delete', $study))[0], 0, 'all goes');
is($p->get("$all/session")->{status}, 410, '... and the session of the study');
$p->shutdown;

# metadata that is long goes alone, by the one who asks for it
$p = Pacs->new(listener => 0, redis => 0, conf_http => 'pacs_limit_opening 2000;');
is($p->stow([@files[0 .. 1]])->{status}, 200, 'stored');
is(join(',', sort keys %{ opened() }), 'series,session,study', 'over pacs_limit_opening there is no metadata');
is(scalar @{ alone("$path/metadata") }, 2, '... but alone');
$p->shutdown;

# and not, where that alone is over its limit
$p = Pacs->new(listener => 0, redis => 0, conf_http => 'pacs_limit_metadata 20000;');
is($p->stow([@files[0 .. 5]])->{status}, 200, 'stored');
is($p->get("$all/series/$series/metadata")->{status}, 413, 'metadata over its limit');
is(join(',', sort keys %{ opened() }), 'series,session,study', '... the session is without it');
$p->shutdown;
done_testing;
