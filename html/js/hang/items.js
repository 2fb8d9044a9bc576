// SPDX-License-Identifier: BSD-2-Clause
//
// What protocols choose from: series as the search gives them, and images by
// what their headers say.

import { TAG, first, items as itemsOf, number } from '../dicom/dataset.js';

/**
 * @typedef {import('./engine.js').Item} Item
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/stack.js').Stack} Stack
 * @typedef {{id: string, series: {ds: Dataset}, stack: Stack | null}} Entry
 */

/** Views of mammography, SNOMED CT and SRT (PS3.16 CID 4014). */
const VIEWS = new Map([
    ['399162004', 'CC'], ['R-10242', 'CC'], ['399368009', 'MLO'], ['R-10226', 'MLO'],
    ['399260004', 'ML'], ['R-10224', 'ML'], ['399352003', 'LM'], ['R-10228', 'LM'],
]);


/** @param {Entry} e @returns {Item} */
export function itemOf(e) {
    const ds = e.series.ds;

    return {
        id: e.id,
        index: 0,
        modality: first(ds, TAG.Modality),
        bodyPart: first(ds, TAG.BodyPartExamined),
        description: first(ds, TAG.SeriesDescription),
        laterality: first(ds, TAG.Laterality),
        view: '',
    };
}


/** @param {Entry} e @returns {Item[]} one of each frame, where they are known */
export function imagesOf(e) {
    const base = itemOf(e);

    return e.stack?.frames.map((f, index) =>
        ({ ...base, index, ...sightOf(f.ds, base) })) ?? [];
}


/**
 * @param {Dataset} ds of an image
 * @param {{laterality: string}} [base]
 */
export function sightOf(ds, base = { laterality: '' }) {
    const [code] = itemsOf(ds, TAG.ViewCodeSequence);

    return {
        laterality: first(ds, TAG.ImageLaterality) || first(ds, TAG.FrameLaterality)
            || first(ds, TAG.Laterality) || base.laterality,
        view: VIEWS.get(first(code, TAG.CodeValue)) ?? first(ds, TAG.ViewPosition),
    };
}


/**
 * @param {Dataset} study
 * @param {Entry[]} entries of series with pictures
 * @returns {import('./engine.js').Facts}
 */
export function factsOf(study, entries) {
    return {
        description: first(study, TAG.StudyDescription),
        series: entries.map(itemOf),
        images: entries.reduce((sum, e) => sum + (e.stack?.frames.length
            ?? number(e.series.ds, TAG.NumberOfSeriesRelatedInstances) ?? 1), 0),
    };
}
