// SPDX-License-Identifier: BSD-2-Clause
//
// WCAG 2.2 AA: axe on each page in each state and theme, and what axe cannot
// see: the keyboard, focus, targets, large text, forced colours, what is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chromium } from 'playwright-core';

import { commandOfKey, commands } from '../../html/js/viewer/commands.js';
import { isAccessible } from './axe.mjs';
import { crowded } from './boxes.mjs';
import {
    BASE, SIZES, chooseLayout, onPage, openStudy,
} from './browser.mjs';
import { made } from './made.mjs';
import { store } from './part10.mjs';
import { storeCt } from './phantoms.mjs';
import { CT } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const BROKEN = { allow: /status of 500/ };

/** In both themes. @param {Page} page @param {string} state */
async function isAccessibleInBoth(page, state) {
    for (const theme of ['dark', 'light']) {
        await page.evaluate((theme) => {
            document.documentElement.dataset.theme = theme;
        }, theme);
        await isAccessible(page, `${state}, ${theme}`);
    }
}

/** @param {Page} page */
async function openList(page, search = '') {
    // the ground of a row changes slowly: it is measured when it has
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(`${BASE}/${search}`);
    await page.locator('.live.is-live').waitFor();
    await page.locator('.studies[aria-busy="false"]').waitFor();
}

/** @param {Page} page @param {string} name */
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();


onPage('G25 H15 axe: the list, filtered, empty, opened, with upload, on a phone',
    { size: SIZES.desktop }, async (page) => {
        await openList(page);
        await isAccessibleInBoth(page, 'at start');

        await page.locator('.row-name').first().focus();
        await page.keyboard.press('ArrowRight');
        await page.locator('.detail [aria-busy="false"], .series-link').first().waitFor();
        await isAccessibleInBoth(page, 'details');

        await page.locator('.filters input[name="name"]').fill('Zzpaging');
        await page.locator('.searches-save').waitFor();
        await page.locator('.studies[aria-busy="false"]').waitFor();
        await isAccessibleInBoth(page, 'filtered');
        await page.locator('.searches-save').click();
        await page.locator('.searches-name').fill('Pages');
        await isAccessibleInBoth(page, 'a search is being saved');
        await page.locator('.searches-keep').click();
        await page.locator('.search-chip').waitFor();
        await isAccessibleInBoth(page, 'saved search');

        await page.locator('.filters input[name="name"]').fill('Nobody has this name');
        await page.locator('.is-empty').waitFor();
        await isAccessibleInBoth(page, 'empty');

        await page.locator('.head .open-upload').click();
        await page.locator('.upload').waitFor();
        await isAccessibleInBoth(page, 'upload');
    });


onPage('G25 axe: the list of a phone', { size: SIZES.phone }, async (page) => {
    await openList(page);
    await isAccessibleInBoth(page, 'at start');
    await page.locator('.row-open').first().tap();
    await page.locator('.series-link').first().waitFor();
    await isAccessibleInBoth(page, 'details');
});


onPage('G25 axe: the list when studies arrive', {}, async (page) => {
    await openList(page);
    await page.locator('.row').nth(2).hover();
    await store(BASE, [made({})]);
    await page.locator('.arrived-show').waitFor();
    await isAccessibleInBoth(page, 'arrived');
});


onPage('G25 axe: the list when the server fails', BROKEN, async (page) => {
    await page.route('**/dicom-web/studies?*', (r) => r.fulfill({ status: 500 }));
    await page.goto(BASE);
    await page.locator('.list-again').waitFor();
    await isAccessibleInBoth(page, 'error');
});


// the self-test asks what has to be refused
onPage('G25 axe: the display check, while it runs, and the self-tests',
    { allow: /status of 4\d\d/ }, async (page) => {
    await page.goto(`${BASE}/display.html`);
    await page.locator('.field-start').waitFor();
    await isAccessible(page, 'display');
    await page.locator('.field-start').click();
    await isAccessible(page, 'faint contrast');
    await page.goto(`${BASE}/selftest.html`);
    await page.locator('.selftest-run').waitFor();
    await isAccessibleInBoth(page, 'self-test');
    await page.locator('.selftest-run').click();
    await page.locator('[data-state="pass"]').first().waitFor();
    await isAccessibleInBoth(page, 'self-test with results');
    await page.goto(`${BASE}/bir.html`);
    await page.locator('.selftest-run').waitFor();
    await isAccessibleInBoth(page, 'self-test of the viewer');
    await page.goto(`${BASE}/away.html`);
    await isAccessibleInBoth(page, 'away');
});


onPage('G25 H15 axe: the viewer, its menus and dialogs', {}, async (page) => {
    await openStudy(page, CT.study);
    await isAccessibleInBoth(page, 'at start');

    for (const name of ['Measure', 'Magnifier, true size, text', 'Print, export, report',
        'Layout'])
    {
        await press(page, name);
        await page.locator('.menu, .layouts:not([hidden])').first().waitFor();
        await isAccessibleInBoth(page, name);
        await page.keyboard.press('Escape');
    }

    await page.keyboard.press('h');
    await page.locator('.help[open]').waitFor();
    await isAccessibleInBoth(page, 'help');
    await page.keyboard.press('Escape');

    await press(page, 'Another study beside');
    await page.locator('dialog[open]').waitFor();
    await isAccessibleInBoth(page, 'another study');
    await page.keyboard.press('Escape');

    await page.keyboard.press('_');
    await page.locator('.timeline').waitFor();
    await isAccessibleInBoth(page, 'studies of the patient');
    // what lies over it goes first
    await page.locator('.toolbar [data-command="output"]').click();
    await page.locator('.menu').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.menu').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.timeline').count(), 1);
    // of it alone: marks and window stay
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.timeline').count(), 0);

    await page.keyboard.press('c');
    await page.locator('.cine').waitFor();
    await isAccessibleInBoth(page, 'cine');
    await page.keyboard.press('c');

    await page.keyboard.press('F10');
    await chooseLayout(page, 2, 2);
    await isAccessibleInBoth(page, 'four viewports, advanced');
});


onPage('G25 axe: the viewer with a failed picture, on a phone', { ...BROKEN, size: SIZES.phone },
    async (page) => {
        await page.route('**/instances/*.1.2/frames/1/rendered**', (r) =>
            r.fulfill({ status: 500, json: { reason: 'broken' } }));
        await openStudy(page, CT.study);
        await isAccessibleInBoth(page, 'at start');
        await page.keyboard.press('ArrowDown');
        await page.locator('.failed').waitFor();
        await isAccessibleInBoth(page, 'failed');
    });


onPage('G25 axe: the viewer with marks, and with planes', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await page.keyboard.press('d');
    await page.locator('.panel').waitFor({ state: 'attached' });
    await page.locator('.port').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.layer-marks .mark').first().waitFor({ state: 'attached' });
    await press(page, 'Measure');
    await page.getByRole('menuitem', { name: 'List of marks' }).click();
    await page.locator('.panel .entry').first().waitFor();
    await isAccessibleInBoth(page, 'marks');

    await openStudy(page, CT.study);
    await page.keyboard.press('b');
    await page.locator('.space-row').first().waitFor();
    await isAccessibleInBoth(page, 'planes');
});


/** What has the focus: its command, whether it is seen and free. @param {Page} page */
const focused = (page) => page.evaluate(() => {
    const on = /** @type {HTMLElement} */ (document.activeElement);
    const box = on.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const over = document.elementFromPoint(x, y);

    return {
        name: on === document.body ? ''
            : on.dataset.command ?? on.className.split(' ')[0],
        label: on.getAttribute('aria-label') ?? on.textContent?.trim().slice(0, 30) ?? '',
        outline: getComputedStyle(on).outlineStyle !== 'none'
            || getComputedStyle(on.closest('label') ?? on).outlineStyle !== 'none',
        free: over !== null && (on.contains(over)
            || over.contains(on) || on.closest('label')?.contains(over) === true),
    };
});


for (const [name, size] of /** @type {const} */ ([['desktop', SIZES.desktop],
    ['small phone', { width: 320, height: 568 }]]))
{
    onPage(`G25 focus is seen and under nothing: list and viewer, ${name}`, { size },
        async (page) => {
            for (const path of ['', `viewer.html?study=${CT.study}`]) {
                await page.goto(`${BASE}/${path}`);
                await page.locator(path === '' ? '.row' : '.fitness').first().waitFor();

                const wrong = [];

                for (let i = 0; i < 45; i++) {
                    await page.keyboard.press('Tab');

                    const f = await focused(page);

                    if (f.name !== '' && (!f.outline || !f.free)) {
                        wrong.push(f);
                    }
                }

                assert.deepEqual(wrong, [], path);
            }
        });
}


onPage('G25 B37 every command is reached by the keyboard alone', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await page.keyboard.press('F10');

    // by a key, each of its own
    const reached = new Set(commands().filter((c) =>
        c.keys.length > 0 && c.keys.every((k) => commandOfKey(k)?.name === c.name))
        .map((c) => c.name));

    // by Tab, Enter and arrows
    const walk = async (/** @type {string} */ key, /** @type {number} */ most) => {
        for (let i = 0; i < most; i++) {
            await page.keyboard.press(key);

            for (const name of await page.evaluate(() => {
                const on = /** @type {HTMLElement} */ (document.activeElement);
                const { command, rows, columns } = on.dataset;

                return on instanceof HTMLSelectElement ? [...on.options].map((o) => o.value)
                    : [command ?? `${on.closest('.layouts-tiles') ? 'tiles' : 'layout'}-${rows}x${columns}`];
            })) {
                reached.add(name);
            }
        }
    };
    const open = async (/** @type {string} */ command) => {
        await page.locator(`.toolbar [data-command="${command}"]`).focus();
        await page.keyboard.press('Enter');
    };

    await page.keyboard.press('c');
    await page.locator('.cine').waitFor();
    await page.keyboard.press('c');

    for (const command of ['measure', 'sight', 'output']) {
        await open(command);
        await page.getByRole('menu').waitFor();
        await walk('ArrowDown', 24);
        await page.keyboard.press('Escape');
    }

    await open('layout');

    for (const grid of ['.layouts-ports', '.layouts-tiles']) {
        await page.locator(`${grid} [data-rows="1"][data-columns="1"]`).focus();

        for (let row = 0; row < 4; row++) {
            await walk('ArrowRight', 3);
            await walk('ArrowLeft', 3);
            await walk('ArrowDown', 1);
        }
    }

    await page.keyboard.press('Escape');
    await open('measure');
    await page.getByRole('menuitem', { name: 'List of marks' }).press('Enter');
    await page.locator('.panel-tools').waitFor();
    await page.locator('.back').focus();
    await walk('Tab', 60);
    // what is saved cannot be saved now
    (await page.locator('.panel-tools :disabled').evaluateAll((all) =>
        all.map((n) => /** @type {HTMLElement} */ (n).dataset.command ?? '')))
        .forEach((name) => reached.add(name));

    // windows of the header are in the list, if there are any
    assert.deepEqual(commands().map((c) => c.name).filter((name) =>
        !reached.has(name) && !name.startsWith('window-header')), []);
    assert.ok(reached.has('window-default'));
});


onPage('G25 tools without a pointer: Shift and arrows window, zoom, pan and point', {},
    async (page) => {
        await openStudy(page, CT.study);
        // these keys come after the first picture
        await page.evaluate(() => import(new URL('js/viewer/input/arrows.js', location.href).href));

        const corner = async () => page.locator('.corner-bl').first().innerText();
        const first = await corner();

        await page.keyboard.press('w');
        await page.keyboard.press('Shift+ArrowRight');
        await page.waitForFunction((old) => !document.querySelector('.corner-bl')
            ?.textContent?.includes(old), 'W 400');
        await page.keyboard.press('z');

        const [zoom] = /[\d.]+ %/.exec(await corner()) ?? [];

        await page.keyboard.press('Shift+ArrowUp');
        await page.waitForFunction((old) => !document.querySelector('.corner-bl')
            ?.textContent?.includes(old), zoom ?? '');
        assert.match(first, /^1 \//);
        assert.match(await corner(), /^1 \//, 'the arrows of the stack rest');

        await page.keyboard.press('s');
        await page.keyboard.press('Shift+ArrowDown');
        await page.waitForFunction(() => !/^1 \//.test(
            document.querySelector('.corner-bl')?.textContent ?? '1 /'));

        await page.keyboard.press('j');
        await page.keyboard.press('Shift+ArrowRight');
        await page.locator('.line-cross').first().waitFor({ state: 'attached' });
    });


onPage('G25 what is shown is said, politely, when it rests', {}, async (page) => {
    const says = (/** @type {RegExp} */ what) => page.waitForFunction((s) =>
        new RegExp(s).test(document.querySelector('.spoken')?.textContent ?? ''),
    what.source, { timeout: 10000 }).catch(async () => assert.match(
        await page.locator('.spoken').textContent() ?? '', what));

    await openStudy(page, CT.study);
    await says(/CT Axial <script>, Image 1 of 24, Window centre 40, width 400, Tool Scroll/);
    assert.equal(await page.locator('.spoken').getAttribute('role'), 'status');

    for (let i = 0; i < 4; i++) {
        await page.keyboard.press('ArrowDown');
    }

    await says(/^Image 5 of 24$/);
    await page.keyboard.press('3');
    await says(/^Window centre [\d,]+, width [\d,]+$/);
    await page.keyboard.press('z');
    await says(/^Tool Zoom$/);
    await page.keyboard.press('n');
    await says(/^Inverted$/);
    await chooseLayout(page, 1, 2);
    await says(/^Viewport 1 of 2$/);
    assert.equal(await page.locator('.slider').first().getAttribute('aria-valuetext'),
        '5 of 24');
});


test('G25 H15 with text of twice the size nothing is cut or covered', async () => {
    const large = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--blink-settings=defaultFontSize=32',
            ...process.getuid?.() === 0 ? ['--no-sandbox'] : []],
    });

    try {
        const page = await large.newPage({ viewport: { width: 1440, height: 900 } });

        for (const path of ['', `viewer.html?study=${CT.study}`]) {
            await page.goto(`${BASE}/${path}`);
            await page.locator(path === '' ? '.row' : '.fitness').first().waitFor();
            assert.equal(await page.evaluate(() =>
                getComputedStyle(document.body).fontSize), '26px');
            assert.deepEqual(await crowded(page), [], path);
        }
    } finally {
        await large.close();
    }
});


onPage('G25 who wants less motion gets none', {}, async (page) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.route('**/dicom-web/studies?*', () => {});
    await page.goto(BASE);
    await page.locator('body.is-searching').waitFor();
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.waitForFunction(() => document.getAnimations().length > 0);
});


onPage('G25 forced colours: what is chosen is seen, pictures keep theirs', {},
    async (page) => {
        await page.emulateMedia({ forcedColors: 'active' });
        await openStudy(page, CT.study);
        await isAccessible(page, 'forced colours');

        const look = (/** @type {string} */ selector) => page.evaluate((selector) => {
            const { backgroundColor, color } = getComputedStyle(
                /** @type {Element} */ (document.querySelector(selector)));

            return { backgroundColor, color };
        }, selector);

        assert.notEqual((await look('.tool[data-command="scroll"]')).backgroundColor,
            (await look('.tool[data-command="pan"]')).backgroundColor);
        assert.equal((await look('.port')).backgroundColor, 'rgb(0, 0, 0)');
        assert.equal((await look('.corner-tl')).color, 'rgb(232, 237, 243)');
        await page.keyboard.press('Tab');
        await page.keyboard.press('Tab');
        assert.ok((await focused(page)).outline);
    });
