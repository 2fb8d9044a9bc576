// SPDX-License-Identifier: BSD-2-Clause
//
// The quality ladder: how a picture is sent, from a quick preview to one
// without loss, and when the next step is due.

import { TAG, first } from '../dicom/dataset.js';
import { rateOf, timeOf } from '../net/meter.js';

/**
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../net/meter.js').Meter} Meter
 *
 * @typedef {'half' | 'preview' | 'final' | 'exact'} Stage
 * @typedef {{quality: number, part: number, cost: number,
 *            kind: string}} Step quality 0: lossless; part of the size;
 *     cost: bytes, as a part of those of the final picture
 */

/** @type {Record<Stage, Step>} */
export const STEPS = {
    half: { quality: 40, part: 0.5, cost: 0.1, kind: 'JPEG 40' },
    preview: { quality: 60, part: 1, cost: 0.4, kind: 'JPEG 60' },
    final: { quality: 90, part: 1, cost: 1, kind: 'JPEG 90' },
    exact: { quality: 0, part: 1, cost: 2, kind: 'lossless' },
};

/** While things move, a picture may take so long. ms */
const PATIENCE = 120;

/**
 * The final picture is seen so long after the last change, or as soon as the
 * net has it; what is asked for earlier than LEAST is of no use too often. ms
 */
const RESTED = 150;
const LEAST = 60;

/** From an answer to the screen: decoded, then a frame of it. ms */
const DRAWN = 30;

/** Below this a picture without loss comes only where it has to: bytes a ms */
const SLOW = 1e6 / 8 / 1000;

/**
 * Ratios that lossy pictures do not go beyond, as the Canadian Association of
 * Radiologists has them; the first that fits.
 * @type {{modality: string, part?: RegExp, ratio: number}[]}
 */
const CEILINGS = [
    { modality: 'CT', part: /HEAD|BRAIN|SKULL|NECK|SPINE/, ratio: 12 },
    { modality: 'CT', ratio: 15 },
    { modality: 'MR', ratio: 24 },
    { modality: 'US', ratio: 12 },
    { modality: 'NM', ratio: 11 },
    { modality: 'PT', ratio: 11 },
    { modality: 'MG', ratio: 1 },
    { modality: 'CR', part: /BREAST/, ratio: 25 },
    { modality: 'DX', part: /BREAST/, ratio: 25 },
    { modality: 'CR', ratio: 30 },
    { modality: 'DX', ratio: 30 },
    { modality: 'XA', ratio: 15 },
    { modality: 'RF', ratio: 15 },
];

/** Of what the table does not name. */
const USUAL_CEILING = 12;


/** @param {Frame} f @returns {number} n of n:1 */
export function ceilingOf(f) {
    const part = first(f.ds, TAG.BodyPartExamined).toUpperCase();

    return CEILINGS.find((c) => c.modality === f.modality
        && (c.part === undefined || c.part.test(part)))?.ratio ?? USUAL_CEILING;
}


/** @param {Frame} f @returns {boolean} never with loss, but while it moves */
export function isLossless(f) {
    return ceilingOf(f) <= 1;
}


/**
 * What a viewport asks for while it moves: the best that comes in time.
 * @param {Meter} m
 * @param {number} bytes of a final picture
 * @param {boolean} known the frame was seen, or the window alone changes
 * @returns {'half' | 'preview' | 'final'}
 */
export function movingStage(m, bytes, known) {
    const comes = (/** @type {Stage} */ stage) =>
        timeOf(m, bytes * STEPS[stage].cost) - timeOf(m, 0) <= PATIENCE / 3
        && timeOf(m, bytes * STEPS[stage].cost) <= PATIENCE;

    return comes('final') ? 'final' : known || comes('preview') ? 'preview' : 'half';
}


/**
 * After how long without a change the final picture is asked for; where it
 * comes while things move, the one without loss and the neighbours are.
 * @param {Meter} m
 * @param {Stage} pace what comes while it moves
 * @returns {number} ms
 */
export function restOf(m, pace) {
    return pace === 'final' ? RESTED
        : Math.max(LEAST, RESTED - DRAWN - timeOf(m, m.final));
}


/**
 * The picture of quality 90 is here: is one without loss to follow?
 * @param {Meter} m
 * @param {number} ratio of what is shown, n:1
 * @param {number} ceiling
 * @returns {boolean}
 */
export function improves(m, ratio, ceiling) {
    return ratio > ceiling || (!m.saves && rateOf(m) >= SLOW);
}
