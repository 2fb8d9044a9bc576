// SPDX-License-Identifier: BSD-2-Clause
//
// Asking the server for the list (QIDO-RS).

import { ask, getDatasets } from '../net/dicomweb.js';
import { amongPath, countOf, searchPath } from './query.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{rows: Dataset[], total: number | null, more: boolean}} Found
 */

/**
 * A page of what matches.
 * @param {string} root of DICOMweb
 * @param {Query} q
 * @param {AbortSignal} signal
 * @returns {Promise<Found>} rejects with Refusal, or AbortError
 */
export async function search(root, q, signal) {
    const answer = await ask(root + searchPath(q, new Date()),
        'application/dicom+json', signal);
    const body = answer.status === 204 ? [] : await answer.json();
    const rows = Array.isArray(body) ? body : [];

    return { rows, ...countOf(answer.headers.get('Warning'), q, rows.length) };
}


/**
 * Which of these studies match.
 * @param {string} root
 * @param {Query} q
 * @param {string[]} uids
 * @returns {Promise<Dataset[]>}
 */
export function among(root, q, uids) {
    return getDatasets(root + amongPath(q, uids, new Date()));
}
