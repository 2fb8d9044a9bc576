// SPDX-License-Identifier: BSD-2-Clause
//
// Marks as a person draws them: what they say is compared with what is known
// of the picture, and what is stored with what DICOM asks for.

import assert from 'node:assert/strict';
import { before } from 'node:test';

import { BASE, SIZES, drag, drawn, onPage, openStudy, portBox } from './browser.mjs';
import { BARE, CT, DX, storePhantoms } from './phantoms.mjs';

/** @typedef {import('playwright-core').Page} Page */

before(() => storePhantoms(BASE));


/**
 * Where a pixel of the fitted picture is on the screen.
 * @param {Page} page
 * @param {{columns: number, rows: number, row?: number, column?: number}} of
 * @param {number} x stored pixels
 * @param {number} y
 */
async function placeOf(page, { columns, rows, row = 1, column = 1 }, x, y) {
    const box = await portBox(page);
    const aspect = row / column;
    const scale = Math.min(box.width / columns, box.height / (rows * aspect));

    return {
        x: box.width / 2 + (x - columns / 2) * scale,
        y: box.height / 2 + (y - rows / 2) * aspect * scale,
    };
}


/** @param {Page} page @param {any} of @param {number[][]} points are clicked */
async function click(page, of, points) {
    const box = await portBox(page);

    for (const [x, y] of points) {
        const p = await placeOf(page, of, x, y);
        await page.mouse.click(box.x + p.x, box.y + p.y);
    }
}


/** @param {Page} page @param {any} of @param {number[]} from @param {number[]} to */
async function stroke(page, of, from, to) {
    const a = await placeOf(page, of, from[0], from[1]);
    const b = await placeOf(page, of, to[0], to[1]);

    await drag(page, { x: a.x, y: a.y, dx: b.x - a.x, dy: b.y - a.y });
}


/** @param {Page} page @param {string} key of the tool, or its name in the menu */
async function take(page, key) {
    if (key.length === 1) {
        await page.keyboard.press(key);
    } else {
        await page.getByRole('button', { name: 'Measure' }).click();
        await page.locator(`.menu [data-command="${key}"]`).click();
    }

    await page.waitForFunction(() => document.querySelector('.layer-marks') !== null);
    await drawn(page);
}


/** @param {Page} page @returns {Promise<string[]>} lines of the labels */
async function labels(page) {
    await drawn(page);

    return page.locator('.mark-text').allTextContents();
}


/** @param {Page} page @param {RegExp} text waits for it */
async function says(page, text) {
    await page.waitForFunction((source) => [...document.querySelectorAll('.mark-label')]
        .some((n) => new RegExp(source).test([...n.children]
            .map((c) => c.textContent).join('\n'))), text.source);
}


/** @param {Page} page @returns {Promise<number>} that the first label says */
async function figureOf(page) {
    return parseFloat((await labels(page))[0]);
}


const near = (/** @type {number} */ a, /** @type {number} */ b, by = 0.11) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);


onPage('B32 a distance: two clicks or one stroke, in mm, finer than a pixel', {},
    async (page) => {
        await openStudy(page, CT.study);
        await take(page, 'd');
        await click(page, CT, [[20, 20], [120, 20]]);
        await says(page, /50\.\d mm/);
        near(await figureOf(page), 50);
        await page.keyboard.press('Delete');
        assert.deepEqual(await labels(page), []);

        // 60 x 0.5 mm across, 50 x 0.8 mm down
        await stroke(page, CT, [20.5, 20.5], [80.5, 70.5]);
        await says(page, /50\.\d mm/);
        near(await figureOf(page), 50);
        assert.ok((await labels(page)).includes('Pixel Spacing'), String(await labels(page)));
        await page.keyboard.press('Control+z');
        assert.deepEqual(await labels(page), []);
        await page.keyboard.press('Control+Shift+z');
        near(await figureOf(page), 50);
    });


onPage('B33 an angle of two lines that do not meet: four clicks', {}, async (page) => {
    await openStudy(page, CT.study);
    await take(page, 'a');
    // 0.5 x 80 across, 0.8 x 50 down: 45 degrees
    await click(page, CT, [[20, 20], [120, 20], [30, 60], [110, 110]]);
    await says(page, /45\.0°/);
});
