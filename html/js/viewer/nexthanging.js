// SPDX-License-Identifier: BSD-2-Clause
//
// From one hanging protocol to the next that fits, by key (G18).

import { text } from '../ui/text.js';
import { say } from './studies.js';


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
        say(host, text('No other hanging fits.'));
        return;
    }

    host.hang(next.protocol.name);
    say(host, next.reason);
}
