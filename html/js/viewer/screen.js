// SPDX-License-Identifier: BSD-2-Clause
//
// The viewport on the page.  render(state) is the only writer to its DOM.

import { edgeLetters, edgeLettersOfPatientOrientation } from '../math/orientation.js';
import { scaleBar } from '../math/scale.js';
import { matrix, scaleOf } from '../math/view.js';
import { isIdentity } from '../math/window.js';
import { find, setLines, setText } from '../ui/dom.js';
import { compositorMap, draw, setFilter, sourceOf } from './picture.js';
import { MARK, imageSize, shownFrame } from './state.js';
import { corners } from './text.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('../math/orientation.js').Letters} Letters
 */

/** Colours of the slider's marks, from tokens.css. */
const MARK_COLOURS = ['--mark-none', '--mark-here', '--mark-seen', '--mark-failed'];


/**
 * The letters at the picture's edges.
 * @param {Viewport} s
 * @returns {Letters | null} null: not known
 */
export function lettersOf(s) {
    const f = shownFrame(s);

    if (f === null) {
        return null;
    }

    const [a, b, c, d] = matrix(s.view, imageSize(f), s.size);

    return edgeLetters(f.orientation, [a, b, c, d])
        ?? edgeLettersOfPatientOrientation(f.patientOrientation, [a, b, c, d]);
}


/**
 * How the picture was sent; the ratio is that of the whole frame.
 * @param {Viewport} s
 * @param {import('./state.js').Shown} shown
 * @param {import('./state.js').Frame} f
 * @returns {string}
 */
function kindText(s, shown, f) {
    const ratio = Math.round(f.bytes / Math.max(1, shown.bytes));
    const isReduced = scaleOf(s.view, imageSize(f), s.size) * s.dpr < 0.999;

    return [shown.kind, shown.kind === 'lossless' ? '' : `${ratio}:1`,
        isReduced ? 'reduced' : ''].filter(Boolean).join('  ');
}


export class Screen {
    /**
     * @param {string} root of DICOMweb
     * @param {(key: string) => ImageBitmap | undefined} bitmaps
     */
    constructor(root, bitmaps) {
        this.root = root;
        this.bitmaps = bitmaps;
        this.port = find('.port', HTMLElement);
        this.canvas = find('.port-picture', HTMLCanvasElement);
        this.filter = find('#grey', SVGFilterElement);
        this.slider = find('.slider', HTMLElement);
        this.thumb = find('.slider-thumb', HTMLElement);
        this.marks = find('.slider-marks', HTMLCanvasElement);
        /** @type {Uint8Array | null} */
        this.drawnMarks = null;
    }


    /** @param {Viewport} s */
    render(s) {
        const source = sourceOf(s, this.root, this.bitmaps);

        draw(this.canvas, s, source, this.root, this.bitmaps);
        setFilter(this.canvas, this.filter, compositorMap(s, source));
        this.#text(s);
        this.#letters(s);
        this.#scaleBar(s);
        this.#badge(s, compositorMap({ ...s, invert: false }, source));
        this.#failure(s);
        this.#slider(s);
        this.port.dataset.tool = s.tool;
        this.port.dataset.shown = s.shown === null ? '' : String(s.shown.index + 1);
        this.port.dataset.stage = s.shown?.stage ?? '';
    }


    /** @param {Viewport} s */
    #text(s) {
        const c = corners(s);

        setLines(find('.corner-tl', HTMLElement), c.topLeft);
        setLines(find('.corner-tr', HTMLElement), c.topRight);
        setLines(find('.corner-bl', HTMLElement), c.bottomLeft);
        setLines(find('.corner-br', HTMLElement), c.bottomRight);
    }


    /** @param {Viewport} s */
    #letters(s) {
        const letters = s.annotation === 'none' ? null : lettersOf(s);

        setText(find('.letter-left', HTMLElement), letters?.left ?? '');
        setText(find('.letter-right', HTMLElement), letters?.right ?? '');
        setText(find('.letter-top', HTMLElement), letters?.top ?? '');
        setText(find('.letter-bottom', HTMLElement), letters?.bottom ?? '');
    }


    /** @param {Viewport} s */
    #scaleBar(s) {
        const f = shownFrame(s);
        const bar = find('.scale', HTMLElement);
        const sized = f === null || f.spacing === null || s.annotation === 'none'
            ? null
            : scaleBar(f.spacing.column / scaleOf(s.view, imageSize(f), s.size),
                Math.min(220, s.size.width / 3));

        bar.hidden = sized === null;

        if (sized !== null && f !== null) {
            find('.scale-bar', HTMLElement).style.width = `${sized.px}px`;
            setText(find('.scale-text', HTMLElement), sized.label);
            setText(find('.scale-source', HTMLElement), f.spacing?.source ?? '');
            bar.title = `Scale: ${f.spacing?.source}`;
        }
    }


    /**
     * How true the picture is.
     * @param {Viewport} s
     * @param {import('../math/window.js').Affine} map of the preview
     */
    #badge(s, map) {
        const f = shownFrame(s);
        const badge = find('.badge', HTMLElement);
        const isPreview = s.shown?.stage === 'preview' || !isIdentity(map)
            || s.detail !== 'whole';

        badge.dataset.state = s.shown === null ? '' : isPreview ? 'preview' : 'final';
        badge.hidden = s.shown === null || f === null || s.annotation === 'none';

        if (s.shown !== null && f !== null) {
            setText(badge, s.detail === 'failed' ? 'detail missing'
                : isPreview ? 'preview' : kindText(s, s.shown, f));
        }
    }


    /** @param {Viewport} s a frame that failed is a crossed box */
    #failure(s) {
        const box = find('.failed', HTMLElement);

        box.hidden = s.failure === null;
        setText(find('.failed-text', HTMLElement), s.failure === null ? ''
            : `Image ${s.failure.index + 1}: ${s.failure.reason}.`);
    }


    /** @param {Viewport} s */
    #slider(s) {
        const count = s.stack?.frames.length ?? 0;
        const at = s.index / Math.max(1, count - 1);

        this.slider.hidden = count < 2;
        this.slider.setAttribute('aria-valuemax', String(count));
        this.slider.setAttribute('aria-valuenow', String(s.index + 1));
        this.slider.setAttribute('aria-valuetext', `${s.index + 1} of ${count}`);
        this.thumb.style.top = `${at * 100}%`;

        if (this.drawnMarks !== s.marks) {
            this.drawnMarks = s.marks;
            drawMarks(this.marks, s.marks);
        }
    }
}


/**
 * One row a frame: seen, here, missing, failed.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} marks
 */
function drawMarks(canvas, marks) {
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    const colours = MARK_COLOURS.map((name) => style.getPropertyValue(name).trim());

    canvas.width = 1;
    canvas.height = Math.max(1, marks.length);

    if (context === null) {
        return;
    }

    marks.forEach((mark, y) => {
        context.fillStyle = colours[mark] ?? colours[MARK.none];
        context.fillRect(0, y, 1, 1);
    });
}
