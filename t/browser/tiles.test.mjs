// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import {
    canvasPixels, difference, drag, isShown, onPage, openStudy, portBox,
    serverPicture, textOf,
} from './browser.mjs';
import { DX } from './studies.mjs';

const FRAME = `/studies/${DX.study}/series/${DX.study}.1/instances/${DX.study}.1.1/frames/1`;

/**
 * Of quality 90: previews, and what comes without loss at rest, are apart.
 * @param {import('playwright-core').Page} page
 */
function asked(page) {
    /** @type {string[]} */
    const urls = [];

    page.on('request', (r) => {
        if (/\/rendered.*quality=90/.test(r.url())) {
            urls.push(r.url());
        }
    });

    return urls;
}


onPage('a large radiograph comes hardly larger than it is seen', {}, async (page) => {
    const urls = asked(page);

    await openStudy(page, DX.study);

    const box = await portBox(page);
    const k = Math.min(box.width / DX.columns, box.height / DX.rows);
    const view = new URL(urls[0]).searchParams.get('viewport')?.split(',').map(Number);

    assert.equal(urls.length, 1);
    const side = [1024, 1280, 1600, 2048].find((n) => n >= DX.columns * k);

    assert.deepEqual(view, [side, side]);
    assert.equal(await textOf(page, '.letter-left'), 'R');
    assert.equal(await textOf(page, '.letter-top'), 'H');
    assert.match(await textOf(page, '.scale'), /cm[^]*at the detector/);
});


onPage('zoomed in, tiles of the stored pixels fill the view', {}, async (page) => {
    const urls = asked(page);

    await openStudy(page, DX.study);
    await page.keyboard.press('m');
    await isShown(page, 1);

    const tiles = urls.map((u) => new URL(u).searchParams.get('viewport')
        ?.split(',').map(Number) ?? []).filter((v) => v.length === 6);

    assert.ok(tiles.length >= 6 && tiles.length <= 20);
    assert.ok(tiles.every(([vw, vh, , , sw, sh]) => vw === sw && vh === sh
        && vw <= 512 && vh <= 512));

    // the tile around the middle, asked for apart, pixel for pixel
    const [vw, vh, sx, sy] = [512, 512, 1024, 1024];
    const server = await serverPicture(page,
        `${FRAME}/rendered?viewport=${vw},${vh},${sx},${sy},512,512&quality=90`);
    const box = await portBox(page);
    const left = Math.round(box.width / 2 - DX.columns / 2) + sx;
    const top = Math.round(box.height / 2 - DX.rows / 2) + sy;
    // without its rim: the canvas may blend it with the picture below
    const cut = (/** @type {number[][]} */ p, /** @type {number} */ width) =>
        Array.from({ length: 300 * 60 }, (_, i) =>
            p[(80 + Math.floor(i / 300)) * width + 100 + i % 300]);
    const mine = await canvasPixels(page, left + 100, top + 80, 300, 60);

    assert.equal(server.width, 512);
    assert.ok(difference(mine, cut(server.pixels, 512)) <= 2);

    // and the detail that only stored pixels have is there
    const greys = mine.slice(0, 300).map(([r]) => r);

    assert.ok(Math.max(...greys) - Math.min(...greys) > 80);
});


onPage('until the tiles are here the whole picture serves, and says so', {},
    async (page) => {
        await openStudy(page, DX.study);

        /** @type {(() => void)[]} */
        const held = [];

        await page.route('**/rendered?viewport=*,*,*,*,*,*', (route) => {
            held.push(() => route.continue().catch(() => {}));
        });
        await page.keyboard.press('m');
        await page.waitForFunction(() =>
            document.querySelector('.badge')?.textContent === 'preview');

        const some = await canvasPixels(page, 600, 400, 40, 40);
        const mean = some.reduce((a, [r]) => a + r, 0) / some.length;

        assert.ok(mean > 60 && mean < 200, String(mean));
        await page.unroute('**/rendered?viewport=*,*,*,*,*,*');
        held.forEach((go) => go());
        await isShown(page, 1);
    });


onPage('panning asks only for what comes into view', {}, async (page) => {
    const urls = asked(page);

    await openStudy(page, DX.study);
    await page.keyboard.press('m');
    await isShown(page, 1);

    const before = urls.length;

    await page.keyboard.press('t');
    await drag(page, { x: 800, y: 400, dx: -500, dy: 0 });
    await isShown(page, 1);

    const later = urls.slice(before);

    assert.ok(later.length > 0 && later.length <= 8, `${later.length} requests`);
    assert.equal(new Set(urls).size, urls.length);
});


onPage('B10 S4 rotate and flip turn pixels and letters together, and say so', {},
    async (page) => {
        await openStudy(page, DX.study);
        await page.keyboard.press('q');
        assert.equal(await textOf(page, '.letter-top'), 'R');
        assert.equal(await textOf(page, '.letter-right'), 'H');
        assert.match(await textOf(page, '.turned'), /Rotated 90°/);
        await page.keyboard.press('Escape');
        await page.keyboard.press('x');
        assert.equal(await textOf(page, '.letter-left'), 'L');
        assert.match(await textOf(page, '.turned'), /Flipped/);
        await isShown(page, 1);

        // the ramp rises to the left now
        const box = await portBox(page);
        const mean = async (/** @type {number} */ x) => {
            const p = await canvasPixels(page, Math.round(x), 200, 40, 40);
            return p.reduce((a, [r]) => a + r, 0) / p.length;
        };

        assert.ok(await mean(box.width * 0.25) > await mean(box.width * 0.7) + 3);
    });
