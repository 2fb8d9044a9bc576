# SPDX-License-Identifier: BSD-2-Clause

# Small DICOM files by pydicom, for tests: stdin is a JSON list of objects,
# keyword to value, or ggggeeee to [VR, value]; "file", "charset" and "rows"
# are no attributes.  A value that is a list of objects is a sequence, "hex:…"
# are bytes.

import json
import re
import sys

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"


def items(values):
    made = []
    for v in values:
        item = Dataset()
        fill(item, v)
        made.append(item)
    return pydicom.Sequence(made)


def converted(vr, value):
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if vr in ("FL", "FD"):
        return [float(v) for v in value]
    if vr == "SQ":
        return items(value)
    return value


def fill(ds, values):
    for key, value in values.items():
        if re.fullmatch("[0-9A-F]{8}", key):
            vr, value = value
            tag = int(key, 16)
        else:
            tag, vr = tag_for_keyword(key), dictionary_VR(key)
        ds.add_new(tag, vr, converted(vr, value))


for spec in json.load(sys.stdin):
    path = spec.pop("file")
    charset = spec.pop("charset", "ISO_IR 192")
    rows = spec.pop("rows", 0)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = spec.setdefault("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = spec["SOPInstanceUID"]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    if charset:
        ds.SpecificCharacterSet = charset
    fill(ds, spec)
    if rows:
        ds.Rows = ds.Columns = rows
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelRepresentation = 7, 0
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.PixelData = bytes(rows * rows + rows * rows % 2)
    ds.save_as(path, write_like_original=False)
