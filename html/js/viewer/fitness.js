// SPDX-License-Identifier: BSD-2-Clause
//
// Whether the display was checked, in the banner: after the first picture.

import { KEY, readCheck, stateOf, stateText } from '../display/record.js';
import { el, find, icon, setText } from '../ui/dom.js';
import { storage } from '../ui/storage.js';

export function showFitness() {
    const said = el('span', { 'class': 'fitness-text' });
    const chip = el('a', {
        'class': 'fitness', 'href': 'display.html', 'target': '_blank',
        'rel': 'noopener',
    }, icon('display'), said);

    const render = () => {
        const check = readCheck(storage());

        chip.dataset.state = stateOf(check, Date.now());
        setText(said, stateText(check, Date.now()));
        chip.title = said.textContent ?? '';
        chip.setAttribute('aria-label', chip.title);
    };

    render();
    find('.banner-study', HTMLElement).before(chip);

    // the check was made in another tab
    addEventListener('storage', (e) => {
        if (e.key === KEY) {
            render();
        }
    });
}
