// SPDX-License-Identifier: BSD-2-Clause
//
// Draws what is shown into the viewport's canvas, and lets the compositor
// do the window that is not there yet, and black for white.

import { apply, matrix } from '../math/view.js';
import { cssFilter, inverted, isWithin, preview, sameWindow } from '../math/window.js';
import { tilePictures, widePicture } from './plan.js';
import { imageSize, isCurrent, shownFrame, windowOf } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./state.js').Frame} Frame
 * @typedef {import('../math/window.js').Affine} Affine
 * @typedef {(key: string) => ImageBitmap | undefined} Bitmaps
 */

/** Levels of tiles, coarser than needed, that may fill in. */
const FILL = 3;

/** 8 of 256 greys at an end: the wide picture, stretched, is further off. */
const SLACK = 1 / 32;


/**
 * What is drawn: the picture that is shown, or, for a window that it was
 * clipped for, the wide one.
 * @typedef {{key: string, window: import('./state.js').Window | null,
 *            isWide: boolean}} Source
 *
 * @param {Viewport} s
 * @param {string} root
 * @param {Bitmaps} bitmaps
 * @returns {Source | null}
 */
export function sourceOf(s, root, bitmaps) {
    const f = shownFrame(s);

    if (f === null || s.shown === null) {
        return null;
    }

    const shown = { key: s.shown.key, window: s.shown.window, isWide: false };
    const to = windowOf(s, f);
    const wide = isCurrent(s) ? widePicture(s, root) : null;
    const good = to === null || wide === null || wide.window === null
        || (shown.window !== null && (sameWindow(to, shown.window)
            || isWithin(to, shown.window, f.voi, SLACK)));

    return good || bitmaps(wide.key) === undefined ? shown
        : { key: wide.key, window: wide.window, isWide: true };
}


/**
 * @param {Viewport} s
 * @param {Source | null} source
 * @returns {Affine} from the picture that is drawn to the one asked for
 */
export function compositorMap(s, source) {
    const f = shownFrame(s);
    const same = { slope: 1, intercept: 0 };
    const to = f === null ? null : windowOf(s, f);
    const map = f === null || source === null || source.window === null
        || to === null ? same
        : preview(source.window, to, f.voi, f.whiteLow) ?? same;

    return s.invert ? inverted(map) : map;
}


/**
 * A bitmap and where it lies: matrix to device px, and x, y, width, height.
 * @typedef {{bitmap: ImageBitmap, at: number[]}} Stroke
 */

/**
 * What is on a canvas: all that its pixels depend on, and how well it is drawn.
 * @type {WeakMap<HTMLCanvasElement, {facts: unknown[], quality: ImageSmoothingQuality}>}
 */
const painted = new WeakMap();


/**
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} s
 * @param {Source | null} source
 * @param {string} root of DICOMweb
 * @param {Bitmaps} bitmaps
 */
export function draw(canvas, s, source, root, bitmaps) {
    const base = source === null ? undefined : bitmaps(source.key);
    const isAlone = base === undefined || source?.isWide;

    paint(canvas, s, [...baseStroke(s, base),
        ...(isAlone ? [] : tileStrokes(s, root, bitmaps))]);
}


/**
 * The picture of a whole frame, where the shown one lies.
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} s
 * @param {ImageBitmap | undefined} bitmap undefined: nothing
 * @param {string} look that it is given then
 * @returns {CanvasRenderingContext2D | null} null: nothing was drawn
 */
export function drawWhole(canvas, s, bitmap, look) {
    return paint(canvas, s, baseStroke(s, bitmap), look);
}


/**
 * Nothing better comes: it is drawn as well as can be, which takes most of a
 * frame's time where there is no GPU.
 * @param {Viewport} s
 */
function isSettled(s) {
    return s.busy === '' && !s.playing && (s.grade === 'exact' || s.grade === 'lossy')
        && (s.shown?.stage === 'final' || s.shown?.stage === 'exact');
}


/**
 * @param {Stroke} stroke
 * @returns {boolean} pixels of it would be left out, were it drawn at low quality
 */
function isReduced({ at: [a, b, c, d] }) {
    return Math.hypot(a, b) < 1 || Math.hypot(c, d) < 1;
}


/**
 * Without a GPU a picture takes half a frame's time: one that is there stays.
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} s
 * @param {Stroke[]} strokes
 * @param {string} [look]
 * @returns {CanvasRenderingContext2D | null} null: nothing was drawn
 */
function paint(canvas, s, strokes, look = '') {
    const width = Math.max(1, Math.round(s.size.width * s.dpr));
    const height = Math.max(1, Math.round(s.size.height * s.dpr));
    const quality = isSettled(s) ? 'high' : strokes.some(isReduced) ? 'medium' : 'low';
    const facts = [width, height, look, ...strokes.flatMap(({ bitmap, at }) => [bitmap, ...at])];
    const old = painted.get(canvas);
    const context = canvas.getContext('2d');

    if (context === null || (facts.length === old?.facts.length
        && facts.every((v, i) => v === old.facts[i]) && [quality, 'high'].includes(old.quality)))
    {
        return null;
    }

    if (old === undefined) {
        canvas.addEventListener('contextlost', () =>
            painted.set(canvas, { facts: [], quality: 'low' }));
    }

    painted.set(canvas, { facts, quality });

    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }

    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = quality;

    for (const { bitmap, at: [a, b, c, d, e, f, ...box] } of strokes) {
        const [x, y, w, h] = box;

        context.setTransform(a, b, c, d, e, f);
        context.drawImage(bitmap, x, y, w, h);
    }

    return strokes.length === 0 ? null : context;
}


/**
 * Lets the compositor change grey values: at once, whatever the net does.
 * @param {HTMLCanvasElement} canvas
 * @param {Affine} map
 */
export function setFilter(canvas, map) {
    const said = `${map.slope} ${map.intercept}`;

    if (canvas.dataset.map !== said) {
        canvas.dataset.map = said;
        // no filter of SVG: WebKitGTK has none
        canvas.style.filter = cssFilter(map);
    }
}


/**
 * @param {Viewport} s
 * @param {ImageBitmap | undefined} bitmap
 * @returns {Stroke[]} one, or none
 */
function baseStroke(s, bitmap) {
    const f = shownFrame(s);

    if (f === null || bitmap === undefined) {
        return [];
    }

    const image = imageSize(f);
    const m = snapped(s, f);
    const kx = image.width / bitmap.width;
    const ky = image.height / bitmap.height;
    const exact = (/** @type {number} */ v) =>
        Math.abs(Math.abs(v) - 1) * bitmap.width < 1.5 ? Math.sign(v) : v;

    // a picture of the right size within a pixel is not resampled
    return [{ bitmap, at: [exact(m[0] * kx), exact(m[1] * kx),
        exact(m[2] * ky), exact(m[3] * ky), m[4], m[5],
        0, 0, bitmap.width, bitmap.height] }];
}


/**
 * @param {Viewport} s
 * @param {string} root of DICOMweb
 * @param {Bitmaps} bitmaps
 * @returns {Stroke[]} the coarser first
 */
function tileStrokes(s, root, bitmaps) {
    const f = shownFrame(s);

    if (f === null || s.shown === null || !isCurrent(s)) {
        return [];
    }

    // the window of the base picture: one filter is for all of them
    const { asked } = s.shown;
    const m = snapped(s, f);
    const coarse = Array.from({ length: FILL + 1 }, (_, i) =>
        tilePictures(s, root, asked, FILL - i)).flat();

    return [...coarse, ...tilePictures(s, root, asked, 0, 'exact')].flatMap(({ key, tile }) => {
        const bitmap = bitmaps(key);

        return bitmap === undefined || tile === null ? [] : [{ bitmap,
            at: [...m, tile.sx, tile.sy * f.aspect, tile.sw, tile.sh * f.aspect] }];
    });
}


/**
 * Image -> device px, with the image's corner on a whole device pixel.
 * @param {Viewport} s
 * @param {Frame} f
 * @returns {import('../math/view.js').Matrix}
 */
function snapped(s, f) {
    const m = matrix(s.view, imageSize(f), s.size);
    const corner = apply(m, { x: 0, y: 0 });

    return [
        m[0] * s.dpr, m[1] * s.dpr, m[2] * s.dpr, m[3] * s.dpr,
        wholePixel(corner.x * s.dpr), wholePixel(corner.y * s.dpr),
    ];
}


/** @param {number} v @returns {number} of halves always the same, whatever their noise */
function wholePixel(v) {
    return Math.round(Number(v.toFixed(3)));
}
