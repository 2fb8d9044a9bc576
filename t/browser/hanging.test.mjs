// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { before } from 'node:test';

import {
    BASE, canvasPixels, drawn, isShown, nextPage, onPage, openStudy, portBox,
} from './browser.mjs';
import { CHEST, GREY, MG, SLICES, storeHangings } from './hangings.mjs';
import { made, newUid } from './made.mjs';
import { store } from './part10.mjs';
import { CT, NM } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

before(() => storeHangings(BASE));

const texts = (/** @type {Page} */ page, /** @type {string} */ selector) =>
    page.locator(selector).allInnerTexts();

/** Greys at the left and right edge of a viewport, half way down. */
const edges = async (/** @type {Page} */ page, /** @type {number} */ at) => {
    const box = await portBox(page, at);
    const grey = async (/** @type {number} */ x) =>
        (await canvasPixels(page, Math.round(x), Math.round(box.height / 2), 1, 1, at))[0][0];

    return [await grey(3), await grey(box.width - 4)];
};

const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 12;


onPage('G18 a mammography hangs as four views, the chest walls together', {},
    async (page) => {
        await openStudy(page, MG.study);

        for (const at of [0, 1, 2, 3]) {
            await isShown(page, 1, at);
        }

        // the strip is by number, the viewports are not
        assert.deepEqual((await texts(page, '.corner-br')).map((t) =>
            t.match(/[RL] (CC|MLO)/)?.[0]), ['R CC', 'L CC', 'R MLO', 'L MLO']);

        for (const at of [0, 2]) {
            const [left, right] = await edges(page, at);

            assert.ok(near(right, GREY.wall) && !near(left, GREY.wall), `${left} ${right}`);
        }

        for (const at of [1, 3]) {
            const [left, right] = await edges(page, at);

            assert.ok(near(left, GREY.wall) && !near(right, GREY.wall), `${left} ${right}`);
        }

        // turned only by what the header says, and marked so
        assert.deepEqual(await texts(page, '.turned'), ['', 'Flipped', '', '']);
        assert.deepEqual(await texts(page, '.letter-right'), ['P', 'A', 'P', 'A']);

        // a reset goes back to this, not to an image the wrong way round
        await page.locator('.port').nth(1).focus();
        await page.keyboard.press('x');
        await page.keyboard.press('Escape');
        await drawn(page);
        assert.deepEqual(await texts(page, '.turned'), ['', 'Flipped', '', '']);
        assert.ok(near((await edges(page, 1))[0], GREY.wall));
    });


onPage('G18 views of one series hang alike, and a missing one is named', {},
    async (page) => {
        await page.goto(`${BASE}/viewer.html?study=${MG.prior}`);
        await isShown(page, 2, 0);
        await isShown(page, 3, 1);
        await isShown(page, 1, 3);
        assert.deepEqual(await texts(page, '.port-message'), ['', '', 'R MLO is missing', '']);
        assert.equal(await page.locator('.port').nth(2).getAttribute('data-shown'), '');
    });


onPage('G18 the reason is shown, and the others that fit can be chosen', {},
    async (page) => {
        await openStudy(page, MG.study);
        await isShown(page, 1, 3);

        const list = page.getByLabel('Hanging');
        const chosen = () => list.evaluate((/** @type {HTMLSelectElement} */ n) =>
            n.selectedOptions[0].textContent);

        assert.equal(await chosen(), 'Mammography four-view: MG, 4 series, 4 images');
        assert.deepEqual(await list.locator('option').allTextContents(), [
            'Mammography four-view: MG, 4 series, 4 images', 'One series: MG, 4 series',
            'Two series: MG, 4 series', 'Four series: MG, 4 series',
        ]);
        await list.selectOption('Two series');
        await isShown(page, 1, 1);
        assert.equal(await page.locator('.port').count(), 2);
        assert.deepEqual(await texts(page, '.turned'), ['', '']);
        await list.selectOption('Mammography four-view');
        await isShown(page, 1, 3);
        assert.deepEqual(await texts(page, '.turned'), ['', 'Flipped', '', '']);
    });


onPage('G18 an address that says what is shown wins, and keeps what hung', {},
    async (page) => {
        await page.goto(`${BASE}/viewer.html?study=${MG.study}&port=${MG.series(3)}`);
        await isShown(page, 1);
        assert.equal(await page.locator('.port').count(), 1);
        assert.deepEqual(await texts(page, '.turned'), ['']);

        await openStudy(page, MG.study);
        await isShown(page, 1, 3);
        await page.waitForURL(/layout=2x2/);
        await page.reload();
        await isShown(page, 1, 3);
        await isShown(page, 1, 1);
        await page.waitForFunction(() =>
            document.querySelectorAll('.turned')[1].textContent === 'Flipped');
        assert.ok(near((await edges(page, 1))[0], GREY.wall));
    });


onPage('G18 chest: PA left, lateral right; CT as before, one series', {}, async (page) => {
    await page.goto(`${BASE}/viewer.html?study=${CHEST.study}`);
    await isShown(page, 2, 0);
    await isShown(page, 1, 1);
    assert.equal(await page.locator('.port').count(), 2);

    await openStudy(page, CT.study);
    assert.equal(await page.locator('.port').count(), 1);
    await page.getByLabel('Hanging').selectOption('Two series');
    await isShown(page, 1, 1);
    assert.equal(await page.locator('.letter-top').nth(1).innerText(), 'H');
});


onPage('S10 a prior beside: of this patient, marked with date and difference', {},
    async (page) => {
        await openStudy(page, MG.study);
        await isShown(page, 1, 3);
        assert.equal(await page.locator('.prior:visible').count(), 0);
        await page.keyboard.press(',');
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 8);

        // the prior has no right MLO, and one of another birth date is no prior
        await isShown(page, 2, 2);
        await isShown(page, 3, 3);
        await isShown(page, 1, 7);
        const mark = 'PRIOR  Oct 10, 2023  2 years 3 months earlier';

        assert.deepEqual(await texts(page, '.prior'), ['', '', mark, mark, '', '', '', mark]);
        assert.equal((await texts(page, '.port-message'))[6],
            'The same view of the prior is missing');
        assert.deepEqual(await texts(page, '.letter-right'),
            ['P', 'A', 'P', 'A', 'P', 'A', '', 'A']);
        assert.equal(await page.locator('.thumb.is-prior').count(), 1);
        assert.ok((await page.locator('.banner-date').innerText()).includes('2026'));

        // whatever texts are chosen
        await page.keyboard.press('i');
        await page.keyboard.press('i');
        await drawn(page);
        assert.equal(await page.locator('.prior:visible').count(), 3);
    });


onPage('H12 a prior that is beside is in the address, and opens so elsewhere', {},
    async (page) => {
        await openStudy(page, NM.newer);
        await page.keyboard.press(',');
        await isShown(page, 1, 1);
        await page.waitForFunction(() => /layout=1x2/.test(location.search));

        const url = page.url();
        const before = await texts(page, '.prior');

        assert.equal(new URL(url).searchParams.getAll('study')[0], NM.newer);
        assert.equal(new URL(url).searchParams.getAll('study').length, 2);
        assert.match(before[1], /^PRIOR/);
        page = await nextPage(page);
        await page.goto(url);
        await isShown(page, 1, 0);
        await isShown(page, 1, 1);
        assert.deepEqual(await texts(page, '.prior'), before);
        assert.equal(new URL(page.url()).search, new URL(url).search);
    });


onPage('S10 another prior can be chosen, and the oldest study says so', {},
    async (page) => {
        await openStudy(page, NM.newer);

        const marks = async (/** @type {string} */ text) => page.waitForFunction((t) =>
            document.querySelectorAll('.prior')[1]?.textContent === t, text);

        await page.getByRole('button', { name: 'Compare with a prior' }).click();
        await marks('PRIOR  Jun 01, 2023  1 year earlier');
        await isShown(page, 1, 1);
        await page.keyboard.press(',');
        await marks('PRIOR  Jun 01, 2021  3 years earlier');
        assert.equal(await page.locator('.port').count(), 2);

        await openStudy(page, NM.older);
        await page.keyboard.press(',');
        await page.waitForFunction(() => document.querySelector('.note')?.textContent
            === 'There is no earlier study of the patient.');
    });


onPage('G17 the patient’s studies by date; a click puts one beside, at the closest slice', {},
    async (page) => {
        await openStudy(page, SLICES.study);
        await page.keyboard.press('End');
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('ArrowUp');
        await isShown(page, 9);
        assert.equal(await page.locator('.timeline').count(), 0, 'it is asked for first');
        await page.keyboard.press('_');

        const chips = page.locator('.timeline-study');

        await chips.nth(2).waitFor();
        // the newest first; the one of another birth date is not the patient's
        assert.deepEqual(await chips.evaluateAll((all) => all.map((n) => [
            n.querySelector('.timeline-date')?.textContent,
            n.querySelector('.timeline-mark')?.textContent,
            n.querySelector('.timeline-gap')?.textContent].join(' '))), [
            'Mar 01, 2026 This study ', 'Mar 01, 2025 Closest 1 year earlier',
            'Mar 01, 2024  2 years earlier']);
        assert.equal(await chips.nth(0).getAttribute('aria-current'), 'true');

        // of the same space: 20 mm, the fifth of 10 mm slices from 60
        await chips.nth(1).click();
        await isShown(page, 5, 1);
        assert.deepEqual(await texts(page, '.prior'), ['', 'PRIOR  Mar 01, 2025  1 year earlier']);
        assert.equal(await page.locator('.timeline-study.is-prior .timeline-mark').innerText(), 'PRIOR');
        assert.equal(await page.locator('.match-why').innerText(), 'Matched by chest, axial');

        // and they go on together
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await isShown(page, 6, 1);

        // of another space: as far through the stack; the body part is doubted
        await page.locator('.timeline-study').nth(2).click();
        await isShown(page, 4, 1);
        assert.equal(await page.locator('.match-why').innerText(), 'Other body part: HEAD');
        assert.ok(await page.locator('.match.is-doubtful').isVisible());

        // wrong: another series of the prior is chosen
        const list = page.getByLabel('Series of the prior');

        assert.deepEqual(await list.locator('option').allInnerTexts(), ['CT Axial (4)', 'CT Scout (2)']);
        await list.selectOption({ label: 'CT Scout (2)' });
        await isShown(page, 1, 1);
        assert.match(await page.locator('.corner-br').nth(1).innerText(), /Scout/);
        assert.equal(await page.locator('.match-why').innerText(), 'Chosen');

        // back to this study alone
        await page.locator('.timeline-study.is-own').click();
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 1);
        await page.keyboard.press('_');
        await page.locator('.timeline').waitFor({ state: 'detached' });
    });


onPage('G18 the next hanging and the one before, by key, with the reason', {},
    async (page) => {
        await openStudy(page, MG.study);
        await isShown(page, 1, 3);
        await page.keyboard.press('.');
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 1);
        assert.equal(await page.locator('.note').innerText(), 'One series: MG, 4 series');
        await page.keyboard.press('.');
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 2);
        await page.keyboard.press(':');
        await page.keyboard.press(':');
        await isShown(page, 1, 3);
        assert.equal(await page.locator('.note').innerText(),
            'Mammography four-view: MG, 4 series, 4 images');
    });


onPage('G18 what is wrong in the protocols is said with rule and key', {}, async (page) => {
    await page.route('**/hanging.json', (route) => route.fulfill({ json: { protocols: [
        { name: 'Right', match: {}, layout: '1x1', ports: [{ select: [{}] }] },
        { name: 'Wrong', match: {}, layout: '1x1', ports: [{ select: [{ modalty: 'CT' }] }] },
    ] } }));
    await openStudy(page, CT.study);
    assert.match(await page.locator('.hangings-wrong').innerText(),
        /protocols\[1\]\.ports\[0\]\.select\[0\]\.modalty: is not known; there are modality/);
    await page.unroute('**/hanging.json');
    await page.route('**/hanging.json', (route) => route.fulfill({ body: '{' }));
    await openStudy(page, CT.study);
    assert.match(await page.locator('.hangings-wrong').innerText(), /hanging\.json cannot be read/);
});


onPage('G18 an administrator sees which line is wrong, also of a file that is not in use yet', { allow: /404/ },
    async (page) => {
        const rows = page.locator('.hanging-rows tr');
        const summary = page.locator('.hanging-summary');
        const check = (/** @type {string} */ text) => page.locator('.hanging-file')
            .setInputFiles({ name: 'new.json', mimeType: 'application/json', buffer: Buffer.from(text) });

        await page.goto(`${BASE}/hanging.html`);
        await page.getByText('hanging.json is right.').waitFor();
        assert.match(await page.locator('.hanging-right').innerText(), /Mammography four-view/);
        assert.equal(await rows.count(), 0);

        await check('{ "protocols": [\n  { "name": "<b>A", "match": {},\n    "layout": "1x9",'
            + ' "ports": [] }\n] }');
        await page.getByText('new.json: 1 fault.').waitFor();
        assert.match(await rows.first().innerText(),
            /^3\s+protocols\[0\]\.layout\s+is not of 1x1 to 4x4\s+"layout": "1x9"/);

        await check('{ "protocols": [\n  { "name": "A", },\n] }');
        await page.waitForFunction(() => /a key in double quotes is expected/.test(
            document.querySelector('.hanging-rows')?.textContent ?? ''));
        assert.match(await rows.first().innerText(), /^2\s/);
        await check('{ "protocols": [] }');
        await page.getByText('new.json is right.').waitFor();
        assert.equal(await rows.count(), 0);

        await page.route('**/hanging.json', (route) => route.fulfill({ status: 404, body: '' }));
        await page.goto(`${BASE}/hanging.html`);
        await page.getByText('hanging.json cannot be read. The server says 404.').waitFor();
        assert.ok(await summary.isVisible());

        await page.setViewportSize({ width: 320, height: 640 });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    });


onPage('G18 segments are hung after the images that they are of', {}, async (page) => {
    const of = { StudyInstanceUID: newUid() };

    await store(BASE, [made({ ...of, Modality: 'SEG', SeriesNumber: 1 }),
        made({ ...of, Modality: 'MR', SeriesNumber: 2 })]);
    await openStudy(page, of.StudyInstanceUID);
    assert.deepEqual(await texts(page, '.thumb-modality'), ['SEG', 'MR']);
    assert.match(await page.locator('.thumb.is-active').innerText(), /MR/);
});
