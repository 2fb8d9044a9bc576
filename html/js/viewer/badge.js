// SPDX-License-Identifier: BSD-2-Clause
//
// How true a picture is: as it was stored, as it was sent, and whether it is
// the one that is asked for.  Loss is said even where nothing else is.

import { lossyText } from '../dicom/stack.js';
import { scaleOf } from '../math/view.js';
import { isIdentity, sameWindow } from '../math/window.js';
import { find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { imageSize, isCurrent, shownFrame, windowOf } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('../math/window.js').Affine} Affine
 * @typedef {'' | 'waiting' | 'preview' | 'lossy' | 'final'} State
 */

/** What comes sooner than this is not waited for in words. ms */
const SOON = 150;

/** What is said of a picture that is not a preview. */
const GRADES = { improving: text('improving'), lossy: text('final'), exact: text('final'),
    waiting: '', moving: '' };


/**
 * @param {Viewport} s
 * @param {Affine} map of the compositor's preview
 * @returns {State} '': there is no picture, and none comes
 */
export function stateOf(s, map) {
    if (s.shown === null) {
        return s.stack === null || s.failure !== null ? '' : 'waiting';
    }

    const { detail, shown: { stage } } = s;
    const grade = gradeOf(s);

    return grade === 'waiting' && !isAskedFor(s, map) ? 'waiting'
        : grade === 'waiting' || stage === 'preview' || stage === 'half'
            || !isIdentity(map) || detail !== 'whole' ? 'preview'
            : grade === 'improving' || grade === 'moving' ? 'lossy' : 'final';
}


/** @param {Viewport} s @returns {keyof GRADES} moving: at rest it may have no loss */
function gradeOf(s) {
    return s.grade === 'lossy' && (s.playing || s.busy !== '') ? 'moving' : s.grade;
}


/**
 * What is shown is the frame and the window that are asked for, if not yet as
 * good as it will be.
 * @param {Viewport} s with a picture
 * @param {Affine} map
 * @returns {boolean}
 */
function isAskedFor(s, map) {
    const { frame, window, asked } = /** @type {import('./state.js').Shown} */ (s.shown);

    return isCurrent(s) && (!isIdentity(map) || asked === s.window
        || (window === null ? frame.colour : sameWindow(window, windowOf(s, frame))));
}


/**
 * How the picture was sent; the ratio is that of the whole frame.
 * @param {Viewport} s
 * @param {import('./state.js').Shown} shown
 * @returns {string}
 */
function kindText(s, shown) {
    const f = shown.frame;
    const ratio = Math.round(f.bytes / Math.max(1, shown.bytes));
    const isReduced = scaleOf(s.view, imageSize(f), s.size) * s.dpr < 0.999;
    const how = s.grade === 'exact' ? [text('lossless')] : [shown.kind, `${ratio}:1`];

    return [...how, isReduced ? text('reduced') : '', GRADES[gradeOf(s)]]
        .filter(Boolean).join('  ');
}


export class Badge {
    /** says what is so, once it has lasted */
    #late = () => {};
    #timer = 0;

    /**
     * @param {HTMLElement} port
     * @param {HTMLElement} texts
     */
    constructor(port, texts) {
        this.port = port;
        this.node = find('.badge', HTMLElement, texts);
        this.lossy = find('.lossy', HTMLElement, texts);
    }


    /**
     * @param {Viewport} s
     * @param {import('./page.js').Annotation} annotation
     * @param {Affine} map of the compositor's preview
     */
    render(s, annotation, map) {
        const f = shownFrame(s);
        const stored = f === null ? '' : lossyText(f);
        const state = stateOf(s, map);

        this.lossy.hidden = stored === '';
        setText(this.lossy, stored);
        this.port.dataset.lossy = String(stored !== '');
        this.port.dataset.waiting = String(state === 'waiting');
        this.#late = () => this.#say(s, annotation, state);

        if (state !== 'waiting') {
            clearTimeout(this.#timer);
            this.#timer = 0;
            this.#late();
        } else if (this.#timer === 0) {
            this.#timer = window.setTimeout(() => this.#late(), SOON);
            // of the picture before, as long as that is there
            this.node.hidden ||= s.shown === null;
        }
    }


    /**
     * @param {Viewport} s
     * @param {import('./page.js').Annotation} annotation
     * @param {State} state
     */
    #say(s, annotation, state) {
        this.node.dataset.state = state;
        this.node.hidden = state === ''
            || (annotation === 'none' && state === 'final' && s.grade === 'exact');
        setText(this.node, state === 'waiting' ? text('waiting')
            : s.shown === null ? '' : s.detail === 'failed' ? text('detail missing')
                : state === 'preview' ? text('preview') : kindText(s, s.shown));
    }
}
