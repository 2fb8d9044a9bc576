// SPDX-License-Identifier: BSD-2-Clause
//
// B21 to B24: left and right, and where a picture lies.

import { TAG, first } from '../dicom/dataset.js';
import { must, same } from '../selftest/client.js';
import { KINDS } from './cases.js';
import { until } from './viewer.js';

/** @typedef {import('./points.js').Point} Point */


/** @param {number[]} way of the patient @returns {string} its strongest letter */
function letterOf(way) {
    const [x, y, z] = way.map(Math.abs);

    return x >= y && x >= z ? way[0] > 0 ? 'L' : 'R'
        : y >= z ? way[1] > 0 ? 'P' : 'A' : way[2] > 0 ? 'H' : 'F';
}


/** @type {Point[]} */
export const PLACES = [
    { number: 'B21', title: 'Letters of the patient at the edges', section: '5.7',
        async run(t) {
            const one = await t.cases.slices();
            const v = await t.open(one);
            const { row, column } = /** @type {NonNullable<
                import('./cases.js').Frame['orientation']>} */ (one.frames[0].orientation);
            const due = {
                right: letterOf(row), bottom: letterOf(column),
                left: letterOf(row.map((x) => -x)), top: letterOf(column.map((x) => -x)),
            };

            for (const [edge, letter] of Object.entries(due)) {
                same(v.text(`.letter-${edge}`)[0], letter, `the letter at the ${edge}`);
            }

            return Object.entries(due).map(([edge, letter]) => `${edge} ${letter}`).join(', ');
        } },

    { number: 'B22', title: 'Laterality in words', section: '5.7',
        async run(t) {
            const lateral = (/** @type {import('./cases.js').Frame} */ f) =>
                first(f.ds, TAG.ImageLaterality) || first(f.ds, TAG.Laterality);
            const of = (/** @type {string} */ side) => t.cases.find(
                `image of the ${side === 'R' ? 'right' : 'left'} side`,
                ['MG', ...KINDS], ([f]) => lateral(f) === side);
            const said = async (/** @type {string} */ side) =>
                (await t.open(await of(side))).lines('.corner-br');
            const lines = await said('R').catch(() => said('L'));

            must(lines.length > 0, 'nothing stands at the lower right');
            // in the reader's language: it stays when all else of the text goes
            await t.viewer.press('i');

            const left = t.viewer.lines('.corner-br');

            same(left.length, 1, 'lines of the least text');
            must(lines.includes(left[0]), `${left[0]} is not in the full text`);

            return left[0];
        } },

    { number: 'B23', title: 'Localizer lines, off at start', section: '5.7',
        async run(t) {
            const [a, b] = await t.cases.crossing();
            const v = await t.open(a, b);

            same(v.all('.line-reference').length, 0, 'lines at start');

            // the middle of a stack lies in the other, if any of it does
            await v.press(...Array(Math.floor(a.frames.length / 2)).fill('ArrowDown'), 'o');
            await v.ready();
            await until(() => v.all('.line-reference').length > 0, 'a line');

            const count = v.all('.line-reference').length;

            await v.press('o');
            same(v.all('.line-reference').length, 0, 'lines after O again');

            return `${count} lines`;
        } },

    { number: 'B24', title: 'The cross-hair shows one point in all viewports', section: '5.7',
        async run(t) {
            const [a, b] = await t.cases.crossing().catch(() => t.cases.parallel());
            const v = await t.open(a, b);

            await v.press('j');
            await v.tap({ x: v.box().width / 2, y: v.box().height / 2 });
            await until(() => [0, 1].every((at) => v.one('.port', at)
                .querySelector('.line-cross') !== null), 'a cross-hair in both');
            await v.ready(1);

            return `slices ${v.shown(0)} and ${v.shown(1)}`;
        } },
];
