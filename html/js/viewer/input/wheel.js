// SPDX-License-Identifier: BSD-2-Clause
//
// The wheel scrolls; with Ctrl (and when a touch pad pinches) it zooms.

import { zoomed } from '../../math/view.js';
import { frameOf, imageSize, stepped } from '../state.js';

/** Touch pads send many small steps: so many CSS px are a frame. */
const PAD = 30;

/** A notch of a wheel is a frame, however far the system scrolls by it. */
const NOTCH = 60;

/**
 * @param {HTMLElement} port
 * @param {import('../host.js').Host} host
 */
export function listenToWheel(port, host) {
    let rest = 0;

    port.addEventListener('wheel', (e) => {
        e.preventDefault();

        if (e.ctrlKey) {
            zoom(port, host, e);
            return;
        }

        const lines = e.deltaMode !== WheelEvent.DOM_DELTA_PIXEL;

        if (lines || Math.abs(e.deltaY) >= NOTCH) {
            rest = Math.sign(e.deltaY);
        } else {
            rest += e.deltaY / PAD;
        }

        const steps = Math.trunc(rest);

        rest -= steps;

        if (steps !== 0) {
            host.update((s) => stepped(s, steps), 'scroll');
        }
    }, { passive: false });
}


/**
 * @param {HTMLElement} port
 * @param {import('../host.js').Host} host
 * @param {WheelEvent} e
 */
function zoom(port, host, e) {
    const box = port.getBoundingClientRect();
    const at = { x: e.clientX - box.left, y: e.clientY - box.top };
    const factor = 2 ** (-Math.max(-120, Math.min(120, e.deltaY)) / 240);

    host.update((s) => {
        const f = frameOf(s);

        return f === null ? s
            : { ...s, view: zoomed(s.view, imageSize(f), s.size, factor, at) };
    });
}
