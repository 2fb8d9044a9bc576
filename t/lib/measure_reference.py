#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Statistics of regions by pydicom and numpy, to hold the server's against.

Reads lines "path TAB frame TAB query" and prints a JSON object a line, as
…/frames/N/values answers; {"skip": reason} where pydicom cannot decode."""

import json
import sys
import warnings

import numpy as np
import pydicom
from pydicom.pixel_data_handlers.util import (apply_color_lut, apply_modality_lut,
                                              convert_color_space)

warnings.simplefilter('ignore')


def group(ds, frame, name):
    for items in (ds.get('PerFrameFunctionalGroupsSequence', [])[frame:frame + 1],
                  ds.get('SharedFunctionalGroupsSequence', [])[:1]):
        for item in items:
            if name in item:
                return item[name].value[0]
    return None


def stored(ds, frame):
    """one frame, and a mask of its padding"""
    a = ds.pixel_array
    if int(ds.get('NumberOfFrames', 1) or 1) > 1:
        a = a[frame]
    padding = np.zeros(a.shape[:2], bool)
    if 'PixelPaddingValue' in ds and a.ndim == 2:
        ends = [ds.PixelPaddingValue, ds.get('PixelPaddingRangeLimit', ds.PixelPaddingValue)]
        ends = [(v.astype(a.dtype) if hasattr(v, 'astype') else np.array(v & 0xffff, np.uint16)
                 .astype(a.dtype)) if isinstance(v, int) and a.itemsize == 2 else v for v in ends]
        padding = (a >= min(ends)) & (a <= max(ends))
    return a, padding


def real(ds, frame, a):
    pi = ds.PhotometricInterpretation
    if pi == 'PALETTE COLOR':
        rgb = apply_color_lut(a, ds)
        bits = ds.RedPaletteColorLookupTableDescriptor[2]
        return rgb >> 8 if bits > 8 and rgb.max() > 255 else rgb
    if pi.startswith('YBR'):
        return convert_color_space(a, 'YBR_FULL', 'RGB')
    if a.ndim == 3:
        return a
    mapping = group(ds, frame, 'RealWorldValueMappingSequence')
    if mapping is None and 'RealWorldValueMappingSequence' in ds:
        mapping = ds.RealWorldValueMappingSequence[0]
    if mapping is not None and 'RealWorldValueSlope' in mapping:
        return a * mapping.RealWorldValueSlope + mapping.RealWorldValueIntercept
    if 'DoseGridScaling' in ds:
        return a * float(ds.DoseGridScaling)
    rescale = group(ds, frame, 'PixelValueTransformationSequence')
    if rescale is not None:
        return a * float(rescale.RescaleSlope) + float(rescale.RescaleIntercept)
    return apply_modality_lut(a, ds)


def mask(kind, v, shape):
    y, x = np.mgrid[:shape[0], :shape[1]] + 0.5
    if kind == 'rectangle':
        return (x >= v[0]) & (x < v[0] + v[2]) & (y >= v[1]) & (y < v[1] + v[3])
    if kind == 'ellipse':
        t = np.radians(v[4] if len(v) > 4 else 0)
        dx, dy = x - v[0], y - v[1]
        return (((dx * np.cos(t) + dy * np.sin(t)) / v[2]) ** 2
                + ((dy * np.cos(t) - dx * np.sin(t)) / v[3]) ** 2) <= 1
    inside = np.zeros(shape, bool)
    px, py = v[0::2], v[1::2]
    for i in range(len(px)):
        j = i - 1
        if py[i] == py[j]:
            continue
        inside ^= ((py[i] > y) != (py[j] > y)) & (
            x >= (px[j] - px[i]) * (y - py[i]) / (py[j] - py[i]) + px[i])
    return inside


def answer(path, frame, query):
    ds = pydicom.dcmread(path, force=True)
    frame = int(frame) - 1
    try:
        a, padding = stored(ds, frame)
        values = real(ds, frame, a).astype(float)
    except Exception as e:          # noqa: BLE001: whatever pydicom lacks
        return {'skip': str(e)[:100]}
    results, histogram = [], None
    for part in query.split('&'):
        name, _, text = part.partition('=')
        v = [float(s) for s in text.split(',')]
        if name == 'histogram':
            histogram = v
        elif name == 'point':
            value = values[int(v[1]), int(v[0])]
            results.append({'value': value.tolist()})
        else:
            m = mask(name, v, a.shape[:2])
            got = values[m & ~padding]
            results.append({
                'count': len(got), 'padding': int((m & padding).sum()),
                'mean': got.mean(axis=0).tolist(), 'sd': got.std(axis=0).tolist(),
                'min': got.min(axis=0).tolist(), 'max': got.max(axis=0).tolist()})
            if histogram and got.ndim == 1:
                counts, edges = np.histogram(got, int(histogram[0]), histogram[1:] or None)
                results[-1]['counts'] = counts.tolist()
    return {'results': results}


for line in sys.stdin:
    print(json.dumps(answer(*line.rstrip('\n').split('\t'))), flush=True)
