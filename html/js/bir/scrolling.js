// SPDX-License-Identifier: BSD-2-Clause
//
// B17 to B20: through the images, and closer to them.

import { must, same } from '../selftest/client.js';
import { heightOf, normalOf } from './cases.js';

/** @typedef {import('./points.js').Point} Point */

/** Slices that are stepped through. */
const STEPS = 6;


/** @type {Point[]} */
export const SCROLLING = [
    { number: 'B17', title: 'Scroll by drag, wheel and keys, in the order of the body', section: '5.5',
        async run(t) {
            const one = await t.cases.slices();
            const v = await t.open(one);
            const { frames } = one;
            const normal = normalOf(frames[0]);
            /** @type {number[]} */
            const heights = [];

            for (let k = 0; k < Math.min(STEPS, frames.length); k++) {
                await v.ready(0, k + 1);

                // the address names the image that is shown
                const { i } = await v.addressed((x) => k === 0 || x.i !== undefined
                    && x.i === `${frames[k].instance},${frames[k].frame}`, `slice ${k + 1}`);
                const f = k === 0 ? frames[0] : frames.find((x) =>
                    i === `${x.instance},${x.frame}`);

                heights.push(heightOf(f ?? frames[0], normal));
                await v.press('ArrowDown');
            }

            const ways = heights.slice(1).map((h, k) => Math.sign(h - heights[k]));

            must(new Set(ways).size === 1 && ways[0] !== 0,
                `the places are ${heights.map((h) => h.toFixed(1)).join(', ')}`);

            await v.press('Home');
            await v.ready(0, 1);
            await v.wheel(100);
            await v.ready(0, 2);
            await v.wheel(-100);
            await v.ready(0, 1);
            await v.press('s');
            await v.drag({ dx: 0, dy: 120 });
            await v.ready();
            must(v.shown() > 1, 'a drag does not scroll');

            return `${heights.length} slices, ${Math.abs(heights[1] - heights[0]).toFixed(1)} mm `
                + 'apart and all one way';
        } },

    { number: 'B18', title: 'Linked scroll goes to the same place; L and U', section: '5.5',
        async run(t) {
            const [a, b] = await t.cases.parallel();
            const v = await t.open(a, b);
            const normal = normalOf(a.frames[0]);
            const goal = Math.floor(a.frames.length / 2);

            await v.press('Home', 'l', ...Array(goal).fill('ArrowDown'));
            await v.ready(0, goal + 1);
            await v.ready(1);

            const off = b.frames.map((f) => Math.abs(heightOf(f, normal)
                - heightOf(a.frames[goal], normal)));
            const isFar = Math.min(...off) > 100;

            must(isFar || off[v.shown(1) - 1] <= Math.min(...off) + 0.01,
                `the other shows slice ${v.shown(1)}, ${off[v.shown(1) - 1].toFixed(1)} mm off`);
            await v.press('u');

            const was = v.shown(1);

            await v.press('Home');
            await v.ready(0, 1);
            same(v.shown(1), was, 'the other slice after U');

            return `slice ${goal + 1} and slice ${was}`;
        } },

    { number: 'B19', title: 'Linked zoom and pan', section: '5.6',
        async run(t) {
            const [a, b] = await t.cases.parallel();
            const v = await t.open(a, b);

            await v.press('l', '+', '+');

            for (const at of [0, 1]) {
                await v.addressed(({ z }) => z !== undefined, `zoom of viewport ${at + 1}`, at);
            }

            const before = (await v.addressed(() => true, '', 1)).z;

            await v.drag({ dx: 40, dy: 30, button: 1 });
            await v.addressed(({ z }) => z !== before, 'pan of the other viewport', 1);

            return 'both go along';
        } },

    { number: 'B20', title: 'Zoom by drag, pan by drag; Esc resets all but the image', section: '5.6',
        async run(t) {
            const v = await t.open(await t.cases.slices());

            await v.press('ArrowDown', 'z');
            await v.drag({ dx: 0, dy: -100 });

            const { z } = await v.addressed((x) => x.z !== undefined, 'zoom');

            await v.press('t');
            await v.drag({ dx: 50, dy: 20 });
            await v.addressed((x) => x.z !== z, 'pan');
            await v.drag({ dx: 40, dy: 0, button: 2 });
            await v.addressed((x) => x.w !== undefined, 'window');
            await v.press('Escape');
            await v.addressed((x) => x.z === undefined && x.w === undefined, 'reset');
            await v.ready(0, 2);

            return `zoom and centre ${z}; after Esc as at start, image 2 stays`;
        } },
];
