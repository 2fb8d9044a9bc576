// SPDX-License-Identifier: BSD-2-Clause
//
// The study list: what is typed is searched at once, the newest question
// wins, and the page's address keeps it.  What arrives appears by itself,
// but never moves what the reader points at.

import { Refusal, rootOf } from '../net/dicomweb.js';
import { listenWhileSeen } from '../net/live.js';
import { Statuses } from '../net/status.js';
import { el, find, setText } from '../ui/dom.js';
import { showFocused } from '../ui/focus.js';
import { storage } from '../ui/storage.js';
import { toggleTheme } from '../ui/theme.js';
import { listenKeys } from './keys.js';
import {
    MODALITIES, PAGE, PERIODS, SORTS, emptyQuery, fromAddress, isTyped,
    pressSort, sorting, toAddress, toggleModality,
} from './query.js';
import { showStatus, uidOf } from './row.js';
import { Rows } from './rows.js';
import { among, search as askServer } from './search.js';
import { Searches } from './searches.js';
import { TEXTS, arrivedText, emptyText, foundText, placeText } from './texts.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('./search.js').Found} Found
 * @typedef {import('./row.js').Row} Row
 * @typedef {import('../net/status.js').Change} Change
 */

/** From the last key to the search. ms */
const PAUSE = 200;

const root = rootOf();
const body = find('.studies-rows', HTMLElement);
const scroller = find('.studies', HTMLElement);

const page = {
    query: fromAddress(location.search),
    /** @type {Found} */
    found: { rows: [], total: 0, more: false },
    /** of the last first page: which search, how many */
    first: { key: '', total: /** @type {number | null} */ (null) },
    /** which page that is, from 0 */
    at: 0,
    /** @type {'' | 'searching' | 'done'} */
    state: '',
    error: '',
    /** new studies that match and are not shown */
    arrived: new Set(),
    /** they are on other pages */
    below: false,
    /** something else than studies that came has changed */
    stale: false,
    /** changes that came while a search was under way */
    late: /** @type {Change[]} */ ([]),
};

const rows = new Rows(body, (cell, row) => {
    import('./details.js').then(({ showDetails }) =>
        showDetails(cell, root, row.ds));
});
const statuses = new Statuses();
const searches = new Searches({
    query: () => page.query,
    open: (query) => ask(query),
    matches: (query, uids) => among(root, query, uids),
});

let under = new AbortController();
let pause = 0;


/** @param {Partial<Query>} change @param {number} [wait] ms */
function ask(change, wait = 0) {
    page.query = { ...page.query, page: 0, studies: '', ...change };
    page.arrived.clear();
    page.below = page.stale = false;
    history.replaceState(null, '', toAddress(page.query) || location.pathname);
    clearTimeout(pause);
    pause = window.setTimeout(() => search('other'), wait);
    renderForm();
}


/**
 * @param {'other' | 'same' | 'calm'} list another one, which is read from its
 *     top; the same one again; the same, unless that would now move what
 *     somebody looks at
 */
async function search(list) {
    under.abort();
    under = new AbortController();

    const { signal } = under;
    const { query } = page;

    page.state = 'searching';
    page.stale = false;
    renderState();

    try {
        const found = await askServer(root, query, signal);

        // the list has become shorter, or its address was typed
        if (query === page.query && query.page > 0 && found.rows.length === 0) {
            ask({ studies: query.studies });
            return;
        }

        page.state = 'done';

        if (list !== 'calm' || isCalm()) {
            page.at = query.page;
            take(withTotal(found, query), '', list === 'other');
        }

    } catch (e) {
        if (signal.aborted) {
            return;
        }

        page.state = 'done';

        if (list !== 'calm') {
            take({ rows: [], total: null, more: false },
                e instanceof Refusal ? `${e.message}.` : TEXTS.failed, true);
        }
    }

    renderStatuses();
    renderState();

    if (page.late.length > 0) {
        hear(page.late.splice(0));
    } else if (page.stale) {
        show();
    }
}


/** @param {Found} found @param {string} error @param {boolean} isOther */
function take(found, error, isOther) {
    page.found = found;
    page.error = error;

    const fresh = rows.set(found.rows);

    if (isOther) {
        scroller.scrollTop = 0;
        setText(find('.list-said', HTMLElement), error === '' ? foundText(found) : '');
    } else {
        fresh.filter((uid) => page.arrived.has(uid))
            .forEach((uid) => rows.mark(uid, 'is-new'));
    }

    found.rows.forEach((ds) => page.arrived.delete(uidOf(ds)));
}


/**
 * The first page's number holds for the others: these leave out what came
 * after it, and their answers have none.
 * @param {Found} found
 * @param {Query} query
 * @returns {Found}
 */
function withTotal(found, query) {
    const key = toAddress({ ...query, page: 0 }) + query.studies;

    if (query.page === 0) {
        page.first = { key, total: found.total };
    }

    return found.total === null && page.first.key === key
        ? { ...found, total: page.first.total } : found;
}


/* --- what arrives --- */

/**
 * Whether a row may come in between without moving what somebody looks at.
 * @returns {boolean}
 */
function isCalm() {
    return page.query.page === 0 && !isTyped(page.query)
        && scroller.scrollTop < 4 && !rows.isOpen()
        && !body.matches(':hover') && !body.contains(document.activeElement);
}


/** @param {Change[]} changes */
async function hear(changes) {
    const now = performance.now();
    const uids = changes.map((c) => c.study);

    changes.forEach((c) => statuses.take(c, now));
    searches.take(uids);

    const found = await among(root, page.query, uids).catch(() => null);

    if (found === null || page.state === 'searching') {
        page.late.push(...changes);
        return;
    }

    const others = found.filter((ds) => !rows.update(ds));

    renderStatuses();

    if (others.length === 0) {
        return;
    }

    others.forEach((ds) => page.arrived.add(uidOf(ds)));

    show();
}


/** What is new, or that there is something. */
function show() {
    if (page.state !== 'searching' && isCalm()) {
        search('calm');
    } else {
        renderState();
    }
}


/** Those that came: the top of the list, else they alone. */
async function showArrived() {
    if (page.below) {
        ask({ ...emptyQuery(), studies: [...page.arrived].join(',') });
        return;
    }

    page.query = { ...page.query, page: 0 };
    history.replaceState(null, '', toAddress(page.query) || location.pathname);
    scroller.scrollTop = 0;
    await search('same');
    page.below = page.arrived.size > 0;
    renderState();
}


/** @param {boolean} on */
function showLive(on) {
    find('.live', HTMLElement).classList.toggle('is-live', on);
    setText(find('.live-text', HTMLElement), on ? TEXTS.live : TEXTS.dead);

    // what nobody tells is not known
    if (!on) {
        statuses.heard = false;
        renderStatuses();
    }
}


function hearLive() {
    listenWhileSeen('/pacs/events', {
        hello: (arriving) => {
            statuses.hello(arriving);
            renderStatuses();
        },
        changed: hear,
        other: () => {
            page.stale = true;
            show();
        },
        live: showLive,
    });

    window.setInterval(() => {
        if (statuses.settle(performance.now()).length > 0) {
            renderStatuses();
        }
    }, 500);
}


function renderStatuses() {
    const now = performance.now();

    rows.all.forEach((row) => showStatus(row, statuses.of(row.uid, now)));
}


/* --- the page --- */

function renderState() {
    const { found, error, query } = page;
    const shown = found.rows.length;
    const isSearching = page.state === 'searching';
    const isEmpty = page.state === 'done' && error === '' && shown === 0;

    document.body.classList.toggle('is-searching', isSearching);
    document.body.classList.toggle('is-empty', isEmpty || error !== '');
    scroller.setAttribute('aria-busy', String(isSearching));
    setText(find('.list-message-text', HTMLElement), error
        || (isEmpty ? emptyText(query, toAddress(query) === '') : ''));
    find('.list-again', HTMLElement).hidden = error === '';
    find('.list-upload', HTMLElement).hidden =
        !isEmpty || toAddress(query) !== '' || query.studies !== '';
    setText(find('.pager-text', HTMLElement), placeText(page.at * PAGE, found));
    find('.pager-back', HTMLButtonElement).disabled = query.page === 0;
    find('.pager-forth', HTMLButtonElement).disabled = !found.more;


    const arrived = page.arrived.size > 0
        ? arrivedText(page.arrived.size, page.below)
        : page.stale ? TEXTS.changed : '';

    find('.arrived', HTMLElement).hidden = arrived === '';
    setText(find('.arrived-text', HTMLElement), arrived);

    if (arrived !== '') {
        setText(find('.list-said', HTMLElement), arrived);
    }
}


function renderForm() {
    for (const input of document.querySelectorAll('.filters input')) {
        const field = /** @type {HTMLInputElement} */ (input);
        const key = /** @type {'name'} */ (field.name);

        if (document.activeElement !== field) {
            field.value = page.query[key];
        }
    }

    const on = page.query.modality.split(',');

    for (const chip of document.querySelectorAll('.chip')) {
        const { when, modality } = /** @type {HTMLElement} */ (chip).dataset;
        const isOn = when !== undefined ? isWhen(when)
            : modality !== undefined && on.includes(modality);

        if (when !== undefined || modality !== undefined) {
            chip.setAttribute('aria-pressed', String(isOn));
        }
    }

    const { column, down } = sorting(page.query);

    for (const head of document.querySelectorAll('th[data-sort]')) {
        const isSorted = /** @type {HTMLElement} */ (head).dataset.sort === column;

        head.setAttribute('aria-sort',
            !isSorted ? 'none' : down ? 'descending' : 'ascending');
    }

    find('.clear', HTMLElement).hidden = page.query.studies === ''
        && toAddress({ ...page.query, page: 0, sort: '' }) === '';
    searches.render();
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
    const whens = [['', TEXTS.anyDate],
        ...Object.entries(PERIODS).map(([k, v]) => [k, v.label])];

    find('.chips-when', HTMLElement).append(...whens.map(([when, label]) =>
        chip(label, { when }, () => ask({ when, from: '', to: '' }))));
    find('.chips-modality', HTMLElement).append(...['', ...MODALITIES].map((m) =>
        chip(m || TEXTS.all, { modality: m }, () =>
            ask({ modality: toggleModality(page.query, m) }))));

    for (const head of document.querySelectorAll('th[data-sort]')) {
        const column = /** @type {HTMLElement} */ (head).dataset.sort ?? '';

        if (SORTS[column] !== undefined) {
            head.querySelector('button')?.addEventListener('click', () =>
                ask({ sort: pressSort(page.query, column) }));
        }
    }
}


function listen() {
    const filters = find('.filters', HTMLFormElement);

    filters.addEventListener('input', (e) => {
        if (e.target instanceof HTMLInputElement && e.target.name in page.query) {
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
        ask({ ...emptyQuery(), sort: page.query.sort });
        find('.filters input[name="name"]', HTMLElement).focus();
    });

    find('.pager-back', HTMLElement).addEventListener('click', () =>
        ask({ page: page.query.page - 1, studies: page.query.studies }));
    find('.pager-forth', HTMLElement).addEventListener('click', () =>
        ask({ page: page.query.page + 1, studies: page.query.studies }));
    find('.arrived-show', HTMLElement).addEventListener('click', showArrived);
    find('.list-again', HTMLElement).addEventListener('click', () => search('other'));

    find('.switch-theme', HTMLElement).addEventListener('click', toggleTheme);
    showFocused();
    listenKeys(rows);
    searches.listen();
    listenUpload();

    // back at the list: what has arrived meanwhile is there
    document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') {
            search('same');
        }
    });
    addEventListener('pageshow', (e) => {
        if (e.persisted) {
            search('same');
        }
    });
}


/* --- upload: loaded with the first file --- */

function listenUpload() {
    const load = () => import('./upload/panel.js');
    const isFiles = (/** @type {DragEvent} */ e) =>
        e.dataTransfer?.types.includes('Files') ?? false;

    for (const node of document.querySelectorAll('.open-upload')) {
        node.addEventListener('click', () =>
            load().then(({ openPanel }) => openPanel(root)));
    }

    document.addEventListener('dragover', (e) => {
        if (isFiles(e)) {
            e.preventDefault();
            document.body.classList.add('is-dropping');
        }
    });
    document.addEventListener('dragleave', (e) => {
        if (e.relatedTarget === null) {
            document.body.classList.remove('is-dropping');
        }
    });
    document.addEventListener('drop', (e) => {
        document.body.classList.remove('is-dropping');

        if (e.dataTransfer !== null && isFiles(e)) {
            e.preventDefault();

            // what was dropped is gone when this function returns
            const items = [...e.dataTransfer.items];
            const entries = items.map((i) => i.webkitGetAsEntry?.() ?? i.getAsFile());

            load().then(({ dropped }) => dropped(root, entries));
        }
    });

    if (storage().getItem('pacs.upload') !== null) {
        load().then(({ openPanel }) => openPanel(root));
    }
}


build();
listen();

if (matchMedia('(pointer: fine)').matches) {
    find('.filters input[name="name"]', HTMLElement).focus();
}

renderForm();
search('other');
hearLive();

const keep = () => import('../ui/program.js').then(({ keepProgram }) => keepProgram());

// what start.js begins may come after all else
if (document.readyState === 'complete') {
    keep();
} else {
    addEventListener('load', keep);
}
