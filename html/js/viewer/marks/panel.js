// SPDX-License-Identifier: BSD-2-Clause
//
// The list of marks and key images beside the pictures.

import { formatGroup } from '../../dicom/names.js';
import { KINDS } from '../../marks/mark.js';
import { labelOf } from '../../marks/measure.js';
import { flat } from '../../marks/place.js';
import { el, find, icon, setText } from '../../ui/dom.js';
import { text } from '../../ui/text.js';
import { colourOf } from './drawing.js';
import { framesHere } from './state.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('../../dicom/stack.js').Frame} Frame
 * @typedef {import('./state.js').Marks} Marks
 *
 * @typedef {Object} Actions
 * @property {(name: string) => void} run a command
 * @property {(mark: Mark) => void} jump to its picture
 * @property {(mark: Mark) => void} rename
 * @property {(uid: string) => void} remove
 * @property {() => void} author asks for the name
 */

const TEXT = Object.freeze({
    title: text('Marks'), none: text('No marks yet.'),
    unknown: text('Author not named'), program: text('other program'), jump: text('Show'),
    rename: text('Name'), remove: text('Delete'), choose: text('Set your name'),
    saving: {
        saved: text('Saved'), waits: text('Kept on this device; not sent yet'),
        sending: text('Sending'), failed: text('Kept on this device; will be sent later'),
    },
});

/** The buttons on top. */
const BUTTONS = ['marks-undo', 'marks-redo', 'marks-hide', 'marks-save'];


/**
 * @param {import('../commands.js').Command[]} commands
 * @param {Actions} actions
 * @returns {HTMLElement}
 */
export function buildPanel(commands, actions) {
    const named = new Map(commands.map((c) => [c.name, c]));
    const button = (/** @type {string} */ name) => {
        const c = named.get(name);
        const node = el('button', {
            class: 'button panel-button', type: 'button', 'data-command': name,
            'aria-label': c?.label ?? name,
            title: [c?.label, ...(c?.keys ?? []).slice(0, 1)].join('  '),
        }, icon(name));

        node.addEventListener('click', () => actions.run(name));

        return node;
    };
    const author = el('button', { class: 'panel-author', type: 'button' });
    const panel = el('aside', { class: 'panel', 'aria-label': TEXT.title },
        el('header', { class: 'panel-head' },
            el('h2', { class: 'panel-title' }, TEXT.title), button('marks-panel')),
        el('div', { class: 'panel-tools', role: 'group' }, ...BUTTONS.map(button)),
        el('p', { class: 'panel-saving', role: 'status' }),
        el('p', { class: 'panel-note', role: 'alert' }),
        author,
        el('ol', { class: 'panel-list' }),
        el('p', { class: 'panel-keys' }));

    author.addEventListener('click', () => actions.author());
    find('.stage', HTMLElement).append(panel);

    return panel;
}


/** The session is over. @param {HTMLElement} panel */
export function emptyPanel(panel) {
    panel.hidden = true;
    panel.querySelector('.panel-list')?.replaceChildren();
}


/**
 * @param {HTMLElement} panel
 * @param {Marks} m
 * @param {Host} host
 * @param {Actions} actions
 */
export function renderPanel(panel, m, host, actions) {
    panel.hidden = !m.panel;

    if (!m.panel) {
        return;
    }

    const part = (/** @type {string} */ name) =>
        /** @type {HTMLElement} */ (panel.querySelector(`.panel-${name}`));
    const at = m.saving.at === '' ? '' : new Date(m.saving.at).toLocaleTimeString('en-GB',
        { hour: '2-digit', minute: '2-digit' });

    setText(part('saving'), [TEXT.saving[m.saving.state], at].filter(Boolean).join(' ')
        + (m.saving.reason === '' ? '' : `: ${m.saving.reason}`));
    part('saving').dataset.state = m.saving.state;
    setText(part('note'), m.note);
    part('note').hidden = m.note === '';
    setText(part('author'), m.author === '' ? TEXT.choose
        : text('Author: {name}', { name: formatGroup(m.author) }));
    setText(part('keys'), m.keys.length === 0 ? ''
        : text('{n} key image|{n} key images', { n: m.keys.length }));

    for (const [name, off] of /** @type {const} */ ([
        ['marks-undo', m.history.past.length === 0],
        ['marks-redo', m.history.future.length === 0],
        ['marks-save', m.saving.state === 'saved' || m.saving.state === 'sending']]))
    {
        find(`[data-command="${name}"]`, HTMLButtonElement, panel).disabled = off;
    }

    find('[data-command="marks-hide"]', HTMLElement, panel)
        .setAttribute('aria-pressed', String(m.hidden));

    const all = [...m.history.now, ...m.others];
    const list = part('list');

    if (all.length === 0) {
        list.replaceChildren(el('li', { class: 'panel-none' }, TEXT.none));
        return;
    }

    const old = new Map([...list.children].map((n) =>
        [/** @type {HTMLElement} */ (n).dataset.uid, n]));
    const frames = framesHere(host.page());
    const nodes = all.map((mark) => {
        const node = old.get(mark.uid) ?? entry();
        fill(/** @type {HTMLElement} */ (node), mark, m, frames, actions);
        return node;
    });

    if (nodes.length !== list.children.length
        || nodes.some((n, i) => list.children[i] !== n))
    {
        list.replaceChildren(...nodes);
    }
}


function entry() {
    const small = (/** @type {string} */ name, /** @type {string} */ label,
        /** @type {string} */ symbol) => el('button', {
        class: `button entry-${name}`, type: 'button', 'aria-label': label, title: label,
    }, icon(symbol));

    return el('li', { class: 'entry' },
        el('button', { class: 'entry-jump', type: 'button' },
            el('span', { class: 'entry-colour' }),
            el('span', { class: 'entry-main' },
                el('bdi', { class: 'entry-title' }), el('span', { class: 'entry-figure' })),
            el('span', { class: 'entry-facts' },
                el('span', { class: 'entry-place' }), el('bdi', { class: 'entry-author' }))),
        small('rename', TEXT.rename, 'text'), small('remove', TEXT.remove, 'close'));
}


/**
 * @param {HTMLElement} node
 * @param {Mark} mark
 * @param {Marks} m
 * @param {Frame[]} frames
 * @param {Actions} actions
 */
function fill(node, mark, m, frames, actions) {
    const part = (/** @type {string} */ name) =>
        /** @type {HTMLElement} */ (node.querySelector(`.entry-${name}`));
    const frame = frames.find((f) => f.instance === mark.image?.instance
        && f.frame === mark.image.frame);
    const { lines } = mark.patient !== null
        ? labelOf(mark, flat(mark.patient).points, flat(mark.patient).frame)
        : frame === undefined ? { lines: [] } : labelOf(mark, mark.points, frame);
    const figures = lines.filter((l) => l !== mark.label);
    const number = frame?.ds['00200011']?.Value?.[0];

    node.dataset.uid = mark.uid;
    node.classList.toggle('is-selected', mark.uid === m.selected);
    part('colour').className = `entry-colour author-${mark.own ? 0
        : colourOf(mark.author || mark.program)}`;
    setText(part('title'), mark.label || KINDS[mark.kind].name);
    setText(part('figure'), figures.slice(0, 2).join('  '));
    setText(part('place'), frame === undefined ? ''
        : `${number ?? ''} / ${frame.instanceNumber ?? ''}`
            + (frame.frames > 1 ? ` / ${frame.frame}` : ''));
    setText(part('author'), mark.own ? '' : formatGroup(mark.author)
        || mark.program || TEXT.unknown);
    part('rename').hidden = !mark.own;
    part('remove').hidden = !mark.own;
    part('jump').onclick = () => actions.jump(mark);
    part('rename').onclick = () => actions.rename(mark);
    part('remove').onclick = () => actions.remove(mark.uid);
}
