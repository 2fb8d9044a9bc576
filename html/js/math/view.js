// SPDX-License-Identifier: BSD-2-Clause
//
// How an image lies in its viewport: fit, zoom, pan, rotate, flip.
//
// Image space: x along rows, y down columns, in units of a pixel's width;
// (0, 0) is the outer corner of the first pixel.  Screen space: CSS px from
// the viewport's top left.

/**
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 * @typedef {[number, number, number, number, number, number]} Matrix
 *     x' = a x + c y + e, y' = b x + d y + f
 * @typedef {{scale: number | null, center: Point | null,
 *            rotate: 0 | 90 | 180 | 270, flip: boolean,
 *            side?: 'left' | 'right'}} View
 *     scale: CSS px a pixel, null: fit.  center: the image point in the
 *     middle of the viewport, null: the image's middle.  The image is
 *     flipped left to right first, then rotated clockwise.  side: of the
 *     viewport that an image lies at which fits and was not moved.
 */

/** Zoom goes from a quarter of fit to this many CSS px a pixel. */
const MOST_ZOOM = 32;

/** @type {View} */
export const RESET = Object.freeze(/** @type {View} */ ({
    scale: null, center: null, rotate: 0, flip: false,
}));


/**
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @returns {number} the scale at which the whole image is seen
 */
export function fitScale(view, image, port) {
    const turned = view.rotate % 180 !== 0;
    const width = turned ? image.height : image.width;
    const height = turned ? image.width : image.height;

    return Math.min(port.width / width, port.height / height);
}


/**
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @returns {number} CSS px a pixel
 */
export function scaleOf(view, image, port) {
    return view.scale ?? fitScale(view, image, port);
}


/** @param {View} view @param {Size} image @returns {Point} */
export function centerOf(view, image) {
    return view.center ?? { x: image.width / 2, y: image.height / 2 };
}


/**
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @returns {Point} of the image, in the middle of the viewport
 */
function centerIn(view, image, port) {
    const middle = centerOf(view, image);

    if (view.side === undefined || view.center !== null || view.scale !== null) {
        return middle;
    }

    const s = fitScale(view, image, port);
    const [a, , c] = linear(view, s);
    const free = port.width - Math.abs(a) * image.width - Math.abs(c) * image.height;
    const by = free / 2 / (s * s) * (view.side === 'left' ? 1 : -1);

    return { x: middle.x + a * by, y: middle.y + c * by };
}


/**
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @returns {Matrix} image -> screen
 */
export function matrix(view, image, port) {
    const s = scaleOf(view, image, port);
    const c = centerIn(view, image, port);
    const [a, b, cc, d] = linear(view, s);

    return [
        a, b, cc, d,
        port.width / 2 - a * c.x - cc * c.y,
        port.height / 2 - b * c.x - d * c.y,
    ];
}


/** @param {Matrix} m @param {Point} p @returns {Point} */
export function apply(m, p) {
    return {
        x: m[0] * p.x + m[2] * p.y + m[4],
        y: m[1] * p.x + m[3] * p.y + m[5],
    };
}


/** @param {Matrix} m @param {Point} p screen @returns {Point} image */
export function applyInverse(m, p) {
    const det = m[0] * m[3] - m[1] * m[2];
    const x = p.x - m[4];
    const y = p.y - m[5];

    return {
        x: (m[3] * x - m[2] * y) / det,
        y: (m[0] * y - m[1] * x) / det,
    };
}


/**
 * @param {number} scale
 * @param {number} fit
 * @returns {number} the next one that is not too small or too large
 */
export function scaleWithin(scale, fit) {
    return Math.min(Math.max(MOST_ZOOM, fit), Math.max(Math.min(fit / 4, 1), scale));
}


/**
 * Zooms; the image point under `at` stays there.
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @param {number} factor
 * @param {Point} at screen
 * @returns {View}
 */
export function zoomed(view, image, port, factor, at) {
    const scale = scaleWithin(scaleOf(view, image, port) * factor,
        fitScale(view, image, port));
    const point = applyInverse(matrix(view, image, port), at);
    const next = { ...view, scale, center: { x: 0, y: 0 } };
    const under = applyInverse(matrix(next, image, port), at);

    next.center = { x: point.x - under.x, y: point.y - under.y };

    return kept(next, image);
}


/**
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @param {number} dx CSS px
 * @param {number} dy CSS px
 * @returns {View}
 */
export function panned(view, image, port, dx, dy) {
    const s = scaleOf(view, image, port);
    const c = centerIn(view, image, port);
    const [a, b, cc, d] = linear(view, s);
    const k = s * s;        // the matrix is s times an orthogonal one

    return kept({
        ...view,
        scale: s,
        center: { x: c.x - (a * dx + b * dy) / k, y: c.y - (cc * dx + d * dy) / k },
    }, image);
}


/** @param {View} view @param {90 | -90} by @returns {View} */
export function rotated(view, by) {
    const rotate = /** @type {View['rotate']} */ ((view.rotate + by + 360) % 360);

    return { ...view, rotate };
}


/**
 * Left and right of the screen change sides.
 * @param {View} view
 * @returns {View}
 */
export function flipped(view) {
    const rotate = /** @type {View['rotate']} */ ((360 - view.rotate) % 360);

    return { ...view, flip: !view.flip, rotate, ...otherSide(view) };
}


/** @param {View} view */
function otherSide({ side }) {
    return side === undefined ? {}
        : { side: /** @type {View['side']} */ (side === 'left' ? 'right' : 'left') };
}


/**
 * The part of the image that is seen.
 * @param {View} view
 * @param {Size} image
 * @param {Size} port
 * @returns {{x: number, y: number, width: number, height: number}}
 */
export function visible(view, image, port) {
    const m = matrix(view, image, port);
    const p = applyInverse(m, { x: 0, y: 0 });
    const q = applyInverse(m, { x: port.width, y: port.height });
    const x = Math.max(0, Math.min(p.x, q.x));
    const y = Math.max(0, Math.min(p.y, q.y));

    return {
        x,
        y,
        width: Math.max(0, Math.min(image.width, Math.max(p.x, q.x)) - x),
        height: Math.max(0, Math.min(image.height, Math.max(p.y, q.y)) - y),
    };
}


/** @param {View} view @param {number} s @returns {number[]} a, b, c, d */
function linear(view, s) {
    const [cos, sin] = /** @type {Record<number, [number, number]>} */ ({
        0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1],
    })[view.rotate];
    const f = view.flip ? -s : s;

    // + 0 turns -0 into 0
    return [f * cos + 0, f * sin + 0, -s * sin + 0, s * cos + 0];
}


/**
 * The middle of the viewport stays on the image: it cannot get lost.
 * @param {View} view
 * @param {Size} image
 * @returns {View}
 */
function kept(view, image) {
    const c = centerOf(view, image);
    const within = (/** @type {number} */ v, /** @type {number} */ most) =>
        Math.min(most, Math.max(0, v));

    return {
        ...view,
        center: { x: within(c.x, image.width), y: within(c.y, image.height) },
    };
}
