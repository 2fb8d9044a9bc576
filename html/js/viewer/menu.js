// SPDX-License-Identifier: BSD-2-Clause
//
// Menus of commands that a button of the toolbar opens.

import { el, find, icon } from '../ui/dom.js';
import { commandNamed } from './commands.js';

/** @typedef {import('./host.js').Host} Host */

/** @type {{node: HTMLElement, name: string} | null} */
let open = null;


/**
 * @param {Host} host of the active viewport
 * @param {string} name of the command whose button it belongs to
 * @param {string[]} names of the commands in it
 */
export function toggleMenu(host, name, names) {
    const was = open?.name;

    close();

    if (was !== name) {
        show(host, name, names);
    }
}


/** @param {string} name */
function buttonOf(name) {
    return find(`.toolbar [data-command="${name}"]`, HTMLElement);
}


/** @param {Host} host @param {string} name @param {string[]} names */
function show(host, name, names) {
    const node = el('div', {
        class: 'menu', role: 'menu', 'aria-label': commandNamed(name)?.label ?? '',
    }, ...names.map((n) => item(host, n)));
    const box = buttonOf(name).getBoundingClientRect();

    document.body.append(node);
    open = { node, name };
    buttonOf(name).setAttribute('aria-expanded', 'true');

    const left = Math.min(box.left, innerWidth - node.offsetWidth - 8);
    const isBelow = box.bottom + 4 + node.offsetHeight < innerHeight;

    node.style.left = `${Math.max(8, left)}px`;
    node.style.top = `${isBelow ? box.bottom + 4
        : Math.max(8, box.top - 4 - node.offsetHeight)}px`;
    node.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onPress, { capture: true });
    /** @type {HTMLElement | null} */ (node.firstElementChild)?.focus();
}


/** @param {Host} host @param {string} name */
function item(host, name) {
    const command = commandNamed(name);
    const node = el('button', {
        class: 'menu-item', type: 'button', role: 'menuitemradio', 'data-command': name,
        'aria-checked': String(host.page().tool === name),
    }, icon(name), el('span', { class: 'menu-label' }, command?.label ?? name),
    el('kbd', { class: 'menu-key' }, command?.keys[0] ?? ''));

    node.addEventListener('click', () => {
        close();
        host.run(name);
    });

    return node;
}


function close() {
    if (open === null) {
        return;
    }

    const hadFocus = open.node.contains(document.activeElement);

    open.node.remove();
    buttonOf(open.name).setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', onPress, { capture: true });
    open = null;

    if (hadFocus) {
        find('.cell.is-active .port, .port', HTMLElement).focus();
    }
}


/** @param {PointerEvent} e */
function onPress(e) {
    const on = /** @type {Element} */ (e.target);

    if (open !== null && !open.node.contains(on) && !buttonOf(open.name).contains(on)) {
        close();
    }
}


/** @param {KeyboardEvent} e */
function onKey(e) {
    const way = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[e.key];
    const all = [...open?.node.children ?? []];

    if (e.key === 'Escape') {
        close();
    } else if (way !== undefined) {
        const at = all.findIndex((n) => n === document.activeElement);
        const to = all[(at + way + all.length) % all.length];

        /** @type {HTMLElement} */ (to).focus();
    }

    // the keys of the page rest meanwhile
    if (e.key !== 'Tab') {
        e.stopPropagation();
    }
}
