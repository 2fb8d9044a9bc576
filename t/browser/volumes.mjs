// SPDX-License-Identifier: BSD-2-Clause
//
// Volumes for the browser tests, given by formulas: what lies where in the
// patient is known, so it is known where it must be seen.

import { part10, store } from './part10.mjs';

const uid = (/** @type {(number | string)[]} */ ...path) =>
    `2.25.7203343.${path.join('.')}`;

const CT_CLASS = '1.2.840.10008.5.1.4.1.1.2';
const PT_CLASS = '1.2.840.10008.5.1.4.1.1.128';

/** @typedef {[number, number, number]} Vector */

/**
 * A body with three balls: towards its left, its back and its head.
 */
export const BODY = {
    study: uid(1),
    middle: /** @type {Vector} */ ([10, -20, 30]),
    /** mm from the middle */
    reach: 50,
    radius: 12,
    balls: {
        L: { way: /** @type {Vector} */ ([1, 0, 0]), hu: 400 },
        P: { way: /** @type {Vector} */ ([0, 1, 0]), hu: 200 },
        H: { way: /** @type {Vector} */ ([0, 0, 1]), hu: 0 },
    },
    hu: -200,
    window: { center: 100, width: 1000 },
    columns: 96, rows: 96, slices: 48, pixel: 2, step: 4,
};

/** Uptake in a ball at the left one of the body, and nowhere else. */
export const PET = { uptake: 8000, columns: 48, rows: 48, slices: 30, pixel: 5, step: 7 };

/** A series of one picture for each way that axes can lie. */
export const WAYS = {
    study: uid(2),
    orientations: (() => {
        const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].flatMap((a) =>
            [a, a.map((v) => -v)]);

        return axes.flatMap((r) => axes
            .filter((c) => r.every((v, i) => v * c[i] === 0))
            .map((c) => [...r, ...c]));
    })(),
    side: 96,
    pixel: 2,
};

/** A series with a slice missing, and one without orientation. */
export const GAP = { study: uid(3), bare: uid(4) };

const FRAME = uid(1, 9);


/** @param {number[]} p mm @returns {number} HU */
export function bodyAt(p) {
    const { middle, reach, radius, balls, hu } = BODY;
    const ball = Object.values(balls).find(({ way }) => Math.hypot(
        ...p.map((v, i) => v - middle[i] - way[i] * reach)) < radius);

    return ball?.hu ?? hu;
}


/** @param {number[]} p mm @returns {number} Bq/ml */
export function uptakeAt(p) {
    const { middle, reach, radius, balls } = BODY;
    const from = p.map((v, i) => v - middle[i] - balls.L.way[i] * reach);

    return Math.hypot(...from) < radius + 6 ? PET.uptake : 0;
}


/**
 * @param {Record<string, any>} more
 * @param {number[]} iop
 * @param {number[]} ipp
 * @param {number} pixel
 * @param {number} columns
 * @param {number} rows
 * @param {(p: number[]) => number} stored
 */
function slice(more, iop, ipp, pixel, columns, rows, stored) {
    const data = new Uint16Array(columns * rows);

    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
            data[y * columns + x] = stored(ipp.map((v, i) =>
                v + iop[i] * x * pixel + iop[i + 3] * y * pixel));
        }
    }

    return part10({
        SpecificCharacterSet: 'ISO_IR 192', StudyDate: '20240301', StudyTime: '090000',
        PatientName: 'Volume^Body', PatientID: 'VOL-1', StudyDescription: 'Planes',
        SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: rows,
        Columns: columns, BitsAllocated: 16, BitsStored: 16, HighBit: 15,
        PixelRepresentation: 0, FrameOfReferenceUID: FRAME,
        ImageOrientationPatient: iop, ImagePositionPatient: ipp,
        PixelSpacing: [pixel, pixel], PixelData: Buffer.from(data.buffer), ...more,
    });
}


const CT_LOOK = {
    SOPClassUID: CT_CLASS, Modality: 'CT', RescaleSlope: 1, RescaleIntercept: -1024,
    WindowCenter: BODY.window.center, WindowWidth: BODY.window.width,
};


/** @param {number} k from the feet */
function bodySlice(k) {
    const { middle, columns, rows, slices, pixel, step } = BODY;

    return slice({
        ...CT_LOOK, StudyInstanceUID: BODY.study, SeriesInstanceUID: uid(1, 1),
        SOPInstanceUID: uid(1, 1, k + 1), SeriesNumber: 1, InstanceNumber: k + 1,
        SeriesDescription: 'Body', SliceThickness: step,
    }, [1, 0, 0, 0, 1, 0], [
        middle[0] - columns / 2 * pixel, middle[1] - rows / 2 * pixel,
        middle[2] + (k - slices / 2) * step,
    ], pixel, columns, rows, (p) => bodyAt(p) + 1024);
}


/** Each slice has a slope of its own. @param {number} k from the feet */
function petSlice(k) {
    const { columns, rows, slices, pixel, step } = PET;
    const { middle } = BODY;
    const slope = 0.5 + k / 10;

    return slice({
        SOPClassUID: PT_CLASS, Modality: 'PT', RescaleSlope: slope, RescaleIntercept: 0,
        StudyInstanceUID: BODY.study, SeriesInstanceUID: uid(1, 2),
        SOPInstanceUID: uid(1, 2, k + 1), SeriesNumber: 2, InstanceNumber: k + 1,
        SeriesDescription: 'Uptake', SliceThickness: step, Units: 'BQML',
    }, [1, 0, 0, 0, 1, 0], [
        middle[0] - columns / 2 * pixel, middle[1] - rows / 2 * pixel,
        middle[2] + (k - slices / 2) * step,
    ], pixel, columns, rows, (p) => Math.round(uptakeAt(p) / slope));
}


/** A single sagittal picture: no volume. */
function scout() {
    const { middle } = BODY;

    return slice({
        ...CT_LOOK, StudyInstanceUID: BODY.study, SeriesInstanceUID: uid(1, 3),
        SOPInstanceUID: uid(1, 3, 1), SeriesNumber: 3, InstanceNumber: 1,
        SeriesDescription: 'Scout',
    }, [0, 1, 0, 0, 0, -1], [middle[0], middle[1] - 96, middle[2] + 96], 2, 96, 96,
    (p) => bodyAt(p) + 1024);
}


/** @param {number} n of WAYS.orientations */
function wayOf(n) {
    const { side, pixel, orientations, study } = WAYS;
    const iop = orientations[n];
    const far = (side - 1) / 2 * pixel;

    return slice({
        ...CT_LOOK, StudyInstanceUID: study, SeriesInstanceUID: uid(2, n + 1),
        SOPInstanceUID: uid(2, n + 1, 1), SeriesNumber: n + 1, InstanceNumber: 1,
        PatientID: 'VOL-2', SeriesDescription: `Way ${iop.join(' ')}`,
        FrameOfReferenceUID: uid(2, 99),
    }, iop, BODY.middle.map((v, i) => v - (iop[i] + iop[i + 3]) * far), pixel,
    side, side, (p) => bodyAt(p) + 1024);
}


/** @param {number} k */
function gapSlice(k) {
    return slice({
        ...CT_LOOK, StudyInstanceUID: GAP.study, SeriesInstanceUID: uid(3, 1),
        SOPInstanceUID: uid(3, 1, k + 1), SeriesNumber: 1, InstanceNumber: k + 1,
        PatientID: 'VOL-3', FrameOfReferenceUID: uid(3, 9),
    }, [1, 0, 0, 0, 1, 0], [0, 0, 4 * k], 2, 32, 32, (p) => p[2] * 10);
}


/** No place, no orientation. */
function bare() {
    const data = Buffer.alloc(32 * 32 * 2, 5);

    return part10({
        ...CT_LOOK, StudyInstanceUID: GAP.bare, SeriesInstanceUID: uid(4, 1),
        SOPInstanceUID: uid(4, 1, 1), SeriesNumber: 1, InstanceNumber: 1,
        StudyDate: '20240301', PatientName: 'Bare', PatientID: 'VOL-4',
        SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: 32,
        Columns: 32, BitsAllocated: 16, BitsStored: 16, HighBit: 15,
        PixelRepresentation: 0, PixelData: data,
    });
}


/** @param {string} base URL of the server */
export async function storeVolumes(base) {
    const range = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i);

    await store(base, [
        ...range(BODY.slices).map(bodySlice), ...range(PET.slices).map(petSlice),
        scout(),
    ]);
    await store(base, [
        ...range(WAYS.orientations.length).map(wayOf), bare(),
        ...range(12).filter((k) => k !== 5).map(gapSlice),
    ]);
}
