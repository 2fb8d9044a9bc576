#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
#
# What independent programs make of compressed frames, in pacs-codec's layout
# (src/core/codec.h): little endian, by pixel, colour as RGB, sign-extended.
#
#   codec_reference.py OUT MAX < files
#
# Writes OUT/<line>-<frame>.raw for up to MAX frames of each file, and a line
# for each: number of frames written, or "-" and why there is none.  Programs:
# DCMTK's dcmdrle, dcmdjpeg, dcmdjpls; OpenJPEG's opj_decompress for JPEG 2000
# (the same library as ours: it tests what we do around it) and, by its own
# decoder, for HTJ2K; native files are read by pydicom.

import os
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pydicom
from pydicom.encaps import generate_pixel_data_frame
from pydicom.pixel_data_handlers.util import convert_color_space

warnings.simplefilter('ignore')

DCMTK = {'1.2.840.10008.1.2.5': 'dcmdrle',
         '1.2.840.10008.1.2.4.50': 'dcmdjpeg',
         '1.2.840.10008.1.2.4.51': 'dcmdjpeg',
         '1.2.840.10008.1.2.4.57': 'dcmdjpeg',
         '1.2.840.10008.1.2.4.70': 'dcmdjpeg',
         '1.2.840.10008.1.2.4.80': 'dcmdjpls',
         '1.2.840.10008.1.2.4.81': 'dcmdjpls'}
J2K = ['1.2.840.10008.1.2.4.' + n for n in ('90', '91', '201', '202', '203')]
NATIVE = ['1.2.840.10008.1.2' + n for n in ('', '.1', '.2', '.1.99')]
LOSSY = ['1.2.840.10008.1.2.4.' + n for n in ('50', '51', '81', '91', '203')]


def run(*cmd):
    r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode != 0:
        text = r.stdout.decode(errors='replace').strip().split('\n')[-1]
        raise RuntimeError('%s: %s' % (cmd[0], text))


def shape(ds):
    s = (ds.Rows, ds.Columns)
    return s + (ds.SamplesPerPixel,) if ds.SamplesPerPixel > 1 else s


def native(path):
    ds = pydicom.dcmread(path, force=True)
    count = int(ds.get('NumberOfFrames', 1) or 1)
    frames = ds.pixel_array.reshape((count,) + shape(ds))
    if ds.PhotometricInterpretation.startswith('YBR'):
        frames = [convert_color_space(f, 'YBR_FULL', 'RGB') for f in frames]
    return frames


def jpeg2000(ds, max_frames, tmp):
    count = int(ds.get('NumberOfFrames', 1) or 1)
    for data in list(generate_pixel_data_frame(ds.PixelData,
                                               count))[:max_frames]:
        name = tmp + ('.jp2' if data[:4] == b'\0\0\0\x0c' else '.j2k')
        with open(name, 'wb') as f:
            f.write(data)
        run('opj_decompress', '-quiet', '-i', name, '-o', tmp + '.raw')
        raw = np.fromfile(tmp + '.raw', np.uint8)
        n = ds.Rows * ds.Columns * ds.SamplesPerPixel
        planes = raw.view('<u1' if raw.size == n else '<u2')
        planes = planes.reshape((ds.SamplesPerPixel, ds.Rows, ds.Columns))
        yield np.moveaxis(planes, 0, -1).reshape(shape(ds))


def deflated(ds):
    for data in generate_pixel_data_frame(ds.PixelData,
                                          int(ds.get('NumberOfFrames', 1))):
        raw = np.frombuffer(zlib.decompressobj(-15).decompress(data), 'u1')
        if ds.BitsAllocated == 1:
            raw = np.unpackbits(raw, bitorder='little')
        yield raw[:ds.Rows * ds.Columns].reshape(shape(ds))


def cells(frame, ds):
    bits, alloc = ds.BitsStored, max(8, ds.BitsAllocated)
    sign = ds.PixelRepresentation
    v = frame.astype('i8')
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if sign else \
        (0, (1 << bits) - 1)
    if ds.file_meta.TransferSyntaxUID in LOSSY:
        if sign:                # read as unsigned by one who knows no better
            v = v.astype('<i%d' % (alloc // 8)).astype('i8')
        v = np.clip(v, low, high)
    else:
        v &= (1 << bits) - 1
        if sign:
            v = np.where(v > high, v - (1 << bits), v)
    return v.astype('<%s%d' % ('i' if sign else 'u', alloc // 8))


def decoded(path, ds, out, max_frames):
    """the frames of a file as arrays; out: where programs may write"""
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax in DCMTK:
        run(DCMTK[syntax], path, out + '.dcm')
        frames = native(out + '.dcm')
    elif syntax in J2K:
        frames = jpeg2000(ds, max_frames, out)
    elif syntax == '1.2.840.10008.1.2.8.1':
        frames = deflated(ds)
    elif syntax == '1.2.840.10008.1.2.1.98':
        frames = [np.frombuffer(f, '<u%d' % (ds.BitsAllocated // 8),
                                ds.Rows * ds.Columns).reshape(shape(ds))
                  for f in generate_pixel_data_frame(ds.PixelData)]
    elif not syntax.is_compressed:
        frames = native(path)
    else:
        raise RuntimeError('no reference for ' + syntax)
    return frames


def reference(path, out, max_frames):
    ds = pydicom.dcmread(path, force=True)
    frames = decoded(path, ds, out, max_frames)
    n = 0
    for frame in frames:
        if n < max_frames:
            n += 1
            cells(frame, ds).tofile('%s-%d.raw' % (out, n))
    return n


def main():
    folder, max_frames = sys.argv[1], int(sys.argv[2])
    for i, line in enumerate(sys.stdin):
        try:
            n = reference(line.rstrip('\n'), os.path.join(folder, str(i)),
                          max_frames)
            print(n, flush=True)
        except Exception as e:
            print('-', str(e).replace('\n', ' '), flush=True)


if __name__ == '__main__':
    main()
