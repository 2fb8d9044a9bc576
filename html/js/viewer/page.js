// SPDX-License-Identifier: BSD-2-Clause
//
// The state of the page: its viewports and what they share, one plain
// object, and the functions that make the next one.  No DOM, no network.

import { initial } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 *
 * @typedef {'scroll' | 'window' | 'zoom' | 'pan' | 'select' | 'cross' | 'magnify'
 *     | import('./marks/state.js').Pen} ToolName
 * @typedef {'full' | 'minimal' | 'none'} Annotation
 * @typedef {{rows: number, columns: number}} Layout
 * @typedef {{scroll: boolean, zoom: boolean, window: boolean}} Links what
 *     the other viewports do too
 *
 * @typedef {Object} Page
 * @property {Dataset | null} study that the page was opened for
 * @property {Dataset[]} priors studies that were opened beside it
 * @property {Series[]} series of the strip, of all these
 * @property {import('./hanging.js').Hanging} hanging
 * @property {string} plain entry that the study alone, as an address, opens;
 *     '': not known, or more than one
 * @property {Viewport[]} ports row by row, as many as the layout has
 * @property {number} active index of the selected one
 * @property {Layout} layout
 * @property {boolean} alone the active port fills the stage
 * @property {ToolName} tool of the pointer
 * @property {Annotation} annotation
 * @property {import('./beside.js').Texts} texts where they stand
 * @property {Links} links
 * @property {import('./marks/state.js').Marks | null} marks null: not loaded
 * @property {Record<string, number>} anchors index in each stack, by its id,
 *     where the scrolling was linked
 * @property {Record<string, import('./seen.js').Seen>} seen frames of each
 *     stack, by its id
 * @property {boolean} advanced what only some need is there (IHE BIR, F10)
 * @property {boolean} warns before the page is left with unseen images
 * @property {string} note is said for a moment
 * @property {boolean} lines where other pictures cut each one are drawn
 * @property {import('./lensed.js').Lens | null} lens of the magnifier
 * @property {import('./space/cross.js').Cross | null} cross that was pointed at
 * @property {import('./space/mpr.js').Before | null} before what planes of a
 *     volume took the place of; null: none are there
 * @property {string} alarm why all pictures were taken away, or ''
 * @property {boolean} isGone the server does not answer
 * @property {string} message instead of pictures, or ''
 */

/** Rows and columns of viewports, at most. */
export const MOST_PORTS = 4;

/** @type {Annotation[]} */
const ANNOTATIONS = ['full', 'minimal', 'none'];


/** @returns {Page} */
export function initialPage() {
    return {
        study: null,
        priors: [],
        series: [],
        hanging: { name: '', fits: [], wrong: [] },
        plain: '',
        ports: [initial()],
        active: 0,
        layout: { rows: 1, columns: 1 },
        alone: false,
        tool: 'scroll',
        annotation: 'full',
        texts: 'auto',
        links: { scroll: false, zoom: false, window: false },
        marks: null,
        anchors: {},
        seen: {},
        advanced: false,
        warns: false,
        note: '',
        lines: false,
        lens: null,
        cross: null,
        before: null,
        alarm: '',
        isGone: false,
        message: '',
    };
}


/** @param {Page} page @returns {Viewport} */
export function activePort(page) {
    return page.ports[page.active];
}


/**
 * Its series could not be opened: there was no answer, or a refusal.
 * @param {Page} page
 * @param {Viewport} s
 * @returns {boolean}
 */
export function isUnopened(page, s) {
    return s.stack === null && s.entry !== '' && page.series.some((x) =>
        x.stacks === null && x.reason !== '' && s.entry.startsWith(`${x.uid}/`));
}


/** @param {Page} page @returns {number[]} indices of the ports that are seen */
export function seenPorts(page) {
    return page.alone ? [page.active] : page.ports.map((_, i) => i);
}


/**
 * @param {Page} page
 * @param {number} at
 * @param {Viewport} s
 * @returns {Page}
 */
export function withPort(page, at, s) {
    return s === page.ports[at] ? page
        : { ...page, ports: page.ports.map((old, i) => i === at ? s : old) };
}


/**
 * The click or tap that selects (IHE BIR, B09).
 * @param {Page} page
 * @param {number} at
 * @returns {Page}
 */
export function selected(page, at) {
    return at === page.active || page.ports[at] === undefined ? page
        : { ...page, active: at };
}


/**
 * More or fewer viewports: the first ones stay, and the active one.
 * @param {Page} page
 * @param {Layout} layout
 * @returns {Page}
 */
export function withLayout(page, layout) {
    const within = (/** @type {number} */ n) =>
        Math.max(1, Math.min(MOST_PORTS, Math.round(n)));
    const rows = within(layout.rows);
    const columns = within(layout.columns);
    const ports = Array.from({ length: rows * columns }, (_, i) =>
        page.ports[i] ?? initial());
    const active = Math.min(page.active, ports.length - 1);

    ports[active] = activePort(page);

    return { ...page, layout: { rows, columns }, ports, active, alone: false };
}


/**
 * The active port fills the stage, and goes back to its place.
 * @param {Page} page
 * @returns {Page}
 */
export function toggledAlone(page) {
    return page.ports.length === 1 ? page : { ...page, alone: !page.alone };
}


/** @param {Page} page @returns {Page} */
export function nextAnnotation(page) {
    const at = ANNOTATIONS.indexOf(page.annotation);

    return { ...page, annotation: ANNOTATIONS[(at + 1) % ANNOTATIONS.length] };
}
