// SPDX-License-Identifier: BSD-2-Clause
//
// Which pictures a viewport wants, and in which order: what is seen first,
// then the neighbours, in the direction of scrolling before the other.

import { levelFor, tilesFor } from '../math/tiles.js';
import { RESET, fitScale, scaleOf, visible } from '../math/view.js';
import { wideWindow } from '../math/window.js';
import { renderedUrl } from '../net/urls.js';
import { frameOf, imageSize, windowOf } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./state.js').Window} Window
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/tiles.js').Tile} Tile
 *
 * @typedef {Object} Picture
 * @property {string} key
 * @property {string} url
 * @property {string} accept
 * @property {string} stack id
 * @property {number} index of the frame
 * @property {Window | null} window that it is made with; null: not known
 * @property {Window | null} asked window in the URL
 * @property {Tile | null} tile
 * @property {'preview' | 'final'} stage
 * @property {string} kind "JPEG 90"
 * @property {Picture | null} better serves instead, if it is here already
 * @property {boolean} soon is to be decoded as soon as it is here
 *
 * @typedef {{base: Picture, preview: Picture, tiles: Picture[],
 *            now: Picture[], near: Picture[]}} Plan now: is seen; near:
 *     may be seen next, the likeliest first
 */

/** Images up to so many pixels come whole, whatever the zoom. */
const WHOLE = 1280 * 1024;

/**
 * Larger ones come fitted into a box of so many pixels a side: few sizes,
 * so that the server has them ready (the first: made when images arrive).
 */
const BOXES = [1024, 1280, 1600, 2048, 2560, 3200, 4096];

const QUALITY = { preview: 60, final: 90 };

/** Frames asked for ahead of the scroll and behind it. */
const AHEAD = 24;
const BEHIND = 8;


/**
 * @param {Viewport} s
 * @param {string} root of DICOMweb
 * @param {string} [tool] that is chosen
 * @returns {Plan | null} null: nothing to show
 */
export function plan(s, root, tool = '') {
    const f = frameOf(s);

    if (f === null) {
        return null;
    }

    const window = s.window;
    const base = basePicture(s, root, s.index, window, 'final');
    const preview = basePicture(s, root, s.index, window, 'preview');
    const tiles = tilePictures(s, root, window);
    const moving = s.busy !== '' && s.slow;
    const now = moving ? [preview] : [base, ...tiles];
    const near = s.busy === 'window' ? []
        : neighbours(s).map((i, at) => ({
            ...basePicture(s, root, i, window, moving ? 'preview' : 'final'),
            soon: at < 4,
        }));

    const wide = tool === 'window' ? widePicture(s, root) : null;

    return { base, preview, tiles, now, near: wide === null ? near : [wide, ...near] };
}


/**
 * What all viewports want: what is seen, then the neighbours in turn.
 * @param {Plan[]} plans that of the active viewport first
 * @returns {{wanted: Picture[], urgent: number}} urgent: how many are seen
 */
export function wishes(plans) {
    const now = distinct(plans.flatMap((p) => p.now));
    const most = Math.max(0, ...plans.map((p) => p.near.length));
    const near = Array.from({ length: most }, (_, i) =>
        plans.flatMap((p) => p.near[i] ?? [])).flat();

    return { wanted: distinct([...now, ...near]), urgent: now.length };
}


/** @param {Picture[]} pictures @returns {Picture[]} the first of each key */
function distinct(pictures) {
    const seen = new Set();

    return pictures.filter((p) => !seen.has(p.key) && seen.add(p.key));
}


/**
 * @param {Viewport} s
 * @param {string} root
 * @param {number} index
 * @param {Window | null} window that was chosen
 * @param {'preview' | 'final'} stage
 * @returns {Picture}
 */
export function basePicture(s, root, index, window, stage) {
    const size = baseSize(s, index);
    const final = picture(s, root, index, window, 'final', size, null);

    return stage === 'final' ? final : {
        ...picture(s, root, index, window, stage, size, null), better: final,
    };
}


/**
 * The picture that wider windows are previewed from.
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture | null} null: there are no previews
 */
export function widePicture(s, root) {
    const f = frameOf(s);

    return f === null || f.colour || f.voi === 'sigmoid' ? null
        : basePicture(s, root, s.index,
            wideWindow(f.modality, f.windows[0] ?? f.auto ?? f.guess), 'preview');
}


/**
 * The tiles that are seen; none while the base picture is fine enough.
 * @param {Viewport} s
 * @param {string} root
 * @param {Window | null} window that was chosen
 * @param {number} [coarser] levels coarser than needed
 * @returns {Picture[]}
 */
export function tilePictures(s, root, window, coarser = 0) {
    const f = frameOf(s);

    if (f === null) {
        return [];
    }

    const image = imageSize(f);
    const scale = scaleOf(s.view, image, s.size) * s.dpr;
    const size = baseSize(s, s.index);

    if (size === null || scale * f.columns <= size.width * 1.05) {
        return [];
    }

    const part = visible(s.view, image, s.size);
    const stored = {
        ...part, y: part.y / f.aspect, height: part.height / f.aspect,
    };
    const level = levelFor(scale) + coarser;

    return tilesFor(f.columns, f.rows, level, stored)
        .map((t) => picture(s, root, s.index, window, 'final', null, t));
}


/**
 * @param {Viewport} s
 * @param {number} index
 * @returns {{width: number, height: number, box: number} | null} of the
 *     picture; null: as it is stored
 */
function baseSize(s, index) {
    const f = /** @type {Frame} */ (s.stack?.frames[index]);
    const image = imageSize(f);
    const k = fitScale({ ...RESET, rotate: s.view.rotate }, image, s.size) * s.dpr;

    const longest = Math.max(image.width, image.height);
    const box = BOXES.find((side) => side >= longest * k)
        ?? BOXES[BOXES.length - 1];

    if (f.columns * f.rows <= WHOLE || box >= longest) {
        return null;
    }

    return {
        width: Math.max(1, Math.round(image.width / longest * box)),
        height: Math.max(1, Math.round(image.height / longest * box)),
        box,
    };
}


/**
 * @param {Viewport} s
 * @returns {number[]} indices around the shown one, the likeliest first
 */
export function neighbours(s) {
    const count = s.stack?.frames.length ?? 0;
    const at = (/** @type {number} */ step) => {
        const i = s.index + step * s.direction;
        return s.playing ? (i % count + count) % count : i;
    };
    const steps = [];

    for (let i = 1; i <= AHEAD; i++) {
        steps.push(i);

        if (i % 3 === 0 && i / 3 <= BEHIND && !s.playing) {
            steps.push(-i / 3);
        }
    }

    const wanted = steps.map(at)
        .filter((i) => i >= 0 && i < count && i !== s.index);

    return [...new Set(wanted)];
}


/**
 * Breast images come without loss as soon as they come to rest.
 * @param {Viewport} s
 * @param {string} root
 * @param {number} index
 * @param {Window | null} window
 * @param {'preview' | 'final'} stage
 * @param {{box: number} | null} size
 * @param {Tile | null} tile
 * @returns {Picture}
 */
function picture(s, root, index, window, stage, size, tile) {
    const stack = /** @type {import('./state.js').Stack} */ (s.stack);
    const f = stack.frames[index];
    const lossless = f.modality === 'MG' && stage === 'final';
    const quality = QUALITY[stage];
    const accept = lossless ? 'image/png' : 'image/jpeg';
    const url = renderedUrl(root, f, {
        window: f.colour ? null : window,
        voi: f.voi,
        size: size && { width: size.box, height: size.box },
        tile,
        quality: lossless ? 0 : quality,
    });

    return {
        key: `${accept} ${url}`,
        url,
        accept,
        stack: stack.id,
        index,
        window: windowOf({ ...s, window }, f),
        asked: window,
        tile,
        stage,
        kind: lossless ? 'lossless' : `JPEG ${quality}`,
        better: null,
        soon: true,
    };
}
