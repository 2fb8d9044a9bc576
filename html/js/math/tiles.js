// SPDX-License-Identifier: BSD-2-Clause
//
// A large image in tiles, as a pyramid over the stored pixels: a tile of
// level n covers 512 << n pixels of a side and comes as 512 (PS3.18
// 8.3.5.1.3, viewport=vw,vh,sx,sy,sw,sh).

/** Pixels of a side of a tile as it is sent. */
const TILE = 512;

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {{sx: number, sy: number, sw: number, sh: number, vw: number,
 *            vh: number}} Tile source rectangle, size of the answer; pixels
 */


/**
 * The coarsest level that still gives each device pixel a pixel.
 * @param {number} scale device px a stored pixel
 * @returns {number}
 */
export function levelFor(scale) {
    return Math.max(0, Math.floor(Math.log2(1 / scale) + 1e-6));
}


/**
 * The tiles that cover a part of the image, the middle ones first.
 * @param {number} columns of the image
 * @param {number} rows
 * @param {number} level
 * @param {Rect} part in stored pixels
 * @returns {Tile[]}
 */
export function tilesFor(columns, rows, level, part) {
    const side = TILE * 2 ** level;
    const most = (/** @type {number} */ n) => Math.ceil(n / side) - 1;
    const x0 = Math.max(0, Math.floor(part.x / side));
    const y0 = Math.max(0, Math.floor(part.y / side));
    const x1 = Math.min(most(columns), Math.ceil((part.x + part.width) / side) - 1);
    const y1 = Math.min(most(rows), Math.ceil((part.y + part.height) / side) - 1);
    const cx = part.x + part.width / 2;
    const cy = part.y + part.height / 2;
    /** @type {Tile[]} */
    const tiles = [];

    for (let y = y0; y <= y1; y++) {
        for (let x = x0; x <= x1; x++) {
            tiles.push(tile(columns, rows, level, x * side, y * side));
        }
    }

    const far = (/** @type {Tile} */ t) =>
        Math.hypot(t.sx + t.sw / 2 - cx, t.sy + t.sh / 2 - cy);

    return tiles.sort((a, b) => far(a) - far(b));
}


/**
 * @param {number} columns
 * @param {number} rows
 * @param {number} level
 * @param {number} sx
 * @param {number} sy
 * @returns {Tile}
 */
function tile(columns, rows, level, sx, sy) {
    const side = TILE * 2 ** level;
    const sw = Math.min(side, columns - sx);
    const sh = Math.min(side, rows - sy);

    return {
        sx, sy, sw, sh,
        vw: Math.max(1, Math.ceil(sw / 2 ** level)),
        vh: Math.max(1, Math.ceil(sh / 2 ** level)),
    };
}
