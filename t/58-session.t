#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The session API: with rev= a picture may be kept by the browser without
# asking again; it holds only as long as the series is the same.

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

$p->shutdown;
done_testing;
