// SPDX-License-Identifier: BSD-2-Clause
//
// Points 27 to 37: WADO-RS, PS3.18 8.7 and 10.4.

import { isBigEndian, isCoded, isImage, missing } from './archive.js';
import { latin, must, same } from './client.js';
import { boundaryOf, partsOf } from './multipart.js';
import { SYNTAX, newUid, syntaxOf } from './part10.js';

/** @typedef {import('./client.js').Client} Client */

const DICOM = 'application/dicom';
const OCTETS = 'application/octet-stream';
const PARTS = `multipart/related; type="${DICOM}"`;
const FRAMES = `multipart/related; type="${OCTETS}"`;

/** Instances of a kind that are looked through. */
const MOST_TRIED = 8;

/** Table 8.7.3-5: ends of UIDs below 1.2.840.10008.1.2. @type {Record<string, string>} */
const CODED = {
    '.4.50': 'image/jpeg', '.4.51': 'image/jpeg', '.4.57': 'image/jpeg', '.4.70': 'image/jpeg',
    '.4.80': 'image/jls', '.4.81': 'image/jls', '.4.90': 'image/jp2', '.4.91': 'image/jp2',
    '.4.201': 'image/jphc', '.4.202': 'image/jphc', '.4.203': 'image/jphc',
    '.5': 'image/dicom-rle',
};

/** @param {string} syntax */
const codedType = (syntax) => CODED[syntax.replace('1.2.840.10008.1.2', '')] ?? '';

/** @param {string} type Content-Type */
const syntaxSaid = (type) => /;\s*transfer-syntax="?([\d.]+)/.exec(type)?.[1] ?? '';


/** @param {Client} c */
async function unacceptable(c) {
    const { path } = await c.archive.image();

    await c.refused([path, `${path}/metadata`], 406, 'text/csv');
    await c.refused([`${path}/rendered`], 406, 'image/x-foo');
    await c.ok(path);

    return `${path}; without Accept: t/44-wado.t`;
}


/** @param {Client} c */
async function mixed(c) {
    const { path } = await c.archive.image();

    await c.refused([path], 400, `${DICOM}, image/jpeg`);
    await c.refused([`${path}/rendered`], 400, `image/png, ${DICOM}`);
    await c.ok(`${path}/rendered`, { accept: 'image/png, image/jpeg' });

    return path;
}


/** @param {Client} c */
async function spellings(c) {
    const { path } = await c.archive.image();

    for (const accept of [PARTS, 'multipart/related; type=application/dicom',
        'multipart/related;type="application/dicom";transfer-syntax=*',
        'Multipart/Related ; TYPE="Application/DICOM" ; Transfer-Syntax="*"',
        `text/csv, ${PARTS}`, `${DICOM};q=0.2, ${PARTS};q=0.9`, `${DICOM};q=0, multipart/*`]) {
        const { type } = await c.ok(path, { accept });

        must(type.startsWith('multipart/related'), `${accept} gives ${type}`);
    }

    const { type } = await c.ok(path, { accept: `${DICOM};q=0.9, ${PARTS};q=0.2` });

    same(type.split(';')[0], DICOM, 'the type preferred by q');

    return path;
}


/** @param {Client} c */
async function defaultSyntax(c) {
    const item = c.archive.item('image that is not Explicit VR Little Endian', isCoded);
    const answer = await c.ok(item.path, { accept: DICOM });

    same(syntaxSaid(answer.type), SYNTAX, 'the transfer syntax said');
    same(syntaxOf(answer.bytes), SYNTAX, 'the transfer syntax of the file');

    return `${item.path}, stored as ${item.syntax}; video: t/44-wado.t`;
}


/** @param {Client} c */
async function partTypes(c) {
    const item = c.archive.item('image coded by JPEG, JPEG-LS, JPEG 2000 or RLE', (i) =>
        isImage(i) && codedType(i.syntax) !== '');
    const [file] = partsOf(await c.ok(item.path,
        { accept: `${PARTS}; transfer-syntax=*` }));

    same(syntaxSaid(file.type), item.syntax, 'the transfer syntax of the part');
    same(syntaxOf(file.bytes), item.syntax, 'the transfer syntax of the file');

    const type = codedType(item.syntax);
    const [frame] = partsOf(await c.ok(`${item.path}/frames/1`,
        { accept: `multipart/related; type="${type}"; transfer-syntax=${item.syntax}` }));

    same(frame.type.split(';')[0], type, 'the type of a frame');
    same(syntaxSaid(frame.type), item.syntax, 'the transfer syntax of a frame');

    return `${item.path}: ${frame.type}`;
}


/** @param {Client} c */
async function multipart(c) {
    const all = await c.archive.series('series of 2 to 12 small images', 12, (i) =>
        isImage(i) && i.rows * i.columns * i.frames <= 2 ** 19);
    const { study, series } = all[0];
    const path = `/studies/${study}/series/${series}`;
    const [one, two] = [await c.ok(path, { accept: PARTS }), await c.ok(path, { accept: PARTS })];
    const parts = partsOf(one);

    must(boundaryOf(one.type) !== boundaryOf(two.type), 'a boundary is used twice');
    must(/;\s*type="application\/dicom"/.test(one.type), `no type in ${one.type}`);
    same(parts.length, all.length, 'the number of parts');
    same(parts.map((p) => new URL(p.location, location.href).pathname).sort(),
        all.map((i) => new URL(c.root + i.path, location.href).pathname).sort(),
        'Content-Location of all parts');
    must(parts.every((p) => syntaxOf(p.bytes) !== ''), 'a part is no Part 10 file');

    return `${path}, ${parts.length} parts`;
}


/** @param {Client} c */
async function frames(c) {
    const { path, frames: n } = c.archive.item('multi-frame instance', (i) =>
        isImage(i) && i.frames >= 3);
    const one = async (/** @type {number} */ f) =>
        (await c.ok(`${path}/frames/${f}`, { accept: OCTETS })).bytes;
    const parts = partsOf(await c.ok(`${path}/frames/3,1,2`, { accept: FRAMES }));

    same(parts.map((p) => p.location.replace(/.*\/frames\//, '')), ['3', '1', '2'],
        'the frames by Content-Location');

    for (const [i, f] of [3, 1, 2].entries()) {
        const bytes = await one(f);

        must(bytes.length === parts[i].bytes.length
            && bytes.every((b, k) => b === parts[i].bytes[k]), `part ${i + 1} is not frame ${f}`);
    }

    for (const f of ['0', 'abc', '1,,2', String(n + 1), `1,${n + 1}`]) {
        await c.due(`${path}/frames/${f}`, [400, 404], { accept: FRAMES });
    }

    return `${path}, ${n} frames; fragments: t/10-dicom-frames.t`;
}


/**
 * The pixel data of a big endian file.
 * @param {Uint8Array} file
 * @returns {Uint8Array} empty unless they are OW
 */
function bigWords(file) {
    const at = latin(file).lastIndexOf('\x7f\xe0\0\x10OW\0\0');

    return at < 0 ? file.subarray(0, 0) : file.subarray(at + 12);
}


/** @param {Client} c */
async function bigEndian(c) {
    for (const { path } of c.archive.items.filter((i) => isBigEndian(i) && i.bits === 16)
        .slice(0, MOST_TRIED)) {
        const { bytes } = await c.ok(path,
            { accept: `${DICOM}; transfer-syntax=1.2.840.10008.1.2.2` });
        const words = bigWords(bytes);

        if (words.length > 0) {
            const frame = (await c.ok(`${path}/frames/1`, { accept: OCTETS })).bytes;

            must(frame.length > 0 && frame.every((b, i) => b === words[i ^ 1]),
                `${path}: the words are not swapped`);

            return `${path}; YBR_422, signed, 12 in 16, 1 bit: t/30-codec.t`;
        }
    }

    return missing('big endian image of 16 bits');
}


/** @param {Client} c */
async function lengths(c) {
    const { path } = await c.archive.image();
    const whole = await c.ok(path, { accept: DICOM });
    const head = await c.ok(path, { accept: DICOM, method: 'HEAD' });

    same(head.headers.get('Content-Length'), String(whole.bytes.length), 'Content-Length of HEAD');
    await c.refused([`/studies/${newUid()}`, `/studies/${newUid()}/metadata`], 404);

    const frame = `${path}/frames/1`;
    const bytes = (await c.ok(frame, { accept: OCTETS })).bytes;
    const part = await c.due(frame, 206, { accept: OCTETS, headers: { Range: 'bytes=2-9' } });

    same([...part.bytes], [...bytes.slice(2, 10)], 'a range');
    same(part.headers.get('Content-Range'), `bytes 2-9/${bytes.length}`, 'Content-Range');
    await c.due(frame, 416, { accept: OCTETS, headers: { Range: `bytes=${bytes.length}-` } });

    return `${path}; what was deleted: t/44-wado.t`;
}


/** @param {Client} c */
async function etags(c) {
    const { path, study } = await c.archive.image();

    for (const [what, accept] of [[path, DICOM], [`/studies/${study}/metadata`, '*/*'],
        [`${path}/rendered`, 'image/png']]) {
        const tag = (await c.ok(what, { accept })).headers.get('ETag') ?? '';

        must(tag !== '', `${what} has no ETag`);
        same((await c.ok(what, { accept })).headers.get('ETag'), tag, 'the ETag again');
        await c.due(what, 304, { accept, headers: { 'If-None-Match': tag } });
        await c.due(what, 200, { accept, headers: { 'If-None-Match': '"another"' } });
    }

    return `${path}; after an arrival: t/44-wado.t`;
}


/** @type {import('./client.js').Point[]} */
export const RETRIEVE = [
    { number: 27, title: 'Nothing acceptable is 406', section: '8.7.5', run: unacceptable },
    { number: 28, title: 'DICOM and rendered types together are 400', section: '8.7.4', run: mixed },
    { number: 29, title: 'Accept: quotes, blanks, lists, q', section: '8.7.5', run: spellings },
    { number: 30, title: 'Explicit VR Little Endian by default', section: '8.7.3.5', run: defaultSyntax },
    { number: 31, title: 'Each part says its transfer syntax', section: '8.7.3.5', run: partTypes },
    { number: 32, title: 'multipart/related by the letter', section: '8.6.1.2', run: multipart },
    { number: 33, title: 'Frames in the order asked; false numbers', section: '10.4.1.1.6', run: frames },
    { number: 34, title: 'Big endian becomes little endian', section: '8.7.3.5', run: bigEndian },
    { number: 35, title: 'HEAD, 404, Range', section: '8.4', run: lengths },
    { number: 36, title: 'A part that is missing: 206 and a Warning', section: '8.5', elsewhere: 't/44-wado.t' },
    { number: 37, title: 'ETag and If-None-Match', section: '8.4', run: etags },
];
