// SPDX-License-Identifier: BSD-2-Clause
//
// Drag down: larger, about the point where the drag began.

import { zoomed } from '../../math/view.js';
import { text } from '../../ui/text.js';
import { frameOf, imageSize } from '../state.js';

/** @type {import('./tool.js').Tool} */
export const zoom = {
    name: 'zoom',
    label: text('Zoom'),
    key: 'Z',
    busy: '',

    drag(start, now, d) {
        const f = frameOf(now);

        return f === null ? now : {
            ...now,
            view: zoomed(start.view, imageSize(f), now.size,
                2 ** (d.dy / 100), d.from),
        };
    },
};
