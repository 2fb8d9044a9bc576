// SPDX-License-Identifier: BSD-2-Clause
//
// What the keyboard comes to in a row that scrolls is seen whole: browsers
// are content with a part of it.

const ROWS = '.filters, .searches, .toolbar, .strip';


export function showFocused() {
    document.addEventListener('focusin', (e) => {
        if (e.target instanceof Element && e.target.closest(ROWS) !== null
            && e.target.matches(':focus-visible'))
        {
            e.target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
        }
    });
}
