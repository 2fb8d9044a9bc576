// SPDX-License-Identifier: BSD-2-Clause
//
// Eyes: what can be asked of a page in any browser, whoever drives it.

import assert from 'node:assert/strict';

/**
 * @typedef {Object} Eyes
 * @property {(f: (arg: any) => any, arg?: any) => Promise<any>} evaluate
 * @property {(f: (arg: any) => any, arg?: any) => Promise<any>} waitForFunction
 */


/**
 * The final picture of a frame is on the screen.
 * @param {Eyes} page
 * @param {number} number from 1
 * @param {number} [at] index of the viewport
 */
export async function isShown(page, number, at = 0) {
    await drawn(page);
    await page.waitForFunction(([n, at]) => {
        const port = /** @type {HTMLElement} */ (document.querySelectorAll('.port')[at]);
        const badge = /** @type {HTMLElement} */ (port?.closest('.frame')
            ?.querySelector('.badge'));

        return port?.dataset.shown === String(n) && port.dataset.waiting === 'false'
            && badge.dataset.state === 'final';
    }, [number, at]);
}


/**
 * What was done before this is on the screen.
 * @param {Eyes} page
 */
export function drawn(page) {
    return page.evaluate(() => new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => done(null)));
    }));
}


/**
 * Pixels of the canvas, before the compositor: [r, g, b] of each.
 * @param {Eyes} page
 * @param {number} x device px in the viewport
 * @param {number} y
 * @param {number} [width]
 * @param {number} [height]
 * @param {number} [at] index of the viewport
 * @returns {Promise<number[][]>}
 */
export async function canvasPixels(page, x, y, width = 1, height = 1, at = 0) {
    await drawn(page);

    return page.evaluate(([x, y, w, h, at]) => {
        const canvas = /** @type {HTMLCanvasElement} */ (
            document.querySelectorAll('.port-picture')[at]);
        const { data } = /** @type {any} */ (canvas.getContext('2d'))
            .getImageData(x, y, w, h);

        return Array.from({ length: w * h }, (_, i) =>
            Array.from(data.slice(i * 4, i * 4 + 3)));
    }, [x, y, width, height, at]);
}


/**
 * The server's own picture, asked for apart from the page's code.
 * @param {Eyes} page
 * @param {string} path below DICOMweb's root
 * @param {string} [accept]
 * @param {{width: number, height: number} | null} [middle] only the pixels
 *     there, of a large picture
 * @returns {Promise<{width: number, height: number, pixels: number[][]}>} size
 *     of the picture
 */
export function serverPicture(page, path, accept = 'image/jpeg', middle = null) {
    return page.evaluate(async ([path, accept, middle]) => {
        const answer = await fetch(`/dicom-web${path}`, { headers: { Accept: accept } });

        if (!answer.ok) {
            throw new Error(`${answer.status} for ${path}`);
        }

        const bitmap = await createImageBitmap(await answer.blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = /** @type {any} */ (canvas.getContext('2d'));

        context.drawImage(bitmap, 0, 0);

        const { width, height } = middle ?? bitmap;
        const { data } = context.getImageData(Math.floor((bitmap.width - width) / 2),
            Math.floor((bitmap.height - height) / 2), width, height);

        return {
            width: bitmap.width,
            height: bitmap.height,
            pixels: Array.from({ length: width * height }, (_, i) =>
                Array.from(data.slice(i * 4, i * 4 + 3))),
        };
    }, [path, accept, middle]);
}


/**
 * The largest difference of two lists of pixels.
 * @param {number[][]} a
 * @param {number[][]} b
 */
export function difference(a, b) {
    assert.equal(a.length, b.length);

    return Math.max(...a.map((p, i) =>
        Math.max(...p.map((v, k) => Math.abs(v - b[i][k])))));
}


/**
 * Starts cine, and sees what is shown.
 * @param {Eyes} page
 * @param {number} frames of the loop: two more than those are looked at
 * @returns {Promise<string[]>} their numbers in turn
 */
export function cinePlayed(page, frames) {
    return page.evaluate((frames) => new Promise((done) => {
        /** @type {string[]} */
        const shown = [];
        const port = /** @type {HTMLElement} */ (document.querySelector('.port'));
        const watch = new MutationObserver(() => {
            const now = port.dataset.shown ?? '';

            if (now !== shown.at(-1)) {
                shown.push(now);
            }

            if (shown.length > frames + 2) {
                watch.disconnect();
                done(shown);
            }
        });

        watch.observe(port, { attributes: true });
        /** @type {HTMLElement} */ (document.querySelector('.cine-play')).click();
    }), frames);
}
