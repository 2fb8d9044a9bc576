// SPDX-License-Identifier: BSD-2-Clause
//
// Points 38 to 48: rendered pictures, PS3.18 8.3.5 and 10.4.1.1.3.

import { first, number, numbers } from '../dicom/dataset.js';
import { isImage, isVideo, missing } from './archive.js';
import { latin, must, same } from './client.js';
import { partsOf } from './multipart.js';
import { difference, mirrored, pictureOf } from './picture.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('./archive.js').Item} Item */
/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

const OCTETS = 'application/octet-stream';
const PNG = 'image/png';
const JPEG = 'image/jpeg';
const JPEG_PARTS = 'multipart/related; type="image/jpeg"';

/** A picture is compared up to so many steps of grey. */
const ROUNDING = 1;

/** PS3.3 C.11.2.1.2 and .3, to 0..1: x, center, width.
 * @type {Record<string, (x: number, c: number, w: number) => number>} */
const FUNCTIONS = {
    'linear': (x, c, w) => (x - (c - 0.5)) / (w - 1) + 0.5,
    'linear-exact': (x, c, w) => (x - c) / w + 0.5,
    'sigmoid': (x, c, w) => 1 / (1 + Math.exp(-4 * (x - c) / w)),
};

/** @param {Item} i */
const isCt = (i) => isImage(i) && i.modality === 'CT' && i.frames === 1 && i.bits === 16;

/** @param {Client} c @param {string} path */
const picture = async (c, path) => pictureOf((await c.ok(path, { accept: PNG })).bytes);

/** @param {Uint8Array} bytes @param {string} word ASCII */
const holds = (bytes, word) => latin(bytes).includes(word);


/** @param {Client} c */
async function allFrames(c) {
    const { path, frames } = c.archive.item('multi-frame image', (i) =>
        isImage(i) && i.frames > 1 && i.frames <= 100);
    const parts = partsOf(await c.ok(`${path}/rendered`, { accept: JPEG_PARTS }));

    same(parts.length, frames, 'the number of pictures');
    must(parts.every((p) => p.type.startsWith(JPEG)), `a part is ${parts[0].type}`);

    for (const { bytes } of parts) {
        await pictureOf(bytes);
    }

    return `${path}, ${frames} frames`;
}


/** @param {Client} c */
async function allInstances(c) {
    const all = await c.archive.series('series of 2 to 12 small images', 12, (i) =>
        isImage(i) && i.frames === 1 && i.rows * i.columns <= 2 ** 19);
    const path = `/studies/${all[0].study}/series/${all[0].series}/rendered`;
    const answer = await c.due(path, [200, 206, 406], { accept: JPEG_PARTS });

    if (answer.status !== 406) {
        const parts = partsOf(answer);

        must(parts.length === all.length || answer.status === 206,
            `${parts.length} pictures of ${all.length} instances`);
    }

    await c.refused([path], 406, JPEG);

    return `${path}, ${all.length} instances`;
}


/**
 * @param {Client} c
 * @returns {Promise<{item: Item, ds: Dataset, values: number[]}>} HU, NaN for padding
 */
async function hounsfield(c) {
    const item = c.archive.item('CT image of 16 bits', isCt);
    const ds = await c.archive.metadata(item);

    if (first(ds, '00280004') !== 'MONOCHROME2') {
        missing('CT image in MONOCHROME2');
    }

    const { bytes } = await c.ok(`${item.path}/frames/1`, { accept: OCTETS });
    const isSigned = number(ds, '00280103') === 1;
    const stored = isSigned ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
    const slope = number(ds, '00281053') ?? 1;
    const intercept = number(ds, '00281052') ?? 0;
    const padding = number(ds, '00280120');

    same(stored.length, item.rows * item.columns, 'the pixels of a frame');

    return { item, ds, values: Array.from(stored, (v) =>
        v === padding ? NaN : v * slope + intercept) };
}


/** @param {Client} c */
async function windows(c) {
    const { path } = await c.archive.image();

    await c.refused(['40', '40,400', '40,400,linear,1', '40,400,cubic', '40,x,linear',
        '40,0.5,linear', '40,0,linear-exact']
        .map((w) => `${path}/rendered?window=${w}`), 400);

    const { item, values } = await hounsfield(c);

    for (const [name, grey] of Object.entries(FUNCTIONS)) {
        const shown = await picture(c, `${item.path}/rendered?window=40,400,${name}`);

        same([shown.width, shown.height], [item.columns, item.rows], 'the size');

        const at = values.findIndex((x, i) => Math.abs(shown.data[4 * i]
            - 255 * Math.min(1, Math.max(0, grey(x, 40, 400)))) > ROUNDING);

        must(at < 0, `${name}: ${values[at]} HU is shown as ${shown.data[4 * at]}`);
    }

    return `${item.path}: ${values.length} pixels by three functions`;
}


/** @param {Client} c */
async function viewports(c) {
    const item = c.archive.item('image with square pixels', (i) =>
        isCt(i) || (isImage(i) && i.modality === 'OT'));
    const { path, rows, columns } = item;
    const small = await picture(c, `${path}/rendered?viewport=60,60`);

    same(Math.max(small.width, small.height), 60, 'the longer side in 60,60');
    must(Math.abs(small.width / small.height - columns / rows) <= 0.04 * columns / rows,
        `${columns} x ${rows} becomes ${small.width} x ${small.height}`);

    const crop = (/** @type {number} */ w) => picture(c,
        `${path}/rendered?viewport=${columns},${rows},0,0,${w},${rows}`);
    const plain = await crop(columns);

    same([plain.width, plain.height], [columns, rows], 'the whole as a region');
    must(difference(mirrored(plain), await crop(-columns)) <= ROUNDING,
        'a negative width does not mirror');
    await c.refused(['60', '60,x', '0,60', '60,60,1', '60,60,0,0,0,0']
        .map((v) => `${path}/rendered?viewport=${v}`), 400);

    return path;
}


/** @param {Client} c */
async function qualities(c) {
    const { path } = c.archive.item('image of 64 x 64 or more', (i) =>
        isImage(i) && i.rows >= 64 && i.columns >= 64 && i.frames === 1);
    const size = async (/** @type {string} */ q, /** @type {string} */ accept) =>
        (await c.ok(`${path}/rendered?quality=${q}`, { accept })).bytes.length;

    await c.refused(['0', '101', 'x', ''].map((q) => `${path}/rendered?quality=${q}`), 400);
    must(await size('5', JPEG) < await size('95', JPEG), 'quality=5 is not smaller than 95');
    same(await size('5', PNG), await size('95', PNG), 'the size of PNG by quality');
    await c.ok(`${path}/rendered?nosuchparameter=1`, { accept: JPEG });

    return path;
}


/** @param {Client} c */
async function annotations(c) {
    const { path } = c.archive.item('image of 128 x 128 or more', (i) =>
        isImage(i) && i.rows >= 128 && i.columns >= 128 && i.frames === 1);
    const plain = await picture(c, `${path}/rendered`);

    for (const what of ['patient', 'technique']) {
        const answer = await c.ok(`${path}/rendered?annotation=${what}`, { accept: PNG });

        must(difference(plain, await pictureOf(answer.bytes)) > 0
            || answer.warning.startsWith('299 '), `annotation=${what} is silently ignored`);
    }

    const other = await c.due(`${path}/rendered?annotation=nosuch`, [200, 400], { accept: PNG });

    must(other.status === 400 || /^299 .*nosuch/.test(other.warning),
        'annotation=nosuch is silently ignored');

    return path;
}


/** @param {Client} c */
async function profiles(c) {
    const { path } = c.archive.item('colour image', (i) =>
        isImage(i) && i.frames === 1 && i.samples === 3);
    const body = async (/** @type {string} */ p) =>
        (await c.ok(`${path}/rendered?iccprofile=${p}`, { accept: JPEG })).bytes;

    await c.refused([`${path}/rendered?iccprofile=nosuch`], 400);
    must(!holds(await body('no'), 'ICC_PROFILE'), 'iccprofile=no embeds one');

    for (const p of ['srgb', 'yes', 'adobergb']) {
        must(holds(await body(p), 'ICC_PROFILE'), `iccprofile=${p} embeds none`);
    }

    return path;
}


/** @param {Client} c */
async function defaults(c) {
    const { item, ds } = await hounsfield(c);
    const [center] = numbers(ds, '00281050');
    const [width] = numbers(ds, '00281051');

    if (center === undefined || width === undefined || first(ds, '00281056') !== '') {
        missing('CT image with a linear window');
    }

    same(difference(await picture(c, `${item.path}/rendered`),
        await picture(c, `${item.path}/rendered?window=${center},${width},linear`)), 0,
    'the difference of the default from the first window');

    return `${item.path}: ${center}, ${width}; all other kinds of pixels: t/31-looks.t`;
}


/** @param {Client} c */
async function documents(c) {
    const kinds = [['SR', 'text/html'], ['DOC', 'application/pdf']];
    const seen = [];

    for (const [modality, type] of kinds) {
        const item = c.archive.items.find((i) => i.modality === modality && i.rows === 0
            && (modality === 'SR' || i.sopClass === '1.2.840.10008.5.1.4.1.1.104.1'));

        if (item) {
            const answer = await c.due(`${item.path}/rendered`, [200, 406], { accept: type });

            must(answer.status === 406 || answer.type.startsWith(type),
                `${item.path}/rendered is ${answer.type}`);
            await c.refused([`${item.path}/rendered`], 406, JPEG);
            seen.push(`${modality} ${item.path}`);
        }
    }

    return seen.join(', ') || missing('report or document');
}


/** @param {Client} c */
async function thumbnails(c) {
    const item = c.archive.item('image larger than 256', (i) =>
        isImage(i) && i.frames === 1 && Math.max(i.rows, i.columns) > 256);
    const plain = await c.ok(`${item.path}/thumbnail`, { accept: JPEG });
    const small = await pictureOf(plain.bytes);

    must(Math.max(small.width, small.height) <= 256, `it is ${small.width} x ${small.height}`);

    for (const path of [`/studies/${item.study}/series/${item.series}`, `/studies/${item.study}`]) {
        const one = await pictureOf((await c.ok(`${path}/thumbnail`, { accept: JPEG })).bytes);

        must(Math.max(one.width, one.height) <= 256, `${path}/thumbnail is ${one.width} wide`);
    }

    const texts = await c.ok(`${item.path}/thumbnail?annotation=patient`, { accept: JPEG });

    same(difference(small, await pictureOf(texts.bytes)), 0, 'what annotation changes');

    return `${item.path}: ${small.width} x ${small.height}; which image: t/44-wado.t`;
}


/** @param {Client} c */
async function videos(c) {
    const { path } = c.archive.item('video', (i) => isVideo(i)
        && /\.10[2-6]/.test(i.syntax));
    const { type, headers } = await c.ok(`${path}/rendered`,
        { accept: 'video/mp4', method: 'HEAD' });
    const range = async (/** @type {string} */ r) => (await c.due(`${path}/rendered`, 206,
        { accept: 'video/mp4', headers: { Range: `bytes=${r}` } })).bytes;

    must(type.startsWith('video/mp4'), `it is ${type}`);
    same([...(await range('0-11')).slice(4)], [...await range('4-11')], 'a range');

    return `${path}, ${headers.get('Content-Length')} bytes`;
}


/** @type {import('./client.js').Point[]} */
export const RENDERED = [
    { number: 38, title: 'A multi-frame instance: all frames', section: '10.4.1.1.3', run: allFrames },
    { number: 39, title: 'A series: all images, or 406', section: '10.4.1.1.3', run: allInstances },
    { number: 40, title: 'window: three values, three functions', section: '8.3.5.1.4', run: windows },
    { number: 41, title: 'viewport: to fit, a region, mirrored', section: '8.3.5.1.3', run: viewports },
    { number: 42, title: 'quality 1 to 100, unknown parameters', section: '8.3.5.1.2', run: qualities },
    { number: 43, title: 'annotation, or a Warning', section: '8.3.5.1.1', run: annotations },
    { number: 44, title: 'iccprofile', section: '8.3.5.1.5', run: profiles },
    { number: 45, title: 'The default is the first window', section: '8.3.5.1.4', run: defaults },
    { number: 46, title: 'What is no image: as a page, or 406', section: '8.7.4', run: documents },
    { number: 47, title: 'A thumbnail is small and without texts', section: '10.4.1.1.5', run: thumbnails },
    { number: 48, title: 'A video, and a range of it', section: '8.7.4', run: videos },
];
