// SPDX-License-Identifier: BSD-2-Clause
//
// Nothing on the screen that may mislead: what is of whom, how large it is,
// and what lies over the picture.

import assert from 'node:assert/strict';
import { before } from 'node:test';

import {
    BASE, SIZES, drawn, isShown, onPage, openStudy, portBox,
} from './browser.mjs';
import { storeCt, storePhantoms } from './phantoms.mjs';
import { readPng } from './png.mjs';
import { NO_SAMPLES, storeSamples } from './samples.mjs';

/** @typedef {import('playwright-core').Page} Page */

const FOUR = ['l-cc', 'l-mlo', 'r-cc', 'r-mlo'].map((v) => `mg/4view-3328x2560-${v}.dcm`);
const FOUR_STUDY = '2.25.521345018104862784220449694205960489';

before(async () => {
    await storePhantoms(BASE);
    await storeSamples(...FOUR);
});


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


/** Lighter than this is a breast, or something of the picture. */
const AIR = 26;

/** @param {Page} page @param {string} hidden CSS of what is not to be seen */
async function without(page, hidden) {
    const set = (/** @type {string} */ value) => page.evaluate(([css, v]) => {
        for (const n of document.querySelectorAll(css)) {
            /** @type {HTMLElement} */ (n).style.visibility = v;
        }
    }, [hidden, value]);

    await drawn(page);

    const whole = readPng(await page.locator('.ports').screenshot());

    await set('hidden');

    const bare = readPng(await page.locator('.ports').screenshot());

    await set('');

    return { whole, bare };
}


/**
 * How many pixels of a breast texts cover, and how many texts have at all.
 * @param {Page} page
 */
async function covered(page) {
    const { whole, bare } = await without(page, '.texts > *, .texts > * > *');
    let [texts, breast] = [0, 0];

    for (let y = 0; y < whole.height; y++) {
        for (let x = 0; x < whole.width; x++) {
            const [a, b] = [whole.at(x, y), bare.at(x, y)];

            if (a.some((v, i) => Math.abs(v - b[i]) > 8)) {
                texts++;
                breast += Number(b[0] > AIR);
            }
        }
    }

    return { texts, breast };
}


for (const size of /** @type {const} */ (['desktop', 'tablet', 'phone'])) {
    onPage(`S11 no text lies on a breast: four views, one, zoomed (${size})`,
        { size: SIZES[size], skip: NO_SAMPLES }, async (page) => {
            await page.goto(`${BASE}/viewer.html?study=${FOUR_STUDY}`);

            for (const at of [0, 1, 2, 3]) {
                await isShown(page, 1, at);
            }

            const four = await covered(page);

            assert.ok(four.texts > 500, JSON.stringify(four));
            assert.equal(four.breast, 0);
            // what is never hidden is not hidden here
            assert.equal(await page.locator('.lossy:visible').count(), 4);
            assert.equal(await page.locator('.badge:visible').count(), 4);
            assert.deepEqual(await page.locator('.corner-br').allInnerTexts()
                .then((all) => all.map((t) => /Right|Left/.exec(t)?.[0])),
            ['Right', 'Left', 'Right', 'Left']);

            await page.locator('.port').first().focus();
            await page.keyboard.press('e');
            await page.keyboard.press('m');
            await isShown(page, 1);

            const zoomed = await covered(page);

            assert.ok(zoomed.texts > 100, JSON.stringify(zoomed));
            assert.equal(zoomed.breast, 0);
        });
}


onPage('S11 the label of a mark keeps off the breast where there is air',
    { skip: NO_SAMPLES }, async (page) => {
        await page.goto(`${BASE}/viewer.html?study=${FOUR_STUDY}`);
        await isShown(page, 1);
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        const box = await portBox(page);

        // in the middle of the breast, at the chest wall
        await stroke(page, [box.width - 120, 150], [box.width - 60, 200]);
        await page.waitForFunction(() => /mm/.test(
            document.querySelector('.mark-label')?.textContent ?? ''));

        const { bare } = await without(page, '.mark');
        const ports = await page.locator('.ports').boundingBox();
        const text = await page.locator('.mark-label').boundingBox();

        assert.ok(ports !== null && text !== null);

        let breast = 0;

        for (let y = Math.ceil(text.y - ports.y); y < text.y - ports.y + text.height; y++) {
            for (let x = Math.ceil(text.x - ports.x); x < text.x - ports.x + text.width; x++) {
                breast += Number(bare.at(x, y)[0] > AIR);
            }
        }

        // a speck of the film apart
        assert.ok(breast < text.width * text.height / 200, String(breast));
    });


onPage('S11 corner text moves beside the picture and back, and stays where it was put', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));

        const wide = await portBox(page);

        await page.locator('.toolbar [data-command="sight"]').click();
        await page.locator('.menu [data-command="texts"]').click();
        await page.waitForSelector('.frame:not([data-beside=""])');
        await isShown(page, 1);

        const box = await portBox(page);
        const text = await page.locator('.corner-tl').boundingBox();

        assert.ok(text !== null && (text.x >= box.x + box.width || text.x + text.width <= box.x
            || text.y >= box.y + box.height), JSON.stringify({ text, box }));
        assert.match(await page.locator('.corner-tl').innerText(), /Measure, Pat/);
        assert.equal(await page.locator('.letter-left').innerText(), 'R');
        await page.reload();
        await page.waitForSelector('.frame:not([data-beside=""])');
        await page.keyboard.press(';');
        await page.waitForSelector('.frame[data-beside=""]');
        await drawn(page);
        assert.deepEqual(await portBox(page), wide);
        await page.keyboard.press(';');
        await drawn(page);
        assert.deepEqual(await portBox(page), wide);
    });
