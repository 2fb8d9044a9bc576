// SPDX-License-Identifier: BSD-2-Clause
//
// The panel of an upload: what is sent, how far it is, what was refused or
// skipped and why.

import { el, find, icon, setText } from '../../ui/dom.js';
import { storage } from '../../ui/storage.js';
import { text } from '../../ui/text.js';
import { walk, whyNot } from './files.js';
import {
    KEY, bytes, counts, emptyQueue, isBusy, makeItem, readKept, writeKept,
} from './queue.js';
import { forget, upload } from './tus.js';

/**
 * @typedef {import('./queue.js').Item} Item
 * @typedef {import('./queue.js').Queue} Queue
 */

/** Requests at once. */
const AT_ONCE = 3;

/** Reasons that are listed. */
const MOST_LISTED = 500;

/** Between two writes of what is to be remembered. ms */
const REMEMBER = 1000;

const TEXTS = {
    title: text('Upload'),
    hint: text('Drop DICOM files or folders here'),
    files: text('Choose files'),
    folder: text('Choose a folder'),
    pause: text('Pause'),
    resume: text('Resume'),
    cancel: text('Cancel'),
    close: text('Close'),
    forget: text('Forget it'),
    looking: text('Looking at the files'),
    nothing: text('There is nothing to send.'),
    paused: text('Paused'),
    done: text('Done'),
    sending: text('Sending'),
    cancelled: text('Cancelled'),
};

/** @type {Queue} */
let queue = emptyQueue();
let root = '';
let isLooking = false;
let frame = 0;
/** of the queue's items: those before are not waiting */
let next = 0;
let remembered = 0;

/** @type {Map<Item, AbortController>} */
const under = new Map();
/** @type {{node: HTMLElement, part: (name: string) => HTMLElement} | null} */
let panel = null;


/** @param {string} at root of DICOMweb */
export function openPanel(at) {
    root = at;
    panel ??= build();
    panel.node.hidden = false;
    render();
    panel.part('files').focus();
}


/**
 * @param {string} at
 * @param {(FileSystemEntry | File | null)[]} entries
 */
export async function dropped(at, entries) {
    openPanel(at);
    isLooking = true;
    queue.isPaused = false;
    render();

    const kept = readKept(storage());
    const here = new Map(queue.items.map((i) => [i.key, i]));

    for (const { path, file } of await walk(entries)) {
        const item = makeItem(path, file, await whyNot(file), kept);
        const old = here.get(item.key);

        if (old === undefined) {
            queue.items.push(item);
            here.set(item.key, item);
            start();
        } else if (old.state === 'failed' || old.state === 'cancelled') {
            Object.assign(old, item);
            next = 0;
            start();
        }
    }

    isLooking = false;
    start();
}


/** As many as may be under way are. */
function start() {
    while (!queue.isPaused && under.size < AT_ONCE && next < queue.items.length) {
        const item = queue.items[next++];

        if (item.state === 'waiting') {
            run(item);
        }
    }

    later();
}


/** @param {Item} item */
async function run(item) {
    const abort = new AbortController();

    under.set(item, abort);
    item.state = 'sending';

    try {
        item.reason = await upload(root, item.file, item.id, {
            id: (id) => { item.id = id; },
            sent: (n) => {
                item.sent = n;
                later();
            },
        }, abort.signal);
        item.state = item.reason === '' ? 'stored' : 'failed';

    } catch (e) {
        if (abort.signal.aborted) {
            item.state = queue.isPaused ? 'waiting' : 'cancelled';
        } else {
            item.state = 'failed';
            item.reason = e instanceof Error ? e.message : String(e);
        }
    }

    under.delete(item);
    start();
}


function pauseAll() {
    queue.isPaused = !queue.isPaused;

    if (queue.isPaused) {
        under.forEach((abort) => abort.abort());
        remember(true);
    } else {
        next = 0;
        start();
    }
    later();
}


function cancelAll() {
    queue.isPaused = false;
    queue.items.filter((i) => i.state === 'waiting' || i.state === 'sending')
        .forEach((i) => {
            i.state = 'cancelled';
            under.get(i)?.abort();

            if (i.id !== '') {
                forget(root, i.id);
            }
        });
    remember(true);
    later();
}


function close() {
    if (panel !== null && !isBusy(queue)) {
        queue = emptyQueue();
        next = 0;
        panel.node.hidden = true;
        find('.head .open-upload', HTMLElement).focus();
    }
}


/** @param {boolean} now */
function remember(now) {
    if (queue.items.length > 0
        && (now || performance.now() - remembered > REMEMBER || !isBusy(queue)))
    {
        remembered = performance.now();
        writeKept(storage(), queue);
    }
}


/* --- the panel --- */

function build() {
    const files = input({ multiple: '' });
    const folder = input({ webkitdirectory: '' });
    const button = (/** @type {string} */ name, /** @type {string} */ text,
        /** @type {() => void} */ press) => {
        const b = el('button', { class: `button upload-${name}`, type: 'button' }, text);

        b.addEventListener('click', press);
        return b;
    };
    const shut = button('close', '', close);

    shut.setAttribute('aria-label', TEXTS.close);
    shut.append(icon('close'));

    const node = el('section', { class: 'upload', 'aria-labelledby': 'upload-title' },
        el('div', { class: 'upload-head' },
            el('h2', { class: 'upload-title', id: 'upload-title' }, TEXTS.title), shut),
        el('div', { class: 'upload-drop' },
            el('p', { class: 'upload-hint' }, TEXTS.hint),
            el('div', { class: 'upload-choose' },
                button('files', TEXTS.files, () => files.click()),
                button('folder', TEXTS.folder, () => folder.click()))),
        el('p', { class: 'upload-cut' }, el('span', { class: 'upload-cut-text' }),
            button('forget', TEXTS.forget, () => {
                storage().removeItem(KEY);
                later();
            })),
        el('div', { class: 'upload-now' },
            el('progress', { class: 'upload-bar', max: '1', value: '0',
                'aria-label': TEXTS.title }),
            el('p', { class: 'upload-text', role: 'status' }),
            el('p', { class: 'upload-rate' }),
            el('div', { class: 'upload-buttons' },
                button('pause', TEXTS.pause, pauseAll),
                button('cancel', TEXTS.cancel, cancelAll))),
        el('ul', { class: 'upload-list', tabindex: '0', 'aria-label': text('Not stored') }),
        files, folder);

    document.body.append(node);
    addEventListener('beforeunload', (e) => {
        remember(true);

        if (isBusy(queue) && !queue.isPaused) {
            e.preventDefault();
        }
    });

    return { node, part: (/** @type {string} */ name) =>
        /** @type {HTMLElement} */ (node.querySelector(`.upload-${name}`)) };
}


/** @param {Record<string, string>} attributes */
function input(attributes) {
    const node = el('input', { type: 'file', class: 'unseen', tabindex: '-1',
        'aria-hidden': 'true', ...attributes });

    node.addEventListener('change', () => {
        dropped(root, [...node.files ?? []]);
        node.value = '';
    });

    return node;
}


/** The next time that the page is drawn. */
function later() {
    frame ||= requestAnimationFrame(() => {
        frame = 0;
        remember(false);
        render();
    });
}


function render() {
    if (panel === null) {
        return;
    }

    const { part } = panel;
    const n = counts(queue);
    const b = bytes(queue);
    const busy = isBusy(queue);
    const kept = queue.items.length === 0 ? readKept(storage()) : null;

    part('drop').hidden = busy;
    part('now').hidden = queue.items.length === 0 && !isLooking;
    part('cut').hidden = kept === null || kept.total === 0;
    part('close').hidden = busy;
    part('buttons').hidden = !busy;
    setText(part('pause'), queue.isPaused ? TEXTS.resume : TEXTS.pause);
    setText(part('text'), summary(n));
    setText(part('rate'), b.total === 0 ? ''
        : text('{n} of {all}', { n: size(b.sent), all: size(b.total) }));
    /** @type {HTMLProgressElement} */
    (part('bar')).value = b.total === 0 ? 0 : b.sent / b.total;
    part('bar').hidden = b.total === 0;

    if (kept !== null && kept.total > 0) {
        setText(part('cut-text'), text('An upload was cut: {n} of {all} files are stored.'
            + ' Choose the same files or folder again: it goes on where it ended.',
            { n: kept.done.size, all: kept.total }));
    }
    renderList();
}


/** @param {Record<string, number>} n */
function summary(n) {
    const parts = [
        isLooking ? TEXTS.looking : queue.isPaused && isBusy(queue) ? TEXTS.paused
            : n.sending + n.waiting > 0 ? TEXTS.sending
                : n.stored + n.failed > 0 ? TEXTS.done
                    : n.cancelled > 0 ? TEXTS.cancelled : TEXTS.nothing,
        n.stored > 0 || n.sending > 0 ? text('{n} file stored|{n} files stored', { n: n.stored }) : '',
        n.waiting + n.sending > 0 ? text('{n} to go', { n: n.waiting + n.sending }) : '',
        n.failed > 0 ? text('{n} refused', { n: n.failed }) : '',
        n.skipped > 0 ? text('{n} skipped', { n: n.skipped }) : '',
        n.cancelled > 0 ? text('{n} cancelled', { n: n.cancelled }) : '',
    ];

    return parts.filter(Boolean).join(' · ');
}


/** @param {number} n bytes */
function size(n) {
    return n < 1e6 ? `${Math.ceil(n / 1e3)} kB`
        : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}


/** What was refused or skipped: entries are added, none changes. */
function renderList() {
    const list = /** @type {HTMLElement} */ (panel?.part('list'));
    const items = queue.items.filter((i) => i.state === 'failed'
        || i.state === 'skipped').slice(0, MOST_LISTED);
    const wanted = new Set(items.map((i) => i.key));
    const there = new Set([...list.children].map((node) =>
        /** @type {HTMLElement} */ (node).dataset.key));

    [...list.children].filter((node) =>
        !wanted.has(/** @type {HTMLElement} */ (node).dataset.key ?? ''))
        .forEach((node) => node.remove());
    list.append(...items.filter((i) => !there.has(i.key)).map((i) => {
        const why = el('bdi', { class: 'upload-why' });
        const node = el('li', { class: `upload-item is-${i.state}` },
            el('bdi', { class: 'upload-path' }, i.path), why);

        setText(why, i.reason);
        node.dataset.key = i.key;
        return node;
    }));
    list.hidden = items.length === 0;
}
