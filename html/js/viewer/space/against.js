// SPDX-License-Identifier: BSD-2-Clause
//
// Why the active viewport cannot be cut into planes, or fused.

import { TAG, first } from '../../dicom/dataset.js';
import { volumeOf } from '../../dicom/volume.js';
import { text } from '../../ui/text.js';
import { activePort } from '../page.js';
import { frameOf } from '../state.js';
import { referenceOf } from './cross.js';

/**
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../series.js').Series} Series
 */

const AGAINST = Object.freeze({
    none: text('There is no PET series'),
    self: text('Choose the CT or MR series first: the PET goes over it'),
    place: text('The images have no place in the patient'),
    elsewhere: text('The PET lies in another frame of reference'),
});

/** What is laid over other pictures. */
const UPPER = ['PT', 'NM'];


/** @param {Page} page @returns {string} '': nothing is against it */
export function againstPlanes(page) {
    return page.before !== null ? '' : volumeOf(activePort(page).stack).reason;
}


/** @param {Page} page @returns {string} '': nothing is against it */
export function againstFusion(page) {
    const s = activePort(page);
    const f = frameOf(s);

    if (s.fusion !== null) {
        return '';
    }

    if (f === null || referenceOf(s) === '') {
        return AGAINST.place;
    }

    const all = upperSeries(page, f.study);

    if (all.length === 0 || UPPER.includes(f.modality)) {
        return all.length === 0 ? AGAINST.none : AGAINST.self;
    }

    return all.some((x) => x.stacks === null || stackOver(x, f.reference) !== null)
        ? '' : AGAINST.elsewhere;
}


/**
 * @param {Page} page
 * @param {string} study
 * @returns {Series[]} of that study that can lie over others
 */
export function upperSeries(page, study) {
    return page.series.filter((x) => x.study === study
        && UPPER.includes(first(x.ds, TAG.Modality)));
}


/**
 * @param {Series} x
 * @param {string} reference
 * @returns {import('../../dicom/stack.js').Stack | null} that is a volume there
 */
export function stackOver(x, reference) {
    return x.stacks?.find((stack) => stack.frames[0].reference === reference
        && volumeOf(stack).volume !== null) ?? null;
}
