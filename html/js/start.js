// SPDX-License-Identifier: BSD-2-Clause
//
// Begins a page: in the reader's language, then runs the page's own main.js.

import { bringIcons } from './ui/icons.js';
import { storage } from './ui/storage.js';
import { LANGUAGES, isMirrored, languageOf, speak } from './ui/text.js';

const KEY = 'pacs.language';

const page = document.documentElement;
const chosen = languageOf(storage().getItem(KEY), navigator.languages);


/** English is in the page; what cannot be had leaves it. */
async function translatePage() {
    const catalogue = new URL(`../lang/${chosen}.json`, import.meta.url);
    const [answer, { translate }] = await Promise.all([
        fetch(catalogue), import('./ui/translate.js')]);

    speak(chosen, await answer.json(), navigator.languages);
    page.lang = chosen;
    page.dir = isMirrored() ? 'rtl' : 'ltr';
    translate(page);
}


bringIcons();
speak('en', {}, navigator.languages);

if (chosen !== 'en') {
    await translatePage().catch(() => {});
}

const list = document.querySelector('.language');

list?.append(...Object.entries(LANGUAGES).map(([value, name]) =>
    new Option(name, value, false, value === page.lang)));
list?.addEventListener('change', () => {
    storage().setItem(KEY, /** @type {HTMLSelectElement} */ (list).value);
    location.reload();
});

try {
    await import(`./${document.body.className.replace('page-', '')}/main.js`);
} finally {
    page.classList.add('is-begun');
}
