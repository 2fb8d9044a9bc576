// SPDX-License-Identifier: BSD-2-Clause
//
// The studies that the browser tests look at: every pixel is known.

import { part10, store } from './part10.mjs';

const now = new Date();
export const TODAY = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((n) => String(n).padStart(2, '0')).join('');

const uid = (/** @type {(number | string)[]} */ ...path) =>
    `2.25.7203342.${path.join('.')}`;

const CT_CLASS = '1.2.840.10008.5.1.4.1.1.2';
const DX_CLASS = '1.2.840.10008.5.1.4.1.1.1.1';
const US_CLASS = '1.2.840.10008.5.1.4.1.1.3.1';
const SC_CLASS = '1.2.840.10008.5.1.4.1.1.7';

/** @param {number | string} study @param {number} series @param {number} n */
const ids = (study, series, n) => ({
    SpecificCharacterSet: 'ISO_IR 192',
    StudyInstanceUID: uid(study),
    SeriesInstanceUID: uid(study, series),
    SOPInstanceUID: uid(study, series, n),
    StudyDate: '20240115',
    StudyTime: '101500',
});

const grey16 = (/** @type {number} */ rows, /** @type {number} */ columns) => ({
    SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows, Columns: columns, BitsAllocated: 16, BitsStored: 12, HighBit: 11,
    PixelRepresentation: 0,
});

/**
 * @param {number} rows
 * @param {number} columns
 * @param {(x: number, y: number) => number} value
 */
function pixels16(rows, columns, value) {
    const data = new Uint16Array(rows * columns);

    for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
            data[y * columns + x] = value(x, y);
        }
    }

    return Buffer.from(data.buffer);
}


/** Of today: another study each day. */
const CT_STUDY = `1.${Number(TODAY)}`;

/** CT: 24 axial slices, head first; a second, sagittal series of 3. */
export const CT = {
    study: uid(CT_STUDY),
    id: `XSS-${TODAY}`,
    slices: 24,
    name: '<script>alert(1)</script>^"><b>',
    description: '<img src=x onerror=alert(2)> thorax',
    /** HU of the band at the top of slice k, and of the gradient below */
    band: (/** @type {number} */ k) => k * 15 - 150,
    gradient: (/** @type {number} */ x) => 2 * x - 200,
};

/** Grey of a value under the CT's own window, 40 / 400, as the standard says. */
export function grey(/** @type {number} */ hu, center = 40, width = 400) {
    const y = ((hu - (center - 0.5)) / (width - 1) + 0.5) * 255;

    return Math.max(0, Math.min(255, y));
}

const patientOfCt = {
    PatientName: `${CT.name}=山田^太郎=やまだ^たろう`,
    PatientID: CT.id, PatientBirthDate: '19700615', PatientSex: 'F',
    StudyDescription: CT.description, AccessionNumber: 'ACC-XSS', StudyID: '<b>7',
    InstitutionName: '<i>St. Elsewhere', StudyDate: TODAY,
};

/** @param {number} k from the head */
function ctSlice(k) {
    return part10({
        ...ids(CT_STUDY, 1, k + 1), ...patientOfCt, ...grey16(256, 256),
        SOPClassUID: CT_CLASS, Modality: 'CT', SeriesNumber: 1,
        SeriesDescription: 'Axial <script>',
        // the numbers say nothing of the place
        InstanceNumber: (k * 7) % CT.slices + 1,
        ImagePositionPatient: [-128, -128, 100 - 5 * k],
        ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        FrameOfReferenceUID: uid(CT_STUDY, 9), PixelSpacing: [1, 1], SliceThickness: 5,
        WindowCenter: 40, WindowWidth: 400, RescaleSlope: 1, RescaleIntercept: -1024,
        PixelData: pixels16(256, 256, (x, y) =>
            (y < 32 ? CT.band(k) : CT.gradient(x)) + 1024),
    });
}


/** @param {number} k */
function sagittalSlice(k) {
    return part10({
        ...ids(CT_STUDY, 2, k + 1), ...patientOfCt, ...grey16(128, 128),
        SOPClassUID: CT_CLASS, Modality: 'CT', SeriesNumber: 2,
        SeriesDescription: 'Sagittal', InstanceNumber: k + 1,
        ImagePositionPatient: [10 * k, -64, 64],
        ImageOrientationPatient: [0, 1, 0, 0, 0, -1],
        FrameOfReferenceUID: uid(CT_STUDY, 9), PixelSpacing: [1, 1], SliceThickness: 5,
        WindowCenter: 40, WindowWidth: 400, RescaleSlope: 1, RescaleIntercept: -1024,
        PixelData: pixels16(128, 128, (x, y) => (x + y) % 200 + 1024),
    });
}


/**
 * Three axial series: the second every 10 mm and of smaller pixels, in the
 * frame of reference of the first; the third in another one.  Slice k of each
 * has one grey, of k.
 */
export const LINKED = {
    study: uid(4),
    series: [
        { slices: 20, from: 95, step: 5, spacing: 1, frame: 'a' },
        { slices: 10, from: 100, step: 10, spacing: 0.5, frame: 'a' },
        { slices: 10, from: 500, step: 10, spacing: 1, frame: 'b' },
    ],
    hu: (/** @type {number} */ k) => k * 10 - 60,
};

/** @param {number} n of the series, from 0 @param {number} k from the head */
function linkedSlice(n, k) {
    const x = LINKED.series[n];

    return part10({
        ...ids(4, n + 1, k + 1), ...grey16(128, 128), SOPClassUID: CT_CLASS,
        PatientName: 'Linked^Series', PatientID: 'LINK-1', Modality: 'CT',
        StudyDescription: 'Three series', SeriesNumber: n + 1,
        SeriesDescription: `Axial ${n + 1}`, InstanceNumber: k + 1,
        ImagePositionPatient: [-64 * x.spacing, -64 * x.spacing, x.from - x.step * k],
        ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        FrameOfReferenceUID: `${uid(4, 9)}.${x.frame === 'a' ? 1 : 2}`,
        PixelSpacing: [x.spacing, x.spacing], SliceThickness: 5,
        WindowCenter: 40, WindowWidth: 400, RescaleSlope: 1, RescaleIntercept: -1024,
        PixelData: pixels16(128, 128, () => LINKED.hu(k) + 1024),
    });
}


/** Counts from 0, in a patient with an older and a newer study. */
export const NM = {
    study: uid(5), older: uid(6), newer: uid(7),
    value: (/** @type {number} */ x) => x * 10,
};

/** @param {number} n of the study @param {string} date */
function counts(n, date) {
    return part10({
        ...ids(n, 1, 1), ...grey16(128, 128), StudyDate: date,
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.20', Modality: 'NM',
        PatientName: 'Counts^From Zero', PatientID: 'NM-1',
        PatientBirthDate: '19501231', StudyDescription: `Bone scan ${date}`,
        SeriesNumber: 1, InstanceNumber: 1, WindowCenter: 400, WindowWidth: 800,
        PixelData: pixels16(128, 128, NM.value),
    });
}


/** A radiograph of 3000 x 2500 with detail that only single pixels show. */
export const DX = {
    study: uid(2),
    columns: 3000,
    rows: 2500,
    value: (/** @type {number} */ x, /** @type {number} */ y) =>
        1000 + ((x >> 1) + (y >> 1)) % 2 * 2000 + (x >> 4),
};

function radiograph() {
    return part10({
        ...ids(2, 1, 1), ...grey16(DX.rows, DX.columns),
        SOPClassUID: DX_CLASS, Modality: 'DX', PatientName: 'Large^Radiograph',
        PatientID: 'DX-1', StudyDescription: 'Chest PA', SeriesNumber: 1,
        InstanceNumber: 1, PatientOrientation: ['L', 'F'],
        ImagerPixelSpacing: [0.14, 0.14], WindowCenter: 2048, WindowWidth: 4096,
        RescaleSlope: 1, RescaleIntercept: 0,
        PixelData: pixels16(DX.rows, DX.columns, DX.value),
    });
}


/** Ultrasound: 12 colour frames; frame n has a white bar at column 5 n. */
export const US = { study: uid(3), frames: 12, columns: 80, rows: 60 };

function loop() {
    const frame = US.columns * US.rows * 3;
    const data = Buffer.alloc(frame * US.frames, 20);

    for (let f = 0; f < US.frames; f++) {
        for (let y = 0; y < US.rows; y++) {
            const at = f * frame + (y * US.columns + f * 5) * 3;
            data.fill(255, at, at + 15);
        }
    }

    return part10({
        ...ids(3, 1, 1), SOPClassUID: US_CLASS, Modality: 'US',
        PatientName: 'Echo^Loop', PatientID: 'US-1', StudyDescription: 'Echo',
        SeriesNumber: 1, InstanceNumber: 1, SamplesPerPixel: 3,
        PhotometricInterpretation: 'RGB', PlanarConfiguration: 0,
        NumberOfFrames: US.frames, FrameIncrementPointer: 0x00181063, FrameTime: 50,
        Rows: US.rows, Columns: US.columns, BitsAllocated: 8, BitsStored: 8,
        HighBit: 7, PixelRepresentation: 0, PixelData: data,
    });
}


/** 55 small studies, to have more than a page. */
export const MANY = { count: 55, name: 'Zzpaging' };

/** @param {number} n */
function small(n) {
    const number = String(n).padStart(3, '0');

    return part10({
        ...ids(100 + n, 1, 1), SOPClassUID: SC_CLASS, Modality: 'MR',
        PatientName: `${MANY.name}^N${number}`, PatientID: `PG-${number}`,
        AccessionNumber: `AP${number}`, StudyDescription: 'Paging',
        SeriesNumber: 1, InstanceNumber: 1, ...grey16(8, 8),
        PixelData: pixels16(8, 8, (x) => x * 100),
    });
}


/** @param {string} base URL of the server */
export async function storeAll(base) {
    const range = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => i);

    await store(base, range(CT.slices).map(ctSlice));
    await store(base, [...range(3).map(sagittalSlice), loop(), radiograph()]);
    await store(base, LINKED.series.flatMap((x, n) =>
        range(x.slices).map((k) => linkedSlice(n, k))));
    await store(base, [counts(5, '20230601'), counts(6, '20210601'), counts(7, '20240601')]);
    await store(base, range(MANY.count).map(small));
}
