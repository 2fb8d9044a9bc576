// SPDX-License-Identifier: BSD-2-Clause
//
// Marks as a person draws them: what they say is compared with what is known
// of the picture, and what is stored with what DICOM asks for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import {
    BASE, SIZES, chooseLayout, drag, drawn, isShown, nextPage, onPage, openStudy, portBox,
    seen, touch, withMetadata,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { store } from './part10.mjs';
import { BARE, CT, DX, storeCt, storePhantoms } from './phantoms.mjs';
import { readPng } from './png.mjs';
import { CT as SEEN } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const folder = mkdtempSync(join(tmpdir(), 'marks-'));

before(() => storePhantoms(BASE));
after(() => rmSync(folder, { recursive: true }));

/** What another reader finds in a report. */
const READ = `
import sys, pydicom
ds = pydicom.dcmread(sys.argv[1])
print(ds.ContentTemplateSequence[0].TemplateIdentifier)
def walk(item):
    for c in item.get('ContentSequence', []):
        if c.ValueType == 'NUM':
            m = c.MeasuredValueSequence[0]
            print('NUM', c.ConceptNameCodeSequence[0].CodeValue,
                m.MeasurementUnitsCodeSequence[0].CodeValue, m.NumericValue)
        if c.ValueType == 'PNAME':
            print('PNAME', c.PersonName)
        if c.ValueType == 'SCOORD':
            print('SCOORD', c.GraphicType, list(c.GraphicData))
        walk(c)
walk(ds)
`;


/**
 * Files of a modality, the newest first.
 * @param {Page} page
 * @param {string} study
 * @param {string} modality
 * @returns {Promise<string[]>} paths
 */
async function files(page, study, modality) {
    const root = `${BASE}/dicom-web/studies/${study}`;
    const rows = await (await fetch(`${root}/instances?Modality=${modality}`
        + '&includefield=0020000E')).json();
    const value = (/** @type {any} */ ds, /** @type {string} */ tag) => ds[tag].Value[0];

    rows.sort((/** @type {any} */ a, /** @type {any} */ b) =>
        value(b, '00200013') - value(a, '00200013'));

    return Promise.all(rows.map(async (/** @type {any} */ ds, /** @type {number} */ i) => {
        const answer = await fetch(`${root}/series/${value(ds, '0020000E')}/instances/`
            + value(ds, '00080018'), { headers: { Accept: 'application/dicom' } });
        const path = join(folder, `${modality}-${i}.dcm`);

        writeFileSync(path, Buffer.from(await answer.arrayBuffer()));

        return path;
    }));
}


/** @param {Page} page @param {string} study */
async function stored(page, study) {
    const [[sr], [ko]] = await Promise.all([files(page, study, 'SR'),
        files(page, study, 'KO')]);

    return { sr, ko };
}


/**
 * Where a pixel of the fitted picture is on the screen.
 * @param {Page} page
 * @param {{columns: number, rows: number, row?: number, column?: number}} of
 * @param {number} x stored pixels
 * @param {number} y
 */
async function placeOf(page, { columns, rows, row = 1, column = 1 }, x, y) {
    const box = await portBox(page);
    const aspect = row / column;
    const scale = Math.min(box.width / columns, box.height / (rows * aspect));

    return {
        x: box.width / 2 + (x - columns / 2) * scale,
        y: box.height / 2 + (y - rows / 2) * aspect * scale,
    };
}


/** @param {Page} page @param {any} of @param {number[][]} points are clicked */
async function click(page, of, points) {
    const box = await portBox(page);

    for (const [x, y] of points) {
        const p = await placeOf(page, of, x, y);
        await page.mouse.click(box.x + p.x, box.y + p.y);
    }
}


/** @param {Page} page @param {any} of @param {...number[]} points one drag */
async function stroke(page, of, ...points) {
    const box = await portBox(page);
    const [first, ...rest] = await Promise.all(points.map(([x, y]) =>
        placeOf(page, of, x, y)));

    await page.mouse.move(box.x + first.x, box.y + first.y);
    await page.mouse.down();

    for (const p of rest) {
        await page.mouse.move(box.x + p.x, box.y + p.y, { steps: 3 });
    }

    await page.mouse.up();
}


/** @param {Page} page @param {string} key of the tool, or its name in the menu */
async function take(page, key) {
    if (key.length === 1) {
        await page.keyboard.press(key);
    } else {
        await page.locator('.toolbar [data-command="measure"]').click();
        await page.locator(`.menu [data-command="${key}"]`).click();
    }

    await page.waitForFunction(() => document.querySelector('.layer-marks') !== null);
    await drawn(page);
}


/** @param {Page} page @returns {Promise<string[]>} lines of the labels */
async function labels(page) {
    await drawn(page);

    return page.locator('.mark-text').allTextContents();
}


/** @param {Page} page @param {RegExp} text waits for it */
async function says(page, text) {
    await page.waitForFunction((source) => [...document.querySelectorAll('.mark-label')]
        .some((n) => new RegExp(source).test([...n.children]
            .map((c) => c.textContent).join('\n'))), text.source);
}


/** @param {Page} page @returns {Promise<number>} that the first label says */
async function figureOf(page) {
    return parseFloat((await labels(page))[0]);
}


const near = (/** @type {number} */ a, /** @type {number} */ b, by = 0.11) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);


onPage('B32 a distance: two clicks or one stroke, in mm, finer than a pixel', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await take(page, 'd');
        await click(page, CT, [[20, 20], [120, 20]]);
        await says(page, /50\.\d mm/);
        near(await figureOf(page), 50);
        await page.keyboard.press('Delete');
        assert.deepEqual(await labels(page), []);

        // 60 x 0.5 mm across, 50 x 0.8 mm down
        await stroke(page, CT, [20.5, 20.5], [80.5, 70.5]);
        await says(page, /50\.\d mm/);
        near(await figureOf(page), 50);
        assert.ok((await labels(page)).includes('Pixel Spacing'), String(await labels(page)));
        await page.keyboard.press('Control+z');
        assert.deepEqual(await labels(page), []);
        await page.keyboard.press('Control+Shift+z');
        near(await figureOf(page), 50);
    });


onPage('B33 an angle of two lines that do not meet: four clicks', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await take(page, 'a');
    // 0.5 x 80 across, 0.8 x 50 down: 45 degrees
    await click(page, CT, [[20, 20], [120, 20], [30, 60], [110, 110]]);
    await says(page, /4[45]\.\d°/);
    near(await figureOf(page), 45, 0.3);
});


onPage('B34 H7 no millimetres without spacing: pixels, until the user calibrates', {},
    async (page) => {
        await openStudy(page, BARE.study);
        assert.equal(await page.locator('.scale').isVisible(), false);
        await take(page, 'd');
        await stroke(page, BARE, [50, 50], [150, 50]);
        await says(page, /\d px/);
        near(await figureOf(page), 100, 0.3);
        assert.ok((await labels(page)).every((l) => !/mm/.test(l)));

        await take(page, 'calibrate');
        await stroke(page, BARE, [50, 120], [250, 120]);
        await page.locator('.ask-field').fill('20');
        await page.keyboard.press('Enter');
        await says(page, /10\.\d mm/);
        near(await figureOf(page), 10);
        assert.ok((await labels(page)).includes('calibrated by user'));

        // a step like others: no two values for one length
        await page.keyboard.press('Control+z');
        await says(page, /\d px/);
        assert.equal(await page.locator('.scale').isVisible(), false);
        await page.keyboard.press('Control+Shift+z');
        await says(page, /10\.\d mm/);
        assert.equal(await page.locator('.scale').isVisible(), true);
    });


/** @returns {Promise<string>} a study of two images, 64 x 64 and 32 x 32 */
async function storeTwo() {
    const of = { StudyInstanceUID: newUid(), SeriesInstanceUID: newUid() };

    await store(BASE, [made({ ...of, InstanceNumber: 1 }, 64),
        made({ ...of, InstanceNumber: 2 }, 32)]);

    return of.StudyInstanceUID;
}


onPage('S6 a calibration is for images of that size alone', {}, async (page) => {
    const [large, small] = [64, 32].map((side) => ({ columns: side, rows: side }));

    await openStudy(page, await storeTwo());
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    await take(page, 'd');
    await stroke(page, small, [8, 8], [18, 8]);
    await says(page, /10\.\d px/);
    await page.keyboard.press('ArrowUp');
    await isShown(page, 1);
    await take(page, 'calibrate');
    await stroke(page, large, [10, 20], [30, 20]);
    await page.locator('.ask-field').fill('20');
    await page.keyboard.press('Enter');
    await page.locator('.scale').waitFor();
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    await says(page, /10\.\d px/);
    assert.equal(await page.locator('.scale').isVisible(), false);
});


onPage('a mark that is not seen is not deleted', {}, async (page) => {
    await openStudy(page, await storeTwo());
    await take(page, 'd');
    await stroke(page, { columns: 64, rows: 64 }, [10, 20], [30, 20]);
    await says(page, /20\.\d px/);
    await page.keyboard.press('s');
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    await page.keyboard.press('Delete');
    await page.locator('.note', { hasText: 'on another image' }).waitFor();
    await page.keyboard.press('ArrowUp');
    await isShown(page, 1);
    await says(page, /20\.\d px/);
    await page.keyboard.press('Delete');
    assert.deepEqual(await labels(page), []);
});


onPage('G12 two tabs: what one has deleted does not come back, what one has kept stays',
    { allow: /ERR_INTERNET_DISCONNECTED/ },
    async (page) => {
        const study = await storeTwo();
        const large = { columns: 64, rows: 64 };
        const isSaved = (/** @type {Page} */ on) =>
            on.waitForSelector('.panel-saving[data-state="saved"]');

        await openStudy(page, study);
        await take(page, 'd');
        await stroke(page, large, [10, 20], [30, 20]);
        await take(page, 'marks-panel');
        await isSaved(page);

        const other = await page.context().newPage();

        await openStudy(other, study);
        await says(other, /20\.\d px/);
        await other.locator('[data-command="measure"]').click();
        await other.locator('.menu [data-command="marks-panel"]').click();
        await other.locator('.entry [class*="remove"]').first().click();
        await isSaved(other);
        await page.waitForFunction(() => document.querySelector('.mark-label') === null);

        // without a server both keep theirs
        await page.context().setOffline(true);
        await page.bringToFront();
        await take(page, 'd');
        await stroke(page, large, [10, 30], [40, 30]);
        await says(page, /30\.\d px/);
        await other.bringToFront();
        await says(other, /30\.\d px/);
        await take(other, 'd');
        await stroke(other, large, [10, 40], [25, 40]);
        await says(other, /15\.\d px/);
        await other.close();
        await page.goto('about:blank');
        await page.context().setOffline(false);
        await openStudy(page, study);
        await says(page, /30\.\d px/);
        await says(page, /15\.\d px/);
    });


onPage('G12 two tabs: what one keeps in the moment in which the other sends stays', {}, async (page) => {
    const study = await storeTwo();
    const stored = page.waitForResponse((r) => r.request().method() === 'POST' && r.ok()
        && r.url().includes('/studies'));

    await openStudy(page, study);
    await take(page, 'd');
    await stroke(page, { columns: 64, rows: 64 }, [10, 20], [30, 20]);
    await says(page, /20\.\d px/);
    // as another tab does: of its own writing a page hears nothing
    await page.evaluate(([study]) => {
        const name = `pacs.marks.${study}`;
        const kept = JSON.parse(/** @type {string} */ (localStorage.getItem(name)));
        const [mark] = kept.marks;

        kept.marks.push({ ...mark, uid: `${mark.uid.slice(0, -4)}7777`,
            points: [{ x: 10, y: 40 }, { x: 25, y: 40 }] });
        localStorage.setItem(name, JSON.stringify(kept));
    }, [study]);
    await stored;
    await says(page, /15\.\d px/);
    await page.reload();
    await says(page, /15\.\d px/);
    await says(page, /20\.\d px/);
});


onPage('G12 two tabs: a calibration and key images of one are the other’s, and no obstacle',
    { allow: /ERR_INTERNET_DISCONNECTED/ },
    async (page) => {
        const study = await storeTwo();
        const large = { columns: 64, rows: 64 };

        await openStudy(page, study);
        await take(page, 'd');
        await stroke(page, large, [10, 20], [30, 20]);
        await says(page, /20\.\d px/);

        const other = await page.context().newPage();

        await openStudy(other, study);
        await says(other, /20\.\d px/);
        await page.bringToFront();
        await take(page, 'calibrate');
        await stroke(page, large, [10, 40], [30, 40]);
        await page.locator('.ask-field').fill('40');
        await page.keyboard.press('Enter');
        await says(page, /40\.\d mm/);
        await other.bringToFront();
        await says(other, /40\.\d mm/);
        await other.locator('[data-command="measure"]').click();
        await other.locator('.menu [data-command="marks-panel"]').click();
        await other.locator('.entry [class*="remove"]').first().click();
        await page.waitForFunction(() => document.querySelector('.mark-label') === null);

        await page.context().setOffline(true);
        await page.bringToFront();
        await page.keyboard.press('*');
        await page.locator('.strip-item').getByText('Key images').waitFor();
        await other.bringToFront();
        await other.locator('.strip-item').getByText('Key images').waitFor();
        await take(other, 'd');
        await stroke(other, large, [10, 40], [25, 40]);
        await says(other, /30\.\d mm/);
        await other.close();
        await page.goto('about:blank');
        await page.context().setOffline(false);
        await openStudy(page, study);
        await says(page, /30\.\d mm/);
        await page.locator('.strip-item').getByText('Key images').waitFor();
    });


onPage('S6 the source of a scale is named: at the detector', {}, async (page) => {
    await openStudy(page, DX.study);
    await take(page, 'd');
    await stroke(page, DX, [50, 50], [150, 50]);
    await says(page, /\d mm/);
    near(await figureOf(page), 20, 0.2);
    const source = await page.locator('.scale-source').innerText();

    assert.match(source, /detector/i);
    assert.ok((await labels(page)).includes(source), String(await labels(page)));
});


onPage('G11 a region says area, mean, SD, least and greatest, of stored values', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await take(page, 'rectangle');
        // 20 columns of 100 HU and 20 of 300
        await stroke(page, CT, [60.1, 45.1], [99.9, 74.9]);
        await says(page, /Mean 200 HU[^]*Min 100\s+Max 300/);
        const all = await labels(page);

        assert.match(all.join(' '), /SD 100/);
        near(Number(/Area ([\d.]+) mm²/.exec(all.join(' '))?.[1]), 40 * 0.5 * 30 * 0.8, 8);
        await page.keyboard.press('Control+z');
        await take(page, 'probe');
        await click(page, CT, [[90.5, 60.5]]);
        await says(page, /^300 HU/);
    });


onPage('B38 the tool that is chosen last counts, though a pen takes long to load', {},
    async (page) => {
        /** @type {() => void} */
        let go = () => {};
        const gone = new Promise((done) => { go = () => done(null); });

        await page.route('**/js/viewer/marks/main.js', async (route) => {
            await gone;
            await route.continue();
        });
        await openStudy(page, BARE.study);
        await page.keyboard.press('d');
        await page.waitForSelector('.port[data-tool="length"]');
        await page.keyboard.press('z');
        await page.waitForSelector('.port[data-tool="zoom"]');
        go();
        await page.waitForSelector('.layer-marks', { state: 'attached' });
        await drawn(page);
        assert.equal(await page.locator('.port').getAttribute('data-tool'), 'zoom');
    });


onPage('a mark is moved by its handle, by its line and by keys', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await take(page, 'd');
    await stroke(page, CT, [20, 20], [120, 20]);
    await says(page, /50\.\d mm/);
    await stroke(page, CT, [120, 20], [140, 20]);
    await says(page, /60\.\d mm|59\.9 mm/);
    await stroke(page, CT, [80, 20], [80, 60]);
    near(await figureOf(page), 60, 0.2);
    assert.equal(await page.locator('.mark').count(), 1);
    // its first handle a pixel to the left
    await page.keyboard.press('.');
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowLeft');
    await drawn(page);
    const figure = await figureOf(page);

    assert.ok(Math.abs(figure - 60) > 0.8, String(figure));
    await page.keyboard.press('Delete');
    assert.deepEqual(await labels(page), []);
    await page.keyboard.press('Control+z');
    assert.equal(await figureOf(page), figure);
});


onPage('every pen makes its mark', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));

    for (const [pen, y] of /** @type {const} */ ([['bidirectional', 20], ['ellipse', 50],
        ['arrow', 110]]))
    {
        await take(page, pen);
        await stroke(page, CT, [20, y], [50, y + 15]);

        if (pen === 'arrow') {
            await page.locator('.ask-field').fill('Here');
            await page.keyboard.press('Enter');
        }

        await page.waitForSelector(`.mark[data-kind="${pen}"]`);
    }

    await take(page, 'freehand');
    await stroke(page, CT, [20, 80], [50, 80], [50, 95], [20, 95]);
    await page.waitForSelector('.mark[data-kind="freehand"]:not([data-uid=""])');
    await take(page, 'text');
    await click(page, CT, [[120, 100]]);
    await page.locator('.ask-field').fill('Note <b>');
    await page.keyboard.press('Enter');
    await says(page, /Note <b>/);
    await take(page, 'angle');
    await click(page, CT, [[150, 20], [120, 20], [150, 38.75]]);
    await page.waitForSelector('.mark[data-kind="angle"]:not([data-uid=""])');
    assert.equal(await page.locator('.mark').count(), 6);
});


// the server's own page of a report has its styles in it: plain under this
// policy; and it is sandboxed, where Playwright looks for service workers
onPage('G12 marks are stored as TID 1500, read back, and of their author',
    { allow: /Applying inline style[^]*\/rendered|SecurityError: [^]*'serviceWorker'/ },
    async (page) => {
        const study = await storeCt(BASE);

        await openStudy(page, study);
        await take(page, 'd');
        await stroke(page, CT, [20, 20], [120, 20]);
        await take(page, 'ellipse');
        await stroke(page, CT, [60, 40], [100, 80]);
        await says(page, /Mean/);
        await take(page, 'marks-panel');
        await page.locator('.panel-author').click();
        await page.locator('.ask-field').fill('Reader^Rita');
        await page.keyboard.press('Enter');
        // by itself, after a rest
        await page.waitForSelector('.panel-saving[data-state="saved"]');
        await page.keyboard.press('*');
        await page.waitForSelector('.port[data-key="own"]');
        await page.waitForSelector('.panel-saving:not([data-state="saved"])');
        await page.waitForSelector('.panel-saving[data-state="saved"]');

        // another browser; of this study nothing is left in the first but the name
        assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)
            .filter((key) => key.startsWith('pacs.marks'))), []);
        assert.ok(await page.evaluate(() => Object.values(localStorage)
            .some((v) => v.includes('Reader^Rita'))), 'the name is kept');
        await page.evaluate(() => localStorage.clear());
        page = await nextPage(page);
        await openStudy(page, study);
        await says(page, /50\.\d mm/);
        await says(page, /Mean/);
        await page.waitForSelector('.port[data-key]:not([data-key=""])');
        await page.keyboard.press('r');
        await page.waitForSelector('iframe.report-frame');
        await page.frameLocator('.report-frame').getByText(/Length/).first().waitFor();

        const { sr, ko } = await stored(page, study);

        for (const file of [sr, ko]) {
            const said = execFileSync('dciodvfy', [file], { encoding: 'utf8',
                stdio: ['ignore', 'pipe', 'pipe'] });
            assert.doesNotMatch(said, /^Error/m);
        }

        const read = execFileSync('/usr/bin/python3', ['-c', READ, sr], { encoding: 'utf8' });

        assert.match(read, /1500/);
        assert.match(read, /NUM G-D7FE|NUM 410668003/);
        assert.match(read, /410668003 mm 50$/m);
        assert.match(read, /ELLIPSE/);
        assert.match(read, /^PNAME Reader\^Rita$/m);
    });


/**
 * @param {Page} page
 * @param {string} command of the menu of outputs
 * @returns {Promise<Buffer>} the file
 */
async function saved(page, command) {
    await page.locator('.toolbar [data-command="output"]').click();

    const [file] = await Promise.all([page.waitForEvent('download'),
        page.locator(`.menu [data-command="${command}"]`).click()]);

    return readFileSync(/** @type {string} */ (await file.path()));
}


onPage('G12 a mark that is drawn while the stored ones are read is not lost', {},
    async (page) => {
        const study = await storeCt(BASE);

        await openStudy(page, study);
        await take(page, 'd');
        await stroke(page, CT, [20, 20], [120, 20]);
        await take(page, 'marks-panel');
        await page.waitForSelector('.panel-saving[data-state="saved"]');
        page = await nextPage(page);

        // between two frames of the screen may lie much
        await page.addInitScript(() => {
            const all = /** @type {any} */ (window);
            const request = window.requestAnimationFrame.bind(window);
            /** @type {FrameRequestCallback[] | null} */
            let held = null;

            window.requestAnimationFrame = (f) => held === null ? request(f) : held.push(f);
            all.holdFrames = () => { held = []; };
            all.letFramesGo = () => { held?.forEach(request); held = null; };
        });

        /** @type {() => void} */
        let go = () => {};
        const gone = new Promise((done) => { go = () => done(null); });

        await page.route('**/series?*Modality=SR*', async (route) => {
            await gone;
            await route.continue();
        });

        const read = page.waitForResponse((r) => /metadata$/.test(r.url())
            && !r.url().includes(`${study}.1/`));

        await openStudy(page, study);
        await take(page, 'd');
        await page.evaluate(() => /** @type {any} */ (window).holdFrames());
        await stroke(page, CT, [20, 60], [40, 60]);
        go();
        await (await read).finished();
        await page.evaluate(() => /** @type {any} */ (window).letFramesGo());
        await says(page, /50\.\d mm/);
        await says(page, /10\.\d mm/);
    });


onPage('B35 S12 G13 print and picture files say whose, how and what for', {},
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await take(page, 'd');
        await stroke(page, CT, [20, 20], [120, 20]);

        const line = await Promise.all([40, 70, 100].map((x) => placeOf(page, CT, x, 20)));

        await page.evaluate(() => { window.print = () => {}; });
        await page.keyboard.press('p');
        await page.waitForSelector('.paper', { state: 'attached' });
        await page.emulateMedia({ media: 'print' });

        const paper = await page.locator('.paper').innerText();

        for (const part of [/Measure, Pat/, /PHANTOM-7/, /Feb 29, 1960/, /Apr 05, 2024/,
            /C 40 +W 400/, /loss/, /Not for primary diagnosis/])
        {
            assert.match(paper, part);
        }

        assert.equal(await page.locator('.banner').isVisible(), false);
        assert.ok(await page.locator('.paper-picture').isVisible());

        // the block of 300 HU is white, and the mark is on it: letters are yellow, too
        const colours = await page.locator('.paper-picture').evaluate((node, points) => {
            const c = /** @type {HTMLCanvasElement} */ (node);
            const context = /** @type {any} */ (c.getContext('2d'));
            const { data } = context.getImageData(0, 0, c.width, c.height);
            let white = 0;

            for (let i = 0; i < data.length; i += 4) {
                white += Number(data[i] > 250 && data[i + 2] > 250);
            }

            return { white, line: points.map(({ x, y }) => {
                const near = context.getImageData(Math.round(x) - 1, Math.round(y) - 3, 3, 7).data;

                return near.some((/** @type {number} */ v, /** @type {number} */ i) => i % 4 === 0
                    && v > 150 && near[i + 1] > 120 && near[i + 2] < 0.8 * v);
            }) };
        }, line);

        assert.ok(colours.white > 2000, JSON.stringify(colours));
        assert.deepEqual(colours.line, [true, true, true]);
        await page.emulateMedia({ media: 'screen' });

        // what the browser itself prints later is not this picture
        await page.evaluate(() => { window.dispatchEvent(new Event('afterprint')); });
        assert.equal(await page.locator('.paper').count(), 0);

        for (const [name, magic] of /** @type {const} */ ([['export-png', '89504e47'],
            ['export-jpeg', 'ffd8ff'], ['export-zip', '504b0304']]))
        {
            const bytes = await saved(page, name);

            assert.equal(bytes.subarray(0, magic.length / 2).toString('hex'), magic);
        }
    });


onPage('S12 what is turned, inverted or was stored with loss is said on what leaves', {},
    async (page) => {
        await withMetadata(page, (all) => all.map((ds) => ({ ...ds,
            '00282110': { vr: 'CS', Value: ['01'] }, '00282112': { vr: 'DS', Value: [12.34] } })));
        await page.addInitScript(() => { window.print = () => {}; });
        await openStudy(page, DX.study);
        await page.keyboard.press('q');
        await page.keyboard.press('n');
        await page.keyboard.press('p');
        await page.waitForSelector('.paper', { state: 'attached' });

        const paper = /** @type {string} */ (await page.locator('.paper').textContent());

        for (const part of [/Inverted/, /Rotated 90°/, /Lossy stored 12\.3:1/]) {
            assert.match(paper, part);
        }
    });


onPage('S12 a picture file is what is seen of the selected viewport, between its lines', {},
    async (page) => {
        await openStudy(page, SEEN.study);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);
        await page.locator('.port').nth(1).focus();

        // what the compositor does of a window that is not here is on it, too
        await page.route('**/rendered?*window=*', () => {});
        await drag(page, { x: 200, y: 300, dx: -150, dy: 0, button: 'right' }, 1);
        await page.waitForFunction(() =>
            document.querySelectorAll('.badge')[1]?.textContent === 'preview');

        const screen = await seen(page, 1);
        const file = readPng(await saved(page, 'export-png'));
        const bands = file.height - screen.height;
        const points = [[0.5, 0.5], [0.4, 0.45], [0.6, 0.6]].map(([x, y]) =>
            [Math.round(x * screen.width), Math.round(y * screen.height)]);
        // lines of 20 px, and 10 above and below them
        const band = [60, 80, 100, 120].find((head) => points.every(([x, y]) =>
            screen.at(x, y)[0] > 20 && screen.at(x, y).every((v, i) =>
                Math.abs(v - file.at(x, y + head)[i]) <= 6))) ?? 0;

        assert.equal(file.width, screen.width);
        assert.ok(band >= 60 && bands - band >= 60, `${band} of ${bands}`);

        const isWritten = (/** @type {number} */ from, /** @type {number} */ to) => {
            let light = 0;

            for (let y = from; y < to; y++) {
                for (let x = 0; x < file.width; x++) {
                    light += Number(file.at(x, y)[0] > 120);
                }
            }

            return light > 300;
        };

        assert.ok(isWritten(0, band) && isWritten(band + screen.height, file.height));
        // and so are the texts on the picture
        assert.ok(isWritten(band + 5, band + 60));
    });


onPage('a viewport is stored as a secondary capture', {}, async (page) => {
    await openStudy(page, DX.study);

    const shown = readPng(await saved(page, 'export-png'));

    await page.locator('.toolbar [data-command="output"]').click();
    await page.locator('.menu [data-command="capture"]').click();
    await page.locator('.said').getByText('Stored as a capture').waitFor();

    // the same as the file, and not only its picture: whose it is stands above
    const [{ '00080018': { Value: [uid] }, '0020000E': { Value: [series] } }] = await (
        await fetch(`${BASE}/dicom-web/studies/${DX.study}/instances?Modality=OT`
            + '&includefield=0020000E&orderby=-InstanceNumber')).json();
    const stored = readPng(Buffer.from(await (await fetch(`${BASE}/dicom-web/studies/${DX.study}`
        + `/series/${series}/instances/${uid}/rendered`,
    { headers: { Accept: 'image/png' } })).arrayBuffer()));

    assert.deepEqual([stored.width, stored.height], [shown.width, shown.height]);

    // but for the time that it was made
    for (let y = 0; y < shown.height - 30; y += 3) {
        for (let x = 0; x < shown.width; x += 5) {
            const [a, b] = [stored.at(x, y)[0], shown.at(x, y)[0]];

            assert.ok(Math.abs(a - b) <= 2, `${x} ${y}: ${a} ${b}`);
        }
    }

    const [file] = await files(page, DX.study, 'OT');
    const said = execFileSync('dciodvfy', [file], { encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'] });

    assert.doesNotMatch(said, /^Error/m);
});


onPage('captures of two studies are a series of each', {}, async (page) => {
    const [now, before] = [newUid(), newUid()];
    const of = { Modality: 'CT', PatientID: newUid(), PatientBirthDate: '19700101' };

    await store(BASE, [made({ ...of, StudyInstanceUID: now }),
        made({ ...of, StudyInstanceUID: before, StudyDate: '20200101' })]);
    await openStudy(page, now);
    await page.keyboard.press(',');
    await isShown(page, 1, 1);

    for (const at of [0, 1]) {
        await page.locator('.port').nth(at).click();
        await page.locator('.toolbar [data-command="output"]').click();
        await page.locator('.menu [data-command="capture"]').click();
        await page.locator('.said').getByText('Stored as a capture').waitFor();
        await page.locator('.said').waitFor({ state: 'detached' });
    }

    const series = await Promise.all([now, before].map(async (study) =>
        (await (await fetch(`${BASE}/dicom-web/studies/${study}/series?Modality=OT`)).json())
            .map((/** @type {any} */ ds) => ds['0020000E'].Value[0])));

    assert.deepEqual(series.map((all) => all.length), [1, 1]);
    assert.notEqual(series[0][0], series[1][0]);
});


onPage('G12 marks are of the name that is given later; a reset says that it takes them', {},
    async (page) => {
        const study = await storeCt(BASE);
        const panel = (/** @type {string} */ state) =>
            page.waitForSelector(`.panel-saving[data-state="${state}"]`);

        await openStudy(page, study);
        await take(page, 'd');
        await stroke(page, CT, [20, 20], [120, 20]);
        await take(page, 'marks-panel');
        await page.locator('.panel [data-command="marks-save"]').click();
        await panel('saved');
        await page.locator('.panel-author').click();
        await page.locator('.ask-field').fill('Late^Lea');

        const sent = page.waitForResponse((r) => r.request().method() === 'POST');

        await page.keyboard.press('Enter');
        assert.equal((await sent).status(), 200);
        await panel('saved');

        const [sr] = await files(page, study, 'SR');

        assert.match(execFileSync('dcmdump', [sr], { encoding: 'latin1' }), /Late\^Lea/);

        await page.locator('.port').focus();
        await page.keyboard.press('Escape');
        await page.locator('.note').getByText('1 mark was removed: Undo brings it back.')
            .waitFor();
    });


onPage('S9 G12 what was drawn outlives the session that ends', { allow: /401/ },
    async (page) => {
        const study = await storeCt(BASE);
        const ended = (/** @type {import('playwright-core').Route} */ r) =>
            r.fulfill({ status: 401 });
        const pictures = '**/rendered**';
        const stow = `**/dicom-web/studies/${study}`;

        await openStudy(page, study);
        await take(page, 'marks-panel');
        await take(page, 'd');
        await page.route(stow, ended);
        await page.route(pictures, ended);

        const refused = page.waitForResponse((r) => r.request().method() === 'POST');

        await stroke(page, CT, [20, 20], [120, 20]);
        await page.waitForSelector('.mark:not([data-uid=""])');
        await page.keyboard.press('3');
        await page.getByText('The session has ended').first().waitFor();
        await (await refused).finished();
        await drawn(page);
        assert.equal(await page.locator('.entry').count(), 0);
        assert.ok(await page.locator('.panel').isHidden());

        await page.unroute(stow);
        await page.unroute(pictures);
        await page.reload();
        await says(page, /50\.\d mm/);
    });


onPage('B36 without a report R says so', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await page.keyboard.press('r');
    await page.locator('.said').getByText('There is no report').waitFor();
});


onPage('a pen on a later one of several images in a viewport says where it draws', {}, async (page) => {
    await openStudy(page, await storeCt(BASE));
    await page.keyboard.press('g');
    await page.locator('.layouts-tiles [data-rows="2"][data-columns="2"]').click();
    await page.waitForFunction(() => document.querySelectorAll('.port').length === 4);
    await take(page, 'd');

    const said = page.locator('.note', { hasText: 'this works in the first one' });

    for (const [at, isSaid] of /** @type {const} */ ([[0, false], [1, true]])) {
        const { x, y } = await portBox(page, at);

        await page.mouse.move(x + 60, y + 60);
        await page.mouse.down();
        await page.mouse.move(x + 120, y + 60);
        await page.mouse.up();
        await (isSaid ? said.waitFor() : page.waitForSelector('.mark'));
        assert.equal(await said.count(), Number(isSaid));
        assert.equal(await page.locator('.mark').count(), 1);
    }
});


onPage('on a phone: the menu fits, a finger draws', { size: SIZES.phone },
    async (page) => {
        await openStudy(page, await storeCt(BASE));
        await page.locator('.toolbar [data-command="measure"]').tap();

        const box = await page.locator('.menu').boundingBox();

        assert.ok(box && box.x >= 0 && box.x + box.width <= 390
            && box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
        await page.locator('.menu [data-command="length"]').tap();
        await page.waitForSelector('.layer-marks', { state: 'attached' });

        const port = await portBox(page);
        const a = await placeOf(page, CT, 20, 30);
        const b = await placeOf(page, CT, 120, 30);

        await touch(page, [[{ x: port.x + a.x, y: port.y + a.y }],
            [{ x: port.x + b.x, y: port.y + b.y }]]);
        await says(page, /(50|49)\.\d mm/);
    });
