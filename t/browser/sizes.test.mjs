// SPDX-License-Identifier: BSD-2-Clause
//
// From the smallest phone to 8K: nothing lies over anything else, and nothing
// is out of reach.

import assert from 'node:assert/strict';

import { BASE, chooseLayout, drawn, onPage, openStudy } from './browser.mjs';
import { CT } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** width, height in CSS px, whether by touch */
const SIZES = /** @type {const} */ ([
    [320, 568, true], [568, 320, true], [390, 844, true], [844, 390, true],
    [768, 1024, true], [1024, 768, true], [1440, 900, false], [3840, 2160, false],
    [7680, 4320, false],
]);


/**
 * What is wrong with the boxes of a page.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
export async function crowded(page) {
    await drawn(page);

    return page.evaluate(() => {
        /** @typedef {{name: string, left: number, top: number, right: number,
         *             bottom: number}} Box */
        const wrong = [];
        const root = document.documentElement;
        const coarse = matchMedia('(pointer: coarse)').matches;
        const least = coarse ? 44 : 24;

        if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) {
            wrong.push(`the page scrolls: ${root.scrollWidth} x ${root.scrollHeight}`);
        }

        const nameOf = (/** @type {Element} */ n) =>
            `${n.className.toString().split(' ')[0] || n.tagName} “${(n.getAttribute('aria-label')
                || n.textContent || '').trim().slice(0, 24)}”`;
        const scrolls = (/** @type {Element} */ n) => {
            for (let up = n.parentElement; up !== null && up !== root; up = up.parentElement) {
                const { overflowX, overflowY } = getComputedStyle(up);

                if (up !== document.body && (/auto|scroll/.test(overflowX + overflowY))) {
                    return true;
                }
            }
            return false;
        };

        // what is pressed: in reach, large enough, covered by nothing
        for (const n of document.querySelectorAll('button, select, input, a[href], [role="slider"]')) {
            const box = n.getBoundingClientRect();
            const { visibility } = getComputedStyle(n);

            if (box.width === 0 || visibility === 'hidden' || n.closest('.unseen') !== null) {
                continue;
            }

            const isInline = n.matches('.row-name, .banner a:not(.button, .fitness)');
            const target = n.matches('[role="slider"]') || n.closest('label') !== null ? box
                : box;
            const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
            const isIn = box.left >= -0.5 && box.right <= innerWidth + 0.5
                && box.top >= -0.5 && box.bottom <= innerHeight + 0.5;

            if (!isIn) {
                if (!scrolls(n)) {
                    wrong.push(`${nameOf(n)} is out of reach`);
                }
                continue;
            }

            if (!isInline && !n.matches('[role="slider"]')
                && (target.width < least - 0.5 || target.height < least - 0.5))
            {
                wrong.push(`${nameOf(n)} is ${target.width.toFixed(1)} x ${target.height.toFixed(1)}`);
            }

            const on = document.elementFromPoint(x, y);

            if (on === null || !n.contains(on) && !on.contains(n)) {
                wrong.push(`${nameOf(n)} is covered by ${on && nameOf(on)}`);
            }
        }

        // what is written on a picture
        const texts = (/** @type {Element} */ within, /** @type {string} */ selector) =>
            [...within.querySelectorAll(selector)].flatMap((n) => {
                const range = document.createRange();

                range.selectNodeContents(n);

                const text = range.getBoundingClientRect();
                const box = n.getBoundingClientRect();

                return text.width === 0 || !n.checkVisibility() ? [] : [{
                    name: nameOf(n), left: Math.max(text.left, box.left),
                    right: Math.min(text.right, box.right), top: text.top,
                    bottom: text.bottom,
                }];
            });
        const apart = (/** @type {Box[]} */ all) => all.forEach((a, i) =>
            all.slice(i + 1).forEach((b) => {
                if (a.left < b.right - 1 && b.left < a.right - 1
                    && a.top < b.bottom - 1 && b.top < a.bottom - 1)
                {
                    wrong.push(`${a.name} and ${b.name} overlap`);
                }
            }));

        for (const port of document.querySelectorAll('.cell')) {
            const all = texts(port, '.corner div, .letter, .scale, .badge, .lossy, '
                + '.turned, .prior, .cine, .space-row');
            const box = port.getBoundingClientRect();

            apart(all);
            all.filter((t) => t.left < box.left || t.right > box.right + 0.5
                || t.top < box.top || t.bottom > box.bottom + 0.5)
                .forEach((t) => wrong.push(`${t.name} is cut`));
        }

        apart(texts(document, '.banner-name, .banner-facts .fact, .banner-description, '
            + '.fitness, .head-title, .live-text, .pager-text, .chip, .field-label, '
            + '.thead th button, .cell-name, .cell-date, .cell-modality'));

        return [...new Set(wrong)];
    });
}


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
