#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# pacs-listener through its public door: DCMTK's clients as they are, and a
# client on plain sockets that lies where it is told to.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use File::Find;
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Dimse;
use Pacs qw(asan free_port);

my $top      = "$FindBin::Bin/..";
my $build    = $ENV{PACS_B} // "$top/build";
my $listener = "$build/pacs-listener";
my $samples  = $ENV{PACS_SAMPLES} // "$top/../shared/samples";

plan skip_all => "$listener is not built" if !-x $listener;
plan skip_all => 'no dcmtk tools' if !-x '/usr/bin/storescu';

my $tmp  = tempdir('pacs-dimse-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my %running;            # pid => 1: ours to end
my $us;                 # the process that runs the tests

$us = $$;
END { if (defined $us && $$ == $us) { kill 'KILL', keys %running } }


# --- helpers ---

# polls a condition; never a blind wait.  What must become true has the
# time of a slow and loaded machine
sub until_true {
    my ($cond, $seconds) = @_;

    my $until = time + ($seconds // 60);

    while (time < $until) {
        my $got = $cond->();
        return $got if $got;
        sleep 0.02;
    }

    return $cond->();
}


sub spawn {
    my ($log, @command) = @_;

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>>', $log;
        open STDERR, '>>', $log;
        $ENV{DCMDICTPATH} = '/nonexistent';     # no dictionary is needed
        exec @command or POSIX::_exit(127);
    }

    $running{$pid} = 1;
    return $pid;
}


my $fake = "$tmp/fake-codec";

sub write_file {
    my ($path, $text, $mode) = @_;

    open my $f, '>:raw', $path or die "$path: $!";
    print $f $text;
    close $f;
    chmod $mode, $path if $mode;
}

write_file($fake, "#!/bin/sh\necho \"\$\$ \$@\" >> $tmp/codec.log\n"
                  . "exec sleep 1000\n", 0755);


sub start {
    my (@options) = @_;

    my $n = free_port();
    my %l = (port => $n, home => "$tmp/home-$n", log => "$tmp/log-$n");

    mkdir $l{home};
    $l{pid} = spawn($l{log}, $listener, '--home', $l{home}, '--listen', $n,
                    '--codec', $fake, @options);

    until_true(sub { log_of(\%l) =~ /listening on/
                         || !kill 0, $l{pid} });
    die "no start: " . log_of(\%l) if log_of(\%l) !~ /listening on/;
    return \%l;
}


# the exit code, after SIGTERM
sub stop {
    my ($l) = @_;

    kill 'TERM', $l->{pid};
    return ended($l);
}


sub ended {
    my ($l, $seconds) = @_;

    my $status;

    until_true(sub {
        $status = $? if waitpid($l->{pid}, 1) == $l->{pid};
        defined $status;
    }, $seconds);
    delete $running{$l->{pid}} if defined $status;
    return $status;
}


sub log_of   { -e $_[0]{log} ? Dimse::slurp($_[0]{log}) : '' }
sub children { my @c = grep { $_ } split ' ', `pgrep -P $_[0]{pid}`; @c }
sub fds      { my @f = glob "/proc/$_[0]{pid}/fd/*"; scalar @f }


# association processes, without the codec and the maker of pictures
sub associations {
    my ($l) = @_;

    my @all = map { Dimse::slurp("/proc/$_/cmdline") =~ /pacs-listener/
                    && Dimse::slurp("/proc/$_/comm") ne "pacs-warm\n"
                    ? $_ : () } grep { -r "/proc/$_/cmdline" } children($l);
    return @all;
}


# names of all blobs: the digests
sub blobs {
    my ($l) = @_;

    my %found;

    return {} if !-d "$l->{home}/blobs";
    find(sub { $found{$1} = $File::Find::name if /^([0-9a-f]{64})\.dcm$/ },
         "$l->{home}/blobs");
    return \%found;
}


sub rows {
    my ($l, $sql) = @_;

    $sql //= 'SELECT uid FROM instance';
    my $db = "$l->{home}/index/pacs.db";
    my @rows = split /\n/, `sqlite3 -cmd '.timeout 9000' $db "$sql"`;
    return @rows;
}


sub session {
    my ($l, %o) = @_;

    my $s = Dimse::connect_to($l->{port}) or die "connect: $!";
    my $contexts = $s->associate(%o);

    return ($s, $contexts);
}


sub ct_session {
    my ($l, @syntaxes) = @_;

    @syntaxes = ($Dimse::EXPLICIT) if !@syntaxes;
    my ($s) = session($l, contexts => [[1, $Dimse::CT, \@syntaxes]]);
    return $s;
}


sub echoes {
    my ($l, $what) = @_;

    my ($s, $c) = session($l);
    my $good = ref $c && $s->echo->{status} == 0;

    $s->release;
    return ok($good, $what);
}


# quiet output of a client and its exit code
sub run { my $out = `@_ 2>&1`; return ($? >> 8, $out) }


# --- the command line ---

subtest 'options' => sub {
    my ($rc, $out) = run("$listener --help");

    is $rc, 0, '--help';
    like $out, qr/--limit-NAME.*associations\s.*peer_associations/s,
         'help names options and limits';

    for (['--home', "$tmp/none"], ['--home', $tmp, '--listen', '0.0.0.0:11399'],
         ['--home', $tmp, '--listen', '[::]:11399'],
         ['--home', $tmp, '--listen', 'x'], ['--home', $tmp, '--bogus'],
         ['--home', $tmp, '--limit-pdu', '1'], ['--home'], [],
         ['--home', $tmp, '--limit-nothing', '1'],
         ['--home', $tmp, '--codec', '/no/such'],
         ['--home', $tmp, '--aetitle', 'longer than sixteen'],
         ['--home', $tmp, '--duplicates', 'maybe'])
    {
        ($rc, $out) = run("$listener @$_");
        ok $rc == 2 && $out =~ /pacs-listener: /, "refused: @$_";
    }

    my $l = start('--limit-pdu', 8192, '--aetitle', 'ONLYME');
    my ($s, $c) = session($l);

    is $c, 3, 'another called AE title is rejected';
    ($s, $c) = session($l, called => 'ONLYME');
    is $s->echo->{status}, 0, 'the own one is accepted';
    is stop($l), 0, 'ends';
};


# --- everything that one listener can show ---

my $l = start('--limit-associations', 40);

subtest 'echo' => sub {
    my ($rc, $out) = run("echoscu -v 127.0.0.1 $l->{port}");

    is $rc, 0, 'echoscu' or diag $out;
    like log_of($l), qr/association released: .*1 echo.*client: 127\.0\.0\.1/,
         'one line in the log';
};


subtest 'negotiation' => sub {
    my @cases = (
        ['explicit before implicit', $Dimse::CT,
         [$Dimse::IMPLICIT, $Dimse::EXPLICIT], 0, $Dimse::EXPLICIT],
        ['the first known one', $Dimse::CT,
         ['1.2.840.10008.1.2.4.80', $Dimse::EXPLICIT], 0,
         '1.2.840.10008.1.2.4.80'],
        ['known before unknown', $Dimse::CT, ['1.2.3.4', $Dimse::IMPLICIT], 0,
         $Dimse::IMPLICIT],
        ['implicit alone', $Dimse::CT, [$Dimse::IMPLICIT], 0,
         $Dimse::IMPLICIT],
        ['an unknown one alone', $Dimse::CT, ['1.2.3.4'], 0, '1.2.3.4'],
        ['no UID', $Dimse::CT, ['x'], 4],
        ['private class', '1.2.392.200036.9125.1', [$Dimse::EXPLICIT], 0,
         $Dimse::EXPLICIT],
        ['new storage class', '1.2.840.10008.5.1.4.1.1.9999',
         [$Dimse::EXPLICIT], 0, $Dimse::EXPLICIT],
        ['hanging protocol', '1.2.840.10008.5.1.4.38.1', [$Dimse::EXPLICIT],
         0, $Dimse::EXPLICIT],
        ['C-FIND', '1.2.840.10008.5.1.4.1.2.2.1', [$Dimse::EXPLICIT], 3],
        ['storage commitment', '1.2.840.10008.1.20.1', [$Dimse::EXPLICIT], 3],
        ['DICOMDIR', '1.2.840.10008.1.3.10', [$Dimse::EXPLICIT], 3],
        ['no UID at all', '../etc', [$Dimse::EXPLICIT], 3],
    );
    my $id = -1;
    my @contexts = map { [$id += 2, $_->[1], $_->[2]] } @cases;
    my ($s, $c) = session($l, contexts => \@contexts);

    $id = -1;
    for my $case (@cases) {
        my ($result, $syntax) = @{ $c->{$id += 2} };

        is $result, $case->[3], $case->[0];
        is $syntax, $case->[4], "... $syntax" if $result == 0;
    }
    ok $s->release, 'released';

    my @syntaxes = map { "1.2.840.10008.1.2.4.$_" } 50 .. 149;
    ($s, $c) = session($l, contexts => [map { [2 * $_ + 1, $Dimse::CT,
                                               \@syntaxes] } 0 .. 127]);
    is scalar(grep { $_->[0] == 0 } values %$c), 128,
       '128 contexts of 100 transfer syntaxes';
    ok $s->release, 'released';

    ($s, $c) = session($l, application => '1.2.3');
    is $c, 3, 'a foreign application context is rejected';
    ($s, $c) = session($l, contexts => [[1, $Dimse::CT, [$Dimse::EXPLICIT]],
                                        [1, $Dimse::CT, [$Dimse::EXPLICIT]]]);
    is $c, 7, 'a presentation context ID twice: abort';
    ($s, $c) = session($l, contexts => [[2, $Dimse::CT, [$Dimse::EXPLICIT]]]);
    is $c, 7, 'an even one: abort';
};


subtest 'a small instance, again, and in conflict' => sub {
    my $uid  = '1.2.826.0.1.1.1.1';
    my $data = Dimse::small(instance => $uid);
    my %o    = (class => $Dimse::CT, instance => $uid);
    my $s    = ct_session($l);
    my $r    = $s->store(%o, data => $data);

    is $r->{status}, 0, 'stored' or diag $r->{comment};

    my $path = blobs($l)->{sha256_hex($Dimse::EXPLICIT . $data)};

    ok defined $path, 'its blob is named by its digest';
    is substr(Dimse::slurp($path // '/dev/null'), -length $data), $data,
       'and holds the bytes as they came';
    is_deeply [grep { $_ eq $uid } rows($l)], [$uid], 'one row in the index';

    my $copies = keys %{ blobs($l) };

    is $s->store(%o, data => $data, piece => 7)->{status}, 0,
       'the same again in tiny fragments is success';
    is $s->store(%o, data => $data)->{status}, 0, 'and again';

    my $i = ct_session($l, $Dimse::IMPLICIT);
    my $implicit = implicit($data);

    is $i->store(%o, data => $implicit)->{status}, 0,
       'the same in implicit VR is success';
    is scalar(keys %{ blobs($l) }), $copies, 'one file';
    $i->release;

    my $other = Dimse::small(instance => $uid, name => 'Other^Test');

    $r = $s->store(%o, data => $other);
    is $r->{status}, 0x0111, 'other content under the UID: 0x0111';
    ok length($r->{comment}) > 0 && length($r->{comment}) <= 64,
       "with a comment: $r->{comment}";
    is scalar(keys %{ blobs($l) }), $copies, 'the first stays alone';
    like log_of($l), qr/C-STORE refused 0111: .*instance: \Q$uid\E/,
         'the refusal is in the log';

    is $s->store(%o, instance => '1.2.826.0.1.1.1.2',
                 data => Dimse::small(instance => '1.2.826.0.1.1.1.2'))
       ->{status}, 0, 'the association goes on';
    ok $s->release, 'released';
    like log_of($l), qr/released: 2 stored, 2 known, 1 refused/, 'counted';
};


sub implicit {
    my ($data) = @_;

    my ($at, $out) = (0, '');

    while ($at < length $data) {
        my ($g, $e, $vr, $n) = unpack 'v v a2 v', substr $data, $at, 8;
        my $head = 8;

        if ($vr =~ /^O/) {
            $n = unpack 'V', substr $data, $at + 8, 4;
            $head = 12;
        }
        $out .= pack('v v V', $g, $e, $n) . substr $data, $at + $head, $n;
        $at += $head + $n;
    }

    return $out;
}


subtest 'what the command says is not what comes' => sub {
    my $before = keys %{ blobs($l) };
    my $s      = ct_session($l);
    my $data   = Dimse::small(instance => '1.2.826.0.1.1.1.3');
    my %o      = (class => $Dimse::CT, data => $data);

    is $s->store(%o, instance => '1.2.826.0.1.1.1.4')->{status}, 0xa900,
       'another instance UID';
    is $s->store(%o, instance => '1.2.826.0.1.1.1.3', class =>
                 '1.2.840.10008.5.1.4.1.1.4')->{status}, 0x0122,
       'a class that is not of the context';
    is $s->store(%o, instance => '1.2.826.0.1.1.1.3',
                 data => Dimse::small(instance => '1.2.826.0.1.1.1.3',
                     class => '1.2.840.10008.5.1.4.1.1.4'))->{status}, 0xa900,
       'a class that is not of the data set';
    for my $uid ('../../../tmp/x', '1..2', '1.2.' . '3' x 61, 'abc',
                 "1.2\0.3")
    {
        my $r = $s->store(%o, instance => $uid);

        is $r->{status} >> 8, 0xc0, 'no UID: ' . $uid =~ s/\0/\\0/r;
    }
    is $s->store(%o, instance => '1.2.826.0.1.1.1.3',
                 data => substr $data, 0, 200)->{status} >> 8, 0xc0,
       'cut off';
    is $s->store(%o, instance => '1.2.826.0.1.1.1.3', data => '')->{status}
       >> 8, 0xc0, 'nothing at all';
    is $s->echo->{status}, 0, 'the association lives';
    is scalar(keys %{ blobs($l) }), $before, 'nothing was kept';
    $s->release;
};


subtest 'commands that are not for us' => sub {
    my $s = ct_session($l);

    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 3, Dimse::set(
        Dimse::element(2, $Dimse::CT), Dimse::element(0x100, Dimse::us(0x20)),
        Dimse::element(0x110, Dimse::us(9)),
        Dimse::element(0x800, Dimse::us(1))))));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, 'x' x 100)));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 2, 'x' x 100)));
    is $s->response->{status}, 0x0211, 'C-FIND: 0x0211, its data set dropped';
    is $s->echo->{status}, 0, 'the association lives';

    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 3, Dimse::set(
        Dimse::element(0x100, Dimse::us(0x0fff)),
        Dimse::element(0x120, Dimse::us(9)),
        Dimse::element(0x800, Dimse::us(0x101))))));
    is $s->echo->{status}, 0, 'a late C-CANCEL has no answer';
    $s->release;
};


SKIP: {
    skip 'no ../shared/samples', 1 if !-d $samples;

    subtest 'one of each transfer syntax keeps its bytes' => sub {
        my (%syntaxes, %uids);

        for (split /\n/, Dimse::slurp("$samples/MANIFEST.tsv")) {
            my ($path, $syntax) = (split /\t/)[0, 6];

            next if $path =~ /^hostile|^relative/ || $syntaxes{$syntax}
                    || !-f "$samples/$path" || -s _ > 20e6;
            my $p = Dimse::part10("$samples/$path") or next;

            next if !$p->{study} || !defined $p->{instance}
                    || length $p->{instance} > 64 || $uids{$p->{instance}}++;
            $syntaxes{$syntax} = [$path, $p];
        }

        ok keys %syntaxes >= 18, keys(%syntaxes) . ' transfer syntaxes';

        for (sort keys %syntaxes) {
            my ($path, $p) = @{ $syntaxes{$_} };
            my ($s, $c) = session($l, contexts => [[1, $p->{class},
                                                    [$p->{syntax}]]]);
            my $r = $s->store(%$p);

            $s->release;
            my $blob = blobs($l)->{$p->{digest}};

            ok $r->{status} == 0 && defined $blob
               && substr(Dimse::slurp($blob), -length $p->{data})
                  eq $p->{data}, "$path, $_"
                or diag sprintf '%04x %s', $r->{status}, $r->{comment};
        }
    };

    subtest 'DCMTK sends what it likes' => sub {
        my $d = start();
        my $ct = "$samples/ct-series/lidc-0314-chest-1mm";
        my @clients = (
            ["dcmsend -nh 127.0.0.1 $d->{port} +sd +sp '*.dcm' $ct",
             'dcmsend as they are'],
            ["storescu -xt 127.0.0.1 $d->{port} $ct/0[0-4]*.dcm",
             'storescu, the same again'],
        );

        for (@clients) {
            my ($rc, $out) = run($_->[0]);

            is $rc, 0, $_->[1] or diag $out;
        }

        my @files = glob "$ct/*.dcm";

        is scalar(rows($d)), @files, 'each has a row';
        is scalar(keys %{ blobs($d) }), @files, 'and one file';
        ok !(grep { !defined blobs($d)->{Dimse::part10($_)->{digest}} }
             @files), 'named by the digest of the original bytes';

        my $uncompressed = "$samples/mr-series";
        my @mr = grep { my $p = Dimse::part10($_);
                        $p && $p->{syntax} eq $Dimse::EXPLICIT }
                 glob "$uncompressed/*/*.dcm $uncompressed/*.dcm";

        @mr = @mr[0 .. 9] if @mr > 10;
        for (['-xe', 'explicit'], ['-xi', 'implicit'], ['-xb', 'big endian'],
             ['-xd', 'deflated'])
        {
            my ($rc, $out) = run("storescu $_->[0] 127.0.0.1 $d->{port} @mr");

            is $rc, 0, "storescu, $_->[1]" or diag $out;
        }
        is scalar(rows($d)), @files + @mr, 'still one row each';
        is scalar(keys %{ blobs($d) }), @files + @mr, 'and one file each';
        is scalar(() = log_of($d) =~ /refused [0-9A-F]{4}:/g), 0,
           'nothing was refused';

        compare($d, @mr);
        is stop($d), 0, 'ends';
    };

    subtest 'hostile samples' => sub {
        my $h = start();
        my ($kept, $refused) = (0, 0);

        for my $file (glob "$samples/hostile/*.dcm") {
            my $p = Dimse::part10($file) or next;
            my ($s) = session($h, contexts => [[1, $Dimse::CT,
                                                [$p->{syntax}]]]);
            my $r = $s->store(class => $Dimse::CT, data => $p->{data},
                              instance => $p->{instance} // '1.2.3');
            my $fine = $r->{pdu} == 4
                       && ($r->{status} == 0 || $r->{status} == 0x0111
                           || $r->{status} == 0xa900
                           || $r->{status} >> 8 == 0xc0);

            $r->{status} == 0 ? $kept++ : $refused++;
            if (!$fine || $s->echo->{status} != 0) {
                fail($file);
                diag sprintf '%04x %s', $r->{status}, $r->{comment};
            }
            $s->release;
        }

        ok $kept > 20 && $refused > 20, "$kept kept, $refused refused";
        is scalar(rows($h)), $kept, 'rows of what was kept';
        is scalar(keys %{ blobs($h) }), $kept, 'files of what was kept';
        unlike log_of($h), qr/ended by signal|ERROR: AddressSanitizer/,
               'no crash';
        is stop($h), 0, 'ends';
    };
}


# element by element, by a reader that is not ours
sub compare {
    my ($d, @files) = @_;

    my %by_uid = map { (Dimse::part10($_) // {})->{instance} // '' => $_ }
                 values %{ blobs($d) };

    write_file("$tmp/compare.py", <<'PY');
import sys, pydicom
for a, b in zip(sys.argv[1::2], sys.argv[2::2]):
    if pydicom.dcmread(a) != pydicom.dcmread(b):
        print(a, b)
PY
    my @pairs = map { ($_, $by_uid{Dimse::part10($_)->{instance}}) } @files;
    my ($rc, $out) = run("/usr/bin/python3 -W ignore $tmp/compare.py @pairs");

    ok $rc == 0 && $out eq '', 'pydicom finds the stored ones equal'
        or diag $out;
}


subtest 'PDUs that are wrong' => sub {
    my $rq = Dimse::rq_pdu();
    my @raw = (
        ['length 2^32-16', pack('C x N', 1, 0xfffffff0) . 'x' x 64],
        ['length 2^32-16 of P-DATA', pack('C x N', 4, 0xfffffff0)],
        ['unknown type', pack('C x N', 99, 4) . 'xxxx'],
        ['HTTP', "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
        ['TLS', "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . 'x' x 500],
        ['empty request', pack 'C x N', 1, 0],
        ['request of zeros', pack('C x N', 1, 2000) . "\0" x 2000],
        ['item longer than the request',
         substr($rq, 0, 74) . pack('C x n', 0x10, 65535) . substr $rq, 78],
        ['P-DATA before a request', Dimse::pdu(4, Dimse::pdv(1, 3, 'xx'))],
        ['release before a request', Dimse::pdu(5, "\0" x 4)],
    );

    for (@raw) {
        my $s = Dimse::connect_to($l->{port});
        my $mid = $_->[0] =~ /2\^32-16$/;

        $s->send_raw($_->[1]);
        shutdown $s->{sock}, 1 if $mid || $_->[0] eq 'HTTP';

        my ($type) = $s->read_pdu;

        ok !defined $type || $type == 7 || $type == 3,
           "$_->[0]: " . (defined $type ? "PDU $type" : 'closed');
    }

    my @mid = (
        ['another request', $rq],
        ['unknown type', pack('C x N', 99, 4) . 'xxxx'],
        ['PDV of length 0', Dimse::pdu(4, pack 'N', 0)],
        ['PDV of length 1', Dimse::pdu(4, pack 'N C', 1, 1)],
        ['PDV of length 2^31', Dimse::pdu(4, pack 'N C C', 1 << 31, 1, 3)],
        ['P-DATA without PDV', Dimse::pdu(4, '')],
        ['P-DATA over the maximum', pack('C x N', 4, 131073)],
        ['P-DATA of 2^31', pack('C x N', 4, 1 << 31)],
        ['a data set first', Dimse::pdu(4, Dimse::pdv(1, 2, 'x' x 10))],
        ['an unknown context', Dimse::pdu(4, Dimse::pdv(99, 3, 'x' x 10))],
        ['a command of garbage', Dimse::pdu(4, Dimse::pdv(1, 3, 'x' x 99))],
        ['a command of 70 kB', Dimse::pdu(4, Dimse::pdv(1, 1, 'x' x 70000))],
        ['an element of 2^32-2', Dimse::pdu(4, Dimse::pdv(1, 3,
            pack 'v v V', 0, 2, 0xfffffffe))],
        ['a response', Dimse::pdu(4, Dimse::pdv(1, 3, Dimse::set(
            Dimse::element(0x100, Dimse::us(0x8001)),
            Dimse::element(0x800, Dimse::us(0x101)))))],
        ['C-STORE without a data set', Dimse::pdu(4, Dimse::pdv(1, 3,
            Dimse::set(Dimse::element(2, $Dimse::CT),
            Dimse::element(0x100, Dimse::us(1)),
            Dimse::element(0x800, Dimse::us(0x101)))))],
    );

    for (@mid) {
        my ($s) = session($l);

        $s->send_raw($_->[1]);
        my ($type) = $s->read_pdu;

        is $type, 7, "$_->[0]: abort";
    }

    # a command in the middle of a data set
    my $s = ct_session($l);

    $s->send_raw($s->store_command(1, $Dimse::CT, '1.2.3'));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, 'x' x 1000)));
    $s->send_raw($s->store_command(1, $Dimse::CT, '1.2.4'));
    my ($type) = $s->read_pdu;
    is $type, 7, 'a command within a data set: abort';

    # the peer goes in the middle of one
    $s = ct_session($l);
    $s->send_raw($s->store_command(1, $Dimse::CT, '1.2.3'));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, 'x' x 1000)));
    close $s->{sock};

    ok until_true(sub { !associations($l) }), 'all of them are gone';
    echoes($l, 'others are served');
    unlike log_of($l), qr/ended by signal/, 'no crash';
    is_deeply [grep { /^1\.2\.[34]$/ } rows($l)], [], 'nothing was kept';
};


subtest 'a flood' => sub {
    my $f = start('--limit-associations', 6, '--limit-peer_associations', 5);
    my (@in, @out);

    for (1 .. 12) {
        my $s = Dimse::connect_to($f->{port});
        $s->send_raw(Dimse::rq_pdu());
        my ($type, $body) = $s->read_pdu;

        push @{ $type == 2 ? \@in : \@out }, [$s, $type, $body];
    }

    is scalar @in, 5, 'as many as the limit allows';
    ok !(grep { $_->[1] != 3 || $_->[2] ne "\0\2\3\2" } @out),
       'the others: transient, presentation related, local limit exceeded';
    is $_->[0]->echo->{status}, 0, 'the ones that are in are served'
        for @in[0, 4];
    my ($rc, $out) = run("echoscu 127.0.0.1 $f->{port}");
    like $out, qr/Local Limit Exceeded/, 'echoscu understands the rejection';

    $_->[0]->release for @in;
    ok until_true(sub { !associations($f) }), 'they end';
    echoes($f, 'there is room again');
    is stop($f), 0, 'ends';
};


subtest 'silence' => sub {
    my $q = start('--limit-artim_seconds', 1, '--limit-idle_seconds', 2);
    my $mute = Dimse::connect_to($q->{port});
    my $half = Dimse::connect_to($q->{port});
    my ($idle) = session($q);
    my $stuck = ct_session($q);
    my $began = time;

    $half->send_raw(substr Dimse::rq_pdu(), 0, 50);
    $stuck->send_raw($stuck->store_command(1, $Dimse::CT, '1.2.3'));
    $stuck->send_raw(pack('C x N', 4, 1000) . 'x' x 100);

    my ($type) = $mute->read_pdu;
    ok !defined $type, 'nothing sent: closed';
    ($type) = $half->read_pdu;
    ok !defined $type || $type == 7, 'half a request: closed';
    ok time - $began < 9, 'sooner than by default, 10 s';
    ($type) = $idle->read_pdu;
    is $type, 7, 'an idle association: abort';
    ($type) = $stuck->read_pdu;
    ok !defined $type || $type == 7, 'half a fragment: ended';
    ok until_true(sub { !associations($q) }), 'all are gone';
    like log_of($q), qr/association timed out/, 'and logged';
    is stop($q), 0, 'ends';
};


subtest 'a child is killed while it receives' => sub {
    ok until_true(sub { !associations($l) }), 'nobody else is there';

    my $before = keys %{ blobs($l) };
    my $s = ct_session($l);

    $s->send_raw($s->store_command(1, $Dimse::CT, '1.2.826.0.1.1.1.9'));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, substr
        Dimse::small(instance => '1.2.826.0.1.1.1.9'), 0, 300)));
    my ($child) = associations($l);
    ok kill('KILL', $child), 'killed';
    my ($type) = $s->read_pdu;
    ok !defined $type, 'its peer sees the end of the connection';
    ok until_true(sub { log_of($l) =~ /process $child ended by signal 9/ }),
       'logged';
    echoes($l, 'the parent lives');
    is scalar(keys %{ blobs($l) }), $before, 'nothing under a final name';
    is_deeply [grep { /1\.9$/ } rows($l)], [], 'nothing in the index';
    is ct_store($l, '1.2.826.0.1.1.1.9'), 0, 'and it can be sent again';
};


sub ct_store {
    my ($to, $uid) = @_;

    my $s = ct_session($to);
    my $r = $s->store(class => $Dimse::CT, instance => $uid,
                      data => Dimse::small(instance => $uid));

    $s->release;
    return $r->{status};
}


subtest 'many associations leave nothing behind' => sub {
    until_true(sub { !associations($l) });
    my $fds = fds($l);

    for (1 .. 200) {
        my ($s) = session($l);
        $s->echo;
        $_ % 3 ? $s->release : close $s->{sock};
    }

    ok until_true(sub { !associations($l) }), 'all have ended';
    is fds($l), $fds, "as many descriptors as before: $fds";
    unlike `ps -o stat= --ppid $l->{pid}`, qr/Z/, 'no zombie';
};


subtest 'other content is put aside when that is asked for' => sub {
    my $q   = start('--duplicates', 'quarantine');
    my $uid = '1.2.826.0.1.5.1';
    my %o   = (class => $Dimse::CT, instance => $uid);
    my $s   = ct_session($q);

    my $other = Dimse::small(instance => $uid, name => 'Other^Test');

    is $s->store(%o, data => Dimse::small(instance => $uid))->{status}, 0,
       'the first';
    is $s->store(%o, data => $other)->{status}, 0x0111, 'the second: 0x0111';
    $s->release;
    is_deeply [rows($q)], [$uid], 'one row';
    ok blobs($q)->{sha256_hex($Dimse::EXPLICIT . $other)}, 'it is kept';

    my ($rc, $out) = run("$build/pacs conflicts --home $q->{home}");

    ok $rc == 0 && $out =~ /\Q$uid\E/, 'and listed by pacs conflicts'
        or diag $out;
    is stop($q), 0, 'ends';
};


# bytes; the most that the process ever had
sub peak {
    my ($pid) = @_;

    Dimse::slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m;
    return $1 * 1024;
}


subtest 'memory does not grow with the instance' => sub {
    my $m     = start();
    my $uid   = '1.2.826.0.1.6.1';
    my $size  = $ENV{PACS_LONG} ? 1e9 : 100e6;
    my $frame = 2 * 4096 * 4096;
    my $n     = int $size / $frame;
    my $head  = Dimse::small(instance => $uid, side => 4096, frames => $n,
                             bytes => $n * $frame, pixels => '');
    my $s     = ct_session($m);
    my $small = ct_session($m);

    $s->send_raw($s->store_command(1, $Dimse::CT, $uid));
    $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, $head)));

    my $piece = "\1\2" x 32768;
    my $count = $n * $frame / length $piece;

    for (1 .. $count) {
        $s->send_raw(Dimse::pdu(4, Dimse::pdv(1, $_ == $count ? 2 : 0,
                                              $piece))) or last;
    }

    my $r = $s->response;

    is $r->{status}, 0, 'an instance of ' . $n * $frame . ' bytes'
        or diag $r->{comment};
    my ($first, $second) = sort { $a <=> $b } associations($m);

    is $small->store(class => $Dimse::CT, instance => '1.2.826.0.1.6.2',
        data => Dimse::small(instance => '1.2.826.0.1.6.2'))->{status}, 0,
       'a small one beside it';
    my $more = peak($first) - peak($second);

    SKIP: {
        skip 'ASan keeps freed memory', 1 if asan();
        cmp_ok $more, '<', 32e6, "$more bytes more";
    }
    $_->release for $s, $small;
    is stop($m), 0, 'ends';
};


subtest 'eight at once' => sub {
    my $e = start();
    my @clients = map {
        my $n = $_;
        my $pid = fork // die;

        if ($pid == 0) {
            my $s = ct_session($e);
            my $bad = 0;

            for (1 .. 10) {
                my $uid = "1.2.826.0.1.2.$n.$_";
                my $r = $s->store(class => $Dimse::CT, instance => $uid,
                    data => Dimse::small(instance => $uid,
                                         series => "1.2.826.0.1.2.$n"));
                $bad++ if $r->{status} != 0;
            }

            # all of them send this one
            $bad++ if $s->store(class => $Dimse::CT, instance => '1.2.826.7',
                data => Dimse::small(instance => '1.2.826.7'))->{status} != 0;
            $s->release;
            POSIX::_exit($bad);
        }
        $pid;
    } 1 .. 8;
    my $bad = 0;

    for (@clients) {
        waitpid $_, 0;
        $bad += $? >> 8;
    }

    is $bad, 0, 'every store is success';
    is scalar(rows($e)), 81, 'rows';
    is scalar(keys %{ blobs($e) }), 81, 'files';
    is stop($e), 0, 'ends';
};


subtest 'the codec is kept running' => sub {
    my $c = start();
    my $started = sub { log_of($c) =~ /started .*-codec, process (\d+)$/mg };
    my ($pid) = until_true(sub { ($started->())[0] });

    ok $pid && kill(0, $pid), 'started';
    ok until_true(sub { -s "$tmp/codec.log"
           && Dimse::slurp("$tmp/codec.log")
              =~ /^$pid --home \Q$c->{home}\E /m }), 'for this home';
    kill 'KILL', $pid;
    my ($second) = until_true(sub { ($started->())[1] });
    ok $second, 'and again when it dies';
    is stop($c), 0, 'ends';
    ok !kill(0, $second), 'and the codec with it';
};


subtest 'SIGTERM' => sub {
    my $t = start();
    my $uid = '1.2.826.0.1.3.1';
    my $data = Dimse::small(instance => $uid);
    my $busy = ct_session($t);
    my ($idle) = session($t);

    $busy->send_raw($busy->store_command(1, $Dimse::CT, $uid));
    $busy->send_raw(Dimse::pdu(4, Dimse::pdv(1, 0, substr $data, 0, 100)));
    until_true(sub { associations($t) == 2 });
    kill 'TERM', $t->{pid};
    ok until_true(sub { log_of($t) =~ /stopping/ }), 'noticed';
    ok !Dimse::connect_to($t->{port}), 'nobody else comes in';
    my ($type) = $idle->read_pdu;
    is $type, 7, 'an idle association ends soon';
    ok !defined ended($t, 0.1), 'a busy one is waited for';
    $busy->send_raw(Dimse::pdu(4, Dimse::pdv(1, 2, substr $data, 100)));
    is $busy->response->{status}, 0, 'it is served to its end';
    ok $busy->release, 'and released';
    is ended($t), 0, 'then the listener ends';
    is_deeply [rows($t)], [$uid], 'what was acknowledged is in the index';
};


is stop($l), 0, 'the listener ends';
for my $log (glob "$tmp/log-*") {
    unlike Dimse::slurp($log), qr/Sanitizer|runtime error|with code 23/,
           'nothing from the sanitizers in ' . $log =~ s{.*/}{}r;
}

done_testing();
