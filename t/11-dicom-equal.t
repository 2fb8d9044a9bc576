#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What DCMTK re-encodes is equal to what it was; what pydicom reads from our
# writer is what it read before.

use strict;
use warnings;
use lib 't/lib';

use Cwd qw(abs_path);
use File::Find qw(find);
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $samples = samples();
my ($equal, $rewrite) = map { "$Pacs::B/t/tools/dicom_$_" } qw(equal rewrite);

plan skip_all => 'no dcmconv (dcmtk)' unless have('dcmconv');
plan skip_all => 'no python3-pydicom under /usr/bin/python3'
    if system('/usr/bin/python3 -c "import pydicom" 2>/dev/null');

my $tmp = tempdir(CLEANUP => 1);
my @files;
find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if /\/hostile$/;
    push @files, $_ if -f && /\.dcm$/ && -s _ < 1_000_000;
} }, abs_path($samples));
@files = sort @files;

# every 13th, and all of the folder of transfer syntaxes
my $n = 0;
@files = grep { $n++ % 13 == 0 || m{/transfer-syntax/} } @files;

# options of dcmconv: lengths and transfer syntax
my @encodings = ('+ti +e', '+te -e', '+tb +e', '+td +e');
my (@pairs, @names);
my $i = 0;

for my $file (@files) {
    my ($name) = $file =~ m{samples/(.*)};
    for my $how (@encodings) {
        my $out = "$tmp/" . $i++ . ".dcm";
        # fails on encapsulated pixel data and on files of other faults
        next if system("dcmconv $how '$file' '$out' >/dev/null 2>&1");
        push @pairs, $file, $out;
        push @names, "$name, dcmconv $how";
    }
}

my @got = run_equal(@pairs);
is($got[$_], 'equal', $names[$_]) for 0 .. $#names;
cmp_ok(scalar @names, '>', 100, scalar(@names) . ' files were re-encoded');

sub run_equal {
    open my $out, '-|', $equal, @_ or die $!;
    my @lines = map { chomp; $_ } <$out>;
    close $out;
    return @lines;
}

# neighbours are different instances
my @neighbours = map { @files[$_, $_ + 1] } 0 .. $#files - 1;
@got = run_equal(@neighbours);
my %same = map { ("$neighbours[2 * $_]" => 1) }
           grep { $got[$_] eq 'equal' } 0 .. $#got;
cmp_ok(scalar keys %same, '<', @files / 10, 'neighbours differ')
    or diag join "\n", sort keys %same;

# --- the writer ---

my $judge = <<'PYTHON';
import sys, warnings
import pydicom
warnings.simplefilter('ignore')

# group lengths go, and the words of big endian OW, which pydicom leaves as
# they are, are turned round
def bare(ds, big):
    for elem in list(ds):
        if elem.tag.element == 0 or elem.tag == 0xFFFCFFFC:
            del ds[elem.tag]
        elif elem.VR == 'SQ':
            for item in elem.value:
                bare(item, big)
        elif elem.VR == 'OW' and big and elem.value:
            words = bytearray(elem.value)
            words[0::2], words[1::2] = words[1::2], words[0::2]
            elem.value = bytes(words)
    return ds

for line in sys.stdin.read().split('\n'):
    a, b = line.split('\t')
    try:
        x, y = pydicom.dcmread(a), pydicom.dcmread(b)
        x, y = bare(x, not x.is_little_endian), bare(y, False)
        if x == y:
            print('same')
        else:
            print('different: ' + ' '.join(
                str(t) for t in sorted(set(x.keys()) | set(y.keys()))
                if x.get(t) != y.get(t)))
    except Exception as e:
        print('error', repr(e))
PYTHON

my @written;
for my $file (@files) {
    my $out = "$tmp/" . $i++ . ".dcm";
    next if system("$rewrite explicit '$file' '$out' 2>/dev/null");
    push @written, [$file, $out];
}

open my $list, '>', "$tmp/list" or die $!;
print $list join("\n", map { join "\t", @$_ } @written);
close $list;
open my $out, '-|', 'sh', '-c', '/usr/bin/python3 -c "$1" < "$2"', 'sh',
    $judge, "$tmp/list" or die $!;
my @verdicts = map { chomp; $_ } <$out>;
close $out;

for my $k (0 .. $#written) {
    my ($name) = $written[$k][0] =~ m{samples/(.*)};
    is($verdicts[$k], 'same', "$name, written by us, read by pydicom");
}
cmp_ok(scalar @written, '>', 80, scalar(@written) . ' files were written');

done_testing();
