// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import { isAccessible } from './axe.mjs';
import {
    BASE, SIZES, doubleTap, drag, drawn, isShown, onPage, openStudy, portBox, textOf, touch,
} from './browser.mjs';
import { storeCt } from './phantoms.mjs';
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


/**
 * A finger that is down: where it goes, and up again.
 * @param {import('playwright-core').Page} page
 */
async function finger(page) {
    const cdp = await page.context().newCDPSession(page);
    const send = (/** @type {string} */ type, /** @type {any[]} */ points) =>
        cdp.send('Input.dispatchTouchEvent', /** @type {any} */ ({
            type, touchPoints: points.map((p, id) => ({ ...p, id })) }));

    return {
        down: (/** @type {any[]} */ ...points) => send('touchStart', points),
        move: (/** @type {any[]} */ ...points) => send('touchMove', points),
        up: () => send('touchEnd', []),
    };
}

/** A pen: its points, from the first to the last one pressed. */
async function penStroke(/** @type {import('playwright-core').Page} */ page,
    /** @type {{x: number, y: number}[]} */ ...points)
{
    const cdp = await page.context().newCDPSession(page);
    const send = (/** @type {string} */ type, /** @type {any} */ p, buttons = 1) =>
        cdp.send('Input.dispatchMouseEvent', /** @type {any} */ ({
            type, ...p, button: 'left', buttons, clickCount: 1, pointerType: 'pen' }));

    await send('mouseMoved', points[0], 0);
    await send('mousePressed', points[0]);

    for (const p of points.slice(1)) {
        await send('mouseMoved', p);
    }

    await send('mouseReleased', points[points.length - 1], 0);
    await cdp.detach();
}

/** Later than a press of any length that begins now. */
const afterPress = (/** @type {import('playwright-core').Page} */ page) =>
    page.evaluate(() => new Promise((done) => setTimeout(done, 700)));


onPage('G5 a tap at the edge of a picture is a step, back and forth',
    { size: SIZES.phone }, async (page) => {
        await openStudy(page, CT.study);

        const box = await portBox(page);
        const right = line(box.x + box.width - 20, box.y + 300, 0, 0, 1);
        const left = line(box.x + 20, box.y + 300, 0, 0, 1);

        await touch(page, right);
        await isShown(page, 2);
        // at once again: a step each, no double tap
        await touch(page, right);
        await touch(page, right);
        await isShown(page, 4);
        await touch(page, left);
        await isShown(page, 3);
        await touch(page, line(box.x + box.width / 2, box.y + 300, 0, 0, 1));
        await isShown(page, 3);
        // a drag that begins there is one
        await touch(page, line(box.x + box.width - 20, box.y + 200, 0, 60));
        await isShown(page, 6 + 2);
    });


onPage('G5 three ways to scroll by a finger: drag, slider, edge', { size: SIZES.tablet },
    async (page) => {
        await openStudy(page, CT.study);

        const box = await portBox(page);
        const slider = await page.locator('.slider').boundingBox();

        assert.ok(slider !== null);
        await touch(page, line(box.x + 300, box.y + 200, 0, 60));
        await isShown(page, 6);
        await touch(page, line(box.x + box.width - 20, box.y + 200, 0, 0, 1));
        await isShown(page, 7);
        // a finger is broader than the bar that is seen
        await touch(page, line(slider.x - 8, slider.y + slider.height - 10, 0, 0, 1));
        await isShown(page, 24);
    });


onPage('G23 a long press opens the menu: tools, windows, layouts, reset',
    { size: SIZES.phone }, async (page) => {
        await openStudy(page, CT.study);

        const box = await portBox(page);
        const at = { x: box.x + 150, y: box.y + 200 };
        const menu = page.getByRole('menu', { name: 'Menu of the viewport' });
        const { down, move, up } = await finger(page);

        await down(at);
        await menu.waitFor();
        await up();

        for (const group of ['Tool', 'Window', 'Layout', 'Picture']) {
            assert.equal(await menu.getByRole('group', { name: group }).count(), 1, group);
        }

        assert.equal(await menu.getByRole('menuitemradio', { name: 'Scroll' })
            .getAttribute('aria-checked'), 'true');
        assert.deepEqual(await menu.evaluate((node) => {
            const { left, top, right, bottom } = node.getBoundingClientRect();

            return [left >= 0, top >= 0, right <= innerWidth, bottom <= innerHeight];
        }), [true, true, true, true]);
        await isAccessible(page, 'menu');
        await menu.getByRole('menuitemradio', { name: /Lung/ }).tap();
        await page.waitForFunction(() => /C -600 +W 1500/.test(
            document.querySelector('.corner-bl')?.textContent ?? ''));
        assert.equal(await menu.count(), 0);

        // movement is the tool's
        await down(at);
        await move({ ...at, y: at.y + 30 });
        await afterPress(page);
        assert.equal(await menu.count(), 0);
        await up();

        // two fingers are a pinch
        await down(at);
        await down(at, { ...at, x: at.x + 60 });
        await afterPress(page);
        assert.equal(await menu.count(), 0);
        await up();

        // and a tap is short
        await touch(page, line(at.x, at.y, 0, 0, 1));
        await afterPress(page);
        assert.equal(await menu.count(), 0);
    });


onPage('G23 the menu by right click and by key; a right drag is a window', {},
    async (page) => {
        await openStudy(page, CT.study);

        const box = await portBox(page);
        const menu = page.getByRole('menu', { name: 'Menu of the viewport' });

        await page.mouse.click(box.x + 300, box.y + 300, { button: 'right' });
        await menu.getByRole('menuitemradio', { name: '2 × 2' }).click();
        await page.locator('.ports[data-layout="2x2"]').waitFor();
        // of the selected viewport, and back to it
        await page.locator('.port').nth(3).focus();

        for (const key of ['ContextMenu', 'Shift+F10']) {
            await page.keyboard.press(key);
            await menu.waitFor();

            const at = await menu.boundingBox();

            assert.ok(at !== null && at.x > (await portBox(page, 3)).x);
            await page.keyboard.press('Escape');
            await menu.waitFor({ state: 'detached' });
            assert.equal(await page.evaluate(() => document.activeElement
                === document.querySelectorAll('.port')[3]), true);
        }

        await drag(page, { x: 200, y: 200, dx: 60, dy: 0, button: 'right' });
        assert.equal(await menu.count(), 0);
        assert.doesNotMatch(await page.locator('.corner-bl').first().innerText(), /W 400/);
    });


onPage('G23 the pen draws, and fingers pan and pinch meanwhile', { size: SIZES.tablet },
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await page.keyboard.press('d');
        await page.locator('.panel').waitFor({ state: 'attached' });

        const box = await portBox(page);
        const at = (/** @type {number} */ x, /** @type {number} */ y) =>
            ({ x: box.x + x, y: box.y + y });
        const marks = page.locator('.layer-marks .mark');

        await penStroke(page, at(300, 300), at(350, 300), at(400, 300));
        await marks.first().waitFor({ state: 'attached' });
        assert.equal(await marks.count(), 1);

        // a finger does not draw now: it takes the picture along
        const place = () => page.evaluate(() => {
            const { x, y } = /** @type {Element} */ (
                document.querySelector('.layer-marks .mark-line')).getBoundingClientRect();

            return { x, y };
        });
        const before = await place();

        await touch(page, line(box.x + 300, box.y + 450, 40, 30));
        await drawn(page);

        const after = await place();

        assert.ok(Math.abs(after.x - before.x - 40) < 2
            && Math.abs(after.y - before.y - 30) < 2, JSON.stringify([before, after]));
        assert.equal(await marks.count(), 1);

        const zoom = await zoomOf(page);

        await touch(page, [50, 75, 100].map((half) =>
            [at(350 - half, 400), at(350 + half, 400)]));
        assert.ok(Math.abs(await zoomOf(page) / zoom - 2) < 0.05);
        assert.equal(await marks.count(), 1);

        await penStroke(page, at(200, 200), at(260, 260));
        await page.waitForFunction(() =>
            document.querySelectorAll('.layer-marks .mark').length === 2);
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
