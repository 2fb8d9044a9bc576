// SPDX-License-Identifier: BSD-2-Clause
//
// The toolbar: modal tools, the window list, and what is done at once.

import { presets } from '../math/window.js';
import { el, find, icon } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { activePort } from './page.js';
import { againstFusion, againstPlanes } from './space/against.js';
import { frameOf, isProjection } from './state.js';
import { tools } from './tools/tool.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./commands.js').Command} Command
 * @typedef {(name: string) => void} Run does the command of that name
 */

/** The commands with a button, in groups. */
const GROUPS = [
    ['measure'],
    ['invert', 'rotate', 'flip'],
    ['fit', 'native', 'sight', 'reset'],
    ['cine'],
    ['layout', 'prior', 'timeline', 'another', 'link', 'lines', 'planes', 'fusion'],
    ['annotation', 'output', 'theme', 'help'],
];

/** And of the advanced mode (IHE BIR, B37). */
const ADVANCED = ['clamp', 'warn-unseen'];


/**
 * @param {Command[]} commands
 * @param {Run} run
 */
export function buildToolbar(commands, run) {
    const bar = find('.toolbar', HTMLElement);
    const named = new Map(commands.map((c) => [c.name, c]));
    const button = (/** @type {string} */ name, /** @type {string} */ pressed) => {
        const c = /** @type {Command} */ (named.get(name));
        const node = el('button', {
            class: 'tool', type: 'button', 'data-command': name,
            title: c.keys.length > 0 ? `${c.label} (${c.keys[0]})` : c.label,
            'aria-label': c.label, 'aria-keyshortcuts': c.keys[0] ?? '',
        }, icon(name), el('span', { class: 'tool-label' }, c.label));

        if (pressed !== '') {
            node.setAttribute('aria-pressed', pressed);
        }

        // linked is let go by the same button
        node.addEventListener('click', () => run(name === 'link'
            && node.getAttribute('aria-pressed') === 'true' ? 'unlink' : name));

        return node;
    };
    const group = (/** @type {Node[]} */ ...nodes) =>
        el('div', { class: 'tool-group', role: 'group' }, ...nodes);

    const advanced = group(...ADVANCED.map((n) => button(n, 'false')));

    advanced.classList.add('tool-advanced');
    bar.prepend(
        group(...tools().map((t) => button(t.name, 'false'))),
        group(windowList(run)),
        ...GROUPS.map((names) => group(...names.map((n) => button(n, '')))),
        advanced,
    );
}


/** @param {Run} run */
function windowList(run) {
    const list = el('select', {
        class: 'windows', 'aria-label': text('Window'), title: text('Window presets (0-9)'),
    });

    list.addEventListener('change', () => {
        run(list.value);
        list.blur();
    });

    return list;
}


/** @param {Page} page */
export function renderToolbar(page) {
    const s = activePort(page);
    const f = frameOf(s);
    const button = (/** @type {string} */ name) =>
        find(`.toolbar [data-command="${name}"]`, HTMLButtonElement);

    for (const t of tools()) {
        button(t.name).setAttribute('aria-pressed', String(page.tool === t.name));
    }

    button('measure').setAttribute('aria-pressed',
        String(page.tool !== 'magnify' && tools().every((t) => t.name !== page.tool)));
    button('sight').setAttribute('aria-pressed', String(page.tool === 'magnify'));
    button('window').disabled = f !== null && f.colour;
    button('invert').setAttribute('aria-pressed', String(s.invert));
    button('link').setAttribute('aria-pressed', String(page.links.scroll));
    button('link').hidden = page.ports.length < 2;
    button('clamp').setAttribute('aria-pressed', String(s.clamped));
    button('warn-unseen').setAttribute('aria-pressed', String(page.warns));
    button('cine').setAttribute('aria-pressed', String(s.playing));
    button('cine').disabled = (s.stack?.frames.length ?? 0) < 2;
    button('rotate').hidden = !isProjection(f);
    button('flip').hidden = !isProjection(f);
    renderSpace(page, button);
    renderWindows(s);
}


/**
 * What cannot be says why.
 * @param {Page} page
 * @param {(name: string) => HTMLButtonElement} button
 */
function renderSpace(page, button) {
    const why = { planes: againstPlanes(page), fusion: againstFusion(page) };
    const on = { lines: page.lines, planes: page.before !== null,
        fusion: activePort(page).fusion !== null };

    for (const [name, reason] of Object.entries(why)) {
        const node = button(name);

        node.dataset.title ??= node.title;
        node.title = reason || node.dataset.title;
        node.disabled = reason !== '';
    }

    for (const [name, is] of Object.entries(on)) {
        button(name).setAttribute('aria-pressed', String(is));
    }
}


/** @param {Viewport} s */
function renderWindows(s) {
    const list = find('.windows', HTMLSelectElement);
    const f = frameOf(s);
    const all = choices(s);
    const signature = all.map((c) => c.label).join('\n');

    if (list.dataset.signature !== signature) {
        list.dataset.signature = signature;
        list.replaceChildren(...all.map((c) =>
            el('option', { value: c.value }, c.label)));
    }

    const current = all.find((c) => c.window === null ? s.window === null
        : s.window?.center === c.window.center && s.window.width === c.window.width);

    list.value = current?.value ?? 'window-own';
    list.disabled = f === null || f.colour;
}


/**
 * The windows that can be chosen: of the header, then of the modality.
 * @param {Viewport} s
 * @returns {{value: string, label: string,
 *            window: import('../math/window.js').Window | null}[]}
 */
export function choices(s) {
    const f = frameOf(s);
    const own = (f?.windows ?? []).slice(1).map((w, i) => ({
        value: `window-header-${i + 1}`, window: w,
        label: w.label || text('Header {n}', { n: i + 2 }),
    }));
    const known = presets(f?.modality ?? '').map((w, i) => ({
        value: `window-preset-${i}`, window: w, label: `${text(w.label)}  ${i + 1}`,
    }));

    return [
        { value: 'window-default', label: f?.windows[0]?.label || `${text('Default')}  0`,
            window: null },
        ...own, ...known,
        { value: 'window-own', label: text('Own'), window: { center: NaN, width: NaN } },
    ];
}
