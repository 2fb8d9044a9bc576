#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""stow_parts.py json|xml FILE UID DIR
What a client of STOW-RS makes of a file by pydicom: DIR/meta, and bulk data
as DIR/1, DIR/2, …; the instance is called UID.  A line for each part: name,
Content-Type.

stow_parts.py compare A B
A line for each attribute in which the meaning of two files differs, SOP
Instance UID, character set and what is told of the file itself left aside."""

import base64
import json
import sys
import warnings
import xml.etree.ElementTree as ET

import pydicom
from pydicom.encaps import generate_pixel_data_frame

warnings.simplefilter('ignore')

TYPES = {'4.50': 'image/jpeg', '4.51': 'image/jpeg', '4.57': 'image/jpeg',
         '4.70': 'image/jpeg', '4.80': 'image/jls', '4.81': 'image/jls',
         '4.90': 'image/jp2', '4.91': 'image/jp2', '5': 'image/dicom-rle'}
OPAQUE = {'OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'UN'}
LEFT_OUT = {0x00080005, 0x00080018, 0xFFFCFFFC}


class Parts:
    def __init__(self, where):
        self.where, self.n = where, 0

    def add(self, data, kind):
        self.n += 1
        with open('%s/%d' % (self.where, self.n), 'wb') as f:
            f.write(data)
        print(self.n, kind, sep='\t')

    def bulk(self, elem, ds):
        uid = str(ds.file_meta.TransferSyntaxUID)
        uri = 'bulk/%d' % (self.n + 1)
        if elem.tag == 0x7FE00010 and ds.file_meta.TransferSyntaxUID \
                .is_encapsulated:
            kind = '%s; transfer-syntax=%s' % (TYPES[uid[18:]], uid)
            for frame in generate_pixel_data_frame(
                    elem.value, int(ds.get('NumberOfFrames', 1))):
                self.add(frame, kind + '\t' + uri)
        else:
            self.add(elem.value, 'application/octet-stream\t' + uri)
        return uri


def native(node, ds, parts, root):
    for elem in ds:
        if elem.tag.element == 0 or elem.tag in (0xFFFCFFFC, 0x00080005):
            continue
        a = ET.SubElement(node, 'DicomAttribute', tag='%08X' % elem.tag,
                          vr=elem.VR)
        if elem.VR == 'SQ':
            for i, item in enumerate(elem.value):
                native(ET.SubElement(a, 'Item', number=str(i + 1)), item,
                       parts, root)
        elif elem.VR in OPAQUE:
            if elem.value and len(elem.value) > 64:
                ET.SubElement(a, 'BulkData', uri=parts.bulk(elem, root))
            elif elem.value:
                ET.SubElement(a, 'InlineBinary').text = \
                    base64.b64encode(elem.value).decode()
        elif elem.value is not None:
            many = elem.value if elem.VM > 1 else [elem.value]
            for i, v in enumerate(many):
                one(a, elem.VR, v, str(i + 1))


def one(a, vr, value, number):
    if vr == 'PN':
        person = ET.SubElement(a, 'PersonName', number=number)
        for name, text in zip(('Alphabetic', 'Ideographic', 'Phonetic'),
                              str(value).split('=')):
            if not text:
                continue
            group = ET.SubElement(person, name)
            for part, s in zip(('FamilyName', 'GivenName', 'MiddleName',
                                'NamePrefix', 'NameSuffix'), text.split('^')):
                if s:
                    ET.SubElement(group, part).text = s
    elif value is not None and value != '':
        text = '%08X' % value if vr == 'AT' else \
            getattr(value, 'original_string', None) or \
            (repr(value) if isinstance(value, float) else str(value))
        ET.SubElement(a, 'Value', number=number).text = text


def make(kind, name, uid, where):
    ds = pydicom.dcmread(name)
    ds.SOPInstanceUID = uid
    for tag in (0xFFFCFFFC, 0x00080005):
        if kind == 'json' and tag in ds:
            ds.decode()
            del ds[tag]
    parts = Parts(where)
    if kind == 'json':
        model = ds.to_json_dict(64, lambda e: parts.bulk(e, ds))
        data = json.dumps([model], sort_keys=True).encode()
    else:
        root = ET.Element('NativeDicomModel')
        ds.walk(lambda d, e: None)
        ds.decode()
        native(root, ds, parts, ds)
        data = ET.tostring(root, encoding='utf-8', xml_declaration=True)
    with open(where + '/meta', 'wb') as f:
        f.write(data)


def value_of(elem):
    if elem.VR in OPAQUE:
        return (elem.value or b'').rstrip(b'\0')
    if elem.VR in ('DS', 'IS', 'FL', 'FD') and elem.value is not None:
        many = elem.value if elem.VM > 1 else [elem.value]
        return [None if v == '' or v is None else float(v) for v in many]
    value = elem.value if elem.VM < 2 else list(elem.value)
    if elem.VR == 'PN' and elem.value is not None:
        many = elem.value if elem.VM > 1 else [elem.value]
        return ['='.join(g.rstrip('^ ') for g in str(v).split('='))
                for v in many]
    return '' if value is None else value


def frames(ds):
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return [f.rstrip(b'\0') for f in generate_pixel_data_frame(
            ds.PixelData, int(ds.get('NumberOfFrames', 1)))]
    return ds.PixelData


def compare(a, b, path=''):
    tags = {e.tag for e in a if e.tag.element} | \
        {e.tag for e in b if e.tag.element}
    for tag in sorted(tags - LEFT_OUT):
        x, y = a.get(tag), b.get(tag)
        here = '%s/%08X' % (path, tag)
        if x is None or y is None:
            print(here, x is None and 'added' or 'missing', sep='\t')
        elif x.VR == 'SQ' or y.VR == 'SQ':
            if len(x.value or []) != len(y.value or []):
                print(here, 'items', sep='\t')
            else:
                for n, (p, q) in enumerate(zip(x.value or [],
                                               y.value or [])):
                    compare(p, q, '%s[%d]' % (here, n + 1))
        elif tag == 0x7FE00010 and not path:
            if frames(a) != frames(b):
                print(here, 'pixels', sep='\t')
        elif value_of(x) != value_of(y):
            print(here, value_of(x), value_of(y), sep='\t')


if sys.argv[1] == 'compare':
    first, second = (pydicom.dcmread(n) for n in sys.argv[2:4])
    first.decode()
    second.decode()
    compare(first, second)
else:
    make(*sys.argv[1:5])
