// SPDX-License-Identifier: BSD-2-Clause
//
// Chooses the viewport and changes nothing in it: for pointing at things.

import { text } from '../../ui/text.js';

/** @type {import('./tool.js').Tool} */
export const select = {
    name: 'select',
    label: text('Select'),
    key: 'V',
    busy: '',

    drag(start, now) {
        return now;
    },
};
