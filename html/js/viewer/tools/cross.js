// SPDX-License-Identifier: BSD-2-Clause
//
// Points at a place: all viewports of the same space go there (IHE BIR, B24).

import { text } from '../../ui/text.js';
import { pointIn, pointedAt } from '../space/cross.js';
import { frameOf, shownFrame } from '../state.js';

/** @type {import('./tool.js').Tool} */
export const cross = {
    name: 'cross',
    label: text('Cross'),
    key: 'J',
    busy: '',

    down(host, at) {
        point(host, at);
        return true;
    },

    move: point,
};


/**
 * @param {import('../host.js').Host} host
 * @param {import('./tool.js').At} at
 */
function point(host, { image }) {
    const s = host.port();
    const f = shownFrame(s) ?? frameOf(s);
    const place = image === null || f === null ? null
        : pointIn(s, { x: image.x, y: image.y * f.aspect });

    if (place !== null) {
        host.updatePage((page) => pointedAt(page, host.at(), place));
    }
}
