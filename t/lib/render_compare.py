# SPDX-License-Identifier: BSD-2-Clause

"""render_compare.py RENDER_FILE TMP DCM2PNM: reads paths from stdin, renders
the first and last frame of each with RENDER_FILE and by independent means:
PS3.3 C.11 in numpy on the samples of pydicom, DCMTK's decoders and OpenJPEG;
and, where DCM2PNM is 1, by DCMTK's dcm2pnm.  Prints
path <tab> means <tab> share of pixels within one level, in % <tab> greatest
difference <tab> mean difference, or path <tab> means <tab> error <tab> text."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pydicom
from PIL import Image

from codec_reference import NATIVE, cells, decoded

warnings.simplefilter('ignore')
pydicom.config.logger.setLevel('ERROR')
tool, tmp, with_dcm2pnm = sys.argv[1:4]
renderer = subprocess.Popen([tool], stdin=subprocess.PIPE, text=True,
                            stdout=subprocess.PIPE)
UID = '1.2.840.10008.5.1.4.1.1.'
# windows of these are of stored values, IHE BIR
STORED = [UID + n for n in ('4', '12.1', '12.1.1', '12.2', '12.2.1', '12.3',
                            '481.2')]
PET = UID + '128'
JPEG_LS = '1.2.840.10008.1.2.4.8'


def picture(path):
    return np.asarray(Image.open(path)).astype(int)


def ours(path, frame, *keys):
    out = tmp + '/ours.png'
    print(path, frame, out, *keys, sep='\t', file=renderer.stdin, flush=True)
    answer = renderer.stdout.readline().strip()
    if answer != 'ok':
        raise ValueError(answer or 'the renderer ended')
    return picture(out)


def dcmtk(path, *options):
    out = tmp + '/dcmtk.png'
    r = subprocess.run(['dcm2pnm', '-q', '-O', '+on', *options, path, out],
                       capture_output=True, text=True)
    return None if r.returncode else picture(out)


def report(means, a, b):
    if a.shape != b.shape:
        print(named, means, 'error', 'shapes %s %s' % (a.shape, b.shape),
              sep='\t')
        return
    d = np.abs(a - b)
    near = (d <= 1).reshape(d.shape[0] * d.shape[1], -1).all(axis=1)
    print(named, means, '%.4f' % (100 * near.mean()), d.max(),
          '%.4f' % d.mean(), sep='\t')


# --- samples ---

def is_coded(ds):
    return ds.file_meta.TransferSyntaxUID not in NATIVE


def shifted(ds, a):
    """what pydicom leaves to its caller: the bits around the stored ones"""
    if ds.BitsAllocated == 1:
        return a
    a = a.astype(np.int64) >> (ds.HighBit + 1 - ds.BitsStored)
    a &= (1 << ds.BitsStored) - 1
    if ds.PixelRepresentation and ds.BitsStored > 1:
        a -= (a >> (ds.BitsStored - 1)) << ds.BitsStored
    return a


def native(ds):
    for keyword, kind in (('FloatPixelData', '<f4'),
                          ('DoubleFloatPixelData', '<f8')):
        if keyword in ds:
            return np.frombuffer(ds[keyword].value, kind).reshape(
                -1, ds.Rows, ds.Columns)
    n = int(ds.get('NumberOfFrames', 1) or 1)
    shape = (n, ds.Rows, ds.Columns)
    if ds.SamplesPerPixel == 3:
        shape += (3,)
    a = ds.pixel_array.reshape(shape)
    # PS3.5 8.1.2: pydicom leaves the words of OW as they lie
    if ds.BitsAllocated == 8 and not ds.is_little_endian \
            and ds['PixelData'].VR == 'OW':
        a = a.reshape(-1, 2)[:, ::-1].reshape(shape)
    return a


def by_gdcm(path, ds):
    import gdcm
    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    if not reader.Read():
        raise RuntimeError('gdcm')
    raw = reader.GetImage().GetBuffer().encode('utf-8', 'surrogateescape')
    return np.frombuffer(raw, '<u%d' % (ds.BitsAllocated // 8)).reshape(
        ds.Rows, ds.Columns)


def frames_of(path, ds):
    """{frame: samples} of the first and the last one"""
    n = int(ds.get('NumberOfFrames', 1) or 1)
    if not is_coded(ds):
        a = native(ds)
        if ds.SamplesPerPixel == 1 and a.dtype.kind in 'iu':
            a = np.stack([shifted(ds, f) for f in a])
        return {f: a[f] for f in {0, n - 1}}, a
    try:
        frames = enumerate(decoded(path, ds, tmp + '/coded', n))
    except RuntimeError:
        # what DCMTK cannot read
        if not ds.file_meta.TransferSyntaxUID.startswith(JPEG_LS):
            raise
        frames = [(0, by_gdcm(path, ds))]
    return {f: cells(a, ds) for f, a in frames if f in (0, n - 1)}, None


# --- PS3.3 C.11 ---

def linear(x, c, w):
    y = ((x - (c - 0.5)) / max(w - 1, 1e-9) + 0.5) * 255
    y = np.where(x <= c - 0.5 - (w - 1) / 2, 0, y)
    return np.where(x > c - 0.5 + (w - 1) / 2, 255, y)


def linear_exact(x, c, w):
    return np.clip(((x - c) / w + 0.5) * 255, 0, 255)


def sigmoid(x, c, w):
    return 255 / (1 + np.exp(-4 * (x - c) / w))


FUNCTIONS = {'LINEAR': linear, 'LINEAR_EXACT': linear_exact,
             'SIGMOID': sigmoid}


def group_items(ds, keyword, frame):
    """of the frame, of all frames, then the image itself"""
    for where, i in (('PerFrameFunctionalGroupsSequence', frame),
                     ('SharedFunctionalGroupsSequence', 0)):
        if where in ds and len(ds[where].value) > i \
                and ds[where].value[i].get(keyword):
            yield ds[where].value[i][keyword].value[0]
    yield ds


def of_groups(ds, sequence, frame, keyword):
    for item in group_items(ds, sequence, frame):
        if item.get(keyword) is not None:
            return item, item[keyword].value
    return None, None


def lut_of(item, signed):
    entries, first, bits = item.LUTDescriptor
    entries = entries or 65536
    if signed and first > 32767:
        first -= 65536
    if not signed and first < 0:
        first += 65536
    data = item.LUTData
    if isinstance(data, bytes):
        data = np.frombuffer(data, 'u1' if len(data) < 2 * entries else '<u2')
    data = np.array(data, dtype=np.int64)[:entries]
    if data.max() < 256:
        bits = 8
    return data, first, bits


def look_up(x, table):
    data, first, bits = table
    return data[np.clip(np.floor(x + 0.5).astype(np.int64) - first, 0,
                        len(data) - 1)]


def real(ds, frame, x):
    """after the modality LUT"""
    x = x.astype(float)
    _, slope = of_groups(ds, 'PixelValueTransformationSequence', frame,
                         'RescaleSlope')
    _, inter = of_groups(ds, 'PixelValueTransformationSequence', frame,
                         'RescaleIntercept')
    if ds.get('ModalityLUTSequence'):
        return look_up(x, lut_of(ds.ModalityLUTSequence[0],
                                 ds.PixelRepresentation)).astype(float)
    return x * float(slope or 1) + float(inter or 0)


def of_windows(ds, frame, x):
    """what the windows of a request are of"""
    return x.astype(float) if ds.SOPClassUID in STORED \
        else real(ds, frame, x)


def padded(ds, x):
    keyword = 'PixelPaddingValue'
    if 'FloatPixelData' in ds:
        keyword = 'FloatPixelPaddingValue'
    if keyword not in ds:
        return np.isnan(x)
    a = ds[keyword].value
    b = ds.get(keyword.replace('Value', 'RangeLimit'), a)
    a, b = [v if isinstance(v, (int, float)) else
            int.from_bytes(v[:2], 'little') for v in (a, b)]
    bits = 1 << 16
    if keyword[0] == 'P':
        a, b = [(v & 0xffff) - (bits if ds.PixelRepresentation
                                and v & 0x8000 else 0) for v in (a, b)]
    return (x >= min(a, b)) & (x <= max(a, b))


def finished(ds, x, y):
    if ds.PhotometricInterpretation == 'MONOCHROME1' \
            or ds.get('PresentationLUTShape') == 'INVERSE':
        y = 255 - y
    return np.where(padded(ds, x), 0, np.floor(y + 0.5)).astype(int)


def first(v):
    return float(np.ravel(v)[0])


def default(ds, frame, x, every):
    """what is shown when nothing is asked for, see src/render/lut.c"""
    v = of_windows(ds, frame, x)
    voi = None
    for item in list(group_items(ds, 'FrameVOILUTSequence', frame)):
        if item.get('VOILUTSequence'):
            voi = item.VOILUTSequence[0]
    if voi is not None:
        table = lut_of(voi, ds.PixelRepresentation
                       or float(ds.get('RescaleIntercept') or 0) < 0)
        y = np.minimum(look_up(v, table), 2 ** table[2] - 1)
        return 'VOI LUT', y * 255 / (2 ** table[2] - 1)

    item, center = of_groups(ds, 'FrameVOILUTSequence', frame,
                             'WindowCenter')
    if center is not None and first(item.WindowWidth) > 0:
        f = FUNCTIONS[item.get('VOILUTFunction') or 'LINEAR']
        c, w = first(center), first(item.WindowWidth)
        if ds.SOPClassUID == PET:
            s = x.astype(float)
            low, high = c - w / 2, c + w / 2
            v = real(ds, frame, x) if s.max() <= low or s.min() >= high else s
        return 'window', f(v, c, max(w, 1) if f is linear else w)

    if ds.BitsAllocated <= 8 or ds.get('BitsStored', 16) <= 8:
        bits = ds.BitsStored
        ends = np.array([0, 2 ** bits - 1]) - \
            (2 ** (bits - 1) if ds.PixelRepresentation else 0)
        kept = of_windows(ds, frame, ends)
    elif every is None:
        kept = v[~padded(ds, x)]
    else:
        kept = np.concatenate([of_windows(ds, f, a)[~padded(ds, a)].ravel()
                               for f, a in enumerate(every)])
    low, high = float(kept.min()), float(kept.max())
    return 'range', linear_exact(v, (low + high) / 2 + (low == high) / 2,
                                 (high - low) or 1)


def window(v):
    low, high = float(v.min()), float(v.max())
    if high - low < 2:
        return (low + high) / 2, 2.0
    return round((low * 2 + high) / 3, 1), max(2.0, round((high - low) / 2))


def grey(path, ds, frame, x, every):
    last = ', last frame' if frame else ''
    v = of_windows(ds, frame, x)
    c, w = window(v[~padded(ds, x)] if not padded(ds, x).all() else v)
    keys = ('center=%r' % c, 'width=%r' % w)
    blend = supplement(ds, x) if ds.get('PixelPresentation') == 'COLOR' \
        else lambda y: y
    for n, f in enumerate((linear, linear_exact, sigmoid)):
        if n == 0 or with_dcm2pnm == '1':
            report('formula %d%s' % (n, last),
                   ours(path, frame, 'voi=%d' % n, 'square=1', *keys),
                   blend(finished(ds, x, f(v, c, w))))
    means, y = default(ds, frame, x, every)
    report(means + last, ours(path, frame, 'square=1'),
           blend(finished(ds, x, y)))

    if with_dcm2pnm == '1' and not frame and 'PixelData' in ds \
            and ds.BitsAllocated in (8, 16) \
            and not is_coded(ds) \
            and ds.SOPClassUID not in STORED + [PET] \
            and 'SharedFunctionalGroupsSequence' not in ds:
        compare_dcmtk(path, ds, c, w, keys)


def compare_dcmtk(path, ds, c, w, keys):
    b = dcmtk(path, '+Wfl', '+Ww', repr(c), repr(w))
    if b is not None:
        report('dcm2pnm', ours(path, 0, 'bare=1', *keys), b)
    if ds.get('VOILUTSequence'):
        means, option = 'dcm2pnm VOI LUT', '+Wl'
    elif ds.get('WindowCenter') is not None:
        means, option = 'dcm2pnm window', '+Wi'
    else:
        return
    b = dcmtk(path, option, '1')
    if b is not None:
        report(means, ours(path, 0, 'bare=1'), b)


# --- colour, PS3.3 C.7.6.3.1.2 ---

def palette_of(ds, color, big):
    entries, start, bits = ds[color + 'PaletteColorLookupTableDescriptor'].value
    entries = entries or 65536
    raw = ds.get(color + 'PaletteColorLookupTableData')
    if raw is None:
        raw = ds['Segmented' + color + 'PaletteColorLookupTableData'].value
        data = segments(np.frombuffer(raw, '<u2' if bits > 8 else 'u1'))
    elif len(raw) >= 2 * entries:
        data = np.frombuffer(raw, '>u2' if big else '<u2')
    else:
        data = np.frombuffer(raw, 'u1')
        if big:
            data = data[:len(data) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    data = np.array(data[:entries], dtype=np.int64)
    # many say 16 bits and have 8
    return start, data >> 8 if bits > 8 and data.max() > 255 else data


def segments(w):
    out, i = [], 0
    while i < len(w) - 1:
        kind, n = int(w[i]), int(w[i + 1])
        if kind == 0:
            out += [int(v) for v in w[i + 2:i + 2 + n]]
            i += 2 + n
        elif kind == 1:
            out += [int(round(v)) for v in
                    np.linspace(out[-1], int(w[i + 2]), n + 1)[1:]]
            i += 3
        else:
            raise ValueError('segment %d' % kind)
    return out


def supplement(ds, x):
    """grey, but in colour where samples are of the palette"""
    tables = [palette_of(ds, c, False) for c in ('Red', 'Green', 'Blue')]
    start = tables[0][0]
    rgb = np.stack([d[np.clip(x - start, 0, len(d) - 1)]
                    for _, d in tables], -1)
    return lambda y: np.where((x < start)[..., None], y[..., None], rgb)


def rgb(ds, x, coded):
    kind = ds.PhotometricInterpretation
    if kind == 'PALETTE COLOR':
        out = []
        for color in ('Red', 'Green', 'Blue'):
            start, data = palette_of(ds, color, not ds.is_little_endian)
            out.append(data[np.clip(x - start, 0, len(data) - 1)])
        return np.stack(out, -1)
    y = x.astype(float)
    if not coded:
        y = shifted(ds, x) * 255. / (2 ** ds.BitsStored - 1)
    else:
        y = y * 255. / (2 ** ds.BitsStored - 1)
    if not coded and kind.startswith('YBR_FULL'):
        l, b, r = y[..., 0], y[..., 1] - 128, y[..., 2] - 128
        y = np.stack([l + 1.402 * r, l - .344136 * b - .714136 * r,
                      l + 1.772 * b], -1)
    return np.clip(np.floor(y + 0.5), 0, 255).astype(int)


def colour(path, ds, frame, x):
    coded = is_coded(ds)
    last = ', last frame' if frame else ''
    means = 'palette' if ds.PhotometricInterpretation[0] == 'P' else 'colour'
    report(means + last, ours(path, frame, 'square=1'),
           rgb(ds, x, coded))
    if with_dcm2pnm == '1' and not frame and not coded:
        b = dcmtk(path)
        if b is not None:
            b = np.stack([b] * 3, -1) if b.ndim == 2 else b
            report('dcm2pnm', ours(path, 0, 'bare=1'), b)


def part10(path):
    """the file, or what it is with the preamble that it lacks"""
    with open(path, 'rb') as f:
        if f.read(132)[128:] == b'DICM':
            return path
    ds = pydicom.dcmread(path, force=True)
    ds.preamble = bytes(128)
    ds.save_as(tmp + '/part10.dcm')
    return tmp + '/part10.dcm'


def compare(path):
    ds = pydicom.dcmread(path, force=True)
    if not {'PixelData', 'FloatPixelData', 'DoubleFloatPixelData'} \
            & set(ds.dir()):
        raise ValueError('no pixel data')
    got, every = frames_of(path, ds)
    for frame, x in sorted(got.items()):
        if ds.PhotometricInterpretation.startswith('MONO'):
            grey(path, ds, frame, x, every)
        else:
            colour(path, ds, frame, x)


for line in sys.stdin:
    named = line.rstrip('\n')
    try:
        compare(part10(named))
    except Exception as e:
        print(named, 'run', 'error', repr(e)[:200].replace('\t', ' '),
              sep='\t')
    for f in os.listdir(tmp):
        if f.startswith('coded'):
            os.unlink(os.path.join(tmp, f))
    sys.stdout.flush()
