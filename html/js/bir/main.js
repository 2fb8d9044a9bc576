// SPDX-License-Identifier: BSD-2-Clause
//
// The viewer tried in the reader's own browser, on what the archive has.

import { rootOf } from '../net/dicomweb.js';
import { Sheet } from '../selftest/sheet.js';
import { find } from '../ui/dom.js';
import { bringIcons } from '../ui/icons.js';
import { Cases } from './cases.js';
import { POINTS, tried, untried } from './points.js';
import { Viewer } from './viewer.js';

/** Of the frame, as the style has it. CSS px */
const WIDTH = 1280;

const root = rootOf();
/** of the address: ?only=B03,B21 */
const only = new URLSearchParams(location.search).get('only')?.split(',');
const sheet = new Sheet({
    points: POINTS.filter((x) => only?.includes(x.number) ?? true), untried, standard: 'RAD TF-2 4.16.4.2.2.5', file: 'bir.json',
    server: new URL(root, location.href).href,
});
const view = find('.bir-view', HTMLElement);
const viewer = new Viewer(find('.bir-frame', HTMLIFrameElement));

bringIcons();
new ResizeObserver(() =>
    view.style.setProperty('--scale', String(view.clientWidth / WIDTH))).observe(view);

find('.selftest-run', HTMLElement).addEventListener('click', () => {
    sheet.clear();
    document.body.classList.add('is-running');
    sheet.run(() => true, async () => {
        const cases = new Cases(root);

        return (point) => tried(point, cases, viewer);
    }).finally(() => document.body.classList.remove('is-running'));
});
