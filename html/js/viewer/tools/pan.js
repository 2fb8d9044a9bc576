// SPDX-License-Identifier: BSD-2-Clause
//
// The picture follows the pointer.

import { panned } from '../../math/view.js';
import { text } from '../../ui/text.js';
import { frameOf, imageSize } from '../state.js';

/** @type {import('./tool.js').Tool} */
export const pan = {
    name: 'pan',
    label: text('Pan'),
    key: 'T',
    busy: '',

    drag(start, now, d) {
        const f = frameOf(now);

        return f === null ? now : {
            ...now,
            view: panned(start.view, imageSize(f), now.size, d.dx, d.dy),
        };
    },
};
