// SPDX-License-Identifier: BSD-2-Clause
//
// A study that is still arriving says so (S5).  What has come since a series
// was opened is counted, and never slipped in between what is looked at.

import { TAG, first, number } from '../dicom/dataset.js';
import { listenWhileSeen } from '../net/live.js';
import { Statuses } from '../net/status.js';
import { addStyle, el, find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { getSeries, hasPictures } from './series.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./series.js').Series} Series
 */

/** Between two looks at the clock, while it is arriving. ms */
const LOOK = 500;

/** So late the server's word of what was there before may come. ms */
const GATHERED = 1000;


/** @param {Host} host */
export function watchArrivals(host) {
    const uid = first(host.page().study ?? undefined, TAG.StudyInstanceUID);
    const statuses = new Statuses();
    const said = el('p', { class: 'arriving-text' });
    const load = el('button', { class: 'button', type: 'button' }, text('Load them'));
    const node = el('div', { class: 'arriving', role: 'status', hidden: '' }, said, load);
    const begun = performance.now();
    let timer = 0;

    if (uid === '') {
        return;
    }

    const render = () => {
        const { study, series } = host.page();
        const isArriving = study !== null && statuses.of(uid, performance.now()) === 'arriving';
        const n = study === null ? 0 : behind(series, uid);

        setText(said, [isArriving ? text('The study is still arriving.') : '', n === 0 ? ''
            : text('{n} image is not loaded yet.|{n} images are not loaded yet.', { n })]
            .filter(Boolean).join(' '));
        load.hidden = n === 0;
        node.hidden = !isArriving && n === 0;
        clearTimeout(timer);

        if (isArriving) {
            timer = window.setTimeout(render, LOOK);
        }
    };

    addStyle('css/arriving.css');
    find('.strip', HTMLElement).append(node);
    // the address keeps layout, place and window
    load.addEventListener('click', () => location.reload());

    listenWhileSeen('/pacs/events', {
        hello: (ms) => statuses.hello(ms),
        changed: async (changes) => {
            const change = changes.find((c) => c.study === uid);
            const now = performance.now();
            const series = change === undefined ? null
                : await getSeries(host.root, uid).catch(() => null);

            if (change === undefined || series === null) {
                return;
            }

            const before = host.page();

            host.updatePage((page) => withCounts(page, series));

            // a report of marks that was stored here is no image
            if (host.page() !== before || now - change.age_ms < begun + GATHERED) {
                statuses.take(change, now);
            }
            render();
        },
        other: () => {},
        live: () => {},
    });
}


/**
 * @param {Page} page
 * @param {Series[]} found as they are now
 * @returns {Page} the same one if no image has come
 */
export function withCounts(page, found) {
    const pictures = new Map(found.filter(hasPictures).map((x) => [x.uid, x]));
    const changed = page.series.map((x) => {
        const now = pictures.get(x.uid);

        pictures.delete(x.uid);

        return now === undefined || expected(now) === expected(x) ? x : { ...x, ds: now.ds };
    });
    const series = [...changed, ...pictures.values()];

    return page.study === null || series.every((x, i) => x === page.series[i]) ? page
        : { ...page, series };
}


/**
 * @param {Series[]} series
 * @param {string} study
 * @returns {number} images that have come since their series was opened
 */
export function behind(series, study) {
    return series.filter((x) => x.study === study && x.received !== null && hasPictures(x))
        .reduce((n, x) => n + Math.max(0, expected(x) - Number(x.received)), 0);
}


/** @param {Series} x @returns {number} */
function expected(x) {
    return number(x.ds, TAG.NumberOfSeriesRelatedInstances) ?? 0;
}
