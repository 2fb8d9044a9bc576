// SPDX-License-Identifier: BSD-2-Clause
//
// Draws a fusion: the upper picture, coloured and made transparent where
// there is nothing by the compositor.

import { svg } from '../../ui/dom.js';
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
        rgb: ['0 .38 .75 1 1 1 1 1 1', '0 0 0 .13 .5 .88 1 1 1', '0 0 0 0 0 0 .25 .63 1'],
    },
    rainbow: {
        label: text('Rainbow'),
        rgb: ['0 .2 0 0 0 .5 1 1 1', '0 0 0 .5 1 1 1 .5 0', '0 .5 1 1 0 0 0 0 0'],
    },
    ice: {
        label: text('Ice'),
        rgb: ['0 0 0 0 0 .25 .5 .75 1', '0 0 .13 .38 .63 .8 .9 1 1', '0 .4 .75 1 1 1 1 1 1'],
    },
});

/** Where there is little nothing is covered. */
const ALPHA = '0 .5 .8 1 1 1 1 1 1 1 1';

/** What each viewport was drawn for. @type {WeakMap<Element, unknown[]>} */
const drawn = new WeakMap();

let filters = 0;


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
    drawWhole(canvas, s, bitmap);
    canvas.dataset.state = bitmap === undefined ? 'coming' : 'final';
    canvas.style.opacity = String(s.fusion.opacity);
    canvas.style.filter = `url(#${filterIn(cell, s.fusion.map)})`;
}


/** @param {HTMLElement} cell */
function canvasIn(cell) {
    const canvas = document.createElement('canvas');

    canvas.className = 'port-fusion';
    cell.querySelector('.port-picture')?.after(canvas);

    return canvas;
}


/**
 * @param {HTMLElement} cell
 * @param {string} name of the colours
 * @returns {string} id of the filter
 */
function filterIn(cell, name) {
    const map = MAPS[/** @type {keyof typeof MAPS} */ (name)] ?? MAPS.hot;
    const home = /** @type {Element} */ (cell.querySelector('.port-filter'));
    const old = home.querySelector('.fusion-filter');

    if (old?.getAttribute('data-map') === name) {
        return old.id;
    }

    const table = (/** @type {'R' | 'G' | 'B' | 'A'} */ channel,
        /** @type {string} */ values) =>
        svg(`feFunc${channel}`, { type: 'table', tableValues: values });
    const filter = svg('filter', {
        'class': 'fusion-filter', id: `fusion-${++filters}`, 'data-map': name,
        'color-interpolation-filters': 'sRGB', x: '0', y: '0', width: '1', height: '1',
    },
    // colours first, while nothing is transparent: none are lost
    svg('feComponentTransfer', { in: 'SourceGraphic', result: 'colour' },
        table('R', map.rgb[0]), table('G', map.rgb[1]), table('B', map.rgb[2])),
    svg('feColorMatrix', {
        in: 'SourceGraphic', type: 'matrix',
        values: '0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  1 0 0 0 0',
    }),
    svg('feComponentTransfer', { result: 'mask' }, table('A', ALPHA)),
    svg('feComposite', { in: 'colour', in2: 'mask', operator: 'in' }));

    old?.remove();
    home.append(filter);

    return filter.id;
}
