// SPDX-License-Identifier: BSD-2-Clause
//
// Pixels of answers.

import { Failed } from './client.js';

/** @typedef {{width: number, height: number, data: Uint8ClampedArray}} Picture */

/**
 * @param {Uint8Array<ArrayBuffer>} bytes a picture that browsers know
 * @returns {Promise<Picture>} RGBA
 */
export async function pictureOf(bytes) {
    const bitmap = await createImageBitmap(new Blob([bytes])).catch(() => {
        throw new Failed('the answer is no picture');
    });
    const { width, height } = bitmap;
    const draw = new OffscreenCanvas(width, height).getContext('2d');

    if (!draw) {
        throw new Failed('this browser gives no canvas');
    }

    draw.drawImage(bitmap, 0, 0);

    return { width, height, data: draw.getImageData(0, 0, width, height).data };
}


/** @param {Picture} a @param {Picture} b @returns {number} greatest difference */
export function difference(a, b) {
    if (a.width !== b.width || a.height !== b.height) {
        return 256;
    }

    return a.data.reduce((most, v, i) => Math.max(most, Math.abs(v - b.data[i])), 0);
}


/** @param {Picture} p @returns {Picture} left is right */
export function mirrored(p) {
    const data = new Uint8ClampedArray(p.data.length);

    for (let i = 0; i < p.width * p.height; i++) {
        const x = i % p.width;
        const from = 4 * (i - x + p.width - 1 - x);

        data.set(p.data.subarray(from, from + 4), 4 * i);
    }

    return { ...p, data };
}
