// SPDX-License-Identifier: BSD-2-Clause
//
// Reads a screenshot: 8-bit PNG, RGB or RGBA, not interlaced.

import { inflateSync } from 'node:zlib';

/**
 * @param {Buffer} png
 * @returns {{width: number, height: number,
 *            at: (x: number, y: number) => [number, number, number]}}
 */
export function readPng(png) {
    const width = png.readUInt32BE(16);
    const height = png.readUInt32BE(20);
    const bytes = png[25] === 6 ? 4 : 3;
    const data = unfiltered(inflateSync(idat(png)), width * bytes, height, bytes);

    return {
        width,
        height,
        at: (x, y) => {
            const i = (y * width + x) * bytes;
            return [data[i], data[i + 1], data[i + 2]];
        },
    };
}


/** @param {Buffer} png */
function idat(png) {
    const parts = [];

    for (let at = 8; at < png.length;) {
        const length = png.readUInt32BE(at);

        if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
            parts.push(png.subarray(at + 8, at + 8 + length));
        }

        at += length + 12;
    }

    return Buffer.concat(parts);
}


/**
 * @param {Buffer} raw
 * @param {number} stride bytes a line
 * @param {number} lines
 * @param {number} step bytes a pixel
 */
function unfiltered(raw, stride, lines, step) {
    const out = Buffer.alloc(stride * lines);

    for (let y = 0; y < lines; y++) {
        const filter = raw[y * (stride + 1)];

        for (let x = 0; x < stride; x++) {
            const left = x >= step ? out[y * stride + x - step] : 0;
            const up = y > 0 ? out[(y - 1) * stride + x] : 0;
            const both = x >= step && y > 0 ? out[(y - 1) * stride + x - step] : 0;
            const guess = [0, left, up, (left + up) >> 1, paeth(left, up, both)];

            out[y * stride + x] = raw[y * (stride + 1) + 1 + x] + guess[filter];
        }
    }

    return out;
}


/** @param {number} a @param {number} b @param {number} c */
function paeth(a, b, c) {
    const p = a + b - c;
    const [da, db, dc] = [a, b, c].map((v) => Math.abs(p - v));

    if (da <= db && da <= dc) {
        return a;
    }

    return db <= dc ? b : c;
}
