// SPDX-License-Identifier: BSD-2-Clause
//
// The viewer's own self-test on the studies of these tests.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before } from 'node:test';

import { BASE, SIZES, onPage } from './browser.mjs';
import { storeHangings } from './hangings.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** What these studies may not have: stored loss, a presentation state. */
const ABSENT = ['B28', 'B30'];

before(() => storeHangings(BASE));


/** @param {Page} page @param {string} [only] @returns {Promise<Record<string, {state: string, reason: string}>>} */
async function ran(page, only = '') {
    await page.goto(`${BASE}/bir.html${only}`);
    await page.getByRole('button', { name: 'Run' }).click();
    const done = await page.waitForSelector('.selftest-run:disabled',
        { state: 'detached', timeout: 400000 }).catch((/** @type {Error} */ e) => e);
    const results = await page.locator('.selftest-rows tr').evaluateAll((rows) =>
        Object.fromEntries(rows.map((r) => [r.id.replace('point-', ''), {
            state: r.querySelector('.state')?.textContent ?? '',
            reason: r.querySelector('.cell-reason')?.textContent ?? '',
        }])));

    assert.ok(!(done instanceof Error), JSON.stringify(results));

    return results;
}


/** @param {Record<string, {state: string, reason: string}>} results @param {string} state */
const of = (results, state) => Object.entries(results)
    .filter(([, r]) => r.state === state).map(([n, r]) => `${n}: ${r.reason}`);


onPage('H11 the viewer’s self-test: B01 to B39 in this browser, none fails',
    { timeout: 500000, allow: /serviceWorker.*sandboxed|406.*thumbnail/ }, async (page) => {
        /** @type {string[]} */
        const methods = [];

        page.on('request', (r) => methods.push(r.method()));

        const results = await ran(page);

        assert.equal(Object.keys(results).length, 39);
        assert.deepEqual(of(results, 'fail'), []);
        assert.deepEqual(of(results, 'not applicable').filter((s) =>
            !ABSENT.includes(s.slice(0, 3))), []);
        assert.ok(of(results, 'pass').length >= 37);
        assert.deepEqual([...new Set(methods)], ['GET'], 'it stores nothing');
        assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)
            .filter((k) => k.startsWith('pacs.marks'))), []);

        const [file] = await Promise.all([page.waitForEvent('download'),
            page.getByRole('button', { name: 'Download as JSON' }).click()]);
        const report = JSON.parse(readFileSync(/** @type {string} */ (await file.path()), 'utf8'));

        assert.equal(report.points[0].section, 'RAD TF-2 4.16.4.2.2.5 5.1');
        assert.equal(report.counts.fail, 0);
    });


onPage('H11 what the viewer gets wrong is shown', {},
    async (page) => {
        await page.route('**/js/math/orientation.js', async (route) => {
            const answer = await route.fetch();
            const text = (await answer.text()).replace("letter: v[0] > 0 ? 'L' : 'R'",
                "letter: v[0] > 0 ? 'R' : 'L'");

            await route.fulfill({ response: answer, body: text });
        });
        await page.route('**/js/viewer/page.js', async (route) => {
            const answer = await route.fetch();
            const text = (await answer.text()).replace("tool: 'scroll'", "tool: 'pan'");

            await route.fulfill({ response: answer, body: text });
        });

        const failed = of(await ran(page, '?only=B03,B04,B21'), 'fail');

        assert.deepEqual(failed.map((s) => s.slice(0, 3)), ['B03', 'B21']);
        assert.match(failed[1], /the letter at the right is "R", not "L"/);
    });


for (const [name, size] of Object.entries(SIZES)) {
    onPage(`H11 nothing is cut at ${name}`, { size }, async (page) => {
        await page.goto(`${BASE}/bir.html`);
        await page.waitForSelector('#point-B39');
        assert.equal(await page.evaluate(() => [document.documentElement,
            document.querySelector('.bir-points')].filter((e) =>
            e && e.scrollWidth > e.clientWidth).length), 0);
    });
}
