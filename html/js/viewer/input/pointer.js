// SPDX-License-Identifier: BSD-2-Clause
//
// Mouse, pen and fingers.  One pointer uses the tool (left), pans (middle)
// or windows (right); two fingers pan and pinch.

import { panned, zoomed } from '../../math/view.js';
import { frameOf, imageSize } from '../state.js';
import { toolNamed } from '../tools/tool.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../tools/tool.js').Tool} Tool
 *
 * @typedef {Object} Host
 * @property {() => Viewport} state
 * @property {(change: (s: Viewport) => Viewport,
 *             busy?: import('../state.js').Busy) => void} update
 */

/** A finger that moves less has tapped. CSS px */
const TAP = 8;

/** Two taps within this time are one double tap. ms */
const DOUBLE = 300;

/** @type {Record<number, import('../state.js').ToolName>} by mouse button */
const BUTTONS = { 1: 'pan', 2: 'window' };


/**
 * @param {HTMLElement} port
 * @param {Host} host
 * @param {() => void} doubleTap
 */
export function listenToPointers(port, host, doubleTap) {
    /** @type {Map<number, Point>} */
    const down = new Map();
    /** @type {{tool: Tool, start: Viewport, from: Point} | null} */
    let drag = null;
    /** @type {{start: Viewport, from: Point, spread: number} | null} */
    let pinch = null;
    let lastTap = 0;

    const pointOf = (/** @type {PointerEvent} */ e) => {
        const box = port.getBoundingClientRect();
        return { x: e.clientX - box.left, y: e.clientY - box.top };
    };

    port.addEventListener('contextmenu', (e) => e.preventDefault());
    withoutGestures(port);

    port.addEventListener('pointerdown', (e) => {
        if (isControl(e.target)) {
            return;
        }

        port.setPointerCapture(e.pointerId);
        down.set(e.pointerId, pointOf(e));

        if (down.size === 2) {
            drag = null;
            pinch = { start: host.state(), ...spread(down) };

        } else if (down.size === 1) {
            const name = BUTTONS[e.button] ?? host.state().tool;

            drag = { tool: toolNamed(name), start: host.state(), from: pointOf(e) };
        }

        e.preventDefault();
        port.focus({ preventScroll: true });
    });

    port.addEventListener('pointermove', (e) => {
        if (!down.has(e.pointerId)) {
            return;
        }

        down.set(e.pointerId, pointOf(e));

        if (pinch !== null && down.size === 2) {
            const p = pinch;
            host.update((s) => pinched(s, p, spread(down)));

        } else if (drag !== null) {
            const { tool, start, from } = drag;
            const at = pointOf(e);
            const way = { from, dx: at.x - from.x, dy: at.y - from.y };

            host.update((s) => tool.drag(start, s, way), tool.busy);
        }
    });

    const end = (/** @type {PointerEvent} */ e) => {
        const at = down.get(e.pointerId);

        if (drag !== null && at !== undefined && e.type === 'pointerup'
            && Math.hypot(at.x - drag.from.x, at.y - drag.from.y) < TAP)
        {
            const isDouble = e.timeStamp - lastTap < DOUBLE;

            lastTap = isDouble ? 0 : e.timeStamp;

            if (isDouble) {
                doubleTap();
            }
        }

        down.delete(e.pointerId);
        // a finger that stays after a pinch does not become a tool
        drag = null;
        pinch = null;
    };

    port.addEventListener('pointerup', end);
    port.addEventListener('pointercancel', end);
}


/**
 * Fingers give pointer events only.  Otherwise a swift drag is a fling to the
 * browser, even where nothing can scroll, and the next tap, on a button of
 * the toolbar, is swallowed as the one that stops it.
 * @param {HTMLElement} node
 */
export function withoutGestures(node) {
    node.addEventListener('touchstart', (e) => {
        if (!isControl(e.target)) {
            e.preventDefault();
        }
    }, { passive: false });
}


/** @param {EventTarget | null} target @returns {boolean} */
function isControl(target) {
    return target instanceof Element && target.closest('button, input') !== null;
}


/**
 * @param {Map<number, Point>} down two pointers
 * @returns {{from: Point, spread: number}} their middle and distance
 */
function spread(down) {
    const [a, b] = [...down.values()];

    return {
        from: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
        spread: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)),
    };
}


/**
 * @param {Viewport} s
 * @param {{start: Viewport, from: Point, spread: number}} begun
 * @param {{from: Point, spread: number}} now
 * @returns {Viewport}
 */
function pinched(s, begun, now) {
    const f = frameOf(s);

    if (f === null) {
        return s;
    }

    const image = imageSize(f);
    const larger = zoomed(begun.start.view, image, s.size,
        now.spread / begun.spread, begun.from);

    return {
        ...s,
        view: panned(larger, image, s.size,
            now.from.x - begun.from.x, now.from.y - begun.from.y),
    };
}
