#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Pictures that are made in the background, of each series that arrived, in
# the order of arrival: what the viewer asks for first then needs no decoder.

use strict;
use warnings;
use lib 't/lib';
use Pacs;
use Test::More;
use Time::HiRes ();

my $S = samples();
my $pacs = Pacs->new(listener => 0, warm => 1, listener_args => ['--limit-warm_quiet_ms', 1]);
my $cache = "$pacs->{home}/cache";

sub warm { return $pacs->get_json('/pacs/health')->{warm} }

# the maker runs when nothing else does: on a machine with other work that
# can take long, however little it is
sub idle_until { return wait_until(@_, 600) }

# studies of one series each, by the order in which they come
my @files = map { "$S/$_" } qw(transfer-syntax/nema-ct1-j2kr.dcm transfer-syntax/nema-mr3-jlsn.dcm
    transfer-syntax/jpeg-lossless-57-1024.dcm);
my ($mg) = glob "$S/mg/*.dcm";
push @files, $mg;
my @series = map { store($_) } @files;

# [path of the series, of its instances in order]
sub store {
    my (@what) = @_;
    my %before = map { $_->{'00080018'}{Value}[0] => 1 } @{$pacs->get_json('/dicom-web/instances') || []};
    is($pacs->stow(\@what)->{status}, 200, 'stored: ' . join ' ', map { s{.*/}{}r } @what[0 .. ($#what > 2 ? 2 : $#what)]);
    my @new = grep { !$before{$_->{'00080018'}{Value}[0]} } @{$pacs->get_json('/dicom-web/instances')};
    my @sorted = sort { $a->{'00200013'}{Value}[0] <=> $b->{'00200013'}{Value}[0] } @new;
    my ($study, $series) = map { $sorted[0]{$_}{Value}[0] } qw(0020000D 0020000E);
    my $path = "/dicom-web/studies/$study/series/$series";
    return { path => $path, modality => $sorted[0]{'00080060'} && $sorted[0]{'00080060'}{Value}[0],
        images => [map { "$path/instances/$_->{'00080018'}{Value}[0]" } @sorted] };
}

# as html/js/viewer asks: thumbnail, first, middle and last image
sub asked {
    my ($x, $large) = @_;
    my $box = $large ? 'viewport=1024,1024' : '';
    my @n = (0, int(@{$x->{images}} / 2), $#{$x->{images}});
    my @q = ($x->{modality} // '') eq 'MG'
        ? ("?$box", 'image/png') : ('?' . ($box ? "$box&" : '') . 'quality=90', 'image/jpeg');
    my %seen;
    return (["$x->{path}/thumbnail", 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8'],
        map { ["$x->{images}[$_]/frames/1/rendered$q[0]", $q[1]] } grep { !$seen{$_}++ } @n);
}
my @asked = map { [asked($series[$_], $_ == 3)] } 0 .. 3;

# --- made, without any request, in the order of arrival ---

is(warm()->{state}, 'off', 'nobody makes pictures yet');
$pacs->start_listener;
ok(idle_until('pictures', sub { warm()->{made} == 8 }), 'four series: eight pictures') or diag explain warm();
is(warm()->{state}, 'up', '... by a process that health knows');
my %born = map { $_ => (Time::HiRes::stat($_))[9] } glob "$cache/pictures/*";
is(scalar keys %born, 8, '... which are kept');
unlink glob "$cache/frames/*";
$pacs->stop('listener', 'TERM');

my (@order, %body);
for my $ask (map { @$_ } @asked) {
    my $r = $pacs->get($ask->[0], Accept => $ask->[1]);
    is($r->{status}, 200, "without a decoder: $ask->[0]" =~ s{/dicom-web.*/}{…/}r) or diag $r->{content};
    my ($tag) = ($r->{headers}{etag} // '') =~ /(\w+)/;
    push @order, $born{(glob "$cache/pictures/????????????????$tag" . ($ask->[0] =~ /thumbnail/ ? 't' : ''))[0] // ''} // 0;
    $body{$ask->[0]} = $r->{content};
}
is_deeply(\@order, [sort { $a <=> $b } @order], 'they were made in the order of arrival');
is_deeply([glob "$cache/frames/*"], [], '... and nothing was decoded for it');
is($pacs->get("$series[0]{images}[0]/frames/1/rendered?quality=91")->{status}, 503, 'what was not foreseen needs the decoder');

# --- corrupt ones are never shown, and made again ---

$pacs->start_listener;
wait_until('pacs-codec', sub { $pacs->get_json('/pacs/health')->{codec}{ok} });
for my $where (0, 5, 9, 20, 64, 'middle', 'end') {
    for my $file (glob "$cache/pictures/*") {
        my $size = -s $file;
        flip($file, $where eq 'middle' ? int $size / 2 : $where eq 'end' ? $size - 1 : $where);
    }
    my @bad = grep {
        my $r = $pacs->get($_->[0], Accept => $_->[1]);
        $r->{status} != 200 || $r->{content} ne $body{$_->[0]}
    } map { @$_ } @asked;
    is_deeply([map { $_->[0] } @bad], [], "a byte flipped in each ($where): the same pictures");
}
truncate $_, 100 for glob "$cache/pictures/*";
ok($pacs->get($asked[0][0][0], Accept => $asked[0][0][1])->{content} eq $body{$asked[0][0][0]}, 'cut short: the same');
is(scalar(my @again = glob "$cache/pictures/*"), 8, '... and they are kept again');

# --- a restart goes on where it was ---

my $made = warm()->{made};
$pacs->crash;
$pacs->start_redis;
$pacs->start_nginx;
is(warm()->{made}, $made, 'what was done is remembered');
store((native())[0 .. 6]);
$pacs->start_listener;
ok(idle_until('the next', sub { warm()->{made} == $made + 4 }), 'after a restart only the new series: thumbnail, first, middle, last')
    or diag explain warm();

# --- one that cannot be made harms nobody, nor does a crash ---

my ($hostile) = grep { -e } "$S/hostile/synth-j2k-truncated.dcm";
store($hostile);
my $after = store("$S/transfer-syntax/nema-ct1-rle.dcm");
ok(idle_until('the one after', sub { warm()->{made} == $made + 6 }), 'what cannot be shown is left out') or diag explain warm();

my ($maker) = grep { slurp("/proc/$_/comm") eq "pacs-warm\n" } Pacs::descendants($pacs->{pids}{listener});
ok($maker, 'the process has a name');
my @sched = split ' ', slurp("/proc/$maker/stat") =~ s/.*\) //r;
is($sched[38], 5, '... and runs when nothing else does (SCHED_IDLE)');
kill 'KILL', $maker;
ok(idle_until('another', sub { my ($m) = grep { slurp("/proc/$_/comm") eq "pacs-warm\n" }
    Pacs::descendants($pacs->{pids}{listener}); $m && $m != $maker && warm()->{state} eq 'up' }), 'after a crash there is another one');
my $last = store("$S/transfer-syntax/jpeg-ybrfull-n1.dcm");
ok(idle_until('made', sub { warm()->{made} == $made + 8 }), '... which works') or diag explain warm();

# --- what is deleted is not shown ---

my ($study, $series, $instance) = $last->{images}[0] =~ m{studies/([\d.]+)/series/([\d.]+)/instances/([\d.]+)};
is(($pacs->pacs('delete', $study, $series, $instance))[0], 0, 'an instance is deleted');
like($pacs->get($_->[0], Accept => $_->[1])->{status}, qr/^4(04|10)$/, '... its picture is not shown') for asked($last);

# --- a series that still arrives waits; and none at all ---

$pacs->stop('listener', 'TERM');
$pacs->{listener_args} = ['--limit-warm_quiet_ms', 3_600_000];
$pacs->start_listener;
my $waits = store("$S/transfer-syntax/nema-mr3-j2kr.dcm");
my $looked = sub { (Time::HiRes::stat("$cache/warm"))[9] };
for (1, 2) {
    my $before = $looked->();
    ok(idle_until('a look', sub { $looked->() > $before }), 'the maker looked');
}
is(warm()->{made}, $made + 8, '... and waits for more of the series');
$pacs->stop('listener', 'TERM');
$pacs->{listener_args} = ['--no-warm'];
$pacs->start_listener;
is(warm()->{state}, 'off', '--no-warm: nobody makes pictures');

$pacs->shutdown;
done_testing;
