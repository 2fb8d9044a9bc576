// SPDX-License-Identifier: BSD-2-Clause
//
// The points of IHE Basic Image Review (RAD TF-2 4.16.4.2.2.5), as the
// viewer's checklist numbers them, and how one is tried.

import { Absent, Failed } from '../selftest/client.js';
import { CORNERS } from './corners.js';
import { KEYS } from './keys.js';
import { LOADING } from './loading.js';
import { MEASURING } from './measuring.js';
import { PLACES } from './places.js';
import { SCROLLING } from './scrolling.js';
import { WINDOWS } from './windows.js';

/**
 * @typedef {import('./cases.js').Case} Case
 * @typedef {import('./viewer.js').Viewer} Viewer
 * @typedef {import('../selftest/points.js').Result} Result
 *
 * @typedef {Object} Trial what a point is tried with
 * @property {import('./cases.js').Cases} cases of this archive
 * @property {Viewer} viewer
 * @property {(...all: Case[]) => Promise<Viewer>} open them side by side, the
 *     first image of each
 *
 * @typedef {Object} Point
 * @property {string} number
 * @property {string} title
 * @property {string} section of 4.16.4.2.2.5
 * @property {(t: Trial) => Promise<string>} run answers what was looked at
 */

/** @type {Point[]} */
export const POINTS = [...LOADING, ...WINDOWS, ...SCROLLING, ...PLACES, ...CORNERS,
    ...MEASURING, ...KEYS].sort((a, b) => a.number < b.number ? -1 : 1);


/** @returns {Result} before it is run */
export function untried() {
    return { state: 'waiting', reason: '', requests: [] };
}


/**
 * @param {Point} point
 * @param {import('./cases.js').Cases} cases
 * @param {Viewer} viewer
 * @returns {Promise<Result>}
 */
export async function tried(point, cases, viewer) {
    const open = async (/** @type {Case[]} */ ...all) => {
        const side = all.length > 1 ? `&layout=1x${all.length}` : '';

        await viewer.open(`study=${all[0].study}${side}`
            + all.map((x) => `&port=${x.series}~i=${x.frames[0].instance},${x.frames[0].frame}`)
                .join(''));

        for (const i of all.keys()) {
            await viewer.ready(i);
        }

        return viewer;
    };

    try {
        return { state: 'pass', reason: await point.run({ cases, viewer, open }),
            requests: [] };
    } catch (e) {
        const reason = e instanceof Error ? e.message : String(e);

        return { state: e instanceof Absent ? 'not applicable' : 'fail', requests: [],
            reason: e instanceof Absent || e instanceof Failed ? reason
                : `cannot be tried: ${reason}` };
    }
}
