# SPDX-License-Identifier: BSD-2-Clause

"""render_compare.py RENDER_FILE TMP ALL: reads paths from stdin, renders the
first frame of each with RENDER_FILE and by independent means: DCMTK's dcm2pnm
and the standard's formula on pydicom's samples.  Prints
path <tab> means <tab> max difference <tab> mean difference, or
path <tab> means <tab> error <tab> text."""

import subprocess
import sys
import warnings

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixel_data_handlers.util import apply_color_lut

warnings.simplefilter('ignore')
pydicom.config.logger.setLevel('ERROR')
tool, tmp = sys.argv[1:3]


def picture(path):
    return np.asarray(Image.open(path)).astype(int)


def ours(path, out, *keys, frame=0):
    r = subprocess.run([tool, path, str(frame), out, 'bare=1', *keys],
                       capture_output=True, text=True)
    if r.returncode:
        raise ValueError(r.stdout.strip() or 'exit %d' % r.returncode)
    return picture(out)


def dcmtk(path, out, *options):
    r = subprocess.run(['dcm2pnm', '-q', '-O', '+on', *options, path, out],
                       capture_output=True, text=True)
    if r.returncode:
        raise ValueError('dcm2pnm')
    return picture(out)


def report(path, means, a, b):
    if a.shape != b.shape:
        print(path, means, 'error', 'shapes %s %s' % (a.shape, b.shape),
              sep='\t')
        return
    d = np.abs(a - b)
    print(path, means, d.max(), '%.4f' % d.mean(), sep='\t')


def linear(x, c, w):
    y = ((x - (c - 0.5)) / max(w - 1, 1e-9) + 0.5) * 255
    y = np.where(x <= c - 0.5 - (w - 1) / 2, 0, y)
    return np.where(x > c - 0.5 + (w - 1) / 2, 255, y)


def sigmoid(x, c, w):
    return 255 / (1 + np.exp(-4 * (x - c) / w))


def stored(ds, frame):
    """samples of a frame, also of floats and packed bits"""
    if 'FloatPixelData' in ds or 'DoubleFloatPixelData' in ds:
        raw, kind = (ds.FloatPixelData, 'f4') if 'FloatPixelData' in ds \
            else (ds.DoubleFloatPixelData, 'f8')
        return np.frombuffer(raw, '<' + kind).reshape(
            -1, ds.Rows, ds.Columns)[frame]
    a = ds.pixel_array
    a = a[frame] if int(ds.get('NumberOfFrames', 1) or 1) > 1 else a
    if ds.BitsAllocated == 1:
        return a
    # what pydicom leaves to its caller: the bits around the stored ones
    a = a.astype(np.int64) >> (ds.HighBit + 1 - ds.BitsStored)
    a &= (1 << ds.BitsStored) - 1
    if ds.PixelRepresentation:
        a -= (a >> (ds.BitsStored - 1)) << ds.BitsStored
    return a


def window(ds, x):
    low, high = float(x.min()), float(x.max())
    if high - low < 2:
        return (low + high) / 2, 2.0
    return round((low * 2 + high) / 3, 1), max(2.0, round((high - low) / 2))


def groups(ds, keyword, path, frame):
    """a value of a frame, else of the shared groups, else of the image"""
    for where, i in (('PerFrameFunctionalGroupsSequence', frame),
                     ('SharedFunctionalGroupsSequence', 0)):
        if where in ds and len(ds[where].value) > i \
                and path in ds[where].value[i]:
            item = ds[where].value[i][path].value[0]
            if keyword in item:
                return item[keyword].value
    return ds[keyword].value if keyword in ds else None


def grey(path, ds, frame):
    invert = ds.PhotometricInterpretation == 'MONOCHROME1' \
        or ds.get('PresentationLUTShape') == 'INVERSE'
    x = stored(ds, frame)
    if 'ModalityLUTSequence' in ds:
        lut = ds.ModalityLUTSequence[0]
        first = lut.LUTDescriptor[1]
        if ds.PixelRepresentation and first > 32767:
            first -= 65536
        data = np.array(lut.LUTData, dtype=np.int64)
        x = data[np.clip(x - first, 0, len(data) - 1)]
    else:
        slope = groups(ds, 'RescaleSlope',
                       'PixelValueTransformationSequence', frame)
        inter = groups(ds, 'RescaleIntercept',
                       'PixelValueTransformationSequence', frame)
        x = x.astype(float) * float(1 if slope is None else slope) \
            + float(inter or 0)
    x = x.astype(float)
    c, w = window(ds, x)
    keys = ('center=%r' % c, 'width=%r' % w)
    for voi, f in ((0, linear), (2, sigmoid)):
        y = f(x, c, w)
        y = np.floor((255 - y if invert else y) + 0.5).astype(int)
        report(path, 'formula %d%s' % (voi, ', last frame' if frame else ''),
               ours(path, tmp + '/a.png', 'voi=%d' % voi, *keys,
                    frame=frame), y)
    if frame:
        shown = [groups(ds, k, 'FrameVOILUTSequence', frame)
                 for k in ('WindowCenter', 'WindowWidth')]
        if None not in shown and ds.get('VOILUTFunction') is None:
            c, w = [float(np.ravel(v)[0]) for v in shown]
            y = linear(x, c, w)
            y = np.floor((255 - y if invert else y) + 0.5).astype(int)
            report(path, 'window of the last frame',
                   ours(path, tmp + '/a.png', frame=frame), y)
        return
    # dcm2pnm does not look for a rescale in functional groups
    if 'PixelData' in ds and ds.BitsAllocated in (8, 16) \
            and ('ModalityLUTSequence' in ds or (slope, inter)
                 in ((None, None), (1, 0),
                     (ds.get('RescaleSlope'), ds.get('RescaleIntercept')))):
        try:
            b = dcmtk(path, tmp + '/b.png', '+Wfl', '+Ww', repr(c),
                      repr(w))
        except ValueError:
            return
        report(path, 'dcm2pnm', ours(path, tmp + '/a.png', *keys), b)
        default(path, ds)


def default(path, ds):
    """what is shown when nothing is asked for"""
    if 'VOILUTSequence' in ds and len(ds.VOILUTSequence):
        means, option = 'dcm2pnm VOI LUT', '+Wl'
    elif ds.get('WindowCenter') is not None:
        means, option = 'dcm2pnm window', '+Wi'
    else:
        return
    try:
        b = dcmtk(path, tmp + '/b.png', option, '1')
    except ValueError:
        return
    report(path, means, ours(path, tmp + '/a.png'), b)


def palette(path, ds):
    a = apply_color_lut(stored(ds, 0), ds)
    a = a.astype(int) >> (8 if a.max() > 255 else 0)
    report(path, 'pydicom palette', ours(path, tmp + '/a.png'), a)


def colour(path, ds):
    # pydicom does not swap the words of 8-bit tables
    if ds.PhotometricInterpretation == 'PALETTE COLOR' \
            and ds.is_little_endian:
        palette(path, ds)
    try:
        b = dcmtk(path, tmp + '/b.png')
    except ValueError:
        return
    if b.ndim == 2:
        b = np.stack([b] * 3, -1)
    report(path, 'dcm2pnm', ours(path, tmp + '/a.png'), b)


for line in sys.stdin:
    path = line.rstrip('\n')
    try:
        ds = pydicom.dcmread(path, force=True)
        if not {'PixelData', 'FloatPixelData', 'DoubleFloatPixelData'} \
                & set(ds.dir()):
            continue
        if not ds.PhotometricInterpretation.startswith('MONO'):
            colour(path, ds)
            continue
        grey(path, ds, 0)
        frames = int(ds.get('NumberOfFrames', 1) or 1)
        if frames > 1:
            grey(path, ds, frames - 1)
    except Exception as e:
        print(path, 'run', 'error', repr(e)[:200].replace('\t', ' '),
              sep='\t')
    sys.stdout.flush()
