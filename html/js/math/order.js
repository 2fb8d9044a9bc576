// SPDX-License-Identifier: BSD-2-Clause
//
// The order of a stack: by position along the normal, so that up and down
// always mean the same side of the patient: head to feet, right to left,
// front to back.

import { cross, dot, length, mainAxis, scaled } from './vector.js';

/**
 * @typedef {import('./vector.js').Vector} Vector
 * @typedef {import('./orientation.js').Orientation} Orientation
 * @typedef {{orientation: Orientation | null, position: Vector | null,
 *            instanceNumber: number | null, instance: string,
 *            frame: number}} Placed
 */

/** Towards what a stack goes, by the main axis of its normal: L, P, F. */
const TOWARDS = [1, 1, -1];

/** Cosine above which two planes are parallel: 1 degree. */
const PARALLEL = Math.cos(Math.PI / 180);


/**
 * @template {Placed} T
 * @param {T[]} frames
 * @returns {T[]} a new array
 */
export function ordered(frames) {
    const groups = parallelGroups(frames);

    if (groups === null) {
        return [...frames].sort(byNumber);
    }

    return groups.flatMap(({ normal, members }) => members
        .map((f) => ({ f, at: dot(/** @type {Vector} */ (f.position), normal) }))
        .sort((a, b) => Math.abs(a.at - b.at) > 1e-3
            ? a.at - b.at
            : byNumber(a.f, b.f))
        .map((a) => a.f));
}


/**
 * The normal of a plane, pointing where a stack goes.
 * @param {Orientation} o
 * @returns {Vector | null}
 */
export function stackNormal(o) {
    const n = cross(o.row, o.column);
    const axis = mainAxis(n);

    return length(n) < 0.9
        ? null
        : scaled(n, Math.sign(n[axis]) * TOWARDS[axis] / length(n));
}


/**
 * Groups of parallel planes, in the order of their first instance number;
 * null when a frame has no place in the patient.
 * @template {Placed} T
 * @param {T[]} frames
 * @returns {{normal: Vector, members: T[]}[] | null}
 */
function parallelGroups(frames) {
    /** @type {{normal: Vector, members: T[]}[]} */
    const groups = [];

    for (const f of [...frames].sort(byNumber)) {
        const normal = f.orientation === null ? null
            : stackNormal(f.orientation);

        if (normal === null || f.position === null) {
            return null;
        }

        const group = groups.find((g) => dot(g.normal, normal) > PARALLEL);

        if (group === undefined) {
            groups.push({ normal, members: [f] });
        } else {
            group.members.push(f);
        }
    }

    return groups;
}


/** @param {Placed} a @param {Placed} b @returns {number} */
function byNumber(a, b) {
    return (a.instanceNumber ?? Infinity) - (b.instanceNumber ?? Infinity)
        || compare(a.instance, b.instance)
        || a.frame - b.frame;
}


/** @param {string} a @param {string} b @returns {number} */
function compare(a, b) {
    if (a === b) {
        return 0;
    }

    return a < b ? -1 : 1;
}
