// SPDX-License-Identifier: BSD-2-Clause
//
// The table of a self-test's page: its points, what each found, the count of
// them, and the file that it is downloaded as.

import { el, find, setText } from '../ui/dom.js';

/**
 * @typedef {import('./points.js').Result} Result
 * @typedef {{number: number | string, title: string, section: string}} Titled
 */

/** Requests of a point that are shown. */
const MOST_REQUESTS = 100;

const WORDS = /** @type {const} */ (['pass', 'fail', 'not applicable', 'elsewhere', 'waiting']);


/** @template {Titled} P */
export class Sheet {
    /** of the point that runs, -1: none does */
    #at = -1;
    #isBusy = false;
    #error = '';
    #started = '';

    /**
     * @param {Object} of
     * @param {P[]} of.points
     * @param {(point: P) => Result} of.untried
     * @param {string} of.standard whose sections they are of
     * @param {string} of.server
     * @param {string} of.file
     */
    constructor({ points, untried, standard, server, file }) {
        this.points = points;
        this.untried = untried;
        this.standard = standard;
        this.server = server;
        this.file = file;
        this.results = points.map(untried);
        find('.selftest-bar', HTMLProgressElement).max = points.length;
        find('.selftest-download', HTMLElement)
            .addEventListener('click', () => this.#download());
        this.clear();
    }


    clear() {
        this.results = this.points.map(this.untried);
        this.points.forEach((_, i) => this.#renderRow(i));
        this.#render();
    }


    /**
     * One after another.
     * @param {(point: P) => boolean} isDue
     * @param {() => Promise<(point: P) => Promise<Result>>} prepare how one is
     *     tried; rejects where none can be
     */
    async run(isDue, prepare) {
        this.#isBusy = true;
        this.#error = '';
        this.#started = new Date().toISOString();
        this.#render();

        try {
            const tried = await prepare();

            for (const [i, point] of this.points.entries()) {
                if (isDue(point)) {
                    this.#at = i;
                    this.results[i] = { state: 'running', reason: '', requests: [] };
                    this.#renderRow(i);
                    this.#render();
                    this.results[i] = await tried(point);
                    this.#renderRow(i);
                }
            }
        } catch (e) {
            this.#error = `The archive cannot be searched: ${e instanceof Error ? e.message : e}.`;
        }

        this.#at = -1;
        this.#isBusy = false;
        this.#render();
    }


    /** @param {string} state @returns {number} */
    #count(state) {
        return this.results.filter((r) => r.state === state).length;
    }


    #render() {
        const counts = WORDS.map((w) => /** @type {const} */ ([this.#count(w), w]))
            .filter(([n]) => n !== 0).map(([n, w]) => `${n} ${w}`).join(', ');
        const { points } = this;

        setText(find('.selftest-summary', HTMLElement), this.#error || counts);
        // not each point is read out
        setText(find('.selftest-said', HTMLElement), this.#isBusy ? 'The points are tried'
            : this.#error || counts);
        setText(find('.selftest-now', HTMLElement), this.#at < 0 ? ''
            : `Point ${points[this.#at].number}: ${points[this.#at].title}`);
        find('.selftest-bar', HTMLProgressElement).value = points.length
            - this.#count('waiting') - this.#count('running');
        find('.selftest-rows', HTMLElement).setAttribute('aria-busy', String(this.#isBusy));
        document.body.classList.toggle('is-failing',
            this.#count('fail') > 0 || this.#error !== '');

        for (const button of document.querySelectorAll('.selftest-actions button')) {
            /** @type {HTMLButtonElement} */ (button).disabled = this.#isBusy;
        }
    }


    /** @param {number} i */
    #renderRow(i) {
        const { number, title, section } = this.points[i];
        const result = this.results[i];
        const row = el('tr', { id: `point-${number}`, 'data-state': result.state },
            el('td', { class: 'cell-number' }, String(number)),
            el('th', { scope: 'row', class: 'cell-title' }, title),
            el('td', { class: 'cell-section' }, section),
            el('td', { class: 'cell-state' }, el('span', { class: 'state' }, result.state)),
            el('td', { class: 'cell-reason' },
                ...(result.reason === '' ? [] : [el('p', {}, result.reason)]),
                ...(result.requests.length === 0 ? [] : [requestsOf(result)])));
        const rows = find('.selftest-rows', HTMLElement);

        if (rows.children[i]) {
            rows.children[i].replaceWith(row);
        } else {
            rows.append(row);
        }
    }


    /** @returns {object} what is downloaded */
    #report() {
        return {
            server: this.server, started: this.#started, browser: navigator.userAgent,
            counts: Object.fromEntries(WORDS.map((w) => [w, this.#count(w)])),
            points: this.points.map(({ number, title, section }, i) => ({ number, title,
                section: `${this.standard} ${section}`, ...this.results[i] })),
        };
    }


    #download() {
        const text = JSON.stringify(this.#report(), null, 1);
        const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));

        el('a', { href, download: this.file }).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
    }
}


/** @param {Result} result @returns {HTMLElement} */
function requestsOf({ requests }) {
    const shown = requests.slice(-MOST_REQUESTS).map((r) => el('li', {},
        el('span', { class: 'request-status' }, String(r.status || '—')), ' ',
        `${r.method} ${r.url}`, el('span', { class: 'request-accept' }, ` Accept: ${r.accept}`)));

    return el('details', { class: 'requests' },
        el('summary', {}, requests.length === 1 ? '1 request' : `${requests.length} requests`),
        el('ol', {}, ...shown));
}
