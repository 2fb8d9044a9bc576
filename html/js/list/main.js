// SPDX-License-Identifier: BSD-2-Clause
//
// The study list: what is typed is searched at once, the newest question
// wins, and the page's address keeps it.

import { getDatasets, Refusal, rootOf } from '../net/dicomweb.js';
import { el, find, setText } from '../ui/dom.js';
import {
    MODALITIES, PAGE, PERIODS, emptyQuery, fromAddress, searchPath, toAddress,
} from './query.js';
import { row } from './row.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 */

/** From the last key to the search. ms */
const PAUSE = 200;

const root = rootOf();

const page = {
    query: fromAddress(location.search),
    /** @type {Dataset[]} one more than a page: there is a next one */
    found: [],
    /** which page they are, from 0 */
    at: 0,
    /** what is found next is another list: it is read from its top */
    isOther: false,
    /** @type {'' | 'searching' | 'done'} */
    state: '',
    error: '',
};

let under = new AbortController();
let pause = 0;


/** @param {Partial<Query>} change @param {number} [wait] ms */
function ask(change, wait = 0) {
    page.query = { ...page.query, page: 0, ...change };
    page.isOther = true;
    history.replaceState(null, '', toAddress(page.query) || location.pathname);
    clearTimeout(pause);
    pause = window.setTimeout(search, wait);
    renderForm();
}


async function search() {
    under.abort();
    under = new AbortController();

    const { signal } = under;
    const at = page.query.page;

    page.state = 'searching';
    renderState();

    try {
        page.found = await getDatasets(root + searchPath(page.query, new Date()),
            signal);
        page.error = '';
        page.at = at;

    } catch (e) {
        if (signal.aborted) {
            return;
        }

        page.found = [];
        page.error = e instanceof Refusal ? `${e.message}.` : 'The search failed.';
    }

    page.state = 'done';
    renderRows();
    renderState();
}


function renderRows() {
    find('.studies-rows', HTMLElement)
        .replaceChildren(...page.found.slice(0, PAGE).map(row));

    if (page.isOther) {
        find('.studies', HTMLElement).scrollTop = 0;
        page.isOther = false;
    }
}


function renderState() {
    const shown = Math.min(page.found.length, PAGE);
    const from = page.at * PAGE;
    const more = page.found.length > PAGE;
    const empty = page.state === 'done' && page.error === '' && shown === 0;

    document.body.classList.toggle('is-searching', page.state === 'searching');
    find('.studies', HTMLElement)
        .setAttribute('aria-busy', String(page.state === 'searching'));
    setText(find('.list-message', HTMLElement), page.error
        || (empty ? emptyText() : ''));
    setText(find('.pager-text', HTMLElement), shown === 0 ? ''
        : `${from + 1}–${from + shown}`);
    find('.pager-back', HTMLButtonElement).disabled = page.query.page === 0;
    find('.pager-forth', HTMLButtonElement).disabled = !more;
}


/** @returns {string} */
function emptyText() {
    return toAddress(page.query) === ''
        ? 'The archive is empty. Send studies to it, or import a folder.'
        : 'No study matches.';
}


function renderForm() {
    for (const input of document.querySelectorAll('.filters input')) {
        const field = /** @type {HTMLInputElement} */ (input);
        const key = /** @type {'name'} */ (field.name);

        if (document.activeElement !== field) {
            field.value = page.query[key];
        }
    }

    for (const chip of document.querySelectorAll('.chip')) {
        const { when, modality } = /** @type {HTMLElement} */ (chip).dataset;
        const on = when !== undefined ? isWhen(when)
            : page.query.modality === modality;

        chip.setAttribute('aria-pressed', String(on));
    }

    find('.clear', HTMLElement).hidden =
        toAddress({ ...page.query, page: 0 }) === '';
}


/** @param {string} when @returns {boolean} */
function isWhen(when) {
    return page.query.when === when
        && (when !== '' || (page.query.from === '' && page.query.to === ''));
}


/** @param {string} label @param {Record<string, string>} data @param {() => void} press */
function chip(label, data, press) {
    const node = el('button', { class: 'chip', type: 'button' }, label);

    Object.assign(node.dataset, data);
    node.addEventListener('click', press);

    return node;
}


function build() {
    const whens = [['', 'Any date'],
        ...Object.entries(PERIODS).map(([k, v]) => [k, v.label])];

    find('.chips-when', HTMLElement).append(...whens.map(([when, label]) =>
        chip(label, { when }, () => ask({ when, from: '', to: '' }))));
    find('.chips-modality', HTMLElement).append(...['', ...MODALITIES].map((m) =>
        chip(m || 'All', { modality: m }, () => ask({ modality: m }))));
}


function listen() {
    const filters = find('.filters', HTMLFormElement);

    filters.addEventListener('input', (e) => {
        if (e.target instanceof HTMLInputElement) {
            const { name, value, type } = e.target;
            const period = type === 'date' ? { when: '' } : {};

            ask({ [name]: value, ...period }, type === 'date' ? 0 : PAUSE);
        }
    });

    filters.addEventListener('submit', (e) => {
        e.preventDefault();
        ask({});
    });

    find('.clear', HTMLElement).addEventListener('click', () => {
        ask(emptyQuery());
        find('.filters input[name="name"]', HTMLElement).focus();
    });

    find('.pager-back', HTMLElement).addEventListener('click', () =>
        ask({ page: page.query.page - 1 }));
    find('.pager-forth', HTMLElement).addEventListener('click', () =>
        ask({ page: page.query.page + 1 }));

    document.addEventListener('keydown', moveByKeys);

    // back at the list: what has arrived meanwhile is there
    document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') {
            search();
        }
    });
    addEventListener('pageshow', (e) => {
        if (e.persisted) {
            search();
        }
    });
}


/**
 * Up and down go from row to row, from the search field into the rows.
 * @param {KeyboardEvent} e
 */
function moveByKeys(e) {
    const by = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    const on = document.activeElement;
    const isDate = on instanceof HTMLInputElement && on.type === 'date';

    if (by === 0 || isDate) {
        return;
    }

    const links = [...document.querySelectorAll('.row-name')];
    const next = links[links.findIndex((a) => a === on) + by];

    if (next instanceof HTMLElement) {
        e.preventDefault();
        next.focus();
    }
}


build();
listen();

if (matchMedia('(pointer: fine)').matches) {
    find('.filters input[name="name"]', HTMLElement).focus();
}

renderForm();
search();
