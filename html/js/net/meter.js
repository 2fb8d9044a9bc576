// SPDX-License-Identifier: BSD-2-Clause
//
// How fast the net is, from the transfers of pictures themselves, and how
// many requests under way make the most of it.

/**
 * @typedef {Object} Transfer times in ms, of one clock
 * @property {number} sent
 * @property {number} begun the first byte of the answer
 * @property {number} ended
 * @property {number} bytes
 *
 * @typedef {{transfers: Transfer[], final: number, saves: boolean}} Meter of
 *     the latest transfers; final: bytes of a picture of quality 90; saves:
 *     the user pays for bytes
 */

/** Transfers that are looked at. */
const LATEST = 12;

/** A server's time of a picture, while nothing else is known. ms */
const SERVER = 5;

/** Bytes of a picture, while none has come. */
const FIRST = 40e3;

/** More requests under way gain nothing. */
export const MOST = 3;


/** @param {boolean} [saves] @returns {Meter} */
export function newMeter(saves = false) {
    return { transfers: [], final: FIRST, saves };
}


/** @param {Meter} m @param {Transfer} t @returns {Meter} */
export function metered(m, t) {
    return { ...m, transfers: [...m.transfers, t].slice(-LATEST) };
}


/** @param {Meter} m @param {number} bytes of a final picture @returns {Meter} */
export function weighed(m, bytes) {
    return { ...m, final: m.final * 0.7 + bytes * 0.3 };
}


/**
 * Round trip and the server's time: of the quickest answer, for others wait
 * for each other's bytes.
 * @param {Meter} m
 * @returns {number} ms, 0: not known
 */
export function waitOf(m) {
    return m.transfers.length === 0 ? 0
        : Math.min(...m.transfers.map((t) => t.begun - t.sent));
}


/**
 * Bytes while bytes came: several answers at once share the net.
 * @param {Meter} m
 * @returns {number} bytes a ms; Infinity: more than can be measured
 */
export function rateOf(m) {
    const spans = [...m.transfers].sort((a, b) => a.begun - b.begun);
    const bytes = spans.reduce((sum, t) => sum + t.bytes, 0);
    let busy = 0;
    let until = -Infinity;

    for (const { begun, ended } of spans) {
        busy += Math.max(0, ended - Math.max(begun, until));
        until = Math.max(until, ended);
    }

    // within a ms or two the clock says nothing
    return busy > 2 * spans.length ? bytes / busy : Infinity;
}


/** @param {Meter} m @returns {number} of a picture */
export function sizeOf(m) {
    return m.transfers.reduce((sum, t) => sum + t.bytes, 0)
        / Math.max(1, m.transfers.length);
}


/**
 * With d requests under way pictures come at min(d / (RTT + T + S/B),
 * 1 / max(T, S/B)): the least d that reaches the second.
 * @param {Meter} m
 * @returns {number} 1 to 3
 */
export function depthOf(m) {
    if (m.transfers.length === 0) {
        return MOST;
    }

    const step = Math.max(SERVER, sizeOf(m) / rateOf(m));

    return Math.max(1, Math.min(MOST, Math.ceil(waitOf(m) / step)));
}


/**
 * @param {Meter} m
 * @param {number} bytes of a picture
 * @returns {number} ms until it is here
 */
export function timeOf(m, bytes) {
    return waitOf(m) + bytes / rateOf(m);
}
