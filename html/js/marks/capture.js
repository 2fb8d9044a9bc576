// SPDX-License-Identifier: BSD-2-Clause
//
// A viewport as a Secondary Capture (PS3.3 A.8): the pixels as they were
// seen, with all that was written on them, and what they were made from.

import { TAG, first, values } from '../dicom/dataset.js';
import { CODE } from './codes.js';
import { at, codeItem, composite, sequence, sopItem, stamp } from './composite.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/stack.js').Frame} Frame
 */

export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const SERIES_NUMBER = 9903;

/** Where the pixels are in the body. */
export const PIXELS = 'pixels';


/**
 * @param {Frame} f that is shown
 * @param {{width: number, height: number, series: string, number: number,
 *          now: Date, names: boolean, isLossy: boolean}} of names: the
 *     picture says whose it is; isLossy: it was made from a lossy one
 * @returns {Dataset} metadata, with its Pixel Data elsewhere
 */
export function capture(f, of) {
    const stored = first(f.ds, TAG.LossyImageCompression) === '01';
    const burnt = of.names || first(f.ds, '00280301') === 'YES';
    const source = {
        ...sopItem({ instance: f.instance, sopClass: first(f.ds, TAG.SOPClassUID) }),
        ...(f.frames > 1 ? { '00081160': at('IS', f.frame) } : {}),
        '0040A170': sequence(codeItem(CODE.processed)),
    };

    return {
        ...composite(f.ds, {
            sopClass: SECONDARY_CAPTURE, modality: 'OT', series: of.series,
            seriesNumber: SERIES_NUMBER, description: 'Captures',
            number: of.number, now: of.now,
        }),
        '00080008': at('CS', 'DERIVED', 'SECONDARY'),
        '00080064': at('CS', 'WSD'),
        '00082111': at('ST', 'Viewport as displayed, with annotation'),
        '00082112': sequence(source),
        '00181012': at('DA', stamp(of.now).date),
        '00200020': at('CS'),
        '00200060': f.ds['00200060'] ?? at('CS'),
        '00280002': at('US', 3),
        '00280004': at('CS', 'RGB'),
        '00280006': at('US', 0),
        '00280010': at('US', of.height),
        '00280011': at('US', of.width),
        '00280100': at('US', 8),
        '00280101': at('US', 8),
        '00280102': at('US', 7),
        '00280103': at('US', 0),
        '00280301': at('CS', burnt ? 'YES' : 'NO'),
        '00282110': at('CS', stored || of.isLossy ? '01' : '00'),
        ...(stored ? ofLossy(f.ds) : {}),
        '7FE00010': { vr: 'OB', BulkDataURI: PIXELS },
    };
}


/** @param {Dataset} ds @returns {Dataset} ratio and method of the source */
function ofLossy(ds) {
    return Object.fromEntries([TAG.LossyImageCompressionRatio,
        TAG.LossyImageCompressionMethod]
        .filter((tag) => values(ds, tag).length > 0)
        .map((tag) => [tag, ds[tag]]));
}


/**
 * RGBA of a canvas as RGB, of an even length.
 * @param {Uint8ClampedArray} rgba
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function rgbOf(rgba) {
    const count = rgba.length / 4;
    const rgb = new Uint8Array(count * 3 + count % 2);

    for (let i = 0; i < count; i++) {
        rgb[i * 3] = rgba[i * 4];
        rgb[i * 3 + 1] = rgba[i * 4 + 1];
        rgb[i * 3 + 2] = rgba[i * 4 + 2];
    }

    return rgb;
}
