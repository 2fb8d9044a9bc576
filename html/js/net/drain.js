// SPDX-License-Identifier: BSD-2-Clause
//
// Reads an answer to its end for the browser's cache alone: nothing of it is
// kept here, not even until memory is collected.

/** Bytes read at once. */
const PIECE = 64 * 1024;

/** @type {ArrayBuffer[]} that no answer is read into just now */
const spare = [];


/**
 * @param {Response} answer
 * @returns {Promise<number>} bytes
 */
export async function drained(answer) {
    const reader = readerOf(answer);

    if (reader === null) {
        return (await answer.arrayBuffer()).byteLength;
    }

    let buffer = spare.pop() ?? new ArrayBuffer(PIECE);

    for (let bytes = 0; ;) {
        const { done, value } = await reader.read(new Uint8Array(buffer));

        // what was cancelled gives none back
        buffer = value?.buffer ?? new ArrayBuffer(PIECE);

        if (done) {
            spare.push(buffer);
            return bytes;
        }

        bytes += value.byteLength;
    }
}


/**
 * @param {Response} answer
 * @returns {ReadableStreamBYOBReader | null} null: this browser has none
 */
function readerOf(answer) {
    try {
        return answer.body?.getReader({ mode: 'byob' }) ?? null;
    } catch {
        return null;
    }
}
