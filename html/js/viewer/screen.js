// SPDX-License-Identifier: BSD-2-Clause
//
// A picture on the page, with all that is written on it.  render(state) is
// the only writer to its DOM.

import { BY_USER, scaleBar } from '../math/scale.js';
import { scaleOf } from '../math/view.js';
import { formatWindow } from '../math/window.js';
import { find, setLines, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { Badge } from './badge.js';
import { besideOf, isLow } from './beside.js';
import { isStranger, patientsOn, studyOf } from './identity.js';
import { drawLayers } from './layers.js';
import { linkOf } from './links.js';
import { compositorMap, draw, setFilter, sourceOf } from './picture.js';
import { imageSize, shownFrame, spacingOn } from './state.js';
import { corners, lettersOf, priorText, whoText } from './text.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./page.js').Annotation} Annotation
 * @typedef {import('./beside.js').Beside} Beside
 * @typedef {import('../math/view.js').Size} Size
 */

/** Where the millimetres are from, where there is little room. @type {Record<string, string>} */
const SHORT = {
    'Pixel Spacing, uncertain in a projection': text('uncertain'),
    'calibrated: geometry': text('calibrated'), 'calibrated: fiducial': text('calibrated'),
    'detector, divided by magnification': text('by magnification'),
    'at the detector': text('detector'), 'ultrasound region': text('region'),
    [BY_USER]: text('by user'),
};

/** Viewports that are less wide have little. CSS px */
const ROOM = 760;

/** What cosines of rounding differ from 0 and 1 by. */
const FLAT = 1e-6;

const LINKS = { '': '', position: text('linked'), offset: text('linked by offset') };


/**
 * How a picture differs from what is stored.
 * @param {Viewport} s
 * @returns {string} '': in nothing
 */
export function turnedText(s) {
    const { flip, rotate } = s.view;
    const f = shownFrame(s);

    return f === null ? '' : [flip ? text('Flipped') : '',
        rotate === 0 ? '' : text('Rotated {n}°', { n: rotate }),
        f.slab !== undefined && isOblique(f) ? text('Oblique') : ''].filter(Boolean).join('  ');
}


/** @param {import('./state.js').Frame} f @returns {boolean} along no axis of the patient */
function isOblique({ orientation }) {
    return orientation !== null && [...orientation.row, ...orientation.column]
        .some((v) => Math.abs(v) > FLAT && Math.abs(v) < 1 - FLAT);
}


export class Screen {
    /**
     * @param {HTMLElement} node of class port
     * @param {string} root of DICOMweb
     * @param {(key: string) => ImageBitmap | undefined} bitmaps
     */
    constructor(node, root, bitmaps) {
        this.node = node;
        this.root = root;
        this.bitmaps = bitmaps;
        this.canvas = find('.port-picture', HTMLCanvasElement, node);
        this.layer = find('.port-layer', SVGSVGElement, node);
        this.frame = /** @type {HTMLElement} */ (node.closest('.frame'));
        this.texts = find('.texts', HTMLElement, this.frame);
        this.badge = new Badge(node, this.texts);
    }


    /**
     * @param {Viewport} s
     * @param {Page} page
     * @param {number} at index of the viewport
     * @param {Size} box of the frame: the picture, and the texts beside it
     */
    render(s, page, at, box) {
        const source = sourceOf(s, this.root, this.bitmaps);

        draw(this.canvas, s, source, this.root, this.bitmaps);
        setFilter(this.canvas, compositorMap(s, source));
        const beside = this.#place(besideOf(s, page.texts, box));

        this.#text(corners(s, page.annotation, beside === '' ? undefined : isLow(beside, box)),
            page.annotation === 'none' ? '' : LINKS[linkOf(page, at)]);
        this.#letters(s, page.annotation);
        this.#scaleBar(s, page);
        this.badge.render(s, page.annotation, compositorMap({ ...s, invert: false }, source));
        this.#failure(s);
        this.#turned(s);
        this.#prior(s, page);
        this.#whose(s, page);
        drawLayers(this.layer, s, page);
        this.node.dataset.tool = page.tool;
        this.node.dataset.shown = s.shown === null ? '' : String(s.shown.index + 1);
        this.node.dataset.stage = s.shown?.stage ?? '';
        this.node.dataset.window = s.shown?.window == null ? ''
            : formatWindow(s.shown.window);
    }


    /** @param {string} selector @param {string} text */
    #put(selector, text) {
        setText(find(selector, HTMLElement, this.texts), text);
    }


    /** @param {Beside} beside @returns {Beside} */
    #place(beside) {
        if (this.frame.dataset.beside !== beside) {
            this.frame.dataset.beside = beside;
            (beside === '' ? this.node : this.frame).append(this.texts);
        }

        return beside;
    }


    /**
     * @param {import('./text.js').Corners} c
     * @param {string} link how it follows the active viewport, or ''
     */
    #text(c, link) {
        const lines = (/** @type {string} */ name, /** @type {string[]} */ of) =>
            setLines(find(`.corner-${name}`, HTMLElement, this.texts), of);

        lines('tl', c.topLeft);
        lines('tr', c.topRight);
        lines('bl', link === '' ? c.bottomLeft : [...c.bottomLeft, link]);
        lines('br', c.bottomRight);
    }


    /** @param {Viewport} s @param {Annotation} annotation */
    #letters(s, annotation) {
        const f = shownFrame(s);
        const letters = f === null || annotation === 'none' ? null : lettersOf(f, s);

        this.#put('.letter-left', letters?.left ?? '');
        this.#put('.letter-right', letters?.right ?? '');
        this.#put('.letter-top', letters?.top ?? '');
        this.#put('.letter-bottom', letters?.bottom ?? '');
    }


    /** @param {Viewport} s @param {Page} page */
    #scaleBar(s, page) {
        const f = shownFrame(s);
        const bar = find('.scale', HTMLElement, this.texts);
        const spacing = f === null ? null : spacingOn(page, f);
        const sized = f === null || spacing === null || page.annotation === 'none'
            ? null
            : scaleBar(spacing.column / scaleOf(s.view, imageSize(f), s.size),
                Math.min(this.frame.dataset.beside === '' ? 220 : 90, s.size.width / 3));

        bar.hidden = sized === null;

        if (sized !== null && spacing !== null) {
            find('.scale-bar', HTMLElement, bar).style.width = `${sized.px}px`;
            this.#put('.scale-text', sized.label);
            const source = text(spacing.source);

            this.#put('.scale-source', s.size.width > ROOM ? source
                : SHORT[spacing.source] ?? source);
            bar.title = text('Scale: {source}', { source });
        }
    }


    /** @param {Viewport} s whatever texts are chosen: it differs from the stored */
    #turned(s) {
        const mark = find('.turned', HTMLElement, this.texts);
        const turned = turnedText(s);

        setText(mark, turned);
        mark.hidden = turned === '';
    }


    /**
     * Of another study than that of the banner: whatever texts are chosen.
     * @param {Viewport} s
     * @param {Page} page
     */
    #prior(s, page) {
        const mark = find('.prior', HTMLElement, this.texts);
        const prior = priorText(shownFrame(s)?.study ?? '', page);

        setText(mark, prior);
        mark.hidden = prior === '';
    }


    /**
     * Of two patients on the screen each picture says whose it is (S2).
     * @param {Viewport} s
     * @param {Page} page
     */
    #whose(s, page) {
        const mark = find('.whose', HTMLElement, this.texts);
        const study = shownFrame(s)?.study;
        const of = study === undefined || patientsOn(page).length < 2 ? null
            : studyOf(page, study);

        this.frame.dataset.patient = of === null || study === undefined ? ''
            : isStranger(page, study) ? '2' : '1';
        setText(mark, of === null ? '' : whoText(of));
        mark.hidden = of === null;
    }


    /** @param {Viewport} s a frame that failed is a crossed box */
    #failure(s) {
        const box = find('.failed', HTMLElement, this.node);

        box.hidden = s.failure === null;
        // views of a volume have no numbers that a reader knows
        setText(find('.failed-text', HTMLElement, this.node), s.failure === null ? ''
            : s.stack?.made?.kind === 'vr' ? `${s.failure.reason}.`
                : text('Image {n}: {reason}.', { n: s.failure.index + 1, reason: s.failure.reason }));
    }
}
