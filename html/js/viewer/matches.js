// SPDX-License-Identifier: BSD-2-Clause
//
// In each viewport of a prior: by what its series was chosen, what speaks
// against it, and the list to choose another from (S10: body parts are often
// coded wrongly).

import { TAG, first, number } from '../dicom/dataset.js';
import { addStyle, el, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { addDecoration } from './decorations.js';
import { hasPictures } from './series.js';
import { frameOf, isProjection } from './state.js';
import { entries } from './strip.js';
import { priorText } from './text.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {{by: string[], against: string}} Likeness
 */

/** @type {Map<string, Likeness>} by entry of the strip, of projections by image */
const matched = new Map();

let isShown = false;


/** @param {Viewport} s */
const keyOf = (s) => `${s.entry} ${isProjection(frameOf(s)) ? s.index : ''}`;


/** @param {Viewport} s with what was chosen @param {Likeness} likeness */
export function showMatches(s, likeness) {
    matched.set(keyOf(s), likeness);

    if (!isShown) {
        isShown = true;
        addStyle('css/timeline.css');
        addDecoration(decorate);
    }
}


/** @param {HTMLElement} cell @param {Host} host */
function decorate(cell, host) {
    const page = host.page();
    const s = host.port();
    const of = page.series.find((x) => s.entry.startsWith(`${x.uid}/`));
    const isPrior = of !== undefined && s.stack !== null && priorText(of.study, page) !== '';
    const old = cell.querySelector('.match');

    if (!isPrior) {
        old?.remove();
        return;
    }

    const node = old ?? made(cell, host);
    const list = /** @type {HTMLSelectElement} */ (node.querySelector('select'));
    const all = entries(page.series.filter((x) => x.study === of.study && hasPictures(x)));
    const labels = all.map((e) => [first(e.series.ds, TAG.Modality),
        first(e.series.ds, TAG.SeriesDescription) || first(e.series.ds, TAG.SeriesNumber),
        e.stack?.label ?? '',
        `(${e.stack?.frames.length ?? number(e.series.ds, TAG.NumberOfSeriesRelatedInstances) ?? '?'})`,
    ].filter(Boolean).join(' '));
    const signature = all.map((e, i) => `${e.id} ${labels[i]}`).join('\n');

    if (list.dataset.signature !== signature) {
        list.dataset.signature = signature;
        list.replaceChildren(...all.map((e, i) => el('option', { value: e.id }, labels[i])));
    }

    list.value = s.entry;

    const like = matched.get(keyOf(s));
    const against = like?.against
        ? text('Other body part: {part}', { part: like.against }) : '';

    setText(/** @type {Element} */ (node.querySelector('.match-why')), against
        || (like === undefined ? text('Chosen') : text('Matched by {what}',
            { what: like.by.join(', ') || text('modality only') })));
    node.classList.toggle('is-doubtful', against !== '');
}


/** @param {HTMLElement} cell @param {Host} host @returns {Element} */
function made(cell, host) {
    const list = el('select', { class: 'match-list', 'aria-label': text('Series of the prior') });
    const node = el('div', { class: 'match' }, list, el('span', { class: 'match-why' }));

    list.addEventListener('change', () => {
        [...matched.keys()].filter((k) => k.startsWith(`${list.value} `))
            .forEach((k) => matched.delete(k));
        host.place(list.value);
        list.blur();
    });
    cell.querySelector('.texts')?.append(node);

    return node;
}
