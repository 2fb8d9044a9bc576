// SPDX-License-Identifier: BSD-2-Clause
//
// For administrators: what is wrong in the hanging protocols, those in use or
// those of a file that is to be.

import { checked } from '../hang/check.js';
import { el, find, setText } from '../ui/dom.js';
import { bringIcons } from '../ui/icons.js';

const file = find('.hanging-file', HTMLInputElement);


/** @param {string} name of the file @param {string} json */
function show(name, json) {
    const { names, wrong } = checked(json);
    const summary = find('.hanging-summary', HTMLElement);

    summary.classList.toggle('is-wrong', wrong.length > 0);
    setText(summary, wrong.length === 0 ? `${name} is right.`
        : `${name}: ${wrong.length === 1 ? '1 fault' : `${wrong.length} faults`}.`
            + ' What is wrong is not used.');
    find('.hanging-table', HTMLElement).hidden = wrong.length === 0;
    find('.hanging-rows', HTMLElement).replaceChildren(...wrong.map(({ line, place, what }) =>
        el('tr', {}, el('td', {}, String(line)), el('th', { scope: 'row' }, place),
            el('td', {}, el('p', {}, what),
                el('code', {}, json.split('\n')[line - 1]?.trim().slice(0, 200) ?? '')))));
    setText(find('.hanging-right', HTMLElement), names.length === 0 ? ''
        : `Right: ${names.join(', ')}.`);
}


bringIcons();
file.addEventListener('change', async () => {
    const [chosen] = file.files ?? [];

    if (chosen !== undefined) {
        show(chosen.name, await chosen.text());
        // the same file, once it is mended
        file.value = '';
    }
});

fetch('hanging.json', { cache: 'no-store' })
    .then(async (answer) => {
        if (!answer.ok) {
            throw new Error(`The server says ${answer.status}.`);
        }

        show('hanging.json', await answer.text());
    })
    .catch((e) => setText(find('.hanging-summary', HTMLElement),
        `hanging.json cannot be read. ${e.message}`));
