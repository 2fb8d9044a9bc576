// SPDX-License-Identifier: BSD-2-Clause
//
// Keys, from the table of commands.  A key that a focused control needs for
// itself stays with it.

import { commandOfKey } from '../commands.js';

/** @param {(name: string) => void} run does the command of that name */
export function listenToKeys(run) {
    document.addEventListener('keydown', (e) => {
        if (e.ctrlKey || e.altKey || e.metaKey || isTaken(e)) {
            return;
        }

        const command = commandOfKey(e.shiftKey && e.key === 'F10' ? 'ContextMenu'
            : e.key);

        if (command !== undefined) {
            e.preventDefault();
            run(command.name);
        }
    });
}


/** @param {KeyboardEvent} e @returns {boolean} */
function isTaken(e) {
    const on = e.target;

    if (document.querySelector('dialog[open]') !== null) {
        return true;
    }

    if (on instanceof HTMLSelectElement || on instanceof HTMLInputElement) {
        return e.key !== 'Escape';
    }

    const presses = e.key === ' ' || e.key === 'Enter';

    return presses && (on instanceof HTMLButtonElement
        || on instanceof HTMLAnchorElement);
}
