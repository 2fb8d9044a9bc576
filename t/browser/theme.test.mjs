// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import { isAccessible } from './axe.mjs';
import { BASE, SIZES, isShown, onPage, openStudy } from './browser.mjs';
import { CT } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const THEMES = /** @type {const} */ (['dark', 'light']);

const themeOf = (/** @type {Page} */ page) =>
    page.evaluate(() => document.documentElement.dataset.theme);

/** How light a ground is, 0 to 1. @param {Page} page @param {string} selector */
const lightOf = (page, selector) => page.evaluate((selector) => {
    const node = /** @type {Element} */ (document.querySelector(selector));
    const [r, g, b] = (/\((.*)\)/.exec(getComputedStyle(node).backgroundColor)?.[1] ?? '')
        .split(',').map(Number);

    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}, selector);


for (const scheme of THEMES) {
    onPage(`G25 H15 the list is ${scheme} as the system is`, {}, async (page) => {
        await page.emulateMedia({ colorScheme: scheme });
        await page.goto(BASE);
        await page.locator('.row').first().waitFor();
        assert.equal(await themeOf(page), scheme);
        assert.equal(await lightOf(page, 'body') > 0.5, scheme === 'light');
        await isAccessible(page, scheme);
    });


    onPage(`G25 H15 the viewer is ${scheme} as the system is, around pictures dark`, {},
        async (page) => {
            await page.emulateMedia({ colorScheme: scheme });
            await openStudy(page, CT.study);
            assert.equal(await lightOf(page, '.toolbar') > 0.5, scheme === 'light');

            for (const part of ['.stage', '.port', '.slider', '.thumb-frame']) {
                assert.ok(await lightOf(page, part) < 0.12, part);
            }

            await isAccessible(page, scheme);
        });
}


onPage('G25 the theme is chosen on a page, remembered, and never flashes', {},
    async (page) => {
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.goto(BASE);
        await page.getByRole('button', { name: 'Light or dark' }).click();
        assert.equal(await themeOf(page), 'light');

        // at the first frame that is drawn, whatever comes later
        await page.addInitScript(() => requestAnimationFrame(() => {
            const { theme } = document.documentElement.dataset;

            Object.assign(globalThis, { atFirst: theme });
        }));
        await openStudy(page, CT.study);
        assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).atFirst),
            'light');

        await page.getByRole('button', { name: 'Light or dark' }).click();
        await page.waitForFunction(() =>
            document.documentElement.dataset.theme === 'dark');
        await page.reload();
        await isShown(page, 1);
        assert.equal(await themeOf(page), 'dark');

        // the system's own was chosen: it is followed again
        await page.emulateMedia({ colorScheme: 'light' });
        await page.waitForFunction(() =>
            document.documentElement.dataset.theme === 'light');
    });


onPage('G25 a theme that was chosen in another tab is here, too', { size: SIZES.tablet },
    async (page) => {
        await page.emulateMedia({ colorScheme: 'dark' });
        await openStudy(page, CT.study);

        const other = await page.context().newPage();

        await other.emulateMedia({ colorScheme: 'dark' });
        await other.goto(BASE);
        await other.getByRole('button', { name: 'Light or dark' }).click();
        await page.waitForFunction(() =>
            document.documentElement.dataset.theme === 'light');
    });
