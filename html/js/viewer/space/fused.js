// SPDX-License-Identifier: BSD-2-Clause
//
// Draws a fusion: the upper picture, coloured, and transparent where there is
// nothing.

import { text } from '../../ui/text.js';
import { drawWhole } from '../picture.js';
import { shownFrame } from '../state.js';
import { fusionPicture } from './fusion.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../picture.js').Bitmaps} Bitmaps
 */

/** Red, green and blue of grey values at equal distances from 0 to the most. */
export const MAPS = Object.freeze({
    hot: {
        label: text('Hot'),
        rgb: [[0, .38, .75, 1, 1, 1, 1, 1, 1], [0, 0, 0, .13, .5, .88, 1, 1, 1],
            [0, 0, 0, 0, 0, 0, .25, .63, 1]],
    },
    rainbow: {
        label: text('Rainbow'),
        rgb: [[0, .2, 0, 0, 0, .5, 1, 1, 1], [0, 0, 0, .5, 1, 1, 1, .5, 0],
            [0, .5, 1, 1, 0, 0, 0, 0, 0]],
    },
    ice: {
        label: text('Ice'),
        rgb: [[0, 0, 0, 0, 0, .25, .5, .75, 1], [0, 0, .13, .38, .63, .8, .9, 1, 1],
            [0, .4, .75, 1, 1, 1, 1, 1, 1]],
    },
});

/** Where there is little nothing is covered. */
const ALPHA = [0, .5, .8, 1, 1, 1, 1, 1, 1, 1, 1];

/** What each viewport was drawn for. @type {WeakMap<Element, unknown[]>} */
const drawn = new WeakMap();


/**
 * @param {HTMLElement} cell
 * @param {Host} host of the viewport
 * @param {Bitmaps} bitmaps
 */
export function renderFusion(cell, host, bitmaps) {
    const s = host.port();
    const old = cell.querySelector('.port-fusion');

    if (s.fusion === null) {
        old?.remove();
        return;
    }

    const canvas = old instanceof HTMLCanvasElement ? old : canvasIn(cell);
    const f = shownFrame(s);
    const p = f === null || s.shown === null ? null
        : fusionPicture(s, host.root, f, s.shown.index);
    const bitmap = p === null ? undefined : bitmaps(p.key);
    const wanted = [s, bitmap];

    if (wanted.every((v, i) => v === drawn.get(canvas)?.[i])) {
        return;
    }

    drawn.set(canvas, wanted);
    // never over another plane than its own: then it is not there yet
    colour(drawWhole(canvas, s, bitmap, s.fusion.map), s.fusion.map);
    canvas.dataset.state = bitmap === undefined ? 'coming' : 'final';
    canvas.style.opacity = String(s.fusion.opacity);
}


/** @param {HTMLElement} cell */
function canvasIn(cell) {
    const canvas = document.createElement('canvas');

    canvas.className = 'port-fusion';
    canvas.getContext('2d', { willReadFrequently: true });
    cell.querySelector('.port-picture')?.after(canvas);

    return canvas;
}


/**
 * @param {CanvasRenderingContext2D | null} context with a grey picture
 * @param {string} name of the colours
 */
function colour(context, name) {
    if (context === null) {
        return;
    }

    const { width, height } = context.canvas;
    const pixels = context.getImageData(0, 0, width, height);
    const words = new Uint32Array(pixels.data.buffer);
    const table = tableOf(name);

    // red is the lowest byte
    for (let i = 0; i < words.length; i++) {
        words[i] = table[words[i] & 255];
    }

    context.putImageData(pixels, 0, 0);
}


/** @param {string} name of the colours @returns {Uint32Array} RGBA by grey value */
function tableOf(name) {
    const { rgb } = MAPS[/** @type {keyof typeof MAPS} */ (name)] ?? MAPS.hot;
    const bytes = Uint8ClampedArray.from({ length: 1024 }, (_, i) =>
        255 * between([...rgb, ALPHA][i % 4], Math.floor(i / 4) / 255));

    return new Uint32Array(bytes.buffer);
}


/**
 * @param {number[]} values at equal distances
 * @param {number} x from 0, the first, to 1, the last
 */
function between(values, x) {
    const at = x * (values.length - 1);
    const i = Math.min(Math.floor(at), values.length - 2);

    return values[i] + (values[i + 1] - values[i]) * (at - i);
}
