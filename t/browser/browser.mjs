// SPDX-License-Identifier: BSD-2-Clause
//
// A browser on the pages, and eyes: what the tests of t/60-browser.t share.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { drawn, isShown } from './eyes.mjs';
import { readPng } from './png.mjs';

export * from './eyes.mjs';

export const BASE = process.env.PACS_URL ?? 'http://127.0.0.1:8080';

export const SIZES = {
    desktop: { width: 1440, height: 900 },
    tablet: { width: 1024, height: 768, touch: true },
    upright: { width: 768, height: 1024, touch: true },
    phone: { width: 390, height: 844, touch: true, scale: 2 },
};

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
});

after(async () => { await browser?.close(); });


/**
 * A test with a page of its own.  Errors of the page, of its scripts and of
 * its security policy fail it, but for those that `allow` names.
 * @param {string} name
 * @param {{size?: {width: number, height: number, touch?: boolean,
 *          scale?: number}, allow?: RegExp, timeout?: number, worker?: boolean,
 *          skip?: string}} options
 *     worker: the service worker may run; skip: why, or ''
 * @param {(page: import('playwright-core').Page) => Promise<void>} body
 */
export function onPage(name, options, body) {
    test(name, { timeout: options.timeout ?? 180000, skip: options.skip || false }, async () => {
        const size = options.size ?? SIZES.desktop;
        const context = await browser.newContext({
            viewport: { width: size.width, height: size.height },
            hasTouch: size.touch ?? false,
            isMobile: size.touch ?? false,
            deviceScaleFactor: size.scale ?? 1,
            serviceWorkers: options.worker ? 'allow' : 'block',
        });
        /** @type {string[]} */
        const wrong = [];

        context.setDefaultTimeout(60000);
        context.on('page', (page) => {
            page.on('pageerror', (e) => wrong.push(`error: ${e.stack || e}`));
            page.on('dialog', (d) => { wrong.push(`dialog: ${d.message()}`); d.dismiss(); });
            page.on('console', (m) => {
                if (m.type() === 'error') {
                    wrong.push(`console: ${m.text()} ${m.location().url}`);
                }
            });
        });

        try {
            await body(await context.newPage());
        } finally {
            await Promise.all(context.pages().map(letGo));
            await context.close();
        }

        assert.deepEqual(wrong.filter((w) => !options.allow?.test(w)), []);
    });
}


/**
 * Answers that are still under way are nobody's fault when the page closes.
 * @param {import('playwright-core').Page} page
 */
function letGo(page) {
    return page.unrouteAll({ behavior: 'ignoreErrors' });
}


/**
 * Closes the page; another one of the same browser.
 * @param {import('playwright-core').Page} page
 */
export async function nextPage(page) {
    const context = page.context();

    await letGo(page);
    await page.close();
    return context.newPage();
}


/**
 * @param {import('playwright-core').Page} page
 * @param {string} study
 */
export async function openStudy(page, study) {
    await page.goto(`${BASE}/viewer.html?study=${study}`);
    await isShown(page, 1);
}


/**
 * Other metadata than the server's, in whichever answer they come.
 * @param {import('playwright-core').Page} page
 * @param {(all: any[]) => any[]} change
 * @param {string} [suffix] of the series' UID
 */
export async function withMetadata(page, change, suffix = '') {
    await page.route(`**/series/*${suffix}/metadata`, async (route) => {
        const answer = await route.fetch();

        await route.fulfill({ response: answer, json: change(await answer.json()) });
    });
    await page.route(/\/studies\/[\d.]+\/session$/, async (route) => {
        const answer = await route.fetch();
        const body = await answer.json();

        if (body.session?.series.endsWith(suffix) && body.metadata !== undefined) {
            const { shared, instances } = body.metadata;

            body.metadata = { instances: change(
                instances.map((/** @type {any} */ own) => ({ ...shared, ...own }))) };
        }

        await route.fulfill({ response: answer, json: body });
    });
}


/**
 * What a person sees of the viewport.
 * @param {import('playwright-core').Page} page
 * @param {number} [at] index of the viewport
 */
export async function seen(page, at = 0) {
    await drawn(page);

    return readPng(await page.locator('.port').nth(at).screenshot());
}


/**
 * Box of the viewport on the page.
 * @param {import('playwright-core').Page} page
 * @param {number} [at] index of the viewport
 */
export async function portBox(page, at = 0) {
    return /** @type {{x: number, y: number, width: number, height: number}} */ (
        await page.locator('.port').nth(at).boundingBox());
}


/**
 * A drag with the mouse, from a point of the viewport.
 * @param {import('playwright-core').Page} page
 * @param {{x: number, y: number, dx: number, dy: number,
 *          button?: 'left' | 'middle' | 'right', hold?: boolean}} d CSS px;
 *     hold: the button stays down
 * @param {number} [at] index of the viewport
 */
export async function drag(page, d, at = 0) {
    const box = await portBox(page, at);

    await page.mouse.move(box.x + d.x, box.y + d.y);
    await page.mouse.down({ button: d.button ?? 'left' });
    await page.mouse.move(box.x + d.x + d.dx / 2, box.y + d.y + d.dy / 2);
    await page.mouse.move(box.x + d.x + d.dx, box.y + d.y + d.dy);

    if (!d.hold) {
        await page.mouse.up({ button: d.button ?? 'left' });
    }
}


/**
 * Fingers, by the browser's own touch events: each step is a list of points.
 * @param {import('playwright-core').Page} page
 * @param {{x: number, y: number}[][]} steps CSS px of the page
 */
export async function touch(page, steps) {
    const cdp = await page.context().newCDPSession(page);
    const send = (/** @type {string} */ type, /** @type {any[]} */ points) =>
        cdp.send('Input.dispatchTouchEvent', /** @type {any} */ ({
            type, touchPoints: points.map((p, id) => ({ ...p, id })) }));

    await send('touchStart', steps[0]);

    for (const points of steps.slice(1)) {
        await send('touchMove', points);
    }

    await send('touchEnd', []);
    await cdp.detach();
}


/**
 * Two taps of one finger, sent in one go: between them is no time that a
 * loaded machine could stretch.
 * @param {import('playwright-core').Page} page
 * @param {{x: number, y: number}} at CSS px of the page
 */
export async function doubleTap(page, at) {
    const cdp = await page.context().newCDPSession(page);
    const send = (/** @type {string} */ type) =>
        cdp.send('Input.dispatchTouchEvent', /** @type {any} */ ({
            type, touchPoints: type === 'touchStart' ? [{ ...at, id: 0 }] : [] }));

    await Promise.all(['touchStart', 'touchEnd', 'touchStart', 'touchEnd'].map(send));
    await cdp.detach();
}


/**
 * @param {import('playwright-core').Page} page
 * @param {string} selector
 */
export async function textOf(page, selector) {
    await drawn(page);

    return page.locator(selector).innerText();
}


/**
 * Chooses a layout as a person does.
 * @param {import('playwright-core').Page} page
 * @param {number} rows
 * @param {number} columns
 */
export async function chooseLayout(page, rows, columns) {
    await page.getByRole('button', { name: 'Layout' }).click();
    await page.getByRole('button', { name: `${rows} × ${columns}`, exact: true }).click();
    await drawn(page);
}


/**
 * Drags a thumbnail of the strip into a viewport.
 * @param {import('playwright-core').Page} page
 * @param {number} thumb index in the strip
 * @param {number} at index of the viewport
 */
export async function dragSeries(page, thumb, at) {
    const from = await page.locator('.thumb').nth(thumb).boundingBox();
    const to = await portBox(page, at);

    assert.ok(from !== null);
    await page.mouse.move(from.x + 40, from.y + 40);
    await page.mouse.down();
    await page.mouse.move(from.x + 80, from.y + 60);
    await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2);
    await page.mouse.up();
    await drawn(page);
}
