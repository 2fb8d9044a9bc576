# SPDX-License-Identifier: BSD-2-Clause

"""text_compare.py TEXT_DRAW TMP: texts drawn by TEXT_DRAW and by Pillow with
the same font: how alike they are, -1..1, as they are to be read and with the
letters the wrong way round or unjoined.  Prints
name <tab> likeness <tab> likeness of the wrong one."""

import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

tool, tmp = sys.argv[1:3]
SIZE = 64
FONTS = '/usr/share/fonts/truetype/'
DEJAVU = FONTS + 'dejavu/DejaVuSans.ttf'
LOMA = FONTS + 'tlwg/Loma.ttf'

# name, font, text; wrong: how it must not look, laid out letter by letter
TEXTS = [
    ('Hebrew', DEJAVU, 'כהן דוד לוי', 'כהן דוד לוי'),
    ('Arabic', DEJAVU, 'محمد علي', 'محمد علي'),
    ('Hebrew with digits', DEJAVU, 'דוד 123 לוי', 'דוד 123 לוי'),
    ('Latin', DEJAVU, 'Żółć Émile', 'elimÉ ćłóŻ'),
    ('Thai', LOMA, 'ที่นี่ สมชาย', 'ยาชมส ี่นี่ท'),
]


def ours(text):
    subprocess.run([tool, str(SIZE), text, tmp + '/text.pgm'], check=True)
    return np.asarray(Image.open(tmp + '/text.pgm')).astype(float)


def pillow(font, text, engine):
    f = ImageFont.truetype(font, SIZE, layout_engine=engine)
    im = Image.new('L', (1500, 4 * SIZE))
    ImageDraw.Draw(im).text((SIZE, SIZE), text, font=f, fill=255)
    return np.asarray(im).astype(float)


def cropped(a):
    y, x = np.nonzero(a > 60)
    return a[y.min():y.max() + 1, x.min():x.max() + 1]


def likeness(a, b):
    """correlation, scaled to one size"""
    a, b = cropped(a), cropped(b)
    size = (300, 40)
    a, b = (np.asarray(Image.fromarray(v.astype('uint8')).resize(size))
            .astype(float).ravel() for v in (a, b))
    return np.corrcoef(a, b)[0, 1]


for name, font, text, wrong in TEXTS:
    got = ours(text)
    print(name, '%.3f' % likeness(got, pillow(font, text, ImageFont.Layout.RAQM)),
          '%.3f' % likeness(got, pillow(font, wrong, ImageFont.Layout.BASIC)),
          sep='\t')
