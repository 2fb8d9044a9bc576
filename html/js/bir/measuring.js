// SPDX-License-Identifier: BSD-2-Clause
//
// B31 to B34: cine, and measures.

import { frameRate } from '../dicom/stack.js';
import { must, same } from '../selftest/client.js';
import { SECTIONS, KINDS } from './cases.js';
import { until } from './viewer.js';

/**
 * @typedef {import('./points.js').Point} Point
 * @typedef {import('./viewer.js').Viewer} Viewer
 * @typedef {import('./cases.js').Frame} Frame
 */

/** Length of a stroke. CSS px */
const STROKE = 120;


/** @param {Viewer} v @returns {string} what the last mark says */
const said = (v) => v.all('.mark-label').at(-1)?.textContent ?? '';


/** @param {Viewer} v @param {Frame} f @returns {number} CSS px a pixel, fitted */
function scaleOf(v, f) {
    const { width, height } = v.box();

    return Math.min(width / f.columns, height / (f.rows * f.aspect));
}


/** @param {Viewer} v @param {string} key of the tool */
async function take(v, key) {
    await v.press('f', key);
    await until(() => v.all('.layer-marks').length > 0, 'the marks');
}


/** @type {Point[]} */
export const MEASURING = [
    { number: 'B31', title: 'Cine plays at once; pause, step, ends, rate, stop', section: '5.9',
        async run(t) {
            const one = await t.cases.loop();
            const v = await t.open(one);
            const due = frameRate(one.frames[0]);
            const rate = /** @type {HTMLInputElement} */ (v.one('.cine-rate'));
            const n = one.frames.length;

            must(due === null || Math.abs(Number(rate.value) - due) <= 1,
                `the rate is ${rate.value}, not the header's ${due}`);

            const start = v.shown();

            await v.press('c');
            await until(() => v.shown() !== start, 'the next image');
            await v.press('c');
            await v.click('.cine-last');
            await v.ready(0, n);
            await v.click('.cine-back');
            await v.ready(0, n - 1);
            await v.click('.cine-first');
            await v.ready(0, 1);
            await v.click('.cine-forth');
            await v.ready(0, 2);
            await v.click('.cine-stop');
            await v.ready(0, 1);

            return `${n} frames of ${one.modality}, ${rate.value} a second`;
        } },

    { number: 'B32', title: 'A distance, by two clicks, in mm', section: '5.10',
        async run(t) {
            const one = await t.cases.find('series with a spacing', SECTIONS, ([f]) =>
                f.spacing !== null && f.columns >= 32);
            const v = await t.open(one);
            const [f] = one.frames;

            await take(v, 'd');
            await v.tap({ x: 240, y: 240 });
            await v.tap({ x: 240 + STROKE, y: 240 });
            await until(() => /\d/.test(said(v)), 'a figure');

            const due = STROKE / scaleOf(v, f) * (f.spacing?.column ?? NaN);
            const is = Number.parseFloat(said(v).replace(',', '.'));

            await v.press('Delete');
            must(Math.abs(is - due) <= Math.max(0.2, due / 50), `${is} mm, not ${due.toFixed(1)}`);

            return `${is} mm of ${due.toFixed(2)}`;
        } },

    { number: 'B33', title: 'An angle of two lines, by four clicks', section: '5.10',
        async run(t) {
            const one = await t.cases.find('series of square pixels', SECTIONS, ([f]) =>
                f.spacing !== null && Math.abs(f.aspect - 1) < 0.001 && f.columns >= 32);
            const v = await t.open(one);

            await take(v, 'a');

            for (const [x, y] of [[200, 200], [300, 200], [200, 320], [280, 400]]) {
                await v.tap({ x, y });
            }

            await until(() => /\d.*°/.test(said(v)), 'an angle');

            const is = Number.parseFloat(said(v).replace(',', '.'));

            await v.press('Delete');
            must(Math.abs(is - 45) < 0.6, `${is}°, not 45°`);

            return `${is}°`;
        } },

    { number: 'B34', title: 'No millimetres without a spacing', section: '5.10',
        async run(t) {
            const one = await t.cases.find('image without a spacing', ['OT', 'SC', ...KINDS],
                ([f]) => f.spacing === null && f.columns >= 32
                    && f.ds['00186011'] === undefined);
            const v = await t.open(one);

            same(v.one('.scale').hidden, true, 'no scale bar');
            await take(v, 'd');
            await v.tap({ x: 240, y: 240 });
            await v.tap({ x: 240 + STROKE, y: 240 });
            await until(() => /\d/.test(said(v)), 'a figure');

            const is = said(v);

            await v.press('Delete');
            must(!/\bmm\b/.test(is), is);

            return is;
        } },
];
