// SPDX-License-Identifier: BSD-2-Clause
//
// Vectors of the patient's space: mm, DICOM's L P H axes (PS3.3 C.7.6.2.1.1).

/** @typedef {[number, number, number]} Vector */

/** @param {Vector} a @param {Vector} b @returns {number} */
export function dot(a, b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}


/** @param {Vector} a @param {Vector} b @returns {Vector} */
export function cross(a, b) {
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ];
}


/** @param {Vector} a @returns {number} */
export function length(a) {
    return Math.hypot(a[0], a[1], a[2]);
}


/** @param {Vector} a @param {number} k @returns {Vector} */
export function scaled(a, k) {
    return [a[0] * k, a[1] * k, a[2] * k];
}


/** @param {Vector} a @param {Vector} b @returns {Vector} */
export function sum(a, b) {
    return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}


/** @param {Vector} a @param {Vector} b @returns {Vector} from b to a */
export function difference(a, b) {
    return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}


/**
 * About an axis, by the right hand's rule.
 * @param {Vector} a
 * @param {Vector} axis unit vector
 * @param {number} angle radians
 * @returns {Vector}
 */
export function turned(a, axis, angle) {
    const c = Math.cos(angle);
    const side = scaled(cross(axis, a), Math.sin(angle));

    return sum(sum(scaled(a, c), side), scaled(axis, dot(axis, a) * (1 - c)));
}


/**
 * The index of the axis along which a vector is longest.
 * @param {Vector} a
 * @returns {0 | 1 | 2}
 */
export function mainAxis(a) {
    const [x, y, z] = a.map(Math.abs);

    if (z >= x && z >= y) {
        return 2;
    }

    return y >= x ? 1 : 0;
}
