#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""native_xml.py DIR <list >differences

list: lines of model_round: number, name, what.  Compares DIR/<number>.xml
with what dcm2xml -nat writes of the file: tag, VR, creator, keyword, values
and items.  A line for each difference: name, path, ours, theirs.  At the
end: "= values VALUES files FILES"."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal, InvalidOperation

NS = '{http://dicom.nema.org/PS3.19/models/NativeDICOM}'
FRONT = {'AE', 'CS', 'DS', 'IS', 'LO', 'SH', 'PN'}
NUMBERS = {'SS', 'US', 'SL', 'UL', 'SV', 'UV', 'FL', 'FD', 'DS', 'IS'}
OPAQUE = {'OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'UN'}
GROUPS = ('Alphabetic', 'Ideographic', 'Phonetic')
PARTS = ('FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix')

values = 0


def name_of(person):
    groups = []
    for g in GROUPS:
        node = person.find(g)
        parts = [] if node is None else \
            [(node.findtext(p) or '').strip(' ') for p in PARTS]
        groups.append('^'.join(parts).rstrip('^'))
    return '='.join(groups).rstrip('=')


def plain(vr, text):
    text = (text or '').rstrip(' \0')
    if vr in FRONT:
        text = text.lstrip(' ')
    if vr in NUMBERS:
        try:
            d = Decimal(text)
            return str(float(d)) if vr in ('FL', 'FD') else d
        except InvalidOperation:
            pass
    return text


def values_of(attr):
    vr = attr.get('vr')
    found = {}
    for v in attr.findall('Value'):
        found[int(v.get('number'))] = plain(vr, v.text)
    for v in attr.findall('PersonName'):
        found[int(v.get('number'))] = name_of(v)
    return {n: v for n, v in found.items() if v != ''}


def attributes(node, path=''):
    for a in node.findall('DicomAttribute'):
        tag = a.get('tag')
        if tag.endswith('0000') or tag[:4] == '0002' or tag == 'FFFCFFFC':
            continue
        creator = a.get('privateCreator')
        if not creator and int(tag[:4], 16) & 1 and tag[4:] >= '1000':
            tag = tag[:4] + '00' + tag[6:]      # dcm2xml: no creator, no block
        key = path + '/' + tag + (':' + creator.strip() if creator else '')
        keyword = a.get('keyword')
        yield key, (a.get('vr'), keyword), values_of(a)
        for item in a.findall('Item'):
            yield from attributes(item, '%s[%s]' % (key, item.get('number')))


def same(ours, theirs, vr):
    if ours == theirs:
        return True
    if vr not in ('FL', 'FD') or set(ours) != set(theirs):
        return False
    return all(abs(float(ours[n]) - float(theirs[n]))
               <= 1e-5 * abs(float(theirs[n])) for n in ours)


def compare(name, ours, theirs):
    global values
    mine = {k: rest for k, *rest in attributes(ours)}
    other = {k: rest for k, *rest in attributes(theirs)}
    for key in sorted(set(mine) | set(other)):
        a, b = mine.get(key), other.get(key)
        if a is None or b is None:
            print(name, key, a, b, sep='\t')
            continue
        vr = a[0][0]
        values += len(a[1])
        # dcm2xml names no retired attribute
        named = b[0][1] is None or a[0] == b[0]
        if not named or a[0][0] != b[0][0] or (vr not in OPAQUE and not same(a[1], b[1], vr)):
            print(name, key, a, b, sep='\t')


def main():
    files = 0
    sys.stdout.reconfigure(errors='backslashreplace')
    for line in sys.stdin:
        number, name, what = line.rstrip('\n').split('\t')
        if what.startswith('!'):
            continue
        out = subprocess.run(['dcm2xml', '-q', '-nat', '+U8', name],
                             capture_output=True).stdout
        try:
            theirs = ET.fromstring(out)
        except ET.ParseError:
            continue                    # it writes control characters
        text = open('%s/%s.xml' % (sys.argv[1], number), 'rb').read()
        ours = ET.fromstring(text.replace(NS[1:-1].encode(), b''))
        compare(name, ours, theirs)
        files += 1
    print('= values', values, 'files', files)


main()
