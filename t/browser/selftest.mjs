// SPDX-License-Identifier: BSD-2-Clause
//
// The self-test's page against a server as it is, as it is while empty, and
// one that answers wrongly: node selftest.mjs empty | full | broken, of
// PACS_URL.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { BASE, SIZES, onPage } from './browser.mjs';

const WHAT = process.argv[2] ?? 'full';

/** what the broken server gets wrong, see t/56-selftest.t */
const BROKEN = {
    2: /204, not 200/, 3: /three pages/, 4: /^Warning is ''/, 5: /not in the Warning/,
    6: /400, not 200/, 8: /204, not 400/, 11: /500, not 200/, 12: /lacks/, 14: /no Warning/,
    15: /origin of RetrieveURL/, 18: /instances of/, 19: /"Family"/, 22: /says ISO_IR 100/,
    24: /404, not 200/, 26: /500, not 200/, 27: /200, not 406/, 28: /200, not 400/, 29: /406, not 200/,
    33: /by Content-Location/, 35: /200, not 206/, 37: /no ETag/, 38: /multipart/,
    40: /linear: .* HU is shown as/, 41: /does not mirror/, 42: /200, not 400/,
    43: /silently ignored/, 44: /embeds none/, 48: /200, not 206/,
};

// refusals are what points ask for
const allow = /Failed to load resource/;


/** @param {import('playwright-core').Page} page @param {string} button */
async function press(page, button) {
    await page.click(button);
    await page.waitForSelector('.selftest-run:disabled', { state: 'detached', timeout: 240000 });
}


/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Record<string, {state: string, reason: string}>>} by number
 */
function resultsOf(page) {
    return page.locator('.selftest-rows tr').evaluateAll((rows) =>
        Object.fromEntries(rows.map((r) => [r.id.replace('point-', ''), {
            state: r.querySelector('.state')?.textContent ?? '',
            reason: r.querySelector('.cell-reason')?.textContent ?? '',
        }])));
}


/**
 * @param {Record<string, {state: string, reason: string}>} results
 * @param {string} state
 */
function of(results, state) {
    return Object.entries(results).filter(([, r]) => r.state === state)
        .map(([n, r]) => `${n}: ${r.reason}`);
}


if (WHAT === 'empty') {
    onPage('an empty archive: nothing fails, what it lacks is said', { allow }, async (page) => {
        await page.goto(`${BASE}/selftest.html`);
        await press(page, '.selftest-run');

        const results = await resultsOf(page);

        assert.deepEqual(of(results, 'fail'), []);
        assert.equal(results[1].state, 'pass');
        assert.equal(results[33].reason, 'no multi-frame instance here');
    });
}

if (WHAT === 'full') {
    onPage('all 52 points, then those that store', { allow, timeout: 600000 }, async (page) => {
        const methods = new Set();

        page.on('request', (r) => methods.add(r.method()));
        await page.goto(`${BASE}/selftest.html`);
        await press(page, '.selftest-run');

        const read = await resultsOf(page);

        assert.equal(Object.keys(read).length, 52);
        assert.deepEqual(of(read, 'fail'), []);
        assert.deepEqual(of(read, 'not applicable'), []);
        assert.deepEqual(of(read, 'elsewhere'), ['36: tested by t/44-wado.t']);
        assert.equal(of(read, 'waiting').length, 4);
        assert.deepEqual([...methods].sort(), ['GET', 'HEAD']);
        assert.match(await page.locator('.selftest-said').innerText(), /^47 pass, 1 elsewhere, 4/);

        await press(page, '.selftest-store');

        const all = await resultsOf(page);

        assert.deepEqual(of(all, 'fail'), []);
        assert.equal(of(all, 'pass').length, 51);
        assert.ok(methods.has('POST'));

        const waiting = page.waitForEvent('download');

        await page.click('.selftest-download');

        const file = await (await waiting).path();
        const report = JSON.parse(readFileSync(file, 'utf8'));

        assert.deepEqual(report.counts,
            { 'pass': 51, 'fail': 0, 'not applicable': 0, 'elsewhere': 1, 'waiting': 0 });
        assert.equal(report.points.length, 52);
        assert.equal(report.points[0].section, 'PS3.18 8.3.4.4.1');
        assert.deepEqual(Object.keys(report.points[0].requests[0]),
            ['method', 'url', 'accept', 'status']);
    });

    for (const [name, size] of Object.entries(SIZES)) {
        onPage(`nothing is cut at ${name}`, { size }, async (page) => {
            await page.goto(`${BASE}/selftest.html`);
            await page.waitForSelector('#point-52');
            assert.equal(await page.evaluate(() => [document.documentElement,
                document.querySelector('.selftest')].filter((e) =>
                e && e.scrollWidth > e.clientWidth).length), 0);
            assert.equal(await page.locator('.selftest-actions button').evaluateAll((all) =>
                all.filter((b) => b.getBoundingClientRect().right > innerWidth).length), 0);
        });
    }
}

if (WHAT === 'broken') {
    onPage('what a server gets wrong is shown', { allow, timeout: 300000 }, async (page) => {
        await page.goto(`${BASE}/selftest.html`);
        await press(page, '.selftest-run');

        const results = await resultsOf(page);

        assert.deepEqual(of(results, 'fail').map((s) => s.split(':')[0]), Object.keys(BROKEN));

        for (const [n, why] of Object.entries(BROKEN)) {
            assert.match(results[n].reason, why);
        }

        assert.match(await page.locator('.selftest-summary').innerText(),
            new RegExp(`${Object.keys(BROKEN).length} fail`));
    });
}
