// SPDX-License-Identifier: BSD-2-Clause
//
// The boxes of a page: what lies over what, and what cannot be reached.

import { drawn } from './browser.mjs';

/** @typedef {import('playwright-core').Page} Page */

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
        const scrollerOf = (/** @type {Element} */ n) => {
            for (let up = n.parentElement; up !== null && up !== document.body;
                up = up.parentElement)
            {
                const { overflowX, overflowY } = getComputedStyle(up);

                if (/auto|scroll/.test(overflowX + overflowY)) {
                    return up.getBoundingClientRect();
                }
            }

            return null;
        };

        // what is pressed: in reach, large enough, covered by nothing
        for (const n of document.querySelectorAll('button, select, input, a[href], [role="slider"]')) {
            const box = n.getBoundingClientRect();
            const { visibility } = getComputedStyle(n);

            if (box.width < 2 || visibility === 'hidden' || n.closest('.unseen') !== null) {
                continue;
            }

            const isInline = n.matches('.row-name, .banner a:not(.button, .fitness)');
            const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
            const isIn = box.left >= -0.5 && box.right <= innerWidth + 0.5
                && box.top >= -0.5 && box.bottom <= innerHeight + 0.5;

            const scroller = scrollerOf(n);

            if (!isIn && scroller === null) {
                wrong.push(`${nameOf(n)} is out of reach`);
            }

            // what can be scrolled to is in reach
            if (!isIn || scroller !== null && (x < scroller.left || x > scroller.right
                || y < scroller.top || y > scroller.bottom))
            {
                continue;
            }

            if (!isInline && !n.matches('[role="slider"]')
                && (box.width < least - 0.5 || box.height < least - 0.5))
            {
                wrong.push(`${nameOf(n)} is ${box.width.toFixed(1)} x ${box.height.toFixed(1)}`);
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

                let { left, right, top, bottom } = range.getBoundingClientRect();

                // as far as it is not clipped
                for (let up = /** @type {Element | null} */ (n); up !== null; up = up.parentElement) {
                    if (getComputedStyle(up).overflowX !== 'visible') {
                        const box = up.getBoundingClientRect();

                        [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
                        [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
                    }
                }

                return right - left < 1 || bottom - top < 1 || !n.checkVisibility() ? []
                    : [{ name: nameOf(n), left, right, top, bottom }];
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
