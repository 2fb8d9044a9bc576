// SPDX-License-Identifier: BSD-2-Clause
//
// From the smallest phone to 8K: nothing lies over anything else, and nothing
// is out of reach.

import assert from 'node:assert/strict';

import { crowded } from './boxes.mjs';
import { BASE, chooseLayout, onPage, openStudy } from './browser.mjs';
import { CT } from './studies.mjs';

/** width, height in CSS px, whether by touch */
const SIZES = /** @type {const} */ ([
    [320, 568, true], [568, 320, true], [390, 844, true], [844, 390, true],
    [768, 1024, true], [1024, 768, true], [1440, 900, false], [3840, 2160, false],
    [7680, 4320, false],
]);


for (const [width, height, touch] of SIZES) {
    const size = { width, height, touch };

    onPage(`H15 the list at ${width} x ${height}: nothing overlaps, all in reach`,
        { size }, async (page) => {
            await page.goto(BASE);
            await page.locator('.row').first().waitFor();
            assert.deepEqual(await crowded(page), []);
        });


    onPage(`H15 the viewer at ${width} x ${height}: nothing overlaps, all in reach`,
        { size }, async (page) => {
            await openStudy(page, CT.study);
            await page.locator('.fitness').waitFor({ state: 'attached' });
            assert.deepEqual(await crowded(page), [], '1 x 1');
            await page.keyboard.press('c');
            await page.locator('.cine').first().waitFor();
            assert.deepEqual(await crowded(page), [], 'cine');
            await page.keyboard.press('c');
            await chooseLayout(page, 2, 2);
            assert.deepEqual(await crowded(page), [], '2 x 2');
        });
}
