// SPDX-License-Identifier: BSD-2-Clause
//
// The OHIF viewer, as published on npm, on this server: its study list, a CT,
// and an instance in each transfer syntax that it knows.  What it decoded
// itself is compared with the server's own numbers and pictures.

import assert from 'node:assert/strict';

import { onPage } from '../browser/browser.mjs';
import { readPng } from '../browser/png.mjs';

const OHIF = process.env.OHIF_URL;
const SYNTAXES = '2.25.4711';
const CT = '1.3.6.1.4.1.14519.5.2.1.6279.6001.265704884949271879044145982159';

const EXACT = 1e-3;

/* OHIF's decoder of 12-bit JPEG is 1 % off; DCMTK and GDCM agree with us */
const EXTENDED = 2e-2;

/* OHIF's own complaints */
const allow = /i18n|favicon|Missing .Description/;


/** @param {import('playwright-core').Page} page */
async function skipTour(page) {
    await page.addInitScript(() => {
        localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
    });
}


/**
 * What the first viewport shows, once it is drawn: OHIF's samples in real
 * units, and the instance's URL.
 * @param {import('playwright-core').Page} page
 * @param {string} part of the image id that is waited for
 */
async function shown(page, part) {
    const handle = await page.waitForFunction((part) => {
        const engines = /** @type {any} */ (window).cornerstone?.getRenderingEngines() ?? [];
        const port = engines.flatMap((/** @type {any} */ e) => e.getViewports())[0];
        const image = port?.csImage;

        if (port?.viewportStatus !== 'rendered' || !image?.imageId.includes(part)) {
            return null;
        }

        const pixels = image.voxelManager?.getScalarData() ?? image.getPixelData();
        const scaled = image.preScale?.scaled;
        let least = Infinity;
        let most = -Infinity;
        let sum = 0;

        for (const v of pixels) {
            least = Math.min(least, v);
            most = Math.max(most, v);
            sum += v;
        }

        const real = (/** @type {number} */ v) =>
            scaled ? v : v * (image.slope || 1) + (image.intercept || 0);

        return {
            url: image.imageId.replace(/^wadors:/, ''),
            columns: image.columns, rows: image.rows, colour: image.color,
            least: real(least), most: real(most), mean: real(sum / pixels.length),
        };
    }, part, { timeout: 120000 });

    return /** @type {any} */ (await handle.jsonValue());
}


/**
 * @param {import('playwright-core').Page} page
 * @param {any} image of shown()
 * @param {number} [tolerance] a part of the value
 */
async function sameNumbers(page, image, tolerance = EXACT) {
    const values = await page.evaluate(async (i) => {
        const answer = await fetch(`${i.url}/values?rectangle=0,0,${i.columns},${i.rows}`);
        return answer.ok ? (await answer.json()).results[0] : { error: await answer.text() };
    }, image);

    /* the server leaves padding out, OHIF does not */
    for (const name of values.padding ? ['max'] : ['min', 'max', 'mean']) {
        const got = { min: image.least, max: image.most, mean: image.mean }[name];

        assert.ok(Math.abs(values[name] - got) < tolerance * Math.max(1, Math.abs(got)),
            `${name} ${got}, the server says ${JSON.stringify(values)}`);
    }
}


/**
 * How alike OHIF's picture and the server's are: -1 .. 1.
 * @param {import('playwright-core').Page} page
 * @param {any} image of shown()
 */
async function likeness(page, image) {
    const port = page.locator('.cornerstone-canvas').first();
    const box = /** @type {{width: number, height: number}} */ (await port.boundingBox());
    const seen = readPng(await port.screenshot());
    const scale = Math.min(box.width / image.columns, box.height / image.rows);
    const w = Math.floor(image.columns * scale);
    const h = Math.floor(image.rows * scale);
    const ours = await page.evaluate(async ({ url, w, h }) => {
        const answer = await fetch(`${url}/rendered?viewport=${w},${h}`,
            { headers: { Accept: 'image/png' } });
        const bitmap = await createImageBitmap(await answer.blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = /** @type {any} */ (canvas.getContext('2d'));

        context.drawImage(bitmap, 0, 0);
        return {
            width: bitmap.width, height: bitmap.height,
            data: Array.from(context.getImageData(0, 0, bitmap.width, bitmap.height).data
                .filter((/** @type {number} */ _, /** @type {number} */ i) => i % 4 === 1)),
        };
    }, { url: image.url, w, h });

    /* the middle, where OHIF writes nothing, in blocks: green */
    const block = Math.max(4, w >> 6);
    const mean = (/** @type {(x: number, y: number) => number} */ at, /** @type {number} */ bx,
        /** @type {number} */ by) => {
        let sum = 0;

        for (let i = 0; i < block * block; i++) {
            sum += at(bx + i % block, by + Math.floor(i / block));
        }
        return sum / (block * block);
    };
    const left = Math.round((seen.width - w) / 2);
    const top = Math.round((seen.height - h) / 2);
    const a = [];
    const b = [];

    for (let y = h >> 2; y < 3 * h >> 2; y += block) {
        for (let x = w >> 2; x < 3 * w >> 2; x += block) {
            a.push(mean((x, y) => seen.at(left + x, top + y)[1], x, y));
            b.push(mean((x, y) => ours.data[y * ours.width + x], x, y));
        }
    }

    return correlation(a, b);
}


/**
 * @param {number[]} a
 * @param {number[]} b
 */
function correlation(a, b) {
    const mean = (/** @type {number[]} */ v) => v.reduce((s, x) => s + x, 0) / v.length;
    const [ma, mb] = [mean(a), mean(b)];
    const dot = (/** @type {number[]} */ p, /** @type {number} */ mp,
        /** @type {number[]} */ q, /** @type {number} */ mq) =>
        p.reduce((s, x, i) => s + (x - mp) * (q[i] - mq), 0);

    const spread = dot(a, ma, a, ma) * dot(b, mb, b, mb);

    /* a window that shows nothing does so here and there */
    return spread === 0 ? Number(Math.abs(ma - mb) < 3) : dot(a, ma, b, mb) / Math.sqrt(spread);
}


onPage('OHIF lists the studies', { allow }, async (page) => {
    await page.goto(`${OHIF}/`);
    await page.getByText('SYNTAX', { exact: true }).first().waitFor();
    assert.equal(await page.getByText('LIDC-IDRI-0314').count() > 0, true);
});


onPage('OHIF opens a CT and scrolls through it', { allow }, async (page) => {
    await skipTour(page);
    await page.goto(`${OHIF}/viewer?StudyInstanceUIDs=${CT}`);

    const first = await shown(page, CT);

    await sameNumbers(page, first);
    assert.ok(await likeness(page, first) > 0.95);

    await page.locator('.cornerstone-canvas').first().hover();
    await page.mouse.wheel(0, 100);
    await page.waitForFunction((url) => {
        const port = /** @type {any} */ (window).cornerstone.getRenderingEngines()
            .flatMap((/** @type {any} */ e) => e.getViewports())[0];

        return port.csImage && !port.csImage.imageId.includes(url);
    }, first.url);

    await sameNumbers(page, await shown(page, CT));
});


onPage('OHIF shows each transfer syntax that it knows', { allow, timeout: 600000 }, async (page) => {
    await skipTour(page);
    await page.goto(`${OHIF}/viewer?StudyInstanceUIDs=${SYNTAXES}`);
    await shown(page, SYNTAXES);

    const thumbnails = page.locator('[data-cy="study-browser-thumbnail"]');
    const count = await thumbnails.count();

    assert.equal(count, 16);

    for (let i = 0; i < count; i++) {
        const series = await page.evaluate((n) =>
            /** @type {any} */ (window).services.displaySetService.activeDisplaySets
                .find((/** @type {any} */ d) => d.SeriesNumber === n), i + 1);

        await thumbnails.nth(i).dblclick();

        const image = await shown(page, series.SeriesInstanceUID);
        const like = await likeness(page, image);

        if (!image.colour) {
            await sameNumbers(page, image,
                series.SeriesDescription.endsWith('.51') ? EXTENDED : EXACT);
        }
        assert.ok(like > 0.95, `${series.SeriesDescription}: ${like}`);
    }
});
