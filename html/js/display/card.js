// SPDX-License-Identifier: BSD-2-Clause
//
// The part of the display check where the screen is measured: a card is drawn
// as large as the slider says, until a real one covers it.

import { find, setText } from '../ui/dom.js';
import { storage } from '../ui/storage.js';
import { text } from '../ui/text.js';
import { CARD, RANGE, here, readSize, writeSize } from './size.js';

/** What CSS takes a screen for, before it is measured: px a mm. */
const USUAL = 96 / 25.4;

const slider = find('.card-slider', HTMLInputElement);
const card = find('.card', HTMLElement);


/** @param {number} pxPerMm */
function draw(pxPerMm) {
    card.style.width = `${CARD.width * pxPerMm}px`;
    card.style.height = `${CARD.height * pxPerMm}px`;
}


/** @param {number | null} pxPerMm */
function tell(pxPerMm) {
    setText(find('.card-state', HTMLElement), pxPerMm === null
        ? text('This screen is not measured.')
        : text('Measured: {n} pixels are a centimetre.', { n: (pxPerMm * 10).toFixed(1) }));
}


export function showCard() {
    const kept = readSize(storage(), here());

    slider.min = String(RANGE.least);
    slider.max = String(RANGE.most);
    slider.value = String(kept ?? USUAL);
    draw(Number(slider.value));
    tell(kept);
    slider.addEventListener('input', () => draw(Number(slider.value)));
    find('.card-keep', HTMLButtonElement).addEventListener('click', () => {
        writeSize(storage(), here(), Number(slider.value));
        tell(readSize(storage(), here()));
    });
}
