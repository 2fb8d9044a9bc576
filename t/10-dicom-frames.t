#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# The frame locator against pydicom: number of frames and SHA-256 of each
# frame's bytes, on all samples with encapsulated pixel data.

use strict;
use warnings;
use lib 't/lib';

use Cwd qw(abs_path);
use File::Find qw(find);
use Pacs;
use Test::More;

my $samples = samples();
my $tool = "$Pacs::B/t/tools/dump_frames";

plan skip_all => "no python3-pydicom under /usr/bin/python3"
    if system('/usr/bin/python3 -c "import pydicom" 2>/dev/null');

my @files;
find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if /\/hostile$/;
    push @files, $_ if -f && /\.dcm$/;
} }, abs_path($samples));
@files = sort @files;

# pydicom gives a video as one "frame" of all its fragments; we say that its
# frames cannot be told apart
my $judge = <<'PYTHON';
import hashlib, sys, warnings
import pydicom
from pydicom.encaps import generate_pixel_data_frame
warnings.simplefilter('ignore')
for path in sys.stdin.read().split('\n'):
    try:
        ds = pydicom.dcmread(path)
        if 'PixelData' not in ds or not ds['PixelData'].is_undefined_length:
            continue
        n = int(ds.get('NumberOfFrames', 1) or 1)
        frames = [hashlib.sha256(f).hexdigest()
                  for f in generate_pixel_data_frame(ds.PixelData, n)]
        print('\t'.join([path, str(len(frames))] + frames))
    except Exception as e:
        print('%s\terror %s' % (path, str(e).split('\n')[0]))
PYTHON

sub lines_of {
    my ($in, @cmd) = @_;
    my $list = "/tmp/pacs-frames-$$.txt";
    open my $fh, '>', $list or die $!;
    print $fh join("\n", @$in);
    close $fh;
    open my $out, '-|', 'sh', '-c', '"$@" < ' . $list, 'sh', @cmd or die $!;
    my %got = map { chomp; split /\t/, $_, 2 } <$out>;
    close $out;
    unlink $list;
    return %got;
}

my %want = lines_of(\@files, '/usr/bin/python3', '-c', $judge);
my %got = lines_of([], $tool, @files);
my $compared = 0;

for my $file (@files) {
    my ($name) = $file =~ m{samples/(.*)};
    my ($ours, $theirs) = ($got{$file}, $want{$file});
    next unless defined $ours || defined $theirs;
    $ours //= 'not encapsulated';
    $theirs //= 'not encapsulated';

    if ($name =~ m{^ecg-pdf-video/} && $ours =~ /^error .*video/) {
        pass("$name: a video, refused by name");
    } elsif ($ours =~ /^error/ && $theirs =~ /^error/) {
        pass("$name: refused by both: $ours");
    } else {
        is($ours, $theirs, $name);
        $compared++;
    }
}

cmp_ok($compared, '>', 250, "$compared files compared");
done_testing();
