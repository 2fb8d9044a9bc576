// SPDX-License-Identifier: BSD-2-Clause
//
// What goes with a picture that leaves the page (S12): whose it is, of when,
// how it is shown, and what it is not for.

import { TAG, first } from '../../dicom/dataset.js';
import { formatDate, formatTime } from '../../dicom/dates.js';
import { personName } from '../../dicom/names.js';
import { lossyText } from '../../dicom/stack.js';
import { formatWindow } from '../../math/window.js';
import { dateText, shown, text } from '../../ui/text.js';
import { turnedText } from '../screen.js';
import { shownFrame, windowOf } from '../state.js';

/** @typedef {import('../state.js').Viewport} Viewport */

const TEXT = Object.freeze({
    id: text('ID'), born: text('Born'), accession: text('Acc'), image: text('Image'), inverted: text('Inverted'),
    lossless: text('Shown from lossless'), lossy: text('Shown from lossy JPEG'),
    disclaimer: text('Not for primary diagnosis'),
});

/** Height of a line of an exported picture, and room around. CSS px */
const LINE = 20;
const PAD = 10;

/** Between two facts. */
const GAP = '   ';


/**
 * @param {Viewport} s with a picture
 * @param {Date} now
 * @returns {{head: string[], foot: string[]}}
 */
export function facts(s, now) {
    const f = /** @type {import('../../dicom/stack.js').Frame} */ (shownFrame(s));
    const ds = f.ds;
    const name = personName(ds, TAG.PatientName);
    const labelled = (/** @type {string} */ label, /** @type {string} */ value) =>
        value === '' ? '' : `${label} ${shown(value)}`;
    const window = s.shown?.window ?? windowOf(s, f);
    const join = (/** @type {string[]} */ ...parts) => parts.filter(Boolean).map(shown).join(GAP);

    return {
        head: [
            join([name.main, ...name.other].join(' '),
                labelled(TEXT.id, first(ds, TAG.PatientID)),
                labelled(TEXT.born, formatDate(first(ds, TAG.PatientBirthDate))),
                first(ds, TAG.PatientSex)),
            join(formatDate(first(ds, TAG.StudyDate)), formatTime(first(ds, TAG.StudyTime)),
                first(ds, TAG.StudyDescription), first(ds, TAG.SeriesDescription),
                labelled(TEXT.accession, first(ds, TAG.AccessionNumber)),
                labelled(TEXT.image, `${(s.shown?.index ?? s.index) + 1} / ${s.stack?.frames.length ?? 1}`)),
        ],
        foot: [
            join(window === null ? '' : formatWindow(window),
                s.invert ? TEXT.inverted : '', turnedText(s),
                s.grade === 'exact' ? TEXT.lossless : TEXT.lossy,
                lossyText(f)),
            join(TEXT.disclaimer, text('Made {time}', { time: dateText(now,
                { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }) })),
        ],
    };
}


/**
 * @param {HTMLCanvasElement} picture
 * @param {{head: string[], foot: string[]}} lines
 * @returns {HTMLCanvasElement} the picture between its lines
 */
export function sheet(picture, { head, foot }) {
    const dpr = devicePixelRatio;
    const band = (/** @type {string[]} */ l) =>
        Math.round((l.length * LINE + 2 * PAD) * dpr);
    const canvas = document.createElement('canvas');
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const font = `13px ${getComputedStyle(document.body).fontFamily}`;
    const width = picture.width / dpr - 2 * PAD;

    context.font = font;

    const [above, below] = [head, foot].map((lines) => lines.flatMap((line) =>
        folded(line, (s) => context.measureText(s).width <= width)));

    canvas.width = picture.width;
    canvas.height = band(above) + picture.height + band(below);
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, band(above));
    context.scale(dpr, dpr);
    context.fillStyle = '#fff';
    context.font = font;
    context.textBaseline = 'middle';

    const write = (/** @type {string[]} */ lines, /** @type {number} */ top) =>
        lines.forEach((line, i) =>
            context.fillText(line, PAD, top + PAD + LINE * (i + 0.5), width));

    write(above, 0);
    write(below, (band(above) + picture.height) / dpr);

    return canvas;
}


/**
 * A small viewport has no room for a line: it goes on, between two facts.
 * @param {string} line
 * @param {(s: string) => boolean} fits
 * @returns {string[]}
 */
export function folded(line, fits) {
    return line.split(GAP).reduce((/** @type {string[]} */ lines, fact) => {
        const longer = [...lines.slice(-1), fact].join(GAP);

        return lines.length > 0 && fits(longer) ? [...lines.slice(0, -1), longer]
            : [...lines, fact];
    }, []);
}
