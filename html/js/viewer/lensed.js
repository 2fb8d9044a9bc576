// SPDX-License-Identifier: BSD-2-Clause
//
// What a magnifier upon a viewport sees, as a small viewport of its own: the
// loop asks for its pictures as for any other's.

import { applyInverse, matrix, scaleOf } from '../math/view.js';
import { imageSize, shownFrame } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {{port: number, at: import('../math/view.js').Point, times: number,
 *            isUp: boolean}} Lens at: CSS px in its viewport; isUp: it stands
 *     above the finger
 */

/** How many times larger it shows, and how wide it is in CSS px. */
export const LENS = Object.freeze({ least: 2, most: 4, side: 220 });


/** @param {Viewport} s with a picture @param {Lens} lens @returns {Viewport} */
export function lensed(s, lens) {
    const f = shownFrame(s);

    if (f === null) {
        return s;
    }

    const image = imageSize(f);

    return {
        ...s,
        tiles: { rows: 1, columns: 1 },
        size: { width: LENS.side, height: LENS.side },
        view: {
            ...s.view, scale: scaleOf(s.view, image, s.size) * lens.times,
            center: applyInverse(matrix(s.view, image, s.size), lens.at),
        },
    };
}
