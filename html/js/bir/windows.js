// SPDX-License-Identifier: BSD-2-Clause
//
// B11 to B16: how values become grey.

import { TAG, first, number } from '../dicom/dataset.js';
import { frameUrl } from '../net/urls.js';
import { Absent, Failed, must, same } from '../selftest/client.js';
import { pictureOf } from '../selftest/picture.js';
import { KINDS } from './cases.js';
import { until } from './viewer.js';

/**
 * @typedef {import('./points.js').Point} Point
 * @typedef {import('./points.js').Trial} Trial
 * @typedef {import('./viewer.js').Viewer} Viewer
 * @typedef {import('./cases.js').Case} Case
 */

const LITTLE = '1.2.840.10008.1.2.1';

/** Grey may be off by so much: rounding. */
const NEAR = 2;

/** Windows that are for stored values, whatever the rescale (IHE BIR). */
const OF_STORED = ['MR', 'XA', 'RF'];


/** @param {Viewer} v @param {() => Promise<unknown>} change */
async function changed(v, change) {
    const before = v.shownWindow();

    await change();
    await until(() => v.shownWindow().width !== before.width
        || v.shownWindow().center !== before.center, 'another window');
    await v.ready();

    return { before, after: v.shownWindow() };
}


/** @type {Point[]} */
export const WINDOWS = [
    { number: 'B11', title: 'A drag to the right widens the window, down or up moves its centre',
        section: '5.4',
        async run(t) {
            const v = await t.open(await t.cases.slices());

            await v.press('w');

            const wide = await changed(v, () => v.drag({ dx: 80, dy: 0 }));

            must(wide.after.width > wide.before.width,
                `width went from ${wide.before.width} to ${wide.after.width}`);

            const moved = await changed(v, () => v.drag({ dx: 0, dy: 80 }));

            must(moved.after.center !== moved.before.center, 'the centre stays');

            return `width ${wide.before.width} to ${wide.after.width}, centre `
                + `${moved.before.center} to ${moved.after.center}`;
        } },

    { number: 'B12', title: 'Windows of the header and of a list', section: '5.4',
        async run(t) {
            const v = await t.open(await t.cases.find('CT', ['CT'], () => true));
            const list = /** @type {HTMLSelectElement} */ (v.one('.windows'));
            const presets = [...list.options].filter((o) => o.value.startsWith('window-preset'));

            must(presets.length >= 4, `${presets.length} windows in the list`);

            for (const [key, center, width] of [['2', -600, 1500], ['3', 500, 2000],
                ['4', 40, 80]])
            {
                await v.press(String(key));
                await until(() => v.shownWindow().width === width
                    && v.shownWindow().center === center, `C ${center} W ${width}`);
            }

            await v.press('0');
            await v.ready();
            same(list.value, 'window-default', 'the window of the header');

            return presets.map((o) => o.textContent?.replace(/\s+\d$/, '')).join(', ');
        } },

    { number: 'B13', title: 'Invert', section: '5.4',
        async run(t) {
            const v = await t.open(await t.cases.grey());
            const slope = () => parseFloat(
                v.one('.port-picture').getAttribute('data-map') ?? '');

            await v.click('.toolbar [data-command="invert"]');
            must(v.isPressed('invert') && slope() < 0, `slope is ${slope()}`);
            await v.press('n');
            must(!v.isPressed('invert') && slope() > 0, `slope is ${slope()}`);

            return 'by button and by key';
        } },

    { number: 'B14', title: 'The window from 0 is the usual one of NM and PET', section: '5.4',
        async run(t) {
            const one = await t.cases.find('NM or PET', ['PT', 'NM'], ([f]) => !f.colour);
            const v = await t.open(one);

            same(v.isPressed('clamp'), true, 'the clamped mode');

            const { after } = await changed(v, () =>
                v.drag({ dx: 60, dy: 40, button: 2 }));

            must(Math.abs(after.center - after.width / 2) <= Math.max(1, after.width / 100),
                `the lower end is ${after.center - after.width / 2}`);

            return `${one.modality}: C ${after.center} W ${after.width}`;
        } },

    { number: 'B15', title: 'Rescale is not for windows of MR, PET, XA and XRF', section: '5.4',
        async run(t) {
            const found = [];

            for (const kind of ['CT', 'PT', ...OF_STORED]) {
                const one = await plain(t, `${kind} with rescale`, [kind], ([f]) =>
                    (number(f.ds, TAG.RescaleSlope) ?? 1) !== 1
                    || (number(f.ds, TAG.RescaleIntercept) ?? 0) !== 0).catch(absent);

                if (one !== null) {
                    await isAsStored(t, one, !OF_STORED.includes(kind));
                    found.push(kind);
                }
            }

            if (found.length === 0) {
                throw new Absent('no CT, MR, PET, XA with a rescale here');
            }

            return `grey follows from the stored values: ${found.join(', ')}`
                + (found.includes('PT') ? '; PT by real values, alike in every slice (S7)' : '');
        } },

    { number: 'B16', title: 'MONOCHROME1, signed and unsigned values', section: '5.4',
        async run(t) {
            /** @type {[string, (f: import('./cases.js').Frame) => boolean][]} */
            const kinds = [
                ['MONOCHROME1', ({ ds }) =>
                    first(ds, TAG.PhotometricInterpretation) === 'MONOCHROME1'],
                ['signed', ({ ds }) => number(ds, TAG.PixelRepresentation) === 1],
                ['unsigned', ({ ds }) => number(ds, TAG.PixelRepresentation) === 0],
            ];
            const found = [];

            for (const [name, is] of kinds) {
                const one = await plain(t, name, KINDS.filter((k) =>
                    !OF_STORED.includes(k)), ([f]) => is(f)).catch(absent);

                if (one !== null) {
                    await isAsStored(t, one, true);
                    found.push(name);
                }
            }

            if (found.length === 0) {
                throw new Absent('no grey image of 16 bits here');
            }

            return `grey follows from the stored values: ${found.join(', ')}; palettes, `
                + 'sigmoid and VOI LUT: t/browser/image.test.mjs';
        } },
];


/** @param {unknown} e @returns {null} */
function absent(e) {
    if (e instanceof Absent) {
        return null;
    }

    throw e;
}


/**
 * Whose grey is easily told: one sample, of 16 bits, a linear window.
 * @param {Trial} t
 * @param {string} what
 * @param {string[]} modalities
 * @param {(frames: import('./cases.js').Frame[]) => unknown} fits
 */
function plain(t, what, modalities, fits) {
    return t.cases.find(what, modalities, (frames) => {
        const [f] = frames;

        return !f.colour && f.frames === 1 && !f.hasLut && f.voi === 'linear'
            && number(f.ds, '00280100') === 16 && f.columns * f.rows < 2 ** 22
            && f.ds['00283000'] === undefined && f.ds['52009229'] === undefined
            && f.ds['00280120'] === undefined && fits(frames);
    });
}


/**
 * The picture of a window is what the stored values say: PS3.3 C.11.2.1.2.
 * @param {Trial} t
 * @param {Case} one
 * @param {boolean} isRescaled
 */
async function isAsStored(t, one, isRescaled) {
    const [f] = one.frames;
    const stored = await storedOf(t.cases.root, f);
    const slope = isRescaled ? number(f.ds, TAG.RescaleSlope) ?? 1 : 1;
    const intercept = isRescaled ? number(f.ds, TAG.RescaleIntercept) ?? 0 : 0;
    const all = stored.map((v) => v * slope + intercept);
    const sorted = [...all].sort((a, b) => a - b);
    const [low, high] = [0.05, 0.95].map((part) => sorted[Math.floor(part * all.length)]);
    const center = Math.round((low + high) / 2);
    const width = Math.max(4, Math.round(high - low));
    const answer = await fetch(`${frameUrl(t.cases.root, f)}/rendered?window=${center},`
        + `${width},linear`, { headers: { Accept: 'image/png' } });

    must(answer.ok, `${answer.status} for the picture of ${f.modality}`);

    const { data } = await pictureOf(new Uint8Array(await answer.arrayBuffer()));
    const step = Math.max(1, Math.floor(all.length / 2000));

    for (let i = 0; i < all.length; i += step) {
        const y = ((all[i] - (center - 0.5)) / (width - 1) + 0.5) * 255;
        const grey = Math.max(0, Math.min(255, f.whiteLow ? 255 - y : y));

        must(Math.abs(grey - data[4 * i]) <= NEAR, `${f.modality}: stored ${stored[i]} `
            + `is grey ${data[4 * i]} under C ${center} W ${width}, not ${Math.round(grey)}`);
    }
}


/**
 * @param {string} root
 * @param {import('./cases.js').Frame} f of 16 bits
 * @returns {Promise<number[]>} stored values
 */
async function storedOf(root, f) {
    const answer = await fetch(frameUrl(root, f), { headers: {
        Accept: `multipart/related; type="application/octet-stream"; transfer-syntax=${LITTLE}`,
    } });

    must(answer.ok, `${answer.status} for the stored values of ${f.modality}`);

    const bytes = new Uint8Array(await answer.arrayBuffer());
    const head = bytes.findIndex((_, i) => bytes[i] === 13 && bytes[i + 1] === 10
        && bytes[i + 2] === 13 && bytes[i + 3] === 10) + 4;
    const count = f.rows * f.columns;

    if (head < 4 || bytes.length < head + 2 * count) {
        throw new Failed('the stored values are cut');
    }

    const view = new DataView(bytes.buffer, head);
    const bits = number(f.ds, TAG.BitsStored) ?? 16;
    const isSigned = number(f.ds, TAG.PixelRepresentation) === 1;

    return Array.from({ length: count }, (_, i) => {
        const v = view.getUint16(2 * i, true) & (2 ** bits - 1);

        return isSigned && v >= 2 ** (bits - 1) ? v - 2 ** bits : v;
    });
}
