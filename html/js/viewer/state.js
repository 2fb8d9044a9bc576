// SPDX-License-Identifier: BSD-2-Clause
//
// The state of a viewport: one plain object, and the functions that make the
// next one.  No DOM, no network.

import { RESET } from '../math/view.js';
import { sameWindow } from '../math/window.js';

/**
 * @typedef {import('../dicom/stack.js').Stack} Stack
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/window.js').Window} Window
 * @typedef {import('../math/view.js').View} View
 * @typedef {import('../math/view.js').Size} Size
 *
 * @typedef {'scroll' | 'window' | 'zoom' | 'pan' | 'select'} ToolName
 * @typedef {'full' | 'minimal' | 'none'} Annotation
 * @typedef {'' | 'scroll' | 'window'} Busy what changes right now
 *
 * @typedef {Object} Shown the picture on the screen
 * @property {number} index of its frame
 * @property {string} key of the picture in the loader
 * @property {Window | null} window that it was made with; null: not known
 * @property {Window | null} asked window in its URL
 * @property {'preview' | 'final'} stage
 * @property {string} kind "JPEG 90"
 * @property {number} bytes as sent
 *
 * @typedef {Object} Viewport
 * @property {Stack | null} stack
 * @property {number} index of the frame that is asked for
 * @property {1 | -1} direction of the last scroll
 * @property {Window | null} window chosen; null: as the header says
 * @property {boolean} invert
 * @property {View} view
 * @property {Size} size CSS px
 * @property {number} dpr device px a CSS px
 * @property {ToolName} tool
 * @property {Annotation} annotation
 * @property {Busy} busy
 * @property {boolean} slow the net is: previews while things move
 * @property {Shown | null} shown
 * @property {'whole' | 'coming' | 'failed'} detail of the tiles that are seen
 * @property {{index: number, reason: string} | null} failure
 * @property {boolean} playing
 * @property {number} fps
 * @property {Uint8Array} marks of each frame, MARK
 */

/** What is known of a frame, for the slider. */
export const MARK = Object.freeze({ none: 0, here: 1, seen: 2, failed: 3 });

/** @type {Annotation[]} */
const ANNOTATIONS = ['full', 'minimal', 'none'];


/** @returns {Viewport} */
export function initial() {
    return {
        stack: null,
        index: 0,
        direction: 1,
        window: null,
        invert: false,
        view: RESET,
        size: { width: 1, height: 1 },
        dpr: 1,
        tool: 'scroll',
        annotation: 'full',
        busy: '',
        slow: false,
        shown: null,
        detail: 'whole',
        failure: null,
        playing: false,
        fps: 15,
        marks: new Uint8Array(0),
    };
}


/**
 * Another stack: everything that belonged to the old one goes.
 * @param {Viewport} s
 * @param {Stack} stack
 * @returns {Viewport}
 */
export function withStack(s, stack) {
    return {
        ...s,
        stack,
        index: 0,
        direction: 1,
        window: null,
        invert: false,
        view: RESET,
        busy: '',
        shown: null,
        failure: null,
        playing: false,
        marks: new Uint8Array(stack.frames.length),
    };
}


/** @param {Viewport} s @returns {Frame | null} that is asked for */
export function frameOf(s) {
    return s.stack?.frames[s.index] ?? null;
}


/** @param {Viewport} s @returns {Frame | null} on the screen */
export function shownFrame(s) {
    return s.shown === null ? null : s.stack?.frames[s.shown.index] ?? null;
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
 * The window that a frame is seen with.
 * @param {Viewport} s
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

    const marks = s.marks.map((m) => m === MARK.seen ? m : MARK.none);

    return {
        ...s,
        marks,
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
    return { ...withWindow(s, null), view: RESET, invert: false };
}


/** @param {Viewport} s @returns {Viewport} */
export function nextAnnotation(s) {
    const at = ANNOTATIONS.indexOf(s.annotation);

    return { ...s, annotation: ANNOTATIONS[(at + 1) % ANNOTATIONS.length] };
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
