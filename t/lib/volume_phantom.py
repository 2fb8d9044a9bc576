# SPDX-License-Identifier: BSD-2-Clause
"""Analytic volumes as DICOM files, and what a plane through them must show.

volume_phantom.py make DIR          DIR/NAME/*.dcm and DIR/NAME.json
volume_phantom.py check URL DIR     asks a server that has them; TAP lines
"""

import io
import json
import os
import random
import sys
import urllib.error
import urllib.request

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
PET = "1.2.840.10008.5.1.4.1.1.128"
GRADIENT, BASE = np.array([7.0, -5.0, 9.0]), 40.0     # value = G . mm + B

AXIAL = (np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))


def ramp(p):
    return p @ GRADIENT + BASE


def sphere(p):
    """of 20 mm; its surface is as thick as a voxel"""
    return 2000 * np.clip(20.5 - np.linalg.norm(p - [5, -3, 10], axis=-1), 0, 1) - 1000


def points(position, orientation, spacing, rows, columns):
    """mm of the pixels' centres; spacing: of columns, of rows"""
    j, i = np.mgrid[0:rows, 0:columns]
    return (position + i[..., None] * orientation[0] * spacing[0]
            + j[..., None] * orientation[1] * spacing[1])


def instance(kind, study, series, reference, uid_class=CT):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SOPClassUID, ds.SOPInstanceUID = uid_class, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, reference
    ds.PatientName, ds.PatientID, ds.StudyDate = "Volume^" + kind, kind, "20260101"
    ds.Modality = "PT" if uid_class == PET else "CT"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    return ds


def slice_of(kind, ids, value, position, number, orientation=AXIAL, spacing=(0.8, 0.7), size=(32, 40),
             slope=1.0, intercept=0.0, unsigned=False, uid_class=CT):
    ds = instance(kind, *ids, uid_class)
    ds.InstanceNumber = number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.ImagePositionPatient = [f"{v:.6g}" for v in position]
    ds.ImageOrientationPatient = [f"{v:.8g}" for v in np.concatenate(orientation)]
    ds.PixelSpacing = [str(spacing[1]), str(spacing[0])]
    ds.Rows, ds.Columns = size
    ds.RescaleSlope, ds.RescaleIntercept = f"{slope:.8g}", f"{intercept:.8g}"
    p = points(np.array(position, float), orientation, spacing, *size)
    stored = np.rint((value(p) - intercept) / slope)
    ds.PixelRepresentation = 0 if unsigned else 1
    ds.PixelData = stored.astype("<u2" if unsigned else "<i2").tobytes()
    return ds


def enhanced(kind, ids, places):
    ds = instance(kind, *ids, ENHANCED_CT)
    ds.InstanceNumber = 1
    rows, columns, spacing = 32, 40, (0.8, 0.7)
    ds.Rows, ds.Columns, ds.NumberOfFrames = rows, columns, len(places)
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([Dataset()])
    shared.PixelMeasuresSequence[0].PixelSpacing = [str(spacing[1]), str(spacing[0])]
    shared.PlaneOrientationSequence = Sequence([Dataset()])
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelValueTransformationSequence = Sequence([Dataset()])
    t = shared.PixelValueTransformationSequence[0]
    t.RescaleIntercept, t.RescaleSlope, t.RescaleType = "-1024", "1", "HU"
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames, data = [], b""
    for z in places:
        f = Dataset()
        f.PlanePositionSequence = Sequence([Dataset()])
        f.PlanePositionSequence[0].ImagePositionPatient = [-16, -11, z]
        f.FrameContentSequence = Sequence([Dataset()])
        frames.append(f)
        p = points(np.array([-16.0, -11, z]), AXIAL, spacing, rows, columns)
        data += np.rint(ramp(p) + 1024).astype("<i2").tobytes()
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    ds.PixelData = data
    return ds


def make(folder):
    random.seed(3)

    def write(kind, datasets, **facts):
        os.makedirs(f"{folder}/{kind}")
        for n, ds in enumerate(datasets):
            ds.save_as(f"{folder}/{kind}/{n:04d}.dcm", write_like_original=False)
        facts.setdefault("study", str(datasets[0].StudyInstanceUID))
        facts.setdefault("series", str(datasets[0].SeriesInstanceUID))
        json.dump(facts, open(f"{folder}/{kind}.json", "w"))

    def ids():
        return generate_uid(), generate_uid(), generate_uid()

    def stack(kind, value, positions, i=None, **more):
        i = i or ids()
        numbers = list(range(1, len(positions) + 1))
        random.shuffle(numbers)
        return [slice_of(kind, i, value, p, n, **more) for p, n in zip(positions, numbers)]

    def at(zs):
        return [(-16.0, -11.0, z) for z in zs]

    write("ramp", stack("ramp", ramp, at(np.arange(20) * 2.5 - 20)))
    write("unsigned", stack("unsigned", ramp, at(np.arange(20) * 2.5 - 20), unsigned=True, intercept=-30000.0))
    inverse = stack("inverse", ramp, at(np.arange(20) * 2.5 - 20))
    for ds in inverse:
        ds.PhotometricInterpretation = "MONOCHROME1"
    write("inverse", inverse)
    write("irregular", stack("irregular", ramp, at([-20, -18, -15, -13, -9, -5, -2, 0, 3, 7, 11, 14])))
    write("missing", stack("missing", ramp, at([z for z in np.arange(20) * 2.5 - 20 if z != 5])))
    # the gantry tilted: slices are sheared against their normal
    write("tilted", stack("tilted", ramp, [(-16.0, -11.0 + 0.9 * k, -20 + 2.5 * k) for k in range(20)]))
    c, s = np.cos(0.4), np.sin(0.4)
    turned = (np.array([c, s, 0]), np.array([0, 0, -1.0]))
    normal = np.cross(*turned)
    write("oblique", stack("oblique", ramp, [tuple(np.array([-9.0, -14, 12]) + normal * 1.5 * k) for k in range(20)],
                           orientation=turned))
    write("sphere", stack("sphere", sphere, [(-26.5, -34.5, -20 + 1.0 * k) for k in range(60)],
                          spacing=(1.0, 1.0), size=(64, 64)))
    slopes = [0.05 * (1 + k % 3) for k in range(20)]
    i = ids()
    write("pet", [slice_of("pet", i, lambda p: ramp(p) + 600, (-16.0, -11.0, -20 + 2.5 * k), k + 1, slope=slopes[k],
                           uid_class=PET) for k in range(20)], add=600)
    coded = stack("rle", ramp, at(np.arange(20) * 2.5 - 20))
    for ds in coded:
        ds.compress(RLELossless, ds.pixel_array, encoding_plugin="pydicom")
    write("rle", coded, order=[str(ds.SOPInstanceUID) for ds in coded])
    i = ids()
    two = stack("phases", ramp, at(np.arange(10) * 2.5 - 10), i)
    later = stack("phases", lambda p: ramp(p) + 300, at(np.arange(10) * 2.5 - 10), i)
    for n, ds in enumerate(two + later):
        ds.AcquisitionNumber, ds.InstanceNumber = 1 + n // 10, n + 1
    write("phases", later + two, second=str(later[3].SOPInstanceUID))
    i = ids()
    mixed = stack("mixed", ramp, at(np.arange(12) * 2.5 - 15), i)
    side = (np.array([0, 1.0, 0]), np.array([0, 0, -1.0]))
    mixed += stack("mixed", ramp, [(0, -11.0, 15.0), (5, -11.0, 15.0)], i, orientation=side)
    mixed += stack("mixed", ramp, at([0]), i, size=(16, 16))
    localizer = stack("mixed", ramp, at([100]), i)
    localizer[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write("mixed", mixed + localizer)
    places = list(np.arange(20) * 2.5 - 20)
    random.shuffle(places)
    write("enhanced", [enhanced("enhanced", ids(), places)])
    off = at(np.arange(10) * 2.5)
    off[5] = (-12.0, -11.0, off[5][2])
    write("crooked", stack("crooked", ramp, off))
    write("single", stack("single", ramp, at([0])))
    # one series in two: halves of a volume
    study, reference = generate_uid(), generate_uid()
    halves = [generate_uid(), generate_uid()]
    zs = np.arange(20) * 2.5 - 20
    write("halves", stack("halves", ramp, at(zs[:12]), (study, halves[0], reference))
          + stack("halves", ramp, at(zs[12:]), (study, halves[1], reference)), halves=halves)
    # as anonymizers leave it: each slice has a frame of reference of its own
    def apart(slices):
        for ds in slices:
            ds.FrameOfReferenceUID = generate_uid()
        return slices
    write("apart", apart(stack("apart", ramp, at(zs))))
    i = ids()
    write("overlaid", apart(stack("overlaid", ramp, at(zs), i) + stack("overlaid", ramp, at(zs[:3]), i)))
    i = ids()
    write("elsewhere", stack("elsewhere", ramp, at(zs[:12]), i)
          + stack("elsewhere", ramp, at(zs[12:]), (i[0], i[1], generate_uid())))


# --- checks ---

def get(url, accept="image/png"):
    r = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(r, timeout=120) as f:
            return f.status, f.headers, f.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def say(good, text, more=""):
    print(("ok" if good else "not ok") + " - " + text + ("" if good else " # " + str(more)[:300]), flush=True)


def picture(base, query):
    """grey levels, mm of each pixel, headers"""
    from PIL import Image
    status, headers, body = get(f"{base}?{query}")
    if status != 200:
        return None, None, (status, body)
    grey = np.array(Image.open(io.BytesIO(body)).convert("L")).astype(float)
    facts = json.loads(get(f"{base}?{query}&renderedvolumetricmetadata=yes", "application/dicom+json")[2])[0]

    def value(tag):
        return np.array(facts[tag]["Value"], float)

    o = value("00200037")
    spacing = value("00280030")
    if grey.shape != (value("00280010")[0], value("00280011")[0]):
        return None, None, ("metadata has another size", grey.shape)
    return grey, points(value("00200032"), (o[:3], o[3:]), (spacing[1], spacing[0]), *grey.shape), headers


def picture_of(base, query):
    from PIL import Image
    status, _, body = get(f"{base}?{query}")
    return np.array(Image.open(io.BytesIO(body)).convert("L")).astype(int) if status == 200 else np.zeros((1, 1))


def expected(v, center, width):
    # PS3.3 C.11.2.1.2
    return np.clip(((v - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)


def compare(name, base, query, inside, value=ramp, window=(0, 700), slack=1.01, least=200):
    grey, mm, headers = picture(base, query + f"&window={window[0]},{window[1]},linear")
    if grey is None:
        return say(False, name, headers)
    mask = inside(mm)
    # the values are rounded when they are stored
    wrong = np.abs(grey - expected(value(mm), *window))[mask]
    say(mask.sum() >= least and wrong.max() <= slack, name,
        f"{mask.sum()} pixels, off by {wrong.max() if wrong.size else None}")
    return headers


def box(low, high):
    return lambda p: np.all((p >= np.array(low) + 0.01) & (p <= np.array(high) - 0.01), axis=-1)


def values_of_planes(base, solid):
    """numbers of a plane: the ramp's own, at the places its metadata gives; voxels are whole HU"""
    for query in ("orientation=a&mproffset=2.2", "orientation=l", "orientation=f&mprplane=3",
                  "viewpointposition=300,-200,150&viewpointlookat=0,0,2&viewpointup=0,0,1"):
        image, mm, _ = picture(base, query)
        rows, columns = image.shape[:2]
        x, y, w, h = columns // 3, rows // 3, columns // 4, rows // 4
        status, _, body = get(f"{base}/values?{query}&point={x + 0.5},{y + 0.5}&rectangle={x},{y},{w},{h}&histogram=4",
                              "application/json")
        say(status == 200, f"numbers of a plane: {query}", body[:200])
        answer = json.loads(body)
        point, region = answer["results"]
        want = ramp(mm[y:y + h, x:x + w])
        say((answer["columns"], answer["rows"], answer["unit"]) == (columns, rows, "HU"), "... size and unit", body[:80])
        say(abs(point["value"] - ramp(mm[y, x])) < 0.51, "... at a point", (point, ramp(mm[y, x])))
        say(abs(region["mean"] - want.mean()) < 0.51 and abs(region["sd"] - want.std()) < 0.51
            and abs(region["min"] - want.min()) < 0.51 and abs(region["max"] - want.max()) < 0.51
            and region["count"] == w * h and sum(region["histogram"]["counts"]) == w * h,
            "... in a rectangle", (region, want.mean(), want.std()))
        area = w * h * np.linalg.norm(mm[0, 1] - mm[0, 0]) * np.linalg.norm(mm[1, 0] - mm[0, 0])
        say(abs(region["area"] - area) < 1e-3 * area and region["spacing"]["source"] == "plane", "... its area", region)
    say(get(f"{base}/values?orientation=a", "application/json")[0] == 400, "400: numbers of nothing")
    say(get(f"{base}/values?orientation=a&point=1,100000", "application/json")[0] == 400, "400: a point outside")
    say(get(f"{base}/values?point=1,1&volumetriccurvepoint=0,-8,0&volumetriccurvepoint=0,7,0", "application/json")[0]
        == 400, "400: numbers of an animation")
    say(get(f"{base}/values?point=1,1", "image/png")[0] == 406, "406: numbers are no picture")
    say(get(f"{solid}/values?point=1,1", "application/json")[0] == 404, "404: there are none of rendered3d")


def check(url, folder):
    def facts(kind):
        return json.load(open(f"{folder}/{kind}.json"))

    def base(kind, what="renderedmpr"):
        f = facts(kind)
        return f"{url}/studies/{f['study']}/series/{f['series']}/{what}"

    whole = box([-16, -11, -20], [15.2, 10.7, 27.5])
    for kind in ("ramp", "unsigned", "missing", "rle", "enhanced"):
        for o in ("a", "p", "r", "l", "h", "f"):
            compare(f"{kind}: plane seen from {o}", base(kind), f"orientation={o}", whole)
    compare("apart: each slice has its own frame of reference", base("apart"), "orientation=a", whole)
    say("00200052" not in json.loads(get(f"{base('apart')}?orientation=a&renderedvolumetricmetadata=yes",
                                         "application/dicom+json")[2])[0], "... the plane is in none of them")
    compare("elsewhere: of two frames of reference the larger part", base("elsewhere"), "orientation=a",
            box([-16, -11, -20], [15.2, 10.7, 7.5]))
    compare("pet: slices of several slopes, one scale", base("pet"), "orientation=a", whole,
            lambda p: ramp(p) + 600, (600, 700))
    compare("irregular places", base("irregular"), "orientation=a", box([-16, -11, -20], [15.2, 10.7, 14]))
    compare("phases: the first", base("phases"), "orientation=a", box([-16, -11, -10], [15.2, 10.7, 12.5]))
    compare("phases: the one named", base("phases"), f"orientation=a&volumeinputreference={facts('phases')['second']}",
            box([-16, -11, -10], [15.2, 10.7, 12.5]), lambda p: ramp(p) + 300, (300, 700))
    compare("phases: by attribute", base("phases"), "orientation=a&AcquisitionNumber=2",
            box([-16, -11, -10], [15.2, 10.7, 12.5]), lambda p: ramp(p) + 300, (300, 700))
    compare("mixed: the largest group", base("mixed"), "orientation=a", box([-16, -11, -15], [15.2, 10.7, 12.5]))
    f = facts("halves")
    compare("two series are one volume", f"{url}/studies/{f['study']}/renderedmpr",
            f"orientation=a&SeriesInstanceUID={f['halves'][0]},{f['halves'][1]}", whole)

    def in_tilted(p):
        k = (p[..., 2] + 20) / 2.5
        return (box([-16, -99, -20], [15.2, 99, 27.5])(p) & (p[..., 1] >= -11 + 0.9 * k + 0.01)
                & (p[..., 1] <= 10.7 + 0.9 * k - 0.01))
    for o in ("a", "l", "f"):
        compare(f"tilted gantry seen from {o}", base("tilted"), f"orientation={o}", in_tilted)

    c, s = np.cos(0.4), np.sin(0.4)
    axes = np.array([[c, s, 0], [0, 0, -1.0]])
    axes = np.vstack([axes, np.cross(*axes)])

    def in_oblique(p):
        q = (p - [-9.0, -14, 12]) @ axes.T
        return np.all((q >= 0.01) & (q <= np.array([39 * 0.8, 31 * 0.7, 19 * 1.5]) - 0.01), axis=-1)
    for o in ("a", "l", "f"):
        compare(f"slices of an oblique series, seen from {o}", base("oblique"), f"orientation={o}", in_oblique)

    camera = "viewpointposition=30,-40,25&viewpointlookat=0,0,3&viewpointup=0,0,1"
    compare("a plane by point and directions", base("ramp"), camera, whole)
    compare("... smaller", base("ramp"), camera + "&viewport=30,30", whole)
    compare("... a region of it, larger", base("ramp"), camera + "&viewport=200,150,10,12,20,15", whole)
    grid = "viewpointposition=35,-43,32&viewpointlookat=5,-3,10&viewpointup=0,0,1&grid=60,48,0.5"
    compare("a plane of a grid's size, about its point", base("ramp"), grid, whole)
    compare("... smaller", base("ramp"), grid + "&viewport=30,30", whole, least=100)
    compare("... a region of it", base("ramp"), grid + "&viewport=80,80,10,10,40,20", whole)
    compare("... of PET: the same place", base("pet"), grid, whole, lambda p: ramp(p) + 600, (600, 700))
    facts_of = [json.loads(get(f"{base(k)}?{grid}&renderedvolumetricmetadata=yes", "application/dicom+json")[2])[0]
                for k in ("ramp", "pet", "tilted")]
    say(all(f[t] == facts_of[0][t] for f in facts_of for t in ("00200032", "00200037", "00280010", "00280011", "00280030"))
        and facts_of[0]["00280011"]["Value"] == [60] and facts_of[0]["00280030"]["Value"] == [0.5, 0.5],
        "... congruent in all volumes", facts_of)
    say(get(f"{base('ramp', 'rendered3d')}?{grid.replace('60,48', '64,32')}", "image/png")[2][16:24]
        == bytes([0, 0, 0, 64, 0, 0, 0, 32]), "... and of a volume rendering")
    slices = get(f"{base('ramp')}?orientation=f&window=1,2,linear&renderedvolumetricmetadata=yes",
                 "application/dicom+json")[1].get("Volume-Slices")
    say(slices == "20/20", "the metadata tell how many slices are there", slices)
    compare("a plane moved", base("ramp"), "orientation=a&mproffset=-6.3", whole)
    compare("plane 3 of the stack", base("ramp"), "orientation=f&mprplane=3", whole)
    compare("a slab's mean", base("ramp"), "orientation=a&mprslab=8", box([-16, -5, -20], [15.2, 5, 27.5]))
    # the greatest within 4 mm to each side along y
    compare("a slab's maximum", base("ramp"), "orientation=a&mprslab=8&renderingmethod=maximum_ip", whole,
            lambda p: ramp(p) + 4 * 5, slack=2)
    compare("a slab's minimum", base("ramp"), "orientation=a&mprslab=8&renderingmethod=minimum_ip", whole,
            lambda p: ramp(p) - 4 * 5, slack=2)

    # left and right, up and down: in mm of the patient
    for o, right, down in (("a", [1, 0, 0], [0, 0, -1]), ("f", [1, 0, 0], [0, 1, 0]), ("l", [0, 1, 0], [0, 0, -1]),
                           ("p", [-1, 0, 0], [0, 0, -1]), ("r", [0, -1, 0], [0, 0, -1]), ("h", [-1, 0, 0], [0, 1, 0])):
        _, mm, more = picture(base("ramp"), f"orientation={o}")
        say(mm is not None and np.allclose((mm[0, 1] - mm[0, 0]) / np.linalg.norm(mm[0, 1] - mm[0, 0]), right)
            and np.allclose((mm[1, 0] - mm[0, 0]) / np.linalg.norm(mm[1, 0] - mm[0, 0]), down),
            f"seen from {o}: right and down are where they belong", more)
    for word, letter in (("axial", "f"), ("coronal", "a"), ("sagittal", "l")):
        say(get(f"{base('ramp')}?orientation={word}")[2] == get(f"{base('ramp')}?orientation={letter}")[2],
            f"{word} is seen from {letter}")

    # a sphere of 40 mm: the disc's area, through its centre and 12 mm off it, from any side
    for name, query, radius in (("coronal", "viewpointposition=5,-103,10&viewpointlookat=5,-3,10", 20),
                                ("oblique", "viewpointposition=65,-73,50&viewpointlookat=5,-3,10", 20),
                                ("12 mm off", "orientation=f&viewport=256,256&mproffset=-11.5", None)):
        grey, mm, more = picture(base("sphere"), query + "&window=0,2000,linear")
        if grey is None:
            say(False, f"sphere: {name}", more)
            continue
        pixel = np.linalg.norm(mm[0, 1] - mm[0, 0])
        if radius is None:
            radius = np.sqrt(400 - (mm[0, 0, 2] - 10) ** 2)
        diameter = 2 * np.sqrt((grey > 127.5).sum() * pixel ** 2 / np.pi)
        say(abs(diameter - 2 * radius) <= 0.5, f"sphere: {name}: its diameter", f"{diameter} for {2 * radius}")
        inside = grey > 127.5
        middle = mm[inside].mean(axis=0)
        say(np.linalg.norm((middle - [5, -3, 10])[:2]) < 0.3, f"sphere: {name}: its place", middle)

    # warnings and refusals
    for kind, word in (("missing", "missing"), ("phases", "phases"), ("mixed", "left out"),
                       ("apart", "of its own"), ("elsewhere", "8 images")):
        headers = get(f"{base(kind)}?orientation=a")[1]
        say(word in headers.get("Warning", ""), f"{kind}: warned", headers.get("Warning"))
    say("Warning" not in get(f"{base('ramp')}?orientation=a")[1], "ramp: no warning")
    for kind, word in (("crooked", b"off the line"), ("single", b"no volume"),
                       ("overlaid", b"of its own")):
        status, _, body = get(f"{base(kind)}?orientation=a")
        say(status == 406 and word in body, f"{kind}: refused with the reason", (status, body))

    # MONOCHROME1: white is the least, the numbers are the same
    for f in ("linear", "linear-exact", "sigmoid"):
        for what in ("renderedmpr", "rendered3d"):
            query = f"orientation=a&window=350,700,{f}" + ("&renderingmethod=maximum_ip" if what == "rendered3d" else "")
            plain, other = picture_of(base("ramp", what), query), picture_of(base("inverse", what), query)
            say(plain.shape == other.shape and (plain > 60).sum() > 200
                and np.abs(255 - plain - other)[plain > 0].max() <= 1, f"MONOCHROME1: {what}, {f}")
    say(get(f"{base('ramp')}/values?orientation=a&point=9,9", "application/json")[2]
        == get(f"{base('inverse')}/values?orientation=a&point=9,9", "application/json")[2], "... and its numbers")

    # flipped and turned: the same picture, and its metadata say where it is now
    turned = (("flip=horizontal", np.fliplr), ("flip=vertical", np.flipud), ("rotate=90", lambda g: np.rot90(g, -1)),
              ("rotate=180", lambda g: np.rot90(g, 2)), ("rotate=270", np.rot90), ("rotate=0", lambda g: g),
              ("flip=horizontal&rotate=90", lambda g: np.rot90(np.fliplr(g), -1)))
    camera = "viewpointposition=30,-40,25&viewpointlookat=0,0,3&viewpointup=0,0,1&window=0,700,linear"
    for query, turn in turned:
        grey, _, _ = picture(base("ramp"), camera + "&viewport=200,150,10,12,20,15")
        other, mm, more = picture(base("ramp"), camera + "&viewport="
                                  + ("150,200" if "90" in query or "270" in query else "200,150") + ",10,12,20,15&" + query)
        say(other is not None and other.shape == turn(grey).shape and np.abs(other - turn(grey)).max() <= 1,
            f"{query}: the plane is turned", more)
        compare(f"... and is where it says: {query}", base("ramp"), camera.replace("&window=0,700,linear", "") + "&" + query,
                whole)
        solid = "orientation=l&renderingmethod=maximum_ip&window=0,2000,linear&crop=0,-100,0,100,100,100"
        grey, _, _ = picture(base("sphere", "rendered3d"), solid)
        other, _, more = picture(base("sphere", "rendered3d"), solid + "&" + query)
        say(other is not None and other.shape == turn(grey).shape and np.abs(other - turn(grey)).max() <= 1,
            f"{query}: the projection is turned", more)
    for query in ("rotate=45", "flip=both", "rotate=90&mprcurve=1,2,3,4,5,6", "viewport=10.5,10"):
        say(get(f"{base('ramp')}?{query}")[0] == 400, f"400: {query}")

    # one picture as multipart/related
    for what, query in (("renderedmpr", "orientation=a"), ("rendered3d", "viewport=64,64")):
        status, headers, body = get(f"{base('ramp', what)}?{query}", 'multipart/related; type="image/png"')
        say(status == 200 and headers["Content-Type"].startswith('multipart/related; type="image/png"')
            and body.count(b"\x89PNG\r\n") == 1 and get(f"{base('ramp', what)}?{query}")[2] in body,
            f"one picture of {what} as multipart/related", (status, body[:200]))

    # 3D: what is solid is in the middle, what is not is black
    from PIL import Image
    for query in ("", "&orientation=f", "&preset=ct-bone", "&shading=no", "&viewport=300,200"):
        status, headers, body = get(f"{base('sphere', 'rendered3d')}?orientation=a{query}" if "orient" not in query
                                    else f"{base('sphere', 'rendered3d')}?{query[1:]}")
        good = status == 200
        if good:
            rgb = np.array(Image.open(io.BytesIO(body)).convert("L")).astype(float)
            good = rgb.max() > 60 and rgb[0, 0] < 10
        say(good, f"rendered3d{query}: something solid", (status, body[:200]))
    status, _, body = get(f"{base('sphere', 'rendered3d')}?orientation=a&renderingmethod=maximum_ip&window=0,2000,linear")
    mip = np.array(Image.open(io.BytesIO(body)).convert("L")) if status == 200 else np.zeros((2, 2))
    diameter = 2 * np.sqrt((mip > 127).sum() / np.pi)
    say(abs(diameter - 40) <= 1, "rendered3d: a maximum projection: the sphere's shadow", diameter)
    status, _, body = get(f"{base('sphere', 'rendered3D')}?orientation=a&crop=5,-100,-100,100,100,100"
                          "&renderingmethod=maximum_ip&window=0,2000,linear")
    half = np.array(Image.open(io.BytesIO(body)).convert("L")) if status == 200 else np.zeros((2, 2))
    say(0.4 < (half > 127).sum() / max(1, (mip > 127).sum()) < 0.6, "... cut in half")

    # animations
    status, headers, body = get(f"{base('sphere', 'rendered3d')}?swivelrange=90&animationstepsize=30&viewport=64,64",
                                'multipart/related; type="image/png"')
    say(status == 200 and body.count(b"\x89PNG\r\n") == 3 and "multipart/related" in headers["Content-Type"],
        "a swivel is range / step pictures", (status, body[:100]))
    status, headers, body = get(f"{base('ramp')}?orientation=a&volumetriccurvepoint=0,-8,0&volumetriccurvepoint=0,7,0"
                                "&animationstepsize=5", 'multipart/related; type="image/jpeg"')
    say(status == 200 and body.count(b"\xff\xd8\xff") == 4, "planes along a line, 5 mm apart", (status, body[:100]))
    say(get(f"{base('ramp')}?orientation=a&mprcurve=-10,-5,0,0,5,2,12,4,5&viewport=64,64")[0] == 200, "a curved plane")

    # parameters
    for query, word in (("orientation=x", "orientation"), ("renderingmethod=volume_rendered", "renderingmethod"),
                        ("mprslab=0", "mprslab"), ("mprslab=nan", "mprslab"), ("mprplane=1000", "mprplane"),
                        ("viewpointlookat=1,2,3", "viewpointposition"), ("swivelrange=90", "swivelrange"),
                        ("orientation=a&viewpointlookat=1,2,3&viewpointposition=0,0,0", "exclude"),
                        ("viewpointlookat=1,2,3&viewpointposition=1,2,3", "direction"),
                        ("viewpointposition=1,2", "viewpointposition"), ("window=0,0,linear", "window"),
                        ("mprcurve=1,2,3", "mprcurve"), ("grid=10,10", "grid"), ("grid=10,9.5,1", "grid"),
                        ("grid=10,0,1", "grid"), ("grid=10,10,0", "grid"), ("orientation=a&orientation=a", "twice"),
                        ("volumetriccurvepoint=1,2,3", "two points"), ("animationstepsize=3", "animationstepsize"),
                        ("viewport=10,10,5000,0,5,5", "viewport"), ("match=AcquisitionNumber", "match"),
                        ("renderedvolumetricmetadata=no", "renderedvolumetricmetadata")):
        status, _, body = get(f"{base('ramp')}?{query}")
        say(status == 400 and word in body.decode(), f"400: {query}", (status, body))
    for query, word in (("preset=nothing", "ct-bone"), ("window=1,2,linear", "window"), ("mprslab=3", "mprslab"),
                        ("crop=1,2", "crop"), ("crop=5,0,0,5,9,9", "crop"), ("crop=5,0,0,-5,9,9", "crop"),
                        ("shading=2", "shading")):
        status, _, body = get(f"{base('ramp', 'rendered3d')}?{query}")
        say(status == 400 and word in body.decode(), f"400: 3d {query}", (status, body))
    values_of_planes(base("ramp"), base("ramp", "rendered3d"))
    say(get(f"{base('ramp')}?volumeinputreference=1.2.3")[0] == 404, "404: a reference to nothing")
    say(get(f"{base('ramp')}?volumeinputreference=2")[0] == 404, "404: a frame that no slice has")
    say(get(f"{base('enhanced')}?volumeinputreference=20")[0] == 200, "... a frame that there is")
    say(get(f"{base('ramp')}?renderedvolumetricmetadata=yes", "image/png")[0] == 406, "406: metadata are no picture")
    say(get(f"{base('ramp')}9")[0] == 404, "404: no such resource")
    say(get(f"{base('ramp')}", "image/jp2")[0] == 406, "406: a type there is not")
    say(get(f"{base('sphere', 'rendered3d')}?swivelrange=90", "image/png")[0] == 406, "406: an animation as one picture")
    _, headers, _ = get(f"{base('ramp')}?orientation=a&nonsense=1&point=3,4")
    say("nonsense, point" in headers.get("Warning", ""), "unknown parameters are named in a warning")
    _, headers, _ = get(f"{base('ramp')}/values?orientation=a&point=3,4&histogram=3&AcquisitionNummer=3", "application/json")
    say(": AcquisitionNummer" in headers.get("Warning", ""), "... of values of a plane too", headers)
    _, headers, first = get(f"{base('ramp')}?orientation=a")
    r = urllib.request.Request(f"{base('ramp')}?orientation=a",
                               headers={"Accept": "image/png", "If-None-Match": headers["ETag"]})
    try:
        status = urllib.request.urlopen(r).status
    except urllib.error.HTTPError as e:
        status = e.code
    say(status == 304, "ETag: not modified", status)


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
