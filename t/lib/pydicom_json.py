#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""pydicom_json.py pydicom|dcm2json <json_dump's output >differences

Compares what json_dump wrote, a file a line, with what pydicom reads from
the same file, or with what dcm2json writes.  A line for each difference:
file, path of the attribute, kind, what we have, what the other has.  At the
end: "= files FILES values VALUES skipped SKIPPED".
"""

import base64
import json
import math
import os
import re
import struct
import subprocess
import sys
import warnings
from decimal import Decimal

FRONT = {'AE', 'CS', 'DS', 'IS', 'LO', 'SH', 'PN'}
NUMBERS = {'SS', 'US', 'SL', 'UL', 'SV', 'UV', 'FL', 'FD'}
DECIMALS = {'DS', 'IS'}
OPAQUE = {'OB': 1, 'OW': 2, 'OF': 4, 'OD': 8, 'OL': 4, 'OV': 8, 'UN': 1}
GROUPS = ('Alphabetic', 'Ideographic', 'Phonetic')

count = {'values': 0, 'skipped': 0, 'files': 0}


def short(x):
    text = x if isinstance(x, str) else json.dumps(x, default=str,
                                                   ensure_ascii=False)
    return re.sub(r'[\x00-\x1f]', lambda m: '\\x%02x' % ord(m[0]),
                  text)[:160]


def report(name, path, kind, ours, theirs):
    print(name, path, kind, short(ours), short(theirs), sep='\t')


def trim(vr, text):
    text = text.rstrip(' \0')
    return text.lstrip(' \0') if vr in FRONT else text


def same_number(vr, ours, theirs):
    """ours: from JSON; theirs: a number, or the text of one"""
    if theirs is None or theirs == '':
        return ours is None
    if isinstance(theirs, float) and not math.isfinite(theirs):
        return ours is None
    if isinstance(ours, str):
        if vr in DECIMALS:
            try:
                return not Decimal(theirs).is_finite() and \
                    ours == theirs.strip()
            except ArithmeticError:
                return ours == theirs.strip(' \0')
        return vr in ('SV', 'UV') and abs(int(ours)) > 2 ** 53 \
            and int(ours) == theirs
    if ours is None or isinstance(ours, bool):
        return False
    if vr == 'FL':
        return struct.pack('<f', float(ours)) == struct.pack('<f', theirs)
    if vr == 'FD':
        return float(ours) == theirs
    return Decimal(ours) == Decimal(theirs)


def little(vr, raw, big):
    size = OPAQUE[vr]
    if not big or size == 1:
        return raw
    return b''.join(raw[i:i + size][::-1] for i in range(0, len(raw), size))


def same_binary(path, ours, raw, encapsulated, inline_max):
    if not raw:
        return set(ours) == {'vr'}
    if 'InlineBinary' in ours:
        return not encapsulated and len(raw) <= inline_max \
            and base64.b64decode(ours['InlineBinary'], validate=True) == raw
    uri = './bulkdata/' + re.sub(r'\[(\d+)\]\.', r'/\1/', path)
    return ours.get('BulkDataURI') == uri \
        and (encapsulated or len(raw) > inline_max)


class Pydicom:
    def __init__(self, inline_max):
        import pydicom
        import pydicom.config
        import pydicom.filewriter
        self.lib = pydicom
        self.inline_max = inline_max
        warnings.simplefilter('ignore')
        mode = pydicom.config.IGNORE
        pydicom.config.settings.reading_validation_mode = mode
        pydicom.config.use_DS_decimal = True

    def file(self, name, text):
        ds = self.lib.dcmread(name, force=True)
        self.name = name
        self.data_set('', json.loads(text, parse_float=Decimal), ds,
                      not ds.is_little_endian)

    def data_set(self, prefix, ours, ds, big):
        raws = {tag: ds.get_item(tag) for tag in ds.keys()}
        left = dict(ours)
        try:
            self.lib.filewriter.correct_ambiguous_vr(ds, not big)
        except Exception:
            pass
        if list(ours) != sorted(ours):
            report(self.name, prefix, 'order', list(ours), '')
        for tag in sorted(raws):
            if tag.element == 0 or tag.group <= 2 or tag == 0xfffcfffc:
                continue
            key = '%08X' % tag
            if key not in left:
                report(self.name, prefix + key, 'missing', '', raws[tag])
                continue
            self.element(prefix + key, left.pop(key), ds, tag, raws[tag], big)
        for key, value in left.items():
            report(self.name, prefix + key, 'extra', value, '')

    def element(self, path, ours, ds, tag, raw, big):
        count['values'] += 1
        value = getattr(raw, 'value', None)
        try:
            elem = ds[tag]
            vr, theirs = elem.VR, elem.value
        except Exception as e:
            if ours['vr'] in DECIMALS:
                vr, theirs = ours['vr'], value.decode('latin1').split('\\')
            else:
                report(self.name, path, 'pydicom fails', ours, repr(e))
                return
        if vr != ours['vr']:
            if ours['vr'] == 'UN' and isinstance(value, bytes):
                vr, theirs = 'UN', value    # of pydicom's private dictionary
            else:
                report(self.name, path, 'VR', ours['vr'], vr)
                return
        if vr == 'SQ':
            self.sequence(path, ours, theirs, big)
        elif not self.same(path, vr, ours, theirs, raw, tag, ds, big):
            report(self.name, path, 'value', ours, theirs)

    def sequence(self, path, ours, items, big):
        mine = ours.get('Value', [])
        if len(mine) != len(items or []):
            report(self.name, path, 'items', len(mine), len(items))
            return
        for i, item in enumerate(items or []):
            self.data_set('%s[%d].' % (path, i + 1), mine[i], item, big)

    def same(self, path, vr, ours, theirs, raw, tag, ds, big):
        if tag == 0x00080005:
            return ours.get('Value') == ['ISO_IR 192']
        if vr in OPAQUE:
            coded = getattr(raw, 'is_undefined_length', False) \
                or (raw.length if hasattr(raw, 'length') else 0) == 0xffffffff
            return same_binary(path, ours, little(vr, theirs or b'', big),
                               coded, self.inline_max)
        if set(ours) - {'vr', 'Value'}:
            return False
        mine = ours.get('Value', [])
        if theirs is None:
            theirs = []
        elif isinstance(theirs, (str, bytes, int, float, Decimal)) \
                or vr == 'PN' and hasattr(theirs, 'components'):
            theirs = [theirs]
        theirs = list(theirs)
        if vr in NUMBERS:
            return len(mine) == len(theirs) \
                and all(map(same_number, [vr] * len(mine), mine, theirs))
        if vr == 'AT':
            return mine == ['%08X' % x for x in theirs]
        if vr == 'PN':
            theirs = [{g: trim(vr, text)
                       for g, text in zip(GROUPS, x.components)
                       if trim(vr, text)} or None
                      if x else None for x in theirs]
        elif vr in DECIMALS:
            theirs = [trim(vr, str(getattr(x, 'original_string', x)))
                      for x in theirs]
            if theirs == ['']:
                theirs = []
            return len(mine) == len(theirs) \
                and all(map(same_number, [vr] * len(mine), mine, theirs))
        else:
            theirs = [trim(vr, str(x)) or None for x in theirs]
        return mine == ([] if theirs == [None] else theirs)


class Dcm2json:
    """what it writes, by way of its own reading of Annex F"""

    def __init__(self, inline_max):
        self.inline_max = inline_max

    def file(self, name, text):
        run = subprocess.run(['dcm2json', '-q', '-fc', name],
                             capture_output=True, timeout=60)
        if run.returncode != 0:
            count['skipped'] += 1
            return
        self.name = name
        theirs = run.stdout.decode('utf-8', 'replace')
        # bulk data by their presence: quicker than decoding pixel data
        theirs = re.sub(r'"InlineBinary":"[^"]{%d,}"'
                        % (self.inline_max * 4 // 3 + 4),
                        '"BulkDataURI":true', theirs)
        self.data_set('', json.loads(text, parse_float=Decimal),
                      json.loads(theirs, parse_float=Decimal))

    def data_set(self, prefix, ours, theirs):
        for key in sorted(set(ours) | set(theirs)):
            if key not in ours:
                report(self.name, prefix + key, 'missing', '', theirs[key])
            elif key not in theirs:
                report(self.name, prefix + key, 'extra', ours[key], '')
            else:
                self.element(prefix + key, ours[key], theirs[key])

    def element(self, path, ours, theirs):
        count['values'] += 1
        vr = theirs['vr']
        if vr != ours['vr']:
            report(self.name, path, 'VR', ours['vr'], vr)
            return
        mine, other = ours.get('Value', []), theirs.get('Value', [])
        if vr == 'SQ':
            if len(mine) != len(other):
                report(self.name, path, 'items', len(mine), len(other))
                return
            for i, item in enumerate(mine):
                self.data_set('%s[%d].' % (path, i + 1), item, other[i])
            return
        if vr in OPAQUE:
            if 'InlineBinary' in theirs and 'InlineBinary' in ours:
                same = ours == theirs
            else:
                same = set(ours) == set(theirs)
        elif vr in NUMBERS:
            same = len(mine) == len(other) and all(map(
                self.same_number, [vr] * len(mine), mine, other))
        elif vr == 'PN':    # it drops empty components at the end
            mine = [None if x is None else
                    {g: t.rstrip('^') for g, t in x.items() if t.rstrip('^')}
                    or None for x in mine]
            same = (mine if mine != [None] else []) == [None if x is None else
                            {g: trim(vr, t) for g, t in x.items()
                             if trim(vr, t)} or None for x in other]
        else:
            other = [trim(vr, x) or None if isinstance(x, str) else x
                     for x in other]
            same = mine == ([] if other == [None] else other)
        if not same:
            report(self.name, path, 'value', ours, theirs)

    @staticmethod
    def same_number(vr, ours, theirs):
        if vr == 'FL':      # decimals of either side, one float
            return float(ours) == float(theirs) \
                or struct.pack('<f', float(ours)) \
                == struct.pack('<f', float(theirs))
        if vr == 'FD':      # its own ftoa() is off by a few of 2^-52
            return math.isclose(ours, theirs, rel_tol=2e-15)
        return str(ours) == str(theirs)


def main():
    inline_max = int(os.environ.get('INLINE_MAX', '65536'))
    other = {'pydicom': Pydicom, 'dcm2json': Dcm2json}[sys.argv[1]](inline_max)
    sys.stdout.reconfigure(encoding='utf-8', errors='replace')
    for line in sys.stdin.buffer:
        name, text = line.decode('utf-8').rstrip('\n').split('\t', 1)
        if text.startswith('!'):
            report(name, '', 'refused', text, '')
            continue
        count['files'] += 1
        try:
            other.file(name, text)
        except Exception as e:
            report(name, '', 'fails', '', repr(e))
    print('=', *(x for pair in count.items() for x in pair))


main()
