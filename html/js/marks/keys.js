// SPDX-License-Identifier: BSD-2-Clause
//
// Key images as Key Object Selections (PS3.3 A.35.4, PS3.16 TID 2010): one a
// save, of all keys of this program in the study.  The newest counts; where
// no key is left, a rejection note (IHE IOCM) takes the last one back.

import { TAG, first, items, number } from '../dicom/dataset.js';
import { CODE } from './codes.js';
import { at, codeItem, composite, hierarchy, sequence, sopItem } from './composite.js';
import { SR, below, codeIn, imageOf, item, textOf } from './content.js';
import { isOurs } from './read.js';
import { observers } from './report.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('./composite.js').Author} Author
 * @typedef {import('./composite.js').Reference} Reference
 * @typedef {{study: string, series: string, instance: string, frame: number,
 *            frames: number, sopClass: string}} Key
 */

const KEY_OBJECT = '1.2.840.10008.5.1.4.1.1.88.59';
const SERIES_NUMBER = 9902;

/** Titles (CID 7011) that take back what they refer to. */
const REJECTIONS = ['113001', '113037', '113038', '113039'];


/**
 * @param {Key[]} keys empty: the one that is replaced is taken back
 * @param {Dataset} source an image of the study
 * @param {{author: Author, series: string, number: number, now: Date,
 *          replaced: Reference | null}} of
 * @returns {Dataset | null} null: there is nothing to say
 */
export function selection(keys, source, of) {
    if (keys.length === 0) {
        return of.replaced === null ? null
            : document(source, of, CODE.rejected, [of.replaced], [
                item('CONTAINS', 'COMPOSITE', null,
                    { [SR.references]: sequence(sopItem(of.replaced)) }),
            ]);
    }

    return document(source, of, CODE.ofInterest, keys, [
        textOf('CONTAINS', CODE.description, 'Key images chosen in the viewer'),
        ...keys.map((k) => imageOf(k, 'CONTAINS', null)),
    ]);
}


/**
 * @param {Dataset} source
 * @param {{author: Author, series: string, number: number, now: Date}} of
 * @param {import('./codes.js').Code} title
 * @param {Reference[]} evidence
 * @param {Dataset[]} content
 * @returns {Dataset}
 */
function document(source, of, title, evidence, content) {
    return {
        ...composite(source, {
            sopClass: KEY_OBJECT, modality: 'KO', series: of.series,
            seriesNumber: SERIES_NUMBER, description: 'Key images',
            number: of.number, now: of.now,
        }),
        '00081111': at('SQ'),
        [SR.evidence]: sequence(...hierarchy(evidence)),
        [SR.type]: at('CS', 'CONTAINER'),
        [SR.name]: sequence(codeItem(title)),
        [SR.continuity]: at('CS', 'SEPARATE'),
        [SR.template]: sequence({
            '00080105': at('CS', 'DCMR'), '0040DB00': at('CS', '2010'),
        }),
        [SR.content]: sequence(...observers(of.author), ...content),
    };
}


/**
 * @param {Dataset[]} selections of the study
 * @returns {{own: Dataset | null, others: Dataset[]}} what counts: the newest
 *     of ours, and those of other programs that no note takes back
 */
export function standing(selections) {
    const rejected = new Set(selections.filter(isRejection).flatMap(instancesOf));
    const stands = selections.filter((ds) => !isRejection(ds)
        && !rejected.has(first(ds, TAG.SOPInstanceUID)));
    const ours = selections.filter(isOurs).sort(byAge);
    const newest = ours[ours.length - 1];

    return {
        own: newest !== undefined && stands.includes(newest) ? newest : null,
        others: stands.filter((ds) => !isOurs(ds)),
    };
}


/** @param {Dataset} ds @returns {boolean} */
function isRejection(ds) {
    return REJECTIONS.includes(codeIn(items(ds, SR.name)[0] ?? {}).value);
}


/** @param {Dataset} ds @returns {string[]} that it refers to */
function instancesOf(ds) {
    return below(ds, (c) => items(c, SR.references).length > 0, 5000)
        .flatMap((c) => items(c, SR.references))
        .map((sop) => first(sop, SR.sopInstance));
}


/** @param {Dataset} a @param {Dataset} b @returns {number} the older first */
function byAge(a, b) {
    const when = (/** @type {Dataset} */ ds) =>
        first(ds, TAG.ContentDate) + first(ds, TAG.ContentTime);

    return when(a) < when(b) ? -1 : when(a) > when(b) ? 1
        : (number(a, TAG.InstanceNumber) ?? 0) - (number(b, TAG.InstanceNumber) ?? 0);
}


/**
 * @param {Dataset | null} ds a selection
 * @returns {{instance: string, frame: number | null}[]} frame null: all
 */
export function keysOf(ds) {
    return ds === null ? []
        : below(ds, (c) => first(c, SR.type) === 'IMAGE', 5000).map((c) => {
            const sop = items(c, SR.references)[0];
            return { instance: first(sop, SR.sopInstance), frame: number(sop, SR.frame) };
        });
}
