// SPDX-License-Identifier: BSD-2-Clause
//
// Mouse, pen and fingers.  One pointer selects the viewport and uses the
// tool (left), pans (middle) or windows (right); two fingers pan and pinch.
// A finger that stays, and a click of the right button, open a menu; a tap
// at the left or right edge is a step in the stack.  Once a pen was seen,
// what is drawn is drawn by it, and fingers pan.

import { applyInverse, matrix, panned, zoomed } from '../../math/view.js';
import { text } from '../../ui/text.js';
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

/** A finger that stays so long wants the menu. ms */
const LONG = 550;

/** Edges that step: part of the width, and least and most CSS px. */
const EDGE = { part: 0.14, least: 44, most: 72 };

/** @type {Record<number, import('../page.js').ToolName>} by mouse button */
const BUTTONS = { 1: 'pan', 2: 'window' };

/** Of the whole page: the hand that holds it lies on any viewport. */
const pen = { wasSeen: false, isDown: false };

/** Also where its viewport has gone meanwhile. @param {PointerEvent} e */
const lifted = (e) => { pen.isDown &&= e.pointerType !== 'pen'; };

addEventListener('pointerup', lifted, { capture: true });
addEventListener('pointercancel', lifted, { capture: true });


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
    let held = 0;

    const at = (/** @type {PointerEvent} */ e) => whereIs(port, host.port(), e);

    /** It shows what it showed when the drag began, and has not gone. */
    const isSame = () => {
        const start = (drag ?? pinch)?.start;

        return start === undefined || host.port()?.entry === start.entry;
    };

    // before the frame of the screen that pointermove waits for
    const early = (/** @type {Event} */ event) => {
        const e = /** @type {PointerEvent} */ (event);

        if (drag !== null && isSame() && !drag.takes && drag.tool.busy !== ''
            && down.has(e.pointerId))
        {
            use(host, drag, at(e));
        }
    };

    /** What the pointers that are down were about; and these, or not. */
    const letGo = (pointers = true) => {
        clearTimeout(held);

        if (drag?.takes) {
            drag.tool.cancel?.(host);
        }

        drag = pinch = null;

        if (pointers) {
            down.clear();
        }
    };

    port.addEventListener('contextmenu', (e) => e.preventDefault());
    withoutGestures(port);

    port.addEventListener('pointerdown', (e) => {
        const isTouch = e.pointerType === 'touch';

        if (isControl(e.target) || isTouch && pen.isDown) {
            return;
        }

        if (e.pointerType === 'pen') {
            pen.wasSeen = pen.isDown = true;
            letGo();
        }

        const here = at(e);

        host.select();
        port.setPointerCapture(e.pointerId);
        port.addEventListener('pointerrawupdate', early);
        down.set(e.pointerId, here.point);
        clearTimeout(held);

        if (down.size === 2) {
            letGo(false);
            pinch = { start: host.port(), ...spread(down) };

        } else if (down.size === 1) {
            const tool = isTouch && pen.wasSeen && draws(host)
                ? toolNamed('pan')
                : (makes && e.button === 0 ? gripped(host, here) : null)
                    ?? toolNamed(BUTTONS[e.button] ?? host.page().tool);

            if (makes && tool.down !== undefined && host.port().playing) {
                host.run('cine');
            }

            drag = {
                tool, start: host.port(), from: here.point,
                takes: makes && (tool.down?.(host, here) ?? false),
            };

            if (!makes && tool.down !== undefined) {
                tellFirst(host);
            }

            if (e.pointerType !== 'mouse' && !drag.takes) {
                held = window.setTimeout(() => {
                    drag = null;
                    openMenu(host, e);
                }, LONG);
            }
        }

        e.preventDefault();
        /** @type {HTMLElement | null} */ (port.closest('.cell')?.querySelector('.port'))
            ?.focus({ preventScroll: true });
    });

    port.addEventListener('pointermove', (e) => {
        pen.wasSeen ||= e.pointerType === 'pen';

        if (down.has(e.pointerId) && !isSame()) {
            letGo();
            return;
        }

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
            if (!isTap(drag, here)) {
                clearTimeout(held);
            }

            use(host, drag, here);
        }
    });

    /** @param {PointerEvent} e @param {At} here */
    const tap = (e, here) => {
        const step = e.pointerType === 'mouse' ? '' : stepAt(host.port(), here.point);
        const isDouble = step === '' && e.timeStamp - lastTap < DOUBLE;

        lastTap = isDouble || step !== '' ? 0 : e.timeStamp;

        if (e.button === 2) {
            openMenu(host, e);
        } else if (step !== '') {
            host.run(step);
        } else if (isDouble) {
            host.doubleTap();
        }
    };

    const end = (/** @type {PointerEvent} */ e) => {
        clearTimeout(held);

        if (!down.delete(e.pointerId)) {
            return;
        }

        if (!isSame()) {
            letGo();
            return;
        }

        const here = at(e);

        if (drag?.takes) {
            drag.tool.up?.(host, here);

        } else if (drag !== null && e.type === 'pointerup' && isTap(drag, here)) {
            tap(e, here);
        }

        // a finger that stays after a pinch does not become a tool
        port.removeEventListener('pointerrawupdate', early);
        drag = null;
        pinch = null;
    };

    port.addEventListener('pointerup', end);
    port.addEventListener('pointercancel', end);
}


/** @param {{from: Point}} drag @param {At} here @returns {boolean} */
function isTap({ from }, { point }) {
    return Math.hypot(point.x - from.x, point.y - from.y) < TAP;
}


/** @param {Host} host @returns {boolean} the chosen tool makes something */
function draws(host) {
    return toolNamed(host.page().tool).down !== undefined;
}


/**
 * @param {Viewport} s
 * @param {Point} point CSS px in it
 * @returns {'back' | 'forth' | ''} the command of a tap there
 */
export function stepAt(s, point) {
    const { width } = s.size;
    const edge = Math.min(width / 4, EDGE.most, Math.max(EDGE.least, width * EDGE.part));

    if ((s.stack?.frames.length ?? 0) < 2 || s.stack?.made?.kind === 'vr') {
        return '';
    }

    return point.x < edge ? 'back' : point.x >= width - edge ? 'forth' : '';
}


/** @param {Host} host */
async function tellFirst(host) {
    (await import('../studies.js')).say(host,
        text('Of several images in a viewport, this works in the first one.'));
}


/** @param {Host} host @param {PointerEvent} e */
async function openMenu(host, e) {
    (await import('../context.js')).openContext(host, { x: e.clientX, y: e.clientY });
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

    return { event, point, image: imageAt(s, point) };
}


/**
 * @param {Viewport} s
 * @param {Point} point CSS px in it
 * @returns {Point | null} stored pixels; null: there is no picture
 */
export function imageAt(s, point) {
    const f = frameOf(s);

    if (f === null) {
        return null;
    }

    const image = applyInverse(matrix(s.view, imageSize(f), s.size), point);

    return { x: image.x, y: image.y / f.aspect };
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
