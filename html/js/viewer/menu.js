// SPDX-License-Identifier: BSD-2-Clause
//
// Menus of commands: that of a button of the toolbar, and that of a place.

import { el, find, icon } from '../ui/dom.js';
import { commandNamed, isTool } from './commands.js';

/** @typedef {import('./host.js').Host} Host */

/** Between a menu, what it belongs to and the window's edges. CSS px */
const GAP = 8;

/** owner: its button, if it has one
 * @type {{node: HTMLElement, owner: HTMLElement | null} | null} */
let open = null;


/**
 * @param {Host} host of the active viewport
 * @param {string} name of the command whose button it belongs to
 * @param {string[]} names of the commands in it
 */
export function toggleMenu(host, name, names) {
    const owner = find(`.toolbar [data-command="${name}"]`, HTMLElement);
    const was = open?.owner;

    closeMenu();

    if (was === owner) {
        return;
    }

    const { left, top, bottom } = owner.getBoundingClientRect();
    const node = el('div', {
        class: 'menu', role: 'menu', 'aria-label': commandNamed(name)?.label ?? '',
    }, ...names.map((n) =>
        item(host, n, { checked: isTool(n) ? host.page().tool === n : null })));

    owner.setAttribute('aria-expanded', 'true');
    find('.toolbar', HTMLElement).append(node);
    show(node, owner, { left, top, bottom });
}


/**
 * @param {HTMLElement} node of class menu, on the page already
 * @param {HTMLElement | null} owner
 * @param {{left: number, top: number, bottom: number}} at below it if there
 *     is room, else above. CSS px of the window
 */
export function show(node, owner, at) {
    open = { node, owner };

    const below = at.bottom + GAP / 2;
    const isBelow = below + node.offsetHeight + GAP < innerHeight;

    node.style.left =
        `${Math.max(GAP, Math.min(at.left, innerWidth - node.offsetWidth - GAP))}px`;
    node.style.top = `${isBelow ? below
        : Math.max(GAP, Math.min(at.top, innerHeight - GAP / 2) - GAP / 2 - node.offsetHeight)}px`;
    node.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onPress, { capture: true });
    items(node)[0]?.focus();
}


/**
 * @param {Host} host
 * @param {string} name of the command
 * @param {{label?: string, checked?: boolean | null}} [how] checked: it is one
 *     of several that exclude each other, chosen or not
 */
export function item(host, name, { label, checked = null } = {}) {
    const command = commandNamed(name);
    const text = label ?? command?.label ?? name;
    const node = el('button', {
        class: 'menu-item', type: 'button', 'data-command': name, title: text,
        role: checked === null ? 'menuitem' : 'menuitemradio', tabindex: '-1',
        ...checked === null ? {} : { 'aria-checked': String(checked) },
    }, icon(name), el('span', { class: 'menu-label' }, text),
    el('kbd', { class: 'menu-key', 'aria-hidden': 'true' }, command?.keys[0] ?? ''));

    node.addEventListener('click', () => {
        closeMenu();
        host.run(name);
    });

    return node;
}


/** @returns {HTMLElement} to look at is to select: never another one */
export function activePortNode() {
    return document.querySelector('.cell.is-active .port') ?? find('.port', HTMLElement);
}


export function closeMenu() {
    if (open === null) {
        return;
    }

    const hadFocus = open.node.contains(document.activeElement);

    open.node.remove();
    open.owner?.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', onPress, { capture: true });
    open = null;

    if (hadFocus) {
        activePortNode().focus();
    }
}


/** @param {HTMLElement} node @returns {HTMLElement[]} */
function items(node) {
    return [...node.querySelectorAll('.menu-item')].map((n) =>
        /** @type {HTMLElement} */ (n));
}


/** @param {PointerEvent} e */
function onPress(e) {
    const on = /** @type {Element} */ (e.target);

    if (open !== null && !open.node.contains(on) && !open.owner?.contains(on)) {
        closeMenu();
    }
}


/** @type {Record<string, number>} */
const WAYS = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 };


/** @param {KeyboardEvent} e */
function onKey(e) {
    const all = open === null ? [] : items(open.node);
    const way = WAYS[e.key];

    if (e.key === 'Escape' || e.key === 'Tab') {
        closeMenu();
    } else if (way !== undefined) {
        const at = all.findIndex((n) => n === document.activeElement);

        all[(at + way + all.length) % all.length]?.focus();
    } else if (e.key === 'Home' || e.key === 'End') {
        all.at(e.key === 'Home' ? 0 : -1)?.focus();
    }

    if (way !== undefined) {
        e.preventDefault();
    }

    // the keys of the page rest meanwhile
    if (e.key !== 'Tab') {
        e.stopPropagation();
    }
}
