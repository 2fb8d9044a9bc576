// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import {
    SIZES, doubleTap, isShown, onPage, openStudy, portBox, textOf, touch,
} from './browser.mjs';
import { CT, DX } from './studies.mjs';

/** Points along a line, for one finger. */
function line(/** @type {number} */ x, /** @type {number} */ y,
    /** @type {number} */ dx, /** @type {number} */ dy, steps = 6)
{
    return Array.from({ length: steps + 1 }, (_, i) =>
        [{ x: x + dx * i / steps, y: y + dy * i / steps }]);
}

/**
 * On a busy machine the browser may take a tap for a long press, which is no
 * click: then once more, as a person would.
 * @param {import('playwright-core').Locator} button
 * @param {import('playwright-core').Locator} effect
 */
async function tapUntil(button, effect) {
    for (let i = 0; i < 4; i++) {
        await button.tap();

        if (await effect.waitFor({ timeout: 5000 }).then(() => true, () => false)) {
            return;
        }
    }

    assert.fail('four taps have no effect');
}

/** Percent of the zoom. */
const zoomOf = async (/** @type {import('playwright-core').Page} */ page) =>
    Number(/([\d.]+) %/.exec(await textOf(page, '.corner-bl'))?.[1]);


onPage('G23 one finger uses the tool', { size: SIZES.tablet }, async (page) => {
    await openStudy(page, CT.study);

    const box = await portBox(page);

    await touch(page, line(box.x + 300, box.y + 200, 0, 60));
    await isShown(page, 6);
    await tapUntil(page.getByRole('button', { name: 'Window', exact: true }),
        page.locator('.tool[data-command="window"][aria-pressed="true"]'));
    await touch(page, line(box.x + 300, box.y + 200, 150, 0));
    assert.match(await textOf(page, '.corner-bl'), /C 40 +W 600/);
    await isShown(page, 6);
});


onPage('G23 two fingers pinch and pan; the tool does nothing meanwhile',
    { size: SIZES.tablet }, async (page) => {
        await openStudy(page, CT.study);

        const box = await portBox(page);
        const before = await zoomOf(page);
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const pair = (/** @type {number} */ half, dx = 0) =>
            [{ x: x - half + dx, y }, { x: x + half + dx, y }];

        await touch(page, [pair(60), pair(90), pair(120)]);
        const after = await zoomOf(page);

        assert.ok(Math.abs(after / before - 2) < 0.05, `${before} ${after}`);
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);

        await touch(page, [pair(60), pair(60, 50), pair(60, 100)]);
        assert.ok(Math.abs(await zoomOf(page) - after) < 2);
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);

        // one finger lifted: the other does not begin to scroll
        const cdp = await page.context().newCDPSession(page);
        const send = (/** @type {string} */ type, /** @type {any[]} */ points) =>
            cdp.send('Input.dispatchTouchEvent', /** @type {any} */ ({
                type, touchPoints: points }));
        const [a, b] = pair(60).map((p, id) => ({ ...p, id }));

        await send('touchStart', [a]);
        await send('touchStart', [a, b]);
        await send('touchEnd', [b]);
        await send('touchMove', [{ ...b, y: b.y + 200 }]);
        await send('touchEnd', []);
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);
    });


onPage('G23 double tap goes to 1:1 and back', { size: SIZES.phone }, async (page) => {
    await openStudy(page, DX.study);

    const box = await portBox(page);
    const at = { x: box.x + 150, y: box.y + 200 };
    const fit = await zoomOf(page);

    await doubleTap(page, at);
    await page.waitForFunction(() =>
        document.querySelector('.corner-bl')?.textContent?.includes('50 %'));
    await isShown(page, 1);
    await doubleTap(page, at);
    await page.waitForFunction((f) => document.querySelector('.corner-bl')
        ?.textContent?.includes(`${f} %`), fit);
});


for (const name of /** @type {('desktop' | 'tablet' | 'upright' | 'phone')[]} */ (
    Object.keys(SIZES)))
{
    onPage(`the viewer fits a ${name}: nothing overflows, targets are large`,
        { size: SIZES[name] }, async (page) => {
            await openStudy(page, CT.study);

            const size = SIZES[name];
            const found = await page.evaluate(() => ({
                over: [document.documentElement.scrollWidth - innerWidth,
                    document.documentElement.scrollHeight - innerHeight],
                nameless: [...document.querySelectorAll('button, select, input, a')]
                    .filter((n) => !n.getAttribute('aria-label')
                        && !n.textContent?.trim()).length,
                small: matchMedia('(pointer: coarse)').matches
                    ? [...document.querySelectorAll('button, select, a.button')]
                        .filter((n) => n.getClientRects().length > 0)
                        .map((n) => n.getBoundingClientRect())
                        .filter((r) => r.height < 44 || r.width < 44).length
                    : 0,
            }));
            const box = await portBox(page);

            assert.deepEqual(found, { over: [0, 0], nameless: 0, small: 0 });
            assert.ok(box.width * box.height > size.width * size.height * 0.5);
        });
}


onPage('the keyboard reaches everything, and it can be seen where it is', {},
    async (page) => {
        await openStudy(page, CT.study);

        const stops = new Set();

        for (let i = 0; i < 40; i++) {
            await page.keyboard.press('Tab');

            const [stop, outline] = await page.evaluate(() => {
                const on = /** @type {HTMLElement} */ (document.activeElement);
                return [on.getAttribute('aria-label') ?? on.tagName,
                    getComputedStyle(on).outlineStyle];
            });

            if (stop !== 'BODY') {
                assert.notEqual(outline, 'none', stop);
                stops.add(stop);
            }
        }

        for (const name of ['Study list', 'Scroll', 'Window', 'Invert', 'Image',
            'Image in the series', 'CT, Axial <script>, 24 images'])
        {
            assert.ok(stops.has(name), name);
        }
    });
