// SPDX-License-Identifier: BSD-2-Clause
//
// Transfers of pictures, as the browser itself timed them.

/**
 * @param {(t: import('./meter.js').Transfer) => void} tell of each that came
 *     over the net, not out of the browser's cache
 */
export function watchTransfers(tell) {
    new PerformanceObserver((list) => {
        for (const e of /** @type {PerformanceResourceTiming[]} */ (list.getEntries())) {
            if (e.transferSize > 0 && e.initiatorType === 'fetch'
                && /\/rendered/.test(e.name))
            {
                tell({
                    sent: e.requestStart, begun: e.responseStart,
                    ended: e.responseEnd, bytes: e.transferSize,
                });
            }
        }
    }).observe({ type: 'resource', buffered: true });
}


/** @returns {boolean} the user has asked for few bytes, or pays for them */
export function savesData() {
    const { connection } = /** @type {{connection?: {saveData?: boolean,
        type?: string}}} */ (navigator);

    return connection?.saveData === true || connection?.type === 'cellular';
}
