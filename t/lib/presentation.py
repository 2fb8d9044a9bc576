# SPDX-License-Identifier: BSD-2-Clause

# Images and presentation states for t/45-presentation.t, made by pydicom, and
# what is expected of their pictures: DCMTK's dcmp2pgm, or own arithmetic.
#   presentation.py make DIR        files, and DIR/cases.json
#   presentation.py check DIR     "NAME ok" of each DIR/NAME.png, or why not

import json
import os
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.45"
STUDY = ROOT + ".1"
ROWS, COLUMNS = 160, 200
CLASSES = {"grey": "1", "colour": "2", "pseudo": "3", "blending": "4"}


def sequence(*items):
    made = []
    for item in items:
        ds = Dataset()
        for key, value in item.items():
            setattr(ds, key, value)
        made.append(ds)
    return pydicom.Sequence(made)


def new(path, sop_class, uid, series):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, series
    ds.PatientName, ds.PatientID = "State^Test", "PS"
    ds.PatientBirthDate, ds.PatientSex = "19700101", "O"
    ds.StudyDate, ds.StudyTime, ds.StudyID = "20200101", "120000", "1"
    ds.AccessionNumber, ds.ReferringPhysicianName = "", ""
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.Manufacturer = "none"
    return ds


class Maker:
    def __init__(self, out):
        self.out, self.n, self.cases = out, 0, []
        self.series_of = {}

    def uid(self):
        self.n += 1
        return f"{ROOT}.2.{self.n}"

    # array: rows x columns, frames x rows x columns, or with 3 samples
    def image(self, name, array, stored, colour=False, **more):
        uid = self.uid()
        ds = new(name, "1.2.840.10008.5.1.4.1.1.7", uid, ROOT + ".3")
        ds.Modality, ds.ConversionType = "OT", "WSD"
        frames = array.shape[0] if array.ndim == (4 if colour else 3) else 1
        shape = array.shape[1:] if frames > 1 else array.shape
        ds.Rows, ds.Columns = shape[0], shape[1]
        ds.SamplesPerPixel = 3 if colour else 1
        ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
        if colour:
            ds.PlanarConfiguration = 0
        if frames > 1:
            ds.NumberOfFrames = frames
        ds.BitsAllocated = array.dtype.itemsize * 8
        ds.BitsStored, ds.HighBit = stored, stored - 1
        ds.PixelRepresentation = int(array.dtype.kind == "i")
        ds.PixelData = array.tobytes()
        for key, value in more.items():
            setattr(ds, key, value)
        ds.save_as(f"{self.out}/{name}.dcm", write_like_original=False)
        self.series_of[name] = (ds.SeriesInstanceUID, uid, ds.SOPClassUID)
        return array

    def reference(self, image, frames=None):
        series, uid, sop_class = self.series_of[image]
        item = {"ReferencedSOPClassUID": sop_class,
                "ReferencedSOPInstanceUID": uid}
        if frames:
            item["ReferencedFrameNumber"] = frames
        return item

    def area(self, box=(1, 1, COLUMNS, ROWS), mode="SCALE TO FIT", **more):
        item = {"DisplayedAreaTopLeftHandCorner": list(box[:2]),
                "DisplayedAreaBottomRightHandCorner": list(box[2:]),
                "PresentationSizeMode": mode}
        item.update(more or {"PresentationPixelAspectRatio": [1, 1]})
        return sequence(item)

    # extra: of the case, for the test; more: attributes (None: not there)
    def state(self, name, image, kind="grey", frames=None, extra=None, **more):
        images = image if isinstance(image, list) else [image]
        ds = new(name, f"1.2.840.10008.5.1.4.1.1.11.{CLASSES[kind]}",
                 self.uid(), ROOT + ".4")
        ds.Modality = "PR"
        ds.ContentLabel, ds.ContentDescription = "TEST", name
        ds.PresentationCreationDate = "20200101"
        ds.PresentationCreationTime = "120000"
        ds.ContentCreatorName = "Nobody"
        ds.ReferencedSeriesSequence = sequence({
            "SeriesInstanceUID": self.series_of[images[0]][0],
            "ReferencedImageSequence": sequence(
                *(self.reference(i, frames) for i in images))})
        ds.DisplayedAreaSelectionSequence = self.area()
        if kind == "grey":
            ds.PresentationLUTShape = "IDENTITY"
        for key, value in more.items():
            if value is None:
                delattr(ds, key)
            elif key[0] == "x":
                ds.add_new(int(key[1:], 16), *value)
            else:
                setattr(ds, key, value)
        ds.save_as(f"{self.out}/{name}.dcm", write_like_original=False)
        series, uid, _ = self.series_of[images[0]]
        self.cases.append(dict({
            "name": name, "image": images[0], "series": series,
            "instance": uid, "state_series": ds.SeriesInstanceUID,
            "state": ds.SOPInstanceUID, "frame": 1, "compare": "dcmtk",
            "query": ""}, **(extra or {})))


def lut(first, bits, values, **more):
    ds = Dataset()
    ds.add_new(0x00283002, "US", [len(values), first % 65536, bits])
    ds.add_new(0x00283006, "OW", np.array(values, "<u2").tobytes())
    for key, value in more.items():
        setattr(ds, key, value)
    return pydicom.Sequence([ds])


def window(center, width, **more):
    return sequence(dict({"WindowCenter": center, "WindowWidth": width},
                         **more))


def graphic(kind, points, units="PIXEL", filled="N", **more):
    return dict({"GraphicAnnotationUnits": units, "GraphicDimensions": 2,
                 "NumberOfGraphicPoints": len(points) // 2,
                 "GraphicData": [float(p) for p in points],
                 "GraphicType": kind, "GraphicFilled": filled}, **more)


def layers(*given):
    return sequence(*({"GraphicLayer": name, "GraphicLayerOrder": i + 1,
                       "GraphicLayerRecommendedDisplayGrayscaleValue": value}
                      for i, (name, value) in enumerate(given)))


def bits(array):
    return np.packbits(array.reshape(-1).astype(np.uint8),
                       bitorder="little").tobytes()


DARK = dict(RescaleSlope=1, RescaleIntercept=0, RescaleType="US",
            SoftcopyVOILUTSequence=window(100000, 10))


def compared(m):
    """what DCMTK renders too"""
    rng = np.random.default_rng(45)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    grey = ((x * 13 + y * 7) % 4096 + rng.integers(0, 8, x.shape)) % 4096
    m.image("grey", grey.astype("<u2"), 12)
    m.image("signed", (grey.astype("<i4") - 2048).astype("<i2"), 12)
    m.image("byte", (grey // 16).astype("u1"), 8)
    m.image("mono1", grey.astype("<u2"), 12,
            PhotometricInterpretation="MONOCHROME1")
    m.image("windowed", grey.astype("<u2"), 12, WindowCenter=100,
            WindowWidth=20, RescaleSlope=3, RescaleIntercept=7)
    m.image("frames", np.stack([(grey + 500 * i) % 4096
                                for i in range(4)]).astype("<u2"), 12)

    rescale = {"RescaleSlope": 1, "RescaleIntercept": -1024,
               "RescaleType": "HU"}
    for image in ("grey", "signed", "byte", "mono1", "windowed"):
        m.state(f"plain-{image}", image)
        m.state(f"window-{image}", image,
                SoftcopyVOILUTSequence=window(900, 1200))
        m.state(f"inverse-{image}", image, PresentationLUTShape="INVERSE",
                SoftcopyVOILUTSequence=window(100, 333))
    m.state("rescale", "grey", **rescale,
            SoftcopyVOILUTSequence=window(40, 400))
    m.state("rescale-signed", "signed", **rescale,
            SoftcopyVOILUTSequence=window(-900, 1000))
    curve = [int(65535 * (i / 1023) ** 0.5) for i in range(1024)]
    m.state("voi-lut", "grey", SoftcopyVOILUTSequence=sequence(
        {"VOILUTSequence": lut(1000, 16, curve)}))
    m.state("modality-lut", "grey", ModalityLUTSequence=lut(
        0, 12, [4095 - i for i in range(4096)], ModalityLUTType="US"),
        SoftcopyVOILUTSequence=window(2000, 3000))
    m.state("presentation-lut", "grey", PresentationLUTShape=None,
            PresentationLUTSequence=lut(
                0, 12, [int(4095 * (i / 4095) ** 2) for i in range(4096)]),
            SoftcopyVOILUTSequence=window(2048, 4096))
    m.state("frame-3", "frames", SoftcopyVOILUTSequence=window(2000, 4000),
            extra={"frame": 3})
    m.state("voi-of-frame-2", "frames", extra={"frame": 2},
            SoftcopyVOILUTSequence=sequence(
                {"WindowCenter": 10, "WindowWidth": 20,
                 "ReferencedImageSequence": sequence(
                     m.reference("frames", [1, 3]))},
                {"WindowCenter": 1000, "WindowWidth": 3000,
                 "ReferencedImageSequence": sequence(
                     m.reference("frames", [2, 4]))}))
    for degrees in (0, 90, 180, 270):
        for flip in "NY":
            m.state(f"turn-{degrees}{flip}", "grey", ImageRotation=degrees,
                    ImageHorizontalFlip=flip,
                    SoftcopyVOILUTSequence=window(2048, 4096),
                    extra={"compare": "dcmtk"})


# --- what DCMTK does not draw ---

def shown(array, center=2048, width=4096):
    return np.clip(((array - (center - 0.5)) / (width - 1) + 0.5) * 255, 0,
                   255)


def drawn(m):
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    ramp = m.image("ramp", ((x * 16 + y * 5) % 4096).astype("<u2"), 12)
    full = {"SoftcopyVOILUTSequence": window(2048, 4096)}
    picture = shown(ramp.astype(float))

    def expect(name, want, **more):
        extra = dict({"compare": "stored"}, **more.pop("extra", {}))
        np.save(f"{m.out}/{name}.npy", np.rint(want).astype(int))
        m.state(name, more.pop("image", "ramp"), extra=extra,
                **dict(full, **more))

    # shutters: pixels from 1, edges are visible
    px, py = x + 1, y + 1
    rectangle = (px >= 21) & (px <= 150) & (py >= 31) & (py <= 120)
    circle = (px - 100) ** 2 + (py - 80) ** 2 <= 60 ** 2
    corners = [(30, 20), (60, 140), (180, 130), (150, 40)]
    polygon = np.ones(ramp.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        polygon &= (bx - ax) * (py - ay) - (by - ay) * (px - ax) <= 0
    disc = (x - 90) ** 2 + (y - 70) ** 2 <= 50 ** 2
    shapes = {
        "rectangular": (rectangle, dict(
            ShutterLeftVerticalEdge=21, ShutterRightVerticalEdge=150,
            ShutterUpperHorizontalEdge=31, ShutterLowerHorizontalEdge=120)),
        "circular": (circle, dict(CenterOfCircularShutter=[80, 100],
                                  RadiusOfCircularShutter=60)),
        "polygonal": (polygon, dict(VerticesOfThePolygonalShutter=[
            20, 30, 140, 60, 130, 180, 40, 150])),
        "bitmap": (disc, dict(
            ShutterOverlayGroup=0x6002, x60020010=("US", ROWS),
            x60020011=("US", COLUMNS), x60020040=("CS", "G"),
            x60020050=("SS", [1, 1]), x60020100=("US", 1),
            x60020102=("US", 0), x60023000=("OW", bits(~disc))))}
    for name, (visible, attributes) in shapes.items():
        expect(f"shutter-{name}", np.where(visible, picture, 64),
               ShutterPresentationValue=0x4000, ShutterShape=name.upper(),
               **attributes)
    expect("shutter-all", np.where(rectangle & circle & polygon, picture, 255),
           ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
           ShutterPresentationValue=65535, **shapes["rectangular"][1],
           **shapes["circular"][1], **shapes["polygonal"][1])

    # displayed area
    expect("area", picture[20:100, 30:140],
           DisplayedAreaSelectionSequence=m.area((31, 21, 140, 100)))
    expect("area-turned", np.rot90(picture, -1)[:, ::-1][30:140, 20:100],
           ImageRotation=90, ImageHorizontalFlip="Y",
           DisplayedAreaSelectionSequence=m.area((31, 21, 140, 100)))
    around = np.zeros((ROWS + 30, COLUMNS + 50))
    around[10:10 + ROWS, 20:20 + COLUMNS] = picture
    wide = m.area((-19, -9, COLUMNS + 30, ROWS + 20))
    expect("area-around", around, DisplayedAreaSelectionSequence=wide)
    expect("area-around-flipped", np.rot90(around, -1)[:, ::-1],
           ImageRotation=90, ImageHorizontalFlip="Y",
           DisplayedAreaSelectionSequence=wide)
    blocks = m.image("blocks", np.repeat(np.repeat(
        (np.arange(2000).reshape(40, 50) * 2).astype("<u2"), 4, 0), 4, 1), 12)
    small = shown(blocks[::4, ::4].astype(float))
    expect("fit", small, image="blocks",
           extra={"query": "&rows=40&columns=50"})
    expect("true-size", small, image="blocks",
           DisplayedAreaSelectionSequence=m.area(mode="TRUE SIZE",
                                                 PresentationPixelSpacing=[
                                                     0.2, 0.2]),
           extra={"query": "&columns=50"})
    quarter = m.area(mode="MAGNIFY", PresentationPixelAspectRatio=[1, 1],
                     PresentationPixelMagnificationRatio=0.25)
    expect("magnify", small, image="blocks",
           DisplayedAreaSelectionSequence=quarter)
    expect("magnify-cropped", small[10:30, 15:35], image="blocks",
           DisplayedAreaSelectionSequence=quarter,
           extra={"query": "&rows=20&columns=20"})
    expect("aspect", shown(np.repeat(blocks[::4, ::4], 2, 0).astype(float)),
           image="blocks", extra={"query": "&rows=80"},
           DisplayedAreaSelectionSequence=m.area(
               PresentationPixelAspectRatio=[2, 1]))

    # mask: the mean of two frames is taken off
    base = (x * 4 + y).astype(float)
    m.image("contrast", np.stack([base + 10, base + 30, base + 20 + x]
                                 ).astype("<u2"), 12)
    expect("mask", shown(np.asarray(x, float), 100, 256), image="contrast",
           extra={"frame": 3}, RecommendedViewingMode="SUB",
           MaskSubtractionSequence=sequence({
               "MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1, 2]}),
           SoftcopyVOILUTSequence=window(100, 256))
    expect("mask-not-seen", shown(base + 20 + x, 512, 1024),
           image="contrast", extra={"frame": 3}, RecommendedViewingMode="NAT",
           MaskSubtractionSequence=sequence({
               "MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1, 2]}),
           SoftcopyVOILUTSequence=window(512, 1024))

    # colour
    rgb = np.dstack([x % 256, y % 256, (x + y) % 256]).astype("u1")
    m.image("colour", rgb, 8, colour=True)
    expect("colour-state", np.rot90(rgb, -1), image="colour", kind="colour",
           SoftcopyVOILUTSequence=sequence({}), ImageRotation=90)
    red = [i * 257 for i in range(256)]
    expect("pseudo-state",
           np.dstack([np.rint(picture), 255 - np.rint(picture),
                      np.zeros(picture.shape)]), kind="pseudo",
           x00281101=("US", [256, 0, 16]), x00281102=("US", [256, 0, 16]),
           x00281103=("US", [256, 0, 16]),
           x00281201=("OW", np.array(red, "<u2").tobytes()),
           x00281202=("OW", np.array(red[::-1], "<u2").tobytes()),
           x00281203=("OW", bytes(512)))

    # overlays: of the state, of the image
    plane = (x // 10 + y // 10) % 3 == 0
    overlay = {"60000010": ("US", ROWS), "60000011": ("US", COLUMNS),
               "60000040": ("CS", "G"), "60000050": ("SS", [1, 1]),
               "60000100": ("US", 1), "60000102": ("US", 0),
               "60003000": ("OW", bits(plane))}
    own = {f"x{k}": v for k, v in overlay.items()}
    layer = layers(("OVER", 0x8080))
    expect("overlay-of-state", np.where(plane, 128, picture),
           x60001001=("CS", "OVER"), GraphicLayerSequence=layer, **own)
    expect("overlay-not-active", picture, **own)
    path = f"{m.out}/ramp.dcm"
    ds = pydicom.dcmread(path)
    for tag, (vr, value) in overlay.items():
        ds.add_new(int(tag, 16), vr, value)
    ds.save_as(path)
    expect("overlay-of-image", np.where(plane, 128, picture),
           x60001001=("CS", "OVER"), GraphicLayerSequence=layer)


# a black picture, on which only what is drawn is seen
def marks(m):
    m.image("black", np.zeros((ROWS, COLUMNS), "<u2"), 12)

    def annotation(name, graphics=(), texts=(), query="", image="black",
                   area=None, **more):
        item = {"GraphicLayer": "ONE"}
        if graphics:
            item["GraphicObjectSequence"] = sequence(*graphics)
        if texts:
            item["TextObjectSequence"] = sequence(*texts)
        values = dict({"GraphicLayerSequence": layers(("ONE", 65535)),
                       "GraphicAnnotationSequence": sequence(item),
                       "DisplayedAreaSelectionSequence": area or m.area()},
                      **DARK)
        values.update(more)
        m.state(name, image, extra={"compare": name.replace("-", "_"),
                                    "query": query}, **values)

    annotation("mark-line", [graphic("POLYLINE", [20, 30, 120, 130])])
    annotation("mark-line-turned", [graphic("POLYLINE", [20, 30, 120, 80])],
               ImageRotation=90, ImageHorizontalFlip="Y")
    annotation("mark-line-scaled", [graphic("POLYLINE", [20, 30, 120, 130])],
               query="&rows=480&columns=600")
    annotation("mark-display", [graphic("POLYLINE", [0.1, 0.5, 0.9, 0.5],
                                        "DISPLAY")],
               area=m.area((51, 41, 150, 120)), ImageRotation=90)
    annotation("mark-circle", [graphic("CIRCLE", [100, 80, 100, 120])])
    annotation("mark-circle-filled",
               [graphic("CIRCLE", [100, 80, 100, 120], filled="Y")])
    annotation("mark-ellipse", [graphic("ELLIPSE", [40, 80, 160, 80,
                                                    100, 50, 100, 110])])
    annotation("mark-spline", [graphic("INTERPOLATED", [
        20, 80, 60, 40, 100, 80, 140, 120, 180, 80])])
    annotation("mark-point", [graphic("POINT", [60.5, 70.5])])
    annotation("mark-filled", [graphic("POLYLINE", [
        40, 40, 160, 40, 160, 120, 40, 120, 40, 40], filled="Y")])
    annotation("mark-thick", [graphic(
        "POLYLINE", [20, 80, 180, 80],
        LineStyleSequence=sequence({"LineThickness": 9.0}))])

    def text(**more):
        return dict({"UnformattedTextValue": "Lesion 1\r\nline two",
                     "BoundingBoxAnnotationUnits": "PIXEL",
                     "BoundingBoxTopLeftHandCorner": [60.0, 40.0],
                     "BoundingBoxBottomRightHandCorner": [180.0, 80.0],
                     "BoundingBoxTextHorizontalJustification": "LEFT"}, **more)

    annotation("text-box", texts=[text()])
    annotation("text-right", texts=[text(
        BoundingBoxTextHorizontalJustification="RIGHT",
        UnformattedTextValue="i")])
    annotation("text-turned", texts=[text(
        BoundingBoxTopLeftHandCorner=[20.0, 30.0],
        BoundingBoxBottomRightHandCorner=[60.0, 130.0])], ImageRotation=90)
    annotation("text-anchor", texts=[text(
        AnchorPointAnnotationUnits="PIXEL", AnchorPoint=[20.5, 140.5],
        AnchorPointVisibility="Y")])
    m.state("mark-order", "black", **DARK, extra={"compare": "mark_order"},
            GraphicLayerSequence=layers(("LOW", 0x4000), ("HIGH", 0xc000)),
            GraphicAnnotationSequence=sequence(
                {"GraphicLayer": "HIGH", "GraphicObjectSequence": sequence(
                    graphic("CIRCLE", [100, 80, 100, 100], filled="Y"))},
                {"GraphicLayer": "LOW", "GraphicObjectSequence": sequence(
                    graphic("CIRCLE", [100, 80, 100, 120], filled="Y"))}))


# --- own expectations; each gives "ok" or what is wrong ---

def distances(got, points):
    """of each pixel's middle from the lines through points"""
    y, x = np.mgrid[0:got.shape[0], 0:got.shape[1]] + 0.5
    best = np.full(got.shape, 1e9)
    for (ax, ay), (bx, by) in zip(points, points[1:]):
        t = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) \
            / max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
        t = np.clip(t, 0, 1)
        best = np.minimum(best, np.hypot(x - ax - t * (bx - ax),
                                         y - ay - t * (by - ay)))
    return best


def along(got, points, half=0.75):
    """white along the line, black elsewhere"""
    d = distances(got, points)
    if (got[d < half - 0.6] < 128).any() or got[d < half].min() < 32:
        return "the line has gaps"
    if got[d > half + 0.6].any():
        return f"drawn beside the line: {np.argwhere((d > half + 0.6) & (got > 0))[:3].tolist()}"
    return "ok"


def arc(cx, cy, rx, ry, n=2000):
    t = np.linspace(0, 2 * np.pi, n)
    return list(zip(cx + rx * np.cos(t), cy + ry * np.sin(t)))


def mark_line(got):
    return along(got, [(20, 30), (120, 130)])


def mark_line_turned(got):
    # clockwise: (x, y) -> (ROWS - y, x); then mirrored: (y, x)
    return along(got, [(30, 20), (80, 120)]) \
        if got.shape == (COLUMNS, ROWS) else got.shape


def mark_line_scaled(got):
    return along(got, [(60, 90), (360, 390)]) \
        if got.shape == (480, 600) else got.shape


def mark_display(got):
    return along(got, [(8, 50), (72, 50)]) \
        if got.shape == (100, 80) else got.shape


def mark_circle(got):
    return along(got, arc(100, 80, 40, 40))


def mark_ellipse(got):
    return along(got, arc(100, 80, 60, 30))


def inside(got, mask, edge):
    if (got[mask & ~edge] != 255).any():
        return "not filled"
    return "filled beyond" if got[~mask & ~edge].any() else "ok"


def mark_circle_filled(got):
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    r = np.hypot(x - 100, y - 80)
    return inside(got, r < 40, abs(r - 40) < 1.5)


def mark_filled(got):
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    mask = (x > 40) & (x < 160) & (y > 40) & (y < 120)
    corners = [(40, 40), (160, 40), (160, 120), (40, 120), (40, 40)]
    return inside(got, mask, distances(got, corners) < 1.5)


def mark_spline(got):
    y, x = np.argwhere(got > 64).T
    for px, py in ((20, 80), (60, 40), (100, 80), (140, 120), (180, 80)):
        if np.hypot(x + 0.5 - px, y + 0.5 - py).min() > 1:
            return f"not through {px},{py}"
    steps = np.unique(x)
    return "ok" if len(steps) >= 158 and (got > 0).sum() < 1200 else "gaps"


def mark_point(got):
    y, x = np.argwhere(got > 0).T
    return "ok" if len(x) and np.hypot(x - 60, y - 70).max() < 4 \
        and got[70, 60] == 255 else "no point"


def mark_thick(got):
    return along(got, [(20, 80), (180, 80)], 4.5)


def mark_order(got):
    return "ok" if got[80, 100] == 191 and got[80, 130] == 64 \
        and got[80, 165] == 0 else f"{got[80, 100]} {got[80, 130]}"


def box(got):
    y, x = np.argwhere(got > 0).T
    return x.min(), y.min(), x.max() + 1, y.max() + 1


def text_box(got):
    x0, y0, x1, y1 = box(got)
    rows = (got > 0).any(1)[y0:y1]
    gaps = int((~rows).sum())
    return "ok" if 60 <= x0 < 66 and 40 <= y0 < 50 and x1 <= 180 and y1 <= 82 \
        and y1 - y0 > 20 and gaps > 0 else f"{x0, y0, x1, y1, gaps}"


def text_right(got):
    x0, y0, x1, y1 = box(got)
    return "ok" if 165 < x0 < x1 <= 180 else f"{x0, y0, x1, y1}"


def text_turned(got):
    # the box is (ROWS - 130, 20) to (ROWS - 30, 60), the text upright in it
    x0, y0, x1, y1 = box(got)
    return "ok" if got.shape == (COLUMNS, ROWS) and 30 <= x0 < 40 \
        and 20 <= y0 and x1 <= 130 and y1 <= 62 and x1 - x0 > y1 - y0 \
        else f"{x0, y0, x1, y1}"


def text_anchor(got):
    # from the anchor to the nearest corner of the text
    near = got[104:114, 36:46].max()
    return "ok" if got[140, 20] > 128 and near > 128 \
        and box(got)[0] == 19 else f"{got[140, 20]} {near} {box(got)}"


# --- what is refused: status and reason ---

def refused(m):
    def no(reason, image="ramp", status=406, **more):
        m.state(f"no-{len(m.cases)}", image, extra={
            "compare": None, "refused": reason, "status": status}, **more)

    def mark(**more):
        item = {"GraphicLayer": "ONE", "GraphicObjectSequence": sequence(
            graphic("POLYLINE", [1, 1, 9, 9]))}
        item.update(more)
        return {"GraphicLayerSequence": layers(("ONE", 65535)),
                "GraphicAnnotationSequence": sequence(item)}

    def drawing(**more):
        return mark(GraphicObjectSequence=sequence(
            graphic("POLYLINE", [1, 1, 9, 9], **more)))

    def text(**more):
        return mark(TextObjectSequence=sequence(dict({
            "UnformattedTextValue": "x", "BoundingBoxAnnotationUnits": "PIXEL",
            "BoundingBoxTopLeftHandCorner": [1.0, 1.0],
            "BoundingBoxBottomRightHandCorner": [9.0, 9.0]}, **more)))

    def mask(**more):
        return {"RecommendedViewingMode": "SUB",
                "MaskSubtractionSequence": sequence(dict({
                    "MaskOperation": "AVG_SUB", "MaskFrameNumbers": [1]},
                    **more))}

    # classes and images
    no("blending .* not applied", kind="blending")
    no("color presentation state is not for", kind="colour")
    no("not for color images", image="colour")
    no("refers to no image", ReferencedSeriesSequence=None)
    # tables
    no("VOI LUT .* impossible", SoftcopyVOILUTSequence=sequence(
        {"VOILUTSequence": lut(0, 16, [])}))
    no("VOI LUT .* impossible", SoftcopyVOILUTSequence=sequence(
        {"VOILUTSequence": lut(0, 33, [1, 2])}))
    short = lut(0, 16, [1, 2, 3])
    short[0][0x00283002].value = [60000, 0, 16]
    no("Modality LUT .* impossible", ModalityLUTSequence=short)
    no("Presentation LUT .* impossible", PresentationLUTSequence=short)
    no("Presentation LUT Shape", PresentationLUTShape="LIN OD")
    no("window", SoftcopyVOILUTSequence=sequence({"WindowCenter": 1}))
    no("VOI LUT Function", SoftcopyVOILUTSequence=window(
        1, 2, VOILUTFunction="ODD"))
    no("Rescale", RescaleSlope=0, RescaleIntercept=1)
    no("palette", kind="pseudo")
    # masks
    no("Sub-pixel", image="contrast", **mask(MaskSubPixelShift=[0.5, 0.0]))
    no("Contrast Frame Averaging", image="contrast",
       **mask(ContrastFrameAveraging=3))
    no("Mask Operation TID", image="contrast", **mask(MaskOperation="TID"))
    no("list of frames", image="contrast", **mask(MaskFrameNumbers=[9]))
    # geometry
    no("Image Rotation", ImageRotation=45)
    no("no Displayed Area", DisplayedAreaSelectionSequence=None)
    no("outside of the image",
       DisplayedAreaSelectionSequence=m.area((900, 900, 999, 999)))
    no("magnification", DisplayedAreaSelectionSequence=m.area(
        mode="MAGNIFY", PresentationPixelAspectRatio=[1, 1]))
    no("render_side", DisplayedAreaSelectionSequence=m.area(
        mode="MAGNIFY", PresentationPixelAspectRatio=[1, 1],
        PresentationPixelMagnificationRatio=1e6))
    no("render_side", DisplayedAreaSelectionSequence=m.area(
        (-2000000000, 1, 2000000000, 10)))
    no("Size Mode", DisplayedAreaSelectionSequence=m.area(mode="BIG"))
    no("shape of a pixel", DisplayedAreaSelectionSequence=m.area(
        PresentationPixelAspectRatio=[0, 1]))
    # shutters and overlays
    no("circular shutter", ShutterShape="CIRCULAR")
    no("polygonal shutter", ShutterShape="POLYGONAL",
       VerticesOfThePolygonalShutter=[1, 2, 3])
    no("shape of the shutter", ShutterShape="STAR")
    no("bitmap", ShutterShape="BITMAP", ShutterOverlayGroup=0x7000)
    no("overlay 6000 .* layer that there is not", x60001001=("CS", "NONE"))
    no("overlay 6004 .* neither", x60041001=("CS", "ONE"),
       GraphicLayerSequence=layers(("ONE", 1)))
    no("overlay 6004 .* shorter", x60041001=("CS", "ONE"),
       GraphicLayerSequence=layers(("ONE", 1)), x60040010=("US", 60000),
       x60040011=("US", 60000), x60043000=("OW", b"12"))
    no("curve", x50001001=("CS", "ONE"),
       GraphicLayerSequence=layers(("ONE", 1)))
    # annotations
    no("layer that there is not", **mark(GraphicLayer="TWO"))
    no("Graphic Type", **drawing(GraphicType="STAR"))
    no("points that its", **drawing(NumberOfGraphicPoints=7))
    no("points that its", **drawing(NumberOfGraphicPoints=65535))
    no("no numbers", **drawing(GraphicData=[1.0, 1.0, float("nan"), 2.0]))
    no("units", **drawing(GraphicAnnotationUnits="MATRIX"))
    no("dashed line", **drawing(LineStyleSequence=sequence(
        {"LineDashingStyle": "DASHED"})))
    no("without a place", **mark(TextObjectSequence=sequence(
        {"UnformattedTextValue": "x"})))
    no("Bounding Box", **text(BoundingBoxAnnotationUnits="METRE"))
    no("italic", **text(TextStyleSequence=sequence({"Italic": "Y"})))
    no("160 characters", **text(UnformattedTextValue="x" * 161))
    no("simple ones", **mark(CompoundGraphicSequence=sequence(
        {"CompoundGraphicInstanceID": 5, "CompoundGraphicType": "ARROW"})))
    no("state_points 100000", **mark(GraphicObjectSequence=sequence(*(
        graphic("POLYLINE", list(range(20000))) for _ in range(11)))))
    no("points that its", **mark(GraphicObjectSequence=sequence(
        dict(graphic("POLYLINE", []), GraphicData=[0.0] * 2000000,
             NumberOfGraphicPoints=65535))))
    no("four times the limit render_area", **mark(
        GraphicObjectSequence=sequence(*(graphic(
            "CIRCLE", [100, 80, 100, 400 + i], filled="Y")
            for i in range(9000)))))
    # elsewhere
    m.series_of["other"] = (ROOT + ".3", ROOT + ".99", "1.2.840.10008.5.1.4.1"
                            ".1.7")
    m.series_of["ramp-elsewhere"] = (ROOT + ".9",) + m.series_of["ramp"][1:]
    m.state("refers-away", "other", extra={"compare": None})
    m.state("refers-two", ["ramp", "byte"], extra={"compare": None})
    m.state("refers-two-one-away", ["ramp", "other"],
            extra={"compare": None})
    m.state("refers-elsewhere", "ramp-elsewhere", extra={"compare": None})
    m.state("refers-frames", "frames", frames=[2, 4],
            extra={"compare": None})


def main():
    if sys.argv[1] == "make":
        m = Maker(sys.argv[2])
        compared(m)
        drawn(m)
        marks(m)
        refused(m)
        with open(f"{m.out}/cases.json", "w") as f:
            json.dump(m.cases, f)
        return
    with open(f"{sys.argv[2]}/cases.json") as f:
        for case in json.load(f):
            picture = f"{sys.argv[2]}/{case['name']}.png"
            if case["compare"] and os.path.exists(picture):
                print(case["name"], check(sys.argv[2], case, picture))


def dcmtk(out, case):
    pgm = f"{out}/{case['name']}.pgm"
    r = subprocess.run(["dcmp2pgm", "-q", "-p", f"{out}/{case['name']}.dcm",
                        "-f", str(case["frame"]), f"{out}/{case['image']}.dcm",
                        pgm], capture_output=True, text=True)
    if r.returncode != 0 or not os.path.exists(pgm):
        raise SystemExit(f"dcmp2pgm: {r.stdout}{r.stderr}")
    return read(pgm)


def read(path):
    from PIL import Image
    return np.asarray(Image.open(path)).astype(int)


def stored(out, case):
    return np.load(f"{out}/{case['name']}.npy")


# "ok", or what differs
def check(out, case, path):
    got, compare = read(path), case["compare"]
    if compare not in ("dcmtk", "stored"):
        return globals()[compare](got)
    want = globals()[compare](out, case)
    if got.shape != want.shape:
        return f"{got.shape} for {want.shape}"
    off = np.abs(got - want)
    share = float((off <= 1).mean())
    return "ok" if share >= 0.999 else \
        f"{share:.5f} within 1, at most {off.max()}, first " \
        f"{np.argwhere(off > 1)[0].tolist()} {got[off > 1][:5]} " \
        f"{want[off > 1][:5]}"


main()
