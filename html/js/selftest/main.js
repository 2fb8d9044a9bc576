// SPDX-License-Identifier: BSD-2-Clause
//
// The self-test: runs the points one after another against the server of
// this page and shows what each found.

import { rootOf } from '../net/dicomweb.js';
import { el, find, setText } from '../ui/dom.js';
import { Archive } from './archive.js';
import { POINTS, tried, untried } from './points.js';

/** @typedef {import('./points.js').Result} Result */

/** Requests of a point that are shown. */
const MOST_REQUESTS = 100;

const WORDS = /** @type {const} */ (['pass', 'fail', 'not applicable', 'elsewhere', 'waiting']);

const root = rootOf();

const page = {
    results: POINTS.map(untried),
    /** of the point that runs, -1: none does */
    at: -1,
    isBusy: false,
    error: '',
    started: '',
};


/** @param {boolean} stores also those that do */
async function run(stores) {
    page.isBusy = true;
    page.error = '';
    page.started = new Date().toISOString();

    if (!stores) {
        page.results = POINTS.map(untried);
        POINTS.forEach((_, i) => renderRow(i));
    }

    render();

    try {
        const archive = await Archive.look(root);

        for (const [i, point] of POINTS.entries()) {
            if (Boolean(point.stores) === stores && point.run) {
                page.at = i;
                page.results[i] = { state: 'running', reason: '', requests: [] };
                renderRow(i);
                render();
                page.results[i] = await tried(point, root, archive);
                renderRow(i);
            }
        }
    } catch (e) {
        page.error = `The archive cannot be searched: ${e instanceof Error ? e.message : e}.`;
    }

    page.at = -1;
    page.isBusy = false;
    render();
}


/** @param {string} state @returns {number} */
function count(state) {
    return page.results.filter((r) => r.state === state).length;
}


function render() {
    const counts = WORDS.map((w) => [count(w), w]).filter(([n]) => n !== 0)
        .map(([n, w]) => `${n} ${w}`).join(', ');

    setText(find('.selftest-summary', HTMLElement), page.error || counts);
    // not each point is read out
    setText(find('.selftest-said', HTMLElement), page.isBusy ? 'The points are tried'
        : page.error || counts);
    setText(find('.selftest-now', HTMLElement), page.at < 0 ? ''
        : `Point ${POINTS[page.at].number}: ${POINTS[page.at].title}`);
    find('.selftest-bar', HTMLProgressElement).value = POINTS.length - count('waiting')
        - count('running');
    find('.selftest-rows', HTMLElement).setAttribute('aria-busy', String(page.isBusy));
    document.body.classList.toggle('is-failing', count('fail') > 0 || page.error !== '');

    for (const button of document.querySelectorAll('.selftest-actions button')) {
        /** @type {HTMLButtonElement} */ (button).disabled = page.isBusy;
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


/** @param {number} i */
function renderRow(i) {
    const { number, title, section } = POINTS[i];
    const result = page.results[i];
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
function report() {
    return {
        server: new URL(root, location.href).href, started: page.started,
        counts: Object.fromEntries(WORDS.map((w) => [w, count(w)])),
        points: POINTS.map(({ number, title, section }, i) =>
            ({ number, title, section: `PS3.18 ${section}`, ...page.results[i] })),
    };
}


function download() {
    const text = JSON.stringify(report(), null, 1);
    const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));

    el('a', { href, download: 'selftest.json' }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
}


POINTS.forEach((_, i) => renderRow(i));
find('.selftest-bar', HTMLProgressElement).max = POINTS.length;
find('.selftest-run', HTMLElement).addEventListener('click', () => run(false));
find('.selftest-store', HTMLElement).addEventListener('click', () => run(true));
find('.selftest-download', HTMLElement).addEventListener('click', download);
render();
