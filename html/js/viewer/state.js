// SPDX-License-Identifier: BSD-2-Clause
//
// The state of a viewport: one plain object, and the functions that make the
// next one.  No DOM, no network.  What all viewports share is in page.js.

import { frameRate } from '../dicom/stack.js';
import { turnedView } from '../dicom/views.js';
import { BY_USER } from '../math/scale.js';
import { RESET } from '../math/view.js';
import { sameWindow } from '../math/window.js';

/**
 * @typedef {import('../dicom/stack.js').Stack} Stack
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/window.js').Window} Window
 * @typedef {import('../math/view.js').View} View
 * @typedef {import('../math/view.js').Size} Size
 *
 * @typedef {'' | 'scroll' | 'window'} Busy what changes right now
 *
 * @typedef {Object} Shown the picture on the screen
 * @property {number} index of its frame
 * @property {Frame} frame may be of the stack before, until the first picture
 *     of the new one is there
 * @property {string} key of the picture in the loader
 * @property {Window | null} window that it was made with; null: not known
 * @property {Window | null} asked window in its URL
 * @property {import('./ladder.js').Stage} stage
 * @property {string} kind "JPEG 90"
 * @property {number} bytes as sent
 *
 * @typedef {Pick<Viewport, 'shown' | 'detail' | 'grade' | 'failure'>} Tile what
 *     is its own of each frame of several
 *
 * @typedef {Object} Viewport
 * @property {string} entry id of the entry of the strip, '': empty
 * @property {string} message instead of a picture, or ''
 * @property {Stack | null} stack
 * @property {import('../dicom/papers.js').Paper[]} papers instead of a stack;
 *     index: which of them
 * @property {{rows: number, columns: number}} tiles consecutive frames
 * @property {Tile[]} more of the frames after the first
 * @property {number} index of the frame that is asked for, the first one
 * @property {1 | -1} direction of the last scroll
 * @property {Window | null} window chosen; null: as the header says
 * @property {boolean} clamped window drags leave the lower end at 0
 * @property {boolean} invert
 * @property {View} view
 * @property {View} home what Reset goes back to
 * @property {Size} size CSS px of a tile; of no width: not measured yet
 * @property {number} dpr device px a CSS px
 * @property {Busy} busy
 * @property {'half' | 'preview' | 'final'} pace what is asked for while it
 *     moves
 * @property {Shown | null} shown
 * @property {'whole' | 'coming' | 'failed'} detail of the tiles that are seen
 * @property {'exact' | 'improving' | 'lossy' | 'waiting'} grade of what is seen;
 *     improving: without loss it is under way; waiting: nothing of what is
 *     asked for is here
 * @property {{index: number, reason: string} | null} failure
 * @property {boolean} playing
 * @property {boolean} cineOpen its controls are there
 * @property {number} cineAt when the last frame was due, ms
 * @property {number | null} cineHere percent of the loop, while it is waited for
 * @property {number} fps
 * @property {Uint8Array} marks of each frame, MARK
 * @property {import('./space/fusion.js').Fusion | null} fusion what lies over
 *     the picture
 */

/** What is known of a frame, for the slider. */
export const MARK = Object.freeze({ none: 0, here: 1, seen: 2, failed: 3 });

/** Frames a second, when the header says nothing. */
const USUAL_RATE = 15;

/** What is counted from 0. */
const CLAMPED = ['NM', 'PT'];


/** @returns {Viewport} */
export function initial() {
    return {
        entry: '',
        message: '',
        stack: null,
        papers: [],
        tiles: { rows: 1, columns: 1 },
        more: [],
        index: 0,
        direction: 1,
        window: null,
        clamped: false,
        invert: false,
        view: RESET,
        home: RESET,
        size: { width: 0, height: 0 },
        dpr: 1,
        busy: '',
        pace: 'final',
        shown: null,
        detail: 'whole',
        grade: 'lossy',
        failure: null,
        playing: false,
        cineOpen: false,
        cineAt: 0,
        cineHere: null,
        fps: USUAL_RATE,
        marks: new Uint8Array(0),
        fusion: null,
    };
}


/**
 * Nothing is shown; the place on the page stays.
 * @param {Viewport} s
 * @param {string} [entry] that is under way
 * @param {string} [message]
 * @returns {Viewport}
 */
export function emptied(s, entry = '', message = '') {
    return {
        ...initial(), entry, message, size: s.size, dpr: s.dpr, tiles: s.tiles,
    };
}


/**
 * Another stack: everything that belonged to the old one goes.
 * @param {Viewport} s
 * @param {Stack} stack
 * @param {Uint8Array} [seen] marks of the frames that were seen before
 * @returns {Viewport}
 */
export function withStack(s, stack, seen) {
    const [first] = stack.frames;

    return {
        ...emptied(s, stack.id),
        stack,
        fps: frameRate(first) ?? USUAL_RATE,
        cineOpen: first.frames > 1,
        clamped: CLAMPED.includes(first.modality),
        marks: seen ?? new Uint8Array(stack.frames.length),
    };
}


/** @param {Viewport} s @returns {number} of frames at once */
export function tileCount(s) {
    return s.tiles.rows * s.tiles.columns;
}


/**
 * One of several frames at once, as a viewport (IHE BIR, B07).
 * @param {Viewport} s
 * @param {number} k from 0
 * @returns {Viewport}
 */
export function tileOf(s, k) {
    if (k === 0) {
        return s;
    }

    const { shown, detail, grade, failure } = s.more[k - 1] ?? initial();
    const isThere = s.index + k < (s.stack?.frames.length ?? 0);

    return isThere ? { ...s, index: s.index + k, shown, detail, grade, failure }
        : { ...emptied(s), size: s.size };
}


/**
 * @param {Viewport} s
 * @param {number} k from 0
 * @param {Viewport} tile
 * @returns {Viewport}
 */
export function withTile(s, k, tile) {
    if (k === 0 || tile.stack === null) {
        return k === 0 ? tile : s;
    }

    const { shown, detail, grade, failure, marks } = tile;
    const old = s.more[k - 1];

    if (old !== undefined && old.shown === shown && old.detail === detail
        && old.grade === grade && old.failure === failure && s.marks === marks)
    {
        return s;
    }

    const more = s.more.slice();
    more[k - 1] = { shown, detail, grade, failure };

    return { ...s, more, marks };
}


/**
 * @param {Viewport} s
 * @param {{rows: number, columns: number}} tiles
 * @returns {Viewport}
 */
export function withTiles(s, tiles) {
    return { ...s, tiles, more: [] };
}


/** @param {Viewport} s @returns {Frame | null} that is asked for */
export function frameOf(s) {
    return s.stack?.frames[s.index] ?? null;
}


/** @param {Viewport} s @returns {Frame | null} on the screen */
export function shownFrame(s) {
    return s.shown?.frame ?? null;
}


/** @param {Viewport} s @returns {boolean} the frame asked for is shown */
export function isCurrent(s) {
    return s.shown !== null && s.shown.frame === frameOf(s);
}


/**
 * @param {Viewport} s
 * @param {number} index is kept within the stack
 * @returns {Viewport}
 */
export function scrolledTo(s, index) {
    const last = (s.stack?.frames.length ?? 1) - 1;
    const to = Math.max(0, Math.min(last, Math.round(index)));

    if (to === s.index) {
        return s;
    }

    return { ...s, index: to, direction: to > s.index ? 1 : -1, failure: null };
}


/**
 * Steps of the wheel and of keys: through the slices, or around a volume.
 * @param {Viewport} s
 * @param {number} by
 * @returns {Viewport}
 */
export function stepped(s, by) {
    return scrolledTo(s, s.stack?.made?.kind === 'vr'
        ? turnedView(s.index, by, 0) : s.index + by);
}


/**
 * The window that a frame is seen with.
 * @param {Pick<Viewport, 'window'>} s
 * @param {Frame} f
 * @returns {Window | null} null: the server's choice, not known here
 */
export function windowOf(s, f) {
    if (f.colour) {
        return null;
    }

    return s.window ?? (f.hasLut ? null : f.windows[0] ?? f.auto);
}


/**
 * Where a window drag starts.
 * @param {Viewport} s
 * @returns {Window | null} null: a window cannot be chosen
 */
export function startWindow(s) {
    const f = frameOf(s);

    if (f === null || f.colour) {
        return null;
    }

    return windowOf(s, f) ?? f.windows[0] ?? f.auto ?? f.guess;
}


/**
 * @param {Viewport} s
 * @param {Window | null} window null: as the header says
 * @returns {Viewport}
 */
export function withWindow(s, window) {
    const f = frameOf(s);

    if (f === null || f.colour) {
        return s;
    }

    if (window === null ? s.window === null : sameWindow(window, s.window)) {
        return s;
    }

    const isKept = (/** @type {number} */ m) => m === MARK.seen || m === MARK.none;

    return {
        ...s,
        marks: s.marks.every(isKept) ? s.marks : s.marks.map((m) => isKept(m) ? m : MARK.none),
        failure: null,
        window: window === null ? null
            : { center: window.center, width: window.width },
    };
}


/**
 * Esc: zoom, pan, rotation and window; the scroll position stays (IHE BIR).
 * @param {Viewport} s
 * @returns {Viewport}
 */
export function reset(s) {
    return { ...withWindow(s, null), view: s.home, invert: false };
}


/**
 * @param {Frame} f
 * @returns {Size} the image in units of a pixel's width
 */
export function imageSize(f) {
    return { width: f.columns, height: f.rows * f.aspect };
}


/**
 * Made by projection: rotating and flipping make sense (IHE BIR, B10).
 * @param {Frame | null} f
 * @returns {boolean}
 */
export function isProjection(f) {
    return f !== null
        && ['CR', 'DX', 'MG', 'PX', 'IO', 'XA', 'RF', 'RG'].includes(f.modality);
}


/** @param {Frame} f @returns {string} images that share a calibration */
export function calibrationKey(f) {
    return `${f.series} ${f.columns}x${f.rows}`;
}


/**
 * What a pixel measures: what the user has calibrated, else what the image says.
 * @param {import('./page.js').Page} page
 * @param {Frame} f
 * @returns {import('../math/scale.js').Spacing | null} null: not known
 */
export function spacingOn(page, f) {
    const own = page.marks?.history.scales.now[calibrationKey(f)];

    return own === undefined ? f.spacing : { ...own, source: BY_USER };
}
