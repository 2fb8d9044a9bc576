#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tiles.py make DIR: large images of many kinds, DIR/KIND.dcm and .npy.
tiles.py check URL DIR: their pictures, from http://…/dicom-web, against
numpy and each other; a line "ok NAME" or "not ok NAME" each."""

import io, subprocess, sys, urllib.error, urllib.request
import numpy, pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset

UID = "1.2.826.0.1.3680043.10.999.25"
W, H = 1501, 1203
WINDOW = {"g16": (7000, 12000), "s16": (300, 3000)}
# name: samples' kind, DCMTK's coder
KINDS = {"g16": ("g16", None), "s16": ("s16", None), "rgb": ("rgb", None), "planar": ("planar", None),
         "half": ("half", None), "palette": ("palette", None), "g16ls": ("g16", ["dcmcjpls"]),
         "s16rle": ("s16", ["dcmcrle"]), "rgbrle": ("rgb", ["dcmcrle"]), "s16lossless": ("s16", ["dcmcjpeg", "+un"])}


def samples(kind):
    rng = numpy.random.default_rng(len(kind))
    y, x = numpy.mgrid[0:H, 0:W]
    v = 7000 + 5000 * numpy.sin(x / 37) * numpy.cos(y / 53) + rng.normal(0, 400, (H, W)) + 3000 * ((x // 90 + y // 70) % 2)
    v = numpy.clip(v, 1, 16383)
    if kind == "g16":
        v[:, :200] = 0          # pixel padding
        v[rng.random((H, W)) < 0.05] = 0
        return v.astype("<u2")
    if kind == "s16":
        return (v / 4 - 1900).astype("<i2")
    rgb = numpy.stack([v / 64, 255 - v / 80, (v * 7 / 64) % 256], axis=2).astype("u1")
    if kind == "half":          # Y Y Cb Cr
        ybr = numpy.zeros((H, (W + 1) // 2, 4), "u1")
        ybr[:, :, 0] = rgb[:, 0::2, 0]
        ybr[:, :W // 2, 1] = rgb[:, 1::2, 0]
        ybr[:, :, 2:] = rgb[:, 0::2, 1:]
        return ybr
    if kind == "palette":
        return (v / 64).astype("u1")
    return rgb


def make(folder):
    for n, (name, (kind, coder)) in enumerate(KINDS.items()):
        v = samples(kind)
        d = Dataset()
        d.file_meta = m = FileMetaDataset()
        m.MediaStorageSOPClassUID = d.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        m.MediaStorageSOPInstanceUID = d.SOPInstanceUID = f"{UID}.{n}.3"
        m.TransferSyntaxUID = "1.2.840.10008.1.2.1"
        d.StudyInstanceUID, d.SeriesInstanceUID = f"{UID}.{n}.1", f"{UID}.{n}.2"
        d.PatientID = d.PatientName = name
        d.Modality, d.Rows, d.Columns = "OT", H, W
        d.SamplesPerPixel = 3 if kind in ("rgb", "planar", "half") else 1
        d.PhotometricInterpretation = {"rgb": "RGB", "planar": "RGB", "half": "YBR_FULL_422", "palette": "PALETTE COLOR"}.get(kind, "MONOCHROME2")
        d.BitsAllocated = v.dtype.itemsize * 8
        d.BitsStored = {"g16": 14, "s16": 13}.get(kind, 8)
        d.HighBit, d.PixelRepresentation = d.BitsStored - 1, int(kind == "s16")
        if d.SamplesPerPixel == 3:
            d.PlanarConfiguration = int(kind == "planar")
        if kind == "g16":
            d.PixelPaddingValue = 0
        if kind == "palette":
            for k, c in enumerate(("Red", "Green", "Blue")):
                setattr(d, c + "PaletteColorLookupTableDescriptor", [256, 0, 16])
                setattr(d, c + "PaletteColorLookupTableData", (((numpy.arange(256) * (2 * k + 1)) % 256) * 257).astype("<u2").tobytes())
        d.PixelData = (v.transpose(2, 0, 1) if kind == "planar" else v).tobytes()
        d.is_little_endian, d.is_implicit_VR = True, False
        path = f"{folder}/{name}.dcm"
        pydicom.dcmwrite(path, d, write_like_original=False)
        if coder:
            subprocess.run([*coder, path, path + "c"], check=True)
            d = pydicom.dcmread(path + "c")
            d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = f"{UID}.{n}.3"
            d.save_as(path)
            subprocess.run(["rm", path + "c"])


class Server:
    def __init__(self, url):
        self.url = url

    def get(self, name, **args):
        n = list(KINDS).index(name)
        query = "&".join(f"{k}={','.join(map(text, v)) if isinstance(v, tuple) else v}" for k, v in args.items())
        url = f"{self.url}/studies/{UID}.{n}.1/series/{UID}.{n}.2/instances/{UID}.{n}.3/frames/1/rendered?{query}"
        r = urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "image/png"}), timeout=60)
        return numpy.asarray(Image.open(io.BytesIO(r.read()))).astype(int)


def text(v):
    return v if isinstance(v, str) else repr(float(v))


def ok(good, name):
    print(("ok " if good else "not ok ") + name, flush=True)


def look(kind):
    return {"window": (*WINDOW[kind], "linear")} if kind in WINDOW else {}


def stitched(server, name, scale, box, side, **args):
    """tiles of side pixels over box = x, y, columns, rows of the frame"""
    x0, y0, w, h = box
    n, m = round(w / scale), round(h / scale)
    rows = []
    for y in range(0, m, side):
        row = []
        for x in range(0, n, side):
            row.append(server.get(name, viewport=(side, side, x0 + x * scale, y0 + y * scale, side * scale, side * scale), **args))
        height = min(t.shape[0] for t in row)
        rows.append(numpy.concatenate([t[:height] for t in row], axis=1))
    return numpy.concatenate(rows)


def grey(stored, kind):
    c, w = WINDOW[kind]
    return numpy.clip(((stored - (c - 0.5)) / (w - 1) + 0.5) * 255, 0, 255)


def check_seams(server, name, kind):
    for args in [look(kind)] + ([{}] if kind in WINDOW else []):
        what = name + (", no window" if kind in WINDOW and not args else "")
        for pixels in (W, 1100, 500, 375) if args or kind not in WINDOW else (1000, 375):
            scale = W / pixels
            whole = server.get(name, viewport=(pixels, 5000), **args)
            tiles = stitched(server, name, scale, (0, 0, W, H), 256, **args)
            ok(whole.shape == tiles.shape and (whole == tiles).all(), f"{what}: tiles stitched are the whole, 1:{scale:.3g}")
        box = (290, 210, 160, 120)      # 2.5 times as large
        whole = server.get(name, viewport=(400, 300, *box), **args)
        tiles = stitched(server, name, 0.4, box, 100, **args)
        ok(whole.shape == tiles.shape and (whole == tiles).all(), f"{what}: tiles stitched are the whole, 2.5:1")


def check_means(server, name, kind):
    """a pixel of a picture in a quarter of the size is the mean of 16"""
    v = samples(kind)
    if kind in ("half", "palette"):
        return
    v = v[:1200, :1500].astype(float).reshape(300, 4, 375, 4, -1).transpose(0, 2, 1, 3, 4).reshape(300, 375, 16, -1)
    got = server.get(name, viewport=(375, 300, 0, 0, 1500, 1200), **look(kind))
    if kind in WINDOW:
        valid = (v != 0) if kind == "g16" else numpy.ones_like(v, bool)
        count = valid.sum(axis=2)
        want = grey((v * valid).sum(axis=2) / numpy.maximum(count, 1), kind)
        want = numpy.where(count == 0, 0, want)[:, :, 0]
        some = (count[:, :, 0] > 0) & (count[:, :, 0] < 16)
        if kind == "g16":
            ok(some.sum() > 1000 and (abs(got - want)[some] <= 1).all(), f"{name}: padding does not bleed")
    else:
        want = v.mean(axis=2)
    ok(got.shape == want.shape and (abs(got - want) <= 1).all(), f"{name}: area averaged, 1:4")


def check_turns(server, name, kind):
    for where, box in (("1:1", (400, 300, 301, 207)), ("reduced", (100, 50, 1201, 903))):
        x, y, w, h = box
        view = (w, h) if where == "1:1" else (311, 219)
        a = server.get(name, viewport=(*view, *box), **look(kind))
        for turns in range(4):
            v = view if turns % 2 == 0 else view[::-1]
            for flip, mirrored in (("", a), ("horizontal", a[:, ::-1]), ("vertical", a[::-1])):
                args = {"rotate": turns * 90, **({"flip": flip} if flip else {}), **look(kind)}
                got = server.get(name, viewport=(*v, *box), **args)
                want = numpy.rot90(mirrored, -turns)
                ok(got.shape == want.shape and (got == want).all(), f"{name}: {where}, {flip or 'no'} flip, then turned by {turns * 90}")
        got = server.get(name, viewport=(*view[::-1], x, y, -w, -h), flip="horizontal", rotate=90, **look(kind))
        ok((got == numpy.rot90(a[::-1], -1)).all(), f"{name}: {where}, sw and sh negative, flip, turn")


def check(url, folder):
    server = Server(url)
    for name, (kind, _) in KINDS.items():
        check_seams(server, name, kind)
        check_means(server, name, kind)
    for name in ("g16", "rgbrle"):
        check_turns(server, name, KINDS[name][0])


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
