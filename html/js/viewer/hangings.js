// SPDX-License-Identifier: BSD-2-Clause
//
// The list of protocols, above the series: why the study hangs as it does,
// and what else fits.

import { el, find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';


/** @param {(name: string) => void} hang as the protocol of that name */
export function listenToHangings(hang) {
    const list = find('.hangings', HTMLSelectElement);

    list.addEventListener('change', () => {
        hang(list.value);
        list.blur();
    });
}


/**
 * The protocols that fit, each with its reason, and what is wrong in others.
 * @param {import('./hanging.js').Hanging} hanging
 */
export function renderHangings({ name, fits, wrong }) {
    const list = find('.hangings', HTMLSelectElement);
    const all = [...name === '' ? [{ value: '', label: text('Own layout') }] : [],
        ...fits.map((x) => ({ value: x.protocol.name, label: x.reason }))];
    const signature = all.map((x) => x.label).join('\n');

    if (list.dataset.signature !== signature) {
        list.dataset.signature = signature;
        list.replaceChildren(...all.map((x) =>
            el('option', { value: x.value }, x.label)));
    }

    list.value = name;
    list.title = [all.find((x) => x.value === name)?.label ?? '', ...wrong].join('\n');
    list.classList.toggle('is-wrong', wrong.length > 0);
    list.hidden = fits.length < 2 && wrong.length === 0;

    const said = find('.hangings-wrong', HTMLElement);

    setText(said, wrong.length === 0 ? '' : text('Hanging protocols: {wrong}', { wrong: wrong.join('; ') }));
    said.hidden = wrong.length === 0;
}
