// SPDX-License-Identifier: BSD-2-Clause
//
// What has come of a command is said for a while.

import { el, setText } from '../../ui/dom.js';

/** How long. ms */
const WHILE = 6000;

let timer = 0;


/** @param {string} text */
export function say(text) {
    const old = document.querySelector('.said');
    const node = old ?? el('p', { class: 'said', role: 'status' });

    if (old === null) {
        document.body.append(node);
    }

    setText(node, text);
    clearTimeout(timer);
    timer = window.setTimeout(() => node.remove(), WHILE);
}
