// SPDX-License-Identifier: BSD-2-Clause
//
// Questions to the server (QIDO-RS, WADO-RS metadata) and its refusals.

import { quoted, text } from '../ui/text.js';
import { early } from './early.js';

/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

/** A refusal, in words for the reader. */
export class Refusal extends Error {
    /**
     * @param {number} status 0: no answer
     * @param {string} reason
     * @param {number} [wait] ms, before it makes sense to ask again
     */
    constructor(status, reason, wait = 500) {
        super(reason);
        this.status = status;
        this.wait = wait;
    }
}


/** Characters of the server's own words that are shown. */
const MOST_REASON = 200;

/** @type {Record<number, string>} */
const REASONS = {
    0: text('The server does not answer'),
    401: text('The session has ended'),
    403: text('Not allowed'),
    404: text('Not found on the server'),
    406: text('This cannot be shown as a picture'),
    410: text('It has been deleted'),
    503: text('The server is busy'),
};


/** @param {number} status @returns {string} */
function reasonOf(status) {
    return REASONS[status] ?? text('The server refused ({status})', { status });
}


/**
 * @param {string | null} header Retry-After
 * @returns {number | undefined} ms, at most 10 s
 */
function waitOf(header) {
    const seconds = header === null ? NaN : Number(header);

    return seconds >= 0 ? Math.min(10, seconds) * 1000 : undefined;
}


/**
 * Where DICOMweb is: <meta name="dicomweb" content="/dicom-web">.
 * @returns {string}
 */
export function rootOf() {
    const meta = document.querySelector('meta[name="dicomweb"]');

    return meta?.getAttribute('content') ?? '/dicom-web';
}


/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Dataset[]>} rejects with Refusal, or AbortError
 */
export async function getDatasets(url, signal) {
    const answer = await ask(url, 'application/dicom+json', signal);

    if (answer.status === 204) {
        return [];
    }

    const body = await answer.json().catch(() => null);

    if (!Array.isArray(body)) {
        throw new Refusal(answer.status, text('The answer is not DICOM JSON'));
    }

    return body;
}


/**
 * @param {string} url
 * @param {string} accept
 * @param {AbortSignal} [signal]
 * @param {RequestPriority} [priority]
 * @param {RequestCache} [cache]
 * @returns {Promise<Response>} with a good status
 */
export async function ask(url, accept, signal, priority = 'auto', cache = 'default') {
    const answer = await (early(url) ?? fetch(url, {
        headers: { Accept: accept }, signal, priority, cache, credentials: 'same-origin',
    })).catch((e) => {
        throw e.name === 'AbortError' ? e : new Refusal(0, reasonOf(0));
    });

    if (!answer.ok) {
        const own = await answer.json().catch(() => null);
        const why = typeof own?.reason === 'string' ? own.reason : '';

        throw new Refusal(answer.status, reasonOf(answer.status)
            + (why === '' ? '' : `: ${quoted(why.slice(0, MOST_REASON))}`),
            waitOf(answer.headers.get('Retry-After')));
    }

    return answer;
}
