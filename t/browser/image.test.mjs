// SPDX-License-Identifier: BSD-2-Clause
//
// IHE BIR: what is opened, how its values become grey and colour, and what is
// written on it.  Each study is made here, so that each pixel is known.

import assert from 'node:assert/strict';

import {
    BASE, canvasPixels, difference, drag, isShown, onPage, openStudy, portBox,
    serverPicture, textOf,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { item, store } from './part10.mjs';
import { NO_SAMPLES, frameOfSample, storeSamples } from './samples.mjs';
import { CT, DX, NM, US, grey } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const CLASS = '1.2.840.10008.5.1.4.1.1.';
const SIDE = 64;

/** 16 bits of value(x), the same in each row. */
function ramp(/** @type {(x: number) => number} */ value) {
    return Buffer.from(Uint16Array.from({ length: SIDE * SIDE }, (_, i) =>
        value(i % SIDE) & 0xffff).buffer);
}

/** 8 bits of value(x), the same in each row. */
function ramp8(/** @type {(x: number) => number} */ value) {
    return Buffer.from(Uint8Array.from({ length: SIDE * SIDE }, (_, i) =>
        value(i % SIDE)));
}

/**
 * Stores instances as one study, and opens it.
 * @param {Page} page
 * @param {Record<string, any>[]} instances
 * @returns {Promise<{study: string, paths: string[]}>} paths of the frames
 */
async function open(page, instances) {
    const study = newUid();
    const all = instances.map((values) => ({
        StudyInstanceUID: study, SeriesInstanceUID: newUid(), SOPInstanceUID: newUid(),
        PatientID: study.slice(-16), ...values,
    }));

    await store(BASE, all.map((values) => made(values, SIDE)));
    await openStudy(page, study);

    return {
        study,
        paths: all.map((x) => `/studies/${study}/series/${x.SeriesInstanceUID}`
            + `/instances/${x.SOPInstanceUID}/frames/1`),
    };
}

/** The middle row of the picture, at 1:1: [r, g, b] of each column. */
async function row(/** @type {Page} */ page) {
    await page.keyboard.press('m');
    await page.waitForFunction(() =>
        document.querySelector('.corner-bl')?.textContent?.includes('100 %'));
    await isShown(page, 1);

    const box = await portBox(page);

    return canvasPixels(page, Math.round(box.width / 2 - SIDE / 2),
        Math.round(box.height / 2), SIDE, 1);
}

/**
 * The picture on the screen is what the values say, and the server's own.
 * @param {Page} page
 * @param {string} path
 * @param {(x: number) => number[]} value [r, g, b] of a column
 * @param {number} [by]
 */
async function isRow(page, path, value, by = 4) {
    const mine = await row(page);
    const server = await serverPicture(page, `${path}/rendered?quality=90`);

    assert.ok(difference(mine, server.pixels.slice(32 * SIDE, 33 * SIDE)) <= 1);

    for (let x = 2; x < SIDE - 2; x++) {
        const off = Math.max(...value(x).map((v, i) => Math.abs(v - mine[x][i])));
        assert.ok(off <= by, `column ${x}: ${mine[x]} is not ${value(x)}`);
    }
}

const alike = (/** @type {number} */ v) => [v, v, v];


onPage('B01 grey and colour of any modality are shown', {}, async (page) => {
    for (const { study } of [CT, US, DX, NM]) {
        await openStudy(page, study);

        const box = await portBox(page);
        const pixels = await canvasPixels(page, Math.round(box.width / 2 - 60),
            Math.round(box.height / 2), 120, 1);

        assert.ok(pixels.some(([r, g, b]) => r + g + b > 30));
    }
});


onPage('B02 as many frame sets as series, and one for each loop of several frames', {},
    async (page) => {
        const [a, b] = [newUid(), newUid()];
        const single = { SOPClassUID: `${CLASS}7`, SeriesDescription: 'Same' };
        // of a class of single frames: the number of frames tells
        const loop = { ...single, NumberOfFrames: 3,
            PixelData: Buffer.concat(Array(3).fill(ramp((x) => x * 60))) };

        await open(page, [
            { ...single, SeriesInstanceUID: a, SeriesNumber: 1, InstanceNumber: 1 },
            { ...single, SeriesInstanceUID: a, SeriesNumber: 1, InstanceNumber: 2 },
            { ...loop, SeriesInstanceUID: a, SeriesNumber: 1, InstanceNumber: 3 },
            { ...single, SeriesInstanceUID: b, SeriesNumber: 2, InstanceNumber: 1 },
        ]);
        await page.keyboard.press('PageDown');
        await isShown(page, 1);
        await page.keyboard.press('PageDown');
        await isShown(page, 1);
        await page.waitForFunction(() =>
            document.querySelectorAll('.thumb-count').length === 3);
        assert.deepEqual((await page.locator('.thumb-count').allInnerTexts())
            .map((s) => s.split('/').at(-1)?.trim()), ['2', '3', '1']);
    });


onPage('a drag ends where its series does', {}, async (page) => {
    await openStudy(page, CT.study);
    await page.keyboard.press('w');

    const { x, y } = await portBox(page);

    await page.mouse.move(x + 200, y + 200);
    await page.mouse.down();
    await page.mouse.move(x + 260, y + 200);
    await page.waitForFunction(() => !/W 400/.test(
        document.querySelector('.corner-bl')?.textContent ?? ''));
    await page.keyboard.press('PageDown');
    await page.waitForFunction(() => document.querySelector('.letter-top')
        ?.textContent === 'H');
    await page.mouse.move(x + 261, y + 240);
    await page.mouse.up();
    await isShown(page, 1);
    assert.match(await textOf(page, '.corner-bl'), /C 40 +W 400/);
});


onPage('B03 start: strip, first image to fit, windowed, annotated, Scroll active', {},
    async (page) => {
        await openStudy(page, CT.study);
        assert.equal(await page.locator('.thumb').count(), 2);
        assert.equal(await page.locator('.port').count(), 1);
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);
        assert.match(await textOf(page, '.corner-bl'), /C 40 +W 400/);
        assert.match(await textOf(page, '.corner-tl'), new RegExp(CT.id));

        const pressed = page.locator('.toolbar .tool[aria-pressed="true"]');

        assert.deepEqual(await pressed.evaluateAll((all) =>
            all.map((n) => n.getAttribute('data-command'))), ['scroll']);

        // the first frame of the first series, as large as there is room
        const box = await portBox(page);
        const top = await canvasPixels(page, Math.round(box.width / 2), 2);
        const last = await canvasPixels(page, Math.round(box.width / 2),
            Math.round(box.height) - 3);

        assert.ok(Math.abs(top[0][0] - grey(CT.band(0))) <= 4);
        assert.ok(last[0][0] > 100);
    });


onPage('B04 a toolbar with icons, each with a name and its key', {}, async (page) => {
    await openStudy(page, CT.study);
    await page.locator('.icons').waitFor({ state: 'attached' });

    const tools = await page.locator('.toolbar .tool').evaluateAll((all) =>
        all.filter((n) => n.getClientRects().length > 0).map((n) => ({
            name: n.getAttribute('aria-label'), title: n.getAttribute('title'),
            icon: n.querySelector('svg use')?.getAttribute('href') ?? '',
            size: n.querySelector('svg')?.getBoundingClientRect().width ?? 0,
            drawn: /** @type {SVGGraphicsElement | null} */ (
                n.querySelector('svg use'))?.getBBox().width ?? 0,
        })));

    assert.ok(tools.length >= 10);

    for (const { name, title, icon, size, drawn } of tools) {
        assert.match(icon, /^#icon-./, String(name));
        assert.ok(size >= 16 && drawn > 4, `${name}: ${size}, ${drawn}`);
        assert.ok(title !== null && title !== '', String(name));
    }

    const names = tools.map((t) => t.name);

    for (const name of ['Scroll', 'Window', 'Zoom', 'Pan', 'Select', 'Invert',
        'Reset', 'Cine', 'Layout', 'Text', 'Help'])
    {
        assert.ok(names.includes(name), name);
    }
});


onPage('B05 thumbnails carry date, modality, description and count', {}, async (page) => {
    const series = { SOPClassUID: `${CLASS}4`, Modality: 'MR',
        SeriesInstanceUID: newUid(), SeriesDescription: 'T1 <b>axial', SeriesNumber: 4,
        SeriesDate: '20210304' };

    await open(page, [1, 2].map((n) => ({ ...series, InstanceNumber: n })));

    const thumb = page.locator('.thumb');

    assert.equal(await thumb.locator('.thumb-modality').innerText(), 'MR');
    assert.equal(await thumb.locator('.thumb-title').innerText(), 'T1 <b>axial');
    assert.match(await thumb.locator('.thumb-count').innerText(), /2$/);
    assert.match(await thumb.locator('.thumb-facts').innerText(), /Mar 04, 2021/);
    await page.waitForFunction(() => /** @type {HTMLImageElement} */ (
        document.querySelector('.thumb-image')).naturalWidth > 0);
});


onPage('B10 rotate and flip are for projections only', {}, async (page) => {
    await openStudy(page, CT.study);
    assert.ok(await page.locator('.tool[data-command="rotate"]').isHidden());
    assert.ok(await page.locator('.tool[data-command="flip"]').isHidden());
    await page.keyboard.press('q');
    await page.keyboard.press('x');
    assert.equal(await textOf(page, '.letter-left'), 'R');
    assert.equal(await textOf(page, '.letter-top'), 'A');
    await openStudy(page, DX.study);
    await page.locator('.tool[data-command="rotate"]').click();
    assert.equal(await textOf(page, '.letter-top'), 'R');
    await page.locator('.tool[data-command="flip"]').click();
    assert.equal(await textOf(page, '.letter-right'), 'F');
});


onPage('B12 windows of the header and of the list', {}, async (page) => {
    await open(page, [{
        SOPClassUID: `${CLASS}2`, Modality: 'CT', PixelData: ramp((x) => x * 60),
        RescaleSlope: 1, RescaleIntercept: -1024, WindowCenter: [50, 300],
        WindowWidth: [350, 1500], WindowCenterWidthExplanation: ['MEDIA', 'BONY'],
    }]);

    const options = await page.locator('.windows option').evaluateAll((all) =>
        all.map((n) => ({ value: /** @type {HTMLOptionElement} */ (n).value,
            label: n.textContent ?? '' })));
    const valueOf = (/** @type {RegExp} */ name) =>
        options.find((o) => name.test(o.label))?.value ?? '';

    for (const name of [/MEDIA/, /BONY/, /Soft tissue/, /Lung/, /Bone/, /Brain/]) {
        assert.notEqual(valueOf(name), '', String(name));
    }

    for (const [label, text, center, width] of /** @type {[RegExp, RegExp, number,
        number][]} */ ([[/BONY/, /C 300 +W 1500/, 300, 1500],
        [/Lung/, /C -600 +W 1500/, -600, 1500], [/Brain/, /C 40 +W 80/, 40, 80]]))
    {
        await page.locator('.windows').selectOption(valueOf(label));
        assert.match(await textOf(page, '.corner-bl'), text);

        const mine = await row(page);

        for (const x of [5, 14, 20, 40]) {
            assert.ok(Math.abs(mine[x][0] - grey(x * 60 - 1024, center, width)) <= 6);
        }
    }
});


onPage('B15 the rescale of MR is not for its windows; that of CT is', {}, async (page) => {
    const look = { PixelData: ramp((x) => x * 60), RescaleSlope: 2, RescaleIntercept: 500,
        WindowCenter: 1900, WindowWidth: 3000 };
    const mr = await open(page, [{ ...look, SOPClassUID: `${CLASS}4`, Modality: 'MR' }]);

    await isRow(page, mr.paths[0], (x) => alike(grey(x * 60, 1900, 3000)));

    const ct = await open(page, [{ ...look, SOPClassUID: `${CLASS}2`, Modality: 'CT' }]);

    await isRow(page, ct.paths[0], (x) => alike(grey(x * 120 + 500, 1900, 3000)));
});


/** @type {Record<string, {values: Record<string, any>, at: (x: number) => number[]}>} */
const LOOKS = {
    'signed values': {
        values: { PixelRepresentation: 1, BitsStored: 16, HighBit: 15,
            PixelData: ramp((x) => x * 60 - 1900), WindowCenter: 0, WindowWidth: 4000 },
        at: (x) => alike(grey(x * 60 - 1900, 0, 4000)),
    },
    'MONOCHROME1': {
        values: { PhotometricInterpretation: 'MONOCHROME1', PixelData: ramp((x) => x * 60),
            WindowCenter: 1900, WindowWidth: 3000 },
        at: (x) => alike(255 - grey(x * 60, 1900, 3000)),
    },
    'VOI function SIGMOID': {
        values: { PixelData: ramp((x) => x * 60), WindowCenter: 1900, WindowWidth: 3000,
            VOILUTFunction: 'SIGMOID' },
        at: (x) => alike(255 / (1 + Math.exp(-4 * (x * 60 - 1900) / 3000))),
    },
    'VOI LUT': {
        values: { PixelData: ramp((x) => x), VOILUTSequence: item({
            LUTDescriptor: [SIDE, 0, 8],
            LUTData: Buffer.from(Uint16Array.from({ length: SIDE }, (_, x) =>
                x < 32 ? 250 - x * 4 : x * 2).buffer) }) },
        at: (x) => alike(x < 32 ? 250 - x * 4 : x * 2),
    },
    'PALETTE COLOR': {
        values: {
            PhotometricInterpretation: 'PALETTE COLOR', PixelData: ramp8((x) => x >> 3),
            BitsAllocated: 8, BitsStored: 8, HighBit: 7,
            ...Object.fromEntries(['Red', 'Green', 'Blue'].flatMap((name, n) => [
                [`${name}PaletteColorLookupTableDescriptor`, [8, 0, 16]],
                [`${name}PaletteColorLookupTableData`, Buffer.from(Uint16Array.from(
                    { length: 8 }, (_, i) => colour(i)[n] * 257).buffer)],
            ])),
        },
        at: (x) => colour(x >> 3),
    },
    'planar configuration 0': {
        values: rgb(0, Buffer.from(Array.from({ length: SIDE * SIDE }, (_, i) =>
            colour(i % SIDE >> 3)).flat())),
        at: (x) => colour(x >> 3),
    },
    'planar configuration 1': {
        values: rgb(1, Buffer.concat([0, 1, 2].map((n) => ramp8((x) =>
            colour(x >> 3)[n])))),
        at: (x) => colour(x >> 3),
    },
};

/** Eight colours, not far from each other: JPEG is good there. */
function colour(/** @type {number} */ i) {
    return [60 + i * 12, 150 - i * 9, 90 + i * 6];
}

function rgb(/** @type {number} */ planar, /** @type {Buffer} */ data) {
    return { SamplesPerPixel: 3, PhotometricInterpretation: 'RGB',
        PlanarConfiguration: planar, BitsAllocated: 8, BitsStored: 8, HighBit: 7,
        PixelData: data };
}

for (const [name, { values, at }] of Object.entries(LOOKS)) {
    onPage(`B16 ${name}`, {}, async (page) => {
        const { paths } = await open(page, [values]);

        // colour comes through JPEG's YCbCr, and bends at its edges
        await isRow(page, paths[0], at, at(9)[0] === at(9)[1] ? 8 : 12);
    });
}


onPage('B16 a window that is chosen of a SIGMOID is one, too', {}, async (page) => {
    const { paths } = await open(page, [LOOKS['VOI function SIGMOID'].values]);

    await drag(page, { x: 300, y: 300, dx: 150, dy: -30, button: 'right' });
    assert.match(await textOf(page, '.corner-bl'), /C 1600 +W 4500/);

    const mine = await row(page);

    for (const x of [4, 20, 40, 60]) {
        const due = 255 / (1 + Math.exp(-4 * (x * 60 - 1600) / 4500));

        assert.ok(Math.abs(mine[x][0] - due) <= 8, `column ${x}: ${mine[x]} is not ${due}`);
    }

    const server = await serverPicture(page,
        `${paths[0]}/rendered?window=1600,4500,sigmoid&quality=90`);

    assert.ok(difference(mine, server.pixels.slice(32 * SIDE, 33 * SIDE)) <= 2);
});


onPage('B22 laterality: of the image before that of the series', {}, async (page) => {
    const series = newUid();

    await open(page, [
        { SeriesInstanceUID: series, InstanceNumber: 1, Laterality: 'L' },
        { SeriesInstanceUID: series, InstanceNumber: 2, Laterality: 'L',
            ImageLaterality: 'R' },
        { SeriesInstanceUID: series, InstanceNumber: 3 },
    ]);
    assert.match(await textOf(page, '.corner-br'), /Left/);
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    assert.match(await textOf(page, '.corner-br'), /Right/);
    assert.doesNotMatch(await textOf(page, '.corner-br'), /Left/);
    await page.keyboard.press('ArrowDown');
    await isShown(page, 3);
    assert.doesNotMatch(await textOf(page, '.corner-br'), /Left|Right/);
});


onPage('B26 B27 the right corners: study and series, with their fallbacks', {},
    async (page) => {
        const study = { StudyDate: '20240115', StudyTime: '101500',
            InstitutionName: 'St. Elsewhere', StudyDescription: 'Thorax', StudyID: 'S7',
            AccessionNumber: 'A-9', SOPClassUID: `${CLASS}2`, Modality: 'CT',
            SeriesInstanceUID: newUid() };

        await open(page, [
            { ...study, InstanceNumber: 1, AcquisitionDate: '20240116',
                AcquisitionTime: '112233', SeriesNumber: 5, SeriesDescription: 'Late',
                ContrastBolusAgent: 'Iodine 350', SliceThickness: 2.5, SliceLocation: -7.25,
                SpacingBetweenSlices: 1.25, KVP: 120 },
            { ...study, InstanceNumber: 2, SeriesNumber: 5 },
        ]);

        const right = (await textOf(page, '.corner-tr')).split('\n');

        assert.deepEqual(right.map((s) => s.trim()), ['St. Elsewhere', 'Thorax',
            'Study S7', 'Acc A-9', 'Jan 16, 2024  11:22']);

        const below = await textOf(page, '.corner-br');

        for (const text of ['Series 5', 'Late', 'Iodine 350', '120 kV', '2.5 mm',
            '1.25 mm'])
        {
            assert.ok(below.includes(text), `${text} in ${below}`);
        }

        assert.match(await textOf(page, '.corner-bl'), /-7\.25 mm/);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        assert.match(await textOf(page, '.corner-tr'), /Jan 15, 2024 +10:15/);
        assert.doesNotMatch(await textOf(page, '.corner-br'), /Contrast|mm/);
    });


/** Of many vendors; each a look of its own. */
const SAMPLES = {
    'VOI LUT sequence': 'pixel-layout/synth-voi-lut-two-items.dcm',
    'sigmoid': 'pixel-layout/synth-sigmoid.dcm',
    'MONOCHROME1': 'cr-dx/dx-fuji-small-mono1.dcm',
    'palette of 8 bits': 'pixel-layout/synth-palette-8bit-offset50.dcm',
    'palette of 16 bits': 'pixel-layout/synth-palette-16bit-4096.dcm',
    'signed with padding': 'pixel-layout/synth-signed-padding.dcm',
    'planar 1': 'pixel-layout/synth-rgb-planar1-65x67.dcm',
    'palette in segments': 'us/aloka-palette-16bit-segmented-lut.dcm',
    'RGB': 'us/ge-rgb-640x480.dcm',
    'YBR_FULL in planes': 'us/acuson-ybrfull-rle-planar1.dcm',
};

for (const [name, file] of Object.entries(SAMPLES)) {
    onPage(`B16 as the server has it: ${name}`, { skip: NO_SAMPLES }, async (page) => {
        await storeSamples(file);

        const { study, path } = frameOfSample(file);

        await openStudy(page, study);
        await page.keyboard.press('m');
        await page.waitForFunction(() =>
            document.querySelector('.corner-bl')?.textContent?.includes('100 %')
            || document.querySelector('.corner-bl')?.textContent?.includes('C '));
        await isShown(page, 1);

        // whichever of the two the screen has by now
        const part = { width: 40, height: 24 };
        const both = [await serverPicture(page, `${path}/rendered`, 'image/png', part),
            await serverPicture(page, `${path}/rendered?quality=90`, 'image/jpeg', part)];
        const [{ width: across, height: down }] = both;
        const box = await portBox(page);
        const mine = await canvasPixels(page,
            Math.round(box.width / 2 - across / 2) + Math.floor((across - part.width) / 2),
            Math.round(box.height / 2 - down / 2) + Math.floor((down - part.height) / 2),
            part.width, part.height);
        const off = both.map(({ pixels }) => difference(mine, pixels));

        assert.ok(Math.min(...off) <= 3, `${off}`);
    });
}


onPage('B15 the rescale of XA and PET is not for their windows, either', {}, async (page) => {
    const look = { PixelData: ramp((x) => x * 60), RescaleSlope: 2, RescaleIntercept: 500,
        WindowCenter: 1900, WindowWidth: 3000 };
    const xa = await open(page, [{ ...look, SOPClassUID: `${CLASS}12.1`, Modality: 'XA' }]);

    await isRow(page, xa.paths[0], (x) => alike(grey(x * 60, 1900, 3000)));

    // of a PET series no window of a slice is taken: the picture is the server's
    const pet = await open(page, [{ ...look, SOPClassUID: `${CLASS}128`, Modality: 'PT' }]);
    const mine = await row(page);
    const server = await serverPicture(page, `${pet.paths[0]}/rendered?quality=90`);

    assert.ok(difference(mine, server.pixels.slice(32 * SIDE, 33 * SIDE)) <= 2);
    assert.doesNotMatch(await textOf(page, '.corner-bl'), /C 1900/);
});


onPage('B32 ultrasound: cm where the region is of space, s and cm of its own in others',
    { skip: NO_SAMPLES }, async (page) => {
        const file = 'us/toshiba-echo-rgb-still.dcm';

        await storeSamples(file);
        await openStudy(page, frameOfSample(file).study);
        // two regions of different scales: no bar is true for both
        assert.equal(await page.locator('.scale').isVisible(), false);

        const box = await portBox(page);
        const scale = Math.min(box.width / 716, box.height / 537);
        const at = (/** @type {number} */ x, /** @type {number} */ y) =>
            /** @type {[number, number]} */ ([box.x + box.width / 2 + (x - 358) * scale,
                box.y + box.height / 2 + (y - 268.5) * scale]);
        const line = async (/** @type {number[]} */ from, /** @type {number[]} */ to) => {
            await page.mouse.move(...at(from[0], from[1]));
            await page.mouse.down();
            await page.mouse.move(...at(to[0], to[1]), { steps: 3 });
            await page.mouse.up();
        };
        const label = (/** @type {RegExp} */ text) => page.waitForFunction((source) =>
            [...document.querySelectorAll('.mark-label')].some((n) =>
                new RegExp(source).test([...n.children].map((c) => c.textContent).join('|'))),
        text.source);

        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });
        // 100 pixels of 0.0892 cm
        await line([400, 60], [400, 160]);
        await label(/^89\.[0-4] mm\|ultrasound region/);
        await page.keyboard.press('Control+z');
        // across are seconds, 0.00417 a pixel; down are cm, 0.0532 a pixel
        await line([100, 300], [340, 400]);
        await label(/→ (1\.00|0\.99)\d s\|↓ 53\.\d mm/);
        await page.keyboard.press('Control+z');
    });
