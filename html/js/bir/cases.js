// SPDX-License-Identifier: BSD-2-Clause
//
// What this archive has to show a viewer's points with: series of a kind,
// looked for until one is found.

import { TAG, first, number } from '../dicom/dataset.js';
import { isVideo } from '../dicom/papers.js';
import { stacks } from '../dicom/stack.js';
import { getDatasets } from '../net/dicomweb.js';
import { seriesUrl } from '../net/urls.js';
import { Absent } from '../selftest/client.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/stack.js').Stack} Stack
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {{study: string, series: string, modality: string, count: number}} Named
 * @typedef {Named & {frames: Frame[]}} Case
 */

/** Series of a modality that are known, and that are looked at. */
const MOST_SERIES = 200;
const MOST_LOOKS = 24;
/** Pairs of series that are looked at, and series of a study in them. */
const MOST_PAIRS = 60;
const MOST_OF_STUDY = 4;
/** Instances of one. */
const MOST_INSTANCES = 400;

export const SECTIONS = ['CT', 'MR', 'PT'];
export const PROJECTIONS = ['DX', 'CR', 'MG', 'XA', 'RF', 'PX', 'IO'];
export const LOOPS = ['US', 'XA', 'RF', 'NM', 'IVUS'];
export const KINDS = ['CT', 'MR', 'PT', 'NM', 'US', 'XA', 'RF', 'DX', 'CR', 'MG', 'OT', 'SC'];


export class Cases {
    /** @type {Map<string, Promise<Named[]>>} by modality */
    #series = new Map();
    /** @type {Map<string, Promise<Stack[]>>} by series */
    #stacks = new Map();

    /** @param {string} root of DICOMweb */
    constructor(root) {
        this.root = root;
    }


    /** @param {string} modality @returns {Promise<Named[]>} the newest first */
    named(modality) {
        const known = this.#series.get(modality) ?? getDatasets(
            `${this.root}/series?Modality=${modality}&limit=${MOST_SERIES}`
            + `&includefield=${TAG.NumberOfSeriesRelatedInstances}`)
            .then((all) => all.map((ds) => ({
                study: first(ds, TAG.StudyInstanceUID), modality,
                series: first(ds, TAG.SeriesInstanceUID),
                count: number(ds, TAG.NumberOfSeriesRelatedInstances) ?? 0,
            })).filter((x) => x.count <= MOST_INSTANCES));

        this.#series.set(modality, known);

        return known;
    }


    /** @param {Named} x @returns {Promise<Stack[]>} of what can be a picture */
    stacks(x) {
        const known = this.#stacks.get(x.series) ?? getDatasets(
            `${seriesUrl(this.root, x.study, x.series)}/metadata`).then((all) =>
            stacks(all.filter((ds) => !isVideo(ds)
                && ['7FE00010', '7FE00008', '7FE00009'].some((t) => ds[t]))));

        this.#stacks.set(x.series, known);

        return known;
    }


    /**
     * @param {string} what in words
     * @param {string[]} modalities in this order
     * @param {(frames: Frame[], x: Named) => unknown} fits a stack
     * @returns {Promise<Case>} rejects with Absent
     */
    async find(what, modalities, fits) {
        for (const modality of modalities) {
            for (const x of (await this.named(modality)).slice(0, MOST_LOOKS)) {
                const found = (await this.stacks(x)).find((s) => fits(s.frames, x));

                if (found !== undefined) {
                    return { ...x, frames: found.frames };
                }
            }
        }

        throw new Absent(`no ${what} here`);
    }


    /**
     * Two series of a study.
     * @param {string} what
     * @param {(a: Frame[], b: Frame[]) => unknown} fits
     * @returns {Promise<[Case, Case]>}
     */
    async pair(what, fits) {
        for (const modality of SECTIONS) {
            const pairs = pairsIn(await this.named(modality));

            for (const [a, b] of pairs.slice(0, MOST_PAIRS)) {
                const [s] = await this.stacks(a);
                const [t] = await this.stacks(b);

                if (s !== undefined && t !== undefined && fits(s.frames, t.frames)) {
                    return [{ ...a, frames: s.frames }, { ...b, frames: t.frames }];
                }
            }
        }

        throw new Absent(`no ${what} here`);
    }


    /** @returns {Promise<Case>} slices of a body, in order */
    slices() {
        return this.find('series of slices with places', SECTIONS, (frames) =>
            frames.length >= 4 && frames[0].frames === 1
            && frames.every((f) => f.position !== null && f.orientation !== null));
    }


    /** @returns {Promise<Case>} whose windows can be chosen */
    grey() {
        return this.find('grey series', KINDS, (frames) =>
            !frames[0].colour && frames[0].voi === 'linear' && !frames[0].hasLut);
    }


    /** @returns {Promise<Case>} */
    projection() {
        return this.find('projection (DX, CR, MG, XA)', PROJECTIONS, (frames) =>
            frames[0].columns >= 32);
    }


    /** @returns {Promise<Case>} */
    loop() {
        return this.find('loop of several frames (US, XA, NM)', LOOPS, (frames) =>
            frames[0].frames >= 4);
    }


    /** @returns {Promise<[Case, Case]>} that are scrolled together */
    parallel() {
        return this.pair('study with two parallel series of one frame of reference',
            (a, b) => a.length > 2 && b.length > 2 && isOfOneSpace(a[0], b[0])
                && isParallel(a[0], b[0]));
    }


    /** @returns {Promise<[Case, Case]>} that cut each other */
    crossing() {
        return this.pair('study with two series of one frame of reference that cut each other',
            (a, b) => isOfOneSpace(a[0], b[0]) && !isParallel(a[0], b[0]));
    }
}


/** @param {Named[]} all @returns {[Named, Named][]} of one study each, some of it */
function pairsIn(all) {
    return [...new Set(all.map((x) => x.study))].flatMap((study) => {
        const some = all.filter((x) => x.study === study).slice(0, MOST_OF_STUDY);

        return some.flatMap((a, i) => some.slice(i + 1).map((b) =>
            /** @type {[Named, Named]} */ ([a, b])));
    });
}


/** @param {Frame} a @param {Frame} b */
function isOfOneSpace(a, b) {
    return a.reference !== '' && a.reference === b.reference
        && a.position !== null && b.position !== null
        && a.orientation !== null && b.orientation !== null;
}


/** @param {Frame} f @returns {number[]} across the slice */
export function normalOf(f) {
    const [a, b] = [f.orientation?.row ?? [1, 0, 0], f.orientation?.column ?? [0, 1, 0]];

    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}


/** @param {Frame} f @param {number[]} normal @returns {number} mm along it */
export function heightOf(f, normal) {
    return (f.position ?? [0, 0, 0]).reduce((sum, v, i) => sum + v * normal[i], 0);
}


/** @param {Frame} a @param {Frame} b */
function isParallel(a, b) {
    const other = normalOf(b);

    return Math.abs(normalOf(a).reduce((sum, v, i) => sum + v * other[i], 0)) > 0.99;
}
