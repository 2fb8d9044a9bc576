// SPDX-License-Identifier: BSD-2-Clause
//
// The list of keys and gestures, made from the table of commands.

import { el, find } from '../ui/dom.js';
import { commands } from './commands.js';

const POINTER = [
    ['Drag', 'the chosen tool'],
    ['Right drag', 'window'],
    ['Middle drag', 'pan'],
    ['Wheel', 'scroll'],
    ['Ctrl + wheel', 'zoom about the pointer'],
    ['Two fingers', 'pan and zoom'],
    ['Long press, right click', 'menu of the viewport'],
    ['Tap at the left or right edge', 'previous, next image'],
    ['Pen', 'draws; then one finger pans'],
    ['Double click, double tap', 'one viewport, all; of one: fit, 1:1'],
];

/** @type {Record<string, string>} */
const NAMES = {
    ARROWUP: '↑', ARROWDOWN: '↓', ARROWLEFT: '←', ARROWRIGHT: '→',
    PAGEUP: 'PgUp', DELETE: 'Del', PAGEDOWN: 'PgDn', HOME: 'Home', END: 'End', ESCAPE: 'Esc',
    ' ': 'Space', CONTEXTMENU: 'Menu', '0': '0',
};


function build() {
    const keyed = commands().filter((c) => c.keys.length > 0
        && !c.name.startsWith('window-preset'));

    find('.help-keys', HTMLElement).append(
        ...keyed.flatMap((c) => row(c.keys.map((k) => NAMES[k] ?? k), c.label)),
        ...row(['1', '…', '9'], 'Window presets'));
    find('.help-pointer', HTMLElement).append(
        ...POINTER.flatMap(([how, what]) => row([how], what)));

    find('.help-close', HTMLElement).addEventListener('click', () => toggleHelp());
}


export function toggleHelp() {
    const dialog = find('.help', HTMLDialogElement);

    if (find('.help-keys', HTMLElement).childElementCount === 0) {
        build();
    }

    if (dialog.open) {
        dialog.close();
    } else {
        dialog.showModal();
    }
}


/** @param {string[]} keys @param {string} what */
function row(keys, what) {
    return [
        el('dt', {}, ...keys.map((k) => el('kbd', {}, k))),
        el('dd', {}, what),
    ];
}
