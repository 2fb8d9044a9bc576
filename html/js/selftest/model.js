// SPDX-License-Identifier: BSD-2-Clause
//
// Points 19 to 26: the DICOM JSON model, PS3.18 Annex F.

import { first, values } from '../dicom/dataset.js';
import { hasPixels, isImage, missing, walk } from './archive.js';
import { JSON_TYPE, latin, must, same } from './client.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('../dicom/dataset.js').Attribute} Attribute */
/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */
/** @typedef {{tag: string, a: Attribute, ds: Dataset, path: string}} Place */

const NUMBERS = new Set(['DS', 'IS', 'FL', 'FD', 'SL', 'SS', 'UL', 'US']);
const HUGE = new Set(['SV', 'UV']);
const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN']);

/** Of group 0002: what search and retrieve may have. */
const ALLOWED = new Set(['00020010', '00083002']);

/** URIs that are followed. */
const FOLLOWED = 12;


/**
 * All attributes of the sample's metadata.
 * @param {Client} c
 * @param {(a: Attribute, tag: string) => boolean} fits
 * @returns {Promise<Place[]>}
 */
async function places(c, fits) {
    /** @type {Place[]} */
    const found = [];

    for (const { item, ds } of await c.archive.metadatas()) {
        walk(ds, (tag, a, set) => {
            if (fits(a, tag)) {
                found.push({ tag, a, ds: set, path: item.path });
            }
        });
    }

    return found;
}


/**
 * Whether the instance itself has an attribute.
 * @param {Client} c
 * @param {string} path
 * @param {string} tag
 * @param {string} vr or its beginning
 */
async function isStored(c, path, tag, vr) {
    const { bytes } = await c.ok(path, { accept: 'application/dicom' });
    const head = [2, 0, 6, 4].map((i) => parseInt(tag.slice(i, i + 2), 16));

    return latin(bytes).includes(latin(new Uint8Array(head)) + vr);
}


/** @param {Place[]} all @param {string} what @returns {string} */
function seen(all, what) {
    return all.length > 0
        ? `${all.length} ${what} of ${new Set(all.map((p) => p.path)).size} instances`
        : missing(what);
}


/** @param {Client} c */
async function names(c) {
    const all = await places(c, (a) => a.vr === 'PN' && a.Value !== undefined);
    const groups = ['Alphabetic', 'Ideographic', 'Phonetic'];

    for (const { a, path, tag } of all) {
        for (const v of a.Value ?? []) {
            must(v === null || (typeof v === 'object' && Object.entries(v).every(([k, s]) =>
                groups.includes(k) && typeof s === 'string')),
            `${tag} of ${path} is ${JSON.stringify(v)}`);
        }
    }

    return seen(all, 'names');
}


/** @param {Client} c */
async function numbers(c) {
    const all = await places(c, (a) => NUMBERS.has(a.vr ?? '') || HUGE.has(a.vr ?? ''));

    for (const { a, path, tag } of all) {
        for (const v of a.Value ?? []) {
            // strings are for what is beyond 2^53, and for DS and IS that are no numbers
            const isText = typeof v === 'string'
                && (HUGE.has(a.vr ?? '') ? /^-?\d+$/.test(v)
                    : /^[DI]S$/.test(a.vr ?? '') && v !== '' && !Number.isFinite(Number(v)));

            must(v === null || typeof v === 'number' || isText,
                `${tag} (${a.vr}) of ${path} is ${JSON.stringify(v)}`);
        }
    }

    return `${seen(all, 'numbers')}; their digits: t/11-json-points.t`;
}


/** @param {Client} c */
async function empties(c) {
    const all = await places(c, () => true);

    for (const { a, path, tag } of all) {
        must(a.Value === undefined || (Array.isArray(a.Value) && a.Value.length > 0),
            `${tag} of ${path} has a Value without values`);
        must(!a.Value?.includes(''), `${tag} of ${path} has "" for nothing`);
    }

    return `${seen(all, 'attributes')}, ${all.filter((p) => p.a.Value?.includes(null)).length}`
        + ' with an empty value among others';
}


/** @param {Client} c */
async function charsets(c) {
    const sets = new Set();
    let other = 0;

    for (const { item } of await c.archive.metadatas()) {
        // the text is read again: bytes that are not UTF-8 fail
        const answer = await c.ok(`${item.path}/metadata`, { accept: JSON_TYPE });
        const text = answer.text();
        const charset = first(JSON.parse(text)[0], '00080005');

        must(charset === '' || charset === 'ISO_IR 192', `${item.path} says ${charset}`);
        sets.add(charset);
        other += /[^\x00-\x7f]/.test(text) ? 1 : 0;
    }

    return `${other} instances with other letters than ASCII; character sets: t/13-dicom-charset.t`;
}


/** @param {Client} c */
async function binaries(c) {
    const all = await places(c, (a) => BINARY.has(a.vr ?? ''));

    for (const { a, path, tag } of all) {
        must(a.Value === undefined, `${tag} (${a.vr}) of ${path} is a list`);
        must(!(a.BulkDataURI && a.InlineBinary), `${tag} of ${path} is there twice`);
    }

    for (const { item, ds } of await c.archive.metadatas()) {
        must(!isImage(item) || hasPixels(ds) || !await isStored(c, item.path, '7FE00010', 'O'),
            `${item.path} has no pixel data`);
    }

    return seen(all, 'binary attributes');
}


/** @param {Client} c */
async function bulkData(c) {
    const all = await places(c, (a) => a.BulkDataURI !== undefined);
    const inside = all.filter((p) => !p.ds['00080018']);
    const overlays = all.filter((p) => /^60..3000$/.test(p.tag));
    const chosen = [...inside.slice(0, FOLLOWED / 3), ...overlays.slice(0, FOLLOWED / 3),
        ...all.slice(0, FOLLOWED / 3)];

    for (const { a, path } of chosen) {
        // relative ones are of the metadata's URL
        const url = new URL(String(a.BulkDataURI), new URL(`${c.root}${path}/metadata`,
            location.href));
        const answer = await c.ok(url.href);

        same(url.origin, location.origin, 'the origin of a BulkDataURI');
        must(answer.bytes.length > 0, `${url.href} is empty`);
    }

    seen(all, 'BulkDataURI');

    return `${chosen.length} followed, ${inside.length} are in sequences, ${overlays.length} overlays`;
}


/** @param {Client} c */
async function sequences(c) {
    const all = await places(c, (a) => a.vr === 'SQ' || a.vr === 'AT');
    const priv = await places(c, (_, tag) => /^...[13579BDF](00[1-9A-F].|0[1-9A-F]..|[1-9A-F]...)$/.test(tag)
        && !/^....00[1-9A-F].$/.test(tag));

    for (const { a, path, tag } of all) {
        for (const v of a.Value ?? []) {
            must(a.vr === 'SQ' ? typeof v === 'object' : /^[0-9A-F]{8}$/.test(v),
                `${tag} (${a.vr}) of ${path} has ${JSON.stringify(v)}`);
        }
    }

    for (const { ds, path, tag } of priv) {
        const creator = `${tag.slice(0, 4)}00${tag.slice(4, 6)}`;

        must(values(ds, creator).length > 0 || !await isStored(c, path, creator, 'LO'),
            `${tag} of ${path} has no creator beside it`);
    }

    return `${seen(all, 'SQ and AT')}, ${priv.length} private; depth: t/11-json-points.t`;
}


/** @param {Client} c */
async function meta(c) {
    const all = await places(c, () => true);
    const wrong = all.find((p) => (p.tag.startsWith('0002') && !ALLOWED.has(p.tag))
        || p.tag.endsWith('0000'));

    must(!wrong, `${wrong?.path} has ${wrong?.tag}`);

    for (const row of await c.rows('/instances?limit=20&includefield=all')) {
        same(Object.keys(row).filter((t) => t.startsWith('0002') && !ALLOWED.has(t)), [],
            'of group 0002 in a search');
    }

    return seen(all, 'attributes');
}


/** @type {import('./client.js').Point[]} */
export const MODEL = [
    { number: 19, title: 'Names are objects of their groups', section: 'F.2.2', run: names },
    { number: 20, title: 'DS and IS are numbers', section: 'F.2.3', run: numbers },
    { number: 21, title: 'Empty values are null, no value is no Value', section: 'F.2.5', run: empties },
    { number: 22, title: 'All is UTF-8, and called so', section: '8.8', run: charsets },
    { number: 23, title: 'Binary values are inline or by URI', section: 'F.2.7', run: binaries },
    { number: 24, title: 'A BulkDataURI leads to the bytes', section: 'F.2.6', run: bulkData },
    { number: 25, title: 'Sequences, AT, private blocks', section: 'F.2.2', run: sequences },
    { number: 26, title: 'No file meta information', section: 'F.2.2', run: meta },
];
