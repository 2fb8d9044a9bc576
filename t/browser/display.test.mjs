// SPDX-License-Identifier: BSD-2-Clause
//
// The display check: a person's eyes are the canvas, read back.

import assert from 'node:assert/strict';

import { BASE, SIZES, onPage, openStudy } from './browser.mjs';
import { CT } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/**
 * What differs from the ground: its sector, the middle of it in CSS px, by
 * how much.
 * @param {Page} page
 */
function look(page) {
    return page.evaluate(() => {
        const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.field-picture'));
        const { width, height } = canvas;
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        const { data } = context.getImageData(0, 0, width, height);
        const sum = { x: 0, y: 0, count: 0, step: 0 };

        for (let i = 0; i < width * height; i++) {
            const step = Math.abs(data[4 * i] - data[0]);

            if (step > 0) {
                sum.x += i % width;
                sum.y += Math.floor(i / width);
                sum.count++;
                sum.step = Math.max(sum.step, step);
            }
        }

        const x = sum.x / sum.count / width;
        const y = sum.y / sum.count / height;
        const box = canvas.getBoundingClientRect();

        return {
            ground: data[0], step: sum.step,
            sector: Math.floor(y * 3) * 3 + Math.floor(x * 3),
            x: box.x + x * box.width, y: box.y + y * box.height,
            isVisible: box.y >= 0 && box.bottom <= innerHeight + 1,
        };
    });
}

const tickAll = async (/** @type {Page} */ page) => {
    for (const box of await page.getByRole('checkbox').all()) {
        await box.check();
    }
};

const place = (/** @type {Page} */ page, /** @type {number} */ n) =>
    page.getByText(`Disc ${n} of 9`).waitFor();

const today = (/** @type {Page} */ page) => page.evaluate(() =>
    new Date().toLocaleDateString('en-US', { year: 'numeric', month: 'short', day: '2-digit' }));


onPage('H8 display check by keys: faint discs on three grounds; the viewer says so',
    {}, async (page) => {
        await page.goto(`${BASE}/`);
        await page.getByRole('link', { name: 'Display check' }).click();
        await page.getByText('Display not checked').waitFor();
        await tickAll(page);
        await page.getByRole('button', { name: 'Start the test' }).focus();
        await page.keyboard.press('Enter');

        const grounds = [];

        for (let n = 1; n <= 9; n++) {
            await place(page, n);

            const disc = await look(page);

            grounds.push(disc.ground);
            assert.ok(disc.step >= 2 && disc.step <= 5, `a step of ${disc.step}`);
            assert.ok(disc.isVisible, 'the whole field is on the screen');
            await page.keyboard.press(String(disc.sector + 1));
        }

        assert.deepEqual(grounds, [20, 20, 20, 128, 128, 128, 235, 235, 235]);

        const day = await today(page);

        await page.getByText('Passed', { exact: true }).waitFor();
        await page.getByText(`Display checked ${day}`).waitFor();
        assert.match(await page.locator('.check-until').innerText(), /^Valid until [A-Z][a-z]{2} \d\d, \d{4}$/);

        await openStudy(page, CT.study);
        await page.locator('.fitness', { hasText: `Display checked ${day}` }).waitFor();
    });


onPage('H8 display check by touch: what is not seen fails it, and expires',
    { size: SIZES.phone }, async (page) => {
        await page.goto(`${BASE}/display.html`);
        await tickAll(page);
        await page.getByRole('button', { name: 'Start the test' }).tap();

        for (let n = 1; n <= 9; n++) {
            await place(page, n);

            const disc = await look(page);

            // none of the middle ground's is seen
            if (disc.ground === 128) {
                await page.getByRole('button', { name: 'I see none' }).tap();
            } else {
                await page.touchscreen.tap(disc.x, disc.y);
            }
        }

        const day = await today(page);

        await page.getByText('Not passed').waitFor();
        await page.getByText('Least step seen on middle ground: none').waitFor();
        await page.getByText('Least step seen on light ground: 2 of 255').waitFor();
        await page.getByText(`Display failed ${day}`).waitFor();

        // a check of 31 days ago
        await page.evaluate(() => localStorage.setItem('pacs.display',
            JSON.stringify({ time: Date.now() - 31 * 86_400_000, passed: true })));
        await openStudy(page, CT.study);

        const chip = page.getByRole('link', { name: /^Display not checked since/ });

        await chip.waitFor();
        assert.equal(await chip.getAttribute('href'), 'display.html');
    });


onPage('H8 the test is stopped by Escape, and nothing is kept', {}, async (page) => {
    await page.goto(`${BASE}/display.html`);
    await page.getByRole('button', { name: 'Start the test' }).click();
    await place(page, 1);
    await page.keyboard.press('0');
    await place(page, 2);
    await page.keyboard.press('Escape');
    await page.getByText('Nothing was kept').waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('pacs.display')), null);
});


onPage('H8 the pattern is drawn in the pixels of the screen', { size: SIZES.phone },
    async (page) => {
        await page.goto(`${BASE}/display.html`);

        const seen = await page.waitForFunction(() => {
            const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.pattern-picture'));

            if (canvas.width < 2) {
                return null;
            }

            const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
                .getImageData(0, 0, canvas.width, canvas.height);
            const counts = new Array(256).fill(0);

            for (let i = 0; i < data.length; i += 4) {
                counts[data[i]]++;
            }

            return { ratio: canvas.width / canvas.getBoundingClientRect().width, counts };
        }).then((h) => h.jsonValue());

        assert.ok(seen !== null && Math.abs(seen.ratio - 2) < .01);
        assert.ok([0, 13, 128, 242, 255].every((v) => seen.counts[v] > 500),
            'black, 5 %, the ground, 95 %, white');
    });


onPage('H8 the help of the viewer leads to the check', {}, async (page) => {
    await openStudy(page, CT.study);
    await page.getByRole('link', { name: 'Display not checked' }).waitFor();
    await page.keyboard.press('h');
    await page.getByRole('link', { name: 'Check this display' }).waitFor();
});
