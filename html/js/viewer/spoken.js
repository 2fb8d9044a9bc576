// SPDX-License-Identifier: BSD-2-Clause
//
// Says what is shown to those who do not see it, once it rests: the place in
// the stack, the window, the series, the viewport, the tool.

import { TAG, first } from '../dicom/dataset.js';
import { find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { commandNamed } from './commands.js';
import { addDecoration } from './decorations.js';
import { activePort } from './page.js';
import { startWindow } from './state.js';

/** @typedef {import('./page.js').Page} Page */

/** A change is said when none has followed for so long. ms */
const REST = 600;

/**
 * Whatever of these changes is said, in this order.
 * @type {((page: Page) => string)[]}
 */
const PARTS = [
    (page) => page.ports.length < 2 ? ''
        : text('Viewport {n} of {all}', { n: page.active + 1, all: page.ports.length }),
    series,
    place,
    (page) => {
        const s = activePort(page);
        const w = s.window ?? (s.stack === null ? null : startWindow(s));

        return w === null ? '' : text('Window centre {center}, width {width}',
            { center: tidy(w.center), width: tidy(w.width) });
    },
    (page) => activePort(page).invert ? text('Inverted') : '',
    (page) => text('Tool {name}', { name: commandNamed(page.tool)?.label ?? '' }),
];


/** @param {number} x @returns {number} */
function tidy(x) {
    return Number(x.toFixed(2));
}


/** @param {Page} page @returns {string} */
function series(page) {
    const { entry } = activePort(page);
    const x = page.series.find(({ uid, stacks }) => `${uid}/` === entry
        || stacks?.some((stack) => stack.id === entry));

    return x === undefined ? '' : [first(x.ds, TAG.Modality),
        first(x.ds, TAG.SeriesDescription)].filter(Boolean).join(' ');
}


/** @param {Page} page @returns {string} */
function place(page) {
    const s = activePort(page);

    return s.stack === null || s.stack.made?.kind === 'vr' ? ''
        : text('Image {n} of {all}', { n: s.index + 1, all: s.stack.frames.length });
}


/**
 * @param {string[]} before what was said of each part
 * @param {string[]} now
 * @returns {string} what is new
 */
export function news(before, now) {
    return now.filter((part, i) => part !== '' && part !== before[i]).join(', ');
}


export function speakOfPictures() {
    /** @type {string[]} */
    let said = [];
    let last = /** @type {Page | null} */ (null);
    let timer = 0;

    const speak = () => {
        const now = last === null ? [] : PARTS.map((part) => part(/** @type {Page} */ (last)));
        const fresh = news(said, now);

        said = now;

        if (fresh !== '') {
            setText(find('.spoken', HTMLElement), fresh);
        }
    };

    addDecoration((_, host) => {
        const page = host.page();

        if (host.at() === page.active && page !== last) {
            last = page;
            clearTimeout(timer);

            // a loop that plays says nothing
            if (!activePort(page).playing) {
                timer = window.setTimeout(speak, REST);
            }
        }
    });
}
