// SPDX-License-Identifier: BSD-2-Clause
//
// The bar at the right edge: the place in the stack.  Its keys are those of
// the whole page.

import { scrolledTo } from '../state.js';
import { withoutGestures } from './pointer.js';

/**
 * @param {HTMLElement} slider
 * @param {import('../host.js').Host} host
 */
export function listenToSlider(slider, host) {
    const to = (/** @type {PointerEvent} */ e) => {
        const box = slider.getBoundingClientRect();
        const at = (e.clientY - box.top) / box.height;

        host.update((s) =>
            scrolledTo(s, at * ((s.stack?.frames.length ?? 1) - 1)), 'scroll');
    };

    slider.addEventListener('focus', () => host.select());
    withoutGestures(slider);
    slider.addEventListener('pointerdown', (e) => {
        host.select();
        slider.setPointerCapture(e.pointerId);
        to(e);
    });

    slider.addEventListener('pointermove', (e) => {
        if (slider.hasPointerCapture(e.pointerId)) {
            to(e);
        }
    });
}
