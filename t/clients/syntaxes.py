# SPDX-License-Identifier: BSD-2-Clause
#
# syntaxes.py SAMPLES FOLDER: one study of a series a transfer syntax that
# OHIF knows, from samples; the frames' bytes stay as they are.

import sys

import pydicom
from pydicom.filebase import DicomFile
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import generate_uid

SYNTAXES = {
    "1.2.840.10008.1.2": "mr-same-image-implicit-le",
    "1.2.840.10008.1.2.1": "mr-same-image-explicit-le",
    "1.2.840.10008.1.2.1.99": "mr-same-image-deflated",
    "1.2.840.10008.1.2.2": "mr-same-image-explicit-be",
    "1.2.840.10008.1.2.5": "mr-same-image-rle",
    "1.2.840.10008.1.2.4.50": "testpattern-jpeg-baseline_ybr422",
    "1.2.840.10008.1.2.4.51": "nema-mr3-jply",
    "1.2.840.10008.1.2.4.57": "jpeg-lossless-57-1024",
    "1.2.840.10008.1.2.4.70": "nema-ct1-jpll",
    "1.2.840.10008.1.2.4.80": "nema-ct1-jlsl",
    "1.2.840.10008.1.2.4.81": "nema-ct1-jlsn",
    "1.2.840.10008.1.2.4.90": "nema-ct1-j2kr",
    "1.2.840.10008.1.2.4.91": "nema-ct1-j2ki",
    "1.2.840.10008.1.2.4.201": "htj2k-201-mr4",
    "1.2.840.10008.1.2.4.202": "htj2k-rpcl-ct1",
    "1.2.840.10008.1.2.4.203": "htj2k-203-mr4",
}



def save(ds, path):
    if "4.20" not in ds.file_meta.TransferSyntaxUID:
        ds.save_as(path)
        return
    # HTJ2K is newer than Debian's pydicom
    ds["PixelData"].is_undefined_length = True
    with DicomFile(path, "wb") as f:
        f.is_little_endian, f.is_implicit_VR = True, False
        f.write(bytes(128) + b"DICM")
        write_file_meta_info(f, ds.file_meta)
        write_dataset(f, ds)


samples, folder = sys.argv[1:]
study = "2.25.4711"

for number, (uid, name) in enumerate(SYNTAXES.items(), 1):
    ds = pydicom.dcmread(f"{samples}/transfer-syntax/{name}.dcm")
    assert ds.file_meta.TransferSyntaxUID == uid, name
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Syntax^Every", "SYNTAX", ""
    ds.StudyInstanceUID, ds.StudyDate = study, "20200102"
    ds.SeriesInstanceUID, ds.SeriesNumber = generate_uid(), number
    ds.SeriesDescription = uid
    if ds.get("RescaleSlope", 1) != 1:
        # an MR: its window is of stored values here, of rescaled ones in OHIF
        del ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType
        ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    save(ds, f"{folder}/{uid}.dcm")
