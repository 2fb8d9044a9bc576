// SPDX-License-Identifier: BSD-2-Clause
//
// What a tool is, and the table of all.  A tool that only changes how a
// viewport is seen is a pure function (drag) of the viewport when the drag
// began, the viewport now, and the way gone.  A tool that makes something
// takes the pointer itself (down, move, up, hover).

import { cross } from './cross.js';
import { pan } from './pan.js';
import { scroll } from './scroll.js';
import { select } from './select.js';
import { window } from './window.js';
import { zoom } from './zoom.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {{from: Point, dx: number, dy: number}} Drag CSS px in the viewport
 *
 * @typedef {Object} At where the pointer is
 * @property {Point} point CSS px in the viewport
 * @property {Point | null} image stored pixels: (0, 0) is the outer corner of
 *     the first one; null: there is no picture
 * @property {PointerEvent} event
 *
 * @typedef {Object} Tool
 * @property {import('../page.js').ToolName} name
 * @property {string} label
 * @property {string} key of the keyboard
 * @property {import('../state.js').Busy} busy what changes while it drags
 * @property {(start: Viewport, now: Viewport, d: Drag) => Viewport} [drag]
 * @property {(host: Host, at: At) => boolean} [down] true: it takes the
 *     pointer, and gets move and up; false: drag, if it has one
 * @property {(host: Host, at: At) => void} [move]
 * @property {(host: Host, at: At) => void} [up] also when it is cancelled:
 *     see at.event.type
 * @property {(host: Host, at: At) => void} [hover] no button is down
 * @property {(host: Host) => void} [cancel] a second finger came down
 */

/** Those that were loaded when one was chosen first. @type {Tool[]} */
const ADDED = [];


/** In the order of the toolbar. @returns {Tool[]} */
export function tools() {
    return [scroll, window, zoom, pan, select, cross];
}


/** @param {Tool[]} more */
export function addTools(more) {
    ADDED.push(...more);
}


/**
 * @param {import('../page.js').ToolName} name
 * @returns {Tool} that does nothing while the one of that name is being loaded
 */
export function toolNamed(name) {
    return [...tools(), ...ADDED].find((t) => t.name === name) ?? select;
}
