// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import {
    BASE, canvasPixels, chooseLayout, drag, drawn, isShown, onPage, openStudy, portBox,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { store } from './part10.mjs';
import { CT, LINKED, grey } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const corner = async (/** @type {Page} */ page, /** @type {number} */ at) => {
    await drawn(page);
    return page.locator('.cell').nth(at).locator('.corner-bl').first().innerText();
};

/** Grey in the middle of a viewport. */
const middle = async (/** @type {Page} */ page, /** @type {number} */ at) => {
    const box = await portBox(page, at);
    const [[r]] = await canvasPixels(page, Math.round(box.width / 2),
        Math.round(box.height / 2), 1, 1, at);

    return r;
};

const near = (/** @type {number} */ a, /** @type {number} */ b, by = 3) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

/** The three axial series side by side, and the first one chosen. */
async function three(/** @type {Page} */ page) {
    await openStudy(page, LINKED.study);
    await chooseLayout(page, 1, 3);
    await isShown(page, 1, 2);
}


onPage('B08 two series side by side, each with its own pictures and letters', {},
    async (page) => {
        await openStudy(page, CT.study);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2, 0);
        assert.match(await corner(page, 0), /2 \/ 24/);
        assert.match(await corner(page, 1), /1 \/ 3/);

        const box = await portBox(page, 0);
        const [[r]] = await canvasPixels(page, Math.round(box.width / 2),
            Math.round((box.height - box.width) / 2) + 20, 1, 1, 0);

        near(r, grey(CT.band(1)));
        assert.equal(await page.locator('.letter-top').nth(0).innerText(), 'A');
        assert.equal(await page.locator('.letter-top').nth(1).innerText(), 'H');
    });


onPage('B18 linked scroll goes to the same place in the patient (L), or not (U)', {},
    async (page) => {
        await three(page);
        await page.keyboard.press('l');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await isShown(page, 4, 0);
        // at 80 mm: 100, 90, 80 of the second
        await isShown(page, 3, 1);
        near(await middle(page, 0), grey(LINKED.hu(3)));
        near(await middle(page, 1), grey(LINKED.hu(2)));
        assert.match(await corner(page, 1), /linked$/);

        await page.keyboard.press('End');
        await isShown(page, 20, 0);
        await isShown(page, 10, 1);

        await page.keyboard.press('u');
        await page.keyboard.press('Home');
        await isShown(page, 1, 0);
        await isShown(page, 10, 1);
        assert.doesNotMatch(await corner(page, 1), /linked/);
    });


onPage('B18 another frame of reference is scrolled by offset, and says so', {},
    async (page) => {
        await three(page);
        // third of 20 and third of 10 belong together: not as far from the first
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.locator('.port').nth(2).focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.locator('.port').nth(0).focus();
        await page.keyboard.press('l');
        assert.match(await corner(page, 2), /linked by offset$/);

        for (let i = 0; i < 4; i++) {
            await page.keyboard.press('ArrowDown');
        }

        await isShown(page, 7, 0);
        // 20 mm further: two slices
        await isShown(page, 5, 2);
        near(await middle(page, 2), grey(LINKED.hu(4)));
    });


onPage('B18 series of another direction do not scroll along', {}, async (page) => {
    await openStudy(page, CT.study);
    await chooseLayout(page, 1, 2);
    await isShown(page, 1, 1);
    await page.keyboard.press('l');
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2, 0);
    await isShown(page, 1, 1);
    assert.doesNotMatch(await corner(page, 1), /linked/);
});


onPage('B24 the cross-hair moves nothing of another frame of reference', {},
    async (page) => {
        await three(page);
        await page.keyboard.press('End');
        await isShown(page, 20, 0);
        await page.keyboard.press('j');

        const box = await portBox(page, 0);

        await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
        await isShown(page, 10, 1);
        await drawn(page);
        assert.deepEqual(await Promise.all([0, 1, 2].map((at) =>
            page.locator('.port').nth(at).locator('.line-cross').count())), [4, 4, 0]);
        assert.equal(await page.locator('.port').nth(2).getAttribute('data-shown'), '1');
        assert.match(await corner(page, 2), /^1 \/ 10/);
    });


onPage('B19 linked zoom, pan and window: the same mm, the same grey', {},
    async (page) => {
        await three(page);
        await page.keyboard.press('l');
        await page.keyboard.press('m');
        assert.match(await corner(page, 0), /100 %/);
        // of half the pixel: half the size on the screen
        assert.match(await corner(page, 1), /50 %/);
        assert.match(await corner(page, 2), /100 %/);

        const box = await portBox(page, 1);
        const left = box.width / 2 - 32;
        const row = async () => (await canvasPixels(page, 0, Math.round(box.height / 2),
            Math.round(box.width), 1, 1)).findIndex(([r]) => r > 5);

        near(await row(), left, 2);
        await drag(page, { x: 100, y: 200, dx: 20, dy: 0, button: 'middle' });
        near(await row(), left + 20, 2);

        await page.keyboard.press('2');
        assert.match(await corner(page, 1), /C -600 +W 1500/);
        await isShown(page, 1, 1);
        near(await middle(page, 1), grey(LINKED.hu(0), -600, 1500));
        await page.keyboard.press('u');
        await page.keyboard.press('Escape');
        assert.match(await corner(page, 0), /C 40 +W 400/);
        assert.match(await corner(page, 1), /C -600 +W 1500/);
    });


onPage('B19 the window of a CT is none of an MR that is linked with it', {},
    async (page) => {
        const study = newUid();

        await store(BASE, ['CT', 'MR'].map((Modality, i) => made({
            StudyInstanceUID: study, PatientID: study.slice(-16), Modality,
            SOPClassUID: `1.2.840.10008.5.1.4.1.1.${2 * i + 2}`, SeriesNumber: i + 1,
            WindowCenter: 300, WindowWidth: 600,
        }, 64)));
        await openStudy(page, study);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);
        await page.keyboard.press('l');
        await page.keyboard.press('2');
        assert.match(await corner(page, 0), /C -600 +W 1500/);
        assert.match(await corner(page, 1), /C 300 +W 600/);
        await isShown(page, 1, 0);
        await isShown(page, 1, 1);
        assert.equal(await page.locator('.port').nth(1).getAttribute('data-window'),
            'C 300  W 600');
    });


onPage('B07 tiles inside a viewport: rows and columns of consecutive frames', {},
    async (page) => {
        await openStudy(page, LINKED.study);
        await page.keyboard.press('g');
        await page.getByRole('button', { name: '2 × 3 images' }).click();
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 6);

        for (let k = 0; k < 6; k++) {
            await isShown(page, k + 1, k);
            near(await middle(page, k), grey(LINKED.hu(k)));
            assert.match(await page.locator('.corner-bl').nth(k).innerText(),
                new RegExp(`^${k + 1} / 20`));
        }

        // rows first, and all of the same size
        const [a, b, d] = [await portBox(page, 0), await portBox(page, 1),
            await portBox(page, 3)];

        assert.ok(b.x > a.x && Math.abs(b.y - a.y) < 1 && d.y > a.y);
        assert.ok(Math.abs(a.width - d.width) < 2);

        // the wheel over any of them scrolls the viewport
        await page.mouse.move(d.x + 50, d.y + 50);
        await page.mouse.wheel(0, 100);
        await isShown(page, 2, 0);
        await isShown(page, 7, 5);
        near(await middle(page, 5), grey(LINKED.hu(6)));

        // after the last frame there is nothing
        await page.keyboard.press('End');
        await isShown(page, 20, 0);
        assert.equal(await page.locator('.port').nth(1).getAttribute('data-shown'), '');
        assert.equal(await middle(page, 1), 0);

        await page.keyboard.press('g');
        await page.getByRole('button', { name: '1 × 1 images' }).click();
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 1);
        await isShown(page, 20, 0);
    });
