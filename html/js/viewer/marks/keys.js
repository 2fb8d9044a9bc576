// SPDX-License-Identifier: BSD-2-Clause
//
// The key images as a series of their own at the head of the strip.

import { TAG } from '../../dicom/dataset.js';
import { text } from '../../ui/text.js';
import { framesHere, keyOf } from './state.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../dicom/stack.js').Stack} Stack
 * @typedef {import('./state.js').Marks} Marks
 */

/** Names the series on the page; no UID. */
const KEYS = 'keys';

const TEXT = Object.freeze({ title: text('Key images'), label: text('chosen') });


/**
 * @param {Host} host
 * @param {Marks} m
 * @returns {Stack | null} null: there are none, or their series are not here
 */
export function keysStack(host, m) {
    const frames = framesHere(host.page()).filter((f) => keyOf(m, f) !== '');
    const unique = [...new Map(frames.map((f) => [`${f.instance}/${f.frame}`, f])).values()];

    return unique.length === 0 ? null
        : { id: `${KEYS}/`, series: KEYS, frames: unique, label: TEXT.label };
}


/**
 * @param {Page} page
 * @param {Stack | null} stack
 * @returns {Page}
 */
export function withKeySeries(page, stack) {
    const others = page.series.filter((x) => x.uid !== KEYS);

    return stack === null && others.length === page.series.length ? page : {
        ...page,
        series: stack === null ? others : [{
            uid: KEYS, study: stack.frames[0].study,
            ds: {
                [TAG.Modality]: { Value: ['KO'] },
                [TAG.SeriesDescription]: { Value: [TEXT.title] },
            },
            stacks: [stack], papers: [], received: null, reason: '',
        }, ...others],
    };
}
