// SPDX-License-Identifier: BSD-2-Clause
//
// WCAG 2.2 AA: axe on each page in each state and theme, and what axe cannot
// see: the keyboard, focus, targets, large text, forced colours, what is said.

import assert from 'node:assert/strict';

import { isAccessible } from './axe.mjs';
import {
    BASE, SIZES, chooseLayout, drawn, isShown, onPage, openStudy,
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


onPage('G25 axe: the display check, while it runs, and the self-test', {}, async (page) => {
    await page.goto(`${BASE}/display.html`);
    await isAccessible(page, 'display');
    await page.locator('.field-start').click();
    await isAccessible(page, 'faint contrast');
    await page.goto(`${BASE}/selftest.html`);
    await isAccessibleInBoth(page, 'self-test');
    await page.locator('.selftest-run').click();
    await page.locator('[data-state="pass"]').first().waitFor();
    await isAccessibleInBoth(page, 'self-test with results');
    await page.goto(`${BASE}/away.html`);
    await isAccessibleInBoth(page, 'away');
});


onPage('G25 H15 axe: the viewer, its menus and dialogs', {}, async (page) => {
    await openStudy(page, CT.study);
    await isAccessibleInBoth(page, 'at start');

    for (const name of ['Measure', 'Print, export, report', 'Layout']) {
        await press(page, name);
        await page.locator('.menu, .layouts:not([hidden])').first().waitFor();
        await isAccessibleInBoth(page, name);
        await page.keyboard.press('Escape');
    }

    await page.keyboard.press('h');
    await page.locator('.help[open]').waitFor();
    await isAccessibleInBoth(page, 'help');
    await page.keyboard.press('Escape');

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
