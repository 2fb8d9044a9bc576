// SPDX-License-Identifier: BSD-2-Clause
//
// What is kept in this browser; where that is forbidden, as long as the page.

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Store */

/** @type {Map<string, string>} */
const kept = new Map();

/** @type {Store} */
const memory = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => { kept.set(key, value); },
    removeItem: (key) => { kept.delete(key); },
};


/** @returns {Store} */
export function storage() {
    try {
        return localStorage;
    } catch {
        return memory;
    }
}
