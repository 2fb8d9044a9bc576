// SPDX-License-Identifier: BSD-2-Clause
//
// Millimetres: where they come from, and the bar that shows them.  Without a
// valid spacing there is no bar and no mm (PS3.3 10.7, C.8.5.5, C.8.11.4).

import { TAG, entryFor, first, items, number, numbers } from '../dicom/dataset.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{row: number, column: number, source: string}} Spacing mm
 *     between the centres of neighbouring rows and columns
 */

/** Where the millimetres of what the user has measured are from. */
export const BY_USER = 'calibrated by user';

/** Made by projection: a distance in the patient depends on its depth. */
const PROJECTION = new Set(['CR', 'DX', 'MG', 'PX', 'IO', 'XA', 'RF', 'RG', 'XC']);


/**
 * @param {Dataset} ds
 * @param {Dataset | undefined} measures item of Pixel Measures Sequence
 * @returns {Spacing | null}
 */
export function spacingOf(ds, measures) {
    const own = pair(measures, TAG.PixelSpacing) ?? pair(ds, TAG.PixelSpacing);

    if (items(ds, TAG.SequenceOfUltrasoundRegions).length > 0) {
        return regionSpacing(regionsOf(ds));
    }

    if (!PROJECTION.has(first(ds, TAG.Modality))) {
        return own && { ...own, source: 'Pixel Spacing' };
    }

    const imager = pair(ds, TAG.ImagerPixelSpacing);

    if (own !== null && isCalibrated(ds, own, imager)) {
        return { ...own, source: calibration(ds) };
    }

    return imager === null ? null : atPatient(ds, imager);
}


/**
 * The longest bar of 1, 2 or 5 times a power of ten mm that fits.
 * @param {number} mmPerPx of the screen
 * @param {number} mostPx
 * @returns {{px: number, mm: number, label: string} | null}
 */
export function scaleBar(mmPerPx, mostPx) {
    const most = mmPerPx * mostPx;

    if (!(most > 0) || !Number.isFinite(most)) {
        return null;
    }

    const power = 10 ** Math.floor(Math.log10(most));
    const mm = [5, 2, 1].map((k) => k * power).find((v) => v <= most) ?? power;

    return { px: mm / mmPerPx, mm, label: mmLabel(mm) };
}


/** @param {number} mm @returns {string} */
function mmLabel(mm) {
    if (mm >= 10) {
        return `${mm / 10} cm`;
    }

    return mm >= 0.1 ? `${Number(mm.toPrecision(3))} mm`
        : `${Number((mm * 1000).toPrecision(3))} µm`;
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {{row: number, column: number} | null}
 */
function pair(ds, tag) {
    const [row, column] = numbers(ds, tag);

    return row > 0 && column > 0 ? { row, column } : null;
}


/**
 * Pixel Spacing of a projection is calibrated when it says so or when it
 * differs from the detector's (PS3.3 10.7.1.2).
 * @param {Dataset} ds
 * @param {{row: number, column: number}} own
 * @param {{row: number, column: number} | null} imager
 * @returns {boolean}
 */
function isCalibrated(ds, own, imager) {
    return first(ds, TAG.PixelSpacingCalibrationType) !== '' || imager === null
        || own.row !== imager.row || own.column !== imager.column;
}


/** @type {Record<string, string>} Pixel Spacing Calibration Type */
const CALIBRATED = {
    GEOMETRY: 'calibrated: geometry', FIDUCIAL: 'calibrated: fiducial',
};


/** @param {Dataset} ds @returns {string} */
function calibration(ds) {
    const type = first(ds, TAG.PixelSpacingCalibrationType);

    return type === '' ? 'Pixel Spacing, uncertain in a projection'
        : entryFor(CALIBRATED, type) ?? 'calibrated';
}


/**
 * @param {Dataset} ds
 * @param {{row: number, column: number}} imager
 * @returns {Spacing}
 */
function atPatient(ds, imager) {
    const k = number(ds, TAG.EstimatedRadiographicMagnificationFactor);

    return k !== null && k >= 1
        ? { row: imager.row / k, column: imager.column / k,
            source: 'detector, divided by magnification' }
        : { ...imager, source: 'at the detector' };
}


/**
 * Ultrasound: only if one scale holds for all regions that have any.
 * @param {Dataset[]} regions
 * @returns {Spacing | null}
 */
function regionSpacing(regions) {
    const units = (/** @type {Dataset} */ region) => [TAG.PhysicalUnitsXDirection,
        TAG.PhysicalUnitsYDirection].map((t) => number(region, t) ?? 0);
    const all = regions.filter((r) => units(r).some((u) => u !== 0)).map((region) => {
        const isCm = units(region).every((u) => u === 3);
        const x = Math.abs(number(region, TAG.PhysicalDeltaX) ?? 0) * 10;
        const y = Math.abs(number(region, TAG.PhysicalDeltaY) ?? 0) * 10;

        return isCm && x > 0 && y > 0 ? { row: y, column: x } : null;
    });
    const one = all[0] ?? null;
    const alike = all.every((r) => r !== null && one !== null
        && r.row === one.row && r.column === one.column);

    return one !== null && alike ? { ...one, source: 'ultrasound region' } : null;
}


/**
 * Ultrasound regions (PS3.3 C.8.5.5).  Those that reach out of the image are
 * of another one, which this was cut or shrunk from: their scale is not its.
 * @param {Dataset} ds
 * @returns {Dataset[]}
 */
export function regionsOf(ds) {
    const all = items(ds, TAG.SequenceOfUltrasoundRegions);
    const reach = (/** @type {string} */ end, /** @type {string} */ side) =>
        all.every((r) => (number(r, end) ?? 0) <= (number(ds, side) ?? Infinity));

    return reach(TAG.RegionLocationMaxX1, TAG.Columns)
        && reach(TAG.RegionLocationMaxY1, TAG.Rows) ? all : [];
}
