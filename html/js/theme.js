// SPDX-License-Identifier: BSD-2-Clause
//
// Light or dark, before anything is drawn: no module, the page waits for it.
// What was chosen (js/ui/theme.js), else what the system wants.

{
    const light = matchMedia('(prefers-color-scheme: light)');
    const show = () => {
        let chosen = null;

        try {
            chosen = localStorage.getItem('pacs.theme');
        } catch {
            // nothing is kept here
        }

        document.documentElement.dataset.theme =
            chosen ?? (light.matches ? 'light' : 'dark');
    };

    light.addEventListener('change', show);
    addEventListener('storage', show);
    show();
}
