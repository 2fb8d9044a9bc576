// SPDX-License-Identifier: BSD-2-Clause
//
// Viewports that look at the same space: where each cuts the others, and one
// point in all of them.  No DOM.

import { cutOf, middleOf, nearest, planeOf, toPatient } from '../../math/plane.js';
import { cross, dot } from '../../math/vector.js';
import { seenPorts } from '../page.js';
import { frameOf, scrolledTo, shownFrame } from '../state.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../math/plane.js').Plane} Plane
 * @typedef {import('../../math/vector.js').Vector} Vector
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../../dicom/planes.js').Planes} Planes
 * @typedef {import('../../dicom/planes.js').Views} Views
 *
 * @typedef {Object} Line in the picture of a viewport, in image units
 * @property {number} of index of the viewport whose plane it is
 * @property {[Point, Point]} ends
 *
 * @typedef {{reference: string, at: Vector}} Cross a point of a space
 */


/** @param {Viewport} s @returns {Plane | null} of the picture on the screen */
export function planeShown(s) {
    return planeOf(shownFrame(s) ?? frameOf(s));
}


/**
 * @param {Page} page
 * @param {number} at
 * @returns {number[]} the other viewports that are seen and of the same space
 */
export function related(page, at) {
    const reference = referenceOf(page.ports[at]);

    return reference === '' ? [] : seenPorts(page).filter((i) => i !== at
        && referenceOf(page.ports[i]) === reference);
}


/**
 * Where the other pictures cut this one.
 * @param {Page} page
 * @param {number} at
 * @returns {Line[]}
 */
export function linesIn(page, at) {
    const own = planeShown(page.ports[at]);

    return own === null ? [] : related(page, at).flatMap((of) => {
        const other = planeOf(frameOf(page.ports[of]));
        const ends = other === null ? null : cutOf(own, other);

        return ends === null ? [] : [{ of, ends }];
    });
}


/**
 * All viewports of the space go to the slice that is nearest to a point.
 * @param {Page} page
 * @param {number} at viewport in which it was pointed at
 * @param {Vector} point
 * @returns {Page}
 */
export function pointedAt(page, at, point) {
    const others = related(page, at);

    return {
        ...page,
        cross: { reference: referenceOf(page.ports[at]), at: point },
        ports: page.ports.map((s, i) => {
            const hit = others.includes(i) && s.stack !== null
                ? nearest(s.stack.frames, point) : null;

            return hit === null ? s
                : scrolledTo({ ...s, playing: false }, hit.index);
        }),
    };
}


/**
 * @param {Viewport} s
 * @param {Point} image in image units
 * @returns {Vector | null} null: the picture has no place
 */
export function pointIn(s, image) {
    const plane = planeShown(s);

    return plane === null ? null : toPatient(plane, image);
}


/** @param {Viewport} s @returns {string} '': none */
export function referenceOf(s) {
    const f = frameOf(s);

    return planeOf(f) === null ? '' : f?.reference ?? '';
}


/**
 * Half of the way to the next slice: what is nearer is in this one.
 * @param {Viewport} s
 * @returns {number} mm
 */
export function halfSlice(s) {
    const frames = s.stack?.frames ?? [];
    const own = planeOf(frames[s.index] ?? null);
    const next = planeOf(frames[s.index + 1] ?? frames[s.index - 1] ?? null);

    if (own === null || next === null) {
        return 0.5;
    }

    const way = middleOf(next).map((v, i) => v - middleOf(own)[i]);

    return Math.max(0.05, Math.abs(dot(/** @type {Vector} */ (way),
        cross(own.row, own.column))) / 2);
}


/**
 * The viewports with planes of the volume that this one shows a plane of.
 * @param {Page} page
 * @param {number} at
 * @returns {number[]} empty: it is no such plane
 */
export function siblings(page, at) {
    const own = planesOf(page.ports[at]);

    return own === null ? [] : seenPorts(page).filter((i) => i !== at
        && planesOf(page.ports[i])?.volume.id === own.volume.id);
}


/** @param {Viewport | undefined} s @returns {Planes | null} */
export function planesOf(s) {
    return s?.stack?.made?.kind === 'mpr' ? s.stack.made : null;
}


/** @param {Viewport | undefined} s @returns {Views | null} */
export function viewsOf(s) {
    return s?.stack?.made?.kind === 'vr' ? s.stack.made : null;
}
