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
            || isWithin(to, shown.window, f.voi)));

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
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} s
 * @param {Source | null} source
 * @param {string} root of DICOMweb
 * @param {Bitmaps} bitmaps
 */
export function draw(canvas, s, source, root, bitmaps) {
    const base = source === null ? undefined : bitmaps(source.key);
    const context = drawWhole(canvas, s, base);
    const f = shownFrame(s);

    if (context !== null && f !== null && source !== null && !source.isWide) {
        drawTiles(context, s, f, root, bitmaps);
    }
}


/**
 * The picture of a whole frame, where the shown one lies.
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} s
 * @param {ImageBitmap | undefined} bitmap undefined: nothing
 * @returns {CanvasRenderingContext2D | null} null: nothing was drawn
 */
export function drawWhole(canvas, s, bitmap) {
    const width = Math.max(1, Math.round(s.size.width * s.dpr));
    const height = Math.max(1, Math.round(s.size.height * s.dpr));

    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }

    const context = canvas.getContext('2d');
    const f = shownFrame(s);

    context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.clearRect(0, 0, width, height);

    if (context === null || f === null || bitmap === undefined) {
        return null;
    }

    // the best takes half a frame's time, where there is no GPU
    context.imageSmoothingQuality = s.busy !== '' || s.playing ? 'medium' : 'high';
    drawBase(context, s, f, bitmap);

    return context;
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
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} s
 * @param {Frame} f
 * @param {ImageBitmap} bitmap
 */
function drawBase(context, s, f, bitmap) {
    const image = imageSize(f);
    const m = snapped(s, f);
    const kx = image.width / bitmap.width;
    const ky = image.height / bitmap.height;
    const exact = (/** @type {number} */ v) =>
        Math.abs(Math.abs(v) - 1) * bitmap.width < 1.5 ? Math.sign(v) : v;

    // a picture of the right size within a pixel is not resampled
    context.setTransform(exact(m[0] * kx), exact(m[1] * kx),
        exact(m[2] * ky), exact(m[3] * ky), m[4], m[5]);
    context.drawImage(bitmap, 0, 0);
}


/**
 * @param {CanvasRenderingContext2D} context
 * @param {Viewport} s
 * @param {Frame} f
 * @param {string} root
 * @param {Bitmaps} bitmaps
 */
function drawTiles(context, s, f, root, bitmaps) {
    const shown = /** @type {import('./state.js').Shown} */ (s.shown);

    if (!isCurrent(s)) {
        return;
    }

    context.setTransform(...snapped(s, f));

    // the window of the base picture: one filter is for all of them
    for (let coarser = FILL; coarser >= -1; coarser--) {
        const tiles = coarser === -1 ? tilePictures(s, root, shown.asked, 0, 'exact')
            : tilePictures(s, root, shown.asked, coarser);

        for (const p of tiles) {
            const bitmap = bitmaps(p.key);

            if (bitmap !== undefined && p.tile !== null) {
                const t = p.tile;
                context.drawImage(bitmap, t.sx, t.sy * f.aspect,
                    t.sw, t.sh * f.aspect);
            }
        }
    }
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
