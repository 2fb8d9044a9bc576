// SPDX-License-Identifier: BSD-2-Clause
//
// Shift and an arrow: the chosen tool without a pointer, as if it were
// dragged a little from the viewport's middle.  The cross is moved so, too.
// A mark that is selected has these keys for itself.

import { toolNamed } from '../tools/tool.js';
import { imageAt } from './pointer.js';

/** @typedef {import('../host.js').Host} Host */

/** CSS px a key */
const STEP = 12;

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
    ArrowDown: [0, 1] };


/** @param {Host} host of the active viewport */
export function listenToArrows(host) {
    // in its viewport, CSS px; where the cross is by these keys
    let place = { at: -1, x: 0, y: 0 };

    document.addEventListener('keydown', (e) => {
        const way = WAYS[e.key];
        const { tool: name, marks } = host.page();

        if (way === undefined || !e.shiftKey || e.ctrlKey || e.altKey || e.metaKey
            || e.target instanceof HTMLInputElement || (marks?.selected ?? '') !== ''
            || e.target instanceof HTMLSelectElement
            || document.querySelector('dialog[open], .menu, .layouts:not([hidden])') !== null)
        {
            return;
        }

        const tool = toolNamed(name);
        const start = host.port();
        const [dx, dy] = [way[0] * STEP, way[1] * STEP];
        const from = { x: start.size.width / 2, y: start.size.height / 2 };

        if (tool.drag !== undefined) {
            host.update((s) => tool.drag?.(start, s, { from, dx, dy }) ?? s, tool.busy);
        } else if (name === 'cross') {
            const last = place.at === host.at() ? place : from;

            place = { at: host.at(), x: last.x + dx, y: last.y + dy };
            tool.down?.(host, { point: place, image: imageAt(start, place),
                event: new PointerEvent('pointerdown') });
        } else {
            return;
        }

        e.preventDefault();
        e.stopImmediatePropagation();
    }, { capture: true });
}
