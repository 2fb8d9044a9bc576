// SPDX-License-Identifier: BSD-2-Clause
//
// Where the texts of a picture stand: in its corners, or beside it, in room of
// their own.  Of a mammogram always beside: no text lies on a breast (S11),
// however it is zoomed.

import { storage } from '../ui/storage.js';
import { frameOf, imageSize } from './state.js';
import { lettersOf } from './text.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('../math/view.js').Size} Size
 * @typedef {'auto' | 'corners' | 'beside'} Texts auto: as the modality asks
 * @typedef {'' | 'left' | 'right' | 'below' | 'narrow'} Beside '': in the corners;
 *     narrow: below, where a row is short and so has to be high
 */

/** Where the reader's choice is kept, in this browser. */
export const KEY = 'pacs.texts';

/** @type {Texts[]} */
export const TEXTS = ['auto', 'beside', 'corners'];

/** What the texts take of a frame; css/beside.css has the same. CSS px */
const COLUMN = 164;
const ROW = 64;
const NARROW = { width: 420, row: 112 };

/** A column that is less high has the least text. CSS px */
const LOW = 360;


/** @returns {Texts} */
export function keptTexts() {
    return TEXTS.find((t) => t === storage().getItem(KEY)) ?? 'auto';
}


/**
 * The side that leaves the picture larger; of a breast, away from its chest
 * wall.
 * @param {Viewport} s
 * @param {Texts} texts
 * @param {Size} frame the picture and its texts
 * @returns {Beside}
 */
export function besideOf(s, texts, frame) {
    const f = frameOf(s);

    if (f === null || frame.width === 0 || texts === 'corners'
        || texts === 'auto' && f.modality !== 'MG')
    {
        return '';
    }

    const image = imageSize(f);
    const [across, down] = s.view.rotate % 180 === 0
        ? [image.width, image.height] : [image.height, image.width];
    const fit = (/** @type {number} */ width, /** @type {number} */ height) =>
        Math.min(width / across, height / down);

    const below = frame.width < NARROW.width ? 'narrow' : 'below';
    const row = below === 'narrow' ? NARROW.row : ROW;

    if (fit(frame.width, frame.height - row) > fit(frame.width - COLUMN, frame.height)) {
        return below;
    }

    if (s.view.side !== undefined) {
        return s.view.side === 'left' ? 'right' : 'left';
    }

    return lettersOf(f, s)?.left.startsWith('A') ? 'left' : 'right';
}


/** @param {Beside} beside @param {Size} frame @returns {boolean} */
export function isLow(beside, frame) {
    return beside === 'below' || beside === 'narrow' || frame.height < LOW;
}
