// SPDX-License-Identifier: BSD-2-Clause
//
// The switch of light and dark.  A choice that is the system's is none.

import { storage } from './storage.js';

/** See js/theme.js, which reads it. */
const KEY = 'pacs.theme';


export function toggleTheme() {
    const { dataset } = document.documentElement;
    const isLight = dataset.theme !== 'light';

    dataset.theme = isLight ? 'light' : 'dark';

    if (isLight === matchMedia('(prefers-color-scheme: light)').matches) {
        storage().removeItem(KEY);
    } else {
        storage().setItem(KEY, dataset.theme);
    }
}
