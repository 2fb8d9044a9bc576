// SPDX-License-Identifier: BSD-2-Clause
//
// Pictures to measure in: what is how far from what, and of which value, is
// known; each states its spacing in another way, or in none.

import { part10, store } from './part10.mjs';

const run = String(Date.now());
const uid = (/** @type {(number | string)[]} */ ...path) =>
    `2.25.7203344.${run}.${path.join('.')}`;

const CT_CLASS = '1.2.840.10008.5.1.4.1.1.2';
const DX_CLASS = '1.2.840.10008.5.1.4.1.1.1.1';
const SC_CLASS = '1.2.840.10008.5.1.4.1.1.7';

/**
 * 200 x 160 pixels of 0.5 mm across and 0.8 mm down; air, with a block of
 * 100 HU (columns 60-99, rows 40-79) whose one half is 300 HU.
 */
export const CT = {
    columns: 200, rows: 160, row: 0.8, column: 0.5,
    hu: (/** @type {number} */ x, /** @type {number} */ y) =>
        x < 60 || x > 99 || y < 40 || y > 79 ? -1000 : x < 80 ? 100 : 300,
};

/** At the detector; and of an unknown size. */
export const DX = { study: uid(2), row: 0.2, column: 0.2, columns: 300, rows: 300 };
export const BARE = { study: uid(3), columns: 300, rows: 200 };


/**
 * @param {Record<string, any>} more
 * @param {number} columns
 * @param {number} rows
 * @param {(x: number, y: number) => number} stored
 */
function picture(more, columns, rows, stored) {
    const data = Uint16Array.from({ length: columns * rows }, (_, i) =>
        stored(i % columns, Math.floor(i / columns)));

    return part10({
        SpecificCharacterSet: 'ISO_IR 192', StudyDate: '20240405', StudyTime: '080910',
        PatientName: 'Measure^Pat', PatientID: 'PHANTOM-7', PatientBirthDate: '19600229',
        PatientSex: 'O', StudyID: '7', AccessionNumber: 'ACC-7', SeriesNumber: 1,
        SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: rows,
        Columns: columns, BitsAllocated: 16, BitsStored: 16, HighBit: 15,
        PixelRepresentation: 0, RescaleSlope: 1, RescaleIntercept: -1024,
        PixelData: Buffer.from(data.buffer), ...more,
    });
}


/** @param {number} study @param {number} k */
function ctSlice(study, k) {
    return picture({
        SOPClassUID: CT_CLASS, Modality: 'CT', StudyInstanceUID: uid(study),
        SeriesInstanceUID: uid(study, 1), SOPInstanceUID: uid(study, 1, k), InstanceNumber: k,
        StudyDescription: 'Phantom', SeriesDescription: 'Block',
        PixelSpacing: [CT.row, CT.column], SliceThickness: 2,
        ImagePositionPatient: [0, 0, -2 * k], ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        FrameOfReferenceUID: uid(study, 9), WindowCenter: 40, WindowWidth: 400,
    }, CT.columns, CT.rows, (x, y) => CT.hu(x, y) + 1024);
}


/** Studies with the block. */
let studies = 10;


/**
 * @param {string} base URL of the server
 * @returns {Promise<string>} a study of its own, of three slices of CT
 */
export async function storeCt(base) {
    const study = ++studies;

    await store(base, [1, 2, 3].map((k) => ctSlice(study, k)));

    return uid(study);
}


/** @param {string} base URL of the server */
export async function storePhantoms(base) {
    await store(base, [
        picture({
            SOPClassUID: DX_CLASS, Modality: 'DX', StudyInstanceUID: DX.study,
            SeriesInstanceUID: uid(2, 1), SOPInstanceUID: uid(2, 1, 1), InstanceNumber: 1,
            ImagerPixelSpacing: [DX.column, DX.column], WindowCenter: 0, WindowWidth: 2000,
        }, DX.columns, DX.rows, (x, y) => x + y),
        picture({
            SOPClassUID: SC_CLASS, Modality: 'OT', StudyInstanceUID: BARE.study,
            SeriesInstanceUID: uid(3, 1), SOPInstanceUID: uid(3, 1, 1), InstanceNumber: 1,
            WindowCenter: 0, WindowWidth: 2000,
        }, BARE.columns, BARE.rows, (x, y) => x + y),
    ]);
}
