// SPDX-License-Identifier: BSD-2-Clause
//
// What a tool, a command or a control of a viewport may do to the page.

import { commandNamed } from './commands.js';
import { selected, toggledAlone } from './page.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 *
 * @typedef {Object} Host of one viewport
 * @property {string} root of DICOMweb
 * @property {() => Page} page
 * @property {() => number} at index of the viewport
 * @property {() => Viewport} port
 * @property {(change: (s: Viewport) => Viewport,
 *             busy?: import('./state.js').Busy) => void} update the viewport
 * @property {(change: (page: Page) => Page) => void} updatePage
 * @property {() => void} select it
 * @property {() => Host} here of the viewport that it is now, also when
 *     another one is active later
 * @property {(name: string) => void} run a command, on the active viewport
 * @property {() => void} doubleTap
 * @property {() => void} again asks again for what failed
 * @property {(id: string) => void} place an entry of the strip into it
 * @property {(by: 1 | -1) => void} stepSeries
 * @property {(x: import('./series.js').Series) =>
 *     Promise<import('./series.js').Series>} load what a series is made of
 * @property {() => void} close it: it is empty then
 * @property {(name: string) => void} hang as that protocol has it
 * @property {import('./opener.js').Opener['arrange']} arrange
 * @property {import('./opener.js').Opener['put']} put
 */


/**
 * @param {import('./store.js').Store} store
 * @param {import('./opener.js').Opener} opener
 * @param {number} [index] of the viewport, else the active one
 * @returns {Host}
 */
export function hostOf(store, opener, index) {
    const at = () => index ?? store.page.active;
    /** @type {Host} */
    const host = {
        root: opener.root,
        page: () => store.page,
        at,
        port: () => store.page.ports[at()],
        update: (change, busy) => store.update(at(), change, busy),
        updatePage: (change) => store.updatePage(change),
        select: () => store.updatePage((page) => selected(page, at())),
        here: () => hostOf(store, opener, at()),
        run: (name) => runCommand(hostOf(store, opener), name),
        doubleTap: () => doubleTap(host),
        again: () => opener.again(),
        place: (id) => opener.place(id, at()),
        stepSeries: (by) => opener.step(by, at()),
        load: (x) => opener.load(x),
        close: () => opener.close(at()),
        hang: (name) => opener.hang(name),
        arrange: (change) => opener.arrange(change),
        put: (item, port, place) => opener.put(item, port, place),
    };

    return host;
}


/** @param {Host} host of the active viewport @param {string} name */
function runCommand(host, name) {
    const command = commandNamed(name);

    if (command?.change !== undefined) {
        host.update(command.change, command.busy);
    } else if (command?.page !== undefined) {
        host.updatePage(command.page);
    } else {
        command?.run?.(host);
    }
}


/** One of several fills the stage; the only one goes to 1:1 and back. */
function doubleTap(/** @type {Host} */ host) {
    if (host.page().ports.length > 1) {
        host.updatePage(toggledAlone);
    } else {
        host.run(host.port().view.scale === null ? 'native' : 'fit');
    }
}
