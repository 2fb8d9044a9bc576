// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import {
    BASE, SIZES, canvasPixels, chooseLayout, doubleTap, dragSeries, drawn, isShown,
    onPage, openStudy, portBox, textOf, touch,
} from './browser.mjs';
import { CT, grey } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** Indices of the viewports that are marked as selected, as a person sees it. */
const active = async (/** @type {Page} */ page) => {
    await drawn(page);
    return page.evaluate(() => [...document.querySelectorAll('.cell')].flatMap((n, i) =>
        getComputedStyle(n, '::after').boxShadow === 'none' ? [] : [i]));
};

/** Letter at the top of a viewport: A of the axial series, H of the sagittal. */
const top = async (/** @type {Page} */ page, /** @type {number} */ at) => {
    await drawn(page);
    return page.locator('.letter-top').nth(at).innerText();
};


onPage('G4 layouts from 1 × 1 to 4 × 4, by pointer and by keys', {}, async (page) => {
    await openStudy(page, CT.study);

    for (const [rows, columns] of [[2, 2], [4, 4], [1, 3], [3, 2]]) {
        await chooseLayout(page, rows, columns);
        assert.equal(await page.locator('.port').count(), rows * columns);
        await isShown(page, 1);

        const first = await portBox(page, 0);
        const last = await portBox(page, rows * columns - 1);
        const stage = await page.locator('.stage').boundingBox();

        assert.ok(stage !== null);
        assert.ok(Math.abs(first.height * rows - stage.height) < 8);
        assert.ok(Math.abs(last.x + last.width - stage.x - stage.width) < 30);
    }

    await page.keyboard.press('g');
    await page.getByRole('button', { name: '3 × 2', exact: true }).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await drawn(page);
    assert.equal(await page.locator('.port').count(), 2);
    await page.locator('.port').nth(1).focus();
    await page.keyboard.press('g');
    await page.locator('.layouts').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.layouts').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('.port').count(), 2);
    assert.deepEqual(await active(page), [1], 'the one that was selected stays so');
});


onPage('B09 the upper left viewport is selected at start; a click selects', {},
    async (page) => {
        await openStudy(page, CT.study);
        await chooseLayout(page, 2, 2);
        await isShown(page, 1, 1);
        assert.deepEqual(await active(page), [0]);

        // keys are for the selected one
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2, 0);
        await page.keyboard.press('v');

        const box = await portBox(page, 1);

        await page.mouse.click(box.x + 100, box.y + 100);
        assert.deepEqual(await active(page), [1]);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2, 1);
        await isShown(page, 2, 0);
        assert.equal(await page.locator('.thumb.is-active .thumb-title').innerText(),
            'Sagittal');
        await page.locator('.port').nth(2).focus();
        await drawn(page);
        assert.deepEqual(await active(page), [2]);
    });


onPage('G4 a series is dragged into a viewport, or goes into the selected one', {},
    async (page) => {
        await openStudy(page, CT.study);
        await chooseLayout(page, 2, 2);
        await isShown(page, 1, 1);
        assert.deepEqual([await top(page, 0), await top(page, 1), await top(page, 2)],
            ['A', 'H', '']);

        await dragSeries(page, 0, 3);
        await isShown(page, 1, 3);
        assert.deepEqual([await top(page, 2), await top(page, 3)], ['', 'A']);
        assert.deepEqual(await active(page), [3]);
        assert.equal(await page.locator('.thumb-ghost').count(), 0);

        await page.locator('.thumb').nth(1).click();
        await isShown(page, 1, 3);
        assert.deepEqual([await top(page, 0), await top(page, 3)], ['A', 'H']);

        const box = await portBox(page, 3);
        const [[r]] = await canvasPixels(page, Math.round(box.width / 2), 30, 1, 1, 0);

        assert.ok(Math.abs(r - grey(CT.band(0))) <= 3);

        await page.locator('.cell').nth(3).hover();
        await page.locator('.cell-close').nth(3).click();
        assert.equal(await top(page, 3), '');
        assert.equal(await page.locator('.port').nth(3).getAttribute('data-shown'), '');
    });


onPage('G4 a finger drags a series across, and a tap puts it', { size: SIZES.tablet },
    async (page) => {
        await openStudy(page, CT.study);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);

        const from = await page.locator('.thumb').nth(1).boundingBox();
        const to = await portBox(page, 0);

        assert.ok(from !== null);
        await touch(page, [0, 20, 60, 140].map((d) =>
            [{ x: from.x + 30 + d, y: from.y + 30 + d / 8 }])
            .concat([[{ x: to.x + 100, y: to.y + 100 }]]));
        await isShown(page, 1, 0);
        await page.waitForFunction(() =>
            document.querySelector('.letter-top')?.textContent === 'H');

        await page.locator('.thumb').nth(0).tap();
        await page.waitForFunction(() =>
            document.querySelector('.letter-top')?.textContent === 'A');
    });


onPage('G4 a double click fills the stage with one viewport, another goes back', {},
    async (page) => {
        await openStudy(page, CT.study);
        await chooseLayout(page, 2, 2);
        await isShown(page, 1, 1);

        const box = await portBox(page, 1);

        await page.mouse.dblclick(box.x + 200, box.y + 200);
        await drawn(page);
        assert.ok((await portBox(page, 1)).width > box.width * 1.9);
        assert.equal(await page.locator('.cell:visible').count(), 1);
        await isShown(page, 1, 1);
        assert.equal(await top(page, 1), 'H');
        await page.mouse.dblclick(box.x - 300, box.y + 200);
        await drawn(page);
        assert.deepEqual(await portBox(page, 1), box);
        await isShown(page, 1, 0);
    });


onPage('G4 a double tap does the same', { size: SIZES.tablet }, async (page) => {
    await openStudy(page, CT.study);
    await chooseLayout(page, 2, 1);
    await isShown(page, 1, 1);

    const box = await portBox(page, 1);

    await doubleTap(page, { x: box.x + 100, y: box.y + 100 });
    await drawn(page);
    assert.ok((await portBox(page, 1)).height > box.height * 1.9);
    assert.match(await textOf(page, '.cell:not([hidden]) .corner-bl'), /1 \/ 3/);
});


onPage('cine runs in each viewport on its own', {}, async (page) => {
    await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
    await isShown(page, 1);
    await chooseLayout(page, 1, 2);
    await isShown(page, 1, 1);
    await page.keyboard.press('c');
    await page.waitForFunction(() => Number(/** @type {HTMLElement} */ (
        document.querySelector('.port')).dataset.shown) > 4);
    assert.equal(await page.locator('.port').nth(1).getAttribute('data-shown'), '1');
    assert.equal(await page.locator('.cine:visible').count(), 1);
    await page.keyboard.press('c');
});


onPage('G4 S12 a menu is for the viewport that is selected, and so is what is printed', {},
    async (page) => {
        const low = (/** @type {number} */ at) => page.locator('.corner-bl').nth(at).innerText();

        await openStudy(page, CT.study);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);
        await page.evaluate(() => { window.print = () => {}; });

        const box = await portBox(page, 1);

        await page.mouse.click(box.x + 300, box.y + 300, { button: 'right' });
        await page.locator('.menu-context [data-command="invert"]').click();
        await page.waitForFunction(() => [...document.querySelectorAll('.corner-bl')]
            .some((n) => n.textContent?.includes('inverted')));
        assert.ok(!(await low(0)).includes('inverted') && (await low(1)).includes('inverted'));
        assert.deepEqual(await active(page), [1]);

        // frames of the other one are before it on the page
        await page.mouse.click(80 + (await portBox(page, 0)).x, box.y + 300);
        await page.locator('.toolbar [data-command="layout"]').click();
        await page.getByRole('button', { name: '2 × 2 images' }).click();
        await isShown(page, 2, 1);
        assert.deepEqual(await active(page), [0]);

        const last = page.locator('.cell').nth(1);

        await last.locator('.port').click({ position: { x: 300, y: 300 } });
        await page.locator('.toolbar [data-command="output"]').click();
        await page.locator('.menu [data-command="print"]').click();
        await page.waitForSelector('.paper', { state: 'attached' });
        assert.deepEqual(await active(page), [1]);
        assert.equal(await page.locator('.paper-picture').evaluate((n) =>
            /** @type {HTMLCanvasElement} */ (n).width),
        Math.round((await last.locator('.frame').boundingBox())?.width ?? 0));
    });
