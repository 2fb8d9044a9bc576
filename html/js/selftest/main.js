// SPDX-License-Identifier: BSD-2-Clause
//
// The self-test: runs the points one after another against the server of
// this page and shows what each found.

import { rootOf } from '../net/dicomweb.js';
import { find } from '../ui/dom.js';
import { bringIcons } from '../ui/icons.js';
import { Archive } from './archive.js';
import { POINTS, tried, untried } from './points.js';
import { Sheet } from './sheet.js';

const root = rootOf();
const sheet = new Sheet({
    points: POINTS, untried, standard: 'PS3.18', file: 'selftest.json',
    server: new URL(root, location.href).href,
});


/** @param {boolean} stores also those that do */
function run(stores) {
    if (!stores) {
        sheet.clear();
    }

    sheet.run((point) => Boolean(point.stores) === stores && point.run !== undefined,
        async () => {
            const archive = await Archive.look(root);

            return (point) => tried(point, root, archive);
        });
}


bringIcons();
find('.selftest-run', HTMLElement).addEventListener('click', () => run(false));
find('.selftest-store', HTMLElement).addEventListener('click', () => run(true));
