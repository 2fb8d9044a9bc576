// SPDX-License-Identifier: BSD-2-Clause
//
// How large a mm is on this screen: measured by the reader with a bank card
// (ISO/IEC 7810 ID-1), and kept for this screen at this zoom of the browser.

/** @typedef {import('../ui/storage.js').Store} Store */
/** @typedef {{width: number, height: number, dpr: number}} Where the screen */

export const KEY = 'pacs.size';

/** Of a bank card. mm */
export const CARD = Object.freeze({ width: 85.6, height: 53.98 });

/** CSS px a mm of any screen there is. */
export const RANGE = Object.freeze({ least: 1.2, most: 16 });


/** @returns {Where} */
export function here() {
    return { width: screen.width, height: screen.height, dpr: devicePixelRatio };
}


/**
 * @param {Store} store
 * @param {Where} where
 * @param {number} pxPerMm CSS px
 */
export function writeSize(store, where, pxPerMm) {
    store.setItem(KEY, JSON.stringify({ ...where, pxPerMm }));
}


/**
 * @param {Store} store
 * @param {Where} where
 * @returns {number | null} CSS px a mm; null: not measured, or on another
 *     screen, or at another zoom
 */
export function readSize(store, where) {
    try {
        const { pxPerMm, width, height, dpr } = JSON.parse(store.getItem(KEY) ?? '');

        return width === where.width && height === where.height && dpr === where.dpr
            && pxPerMm >= RANGE.least && pxPerMm <= RANGE.most ? pxPerMm : null;
    } catch {
        return null;
    }
}
