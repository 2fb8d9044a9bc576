// SPDX-License-Identifier: BSD-2-Clause
//
// The reader moves the texts: where the modality has them, beside the picture,
// into its corners.  That is kept in this browser.

import { storage } from '../ui/storage.js';
import { text } from '../ui/text.js';
import { KEY, TEXTS } from './beside.js';
import { say } from './studies.js';

const NAMES = {
    auto: text('Text: beside mammograms, else in the corners'),
    beside: text('Text: beside the pictures'),
    corners: text('Text: in the corners'),
};


/** @param {import('./host.js').Host} host */
export function moveTexts(host) {
    const texts = TEXTS[(TEXTS.indexOf(host.page().texts) + 1) % TEXTS.length];

    storage().setItem(KEY, texts);
    host.updatePage((page) => ({ ...page, texts }));
    say(host, NAMES[texts]);
}
