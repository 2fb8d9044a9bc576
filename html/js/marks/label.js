// SPDX-License-Identifier: BSD-2-Clause
//
// Where a label stands: near its mark, within the viewport, over no other
// label and no mark, and where the picture is dark: never on breast tissue
// if there is air.

/**
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('./hit.js').Rect} Rect
 * @typedef {{points: Point[], size: {width: number, height: number}}} Wish
 */

/** Away from the mark. CSS px */
const GAP = 12;

/** How far the search goes, in steps of so many CSS px. */
const RINGS = [0, 24, 56, 104, 176, 280];

/** What lies under a label counts so much, against a CSS px of way. */
const WEIGHT = Object.freeze({ label: 6, mark: 4, tissue: 2000 });


/**
 * Labels in turn, each where it is least in the way.
 * @param {Wish[]} wishes
 * @param {{width: number, height: number}} port
 * @param {(r: Rect) => number} tissue 0 (air) to 1, of what is under a
 *     rectangle
 * @param {Rect[]} [taken] by other texts
 * @returns {Rect[]}
 */
export function placed(wishes, port, tissue, taken = []) {
    /** @type {Rect[]} */
    const done = [];

    for (const [i, wish] of wishes.entries()) {
        const others = wishes.filter((_, k) => k !== i).map((w) => boxOf(w.points));

        done.push(best(wish, port, tissue, [...taken, ...done], others));
    }

    return done;
}


/**
 * @param {Wish} wish
 * @param {{width: number, height: number}} port
 * @param {(r: Rect) => number} tissue
 * @param {Rect[]} labels
 * @param {Rect[]} marks
 * @returns {Rect}
 */
function best(wish, port, tissue, labels, marks) {
    const own = boxOf(wish.points);
    const cost = (/** @type {Rect} */ r) =>
        labels.reduce((sum, l) => sum + overlap(r, grown(l, 2)), 0) * WEIGHT.label
        + (marks.reduce((sum, m) => sum + overlap(r, m), 0) + overlap(r, own))
            / Math.max(1, r.width * r.height) * WEIGHT.mark * 20
        + tissue(r) * WEIGHT.tissue + way(r, own);
    let least = Infinity;
    let found = { x: 0, y: 0, ...wish.size };

    for (const r of candidates(own, wish.size, port)) {
        const c = cost(r);

        if (c < least) {
            [least, found] = [c, r];
        }
    }

    return found;
}


/**
 * @param {Rect} own of the mark
 * @param {{width: number, height: number}} size
 * @param {{width: number, height: number}} port
 * @returns {Rect[]} the usual places first
 */
function candidates(own, size, port) {
    const clamp = (/** @type {number} */ v, /** @type {number} */ most) =>
        Math.max(2, Math.min(most - 2, v));

    return RINGS.flatMap((ring) => {
        const d = GAP + ring;
        const right = own.x + own.width + d;
        const left = own.x - size.width - d;
        const above = own.y - size.height - d;
        const under = own.y + own.height + d;
        const midX = own.x + (own.width - size.width) / 2;
        const midY = own.y + (own.height - size.height) / 2;

        return [[right, midY], [left, midY], [midX, under], [midX, above],
            [right, under], [right, above], [left, under], [left, above]]
            .map(([x, y]) => ({
                x: clamp(x, port.width - size.width),
                y: clamp(y, port.height - size.height),
                ...size,
            }));
    });
}


/** @param {Point[]} points @returns {Rect} */
function boxOf(points) {
    const xs = points.map((p) => p.x);
    const ys = points.map((p) => p.y);
    const [x, y] = [Math.min(...xs), Math.min(...ys)];

    return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}


/** @param {Rect} a @param {Rect} b @returns {number} CSS px² */
export function overlap(a, b) {
    const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
    const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);

    return w > 0 && h > 0 ? w * h : 0;
}


/** @param {Rect} r @param {number} by @returns {Rect} */
function grown(r, by) {
    return { x: r.x - by, y: r.y - by, width: r.width + 2 * by,
        height: r.height + 2 * by };
}


/** @param {Rect} r @param {Rect} own @returns {number} CSS px between them */
function way(r, own) {
    const dx = Math.max(0, own.x - r.x - r.width, r.x - own.x - own.width);
    const dy = Math.max(0, own.y - r.y - r.height, r.y - own.y - own.height);

    return Math.hypot(dx, dy) * 0.1;
}
