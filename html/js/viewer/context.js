// SPDX-License-Identifier: BSD-2-Clause
//
// The menu of a viewport, where the finger stayed: tools, windows, layouts,
// and what is done at once.

import { el, find } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { commandNamed } from './commands.js';
import { activePortNode, closeMenu, item, show } from './menu.js';
import { frameOf } from './state.js';
import { choices } from './toolbar.js';
import { tools } from './tools/tool.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('../math/view.js').Point} Point
 */

const TEXT = Object.freeze({
    tools: text('Tool'), windows: text('Window'), layouts: text('Layout'), now: text('Picture'),
});

const LAYOUTS = ['layout-1x1', 'layout-1x2', 'layout-2x1', 'layout-2x2'];
const NOW = ['fit', 'native', 'invert', 'annotation', 'cine', 'reset'];

/** Room for the finger. CSS px */
const FINGER = 16;


/**
 * @param {Host} host
 * @param {Point | null} at CSS px of the window; null: the viewport's middle
 */
export function openContext(host, at) {
    const node = build(host);
    const { x, y } = at ?? middle();

    closeMenu();
    // dark as what it lies on
    find('.stage', HTMLElement).append(node);
    show(node, null, { left: x, top: y - FINGER, bottom: y + FINGER });
}


/** @returns {Point} */
function middle() {
    const box = activePortNode().getBoundingClientRect();

    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}


/** @param {Host} host @returns {HTMLElement} */
function build(host) {
    const page = host.page();
    const s = host.port();
    const f = frameOf(s);
    const { rows, columns } = page.layout;
    const windows = f === null || f.colour ? [] : choices(s)
        .filter((c) => commandNamed(c.value) !== undefined);

    return el('div', { class: 'menu menu-context', role: 'menu',
        'aria-label': commandNamed('context')?.label ?? '' },
    group(TEXT.tools, 'icons', [...tools().map((t) => t.name), 'length'].map((name) =>
        item(host, name, { checked: page.tool === name }))),
    group(TEXT.windows, 'list', windows.map((c) => item(host, c.value, {
        label: c.label,
        checked: c.window === null ? s.window === null
            : s.window?.center === c.window.center && s.window.width === c.window.width,
    }))),
    group(TEXT.layouts, 'names', LAYOUTS.map((name) =>
        item(host, name, { checked: name === `layout-${rows}x${columns}` }))),
    group(TEXT.now, 'icons', NOW.map((name) => item(host, name))));
}


/**
 * @param {string} label
 * @param {'icons' | 'list' | 'names'} how
 * @param {HTMLElement[]} items
 * @returns {HTMLElement}
 */
function group(label, how, items) {
    const node = el('div', { class: `menu-group is-${how}`, role: 'group',
        'aria-label': label }, el('p', { class: 'menu-title', 'aria-hidden': 'true' },
        label), ...items);

    node.hidden = items.length === 0;

    return node;
}
