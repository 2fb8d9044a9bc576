// SPDX-License-Identifier: BSD-2-Clause
//
// Mouse, pen and fingers.  One pointer selects the viewport and uses the
// tool (left), pans (middle) or windows (right); two fingers pan and pinch.

import { applyInverse, matrix, panned, zoomed } from '../../math/view.js';
import { frameOf, imageSize } from '../state.js';
import { gripped } from './grips.js';
import { toolNamed } from '../tools/tool.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../tools/tool.js').Tool} Tool
 * @typedef {import('../tools/tool.js').At} At
 * @typedef {import('../host.js').Host} Host
 */

/** A finger that moves less has tapped. CSS px */
const TAP = 8;

/** Two taps within this time are one double tap. ms */
const DOUBLE = 300;

/** @type {Record<number, import('../page.js').ToolName>} by mouse button */
const BUTTONS = { 1: 'pan', 2: 'window' };


/**
 * @param {HTMLElement} port
 * @param {Host} host
 * @param {boolean} [makes] tools may make things here: it shows the
 *     viewport's own frame, not one of those after it
 */
export function listenToPointers(port, host, makes = true) {
    /** @type {Map<number, Point>} */
    const down = new Map();
    /** @type {{tool: Tool, start: Viewport, from: Point, takes: boolean} | null} */
    let drag = null;
    /** @type {{start: Viewport, from: Point, spread: number} | null} */
    let pinch = null;
    let lastTap = 0;

    const at = (/** @type {PointerEvent} */ e) => whereIs(port, host.port(), e);

    // before the frame of the screen that pointermove waits for
    const early = (/** @type {Event} */ e) => {
        if (drag !== null && !drag.takes && drag.tool.busy !== '') {
            use(host, drag, at(/** @type {PointerEvent} */ (e)));
        }
    };

    port.addEventListener('contextmenu', (e) => e.preventDefault());
    withoutGestures(port);

    port.addEventListener('pointerdown', (e) => {
        if (isControl(e.target)) {
            return;
        }

        const here = at(e);

        host.select();
        port.setPointerCapture(e.pointerId);
        port.addEventListener('pointerrawupdate', early);
        down.set(e.pointerId, here.point);

        if (down.size === 2) {
            if (drag?.takes) {
                drag.tool.cancel?.(host);
            }

            drag = null;
            pinch = { start: host.port(), ...spread(down) };

        } else if (down.size === 1) {
            const tool = (e.button === 0 ? gripped(host, here) : null)
                ?? toolNamed(BUTTONS[e.button] ?? host.page().tool);

            drag = {
                tool, start: host.port(), from: here.point,
                takes: makes && (tool.down?.(host, here) ?? false),
            };
        }

        e.preventDefault();
        /** @type {HTMLElement | null} */ (port.closest('.cell')?.querySelector('.port'))
            ?.focus({ preventScroll: true });
    });

    port.addEventListener('pointermove', (e) => {
        const here = at(e);

        if (!down.has(e.pointerId)) {
            if (makes) {
                port.dataset.grip = gripped(host, here)?.label ?? '';
                toolNamed(host.page().tool).hover?.(host, here);
            }

            return;
        }

        down.set(e.pointerId, here.point);

        if (pinch !== null && down.size === 2) {
            const p = pinch;
            host.update((s) => pinched(s, p, spread(down)));

        } else if (drag !== null) {
            use(host, drag, here);
        }
    });

    const end = (/** @type {PointerEvent} */ e) => {
        if (!down.delete(e.pointerId)) {
            return;
        }

        const here = at(e);

        if (drag?.takes) {
            drag.tool.up?.(host, here);

        } else if (drag !== null && e.type === 'pointerup'
            && Math.hypot(here.point.x - drag.from.x, here.point.y - drag.from.y) < TAP)
        {
            const isDouble = e.timeStamp - lastTap < DOUBLE;

            lastTap = isDouble ? 0 : e.timeStamp;

            if (isDouble) {
                host.doubleTap();
            }
        }

        // a finger that stays after a pinch does not become a tool
        port.removeEventListener('pointerrawupdate', early);
        drag = null;
        pinch = null;
    };

    port.addEventListener('pointerup', end);
    port.addEventListener('pointercancel', end);
}


/**
 * @param {HTMLElement} port
 * @param {Viewport} s
 * @param {PointerEvent} event
 * @returns {At}
 */
function whereIs(port, s, event) {
    const box = port.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    const f = frameOf(s);
    const image = f === null ? null
        : applyInverse(matrix(s.view, imageSize(f), s.size), point);

    return {
        event, point,
        image: image && { x: image.x, y: image.y / (f?.aspect ?? 1) },
    };
}


/**
 * @param {Host} host
 * @param {{tool: Tool, start: Viewport, from: Point, takes: boolean}} drag
 * @param {At} here
 */
function use(host, { tool, start, from, takes }, here) {
    if (takes) {
        tool.move?.(host, here);
        return;
    }

    const way = { from, dx: here.point.x - from.x, dy: here.point.y - from.y };

    host.update((s) => tool.drag?.(start, s, way) ?? s, tool.busy);
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
    return target instanceof Element && target.closest('button, input, select, label') !== null;
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
