// SPDX-License-Identifier: BSD-2-Clause
//
// Drag down: further into the stack.  The height of the viewport is the
// whole stack, but at most 12 and at least 3 CSS px a frame.

import { scrolledTo } from '../state.js';

/** @type {import('./tool.js').Tool} */
export const scroll = {
    name: 'scroll',
    label: 'Scroll',
    key: 'S',
    busy: 'scroll',

    drag(start, now, d) {
        const frames = start.stack?.frames.length ?? 1;
        const px = Math.min(12, Math.max(3, start.size.height / frames));

        return scrolledTo(now, start.index + d.dy / px);
    },
};
