// SPDX-License-Identifier: BSD-2-Clause
//
// Asks the server for the figures of regions that have none: one question at
// a time, the newest first; again later when the server does not answer.

import { WAITS, regionQuery, statisticsOf, valuesUrl } from '../../marks/values.js';
import { withStatistics } from './archive.js';
import { update } from './pen.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('../../marks/values.js').Statistics} Statistics
 */

/** A server that does not answer is asked again after so long. ms */
const AGAIN = 5000;


export class Measurer {
    #isAsking = false;
    #timer = 0;

    /** @param {Host} host */
    constructor(host) {
        this.host = host;
        addEventListener('online', () => this.#again());
    }


    /** The page has changed. */
    async changed() {
        const due = this.#due('waits').at(-1);

        if (this.#isAsking || due === undefined) {
            return;
        }

        this.#isAsking = true;

        const statistics = await this.#ask(due);

        this.#isAsking = false;
        update(this.host, (m) => withStatistics(m, due, statistics));

        if (statistics.state === 'unreachable') {
            clearTimeout(this.#timer);
            this.#timer = window.setTimeout(() => this.#again(), AGAIN);
        }
    }


    /** @param {'waits' | 'unreachable'} state @returns {Mark[]} */
    #due(state) {
        const m = this.host.page().marks;

        return [...m?.others ?? [], ...m?.history.now ?? []].filter((x) => x.statistics?.state === state
            && x.image !== null);
    }


    #again() {
        for (const due of this.#due('unreachable')) {
            update(this.host, (m) => withStatistics(m, due, WAITS));
        }
    }


    /** @param {Mark} mark @returns {Promise<Statistics>} */
    async #ask(mark) {
        const image = /** @type {import('../../marks/mark.js').ImagePlace} */ (mark.image);
        const answer = await fetch(valuesUrl(this.host.root, image), {
            method: 'POST',
            credentials: 'same-origin',
            headers: { 'Content-Type': 'application/x-www-form-urlencoded',
                Accept: 'application/json' },
            body: regionQuery(mark),
        }).catch(() => null);

        if (answer === null || answer.status >= 500) {
            return { state: 'unreachable' };
        }

        return answer.ok ? statisticsOf(await answer.json().catch(() => null))
            : { state: 'refused' };
    }
}
