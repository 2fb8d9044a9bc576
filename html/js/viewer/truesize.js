// SPDX-License-Identifier: BSD-2-Clause
//
// A mm of the patient as large as a mm of a ruler: only where both the image
// and the screen are known that well; else it says what is missing (S6).

import { here, readSize } from '../display/size.js';
import { centerOf } from '../math/view.js';
import { storage } from '../ui/storage.js';
import { text } from '../ui/text.js';
import { imageSize, shownFrame, spacingOn } from './state.js';
import { say } from './studies.js';

/** @typedef {import('./host.js').Host} Host */

/** Of a projection, whose scale in the patient is not known. */
const UNSURE = ['at the detector', 'Pixel Spacing, uncertain in a projection'];

/** Pixels are shown in their shape, as far as one sees. */
const ALIKE = 0.01;

/** What is missing is longer to read than a note. ms */
const LONG = 9000;


/**
 * @param {import('../math/scale.js').Spacing | null} spacing
 * @param {number} aspect with which the pixels are shown
 * @param {number | null} pxPerMm of the screen
 * @returns {string} '': nothing is against it
 */
export function againstTrueSize(spacing, aspect, pxPerMm) {
    if (spacing === null) {
        return text('No true size: the image does not say how large its pixels are.');
    }

    if (UNSURE.includes(spacing.source)) {
        return text('No true size: the spacing is not calibrated ({source}).',
            { source: text(spacing.source) });
    }

    if (Math.abs(spacing.row / (spacing.column * aspect) - 1) > ALIKE) {
        return text('No true size: the pixels are not shown in their shape.');
    }

    return pxPerMm !== null ? ''
        : text('No true size: this screen is not measured. The display check does that.');
}


/** @param {Host} host of the active viewport */
export function trueSize(host) {
    const f = shownFrame(host.port());

    if (f === null) {
        return;
    }

    const spacing = spacingOn(host.page(), f);
    const pxPerMm = readSize(storage(), here());
    const against = againstTrueSize(spacing, f.aspect, pxPerMm);

    if (against !== '' || spacing === null || pxPerMm === null) {
        say(host, against, LONG);
        return;
    }

    host.update((s) => ({ ...s, view: {
        ...s.view, scale: spacing.column * pxPerMm, center: centerOf(s.view, imageSize(f)),
    } }));
    say(host, text('True size ({source})', { source: text(spacing.source) }), LONG);
}
