#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause

# What is deleted leaves the cache too: decoded frames, pyramids, pictures
# and volumes of an instance, a series, a study, and nothing else.

use strict;
use warnings;
use lib 't/lib';
use File::Temp qw(tempdir);
use Pacs;
use Test::More;

my $python = '/usr/bin/python3';
plan(skip_all => 'no python3 with numpy and pydicom') if (capture($python, '-c', 'import numpy, pydicom'))[0];

# two studies: a stack of RLE slices, and a large frame
my $tmp = tempdir('pacs-forget-XXXXXX', DIR => '/tmp', CLEANUP => 1);
is(run($python, '-c', <<'PY', $tmp), 0, 'made');
import sys
sys.path.insert(0, "t/lib")
import numpy as np
from pydicom.uid import RLELossless, generate_uid
import volume_phantom as v
for study in "ab":
    ids = generate_uid(), generate_uid(), generate_uid()
    for k in range(4):
        ds = v.slice_of(study, ids, v.ramp, (-16.0, -11.0, 2.5 * k), k + 1)
        ds.compress(RLELossless, ds.pixel_array, encoding_plugin="pydicom")
        ds.save_as(f"{sys.argv[1]}/{study}{k}.dcm", write_like_original=False)
    ids = ids[0], generate_uid(), generate_uid()
    large = v.slice_of(study, ids, v.ramp, (0.0, 0.0, 0.0), 1, size=(1300, 1300))
    large.save_as(f"{sys.argv[1]}/{study}-large.dcm", write_like_original=False)
PY

my $pacs = Pacs->new;
my (%study, %series);
for my $name ('a', 'b') {
    is($pacs->stow([sort glob "$tmp/$name*.dcm"])->{status}, 200, "study $name is stored");
    for my $row (@{$pacs->get_json("/dicom-web/series?PatientID=$name&includefield=all")}) {
        my ($S, $X) = map { $row->{$_}{Value}[0] } qw(0020000D 0020000E);
        $study{$name} = $S;
        push @{$series{$name}}, { uid => $X, path => "/dicom-web/studies/$S/series/$X",
            instances => [map { $_->{'00080018'}{Value}[0] } @{$pacs->get_json("/dicom-web/studies/$S/series/$X/instances")}] };
    }
    @{$series{$name}} = sort { @{$b->{instances}} <=> @{$a->{instances}} } @{$series{$name}};
}

sub look_at {
    my ($name) = @_;
    my ($stack, $large) = @{$series{$name}};
    for my $s ($stack, $large) {
        for my $i (@{$s->{instances}}) {
            is($pacs->get("$s->{path}/instances/$i/$_")->{status}, 200, "$name: $_") for 'rendered?viewport=100,100', 'thumbnail';
        }
    }
    is($pacs->get("$stack->{path}/renderedmpr")->{status}, 200, "$name: a plane");
}

# how many files of each kind
sub cached {
    my $c = "$pacs->{home}/cache";
    my @volumes = glob "$c/frames/volume-*";
    return [@volumes + 0, (() = glob "$c/frames/*") - @volumes, (() = glob "$c/pyramids/*") + 0, (() = glob "$c/pictures/*") + 0];
}

sub deleted { is(($pacs->pacs('delete', @_))[0], 0, "@_[1 .. $#_]: deleted") }

look_at($_) for 'a', 'b';
is_deeply(cached(), [2, 8, 2, 10], 'volumes, frames, pyramids, pictures') or diag explain cached();

deleted($study{a}, $series{a}[0]{uid}, $series{a}[0]{instances}[2]);
is_deeply(cached(), [1, 7, 2, 9], '... an instance, and the volume that it was part of') or diag explain cached();
is($pacs->get("$series{a}[0]{path}/renderedmpr")->{status}, 200, 'the rest is a volume');

deleted($study{a}, $series{a}[1]{uid});
is_deeply(cached(), [1, 7, 1, 8], '... a series');

deleted($study{a});
is_deeply(cached(), [1, 4, 1, 5], '... a study, and nothing of the other one');
look_at('b');
is_deeply(cached(), [1, 4, 1, 5], '... which is still in the cache');

$pacs->shutdown;
done_testing;
