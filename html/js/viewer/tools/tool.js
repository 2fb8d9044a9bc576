// SPDX-License-Identifier: BSD-2-Clause
//
// What a tool is, and the table of all.  A tool is a pure function of the
// viewport when the drag began, the viewport now, and the way gone.

import { pan } from './pan.js';
import { scroll } from './scroll.js';
import { select } from './select.js';
import { window } from './window.js';
import { zoom } from './zoom.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {{from: import('../../math/view.js').Point, dx: number,
 *            dy: number}} Drag CSS px in the viewport
 *
 * @typedef {Object} Tool
 * @property {import('../state.js').ToolName} name
 * @property {string} label
 * @property {string} key of the keyboard
 * @property {import('../state.js').Busy} busy what changes while it drags
 * @property {(start: Viewport, now: Viewport, d: Drag) => Viewport} drag
 */

/** In the order of the toolbar. @returns {Tool[]} */
export function tools() {
    return [scroll, window, zoom, pan, select];
}


/** @param {import('../state.js').ToolName} name @returns {Tool} */
export function toolNamed(name) {
    return /** @type {Tool} */ (tools().find((t) => t.name === name));
}
