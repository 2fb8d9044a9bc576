#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# Every kind of file in the cache, damaged in every way while all workers have
# used it, the file's times put back: what is answered is what was answered
# first.

use strict;
use warnings;
use lib 't/lib';
use Digest::MD5 qw(md5_hex);
use File::Temp qw(tempdir);
use List::Util qw(shuffle);
use Pacs;
use POSIX ();
use Test::More;

my $S = samples();
my $pacs = Pacs->new(redis => 0, workers => 3);
my $cache = "$pacs->{home}/cache";

# a coded frame, one with a pyramid, native slices, coded slices
my $tmp = tempdir(CLEANUP => 1);
my @coded = map { my $to = $tmp . '/' . s{.*/}{}r; run('dcmcjpls', $_, $to) == 0 ? $to : () } (native())[20 .. 39];
is(run('dcmodify', '-nb', '-m', '(0020,000e)=1.2.826.0.1.3680043.10.999.33', @coded), 0, 'a coded series');
my ($mg) = glob "$S/mg/*.dcm";
my %sets = (ct => ["$S/transfer-syntax/nema-ct1-j2kr.dcm"], mg => [$mg], mr => [(native())[0 .. 19]],
    coded => \@coded);
my %at;
for my $name (sort keys %sets) {
    my %before = map { $_->{'00080018'}{Value}[0] => 1 } @{$pacs->get_json('/dicom-web/instances') || []};
    is($pacs->stow($sets{$name})->{status}, 200, "$name is stored");
    my ($row) = grep { !$before{$_->{'00080018'}{Value}[0]} } @{$pacs->get_json('/dicom-web/instances')};
    my ($s, $x, $i) = map { $row->{$_}{Value}[0] } qw(0020000D 0020000E 00080018);
    $at{$name} = ["/dicom-web/studies/$s/series/$x", "/dicom-web/studies/$s/series/$x/instances/$i"];
}

my $octets = 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1';
my %asked = (
    'picture' => ["$at{ct}[1]/rendered?quality=81"],
    'octets' => ["$at{ct}[1]/frames/1", $octets],
    'values' => ["$at{ct}[1]/frames/1/values?rectangle=10,10,100,100"],
    'thumbnail' => ["$at{ct}[1]/thumbnail"],
    'thumbnail of a large one' => ["$at{mg}[1]/thumbnail"],
    'large picture' => ["$at{mg}[1]/rendered?viewport=700,700"],
    'tile' => ["$at{mg}[1]/rendered?viewport=256,256,512,1024,256,256", 'image/png'],
    'tile at half' => ["$at{mg}[1]/rendered?viewport=256,256,512,1024,512,512", 'image/png'],
    map({
        my $x = $_;
        ("$x: axial" => ["$at{$x}[0]/renderedmpr?orientation=a"], "$x: coronal" => ["$at{$x}[0]/renderedmpr?orientation=f"],
         "$x: sagittal" => ["$at{$x}[0]/renderedmpr?orientation=l&window=300,900,linear", 'image/png'],
         "$x: MIP" => ["$at{$x}[0]/renderedmpr?orientation=a&mprslab=20&renderingmethod=maximum_ip"],
         "$x: rendered" => ["$at{$x}[0]/rendered3d?viewport=96,96"]);
    } 'mr', 'coded'),
);
sub ask {
    my ($path, $accept) = @{$asked{$_[0]}};
    my $r = $pacs->get($path, $accept ? (Accept => $accept) : ());
    # a multipart answer's boundary is another one each time
    $r->{content} =~ s/--[0-9a-f]{32}//g;
    return ($r->{status} == 200 ? '' : "$r->{status} ") . md5_hex($r->{content});
}
my %first = map { $_ => ask($_) } sort keys %asked;
my @cannot = grep { $first{$_} =~ / / } sort keys %first;
# of a series that is no volume there is no plane
diag("not shown: $_ $first{$_}") for @cannot;
is(scalar @cannot, 0, scalar(keys %first) . ' pictures of all kinds');

# all of them, from all workers at once; what differed
sub differing {
    my (@names) = @_ ? @_ : sort keys %asked;
    my @readers;
    for my $n (1 .. 3) {
        my $pid = open(my $f, '-|') // die "fork: $!";
        if ($pid == 0) {
            srand $$;
            for my $name (shuffle @names) {
                my $got = ask($name);
                print "$name: ", $got =~ / / ? $got : 'another one', "\n" if $got ne $first{$name};
            }
            $| = 1;
            print '';
            POSIX::_exit(0);
        }
        push @readers, $f;
    }
    my %all;
    for my $f (@readers) {
        $all{$_}++ while <$f>;
        close $f;
    }
    return [sort keys %all];
}
is_deeply(differing(), [], '... the same from all workers');

sub overwrite {
    my ($path, $at, $bytes) = @_;
    open my $f, '+<:raw', $path or return;
    my $size = -s $path;
    seek $f, $at < 0 ? 0 : $at, 0;
    print $f substr $bytes, 0, $size > $at ? $size - $at : 0;
    close $f;
}
my $noise = join '', map { chr rand 256 } 1 .. 256;
my @damages = (
    ['a byte flipped in the middle', sub { flip($_[0], int((-s $_[0]) / 2)) if -s $_[0] }],
    ['the last byte flipped', sub { flip($_[0], (-s $_[0]) - 1) if -s $_[0] }],
    ['a byte flipped in every 500', sub { overwrite($_[0], 500 * $_, chr 0x55) for 0 .. (-s $_[0]) / 500 }],
    ['cut in the middle', sub { truncate $_[0], (-s $_[0]) / 2 }],
    ['all zero', sub { overwrite($_[0], 0, "\0" x -s $_[0]) }],
    ['emptied', sub { truncate $_[0], 0 }],
    ['grown', sub { open my $f, '>>', $_[0] or return; print $f 'x' x 5000; close $f }],
    ['the head is 0xff', sub { overwrite($_[0], 0, "\xff" x 64) }],
    ['noise at 100', sub { overwrite($_[0], 100, $noise) }],
    ['noise behind the head', sub { overwrite($_[0], 700, $noise) }],
);
my %kinds = (frames => sub { grep { !/volume-/ } glob "$cache/frames/*" }, volumes => sub { glob "$cache/frames/volume-*" },
    pyramids => sub { glob "$cache/pyramids/*" }, pictures => sub { glob "$cache/pictures/*" },
    all => sub { map { glob "$cache/$_/*" } qw(frames pyramids pictures) });
# the time of a file's change is put back: it is not what tells
sub damage {
    my ($files, $code) = @_;
    for my $path (@$files) {
        my @st = stat $path or next;
        $code->($path);
        utime @st[8, 9], $path;
    }
}

my $rounds = long_run() ? 5 : 1;
for my $round (1 .. $rounds) {
    for my $kind (sort keys %kinds) {
        for my $case (@damages) {
            my @files = $kinds{$kind}->();
            ok(scalar @files, "there are files: $kind") or next if $case == $damages[0];
            damage(\@files, $case->[1]);
            is_deeply(differing(), [], "$kind: $case->[0]");
        }
    }
}

# one file of each kind after the other, with all the damages in any order
for my $n (1 .. 10 * $rounds) {
    my @said;
    for my $kind (shuffle keys %kinds) {
        my ($file) = shuffle $kinds{$kind}->();
        my $case = $damages[rand @damages];
        push @said, "$kind: $case->[0]";
        damage([$file // ()], $case->[1]);
    }
    is_deeply(differing(), [], "damaged at once: $n") or diag join "\n", @said;
}

unlike(slurp("$pacs->{home}/log/nginx.log"), qr/exited on signal/, 'no worker ended');
$pacs->shutdown;
done_testing;
