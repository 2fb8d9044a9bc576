// SPDX-License-Identifier: BSD-2-Clause
//
// The small questions that marks ask: a text, a length.

import { MOST } from '../../marks/mark.js';
import { el } from '../../ui/dom.js';
import { text } from '../../ui/text.js';

const TEXT = Object.freeze({
    ok: text('OK'), cancel: text('Cancel'), length: text('Calibrate'), lengthLabel: text('Its true length in mm'),
    textLabel: text('Text'), authorLabel: text('Your name, as it stands with your marks'),
    author: text('Author'),
});


/** @param {string} title @param {string} value @returns {Promise<string>} '' for none */
export async function askText(title, value) {
    return (await ask(title, TEXT.textLabel, value, {
        type: 'text', maxlength: String(MOST.label),
    }) ?? value).trim();
}


/** @param {string} value @returns {Promise<string>} */
export async function askAuthor(value) {
    return (await ask(TEXT.author, TEXT.authorLabel, value, {
        type: 'text', maxlength: '60', autocomplete: 'name',
    }) ?? value).trim();
}


/** @returns {Promise<number | null>} mm */
export async function askLength() {
    const answer = await ask(TEXT.length, TEXT.lengthLabel, '', {
        type: 'number', min: '0.01', max: '10000', step: 'any', inputmode: 'decimal',
        required: '',
    });
    const length = Number(answer);

    return answer !== null && answer !== '' && Number.isFinite(length) ? length : null;
}


/**
 * @param {string} title
 * @param {string} label
 * @param {string} value
 * @param {Record<string, string>} attributes of the field
 * @returns {Promise<string | null>} null: cancelled
 */
function ask(title, label, value, attributes) {
    const field = el('input', { class: 'ask-field', name: 'value', ...attributes });
    const form = el('form', { class: 'ask-form', method: 'dialog' },
        el('h2', { class: 'ask-title' }, title),
        el('label', { class: 'ask-label' }, label, field),
        el('div', { class: 'ask-buttons' },
            el('button', { class: 'button', type: 'button', value: 'cancel' }, TEXT.cancel),
            el('button', { class: 'button is-main', type: 'submit', value: 'ok' }, TEXT.ok)));
    const dialog = el('dialog', { class: 'ask', 'aria-label': title }, form);

    field.value = value;
    form.querySelector('[value="cancel"]')?.addEventListener('click',
        () => dialog.close('cancel'));
    document.body.append(dialog);

    return new Promise((done) => {
        dialog.addEventListener('close', () => {
            dialog.remove();
            done(dialog.returnValue === 'ok' ? field.value : null);
        });
        dialog.showModal();
        field.select();
    });
}
