// SPDX-License-Identifier: BSD-2-Clause
//
// Window centre and width (PS3.3 C.11.2.1), and how a picture made with one
// window becomes, nearly, the picture of another one.

import { entryFor } from '../dicom/dataset.js';

/**
 * @typedef {'linear' | 'linear-exact' | 'sigmoid'} VoiFunction
 * @typedef {{center: number, width: number}} Window
 * @typedef {{label: string, center: number, width: number}} Preset
 * @typedef {{slope: number, intercept: number}} Affine y' = slope y +
 *     intercept, of 0..1
 */

/** @type {Record<string, Preset[]>} what a modality is looked at with */
const PRESETS = {
    CT: [
        { label: 'Soft tissue', center: 40, width: 400 },
        { label: 'Lung', center: -600, width: 1500 },
        { label: 'Bone', center: 500, width: 2000 },
        { label: 'Brain', center: 40, width: 80 },
        { label: 'Liver', center: 60, width: 160 },
        { label: 'Mediastinum', center: 50, width: 350 },
        { label: 'Vessels', center: 300, width: 600 },
    ],
};


/** @param {string} modality @returns {Preset[]} */
export function presets(modality) {
    return entryFor(PRESETS, modality) ?? [];
}


/**
 * The values between which grey rises: C.11.2.1.2.1 and C.11.2.1.3.2.
 * @param {Window} w
 * @param {VoiFunction} fn
 * @returns {{low: number, span: number}}
 */
export function ramp(w, fn) {
    return fn === 'linear-exact'
        ? { low: w.center - w.width / 2, span: w.width }
        : { low: w.center - 0.5 - (w.width - 1) / 2, span: w.width - 1 };
}


/**
 * The map that turns a picture of window `from` into one of window `to`.
 * Right but for clipped ends and rounding; null where there is none: for
 * SIGMOID, and for a window without width.
 * @param {Window} from
 * @param {Window} to
 * @param {VoiFunction} fn
 * @param {boolean} whiteLow the picture is white at the low end
 * @returns {Affine | null}
 */
export function preview(from, to, fn, whiteLow) {
    const a = ramp(from, fn);
    const b = ramp(to, fn);

    if (fn === 'sigmoid' || !(a.span > 0) || !(b.span > 0)) {
        return null;
    }

    const slope = a.span / b.span;
    const intercept = (a.low - b.low) / b.span;

    return { slope, intercept: whiteLow ? 1 - slope - intercept : intercept };
}


/**
 * A window that nearly nothing is clipped by: the source of previews of
 * windows wider than the one that is shown.
 * @param {string} modality
 * @param {Window} usual
 * @returns {Window}
 */
export function wideWindow(modality, usual) {
    return modality === 'CT' ? { center: 500, width: 3000 }
        : { center: usual.center, width: usual.width * 4 };
}


/**
 * All that `a` shows as grey, `b` does too.
 * @param {Window} a
 * @param {Window} b
 * @param {VoiFunction} fn
 * @param {number} [slack] what may be black or white instead, as a part of a
 * @returns {boolean}
 */
export function isWithin(a, b, fn, slack = 0) {
    const x = ramp(a, fn);
    const y = ramp(b, fn);
    const more = slack * x.span;

    return x.low + more >= y.low && x.low + x.span - more <= y.low + y.span;
}


/**
 * Turns black and white.
 * @param {Affine} a
 * @returns {Affine}
 */
export function inverted(a) {
    return { slope: -a.slope, intercept: 1 - a.intercept };
}


/** @param {Affine} a @returns {boolean} */
export function isIdentity(a) {
    return a.slope === 1 && a.intercept === 0;
}


/**
 * As CSS filter functions.  Each of them clamps: in this order only what
 * the whole of them would clamp, too.
 * @param {Affine} a slope other than 0
 * @returns {string} '': nothing to do
 */
export function cssFilter(a) {
    if (isIdentity(a)) {
        return '';
    }

    if (a.slope < 0) {
        return `invert(1) ${cssFilter({
            slope: -a.slope, intercept: a.slope + a.intercept,
        })}`.trim();
    }

    if (a.intercept > 0) {
        const most = a.slope + 2 * a.intercept;

        return `contrast(${a.slope / most}) brightness(${most})`;
    }

    const contrast = 1 - 2 * a.intercept;

    return `brightness(${a.slope / contrast}) contrast(${contrast})`;
}


/**
 * The window after a drag: right widens, down raises the centre (darker).
 * 300 CSS px change by as much as the window is wide at the start.
 * @param {Window} start
 * @param {number} dx CSS px
 * @param {number} dy CSS px
 * @param {VoiFunction} fn
 * @returns {Window}
 */
export function dragged(start, dx, dy, fn) {
    const step = Math.max(start.width, fine(start) ? 0.1 : 10) / 300;
    const least = fn === 'linear' ? 1 : 0.001;
    const width = Math.max(least, start.width + dx * step);

    return rounded({ center: start.center + dy * step, width }, fine(start));
}


/**
 * The window after a drag whose lower end stays at 0 (IHE BIR, B14): right
 * and down raise the upper one.
 * @param {Window} start
 * @param {number} dx CSS px
 * @param {number} dy CSS px
 * @returns {Window}
 */
export function draggedClamped(start, dx, dy) {
    const top = Math.max(0, start.center + start.width / 2);
    const decimals = top < 20;
    const step = Math.max(top, decimals ? 0.1 : 10) / 300;
    const least = decimals ? 0.002 : 2;
    const half = Math.max(least, top + (dx + dy) * step) / 2;
    const center = decimals ? Math.round(half * 1000) / 1000 : Math.round(half);

    return { center, width: center * 2 };
}


/**
 * @param {Window} a
 * @param {Window | null} b
 * @returns {boolean}
 */
export function sameWindow(a, b) {
    return b !== null && a.center === b.center && a.width === b.width;
}


/** @param {Window} w @returns {string} "C 40  W 400" */
export function formatWindow(w) {
    return `C ${tidy(w.center)}  W ${tidy(w.width)}`;
}


/**
 * Values are of a quantity with decimals (SUV, normalised), not counts.
 * @param {Window} w
 * @returns {boolean}
 */
function fine(w) {
    return w.width < 20;
}


/** @param {Window} w @param {boolean} decimals @returns {Window} */
function rounded(w, decimals) {
    const k = decimals ? 1000 : 1;

    return {
        center: Math.round(w.center * k) / k,
        width: Math.max(1 / k, Math.round(w.width * k) / k),
    };
}


/** @param {number} x @returns {string} */
function tidy(x) {
    return String(Number(x.toPrecision(6)));
}
