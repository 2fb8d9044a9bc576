// SPDX-License-Identifier: BSD-2-Clause
//
// Drag down: further into the stack.  The height of the viewport is the
// whole stack, but at most 12 and at least 3 CSS px a frame.  A volume turns
// with the pointer.

import { turnedView } from '../../dicom/views.js';
import { text } from '../../ui/text.js';
import { scrolledTo } from '../state.js';

/** CSS px a step of a volume that is turned. */
const TURN = 10;

/** @type {import('./tool.js').Tool} */
export const scroll = {
    name: 'scroll',
    label: text('Scroll'),
    key: 'S',
    busy: 'scroll',

    drag(start, now, d) {
        if (start.stack?.made?.kind === 'vr') {
            return scrolledTo(now, turnedView(start.index,
                -d.dx / TURN, d.dy / TURN));
        }

        const frames = start.stack?.frames.length ?? 1;
        const px = Math.min(12, Math.max(3, start.size.height / frames));

        return scrolledTo(now, start.index + d.dy / px);
    },
};
