// SPDX-License-Identifier: BSD-2-Clause
//
// The series of the study, with thumbnails: one button a stack of frames.

import { TAG, entryFor, first, number } from '../dicom/dataset.js';
import { formatDate } from '../dicom/dates.js';
import { seriesThumbnailUrl, thumbnailUrl } from '../net/urls.js';
import { el, find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { listenToDrag } from './input/drag.js';
import { isStranger, studyOf } from './identity.js';
import { activePort, selected } from './page.js';
import { hasPictures } from './series.js';
import { priorText, whoText } from './text.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('../dicom/stack.js').Stack} Stack
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./host.js').Host} Host
 * @typedef {{id: string, series: Series, stack: Stack | null}} Entry
 */

/** @param {Series[]} series @returns {Entry[]} what can be chosen */
export function entries(series) {
    return series.flatMap((x) => {
        /** @type {(Stack | null)[]} */
        const all = x.stacks?.length ? x.stacks : [null];

        return all.map((stack) =>
            ({ id: stack?.id ?? `${x.uid}/`, series: x, stack }));
    });
}


/** How often it tells what was seen: a scroll would lay it out in each frame. ms */
const TOLD = 250;

/** What the strip was drawn of: each drag changes other things. */
let drawn = { of: /** @type {unknown[]} */ ([]), seen: /** @type {unknown} */ (null) };

let last = /** @type {Page | null} */ (null);
let timer = 0;


/**
 * @param {Page} page
 * @param {string} root of DICOMweb
 * @param {Host} host of the active viewport
 */
export function renderStrip(page, root, host) {
    const of = [page.study, page.priors, page.series, page.active, isBegun(page),
        ...page.ports.map((s) => s.entry)];
    const isSame = of.length === drawn.of.length && of.every((v, i) => v === drawn.of[i]);

    last = page;

    if (!isSame) {
        drawStrip(page, root, host);

    } else if (page.seen !== drawn.seen) {
        timer ||= window.setTimeout(() => {
            timer = 0;
            drawStrip(/** @type {Page} */ (last), root, host);
        }, TOLD);
    }

    drawn = { of, seen: page.seen };
}


/**
 * @param {Page} page
 * @param {string} root of DICOMweb
 * @param {Host} host of the active viewport
 */
function drawStrip(page, root, host) {
    const list = find('.strip-list', HTMLElement);
    const old = new Map([...list.children].map((n) =>
        [/** @type {HTMLElement} */ (n).dataset.id, n]));
    const nodes = entries(page.series).map((e) => {
        const node = old.get(e.id) ?? item(e, root, host);
        update(node, e, page);
        return node;
    });
    const differ = nodes.length !== list.children.length
        || nodes.some((n, i) => list.children[i] !== n);

    if (differ) {
        list.replaceChildren(...nodes);
    }
}


/** @param {Entry} e @param {string} root @param {Host} host */
function item(e, root, host) {
    const middle = e.stack?.frames[Math.floor(e.stack.frames.length / 2)];
    const own = e.stack !== null && e.stack.label !== '';
    const src = own && middle !== undefined ? thumbnailUrl(root, middle)
        : seriesThumbnailUrl(root, e.series.study, e.series.uid);
    const img = el('img', {
        class: 'thumb-image', alt: '', loading: 'lazy', decoding: 'async',
        draggable: 'false',
    });
    const frame = el('span', { class: 'thumb-frame' }, img,
        el('span', { class: 'thumb-modality' }),
        el('span', { class: 'thumb-count' }));

    img.fetchPriority = 'low';
    img.addEventListener('error', () => frame.classList.add('is-blank'));

    if (hasPictures(e.series) || e.stack !== null) {
        img.dataset.src = src;
    } else {
        frame.classList.add('is-blank');
    }

    const button = el('button', { class: 'thumb', type: 'button' }, frame,
        el('bdi', { class: 'thumb-title' }),
        el('span', { class: 'thumb-facts' }), el('span', { class: 'thumb-seen' }));
    const node = el('li', { class: 'strip-item' }, button);

    node.dataset.id = e.id;
    button.addEventListener('click', () => host.place(e.id));
    listenToDrag(button, (at) => {
        host.updatePage((page) => selected(page, at));
        host.place(e.id);
    });

    return node;
}


/**
 * @param {Element} node
 * @param {Entry} e
 * @param {Page} page
 */
function update(node, e, page) {
    const button = /** @type {HTMLButtonElement} */ (node.firstElementChild);
    const part = (/** @type {string} */ name) =>
        /** @type {Element} */ (node.querySelector(`.thumb-${name}`));
    const ds = e.series.ds;
    const active = activePort(page).entry === e.id;
    const modality = first(ds, TAG.Modality) || '?';
    const title = first(ds, TAG.SeriesDescription)
        || text('Series {number}', { number: first(ds, TAG.SeriesNumber) }).trim();
    const count = countText(e);

    if (isBegun(page)) {
        showImage(/** @type {HTMLImageElement} */ (part('image')));
    }

    setText(part('modality'), modality);
    setText(part('count'), count);
    setText(part('title'), title);
    setText(part('facts'), facts(e, page));
    button.classList.toggle('is-prior', priorText(e.series.study, page) !== '');
    setText(part('seen'), seenText(e, page));
    part('seen').classList.toggle('is-incomplete', failedOf(e, page) > 0);
    button.title = countsText(e, page);
    part('count').classList.toggle('is-incomplete', isIncomplete(e.series));
    button.classList.toggle('is-active', active);
    button.classList.toggle('is-shown', page.ports.some((s) => s.entry === e.id));
    button.setAttribute('aria-current', String(active));
    button.setAttribute('aria-label',
        [modality, title, e.stack?.label, imagesText(e)].filter(Boolean).join(', '));

    if (active && button.dataset.was !== 'active') {
        node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }

    button.dataset.was = active ? 'active' : '';
}


/**
 * Thumbnails take no bytes from the first picture.
 * @param {Page} page
 * @returns {boolean} one is there, or none is under way
 */
function isBegun({ ports, series }) {
    return ports.some((s) => s.shown !== null || s.failure !== null)
        || ports.every((s) => s.entry === '' && s.message === '')
        || series.some((x) => x.reason !== '');
}


/** @param {HTMLImageElement} img */
function showImage(img) {
    if (img.dataset.src !== undefined) {
        img.src = img.dataset.src;
        delete img.dataset.src;
    }
}


/** @param {string} modality @returns {string} '': of pictures */
function kindOf(modality) {
    return entryFor({
        SR: text('Report'), DOC: text('Document'), KO: text('Key objects'),
        PR: text('Presentation states'), ECG: text('ECG'), RTSTRUCT: text('Contours'),
        RTPLAN: text('Treatment plan'), REG: text('Registration'),
    }, modality) ?? '';
}


/** @param {Entry} e @param {Page} page @returns {string} */
function facts(e, page) {
    return [
        isStranger(page, e.series.study) ? whoText(studyOf(page, e.series.study) ?? {}) : '',
        e.stack?.label ?? '',
        e.stack === null ? kindOf(first(e.series.ds, TAG.Modality)) : '',
        e.series.reason,
        priorText(e.series.study, page)
            || formatDate(first(e.series.ds, TAG.SeriesDate)),
    ].filter(Boolean).join('  ');
}


/** @param {Entry} e @returns {string} */
function countText(e) {
    const expected = number(e.series.ds, TAG.NumberOfSeriesRelatedInstances);

    if (isIncomplete(e.series)) {
        return text('{n} of {all}', { n: e.series.received ?? 0, all: expected ?? 0 });
    }

    return String(e.stack?.frames.length ?? expected ?? '');
}


/** @param {Entry} e @returns {string} */
function imagesText(e) {
    const all = number(e.series.ds, TAG.NumberOfSeriesRelatedInstances) ?? 0;

    return isIncomplete(e.series)
        ? text('{n} of {all} image|{n} of {all} images', { n: e.series.received ?? 0, all })
        : text('{n} image|{n} images', { n: e.stack?.frames.length ?? all });
}


/** @param {Entry} e @param {Page} page @returns {number} frames */
function failedOf(e, page) {
    return page.seen[e.id]?.failed ?? 0;
}


/** @param {Entry} e @param {Page} page @returns {string} '' before it is opened */
function seenText(e, page) {
    const seen = page.seen[e.id];
    const failed = failedOf(e, page);

    return seen === undefined ? '' : [
        text('{n} of {all} shown', { n: seen.shown, all: seen.marks.length }),
        failed === 0 ? '' : text('{n} failed', { n: failed }),
    ].filter(Boolean).join(', ');
}


/**
 * What should be there, what is, and what was looked at.
 * @param {Entry} e
 * @param {Page} page
 * @returns {string}
 */
function countsText(e, page) {
    const { ds, received } = e.series;

    return [
        text('Expected: {n}', { n: number(ds, TAG.NumberOfSeriesRelatedInstances)
            ?? text('not known') }),
        text('received: {n}', { n: received ?? text('not asked for yet') }),
        text('shown: {n}', { n: page.seen[e.id]?.shown ?? 0 }),
        text('failed: {n}', { n: failedOf(e, page) }),
    ].join(', ');
}


/** @param {Series} x @returns {boolean} fewer instances than announced */
function isIncomplete(x) {
    const expected = number(x.ds, TAG.NumberOfSeriesRelatedInstances);

    return x.received !== null && expected !== null && x.received < expected;
}
