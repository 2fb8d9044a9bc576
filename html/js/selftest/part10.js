// SPDX-License-Identifier: BSD-2-Clause
//
// Test instances: small Part 10 files, Explicit VR Little Endian (PS3.10 7),
// and what points read of such files.

import { latin } from './client.js';

export const SYNTAX = '1.2.840.10008.1.2.1';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const LONG = new Set(['OB', 'OW']);


/** @returns {string} under 2.25, of 120 random bits */
export function newUid() {
    const hex = [...crypto.getRandomValues(new Uint8Array(15))]
        .map((b) => b.toString(16).padStart(2, '0')).join('');

    return `2.25.${BigInt(`0x1${hex}`)}`;
}


/**
 * @param {number} tag
 * @param {string} vr
 * @param {string | number | Uint8Array} value a number is US
 * @returns {Uint8Array}
 */
function element(tag, vr, value) {
    const raw = typeof value === 'number' ? new Uint8Array([value & 255, value >> 8])
        : typeof value === 'string' ? new TextEncoder().encode(value) : value;
    const head = LONG.has(vr) ? 12 : 8;
    const all = new Uint8Array(head + raw.length + raw.length % 2);
    const view = new DataView(all.buffer);

    view.setUint16(0, tag >>> 16, true);
    view.setUint16(2, tag & 0xffff, true);
    all.set([vr.charCodeAt(0), vr.charCodeAt(1)], 4);

    if (head === 12) {
        view.setUint32(8, all.length - head, true);
    } else {
        view.setUint16(6, all.length - head, true);
    }

    all.fill(vr === 'UI' || head === 12 ? 0 : 32, head);
    all.set(raw, head);

    return all;
}


/** @param {Uint8Array[]} all @returns {Uint8Array<ArrayBuffer>} */
function concat(all) {
    const out = new Uint8Array(all.reduce((n, a) => n + a.length, 0));
    let at = 0;

    for (const a of all) {
        out.set(a, at);
        at += a.length;
    }

    return out;
}


/**
 * An image of 8 x 8.
 * @param {{study: string, series: string, instance: string, number: number,
 *          preamble?: number}} o preamble: its bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function testInstance(o) {
    const pixels = new Uint8Array(64).map((_, i) => i * 4);

    // CR LF CR LF, which ends heads but not DICOM
    pixels.set([13, 10, 13, 10], 8);

    const meta = concat([
        element(0x00020001, 'OB', new Uint8Array([0, 1])),
        element(0x00020002, 'UI', SECONDARY_CAPTURE),
        element(0x00020003, 'UI', o.instance),
        element(0x00020010, 'UI', SYNTAX),
        element(0x00020012, 'UI', '2.25.80302813137786398554742050926734630921'),
    ]);
    const length = new Uint8Array([meta.length & 255, meta.length >> 8, 0, 0]);

    return concat([
        new Uint8Array(128).fill(o.preamble ?? 0), new TextEncoder().encode('DICM'),
        element(0x00020000, 'UL', length), meta,
        element(0x00080005, 'CS', 'ISO_IR 192'),
        element(0x00080016, 'UI', SECONDARY_CAPTURE),
        element(0x00080018, 'UI', o.instance),
        element(0x00080020, 'DA', '19000101'),
        element(0x00080060, 'CS', 'OT'),
        element(0x00081030, 'LO', 'SELFTEST'),
        element(0x00100010, 'PN', 'SELFTEST'),
        element(0x00100020, 'LO', 'SELFTEST'),
        element(0x0020000d, 'UI', o.study),
        element(0x0020000e, 'UI', o.series),
        element(0x00200013, 'IS', String(o.number)),
        element(0x00280002, 'US', 1),
        element(0x00280004, 'CS', 'MONOCHROME2'),
        element(0x00280010, 'US', 8),
        element(0x00280011, 'US', 8),
        element(0x00280100, 'US', 8),
        element(0x00280101, 'US', 8),
        element(0x00280102, 'US', 7),
        element(0x00280103, 'US', 0),
        element(0x7fe00010, 'OW', pixels),
    ]);
}


/**
 * @param {Uint8Array} file
 * @returns {string} the transfer syntax of a Part 10 file, '' if it is none
 */
export function syntaxOf(file) {
    const head = latin(file.subarray(0, 4096));
    const at = head.indexOf('\x02\x00\x10\x00UI');

    if (head.slice(128, 132) !== 'DICM' || at < 0) {
        return '';
    }

    const length = file[at + 6] + 256 * file[at + 7];

    return head.slice(at + 8, at + 8 + length).replace(/\0+$/, '');
}
