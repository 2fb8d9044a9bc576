// SPDX-License-Identifier: BSD-2-Clause
//
// Nothing on the screen that may mislead: what is of whom, how large it is,
// and what lies over the picture.

import assert from 'node:assert/strict';
import { before } from 'node:test';

import {
    BASE, SIZES, chooseLayout, drawn, isShown, onPage, openStudy, portBox,
    seen,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { item, store } from './part10.mjs';
import { BARE, DX, storeCt, storePhantoms } from './phantoms.mjs';
import { readPng } from './png.mjs';
import { CT, DX as LARGE, LINKED, NM } from './studies.mjs';
import { NO_SAMPLES, storeSamples } from './samples.mjs';

/** @typedef {import('playwright-core').Page} Page */

const FOUR = ['l-cc', 'l-mlo', 'r-cc', 'r-mlo'].map((v) => `mg/4view-3328x2560-${v}.dcm`);
const FOUR_STUDY = '2.25.521345018104862784220449694205960489';

before(async () => {
    await storePhantoms(BASE);
    await storeSamples(...FOUR);
});


/** @param {Page} page @param {number[]} from @param {number[]} to CSS px */
async function stroke(page, from, to) {
    const box = await portBox(page);

    await page.mouse.move(box.x + from[0], box.y + from[1]);
    await page.mouse.down();
    await page.mouse.move(box.x + to[0], box.y + to[1], { steps: 3 });
    await page.mouse.up();
    await drawn(page);
}


/**
 * Where the phantom's block of 100 and 300 HU is seen: its edges from the
 * middle of the viewport, and its greys.
 * @param {Page} page
 */
async function blockOf(page) {
    const png = await seen(page);
    const [x, y] = [png.width / 2, png.height / 2];
    let [left, right, top, bottom] = [x, -x, y, -y];

    // away from the texts
    for (let j = -Math.floor(y / 2); j < y / 2; j++) {
        for (let i = -Math.floor(x / 2); i < x / 2; i++) {
            if (png.at(Math.floor(x + i), Math.floor(y + j))[0] > 80) {
                [left, right] = [Math.min(left, i), Math.max(right, i)];
                [top, bottom] = [Math.min(top, j), Math.max(bottom, j)];
            }
        }
    }

    const grey = (/** @type {number} */ k) => png.at(Math.round(x + left + (right - left) * k),
        Math.round(y + (top + bottom) / 2))[0];

    return [left, right, top, bottom, grey(0.25), grey(0.75)];
}


onPage('B20 Esc takes zoom, window and measurements back, not the place; undo brings marks',
    {}, async (page) => {
        await openStudy(page, await storeCt(BASE));
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);

        const home = await page.locator('.corner-bl').innerText();
        const block = await blockOf(page);

        await page.keyboard.press('+');
        await page.keyboard.press('2');
        await page.keyboard.press('n');
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        for (const y of [300, 350]) {
            await stroke(page, [300, y], [500, y]);
        }

        assert.equal(await page.locator('.mark').count(), 2);
        // saved: Esc asks nothing, and still nothing is lost
        await page.keyboard.press('v');
        await page.locator('.toolbar [data-command="measure"]').click();
        await page.locator('.menu [data-command="marks-save"], .menu [data-command="marks-panel"]')
            .first().click();
        await page.locator('.panel [data-command="marks-save"]').click();
        await page.waitForSelector('.panel-saving[data-state="saved"]');
        await page.locator('.port').focus();
        await page.keyboard.press('Escape');
        await page.waitForFunction(() => document.querySelectorAll('.mark').length === 0);
        await isShown(page, 2);
        assert.match(home, /^2 \/ 3[^]*C 40 +W 400$/);
        assert.equal(await page.locator('.corner-bl').innerText(), home);

        (await blockOf(page)).forEach((v, i) => assert.ok(Math.abs(v - block[i]) < 2,
            `${v} ${block[i]}`));

        const text = await page.locator('.corner-bl').innerText();

        await page.keyboard.press('Control+z');
        await drawn(page);
        assert.equal(await page.locator('.mark').count(), 2);
        assert.equal(await page.locator('.corner-bl').innerText(), text);
        // the button does the same
        await page.locator('.toolbar [data-command="reset"]').click();
        await page.waitForFunction(() => document.querySelectorAll('.mark').length === 0);
    });


/** Lighter than this is a breast, or something of the picture. */
const AIR = 26;

/**
 * Of one picture: it may become a better one between the two shots.
 * @param {Page} page
 * @param {string} hidden CSS of what is not to be seen
 */
async function without(page, hidden) {
    const set = (/** @type {string} */ value) => page.evaluate(([css, v]) => {
        for (const n of document.querySelectorAll(css)) {
            /** @type {HTMLElement} */ (n).style.visibility = v;
        }
    }, [hidden, value]);
    const shot = async (/** @type {string} */ value) => {
        await set(value);
        await drawn(page);
        return page.locator('.ports').screenshot();
    };

    for (;;) {
        const [whole, bare, again] = [await shot(''), await shot('hidden'), await shot('')];

        if (whole.equals(again)) {
            return { whole: readPng(whole), bare: readPng(bare) };
        }
    }
}


/**
 * How many pixels of a breast texts cover, and how many texts have at all.
 * @param {Page} page
 */
async function covered(page) {
    const { whole, bare } = await without(page, '.texts > *, .texts > * > *');
    let [texts, breast] = [0, 0];

    for (let y = 0; y < whole.height; y++) {
        for (let x = 0; x < whole.width; x++) {
            const [a, b] = [whole.at(x, y), bare.at(x, y)];

            if (a.some((v, i) => Math.abs(v - b[i]) > 8)) {
                texts++;
                breast += Number(b[0] > AIR);
            }
        }
    }

    return { texts, breast };
}


for (const size of /** @type {const} */ (['desktop', 'tablet', 'phone'])) {
    onPage(`S11 no text lies on a breast: four views, one, zoomed (${size})`,
        { size: SIZES[size], skip: NO_SAMPLES }, async (page) => {
            await page.goto(`${BASE}/viewer.html?study=${FOUR_STUDY}`);

            for (const at of [0, 1, 2, 3]) {
                await isShown(page, 1, at);
            }

            const four = await covered(page);

            assert.ok(four.texts > 500, JSON.stringify(four));
            assert.equal(four.breast, 0);
            // what is never hidden is not hidden here
            assert.equal(await page.locator('.lossy:visible').count(), 4);
            assert.equal(await page.locator('.badge:visible').count(), 4);
            assert.deepEqual(await page.locator('.corner-br').allInnerTexts()
                .then((all) => all.map((t) => /Right|Left/.exec(t)?.[0])),
            ['Right', 'Left', 'Right', 'Left']);

            await page.locator('.port').first().focus();
            await page.keyboard.press('e');
            await page.keyboard.press('m');
            await isShown(page, 1);

            const zoomed = await covered(page);

            assert.ok(zoomed.texts > 100, JSON.stringify(zoomed));
            assert.equal(zoomed.breast, 0);
        });
}


onPage('S11 the label of a mark keeps off the breast where there is air',
    { skip: NO_SAMPLES }, async (page) => {
        await page.goto(`${BASE}/viewer.html?study=${FOUR_STUDY}`);
        await isShown(page, 1);
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        const box = await portBox(page);

        // in the middle of the breast, at the chest wall
        await stroke(page, [box.width - 120, 150], [box.width - 60, 200]);
        await page.waitForFunction(() => /mm/.test(
            document.querySelector('.mark-label')?.textContent ?? ''));

        const { bare } = await without(page, '.mark, .texts > *, .texts > * > *');
        const ports = await page.locator('.ports').boundingBox();
        const text = await page.locator('.mark-label').boundingBox();

        assert.ok(ports !== null && text !== null);

        let breast = 0;

        for (let y = Math.ceil(text.y - ports.y); y < text.y - ports.y + text.height; y++) {
            for (let x = Math.ceil(text.x - ports.x); x < text.x - ports.x + text.width; x++) {
                breast += Number(bare.at(x, y)[0] > AIR);
            }
        }

        // a speck of the film apart
        assert.ok(breast < text.width * text.height / 200, String(breast));
    });


onPage('S11 corner text moves beside the picture and back, and stays where it was put', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));

        const wide = await portBox(page);

        await page.locator('.toolbar [data-command="sight"]').click();
        await page.locator('.menu [data-command="texts"]').click();
        await page.waitForSelector('.frame:not([data-beside=""])');
        await isShown(page, 1);

        const box = await portBox(page);
        const text = await page.locator('.corner-tl').boundingBox();

        assert.ok(text !== null && (text.x >= box.x + box.width || text.x + text.width <= box.x
            || text.y >= box.y + box.height), JSON.stringify({ text, box }));
        assert.match(await page.locator('.corner-tl').innerText(), /Measure, Pat/);
        assert.equal(await page.locator('.letter-left').innerText(), 'R');
        await page.reload();
        await page.waitForSelector('.frame:not([data-beside=""])');
        await page.keyboard.press(';');
        await page.waitForSelector('.frame[data-beside=""]');
        await drawn(page);
        assert.deepEqual(await portBox(page), wide);
        await page.keyboard.press(';');
        await drawn(page);
        assert.deepEqual(await portBox(page), wide);
    });


/** @param {Page} page @param {string} words @param {string} name of the study's row */
async function searchAnother(page, words, name) {
    await page.locator('.toolbar [data-command="another"]').click();
    await page.locator('.another .ask-field').fill(words);
    await page.keyboard.press('Enter');
    await page.locator('.another-study', { hasText: name }).click();
}


/** @param {Page} page @returns {Promise<number>} that the banner says */
const patients = async (page) => await page.locator('.banner-two').isVisible() ? 2 : 1;


onPage('S2 H9 two patients only after a question that names both; then colours and names',
    {}, async (page) => {
        await openStudy(page, CT.study);
        await searchAnother(page, 'LINK-1', 'Linked, Series');

        const question = page.locator('dialog[open]');
        const said = await question.innerText();

        assert.ok(said.includes(CT.id) && said.includes('LINK-1'), said);
        assert.ok(said.includes('Linked, Series'));
        // the safe answer, Esc and Enter all leave the screen as it was
        await page.keyboard.press('Escape');
        await drawn(page);
        assert.equal(await page.locator('.port').count(), 1);
        assert.equal(await patients(page), 1);
        await searchAnother(page, 'LINK-1', 'Linked, Series');
        await question.waitFor();
        await page.keyboard.press('Enter');
        await drawn(page);
        assert.equal(await page.locator('.port').count(), 1);

        await searchAnother(page, 'LINK-1', 'Linked, Series');
        await page.getByRole('button', { name: 'Show both' }).click();
        await isShown(page, 1, 1);

        // the banner is of both, and each picture says whose it is
        assert.equal(await patients(page), 2);
        assert.match(await page.locator('.banner-two').innerText(), /2 patients/);
        assert.deepEqual(await page.locator('.banner-who').count(), 2);
        assert.equal(await page.locator('.banner-patient').isVisible(), false);
        await page.keyboard.press('i');
        await page.keyboard.press('i');
        await drawn(page);
        assert.match(await page.locator('.whose').nth(0).innerText(), new RegExp(CT.id));
        assert.match(await page.locator('.whose').nth(1).innerText(), /Linked, Series/);
        assert.deepEqual(await page.locator('.prior:visible').count(), 0);

        // of the other patient the address says nothing
        await page.waitForFunction(() => /layout=1x2/.test(location.search));
        assert.deepEqual(new URL(page.url()).searchParams.getAll('study'), [CT.study]);
        assert.ok(!page.url().includes(LINKED.study));

        // a frame of another colour each, on the screen
        const png = readPng(await page.locator('.ports').screenshot());
        const half = Math.floor(png.width / 2);
        const [left, right] = [png.at(1, 300), png.at(half + 3, 300)];

        assert.ok(Math.max(...left.map((v, i) => Math.abs(v - right[i]))) > 80,
            `${left} ${right}`);
        assert.ok(Math.max(...left) > 150 && Math.max(...right) > 150);

        // marks are of the page's own patient
        await page.locator('.port').nth(1).focus();
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        const box = await portBox(page, 1);

        await page.mouse.click(box.x + 100, box.y + 200);
        await page.waitForFunction(() => /own patient/.test(
            document.querySelector('.panel-note')?.textContent ?? ''));
        assert.equal(await page.locator('.mark').count(), 0);

        // its viewport closed: one patient, and nothing of the other is left
        await page.locator('.port').nth(1).focus();
        await page.keyboard.press('v');
        await page.keyboard.press('Delete');
        await drawn(page);
        assert.equal(await patients(page), 1);
        assert.equal(await page.locator('.thumb').count(), 2);
        assert.equal(await page.locator('.whose:visible').count(), 0);
    });


onPage('S2 nothing leads from one patient to the other: keys, layouts, links, a third', {},
    async (page) => {
        await openStudy(page, CT.study);
        await searchAnother(page, 'LINK-1', 'Linked, Series');
        await page.getByRole('button', { name: 'Show both' }).click();
        await isShown(page, 1, 1);

        const whose = (/** @type {number} */ at) => page.locator('.whose').nth(at).innerText();
        const link = page.locator('.toolbar [data-command="link"]');

        // two stacks of parallel slices; of one patient they were linked
        assert.equal(await link.getAttribute('aria-pressed'), 'false');

        // the last series of one is not followed by the first of the other
        for (const [at, key, title, id] of /** @type {const} */ ([
            [0, 'PageDown', /Sagittal/, CT.id], [1, 'PageUp', /Axial 1/, 'LINK-1']]))
        {
            await page.locator('.port').nth(at).focus();

            for (let i = 0; i < 4; i++) {
                await page.keyboard.press(key);
                await isShown(page, 1, at);
            }

            assert.match(await page.locator('.corner-br').nth(at).innerText(), title);
            assert.match(await whose(at), new RegExp(id));
        }

        // more viewports are filled with the page's own patient, or not at all
        await page.locator('.port').nth(0).focus();
        await chooseLayout(page, 2, 2);
        await isShown(page, 1, 2);
        assert.match(await whose(2), new RegExp(CT.id));
        assert.equal(await page.locator('.port').nth(3).getAttribute('data-shown'), '');
        assert.equal(await page.locator('.thumb').count(), 5);

        // and two are enough
        await searchAnother(page, 'NM-1', 'Jun 01, 2024');
        await page.waitForFunction(() => document.querySelector('.note')?.textContent
            === 'There are two patients on the screen already.');
        assert.equal(await page.locator('dialog[open]').count(), 0);
        assert.equal(await page.locator('.thumb').count(), 5);
        assert.equal(await patients(page), 2);
    });


onPage('S2 the same patient: of one ID, issuer and birth date; without an ID nobody is', {},
    async (page) => {
        const one = { PatientID: `S2-${Date.now()}`, IssuerOfPatientID: 'HERE',
            PatientBirthDate: '19500102' };

        for (const [isAsked, change] of /** @type {[boolean, Record<string, string>][]} */ ([
            [true, { PatientBirthDate: '19500201' }],
            [true, { IssuerOfPatientID: 'ELSEWHERE' }],
            [true, { PatientID: '' }],
            [false, {}],
        ])) {
            const own = { ...one, ...change.PatientID === '' ? change : {},
                StudyInstanceUID: newUid() };
            const accession = newUid().slice(-16);

            await store(BASE, [made(own), made({ ...one, ...change,
                StudyInstanceUID: newUid(), AccessionNumber: accession })]);
            await openStudy(page, own.StudyInstanceUID);
            await searchAnother(page, accession, 'Made, Now');

            if (isAsked) {
                await page.locator('dialog[open] .banner-who').nth(1).waitFor();
                await page.keyboard.press('Escape');
                assert.equal(await page.locator('.port').count(), 1);
            } else {
                await isShown(page, 1, 1);
                assert.equal(await patients(page), 1);
            }
        }
    });


onPage('S2 a link that is dropped asks; an address with two patients opens one, and says so',
    {}, async (page) => {
        await openStudy(page, CT.study);
        await page.evaluate((url) => {
            const data = new DataTransfer();

            data.setData('text/uri-list', url);
            document.querySelector('.stage')?.dispatchEvent(new DragEvent('drop',
                { dataTransfer: data, bubbles: true, cancelable: true }));
        }, `${BASE}/viewer.html?study=${LINKED.study}`);
        await page.locator('dialog[open]').waitFor();
        assert.match(await page.locator('dialog[open]').innerText(), /Linked, Series/);
        await page.keyboard.press('Escape');

        for (const address of [`study=${CT.study}&study=${LINKED.study}`,
            `requestType=STUDY&studyUID=${CT.study},${LINKED.study}`])
        {
            await page.goto(`${BASE}/viewer.html?${address}`);
            await page.waitForFunction(() => /two patients.*Linked, Series/.test(
                document.querySelector('.note')?.textContent ?? ''));
            await isShown(page, 1);
            assert.equal(await page.locator('.thumb').count(), 2);
            assert.equal(await patients(page), 1);
        }

        // of one patient it opens them all
        await page.goto(`${BASE}/viewer.html?study=${NM.study}&study=${NM.older}`);
        await isShown(page, 1);
        assert.equal(await page.locator('.thumb').count(), 2);
        assert.equal(await patients(page), 1);
        assert.equal(await page.locator('.thumb.is-prior').count(), 1);
    });


/**
 * A row of the lens, from its left to its right; null: there is no lens.
 * @param {Page} page
 * @returns {Promise<number[] | null>} greys
 */
const lensRow = (page) => page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement | null} */ (
        document.querySelector('.lens canvas'));
    const data = canvas?.getContext('2d')?.getImageData(0, canvas.height >> 1, canvas.width, 1)
        .data;

    return data === undefined ? null : Array.from(data).filter((_, i) => i % 4 === 0);
});


onPage('G8 the magnifier: what is under the pointer, 2 to 4 times as large; by keys too', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await page.keyboard.press('2');
        await isShown(page, 1);

        const box = await portBox(page);
        // 200 x 160 pixels of 0.5 x 0.8 mm: as wide as 200 x 256 square ones
        const scale = Math.min(box.width / 200, box.height / 256);
        // air and tissue meet at column 60
        const edge = box.width / 2 + (60 - 100) * scale;
        const y = box.height / 2 + (60 - 80) * 1.6 * scale;

        await page.keyboard.press('\'');
        await page.waitForSelector('.port[data-tool="magnify"]');
        await page.mouse.move(box.x + edge - 20, box.y + y);

        for (const times of [2, 3, 4]) {
            await page.waitForFunction((n) => document.querySelector('.lens-times')
                ?.textContent === `× ${n}`, times);
            await drawn(page);

            const row = /** @type {number[]} */ (await lensRow(page));
            const at = row.findIndex((v, i) => i > 5 && v - row[i - 5] > 60);

            assert.ok(Math.abs(at - (110 + 20 * times)) < 8, `${times}: ${at} of ${row.length}`);
            await page.keyboard.press('.');
        }

        assert.ok(await page.locator('.toolbar [data-command="sight"][aria-pressed="true"]')
            .isVisible());
        await page.keyboard.press('Escape');
        await drawn(page);
        assert.equal(await lensRow(page), null);
        // no pointer: Enter, then Shift and arrows
        await page.locator('.port').focus();
        await page.keyboard.press('Enter');
        await page.locator('.lens').waitFor();

        const from = await page.locator('.lens').boundingBox();

        await page.keyboard.press('Shift+ArrowRight');
        await drawn(page);

        const to = await page.locator('.lens').boundingBox();

        assert.ok(from !== null && to !== null && to.x - from.x === 12);
        // another tool takes it away
        await page.keyboard.press('s');
        await drawn(page);
        assert.equal(await lensRow(page), null);
    });


onPage('G8 the magnifier of an inverted picture is inverted, at once', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await page.keyboard.press('2');
    await isShown(page, 1);
    await page.keyboard.press('\'');
    await page.waitForSelector('.port[data-tool="magnify"]');

    const box = await portBox(page);

    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator('.lens').waitFor();

    /** What is seen beside the lens's middle, as the screen has it. */
    const seen = async () => {
        await drawn(page);

        const lens = await page.locator('.lens canvas').screenshot();
        const png = readPng(lens);

        return png.at(png.width >> 1, (png.height >> 1) + 30)[0];
    };
    const before = await seen();

    await page.keyboard.press('n');
    assert.ok(Math.abs(await seen() - (255 - before)) <= 4, `${before}`);
    assert.equal(await page.locator('.lens canvas').evaluate((n) => n.style.filter),
        await page.locator('.port-picture').evaluate((n) => n.style.filter));
    await page.keyboard.press('n');
    assert.ok(Math.abs(await seen() - before) <= 4);
});


onPage('G8 the magnifier shows the server’s own pixels, and stands above a finger',
    { size: SIZES.tablet }, async (page) => {
        await openStudy(page, LARGE.study);
        await page.keyboard.press('\'');

        const box = await portBox(page);
        const cdp = await page.context().newCDPSession(page);
        const finger = { x: box.x + box.width / 2, y: box.y + box.height / 2 };

        await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [finger] });
        await page.locator('.lens').waitFor();

        const lens = await page.locator('.lens').boundingBox();

        assert.ok(lens !== null && lens.y + lens.height / 2 < finger.y - 80);

        // detail that only single stored pixels have
        for (let most = 0; most < 60;) {
            const row = /** @type {number[]} */ (await lensRow(page));

            most = Math.max(...row.slice(60, 160)) - Math.min(...row.slice(60, 160));
            await drawn(page);
        }

        await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
        await drawn(page);
        assert.equal(await lensRow(page), null);
    });


const CLASS = '1.2.840.10008.5.1.4.1.1.';
const CM = { PhysicalUnitsXDirection: 3, PhysicalUnitsYDirection: 3,
    PhysicalDeltaX: 0.05, PhysicalDeltaY: 0.05, RegionLocationMinX0: 0,
    RegionLocationMinY0: 0, RegionLocationMaxX1: 63, RegionLocationMaxY1: 63 };

/**
 * How the spacing is said, and what the bar says then; source null: there is
 * none; mm: of a pixel.
 * @type {Record<string, {values: Record<string, any>, source: RegExp | null, mm?: number}>}
 */
const SPACINGS = {
    'Pixel Spacing': { values: { SOPClassUID: `${CLASS}2`, Modality: 'CT',
        PixelSpacing: [0.5, 0.5] }, source: /^Pixel Spacing$/, mm: 0.5 },
    'none': { values: { SOPClassUID: `${CLASS}7`, Modality: 'OT' }, source: null },
    'of no size': { values: { SOPClassUID: `${CLASS}2`, Modality: 'CT',
        PixelSpacing: [0, 0] }, source: null },
    'at the detector': { values: { SOPClassUID: `${CLASS}1.1`, Modality: 'DX',
        ImagerPixelSpacing: [0.2, 0.2] }, source: /detector/, mm: 0.2 },
    'at the detector and magnified': { values: { SOPClassUID: `${CLASS}1.1`,
        Modality: 'DX', ImagerPixelSpacing: [0.3, 0.3],
        EstimatedRadiographicMagnificationFactor: 1.5 },
    source: /divided by magnification/, mm: 0.2 },
    'calibrated in a projection': { values: { SOPClassUID: `${CLASS}1.1`,
        Modality: 'DX', ImagerPixelSpacing: [0.3, 0.3], PixelSpacing: [0.25, 0.25],
        PixelSpacingCalibrationType: 'FIDUCIAL' }, source: /calibrated: fiducial/, mm: 0.25 },
    'ultrasound region': { values: { SOPClassUID: `${CLASS}6.1`, Modality: 'US',
        SequenceOfUltrasoundRegions: item(CM) }, source: /ultrasound region/, mm: 0.5 },
    'ultrasound of time': { values: { SOPClassUID: `${CLASS}6.1`, Modality: 'US',
        SequenceOfUltrasoundRegions: item({ ...CM, PhysicalUnitsXDirection: 4 }) },
    source: null },
    'ultrasound of another image': { values: { SOPClassUID: `${CLASS}6.1`, Modality: 'US',
        SequenceOfUltrasoundRegions: item({ ...CM, RegionLocationMaxX1: 400 }) },
    source: null },
    'ultrasound of a taller image': { values: { SOPClassUID: `${CLASS}6.1`, Modality: 'US',
        SequenceOfUltrasoundRegions: item({ ...CM, RegionLocationMaxY1: 400 }) },
    source: null },
};

/** @param {Record<string, any>} values @returns {Promise<string>} a study of 64 x 64 */
async function storeOne(values) {
    const study = newUid();

    await store(BASE, [made({ StudyInstanceUID: study, PatientID: study.slice(-12),
        ...values }, 64)]);

    return study;
}

for (const [name, { values, source, mm }] of Object.entries(SPACINGS)) {
    onPage(`S6 B34 G9 the bar of ${name}`, {}, async (page) => {
        await openStudy(page, await storeOne(values));

        if (source === null || mm === undefined) {
            assert.equal(await page.locator('.scale').isVisible(), false);
            return;
        }

        assert.match(await page.locator('.scale-source').innerText(), source);

        const box = await portBox(page);
        const bar = await page.locator('.scale-bar').boundingBox();
        const said = /([\d.]+) (cm|mm|µm)/.exec(await page.locator('.scale-text').innerText());

        assert.ok(said !== null && bar !== null);

        const long = Number(said[1]) * ({ cm: 10, mm: 1 }[said[2]] ?? 0.001);
        const pixel = Math.min(box.width, box.height) / 64;

        assert.ok(Math.abs(bar.width - long / mm * pixel) < 2, `${bar.width} ${long}`);
    });
}


onPage('S6 the source of the scale is named on a phone and in tiles, too, in a word',
    { size: SIZES.phone }, async (page) => {
        for (const [name, said] of [['Pixel Spacing', 'Pixel Spacing'],
            ['at the detector', 'detector'],
            ['at the detector and magnified', 'by magnification']])
        {
            await openStudy(page, await storeOne(SPACINGS[name].values));
            assert.equal(await page.locator('.scale-source').innerText(), said);
            assert.ok(await page.locator('.scale-source').isVisible(), name);
        }

        await page.setViewportSize({ width: 844, height: 390 });
        await openStudy(page, CT.study);
        await page.keyboard.press('g');
        await page.getByRole('button', { name: '1 × 2', exact: true }).click();
        await isShown(page, 1, 1);
        assert.deepEqual(await page.locator('.scale-source').allInnerTexts(),
            ['Pixel Spacing', 'Pixel Spacing']);
    });


onPage('S6 a user’s calibration gives the bar, and is named', {}, async (page) => {
    await openStudy(page, BARE.study);
    assert.equal(await page.locator('.scale').isVisible(), false);
    await page.locator('.toolbar [data-command="measure"]').click();
    await page.locator('.menu [data-command="calibrate"]').click();
    await page.waitForSelector('.layer-marks', { state: 'attached' });
    await stroke(page, [300, 300], [500, 300]);
    await page.locator('.ask-field').fill('50');
    await page.keyboard.press('Enter');
    await page.locator('.scale').waitFor();
    assert.match(await page.locator('.scale-source').innerText(), /calibrated by user/);

    const bar = await page.locator('.scale-bar').boundingBox();
    const said = /(\d+) cm/.exec(await page.locator('.scale-text').innerText());

    assert.ok(said !== null && bar !== null);
    assert.ok(Math.abs(bar.width - Number(said[1]) * 40) < 2, `${bar.width} ${said[0]}`);
});


onPage('S6 G8 true size only where image and screen are measured; else it says why', {},
    async (page) => {
        const note = (/** @type {RegExp} */ text) => page.waitForFunction((source) =>
            new RegExp(source).test(document.querySelector('.note')?.textContent ?? ''),
        text.source);
        const ct = await storeCt(BASE);

        await openStudy(page, ct);
        await page.keyboard.press('\\');
        await note(/screen is not measured/);
        assert.doesNotMatch(await page.locator('.corner-bl').innerText(), /^200 %/m);

        // a card of 342.4 px: 4 px a mm
        await page.goto(`${BASE}/display.html`);
        await page.locator('.card-slider').fill('4');
        await drawn(page);

        const card = await page.locator('.card').boundingBox();

        assert.ok(card !== null && Math.abs(card.width - 342.4) < 0.5);
        await page.getByRole('button', { name: 'Keep this size' }).click();
        assert.match(await page.locator('.card-state').innerText(), /40\.0 pixels/);

        await openStudy(page, ct);
        await page.locator('.toolbar [data-command="sight"]').click();
        await page.locator('.menu [data-command="true-size"]').click();
        await note(/True size \(Pixel Spacing\)/);

        const bar = await page.locator('.scale-bar').boundingBox();
        const said = /(\d+) cm/.exec(await page.locator('.scale-text').innerText());

        assert.ok(said !== null && bar !== null);
        assert.ok(Math.abs(bar.width - Number(said[1]) * 40) < 2, `${bar.width} ${said[0]}`);

        await openStudy(page, BARE.study);
        await page.keyboard.press('\\');
        await note(/does not say how large/);
        await openStudy(page, DX.study);
        await page.keyboard.press('\\');
        await note(/not calibrated \(at the detector\)/);
    });
