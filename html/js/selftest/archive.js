// SPDX-License-Identifier: BSD-2-Clause
//
// What the archive has to show the points with: a sample of its studies and
// instances, the small ones first.

import { first, number, values } from '../dicom/dataset.js';
import { Absent, Client } from './client.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{study: string, series: string, instance: string, path: string,
 *            rows: number, columns: number, bits: number, samples: number,
 *            frames: number, modality: string,
 *            sopClass: string, syntax: string}} Item path: below the root
 */

/** Rows of a sample: studies, instances of each, and of each modality. */
const SAMPLE = 200;
const A_STUDY = 12;
const A_KIND = 40;

/** Samples of an image that is not looked at. */
const LARGE = 2 ** 24;

/** Metadata of so many kinds of objects is read. */
const KINDS = 48;

/** What the newest instances may not have. */
const RARE = ['CT', 'MR', 'US', 'XA', 'DX', 'MG', 'SM', 'SEG', 'SR', 'DOC', 'ES',
    'GM', 'PT', 'NM', 'OT', 'ECG', 'RTSTRUCT'];

const EXPLICIT_LE = '1.2.840.10008.1.2.1';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;


/** @param {Item} i @returns {number} about */
function sizeOf(i) {
    return i.rows * i.columns * i.frames;
}


/** @param {Item} i */
export const isVideo = (i) => VIDEO.test(i.syntax);

/** @param {Item} i */
export const isImage = (i) => i.rows > 0 && i.columns > 0 && !isVideo(i);

/** @param {Item} i */
export const isBigEndian = (i) => i.syntax === BIG_ENDIAN;

/** @param {Item} i its pixel data are coded, or of another byte order */
export const isCoded = (i) => isImage(i) && i.syntax !== '' && i.syntax !== EXPLICIT_LE
    && i.syntax !== '1.2.840.10008.1.2';

/** @param {Dataset} ds */
export const hasPixels = (ds) => ['7FE00010', '7FE00008', '7FE00009'].some((t) => ds[t]);


/** @param {Dataset} ds @returns {Item} */
function itemOf(ds) {
    const [study, series, instance] = ['0020000D', '0020000E', '00080018']
        .map((tag) => first(ds, tag));

    return {
        study, series, instance,
        path: `/studies/${study}/series/${series}/instances/${instance}`,
        rows: number(ds, '00280010') ?? 0,
        columns: number(ds, '00280011') ?? 0,
        bits: number(ds, '00280100') ?? 0,
        samples: number(ds, '00280002') ?? 0,
        frames: number(ds, '00280008') ?? 1,
        modality: first(ds, '00080060'),
        sopClass: first(ds, '00080016'),
        syntax: first(ds, '00083002'),
    };
}


export class Archive {
    /** @param {Dataset[]} studies @param {Item[]} items @param {Client} client */
    constructor(studies, items, client) {
        this.studies = studies;
        this.items = items.sort((a, b) => sizeOf(a) - sizeOf(b));
        this.client = client;
        /** @type {Promise<{item: Item, ds: Dataset}[]> | null} */
        this.kinds = null;
        /** @type {Promise<Item> | null} */
        this.smallest = null;
    }

    /** @param {string} root @returns {Promise<Archive>} */
    static async look(root) {
        const archive = new Archive([], [], /** @type {any} */ (null));
        const client = new Client(root, archive);
        const fields = 'includefield=00083002,00080060,00280002';
        /** @type {Map<string, Item>} */
        const found = new Map();

        const studies = await client.rows(`/studies?limit=${SAMPLE}&includefield=StudyDescription`);
        const paths = ['/instances', ...studies.map((s) => `/studies/${studyOf(s)}/instances`)]
            .map((path) => `${path}?limit=${A_STUDY}&${fields}`);

        paths.push(...RARE.map((m) => `/instances?limit=${A_KIND}&${fields}&Modality=${m}`));

        for (const path of paths) {
            const [, study] = /^\/studies\/([^/]+)/.exec(path) ?? [];

            for (const ds of await client.rows(path)) {
                found.set(first(ds, '00080018'), itemOf(study
                    ? { ...ds, '0020000D': { Value: [study] } } : ds));
            }
        }

        return new Archive(studies, [...found.values()], client);
    }

    /**
     * @param {string} what in words
     * @param {(item: Item) => boolean} fits
     * @returns {Item} the smallest
     */
    item(what, fits) {
        const item = this.items.find((i) =>
            (isVideo(i) || sizeOf(i) < LARGE) && fits(i));

        return item ?? missing(what);
    }

    /** @returns {Promise<Item>} the smallest image that has pixel data */
    image() {
        this.smallest ??= this.findImage();

        return this.smallest;
    }

    async findImage() {
        for (const item of this.items.filter(isImage).slice(0, KINDS)) {
            if (hasPixels(await this.metadata(item))) {
                return item;
            }
        }

        return missing('image');
    }

    /**
     * @param {string} what in words
     * @param {(study: Dataset) => boolean} fits
     * @returns {Dataset}
     */
    study(what, fits) {
        return this.studies.find(fits) ?? missing(what);
    }

    /** @returns {Dataset} one whose patient ID, date and time are known */
    whole() {
        return this.study('study with a patient ID, a date and a time', (s) =>
            ['00100020', '00080020', '00080030'].every((t) => first(s, t) !== ''));
    }

    /** @param {number} count at least @returns {Dataset[]} */
    several(count) {
        return this.studies.length < count ? missing(`${count} studies`)
            : this.studies;
    }

    /** @param {Item} item @returns {Promise<Dataset>} */
    async metadata(item) {
        const all = (await this.client.ok(`${item.path}/metadata`,
            { accept: 'application/dicom+json' })).json();

        return all[0];
    }

    /**
     * Metadata of an instance of each class and transfer syntax.
     * @returns {Promise<{item: Item, ds: Dataset}[]>}
     */
    metadatas() {
        this.kinds ??= this.readKinds();

        return this.kinds;
    }

    async readKinds() {
        const kinds = new Map(this.items.map((i) => [`${i.sopClass} ${i.study}`, i]));
        const one = new Map(this.items.map((i) => [i.sopClass, i]));
        const chosen = [...new Set([...one.values(), ...kinds.values()])].slice(0, KINDS);
        const all = [];

        for (const item of chosen) {
            all.push({ item, ds: await this.metadata(item) });
        }

        return all.length > 0 ? all : missing('instance');
    }

    /**
     * Instances of a series of which all are wanted.
     * @param {string} what
     * @param {number} most
     * @param {(item: Item) => boolean} fits
     * @returns {Promise<Item[]>}
     */
    async series(what, most, fits) {
        const seen = new Set();

        for (const { series, study } of this.items.filter(fits)) {
            if (seen.has(series)) {
                continue;
            }

            seen.add(series);

            const all = (await this.client.rows(`/studies/${study}/series/${series}`
                + `/instances?limit=${most + 1}&includefield=00083002`))
                .map((ds) => itemOf({ ...ds, '0020000D': { Value: [study] },
                    '0020000E': { Value: [series] } }));

            if (all.length > 1 && all.length <= most && all.every(fits)) {
                return all;
            }
        }

        return missing(what);
    }
}


/** @param {string} what @returns {never} */
export function missing(what) {
    throw new Absent(`no ${what} here`);
}


/** @param {Dataset} ds @returns {string} */
export function studyOf(ds) {
    return first(ds, '0020000D');
}


/**
 * Each attribute, also of items.
 * @param {Dataset} ds
 * @param {(tag: string, a: import('../dicom/dataset.js').Attribute,
 *          ds: Dataset) => void} visit
 */
export function walk(ds, visit) {
    const open = [ds];

    for (let set = open.pop(); set; set = open.pop()) {
        for (const [tag, a] of Object.entries(set)) {
            visit(tag, a, set);

            if (a.vr === 'SQ') {
                open.push(...values(set, tag).filter((v) => v !== null));
            }
        }
    }
}
