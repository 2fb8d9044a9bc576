// SPDX-License-Identifier: BSD-2-Clause
//
// The bar at a viewport's right edge: the place in the stack, and what was
// seen of it.

import { find } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { MARK } from './state.js';

/** @typedef {import('./state.js').Viewport} Viewport */

/** Colours of the marks, from tokens.css: the same in each theme. */
const COLOURS = ['--mark-none', '--mark-here', '--mark-seen', '--mark-failed'];

/** @type {WeakMap<HTMLElement, {marks: Uint8Array, colours: string[]}>} as drawn */
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

    const old = drawn.get(slider);

    if (old?.marks !== s.marks) {
        const canvas = find('.slider-marks', HTMLCanvasElement, slider);
        const colours = old?.colours ?? coloursOf(canvas);

        drawMarks(canvas, s.marks, colours, old?.marks);
        drawn.set(slider, { marks: s.marks, colours });
    }
}


/** @param {HTMLElement} node @returns {string[]} in the order of MARK */
function coloursOf(node) {
    const style = getComputedStyle(node);

    return COLOURS.map((name) => style.getPropertyValue(name).trim());
}


/**
 * One row a frame: seen, here, missing, failed.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} marks
 * @param {string[]} colours
 * @param {Uint8Array} [old] what is there
 */
function drawMarks(canvas, marks, colours, old) {
    const context = canvas.getContext('2d');
    const isSame = old?.length === marks.length;

    if (!isSame) {
        canvas.width = 1;
        canvas.height = Math.max(1, marks.length);
    }

    if (context === null) {
        return;
    }

    marks.forEach((mark, y) => {
        if (!isSame || mark !== old?.[y]) {
            context.fillStyle = colours[mark] ?? colours[MARK.none];
            context.fillRect(0, y, 1, 1);
        }
    });
}
