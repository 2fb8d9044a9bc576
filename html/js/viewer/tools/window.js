// SPDX-License-Identifier: BSD-2-Clause
//
// Drag right: a wider window; drag down: a higher centre (IHE BIR, B11).
// Clamped, the lower end stays at 0 (B14).

import { dragged, draggedClamped } from '../../math/window.js';
import { text } from '../../ui/text.js';
import { frameOf, startWindow, withWindow } from '../state.js';

/** @type {import('./tool.js').Tool} */
export const window = {
    name: 'window',
    label: text('Window'),
    key: 'W',
    busy: 'window',

    drag(start, now, d) {
        const from = startWindow(start);
        const f = frameOf(start);

        return from === null || f === null ? now
            : withWindow(now, start.clamped ? draggedClamped(from, d.dx, d.dy)
                : dragged(from, d.dx, d.dy, f.voi));
    },
};
