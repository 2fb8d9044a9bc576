# SPDX-License-Identifier: BSD-2-Clause

"""look_cases.py URL: stores made-up images in the server at URL and looks at
its pictures.  Prints 1 or 0 <tab> name <tab> detail for each check."""

import http.client
import io
import json
import sys
import urllib.parse

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

url = urllib.parse.urlparse(sys.argv[1])
CLASS = '1.2.840.10008.5.1.4.1.1.'
SC = CLASS + '7'


def check(good, name, detail=''):
    print(int(bool(good)), name, detail, sep='\t', flush=True)


def ask(method, path, headers, body=None):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    c.request(method, url.path + path, body, headers)
    r = c.getresponse()
    answer = r.status, r.read(), r.headers
    c.close()
    return answer


def image(pixels, sop_class=SC, series=None, **keys):
    a = np.asarray(pixels)
    ds = FileDataset(None, {}, preamble=bytes(128))
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = generate_uid()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.StudyInstanceUID = (series or generate_uid()[:50]) + '1'
    ds.SeriesInstanceUID = ds.StudyInstanceUID + '.1'
    ds.PatientID, ds.PatientName, ds.Modality = 'LOOK', 'LOOK', 'OT'
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = 'MONOCHROME2'
    ds.Rows, ds.Columns = a.shape[-2:]
    if a.ndim == 3:
        ds.NumberOfFrames = a.shape[0]
    ds.BitsAllocated = a.dtype.itemsize * 8
    if a.dtype.kind == 'f':
        ds.FloatPixelData = a.tobytes()
    else:
        ds.BitsStored = ds.BitsAllocated
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = int(a.dtype.kind == 'i')
        ds.PixelData = a.tobytes()
        ds['PixelData'].VR = 'OW'
    for k, v in keys.items():
        setattr(ds, k, v)
    return ds


def store(*images):
    body = b''
    for ds in images:
        b = io.BytesIO()
        ds.save_as(b)
        body += b'--LOOK\r\nContent-Type: application/dicom\r\n\r\n' \
            + b.getvalue() + b'\r\n'
    status, text, _ = ask('POST', '/studies', {
        'Content-Type': 'multipart/related; type="application/dicom"; '
                        'boundary=LOOK', 'Accept': 'application/dicom+json'},
        body + b'--LOOK--\r\n')
    if status != 200:
        check(False, 'stored', '%d %s' % (status, text[:200]))


def path_of(ds, frame):
    return '/studies/%s/series/%s/instances/%s/frames/%d' % (
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, frame)


def fetch(ds, args='', frame=1):
    return ask('GET', path_of(ds, frame) + '/rendered' + args,
               {'Accept': 'image/png'})


def picture(ds, args='', frame=1):
    status, body, _ = fetch(ds, args, frame)
    if status != 200:
        raise ValueError('%d %s' % (status, body[:200].decode()))
    return np.asarray(Image.open(io.BytesIO(body))).astype(int)


def near(a, b):
    return np.abs(np.asarray(a) - np.asarray(b)).max() <= 1


def item(**keys):
    ds = Dataset()
    for k, v in keys.items():
        setattr(ds, k, v)
    return ds


def sequence(**keys):
    return Sequence([item(**keys)])


def linear(x, c, w):
    return np.clip((np.asarray(x, float) - (c - .5)) / (w - 1) + .5, 0, 1) * 255


def exact(x, c, w):
    return np.clip((np.asarray(x, float) - c) / w + .5, 0, 1) * 255


RAMP = np.arange(0, 1024, 4, dtype='u2').reshape(16, 16)


def pet():
    # the same 800 in each slice
    uid = generate_uid()[:50]
    slices = [image(np.array([[0, 800 // s], [1600 // s, n]], 'u2'),
                    CLASS + '128', uid, RescaleSlope=s, RescaleIntercept=0,
                    Units='BQML', WindowCenter=800 // s, WindowWidth=1600 // s)
              for n, s in enumerate((1, 2, 4))]
    store(*slices)
    got = [picture(ds) for ds in slices]
    check(all(near(p[:, :].ravel()[:3], [0, 128, 255]) for p in got),
          'PET: a value is the same grey in slices of different slopes', got)
    got = [picture(ds, '?window=800,800,linear-exact') for ds in slices]
    check(all(near(p.ravel()[:3], [0, 128, 255]) for p in got),
          'PET: a window that is asked for is of real values', got)

    tag = fetch(slices[0])[2]['ETag']
    more = image(np.full((2, 2), 400, 'u2'), CLASS + '128', uid,
                 RescaleSlope=8, RescaleIntercept=0)
    store(more)
    check(near(picture(slices[0]).ravel()[:3], [0, 64, 128])
          and fetch(slices[0])[2]['ETag'] != tag,
          'PET: a slice that arrives widens the scale, and the ETag changes')

    one = image(RAMP, CLASS + '128', RescaleSlope=9, RescaleIntercept=0,
                WindowCenter=512, WindowWidth=1024)
    store(one)
    check(near(picture(one), linear(RAMP, 512, 1024)),
          'PET of one slope: its window is of stored values')
    real = image(RAMP, CLASS + '128', RescaleSlope=9, RescaleIntercept=0,
                 WindowCenter=6000, WindowWidth=8000)
    store(real)
    check(near(picture(real), linear(RAMP * 9., 6000, 8000)),
          'PET: a window that would show nothing is of real values')


def suv():
    dose = dict(RadionuclideTotalDose=370e6, RadionuclideHalfLife=6586.2,
                RadiopharmaceuticalStartTime='113000')
    keys = dict(RescaleSlope=2, RescaleIntercept=0, Units='BQML',
                PatientWeight=70, CorrectedImage=['DECY', 'ATTN'],
                DecayCorrection='START', SeriesDate='20200102',
                SeriesTime='123000', AcquisitionDate='20200102',
                AcquisitionTime='123100')
    hour = 70000 / (370e6 * .5 ** (3600 / 6586.2))
    cases = {
        'of an hour': ({}, {}, hour),
        'over midnight': (dict(SeriesTime='003000'), dict(
            RadiopharmaceuticalStartTime='233000'), hour),
        'by date and time': ({}, dict(
            RadiopharmaceuticalStartDateTime='20200102103000.00'),
            70000 / (370e6 * .5 ** (7200 / 6586.2))),
        'of a dose that is corrected': (dict(DecayCorrection='ADMIN'), {},
                                        70000 / 370e6),
        'of g/ml': (dict(Units='GML'), {}, 1),
        'without weight': (dict(PatientWeight=None), {}, 0),
        'without correction': (dict(CorrectedImage='ATTN'), {}, 0),
        'of a series of a later date': (dict(SeriesTime='200000'), {}, 0),
        'of lean body mass': (dict(Units='GML', SUVType='LBM'), {}, 0),
    }
    for name, (other, inject, factor) in cases.items():
        ds = image(RAMP, CLASS + '128', **{**keys, **other})
        ds.RadiopharmaceuticalInformationSequence = sequence(
            **{**dose, **inject})
        store(ds)
        status, body, _ = ask('GET', path_of(ds, 1) + '/values?point=1,0',
                              {'Accept': 'application/json'})
        answer = json.loads(body)
        value = answer['results'][0]['value']
        want = 8 * (factor or 1)
        check(status == 200 and abs(value / want - 1) < 1e-5
              and (answer['unit'] == 'SUVbw') == (factor != 0),
              'SUV ' + name, body)


def colours():
    rng = np.random.RandomState(1)
    rgb = rng.randint(0, 256, (6, 8, 3))

    def coded(ds, kind, data, **keys):
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, kind
        ds.PlanarConfiguration = 0
        for k, v in keys.items():
            setattr(ds, k, v)
        ds.PixelData = np.asarray(data, 'u1').tobytes()
        store(ds)
        return picture(ds)

    blank = np.zeros((6, 8), 'u1')
    check(np.array_equal(coded(image(blank), 'RGB', rgb), rgb), 'RGB')
    check(np.array_equal(coded(image(blank), 'RGB', np.moveaxis(rgb, -1, 0),
                               PlanarConfiguration=1), rgb), 'RGB by plane')

    def decoded(y, b, r, low, scale, chroma):
        y, b, r = (y - low) * scale, (b - 128.) * chroma, (r - 128.) * chroma
        return np.clip(np.stack([y + 1.402 * r,
                                 y - .344136 * b - .714136 * r,
                                 y + 1.772 * b], -1), 0, 255)

    y, b, r = np.moveaxis(rgb, -1, 0)
    check(near(coded(image(blank), 'YBR_FULL', rgb),
               decoded(y, b, r, 0, 1, 1)), 'YBR_FULL')
    half = np.stack([y[:, ::2], y[:, 1::2], b[:, ::2], r[:, ::2]], -1)
    b2, r2 = (v[:, ::2].repeat(2, axis=1) for v in (b, r))
    check(near(coded(image(blank), 'YBR_FULL_422', half),
               decoded(y, b2, r2, 0, 1, 1)), 'YBR_FULL_422')
    check(near(coded(image(blank), 'YBR_FULL_422', rgb),
               decoded(y, b, r, 0, 1, 1)),
          'YBR_FULL_422 that holds as much as YBR_FULL')
    check(near(coded(image(blank), 'YBR_PARTIAL_422', half),
               decoded(y, b2, r2, 16, 255 / 219, 255 / 224)),
          'YBR_PARTIAL_422')


def stored_windows():
    keys = dict(RescaleSlope=3, RescaleIntercept=-100, WindowCenter=500,
                WindowWidth=600)
    for name, sop_class in (('MR', '4'), ('XA', '12.1'), ('XRF', '12.2')):
        ds = image(RAMP, CLASS + sop_class, **keys)
        store(ds)
        check(near(picture(ds), linear(RAMP, 500, 600)),
              name + ': the window is of stored values')
        check(np.array_equal(picture(ds),
                             picture(ds, '?window=500,600,linear')),
              name + ': and so is one that is asked for')
    ds = image(RAMP, CLASS + '2', **keys)
    store(ds)
    check(near(picture(ds), linear(RAMP * 3. - 100, 500, 600)),
          'CT: the window is of rescaled values')

    white = item(LUTDescriptor=[1024, 0, 16], ModalityLUTType='US')
    white.add_new(0x00283006, 'OW', np.full(1024, 65535, '<u2').tobytes())
    ds = image(RAMP, CLASS + '12.1', ModalityLUTSequence=Sequence([white]),
               PixelIntensityRelationship='LOG', WindowCenter=512,
               WindowWidth=1024)
    store(ds)
    check(near(picture(ds), linear(RAMP, 512, 1024)),
          'XA with a modality LUT is not white')


def functions():
    x = np.linspace(0, 1, 256, dtype='f4').reshape(16, 16)
    ds = image(x, CLASS + '30', WindowCenter=.5, WindowWidth=.25,
               VOILUTFunction='LINEAR_EXACT')
    store(ds)
    check(near(picture(ds), exact(x, .5, .25)), 'LINEAR_EXACT of width 0.25')
    check(near(picture(ds, '?window=0.5,0.5,sigmoid'),
               255 / (1 + np.exp(-4 * (x - .5) / .5))), 'sigmoid of width 0.5')

    ds = image(RAMP, WindowCenter=[100, 512], WindowWidth=[50, 512],
               WindowCenterWidthExplanation=['NARROW', 'WIDE'],
               VOILUTFunction='SIGMOID', PhotometricInterpretation='MONOCHROME1')
    store(ds)
    check(near(picture(ds),
               255 - 255 / (1 + np.exp(-4 * (RAMP - 100.) / 50))),
          'the first of several windows, SIGMOID, then MONOCHROME1')

    frames = np.stack([RAMP, RAMP])
    voi = [dict(WindowCenter=512, WindowWidth=1024),
           dict(WindowCenter=300, WindowWidth=100, VOILUTFunction='SIGMOID')]
    ds = image(frames, CLASS + '2.1', PerFrameFunctionalGroupsSequence=Sequence(
        [item(FrameVOILUTSequence=sequence(**v),
              PixelValueTransformationSequence=sequence(
                  RescaleSlope=n + 1, RescaleIntercept=0, RescaleType='HU'))
         for n, v in enumerate(voi)]))
    store(ds)
    check(near(picture(ds), linear(RAMP, 512, 1024))
          and near(picture(ds, frame=2),
                   255 / (1 + np.exp(-4 * (RAMP * 2. - 300) / 100))),
          'slope, window and function of each frame')

    frames = np.stack([RAMP, RAMP // 2])
    ds = image(frames)
    store(ds)
    check(near(picture(ds, frame=2), exact(RAMP // 2, 510, 1020)),
          'no window: frames have one scale', picture(ds, frame=2)[-1])
    tile = picture(ds, '?viewport=4,4,8,8,4,4', 2)
    check(np.array_equal(tile, picture(ds, frame=2)[8:12, 8:12]),
          'no window: a tile is a part of the whole')

    x = np.array([[-2000, -1000, 0, 1000]], 'i2')
    ds = image(x, PixelPaddingValue=-2000,
               PhotometricInterpretation='MONOCHROME1')
    store(ds)
    check(near(picture(ds), [[0, 255, 127.5, 0]]),
          'padding is black and out of the range, also when inverted')


def palette(ds, colors, descriptor, segmented=False):
    for n, c in enumerate(colors):
        ds.add_new(0x00281101 + n, 'US', descriptor)
        ds.add_new((0x00281221 if segmented else 0x00281201) + n, 'OW', c)
    return ds


def palettes():
    x = np.arange(256, dtype='u1').reshape(16, 16)
    keys = dict(PhotometricInterpretation='PALETTE COLOR')
    # a value, then up to another
    steps = bytes([0, 1, 0, 1, 255, 255])
    ds = palette(image(x, **keys), [steps] * 3, [256, 0, 8], True)
    store(ds)
    check(near(picture(ds)[..., 1], x), 'a segmented palette of 8 bits')

    half = np.array([0, 1, 0, 1, 127, 127 * 257], '<u2')
    twice = np.array([2, 1, 6, 0], '<u2')
    ds = palette(image(x, **keys), [np.concatenate([half, twice]).tobytes()] * 3,
                 [255, 0, 16], True)
    store(ds)
    got = picture(ds)[..., 0].ravel()
    check(near(got[:128], np.arange(128)) and near(got[128:], 127),
          'an indirect segment', got)

    table = np.repeat(np.array([0, 65535], '<u2'), 128).tobytes()
    ds = palette(image(RAMP, PixelPresentation='COLOR', WindowCenter=256,
                       WindowWidth=512),
                 [table, bytes(512), bytes(512)], [256, 512, 16])
    store(ds)
    got = picture(ds)
    check(near(got[:8], linear(RAMP[:8], 256, 512)[..., None])
          and near(got[8:10], 0) and near(got[10:, :, 0], 255)
          and near(got[10:, :, 1:], 0), 'a supplemental palette')


def refused():
    ds = image(RAMP, WindowCenter=500, WindowWidth=100)
    store(ds)
    for w in ('40,0,linear', '40,-400,linear', '40,0.5,linear',
              '40,nan,linear', 'nan,400,linear', 'inf,400,linear',
              '40,inf,sigmoid', '40,1e999,linear', '40,0,sigmoid',
              '40,-1,linear-exact', '40,400', '40,400,round', ''):
        status, body, _ = fetch(ds, '?window=' + w)
        check(status == 400 and body, 'window=%s is 400' % w, status)
    status, body, _ = fetch(ds, frame=2)
    check(status == 404 and body, 'a frame that is not there is 404', status)


def lies():
    x = np.arange(256, dtype='u1').reshape(16, 16)
    keys = dict(PhotometricInterpretation='PALETTE COLOR')
    short = bytes(range(100))
    cases = {
        'shorter than its descriptor': ([short] * 3, [256, 0, 8], False),
        'of 65536 entries, in 100 bytes': ([short] * 3, [0, 0, 16], False),
        'of 0 bits': ([short] * 3, [100, 0, 0], False),
        'of 64 bits': ([short] * 3, [100, 0, 64], False),
        'of segments that end early': ([bytes([0, 0, 200, 0, 1, 2])] * 3,
                                       [256, 0, 16], True),
        'of segments that refer to themselves':
            ([bytes([0, 0, 1, 0, 5, 0, 2, 0, 9, 0, 6, 0, 0, 0])] * 3,
             [256, 0, 16], True),
        'that begins with a line': ([bytes([1, 200, 255, 1])] * 3,
                                    [256, 0, 8], True),
        'of an unknown segment': ([bytes([7, 1, 1, 1])] * 3, [256, 0, 8],
                                  True),
    }
    for name, (colors, descriptor, segmented) in cases.items():
        ds = palette(image(x, **keys), colors, descriptor, segmented)
        store(ds)
        status, body, _ = fetch(ds)
        check(status == 406 and b'PALETTE' in body,
              'a palette ' + name + ' is refused', '%s %s' % (status, body))

    # a table that is no use is as if it were not there
    for keyword in ('ModalityLUTSequence', 'VOILUTSequence'):
        for n, descriptor in enumerate(([1024, 0, 16], [0, 0, 16],
                                        [16, 0, 0], [16, 0, 40])):
            lut = item(LUTDescriptor=descriptor)
            lut.add_new(0x00283006, 'OW', bytes(range(32)))
            ds = image(RAMP, WindowCenter=512, WindowWidth=1024)
            setattr(ds, keyword, Sequence([lut]))
            store(ds)
            twice = [fetch(ds)[1] for _ in range(2)]
            check(twice[0] == twice[1]
                  and near(picture(ds), linear(RAMP, 512, 1024)),
                  '%s with a wrong descriptor %d' % (keyword, n))


for cases in (pet, suv, colours, stored_windows, functions, palettes, refused, lies):
    try:
        cases()
    except Exception as e:
        check(False, cases.__name__, repr(e))
