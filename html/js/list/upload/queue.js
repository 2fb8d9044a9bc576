// SPDX-License-Identifier: BSD-2-Clause
//
// What is uploaded, as one plain object, and what is remembered of it over a
// reload.  No page, no network.

import { quoted, text } from '../../ui/text.js';

/**
 * @typedef {'waiting' | 'sending' | 'stored' | 'skipped' | 'failed' |
 *           'cancelled'} State
 * @typedef {{path: string, file: Blob & {lastModified?: number}, key: string,
 *            state: State, sent: number, reason: string, id: string}} Item
 *     sent: bytes that the server has; id: of the server's upload, '' none yet
 * @typedef {{items: Item[], isPaused: boolean, note: string}} Queue
 * @typedef {{done: Set<string>, open: Record<string, string>, total: number}} Kept
 *     done: keys of what is stored; open: keys and ids of what is under way
 * @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Store
 */

export const KEY = 'pacs.upload';

/** Files that are remembered over a reload. */
const MOST_KEPT = 50000;


/** @returns {Queue} */
export function emptyQueue() {
    return { items: [], isPaused: false, note: '' };
}


/**
 * The same file again has the same key: 53 bits of its path, size and time.
 * @param {string} path
 * @param {number} size
 * @param {number} modified
 */
export function keyOf(path, size, modified) {
    let [a, b] = [0xdeadbeef, 0x41c6ce57];

    for (const c of `${path}\n${size}\n${modified}`) {
        const n = c.codePointAt(0) ?? 0;

        a = Math.imul(a ^ n, 2654435761);
        b = Math.imul(b ^ n, 1597334677);
    }

    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);

    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}


/**
 * @param {string} path
 * @param {Blob & {lastModified?: number}} file
 * @param {string} reason why it is not sent; '' if it is
 * @param {Kept} kept
 * @returns {Item}
 */
export function makeItem(path, file, reason, kept) {
    const key = keyOf(path, file.size, file.lastModified ?? 0);
    const isDone = kept.done.has(key);

    return {
        path, file, key, reason, id: kept.open[key] ?? '',
        state: reason !== '' ? 'skipped' : isDone ? 'stored' : 'waiting',
        sent: isDone ? file.size : 0,
    };
}


/** @param {Queue} q @returns {Record<State, number>} */
export function counts(q) {
    const n = { waiting: 0, sending: 0, stored: 0, skipped: 0, failed: 0, cancelled: 0 };

    q.items.forEach((i) => { n[i.state]++; });

    return n;
}


/** @param {Queue} q @returns {{sent: number, total: number}} bytes */
export function bytes(q) {
    const sum = { sent: 0, total: 0 };

    for (const i of q.items) {
        if (i.state !== 'skipped' && i.state !== 'cancelled') {
            sum.total += i.file.size;
            sum.sent += i.state === 'stored' || i.state === 'failed'
                ? i.file.size : i.sent;
        }
    }

    return sum;
}


/** @param {Queue} q @returns {boolean} whether something is left to be done */
export function isBusy(q) {
    return q.items.some((i) => i.state === 'waiting' || i.state === 'sending');
}


/* --- over a reload --- */

/** @param {Store} store @returns {Kept} */
export function readKept(store) {
    try {
        const o = JSON.parse(store.getItem(KEY) ?? '{}');
        const open = Object.entries(o.open ?? {})
            .filter(([, id]) => /^[0-9a-f]{32}$/.test(String(id)));

        return {
            done: new Set(String(o.done ?? '').split(' ').filter(Boolean)),
            open: /** @type {Record<string, string>} */ (Object.fromEntries(open)),
            total: Number(o.total) || 0,
        };
    } catch {
        return { done: new Set(), open: {}, total: 0 };
    }
}


/**
 * Remembered while something is left; forgotten at the end.
 * @param {Store} store
 * @param {Queue} q
 */
export function writeKept(store, q) {
    const sent = q.items.filter((i) => i.state !== 'skipped'
        && i.state !== 'cancelled');

    try {
        if (!isBusy(q)) {
            store.removeItem(KEY);
            return;
        }

        store.setItem(KEY, JSON.stringify({
            done: sent.filter((i) => i.state === 'stored').slice(-MOST_KEPT)
                .map((i) => i.key).join(' '),
            open: Object.fromEntries(sent.filter((i) => i.id !== ''
                && i.state !== 'stored' && i.state !== 'failed')
                .map((i) => [i.key, i.id])),
            total: sent.length,
        }));
    } catch {
        // a full or forbidden store costs the memory, not the upload
    }
}


/* --- the server's answer --- */

const REASON = '00091001';
const FAILURE = '00081197';

/** Failure Reason (PS3.4 table GG.4-2, PS3.18 table 10.5.3-1). */
/** @type {Record<number, string>} */
const FAILURES = {
    0x0110: text('The server cannot store this type'),
    0x0111: text('It is known with other content'),
    0xa700: text('The server has no room'),
    0xa901: text('It is of another study'),
    0xc000: text('The server cannot read it'),
    0xc001: text('It has no identifiers'),
    0xc002: text('It is over a limit of the server'),
};


/**
 * Why an instance was not stored, out of a STOW answer.
 * @param {any} answer DICOM JSON
 * @returns {string} '' when all was stored
 */
export function refusalOf(answer) {
    const root = Array.isArray(answer) ? answer[0] : answer;
    const failed = [...root?.['00081198']?.Value ?? [], ...root?.['0008119A']?.Value ?? []];

    if (failed.length === 0) {
        return '';
    }

    const own = failed[0]?.[REASON]?.Value?.[0];
    const code = Number(failed[0]?.[FAILURE]?.Value?.[0]);

    return [FAILURES[code] ?? text('The server refused it'),
        typeof own === 'string' ? quoted(own.slice(0, 300)) : ''].filter(Boolean).join(': ');
}
