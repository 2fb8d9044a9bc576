// SPDX-License-Identifier: BSD-2-Clause
//
// A grey scale pattern of our own, for what AAPM's TG18-QC and TG270-sQC look
// at: steps from black to white, 5 % in black and 95 % in white, pairs of
// lines, a gradient, and a border that shows what the screen cuts off.

/**
 * @typedef {object} Rect in device pixels
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {number} v grey, 0..255
 */

export const STEPS = 18;

/** 5 % and 95 % of 255. */
export const LOW = 13;
export const HIGH = 242;

const GROUND = 128;

/**
 * @param {number} width device pixels
 * @param {number} height
 * @returns {Rect[]} from the back to the front
 */
export function pattern(width, height) {
    const unit = Math.floor(Math.min(width / 12, height / 9));
    const left = Math.floor((width - 12 * unit) / 2);
    const top = Math.floor((height - 9 * unit) / 2);
    const at = (/** @type {number} */ x, /** @type {number} */ y,
        /** @type {number} */ w, /** @type {number} */ h, /** @type {number} */ v) => ({
        x: left + Math.round(x * unit), y: top + Math.round(y * unit),
        // to where the next one begins
        w: Math.round((x + w) * unit) - Math.round(x * unit),
        h: Math.round((y + h) * unit) - Math.round(y * unit), v,
    });

    return [
        { x: 0, y: 0, w: width, h: height, v: GROUND },
        ...border(width, height),
        ...steps(at),
        at(1.5, 2.5, 2, 2, 0), at(2, 3, 1, 1, LOW),
        at(8.5, 2.5, 2, 2, 255), at(9, 3, 1, 1, HIGH),
        ...[[1.5, 5], [5.25, 3], [9, 5]].flatMap(([x, y]) => pairs(at(x, y, 1.5, 1.5, 0))),
        ...gradient(at(1, 7, 10, 1, 0)),
    ];
}


/** @param {number} width @param {number} height @returns {Rect[]} */
function border(width, height) {
    return [
        { x: 0, y: 0, w: width, h: 1, v: 255 },
        { x: 0, y: height - 1, w: width, h: 1, v: 255 },
        { x: 0, y: 0, w: 1, h: height, v: 255 },
        { x: width - 1, y: 0, w: 1, h: height, v: 255 },
    ];
}


/** @param {(x: number, y: number, w: number, h: number, v: number) => Rect} at */
function steps(at) {
    return Array.from({ length: STEPS }, (_, i) =>
        at(1 + i * 10 / STEPS, .75, 10 / STEPS, 1.25,
            Math.round(i * 255 / (STEPS - 1))));
}


/**
 * Black and white lines, upright ones above level ones: of one device pixel
 * at the left and of two at the right.
 * @param {Rect} box
 * @returns {Rect[]}
 */
function pairs(box) {
    const half = Math.floor(box.w / 2);
    /** @type {Rect[]} */
    const lines = [];

    [1, 2].forEach((thick, n) => {
        for (let i = 0; i + thick <= half - 2; i += thick) {
            const v = i / thick % 2 === 0 ? 0 : 255;
            const x = box.x + n * half;

            lines.push({ x: x + i, y: box.y, w: thick, h: half - 2, v },
                { x, y: box.y + half + i, w: half - 2, h: thick, v });
        }
    });

    return lines;
}


/**
 * @param {Rect} box
 * @returns {Rect[]}
 */
function gradient(box) {
    const count = Math.min(box.w, 256);

    return Array.from({ length: count }, (_, i) => {
        const x = Math.round(i * box.w / count);

        return {
            ...box, x: box.x + x,
            w: Math.round((i + 1) * box.w / count) - x,
            v: Math.round(i * 255 / (count - 1)),
        };
    });
}
