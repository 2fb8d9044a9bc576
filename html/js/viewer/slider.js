// SPDX-License-Identifier: BSD-2-Clause
//
// The bar at a viewport's right edge: the place in the stack, and what was
// seen of it.

import { find } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { MARK } from './state.js';

/** @typedef {import('./state.js').Viewport} Viewport */

/** Colours of the marks, from tokens.css. */
const COLOURS = ['--mark-none', '--mark-here', '--mark-seen', '--mark-failed'];

/** @type {WeakMap<HTMLElement, Uint8Array>} the marks that were drawn */
const drawn = new WeakMap();


/** @param {HTMLElement} slider @param {Viewport} s */
export function renderSlider(slider, s) {
    const count = s.stack?.frames.length ?? 0;
    const at = s.index / Math.max(1, count - 1);

    slider.hidden = count < 2 || s.stack?.made?.kind === 'vr';
    slider.setAttribute('aria-valuemax', String(count));
    slider.setAttribute('aria-valuenow', String(s.index + 1));
    slider.setAttribute('aria-valuetext', text('{n} of {all}', { n: s.index + 1, all: count }));
    find('.slider-thumb', HTMLElement, slider).style.top = `${at * 100}%`;

    if (drawn.get(slider) !== s.marks) {
        drawn.set(slider, s.marks);
        drawMarks(find('.slider-marks', HTMLCanvasElement, slider), s.marks);
    }
}


/**
 * One row a frame: seen, here, missing, failed.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} marks
 */
function drawMarks(canvas, marks) {
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    const colours = COLOURS.map((name) => style.getPropertyValue(name).trim());

    canvas.width = 1;
    canvas.height = Math.max(1, marks.length);

    if (context === null) {
        return;
    }

    marks.forEach((mark, y) => {
        context.fillStyle = colours[mark] ?? colours[MARK.none];
        context.fillRect(0, y, 1, 1);
    });
}
