# SPDX-License-Identifier: BSD-2-Clause
#
# For t/35-formats.t: pictures as Pillow (its own libraries) and numpy see
# them, and the DICOM files that no sample has.

import hashlib
import io
import sys

import numpy
from PIL import Image, ImageCms, ImageSequence


def frame(name):
    """FILE or FILE#INDEX as an array of L, I or RGB"""
    path, _, index = name.partition("#")
    im = Image.open(path)
    im.seek(int(index or 0))
    if im.mode.startswith("I"):
        return numpy.asarray(im).astype(numpy.int64)
    rgb = numpy.asarray(im.convert("RGB")).astype(numpy.int64)
    grey = (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all()
    return rgb[..., 0] if grey else rgb


def info(path):
    im = Image.open(path)
    icc = im.info.get("icc_profile")
    name = "none"
    if icc:
        name = ImageCms.getProfileDescription(io.BytesIO(icc)).strip()
        name += " " + hashlib.sha256(icc).hexdigest()[:16]
    times = []
    for f in ImageSequence.Iterator(im):
        f.load()
        times.append(str(int(f.info.get("duration", 0))))
    print(im.format, im.size[0], im.size[1], im.mode, len(times), ",".join(times), name)


def difference(a, b):
    a, b = frame(a), frame(b)
    if a.ndim + b.ndim == 5:    # what is lossy need not be quite grey
        a, b = (x if x.ndim == 2 else x.mean(axis=2) for x in (a, b))
    if a.shape != b.shape:
        print("shapes", a.shape, b.shape)
    else:
        print(abs(a - b).max(), round(float(abs(a - b).mean()), 3))


def deep(path, eight, dicom, center, width):
    """a 16-bit PNG: distance from PS3.3 C.11.2.1.2.1 in units of 1/65535,
    from the 8-bit PNG in its units, and how many values there are"""
    import pydicom
    v, e = frame(path), frame(eight)
    if dicom != "-":
        ds = pydicom.dcmread(dicom)
        x = ds.pixel_array * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0))
        want = numpy.clip((x - (float(center) - .5)) / (float(width) - 1) + .5, 0, 1) * 65535
        print(round(float(abs(v - want).max()), 2), end=" ")
    print(round(float(abs(v / 257 - e).max()), 2), len(numpy.unique(v)))


def convert(path, out, *spaces):
    """path's pixels through littlecms, from one space to another: sRGB, or
    the file of a profile"""
    source, target = (ImageCms.createProfile(s) if s == "sRGB" else s for s in spaces)
    im = ImageCms.profileToProfile(Image.open(path).convert("RGB"), source, target, outputMode="RGB",
                                   renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
    im.info.pop("icc_profile", None)
    im.save(out, "PNG", icc_profile=None)


def profile(path, out):
    open(out, "wb").write(Image.open(path).info["icc_profile"])


def dicom(out, syntax, **values):
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.TransferSyntaxUID = syntax
    ds = FileDataset(out, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = meta.MediaStorageSOPClassUID
    uid = "2.25." + str(int(hashlib.sha256(out.encode()).hexdigest()[:24], 16))
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = uid + ".3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid, uid + ".2"
    ds.PatientName, ds.PatientID, ds.Modality = "Formats^Test", "F", "OT"
    ds.StudyDate = ds.StudyTime = ds.StudyID = ds.AccessionNumber = ""
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    for k, v in values.items():
        setattr(ds, k, v)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.save_as(out, write_like_original=False)


def make(folder):
    """colour, with each profile.icc there is; a cine by vector; a video"""
    import glob
    from pydicom.encaps import encapsulate
    rng = numpy.random.default_rng(35)
    y, x = numpy.mgrid[0:48, 0:64]
    rgb = numpy.dstack([x * 4, y * 5, (x + y) * 2]).astype(numpy.uint8)
    colour = dict(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0,
                  Rows=48, Columns=64, PixelData=rgb.tobytes())
    dicom(folder + "/colour.dcm", "1.2.840.10008.1.2.1", **colour)
    for icc in glob.glob(folder + "/*.icc"):
        dicom(icc[:-4] + ".dcm", "1.2.840.10008.1.2.1", ICCProfile=open(icc, "rb").read(), **colour)
    cine = rng.integers(0, 256, (5, 48, 64, 3), dtype=numpy.uint8) // 64 * 64
    dicom(folder + "/cine.dcm", "1.2.840.10008.1.2.1", NumberOfFrames=5,
          FrameIncrementPointer=0x00181065, FrameTimeVector=["0", "40", "60", "80", "250"],
          **dict(colour, PixelData=cine.tobytes()))
    stream = [rng.bytes(70001), rng.bytes(50000)]
    dicom(folder + "/hevc.dcm", "1.2.840.10008.1.2.4.107", SamplesPerPixel=3,
          PhotometricInterpretation="YBR_PARTIAL_420", PlanarConfiguration=0, Rows=48, Columns=64,
          NumberOfFrames=30, PixelData=encapsulate(stream))
    open(folder + "/hevc.bin", "wb").write(stream[0] + b"\0" + stream[1])


def rename(path, out):
    """another instance of the same series"""
    import pydicom
    ds = pydicom.dcmread(path)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID + ".35"
    ds.save_as(out)


def spoil(path, folder):
    """of a good profile: one without curves, one cut short"""
    icc = open(path, "rb").read()
    open(folder + "/tables.icc", "wb").write(icc.replace(b"rTRC", b"qTRC", 1))
    open(folder + "/short.icc", "wb").write(icc[:140])


def video(path, out):
    from pydicom import dcmread
    from pydicom.encaps import generate_pixel_data_fragment
    from pydicom.filebase import DicomBytesIO
    data = DicomBytesIO(dcmread(path).PixelData)
    data.is_little_endian = True
    data.seek(8 + int.from_bytes(data.getvalue()[4:8], "little"))
    open(out, "wb").write(b"".join(generate_pixel_data_fragment(data)))


globals()[sys.argv[1]](*sys.argv[2:])
