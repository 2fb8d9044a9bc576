// SPDX-License-Identifier: BSD-2-Clause
//
// The small grids to choose from: up to 4 x 4 viewports, and up to 4 x 4
// frames in the selected one.

import { el, find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { activePortNode } from './menu.js';
import { MOST_PORTS } from './page.js';

/** @typedef {import('./host.js').Host} Host */

/** @type {HTMLElement | null} */
let menu = null;


/** @param {Host} host of the active viewport */
export function toggleLayouts(host) {
    menu ??= build(host);

    if (menu.hidden) {
        open(menu, host);
    } else {
        close();
    }
}


/** @param {HTMLElement} node @param {Host} host */
function open(node, host) {
    const button = find('.toolbar [data-command="layout"]', HTMLElement);
    const box = button.getBoundingClientRect();
    const { rows, columns } = host.page().layout;

    node.hidden = false;
    button.setAttribute('aria-expanded', 'true');

    const left = Math.min(box.left, innerWidth - node.offsetWidth - 8);
    const below = box.bottom + 4 + node.offsetHeight < innerHeight;

    node.style.left = `${Math.max(8, left)}px`;
    node.style.top = `${below ? box.bottom + 4
        : Math.max(8, box.top - 4 - node.offsetHeight)}px`;
    choice(find('.layouts-ports', HTMLElement, node), rows, columns)?.focus();
}


function close() {
    const button = find('.toolbar [data-command="layout"]', HTMLElement);

    if (menu !== null && !menu.hidden) {
        const hadFocus = menu.contains(document.activeElement);

        menu.hidden = true;
        button.setAttribute('aria-expanded', 'false');

        if (hadFocus) {
            activePortNode().focus();
        }
    }
}


/** @param {Host} host @returns {HTMLElement} */
function build(host) {
    const node = el('div', { class: 'layouts' },
        grid(host, 'layout', 'layouts-ports', text('Rows and columns of viewports'),
            (rows, columns) => `${rows} × ${columns}`),
        grid(host, 'tiles', 'layouts-tiles', text('Images in the viewport'),
            (rows, columns) => text('{rows} × {columns} images', { rows, columns })));

    node.hidden = true;
    document.addEventListener('pointerdown', (e) => {
        const on = /** @type {Element} */ (e.target);

        if (!node.contains(on) && on.closest('[data-command="layout"]') === null) {
            close();
        }
    }, { capture: true });
    find('.toolbar', HTMLElement).append(node);

    return node;
}


/**
 * @param {Host} host of the active viewport
 * @param {string} command that a choice runs: COMMAND-2x3
 * @param {string} name class
 * @param {string} label
 * @param {(rows: number, columns: number) => string} named each choice
 * @returns {HTMLElement}
 */
function grid(host, command, name, label, named) {
    const sides = Array.from({ length: MOST_PORTS }, (_, i) => i + 1);
    const choices = sides.flatMap((rows) => sides.map((columns) => {
        const button = el('button', {
            class: 'layouts-choice', type: 'button', 'data-rows': String(rows),
            'data-columns': String(columns),
            'aria-label': named(rows, columns),
        });
        button.addEventListener('click', () => {
            close();
            host.run(`${command}-${rows}x${columns}`);
        });
        button.addEventListener('focus', () => mark(node, rows, columns));
        button.addEventListener('pointerenter', () => mark(node, rows, columns));
        return button;
    }));
    const node = el('div', { class: name, role: 'group', 'aria-label': label },
        el('p', { class: 'layouts-label', 'aria-hidden': 'true' }, label),
        el('div', { class: 'layouts-grid' }, ...choices),
        el('p', { class: 'layouts-name', 'aria-hidden': 'true' }));

    node.addEventListener('keydown', (e) => onKey(node, e));

    return node;
}


/** @param {HTMLElement} node @param {KeyboardEvent} e */
function onKey(node, e) {
    const [dr, dc] = /** @type {Record<string, [number, number]>} */ ({
        ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    })[e.key] ?? [0, 0];
    const on = /** @type {HTMLElement} */ (document.activeElement);

    if (e.key === 'Escape') {
        close();
    } else if (dr !== 0 || dc !== 0) {
        choice(node, Number(on.dataset.rows) + dr, Number(on.dataset.columns) + dc)
            ?.focus();
    }

    // the keys of the page rest meanwhile
    if (e.key !== 'Tab') {
        e.stopPropagation();
    }
}


/**
 * @param {HTMLElement} node
 * @param {number} rows
 * @param {number} columns
 * @returns {HTMLElement | null}
 */
function choice(node, rows, columns) {
    return node.querySelector(`[data-rows="${rows}"][data-columns="${columns}"]`);
}


/**
 * @param {HTMLElement} node
 * @param {number} rows
 * @param {number} columns
 */
function mark(node, rows, columns) {
    node.querySelectorAll('.layouts-choice').forEach((b) => {
        const { rows: r, columns: c } = /** @type {HTMLElement} */ (b).dataset;
        b.classList.toggle('is-on', Number(r) <= rows && Number(c) <= columns);
    });
    setText(find('.layouts-name', HTMLElement, node), `${rows} × ${columns}`);
}
