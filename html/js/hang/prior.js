// SPDX-License-Identifier: BSD-2-Clause
//
// Which of the patient's studies before this one is compared with it, and
// which of its images with which (S10).

import { middleOf, nearest, planeOf } from '../math/plane.js';

/**
 * @typedef {import('./engine.js').Item} Item
 *
 * @typedef {Object} Past a study
 * @property {string} uid
 * @property {string} date DA
 * @property {string[]} modalities
 */

/**
 * The studies before this one: those of its modality first, the newest first.
 * @param {Past} study
 * @param {Past[]} all
 * @returns {Past[]}
 */
export function priorsOf(study, all) {
    const isAlike = (/** @type {Past} */ x) =>
        x.modalities.some((m) => study.modalities.includes(m));

    return all.filter((x) => x.uid !== study.uid && x.date !== ''
        && x.date <= study.date)
        .sort((a, b) => Number(isAlike(b)) - Number(isAlike(a))
            || (a.date < b.date ? 1 : -1));
}


/**
 * What is compared with an item: of its modality, as alike as there is.
 * @param {Item} item
 * @param {Item[]} all
 * @returns {Item | null}
 */
export function counterpart(item, all) {
    const scored = all.filter((x) => x.modality === item.modality
        && !differs(x.laterality, item.laterality) && !differs(x.view, item.view))
        .map((x) => ({ x, score: likeness(item, x) }));

    return scored.reduce((best, now) => now.score > (best?.score ?? -1) ? now : best,
        /** @type {{x: Item, score: number} | null} */ (null))?.x ?? null;
}


/**
 * What two items have in common, and what speaks against them (S10).
 * @param {Item} a
 * @param {Item} b
 * @returns {{by: string[], against: string}} by: empty, only the modality;
 *     against: another body part that the second says, or ''
 */
export function likenessOf(a, b) {
    const own = words(a.description);
    const by = [
        a.view === b.view ? b.view : '', a.laterality === b.laterality ? b.laterality : '',
        a.bodyPart === b.bodyPart ? b.bodyPart : '',
        ...[...words(b.description)].filter((w) => own.has(w)),
    ].filter(Boolean);

    return {
        by: [...new Set(by.map((w) => w.toLowerCase()))],
        against: differs(a.bodyPart.toLowerCase(), b.bodyPart.toLowerCase()) ? b.bodyPart : '',
    };
}


/**
 * The slice of another series that is nearest: by its place where both are of
 * one space, else as far through the stack.
 * @param {{frames: import('../dicom/stack.js').Frame[], index: number}} own
 * @param {import('../dicom/stack.js').Frame[]} others
 * @returns {number} index
 */
export function sliceBeside({ frames, index }, others) {
    const f = frames[index];
    const plane = planeOf(f);
    const isOneSpace = plane !== null && f.reference !== ''
        && others[0]?.reference === f.reference;
    const hit = isOneSpace ? nearest(others, middleOf(plane)) : null;

    return hit?.index ?? Math.round(index / Math.max(1, frames.length - 1)
        * (others.length - 1));
}


/** @param {string} a @param {string} b @returns {boolean} both say another */
function differs(a, b) {
    return a !== '' && b !== '' && a !== b;
}


/** @param {string} text @returns {Set<string>} */
function words(text) {
    return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}


/** @param {Item} a @param {Item} b @returns {number} */
function likeness(a, b) {
    const own = words(a.description);
    const shared = [...words(b.description)].filter((w) => own.has(w)).length;
    const all = own.size + words(b.description).size - shared;

    return (a.view !== '' && a.view === b.view ? 4 : 0)
        + (a.laterality !== '' && a.laterality === b.laterality ? 4 : 0)
        + (a.bodyPart !== '' && a.bodyPart === b.bodyPart ? 2 : 0)
        + (all === 0 ? 0 : shared / all);
}
