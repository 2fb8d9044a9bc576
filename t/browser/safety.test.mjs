// SPDX-License-Identifier: BSD-2-Clause
//
// Nothing on the screen that may mislead: what is of whom, how large it is,
// and what lies over the picture.

import assert from 'node:assert/strict';
import { before } from 'node:test';

import { BASE, drawn, onPage, openStudy, portBox } from './browser.mjs';
import { storeCt, storePhantoms } from './phantoms.mjs';

/** @typedef {import('playwright-core').Page} Page */

before(() => storePhantoms(BASE));


/** @param {Page} page @param {number[]} from @param {number[]} to CSS px */
async function stroke(page, from, to) {
    const box = await portBox(page);

    await page.mouse.move(box.x + from[0], box.y + from[1]);
    await page.mouse.down();
    await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 3 });
    await page.mouse.up();
    await drawn(page);
}


onPage('B20 Esc takes zoom, window and measurements back, not the place; undo brings marks',
    {}, async (page) => {
        await openStudy(page, await storeCt(BASE));
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('+');
        await page.keyboard.press('2');
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        for (const y of [300, 350]) {
            await stroke(page, [300, y], [500, y]);
        }

        assert.equal(await page.locator('.mark').count(), 2);
        // saved: Esc asks nothing, and still nothing is lost
        await page.keyboard.press('v');
        await page.locator('.toolbar [data-command="measure"]').click();
        await page.locator('.menu [data-command="marks-save"], .menu [data-command="marks-panel"]')
            .first().click();
        await page.locator('.panel [data-command="marks-save"]').click();
        await page.waitForSelector('.panel-saving[data-state="saved"]');
        await page.locator('.port').focus();
        await page.keyboard.press('Escape');
        await page.waitForFunction(() => document.querySelectorAll('.mark').length === 0);
        assert.match(await page.locator('.corner-bl').innerText(), /^2 \/ 3[^]*C 40 +W 400/);
        assert.equal(await page.locator('dialog[open]').count(), 0);

        const text = await page.locator('.corner-bl').innerText();

        await page.keyboard.press('Control+z');
        await drawn(page);
        assert.equal(await page.locator('.mark').count(), 2);
        assert.equal(await page.locator('.corner-bl').innerText(), text);
        // the button does the same
        await page.locator('.toolbar [data-command="reset"]').click();
        await page.waitForFunction(() => document.querySelectorAll('.mark').length === 0);
    });
