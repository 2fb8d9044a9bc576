// SPDX-License-Identifier: BSD-2-Clause
//
// How far the server is with a volume that pictures wait for, and what it
// warns of.  It is asked once a volume, and again while one is waited for.

import { frameOf } from '../state.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 *
 * @typedef {Object} Known
 * @property {string} url
 * @property {number} ready slices
 * @property {number} count slices, 0: not known
 * @property {string} warning
 * @property {number} since ms
 * @property {boolean} asked
 * @property {boolean} underway
 */

/** Before this nobody has noticed that something takes time. ms */
const PATIENCE = 400;

const EVERY = 400;

/** @type {Map<string, Known>} by the id of the volume's stack */
const VOLUMES = new Map();


/**
 * @param {Viewport} s
 * @returns {{seconds: number | null, ready: number, count: number,
 *            warning: string}} seconds: null: nothing is waited for
 */
export function progressOf(s) {
    const known = VOLUMES.get(s.stack?.made?.volume.id ?? '');
    const waited = known === undefined ? 0 : performance.now() - known.since;

    return {
        seconds: known === undefined || !isWaiting(s) || waited < PATIENCE ? null
            : Math.floor(waited / 1000),
        ready: known?.ready ?? 0,
        count: known?.count ?? 0,
        warning: known?.warning ?? '',
    };
}


/**
 * Asks as long as one of the viewports waits.
 * @param {string} root of DICOMweb
 * @param {Viewport[]} ports
 * @param {() => void} changed
 */
export function watchVolumes(root, ports, changed) {
    for (const s of ports) {
        const id = s.stack?.made?.volume.id;
        const source = frameOf(s)?.source;

        if (id === undefined || !source) {
            continue;
        }

        const known = VOLUMES.get(id) ?? fresh();

        VOLUMES.set(id, known);

        // a window: then the server need not know all voxels to answer
        known.url = `${root}/${source.path}?${source.args.join('&')}`
            + (source.kind === 'mpr' ? '&window=0,1000,linear' : '')
            + '&renderedvolumetricmetadata=yes';

        if (!known.underway && (!known.asked || isWaiting(s))) {
            known.underway = true;
            known.since = known.asked ? known.since : performance.now();
            question(known, changed);
        }
    }
}


/** @returns {Known} */
function fresh() {
    return {
        url: '', ready: 0, count: 0, warning: '', since: performance.now(),
        asked: false, underway: false,
    };
}


/** @param {Viewport} s @returns {boolean} no picture, and no failure either */
function isWaiting(s) {
    return s.shown === null && s.failure === null;
}


/** @param {Known} known @param {() => void} changed */
async function question(known, changed) {
    const answer = await fetch(known.url, {
        headers: { Accept: 'application/dicom+json' }, cache: 'no-store',
        credentials: 'same-origin',
    }).catch(() => null);

    if (answer?.ok) {
        const slices = (answer.headers.get('Volume-Slices') ?? '').split('/');

        known.ready = Number(slices[0]) || 0;
        known.count = Number(slices[1]) || 0;
        known.warning = warningOf(answer.headers.get('Warning') ?? '');
    }

    known.asked = true;
    changed();
    setTimeout(() => {
        known.underway = false;
        changed();
    }, EVERY);
}


/**
 * @param {string} header 299 host "text", …
 * @returns {string}
 */
export function warningOf(header) {
    return [...header.matchAll(/"([^"]*)"/g)].map((m) => m[1]).join('; ');
}
