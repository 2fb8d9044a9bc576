// SPDX-License-Identifier: BSD-2-Clause
//
// What some viewports have besides their picture: each decoration is called
// with the viewport's cell whenever something has changed, and writes what is
// its own there.  They are loaded when they are needed first.

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {(cell: HTMLElement, host: Host,
 *            bitmaps: import('./picture.js').Bitmaps) => void} Decoration
 */

/** @type {Decoration[]} */
const DECORATIONS = [];


/** @param {Decoration} decoration */
export function addDecoration(decoration) {
    DECORATIONS.push(decoration);
}


/** @type {Decoration} */
export function decorate(cell, host, bitmaps) {
    DECORATIONS.forEach((d) => d(cell, host, bitmaps));
}
