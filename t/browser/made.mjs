// SPDX-License-Identifier: BSD-2-Clause
//
// Studies that a test of the list makes for itself.

import { part10 } from './part10.mjs';
import { TODAY } from './studies.mjs';

let last = 0;

/** A UID of this run only. */
export const newUid = () => `2.25.7203342.77.${process.pid}${Date.now()}.${++last}`;

/** Today's last second, the later the later: the newest is the list's first. */
const lastSecond = () => `235959.${String(Math.floor(Date.now() % 86400000 / 86.4))
    .padStart(6, '0')}`;

/**
 * An instance of a study that is today's last, unless said otherwise.
 * @param {Record<string, any>} values by keyword
 * @param {number} [side] pixels of its side
 * @returns {Buffer} a Part 10 file
 */
export function made(values, side = 8) {
    const pixels = Buffer.alloc(side * side * 2);

    for (let i = 0; i < pixels.length; i += 2) {
        pixels.writeUInt16LE(i * 7919 % 4096, i);
    }

    return part10({
        SpecificCharacterSet: 'ISO_IR 192',
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: newUid(),
        SeriesInstanceUID: newUid(), StudyInstanceUID: newUid(),
        StudyDate: TODAY, StudyTime: lastSecond(), Modality: 'OT',
        PatientName: 'Made^Now', PatientID: 'MADE', SeriesNumber: 1,
        InstanceNumber: 1, SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2', Rows: side, Columns: side,
        BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelRepresentation: 0,
        PixelData: pixels, ...values,
    });
}
