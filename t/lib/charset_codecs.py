#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""charset_codecs.py CHARSET_DUMP: every character of every set of PS3.5 6.1, also of
all that are none, against Python's codecs.  TAP."""

import subprocess
import sys
from collections import defaultdict

SINGLE = {'ISO_IR 100': 'latin1', 'ISO_IR 101': 'iso8859_2',
          'ISO_IR 109': 'iso8859_3', 'ISO_IR 110': 'iso8859_4',
          'ISO_IR 144': 'iso8859_5', 'ISO_IR 127': 'iso8859_6',
          'ISO_IR 126': 'iso8859_7', 'ISO_IR 138': 'iso8859_8',
          'ISO_IR 148': 'iso8859_9', 'ISO_IR 203': 'iso8859_15',
          'ISO_IR 166': 'tis_620'}
# escape sequence, Python's codec, does that one want the sequence
DOUBLE = {'\\ISO 2022 IR 87': (b'\x1b$B', 'iso2022_jp_2', True, 0),
          '\\ISO 2022 IR 159': (b'\x1b$(D', 'iso2022_jp_2', True, 0),
          '\\ISO 2022 IR 149': (b'\x1b$)C', 'euc_kr', False, 0x80),
          '\\ISO 2022 IR 58': (b'\x1b$)A', 'gb2312', False, 0x80)}

KNOWN = {
    # glibc's JIS X 0212 has FULLWIDTH TILDE, Python's an ASCII one
    ('\\ISO 2022 IR 159', b'\x1b$(D\x22\x37'),
    # of KS X 1001:2002, and the Hangul filler, which Python takes as a lead
    ('\\ISO 2022 IR 149', b'\x1b$)C\xa2\xe8'),
    ('\\ISO 2022 IR 149', b'\x1b$)C\xa4\xd4')
}


def gb_2005(raw, ours, theirs):
    """glibc's GB18030 is of 2005: what Python, of 2000, has in the private
    use area has got its characters, and their four bytes lead nowhere"""
    return len(raw) == 2 and '\ue000' <= theirs < '\uf900' \
        or len(raw) == 4 and (0x9fb4 <= ord(theirs) <= 0x9fbb
                              or 0xfe10 <= ord(theirs) <= 0xfe19
                              or ours == '\ue7c7' and theirs == '\u1e3f')


def cases():
    for term, codec in SINGLE.items():
        for b in range(0xa0, 0x100):
            yield term, bytes([b]), bytes([b]), codec
    for b in range(0xa1, 0xe0):
        yield 'ISO_IR 13', bytes([b]), bytes([b]), 'shift_jis'
    for term, (escape, codec, wants, high) in DOUBLE.items():
        for row in range(0x21, 0x7f):
            for col in range(0x21, 0x7f):
                pair = bytes([row | high, col | high])
                yield term, escape + pair, \
                    (escape if wants else b'') + pair, codec
    for lead in range(0x81, 0xff):
        for trail in range(0x40, 0xff):
            pair = bytes([lead, trail])
            yield 'GBK', pair, pair, 'gbk'
            yield 'GB18030', pair, pair, 'gb18030'
    for lead in (0x81, 0x82, 0x83, 0x84, 0x90, 0x95, 0xe3):
        for b in range(0x30, 0x3a):
            for c in range(0x81, 0xff):
                for d in range(0x30, 0x3a):
                    four = bytes([lead, b, c, d])
                    yield 'GB18030', four, four, 'gb18030'


def main():
    rows = list(cases())
    run = subprocess.run([sys.argv[1]], capture_output=True, text=True,
                         check=True, input=''.join(
                             f'{r[0]}\t{r[1].hex()}\n' for r in rows))
    lines = run.stdout.split('\n')
    wrong, total = defaultdict(list), defaultdict(int)
    for (term, raw, theirs, codec), line in zip(rows, lines):
        ours = bytes.fromhex(line).decode()
        try:
            want = theirs.decode(codec)
        except UnicodeDecodeError:
            want = None
        total[term] += 1
        if want is None:
            same = '\ufffd' in ours
        else:
            same = ours == want
        if not same and (term, raw) not in KNOWN \
                and not (term == 'GB18030' and want is not None
                         and gb_2005(raw, ours, want)):
            wrong[term].append((raw.hex(), ours, want))
    for i, term in enumerate(total):
        bad = wrong[term]
        print('%sok %d - %s: %d codes' % ('not ' if bad else '', i + 1,
                                          term.strip('\\'), total[term]))
        for row in bad[:10]:
            print('#', *map(ascii, row))
    print('1..%d' % len(total))


main()
