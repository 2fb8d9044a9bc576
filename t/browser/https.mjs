// SPDX-License-Identifier: BSD-2-Clause
//
// The pages as they are installed, over HTTPS: t/64-https.t runs tools/run
// and has Chromium trust its CA.

import assert from 'node:assert/strict';

import { BASE, isShown, onPage } from './browser.mjs';

/** Protocols of all that came over the net; what the worker gives has none. */
const protocols = (/** @type {import('playwright-core').Page} */ page) =>
    page.evaluate(() => [...new Set([...performance.getEntriesByType('navigation'),
        ...performance.getEntriesByType('resource')]
        .filter((e) => /** @type {PerformanceResourceTiming} */ (e).transferSize > 0)
        .map((e) => /** @type {PerformanceResourceTiming} */ (e).nextHopProtocol)
        .filter((protocol) => protocol !== ''))]);


onPage('list, viewer and service worker are a secure context over HTTP/2', { worker: true },
    async (page) => {
        assert.match(BASE, /^https:/);
        await page.goto(`${BASE}/`);
        await page.locator('.row').first().waitFor();
        assert.equal(await page.evaluate(() => isSecureContext), true);
        assert.deepEqual(await protocols(page), ['h2']);

        await page.locator('.row-name').first().click();
        await isShown(page, 1);
        assert.deepEqual(await protocols(page), ['h2']);

        const worker = await page.evaluate(async () =>
            (await navigator.serviceWorker.ready).active?.scriptURL ?? '');

        assert.match(worker, new RegExp(`^${BASE}/worker\\.js\\?program=[0-9a-f]+$`));

        // and from now on it gives the program
        await page.waitForFunction(async () =>
            (await navigator.serviceWorker.ready).active?.state === 'activated');
        await page.reload();
        await isShown(page, 1);
        assert.equal(await page.evaluate(() =>
            navigator.serviceWorker.controller?.scriptURL), worker);
        assert.ok(await page.evaluate(async () =>
            (await caches.keys()).some((name) => /^program-[0-9a-f]+$/.test(name))));
    });
