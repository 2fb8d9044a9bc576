// SPDX-License-Identifier: BSD-2-Clause
//
// What changes in the archive, as the server tells it (conf/events.md).
// Changes are gathered for a moment: hundreds of instances are one change.

import { isUid } from './urls.js';

/**
 * @typedef {import('./status.js').Change} Change
 * @typedef {{hello: (arriving: number) => void,
 *            changed: (changes: Change[]) => void, other: () => void,
 *            live: (on: boolean) => void}} Listener other: ask again
 */

/** Gathered so long, then told. ms */
const GATHER = 150;

/** Then not again before. ms */
const REST = 850;

/** Before a stream that was refused is asked for again. ms */
const AGAIN = 5000;


/** @param {string} data @returns {Record<string, any>} */
function parse(data) {
    try {
        return JSON.parse(data) ?? {};
    } catch {
        return {};
    }
}


/** @param {Record<string, any>} o @returns {Change | null} */
export function changeOf(o) {
    const n = (/** @type {any} */ v) => (Number.isFinite(v) ? Number(v) : 0);

    return typeof o.study === 'string' && isUid(o.study)
        ? { study: o.study, series: n(o.series), instances: n(o.instances),
            age_ms: n(o.age_ms) }
        : null;
}


/**
 * By HTTP/1.1 a browser has six connections to a server, for all its tabs: one
 * that nobody sees takes none.
 * @param {string} url
 * @param {Listener} on
 */
export function listenWhileSeen(url, on) {
    const start = () => document.visibilityState === 'visible' ? listen(url, on) : () => {};
    let end = start();

    document.addEventListener('visibilitychange', () => {
        end();
        on.live(false);
        end = start();
    });
}


/**
 * @param {string} url
 * @param {Listener} on
 * @returns {() => void} ends it
 */
function listen(url, on) {
    /** @type {Map<string, Change>} */
    const waiting = new Map();
    let timer = 0;
    let again = 0;
    let other = false;
    let last = -Infinity;
    /** @type {EventSource} */
    let source;

    const tell = () => {
        const changes = [...waiting.values()];

        timer = 0;
        last = performance.now();
        waiting.clear();

        if (changes.length > 0) {
            on.changed(changes);
        }
        if (other) {
            other = false;
            on.other();
        }
    };
    const gather = () => {
        timer ||= window.setTimeout(tell,
            Math.max(GATHER, last + REST - performance.now()));
    };

    const open = () => {
        source = new EventSource(url);
        source.addEventListener('hello', (e) => {
            on.hello(Number(parse(e.data).arriving_ms) || 0);
            on.live(true);
        });
        source.addEventListener('study', (e) => {
            const change = changeOf(parse(e.data));

            if (change !== null) {
                waiting.set(change.study, change);
                gather();
            }
        });
        source.addEventListener('archive', () => {
            other = true;
            gather();
        });
        source.addEventListener('error', () => {
            on.live(false);

            if (source.readyState === EventSource.CLOSED) {
                again = window.setTimeout(open, AGAIN);
            }
        });
    };

    open();

    return () => {
        source.close();
        clearTimeout(timer);
        clearTimeout(again);
    };
}
