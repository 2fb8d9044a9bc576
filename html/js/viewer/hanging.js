// SPDX-License-Identifier: BSD-2-Clause
//
// The hanging protocols of this page: which fit its study, and what they do
// to a viewport.

import { asksImages, fits, hung, protocolsOf } from '../hang/engine.js';
import { factsOf, imagesOf, itemOf } from '../hang/items.js';
import { uprightView } from '../hang/upright.js';
import { presets } from '../math/window.js';
import { early } from '../net/early.js';
import { text } from '../ui/text.js';
import { hasPictures } from './series.js';
import { frameOf, scrolledTo, withWindow } from './state.js';
import { entries } from './strip.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('../hang/engine.js').Item} Item
 * @typedef {import('../hang/engine.js').Place} Place
 * @typedef {import('../hang/engine.js').Protocol} Protocol
 *
 * @typedef {Object} Hanging
 * @property {string} name of the protocol, '': the reader's own layout
 * @property {import('../hang/engine.js').Fit[]} fits the best first
 * @property {string[]} wrong in the protocols
 */

const PLACES = { first: 0, middle: 0.5, last: 1 };


/** @returns {Promise<ReturnType<typeof protocolsOf>>} never rejects */
export async function getProtocols() {
    try {
        const answer = await (early('hanging.json') ?? fetch('hanging.json'));

        return protocolsOf(await answer.json());
    } catch {
        return { protocols: [], wrong: [text('hanging.json cannot be read')] };
    }
}


/**
 * @param {import('../dicom/dataset.js').Dataset} study
 * @param {Series[]} series
 * @param {ReturnType<typeof protocolsOf>} of
 * @returns {Hanging}
 */
export function hangingOf(study, series, { protocols, wrong }) {
    const facts = factsOf(study, entries(series.filter(hasPictures)));

    return { name: '', fits: fits(protocols, facts), wrong };
}


/**
 * What goes where.  The search is enough, but where the protocol asks for
 * what only the images tell.
 * @param {Protocol} protocol
 * @param {import('./store.js').Store} store
 * @param {(x: Series) => Promise<Series>} load
 * @returns {Promise<(Item | null)[]>}
 */
export async function choose(protocol, store, load) {
    const own = () => entries(store.page.series.filter((x) => hasPictures(x)
        && !isOfPrior(x, store.page)))
        .sort((a, b) => Number(isSegments(a)) - Number(isSegments(b)));

    if (!asksImages(protocol)) {
        return hung(protocol, own().map(itemOf));
    }

    const wanted = protocol.ports.flatMap((port) =>
        port.select.flatMap((x) => [x.modality ?? []].flat()));

    await Promise.all(own().filter((e) => e.series.stacks === null
        && wanted.includes(itemOf(e).modality)).map((e) => load(e.series)));

    return hung(protocol, own().flatMap(imagesOf));
}


/**
 * @param {import('./strip.js').Entry} e
 * @returns {boolean} made of images, whatever their number: it comes after them
 */
function isSegments(e) {
    return itemOf(e).modality === 'SEG';
}


/** @param {Series} x @param {import('./page.js').Page} page */
function isOfPrior(x, page) {
    return page.priors.length > 0 && x.study !== page.series[0].study;
}


/**
 * @param {Viewport} s with the stack of the item
 * @param {Item} item
 * @param {Omit<Place, 'select'>} place
 * @returns {Viewport}
 */
export function looked(s, item, place) {
    const last = (s.stack?.frames.length ?? 1) - 1;
    const index = place.slice === undefined ? item.index : last * PLACES[place.slice];
    const next = scrolledTo(s, index);
    const f = frameOf(next);
    const preset = presets(item.modality).find((w) => w.label === place.window);
    const side = place.side === undefined ? {} : { side: place.side };
    const home = { ...s.home, ...(place.upright && f !== null
        ? uprightView(item, f.patientOrientation) : {}), ...side };

    return { ...(preset === undefined ? next : withWindow(next, preset)),
        view: home, home };
}
