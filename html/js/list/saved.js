// SPDX-License-Identifier: BSD-2-Clause
//
// Searches that the reader has named, kept in this browser.

import { text } from '../ui/text.js';
import { emptyQuery, fromAddress, toAddress } from './query.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {{name: string, address: string}} Saved
 * @typedef {Pick<Storage, 'getItem' | 'setItem'>} Store
 */

const KEY = 'pacs.searches';
const MOST = 24;
const MOST_NAME = 40;


/** @param {any} s @returns {boolean} */
function isSaved(s) {
    return typeof s?.name === 'string' && typeof s?.address === 'string';
}


/** @param {Store} store @returns {Saved[]} */
export function readSaved(store) {
    try {
        const all = JSON.parse(store.getItem(KEY) ?? '[]');

        return Array.isArray(all) ? all.filter(isSaved).slice(0, MOST) : [];
    } catch {
        return [];
    }
}


/** @param {Store} store @param {Saved[]} all @returns {boolean} kept */
export function writeSaved(store, all) {
    try {
        store.setItem(KEY, JSON.stringify(all));
        return true;
    } catch {
        return false;
    }
}


/** @param {Query} q @returns {string} as it is kept: the first page of it */
export function addressOf(q) {
    return toAddress({ ...q, page: 0 });
}


/** @param {Saved} s @returns {Query} */
export function queryOf(s) {
    return { ...emptyQuery(), ...fromAddress(s.address) };
}


/**
 * @param {Saved[]} all
 * @param {string} name one that is there is replaced
 * @param {Query} q
 * @returns {Saved[]}
 */
export function withSearch(all, name, q) {
    const own = name.trim().slice(0, MOST_NAME);
    const saved = { name: own, address: addressOf(q) };
    const at = all.findIndex((s) => s.name === own);

    if (own === '') {
        return all;
    }

    return at === -1 ? [...all, saved].slice(-MOST)
        : all.map((s, i) => (i === at ? saved : s));
}


/**
 * @param {Saved[]} all
 * @param {string} name
 * @param {string} to a name that another has is not given
 * @returns {Saved[]}
 */
export function renamed(all, name, to) {
    const own = to.trim().slice(0, MOST_NAME);

    return own === '' || all.some((s) => s.name === own) ? all
        : all.map((s) => (s.name === name ? { ...s, name: own } : s));
}


/** @param {Saved[]} all @param {string} name @returns {Saved[]} */
export function without(all, name) {
    return all.filter((s) => s.name !== name);
}


/**
 * A name to begin with.
 * @param {Query} q
 * @returns {string}
 */
export function suggestName(q) {
    const said = [q.modality.replaceAll(',', ', '), q.description, q.name, q.id,
        q.accession, q.when, [q.from, q.to].filter(Boolean).join(' – ')];

    return said.filter(Boolean).join(' · ').slice(0, MOST_NAME) || text('All studies');
}
