// SPDX-License-Identifier: BSD-2-Clause
//
// Planes, views and fusion as an address names them (address.js), made again
// elsewhere (H12).  What an address says is checked: it may be anybody's.

import { WHOLE, planeStack, viewStack } from '../../dicom/planes.js';
import { VIEW_FRONT } from '../../dicom/views.js';
import { PLANE } from '../../dicom/volume.js';
import { orientation } from '../../math/orientation.js';
import { nearest } from '../../math/plane.js';
import { numbers } from '../address.js';

/**
 * @typedef {import('../../dicom/volume.js').Volume} Volume
 * @typedef {import('../../dicom/planes.js').Axis} Axis
 * @typedef {import('../../dicom/planes.js').Slab} Slab
 * @typedef {{stack: import('../../dicom/stack.js').Stack, index: number}} Placed
 */

const AXES = ['axial', 'coronal', 'sagittal'];
const SLABS = ['maximum_ip', 'minimum_ip', 'average_ip'];
const PRESET = /^[a-z0-9_-]{1,32}$/i;

/** Thickness of a slab, at most. mm */
const MOST_SLAB = 500;


/**
 * @param {Volume} volume
 * @param {Record<string, string>} facts
 * @returns {Placed | null} null: the address names no plane of it
 */
export function placed(volume, facts) {
    return facts.p === '3d' ? viewOf(volume, facts)
        : AXES.includes(facts.p) ? planeAt(volume, facts) : null;
}


/** @param {Volume} volume @param {Record<string, string>} facts @returns {Placed} */
function planeAt(volume, { p, c, b, m }) {
    const middle = numbers(m);
    const at = middle.length === 3
        ? /** @type {import('../../math/vector.js').Vector} */ (middle) : undefined;
    const stack = planeStack(volume, /** @type {Axis} */ (p),
        orientation(numbers(c)) ?? undefined, slabOf(b), at);

    return { stack, index: at === undefined ? stack.frames.length >> 1
        : nearest(stack.frames, at)?.index ?? 0 };
}


/** @param {Volume} volume @param {Record<string, string>} facts @returns {Placed} */
function viewOf(volume, { n, c, m }) {
    const box = numbers(m);
    const stack = viewStack(volume, {
        preset: PRESET.test(c ?? '') ? c : WHOLE.preset,
        box: box.length === 6 ? box : WHOLE.box,
    });
    const index = Number(n ?? VIEW_FRONT);

    return { stack, index: stack.frames[index] === undefined ? VIEW_FRONT : index };
}


/** @param {string | undefined} text @returns {Slab} */
function slabOf(text) {
    const [mode, mm] = (text ?? '').split(',');

    return SLABS.includes(mode) && Number(mm) > 0 && Number(mm) <= MOST_SLAB
        ? { mode: /** @type {Slab['mode']} */ (mode), mm: Number(mm) } : PLANE;
}
