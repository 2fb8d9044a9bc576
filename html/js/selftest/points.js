// SPDX-License-Identifier: BSD-2-Clause
//
// The 52 points that servers get wrong, and how one is run.

import { Absent, Client, Failed } from './client.js';
import { MODEL } from './model.js';
import { RENDERED } from './rendered.js';
import { RETRIEVE } from './retrieve.js';
import { SEARCH } from './search.js';
import { STORE } from './store.js';

/**
 * @typedef {import('./client.js').Point} Point
 * @typedef {'waiting' | 'running' | 'pass' | 'fail' | 'not applicable' |
 *           'elsewhere'} State
 * @typedef {{state: State, reason: string,
 *            requests: import('./client.js').Request[]}} Result
 */

export const POINTS = [...SEARCH, ...MODEL, ...RETRIEVE, ...RENDERED, ...STORE];


/** @param {Point} point @returns {Result} before it is run */
export function untried(point) {
    return point.elsewhere
        ? { state: 'elsewhere', reason: `tested by ${point.elsewhere}`, requests: [] }
        : { state: 'waiting', reason: point.stores ? 'stores test instances' : '', requests: [] };
}


/**
 * @param {Point} point
 * @param {string} root
 * @param {import('./archive.js').Archive} archive
 * @returns {Promise<Result>}
 */
export async function tried(point, root, archive) {
    const client = new Client(root, archive);
    const { requests } = client;

    if (!point.run) {
        return untried(point);
    }

    try {
        return { state: 'pass', reason: await point.run(client), requests };
    } catch (e) {
        if (e instanceof Absent) {
            return { state: 'not applicable', reason: e.message, requests };
        }

        const reason = e instanceof Error ? e.message : String(e);

        return { state: 'fail', reason: e instanceof Failed ? reason
            : `the answer has another shape: ${reason}`, requests };
    }
}
