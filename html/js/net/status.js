// SPDX-License-Identifier: BSD-2-Clause
//
// Which studies are arriving: by when, on the server's clock, the last
// instance came.

/**
 * @typedef {'' | 'arriving' | 'complete'} Status '': nobody said
 * @typedef {{study: string, series: number, instances: number,
 *            age_ms: number}} Change of the server's event
 */

/** How long a study counts as arriving, until the server says it. ms */
const ARRIVING = 30000;

export class Statuses {
    constructor() {
        /** @type {Map<string, number>} UID: when its last instance came, ms */
        this.last = new Map();
        this.arriving = ARRIVING;
        this.heard = false;
    }


    /** @param {number} ms */
    hello(ms) {
        this.arriving = ms;
        this.heard = true;
    }


    /** @param {Change} c @param {number} now ms */
    take(c, now) {
        this.last.set(c.study, now - c.age_ms);
    }


    /** @param {string} uid @param {number} now @returns {Status} */
    of(uid, now) {
        if (!this.heard) {
            return '';
        }

        const last = this.last.get(uid);

        return last !== undefined && now - last < this.arriving
            ? 'arriving' : 'complete';
    }


    /**
     * Forgets what is complete.
     * @param {number} now
     * @returns {string[]} the studies that became complete
     */
    settle(now) {
        const done = [...this.last.keys()]
            .filter((uid) => this.of(uid, now) === 'complete');

        done.forEach((uid) => this.last.delete(uid));

        return done;
    }
}
