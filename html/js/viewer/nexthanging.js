// SPDX-License-Identifier: BSD-2-Clause
//
// From one hanging protocol to the next that fits, by key (G18).

import { say } from './studies.js';

const TEXT = { one: 'No other hanging fits.' };


/**
 * The one after that which hangs, or before it; why is said.
 * @param {import('./host.js').Host} host
 * @param {1 | -1} by
 */
export function stepHanging(host, by) {
    const { name, fits } = host.page().hanging;
    const now = fits.findIndex((x) => x.protocol.name === name);
    const next = fits.at(now < 0 ? 0 : (now + by) % fits.length);

    if (next === undefined || next.protocol.name === name) {
        say(host, TEXT.one);
        return;
    }

    host.hang(next.protocol.name);
    say(host, next.reason);
}
