// SPDX-License-Identifier: BSD-2-Clause
//
// Languages: which one is spoken, that nothing is left out, that long words
// fit, and that Arabic mirrors the interface and never a picture.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import {
    BASE, SIZES, drag, drawn, isShown, onPage, openStudy,
    portBox, textOf,
} from './browser.mjs';
import { storeCt } from './phantoms.mjs';
import { CT, DX } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const LONG = ['de', 'fr', 'es', 'ar'];

/** @param {Page} page @param {string} language that was chosen */
const chosen = (page, language) => page.addInitScript((l) =>
    localStorage.setItem('pacs.language', l), language);

/** @param {Page} page @param {string[]} languages of the browser */
const wanted = (page, languages) => page.addInitScript((all) =>
    Object.defineProperty(navigator, 'languages', { get: () => all }), languages);

/** @param {Page} page */
const openList = async (page) => {
    await page.goto(`${BASE}/?id=${CT.id}`);
    await page.locator('.row').waitFor();
};

/** @param {Page} page @param {string} command of a menu of the toolbar */
const ofMenu = async (page, command, menu = 'measure') => {
    await page.locator(`.toolbar [data-command="${menu}"]`).click();
    await page.locator(`.menu [data-command="${command}"]`).click();
};


onPage('G25 the language is the browser’s, or the one that is chosen, and is remembered', {},
    async (page) => {
        await wanted(page, ['ja', 'de-AT', 'en']);
        await openList(page);
        assert.equal(await page.locator('html').getAttribute('lang'), 'de');
        assert.equal(await page.title(), 'Studien');
        assert.equal(await textOf(page, '.head-title'), 'Studien');
        assert.match(await textOf(page, '.cell-born'), /^15\. Juni 1970\s*\d\d Jahre$/);

        await page.getByLabel('Sprache').selectOption('Français');
        await page.waitForFunction(() => document.title === 'Examens');
        await openStudy(page, CT.study);
        assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
        await page.locator('.toolbar').getByRole('button', { name: 'Fenêtrage' }).waitFor();
        assert.match(await textOf(page, '.corner-br'), /^Série 1\n.*\nCoupe 5 mm$/);

        await page.getByLabel('Langue').selectOption('English');
        await page.waitForFunction(() => document.documentElement.lang === 'en');
        await isShown(page, 1);
        await page.locator('.toolbar').getByRole('button', { name: 'Window' }).waitFor();
    });


onPage('G25 nothing is read before it is in the language; without a catalogue it is English',
    { allow: /de\.json/ }, async (page) => {
        /** @type {() => void} */
        let go = () => {};
        const held = new Promise((done) => { go = () => done(null); });
        const seen = () => page.evaluate(() => getComputedStyle(document.body).visibility);

        await chosen(page, 'de');
        await page.route('**/lang/de.json', async (route) => {
            await held;
            await route.continue();
        });
        await page.goto(`${BASE}/`, { waitUntil: 'commit' });
        await page.locator('.head-title').waitFor({ state: 'attached' });
        assert.equal(await seen(), 'hidden');
        go();
        await page.getByRole('heading', { name: 'Studien' }).waitFor();
        assert.equal(await seen(), 'visible');

        await page.unroute('**/lang/de.json');
        await page.route('**/lang/de.json', (route) => route.fulfill({ status: 503 }));
        await openList(page);
        assert.equal(await page.locator('html').getAttribute('lang'), 'en');
        assert.equal(await textOf(page, '.head-title'), 'Studies');
    });


/* --- nothing is left out --- */

/** In this language each text of the catalogue is between brackets. */
const BRACKETS = 'de';

/** Not of a language: units, keys, codes. */
const SAME = /\b(3D|mm|cm|µm|kB|MB|GB|kV|mAs|HU|JPEG|PNG|ZIP|DICOM|VOI|LUT|CT|MR|DX|CR|MG|US|XA|NM|PT|SR|KO|TR|TE|SD|C|W|L|S|s|px)\b/g;

/** Of Intl: "15. Juni 1970", "56 Jahre". */
const DATES = /\b\d\d\. \p{L}+\.? \d{4}\b|\b\d+ (Jahre?|Monate?|Wochen?|Tage?)\b/gu;

/** @param {Page} page */
async function bracket(page) {
    const catalogue = JSON.parse(readFileSync(
        new URL(`../../html/lang/${BRACKETS}.json`, import.meta.url), 'utf8'));
    const entries = Object.keys(catalogue).map((key) =>
        [key, `⟦${key.split('|').at(-1)}⟧`]);

    await chosen(page, BRACKETS);
    await page.route(`**/lang/${BRACKETS}.json`, (route) =>
        route.fulfill({ json: Object.fromEntries(entries) }));
}

/** All that is said of DICOM in this study, so that it is no text of ours. */
async function valuesOf(/** @type {string} */ study) {
    const answer = await fetch(`${BASE}/dicom-web/studies/${study}/metadata`);
    /** @type {Set<string>} */
    const values = new Set();
    /** @type {any[]} */
    const left = [await answer.json()];

    while (left.length > 0) {
        const x = left.pop();

        if (typeof x === 'string') {
            [x, ...x.split('^')].filter((s) => /\p{L}/u.test(s)).forEach((s) => values.add(s));
        } else if (x !== null && typeof x === 'object') {
            left.push(...Object.values(x));
        }
    }

    return [...values].sort((a, b) => b.length - a.length);
}

/**
 * What the page says that is in no catalogue.
 * @param {Page} page
 * @param {string[]} values of DICOM
 * @returns {Promise<string[]>}
 */
async function unsaid(page, values) {
    await drawn(page);

    const texts = await page.evaluate(() => {
        const skip = 'script, style, noscript, template, kbd, bdi, .language, .letter';
        const all = [document.title];
        const walker = document.createTreeWalker(document.body,
            NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);

        for (let n = walker.nextNode(); n !== null; n = walker.nextNode()) {
            if (n instanceof Element) {
                for (const name of ['aria-label', 'title', 'placeholder', 'alt',
                    'aria-valuetext', 'aria-description'])
                {
                    all.push(n.getAttribute(name) ?? '');
                }
            } else if (n.parentElement?.closest(skip) === null) {
                all.push(n.textContent ?? '');
            }
        }

        return all;
    });

    return [...new Set(texts.map((said) => {
        let rest = said.replace(/[\u2066-\u2069]/g, '');

        values.forEach((v) => { rest = rest.replaceAll(v, ' '); });
        rest = rest.replace(DATES, ' ');

        // a text may be a part of another one
        while (/⟦[^⟦⟧]*⟧/.test(rest)) {
            rest = rest.replace(/⟦[^⟦⟧]*⟧/g, ' ');
        }

        return /\p{L}/u.test(rest.replace(SAME, ' ')
            .replace(/\((?:[A-Z]|F\d+|Esc|Delete|Escape)\)/gi, ' ')) ? said.trim() : '';
    }))].filter((s) => s !== '');
}


onPage('G25 all that the list says is in the catalogues', {}, async (page) => {
    const values = await valuesOf(CT.study);
    const isAll = async (/** @type {string} */ state) =>
        assert.deepEqual(await unsaid(page, values), [], state);

    await bracket(page);
    await openList(page);
    await isAll('found');
    await page.locator('.row-open').click();
    await page.locator('.series-list').waitFor();
    await page.locator('.line-list').waitFor();
    await isAll('details');
    await page.locator('.searches-save').click();
    await isAll('a name for the search');
    await page.locator('.searches-keep').click();
    await isAll('a saved search');
    await page.locator('.head .open-upload').click();
    await page.locator('.upload').waitFor();
    await isAll('upload');
    await page.locator('input[multiple]').setInputFiles({
        name: '1.txt', mimeType: 'text/plain', buffer: Buffer.from('1') });
    await page.locator('.upload-item').waitFor();
    await isAll('upload, skipped');
    await page.goto(`${BASE}/?name=nobody`);
    await page.locator('.is-empty .list-message').waitFor();
    await isAll('nothing found');
});


onPage('G25 all that the viewer says is in the catalogues', {}, async (page) => {
    const values = await valuesOf(CT.study);
    const isAll = async (/** @type {string} */ state) =>
        assert.deepEqual(await unsaid(page, values), [], state);
    const closed = () => page.keyboard.press('Escape');

    await bracket(page);
    await openStudy(page, CT.study);
    await page.locator('.fitness').waitFor();
    await isAll('opened');
    await page.keyboard.press('h');
    await page.locator('.help[open]').waitFor();
    await isAll('help');
    await closed();

    for (const menu of ['measure', 'output']) {
        await page.locator(`.toolbar [data-command="${menu}"]`).click();
        await page.locator('.menu').waitFor();
        await isAll(menu);
        await closed();
    }

    await page.keyboard.press('g');
    await page.locator('.layouts:not([hidden])').waitFor();
    await isAll('layouts');
    await closed();

    await page.keyboard.press('c');
    await page.keyboard.press('n');
    await page.keyboard.press('F10');
    await page.keyboard.press('k');
    await isAll('cine, inverted, advanced, from 0');
    await page.keyboard.press('c');
});


onPage('G25 all that marks, planes and outputs say is in the catalogues', {}, async (page) => {
    const study = await storeCt(BASE);
    const values = await valuesOf(study);
    const isAll = async (/** @type {string} */ state) =>
        assert.deepEqual(await unsaid(page, values), [], state);

    await bracket(page);
    await page.addInitScript(() => { window.print = () => {}; });
    await openStudy(page, study);
    await ofMenu(page, 'marks-panel');
    await page.locator('.panel:not([hidden])').waitFor();
    await isAll('no marks');

    for (const tool of ['ellipse', 'bidirectional', 'length']) {
        await ofMenu(page, tool);
        await page.waitForFunction((t) =>
            document.querySelector('.port')?.getAttribute('data-tool') === t, tool);
        await drag(page, { x: 300, y: 250, dx: 80, dy: 60 });
        await page.waitForFunction(() => document.querySelector('.mark-label') !== null);
    }

    await isAll('marks');
    await ofMenu(page, 'text');
    await page.waitForFunction(() =>
        document.querySelector('.port')?.getAttribute('data-tool') === 'text');
    await page.locator('.port').click({ position: { x: 200, y: 200 } });
    await page.locator('dialog.ask[open]').waitFor();
    await isAll('a label');
    await page.locator('dialog.ask [value="cancel"]').click();

    await ofMenu(page, 'print', 'output');
    await page.locator('.paper').waitFor({ state: 'attached' });
    await isAll('paper');

    await page.keyboard.press('b');
    await page.locator('.space-row').first().waitFor();
    await isAll('planes');
});


onPage('G25 all that the display check says is in the catalogues', {}, async (page) => {
    await bracket(page);
    await page.goto(`${BASE}/display.html`);
    await page.locator('.field-start').click();
    assert.deepEqual(await unsaid(page, []), [], 'running');

    for (let i = 1; i <= 9; i++) {
        await page.locator('.field-place', { hasText: new RegExp(`\\b${i}\\b.*9`) }).waitFor();
        await page.keyboard.press('0');
    }

    await page.locator('.result li').nth(3).waitFor();
    assert.deepEqual(await unsaid(page, []), [], 'done');
});


onPage('G25 the server’s own words stay English, and are marked so', { allow: /500/ },
    async (page) => {
        await chosen(page, 'ar');
        await page.route('**/frames/1/rendered**', (route) => route.fulfill({
            status: 500, json: { reason: 'the disk is on fire' } }));
        await page.goto(`${BASE}/viewer.html?study=${DX.study}`);

        const words = page.locator('.failed-text [lang="en"][dir="ltr"]');

        await words.waitFor();
        assert.equal(await words.innerText(), 'the disk is on fire');
        assert.match(await textOf(page, '.failed-text'), /الصورة.*رفض الخادم الطلب/);
    });


/* --- long words --- */

/**
 * What is cut off, or makes the page wider than the screen.
 * @param {Page} page
 */
const cut = (page) => page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? ['page'] : [];
    const nodes = [...document.querySelectorAll(
        'button, label, h1, h2, h3, dt, dd, .menu-label, .badge, .chip, option, dialog p')];

    /** The letters themselves: a box may end before them. @param {Element} n */
    const leaves = (n) => {
        const range = document.createRange();
        const box = n.closest('dialog, .menu')?.getBoundingClientRect();

        range.selectNodeContents(n);

        const { left, right } = range.getBoundingClientRect();

        return box !== undefined && (left < box.left || right > box.right);
    };

    return [...wide, ...nodes.filter((n) => {
        const style = getComputedStyle(n);

        return n.getClientRects().length > 0 && style.clipPath === 'none'
            && style.textOverflow !== 'ellipsis' && (leaves(n)
                || (style.display !== 'inline' && n.scrollWidth > n.clientWidth + 1));
    }).map((n) => `${n.className || n.tagName}: ${n.textContent}`)];
});

for (const language of LONG) {
    onPage(`G25 ${language}: all words fit on a phone`, { size: SIZES.phone }, async (page) => {
        await chosen(page, language);
        await openList(page);
        assert.deepEqual(await cut(page), [], 'list');
        await page.locator('.row-open').click();
        await page.locator('.line-list').waitFor();
        assert.deepEqual(await cut(page), [], 'details');
        await openStudy(page, CT.study);
        assert.deepEqual(await cut(page), [], 'viewer');
        await page.keyboard.press('h');
        await page.locator('.help[open]').waitFor();
        assert.deepEqual(await cut(page), [], 'help');
        await page.keyboard.press('Escape');
        await page.locator('.toolbar [data-command="measure"]').click();
        await page.locator('.menu').waitFor();
        assert.deepEqual(await cut(page), [], 'menu');
        await page.keyboard.press('Escape');
        await page.setViewportSize({ width: 320, height: 640 });
        await page.locator('.toolbar [data-command="measure"]').click();
        await page.locator('.menu').waitFor();
        assert.deepEqual(await cut(page), [], 'menu of a small phone');
        await page.goto(`${BASE}/display.html`);
        await page.locator('.question').first().waitFor();
        assert.deepEqual(await cut(page), [], 'display check');
    });
}


/* --- Arabic --- */

/** Where things lie in the viewport, from its left. @param {Page} page */
const places = (page) => page.locator('.port').first().evaluate((port) => {
    const { left, top } = port.getBoundingClientRect();
    const at = (/** @type {string} */ name) => {
        const node = /** @type {Element} */ (port.querySelector(name));
        const box = node.getBoundingClientRect();

        return [name, /letter/.test(name) ? node.textContent : '',
            Math.round(box.left + (/right|tr|br/.test(name) ? box.width : 0) - left),
            /letter/.test(name) ? Math.round(box.top - top) : 0];
    };

    return ['.letter-left', '.letter-right', '.letter-top', '.letter-bottom',
        '.corner-tl', '.corner-tr', '.corner-bl', '.corner-br'].map(at);
});

/** The size of the canvas, and a sum of all its pixels. @param {Page} page */
const whole = async (page) => {
    await drawn(page);

    return page.locator('.port-picture').first().evaluate(async (node) => {
        const canvas = /** @type {HTMLCanvasElement} */ (node);
        const { width, height } = canvas;
        const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
            .getImageData(0, 0, width, height);
        const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', data));

        return { width, height, sum: [...sum].join() };
    });
};

for (const name of /** @type {const} */ (['desktop', 'tablet', 'phone'])) {
    onPage(`H15 Arabic mirrors the interface, never the picture: ${name}`,
        { size: SIZES[name] }, async (page) => {
            const left = async (/** @type {string} */ selector) =>
                (await page.locator(selector).first().boundingBox())?.x ?? NaN;

            await openStudy(page, CT.study);

            const english = { picture: await whole(page), places: await places(page) };
            const isBeside = name !== 'phone';

            assert.ok(!isBeside || await left('.strip') < await left('.stage'));
            assert.ok(await left('.back') < await left('.banner-name'));

            await page.evaluate(() => localStorage.setItem('pacs.language', 'ar'));
            await openStudy(page, CT.study);
            assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
            assert.ok(!isBeside || await left('.strip') > await left('.stage'));
            assert.ok(await left('.back') > await left('.banner-name'));
            assert.ok(await left('[data-command="scroll"]') > await left('[data-command="zoom"]'));

            assert.deepEqual(await places(page), english.places);
            assert.deepEqual(await whole(page), english.picture);

            // the stack's slider is at the right of it, and goes down as it did
            const box = await portBox(page);

            assert.ok(await left('.slider') >= box.x + box.width - 1);
            await page.keyboard.press('End');
            await isShown(page, CT.slices);
            assert.ok((await page.locator('.slider-thumb').boundingBox())?.y
                > box.y + box.height / 2);

            // what is drawn on a picture is at the same place, too
            await page.keyboard.press('Home');
            await isShown(page, 1);

            const before = await textOf(page, '.corner-bl');

            await drag(page, { x: box.width / 2, y: box.height / 2, dx: 0, dy: 60 });
            assert.notEqual(await textOf(page, '.corner-bl'), before, 'scrolled');
        });
}


onPage('H15 Arabic: dates of the list are whole, and a long ID loses its end, not its beginning',
    { size: SIZES.tablet }, async (page) => {
        await chosen(page, 'ar');
        await openList(page);

        const row = page.locator('.row').first();

        assert.equal(await row.locator('.cell-date').evaluate((n) =>
            n.scrollWidth - n.clientWidth), 0);
        assert.ok(await row.locator('.cell-id').evaluate((n) => {
            const { left } = /** @type {Element} */ (n.querySelector('bdi'))
                .getBoundingClientRect();

            return left >= n.getBoundingClientRect().left;
        }));

        // nor does a name in the banner
        await page.setViewportSize(SIZES.phone);
        await openStudy(page, CT.study);
        assert.ok(await page.locator('.banner-names').evaluate((n) => {
            const name = /** @type {Element} */ (n.querySelector('.banner-name'));

            return name.getBoundingClientRect().left >= n.getBoundingClientRect().left - 1;
        }));
    });


onPage('H15 viewports and their menu keep left and right; lists and arrows are mirrored', {},
    async (page) => {
        await chosen(page, 'ar');
        await openList(page);

        const column = async (/** @type {string} */ name) =>
            (await page.locator(`.head-${name}`).boundingBox())?.x ?? NaN;

        assert.ok(await column('name') > await column('date'));
        await page.locator('.row-name').focus();
        await page.keyboard.press('ArrowLeft');
        await page.locator('.series-list').waitFor();
        await page.keyboard.press('ArrowRight');
        await page.locator('.series-list').waitFor({ state: 'detached' });

        await openStudy(page, CT.study);
        await page.locator('.toolbar [data-command="layout"]').click();

        const choice = async (/** @type {number} */ n) =>
            (await page.locator('.layouts-ports .layouts-choice').nth(n).boundingBox())?.x ?? NaN;

        assert.ok(await choice(0) < await choice(1));
        await page.locator('.layouts-ports [data-rows="1"][data-columns="2"]').click();
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 2);
        assert.ok((await portBox(page, 0)).x < (await portBox(page, 1)).x);

        // in the display check a sector has the number of its key
        await page.goto(`${BASE}/display.html`);
        await page.locator('.field-start').click();

        const sector = async (/** @type {number} */ n) =>
            (await page.locator('.field-sectors li').nth(n).boundingBox())?.x ?? NaN;

        assert.ok(await sector(0) < await sector(1));
        await openStudy(page, CT.study);

        // brackets that are keys are these keys
        await page.keyboard.press('h');
        assert.equal(await page.locator('.help kbd').first().evaluate((n) =>
            getComputedStyle(n).direction), 'ltr');
    });


for (const language of ['en', ...LONG]) {
    onPage(`G25 ${language}: no date can be read as another`, {}, async (page) => {
        await chosen(page, language);
        await openList(page);
        await page.locator('.row-open').click();
        await page.locator('.line-list').waitFor();

        const isClear = async () => assert.doesNotMatch(await page.locator('body').innerText(),
            /\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|[\u0660-\u0669]/);

        await isClear();
        await openStudy(page, CT.study);
        await isClear();
        await chooseTwo(page);
        await isClear();
    });
}

/** @param {Page} page */
async function chooseTwo(page) {
    await page.keyboard.press('g');
    await page.locator('.layouts-ports [data-rows="1"][data-columns="2"]').click();
    await drawn(page);
}
