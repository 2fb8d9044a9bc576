// SPDX-License-Identifier: BSD-2-Clause
//
// The sides that a volume is seen from, numbered: around the patient, from
// below to above.

/** A view is turned by whole steps, so that those once seen come again. */
export const VIEW_STEP = 6;
export const VIEWS_AROUND = 360 / VIEW_STEP;
export const VIEWS_UP = 180 / VIEW_STEP + 1;

/** The view from the front. */
export const VIEW_FRONT = (VIEWS_UP - 1) / 2 * VIEWS_AROUND;


/**
 * @param {number} index of a view
 * @param {number} around steps to the patient's left
 * @param {number} up steps
 * @returns {number} index of the view that is turned to
 */
export function turnedView(index, around, up) {
    const from = { around: index % VIEWS_AROUND,
        up: Math.floor(index / VIEWS_AROUND) };
    const a = ((from.around + Math.round(around)) % VIEWS_AROUND + VIEWS_AROUND)
        % VIEWS_AROUND;
    const u = Math.min(VIEWS_UP - 1, Math.max(0, from.up + Math.round(up)));

    return u * VIEWS_AROUND + a;
}
