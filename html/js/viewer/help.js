// SPDX-License-Identifier: BSD-2-Clause
//
// The list of keys and gestures, made from the table of commands.

import { el, find } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { commands } from './commands.js';

const POINTER = [
    [text('Drag'), text('the chosen tool')],
    [text('Right drag'), text('window')],
    [text('Middle drag'), text('pan')],
    [text('Wheel'), text('scroll')],
    [text('Ctrl + wheel'), text('zoom about the pointer')],
    [text('Two fingers'), text('pan and zoom')],
    [text('Long press, right click'), text('menu of the viewport')],
    [text('Tap at the left or right edge'), text('previous, next image')],
    [text('Pen'), text('draws; then one finger pans')],
    [text('Shift + arrow keys'), text('the chosen tool, the selected mark, the magnifier')],
    [text('Enter'), text('begins or ends a mark, opens the magnifier')],
    ['.', text('next end of the mark; larger magnifier')],
    ['Del', text('deletes the selected mark')],
    [text('Ctrl + Z, Ctrl + Y'), text('undoes, redoes marks')],
    [text('Double click, double tap'), text('one viewport, all; of one: fit, 1:1')],
];

/** @type {Record<string, string>} */
const NAMES = {
    ARROWUP: '↑', ARROWDOWN: '↓', ARROWLEFT: '←', ARROWRIGHT: '→',
    PAGEUP: 'PgUp', DELETE: 'Del', PAGEDOWN: 'PgDn', HOME: 'Home', END: 'End', ESCAPE: 'Esc',
    ' ': text('Space'), CONTEXTMENU: text('Menu'), '0': '0',
};


function build() {
    const keyed = commands().filter((c) => c.keys.length > 0
        && !c.name.startsWith('window-preset'));

    find('.help-keys', HTMLElement).append(
        ...keyed.flatMap((c) => row(c.keys.map((k) => NAMES[k] ?? k), c.label)),
        ...row(['1', '…', '9'], text('Window presets')));
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
