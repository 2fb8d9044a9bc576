// SPDX-License-Identifier: BSD-2-Clause
//
// Projections with sides and views: mammograms of two dates, and a chest.

import { part10, store } from './part10.mjs';

const uid = (/** @type {number[]} */ ...path) => `2.25.7203381.${path.join('.')}`;

const MG_CLASS = '1.2.840.10008.5.1.4.1.1.1.2';
const DX_CLASS = '1.2.840.10008.5.1.4.1.1.1.1';
const ROWS = 200;
const COLUMNS = 120;

/** Grey of the chest wall, a strip at one side; the breast; the air. */
export const GREY = { wall: 240, breast: 120, air: 10 };

export const MG = {
    study: uid(1), prior: uid(2), another: uid(3), series: (/** @type {number} */ n) => uid(1, n),
};
export const CHEST = { study: uid(4) };

/** wall: the side of the stored image @typedef {[string, string, string[], 'left' | 'right']} Sight */

/** @type {Sight[]} the left CC is stored the other way round */
const VIEWS = [
    ['L', 'MLO', ['A', 'F'], 'left'],
    ['R', 'CC', ['P', 'L'], 'right'],
    ['L', 'CC', ['P', 'R'], 'right'],
    ['R', 'MLO', ['P', 'F'], 'right'],
];

/** @param {'left' | 'right' | ''} wall */
function pixels(wall) {
    return Buffer.from(Array.from({ length: ROWS * COLUMNS }, (_, i) => {
        const x = wall === 'right' ? COLUMNS - 1 - i % COLUMNS : i % COLUMNS;

        return x < 12 ? GREY.wall : x < 70 ? GREY.breast : GREY.air;
    }));
}


/**
 * @param {number} study
 * @param {number} series
 * @param {number} n
 * @param {Record<string, any>} more
 * @param {'left' | 'right' | ''} wall
 */
function image(study, series, n, more, wall) {
    return part10({
        StudyInstanceUID: uid(study), SeriesInstanceUID: uid(study, series),
        SOPInstanceUID: uid(study, series, n), StudyTime: '090000',
        SeriesNumber: series, InstanceNumber: n, SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2', Rows: ROWS, Columns: COLUMNS,
        BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelRepresentation: 0,
        WindowCenter: 128, WindowWidth: 256, ...more, PixelData: pixels(wall),
    });
}


/** @param {number} study @param {number} series @param {number} n @param {Sight} view */
function mammogram(study, series, n, [laterality, view, orientation, wall],
    date = '20260115', birth = '19610203')
{
    return image(study, series, n, {
        SOPClassUID: MG_CLASS, Modality: 'MG', PatientName: 'Hanging^Four',
        PatientID: 'HANG-1', PatientBirthDate: birth, PatientSex: 'F',
        StudyDate: date, SeriesDate: date, StudyDescription: 'Screening',
        SeriesDescription: study === 1 ? `${laterality} ${view}` : 'All views',
        ImageLaterality: laterality, ViewPosition: view,
        PatientOrientation: orientation, ImagerPixelSpacing: [1, 1],
    }, wall);
}


/** @param {number} n @param {string} view */
function chest(n, view) {
    return image(4, 1, n, {
        SOPClassUID: DX_CLASS, Modality: 'DX', PatientName: 'Hanging^Chest',
        PatientID: 'HANG-2', StudyDate: '20260115', StudyDescription: 'Thorax 2 planes',
        BodyPartExamined: 'CHEST', ViewPosition: view,
        PatientOrientation: view === 'PA' ? ['L', 'F'] : ['A', 'F'],
    }, '');
}


/** Slices of one patient: of now, of a year ago in the same space, and older. */
export const SLICES = { study: uid(15) };

/**
 * @param {number} study
 * @param {number} series
 * @param {number} n from 1, from the head
 * @param {{date: string, from: number, step: number, space: number,
 *          description?: string, bodyPart?: string, birth?: string}} of
 */
function slice(study, series, n, of) {
    return part10({
        StudyInstanceUID: uid(study), SeriesInstanceUID: uid(study, series),
        SOPInstanceUID: uid(study, series, n), StudyTime: '090000', StudyDate: of.date,
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', Modality: 'CT', SeriesDate: of.date,
        PatientName: 'Hanging^Slices', PatientID: 'HANG-7',
        PatientBirthDate: of.birth ?? '19500505', PatientSex: 'M',
        StudyDescription: 'Thorax', SeriesDescription: of.description ?? 'Axial',
        BodyPartExamined: of.bodyPart ?? 'CHEST', SeriesNumber: series, InstanceNumber: n,
        ImagePositionPatient: [-32, -32, of.from - of.step * (n - 1)],
        ImageOrientationPatient: [1, 0, 0, 0, 1, 0], PixelSpacing: [1, 1], SliceThickness: 5,
        FrameOfReferenceUID: uid(99, of.space), SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2', Rows: 64, Columns: 64, BitsAllocated: 8,
        BitsStored: 8, HighBit: 7, PixelRepresentation: 0, WindowCenter: 128, WindowWidth: 256,
        PixelData: Buffer.alloc(64 * 64, 40 + 10 * n),
    });
}

const slices = (/** @type {number} */ study, /** @type {number} */ series,
    /** @type {number} */ count, /** @type {Parameters<typeof slice>[3]} */ of) =>
    Array.from({ length: count }, (_, k) => slice(study, series, k + 1, of));


/** @param {string} base URL of the server */
export async function storeHangings(base) {
    await store(base, [
        ...VIEWS.map((view, i) => mammogram(1, i + 1, 1, view)),
        ...VIEWS.filter((_, i) => i < 3).map((view, i) =>
            mammogram(2, 1, i + 1, view, '20231010')),
        mammogram(3, 1, 1, VIEWS[1], '20250601', '19800101'),
        chest(1, 'LL'), chest(2, 'PA'),
        ...slices(15, 1, 11, { date: '20260301', from: 60, step: 5, space: 1 }),
        ...slices(16, 1, 7, { date: '20250301', from: 60, step: 10, space: 1 }),
        ...slices(17, 1, 4, { date: '20240301', from: 0, step: 5, space: 2, bodyPart: 'HEAD' }),
        ...slices(17, 2, 2, { date: '20240301', from: 0, step: 5, space: 3,
            description: 'Scout', bodyPart: '' }),
        ...slices(18, 1, 2, { date: '20230301', from: 0, step: 5, space: 4, birth: '19990101' }),
    ]);
}
