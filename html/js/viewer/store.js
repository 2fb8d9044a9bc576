// SPDX-License-Identifier: BSD-2-Clause
//
// Holds the state of the page: the only place where it changes.

import { followed } from './links.js';
import { activePort, initialPage, withPort } from './page.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 */

export class Store {
    page = initialPage();
    /** @type {number[]} timer of each viewport that is busy */
    #rest = [];

    /**
     * @param {() => void} changed
     * @param {(s: Viewport) => Viewport['pace']} paceOf while it moves
     * @param {(s: Viewport) => number} restOf ms without a change, then it rests
     */
    constructor(changed, paceOf, restOf) {
        this.changed = changed;
        this.paceOf = paceOf;
        this.restOf = restOf;
    }


    /** @returns {Viewport} the active one */
    get port() {
        return activePort(this.page);
    }


    /**
     * @param {number} at index of the viewport
     * @param {(s: Viewport) => Viewport} change
     * @param {import('./state.js').Busy} [busy] what changes just now
     */
    update(at, change, busy = '') {
        const s = this.page.ports[at];
        const next = s === undefined ? s : change(s);

        if (next === s) {
            return;
        }

        const page = followed(withPort(this.page, at, next), at, s);
        const moved = page.ports.flatMap((p, i) => p === this.page.ports[i] ? [] : [i]);

        if (busy === '') {
            this.updatePage(() => page);
            return;
        }

        this.updatePage(() => ({
            ...page,
            ports: page.ports.map((p, i) => moved.includes(i)
                ? { ...p, busy, pace: this.paceOf({ ...p, busy }) } : p),
        }));
        moved.forEach((i) => this.#restLater(i));
    }


    /** @param {number} at index of a viewport that is busy */
    #restLater(at) {
        clearTimeout(this.#rest[at]);
        this.#rest[at] = window.setTimeout(() =>
            this.update(at, (now) => ({ ...now, busy: '' })), this.restOf(this.page.ports[at]));
    }


    /** @param {(page: Page) => Page} change */
    updatePage(change) {
        const next = change(this.page);

        if (next !== this.page) {
            this.page = next;
            this.changed();
        }
    }
}
