// SPDX-License-Identifier: BSD-2-Clause
//
// Asks the server for the figures of regions that have none: one question at
// a time, the newest first; again later when the server does not answer.

import { pointsOn } from '../../marks/place.js';
import {
    WAITS, planeValuesUrl, regionQuery, slabOf, statisticsOf, valuesUrl,
} from '../../marks/values.js';
import { shownFrame } from '../state.js';
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

        return [...m?.others ?? [], ...m?.history.now ?? []].filter((x) =>
            x.statistics !== null && (x.image !== null ? x.statistics.state === state
                : this.#isDueOnPlane(x, state)));
    }


    /**
     * What lies in the patient is measured on the plane that shows it, again
     * when that has become another slab.
     * @param {Mark} mark
     * @param {'waits' | 'unreachable'} state
     * @returns {boolean}
     */
    #isDueOnPlane({ statistics: s, ...mark }, state) {
        const plane = this.#planeOf(mark)?.source ?? null;

        return plane !== null && s !== null && (s.state === state
            || state === 'waits' && s.state === 'here' && s.slab !== slabOf(plane));
    }


    /** @param {Pick<Mark, 'image' | 'patient' | 'points'>} mark */
    #planeOf(mark) {
        return this.host.page().ports.map(shownFrame).find((f) => f?.source?.kind === 'mpr'
            && pointsOn(/** @type {Mark} */ (mark), f) !== null) ?? null;
    }


    #again() {
        for (const due of this.#due('unreachable')) {
            update(this.host, (m) => withStatistics(m, due, WAITS));
        }
    }


    /** @param {Mark} mark @returns {Promise<Statistics>} */
    async #ask(mark) {
        const f = mark.image === null ? this.#planeOf(mark) : null;
        const plane = f?.source ?? null;
        const url = mark.image !== null ? valuesUrl(this.host.root, mark.image)
            : plane === null ? null : planeValuesUrl(this.host.root, plane);

        if (url === null) {
            return WAITS;
        }

        const points = (f === null ? null : pointsOn(mark, f)) ?? mark.points;
        const answer = await fetch(url, {
            method: 'POST',
            credentials: 'same-origin',
            headers: { 'Content-Type': 'application/x-www-form-urlencoded',
                Accept: 'application/json' },
            body: regionQuery({ ...mark, points }),
        }).catch(() => null);

        if (answer === null || answer.status >= 500) {
            return { state: 'unreachable' };
        }

        const found = answer.ok ? statisticsOf(await answer.json().catch(() => null))
            : /** @type {Statistics} */ ({ state: 'refused' });

        return plane === null || found.state !== 'here' ? found
            : { ...found, slab: slabOf(plane) };
    }
}
