// SPDX-License-Identifier: BSD-2-Clause
//
// A series' metadata as stacks of frames that can be scrolled.  Series are
// never merged; each multi-frame instance of a series with several of them
// is a stack of its own (IHE BIR 4.16.4.2.2.5.1, frame sets).

import { text } from '../ui/text.js';
import { TAG, first, items, number, numbers, joined, values } from './dataset.js';
import { orientation } from '../math/orientation.js';
import { ordered } from '../math/order.js';
import { spacingOf } from '../math/scale.js';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const PET = `${STORAGE}128`;
const OF_STORED = ['4', '12.1', '12.1.1', '12.2', '12.2.1', '12.3', '481.2']
    .map((id) => STORAGE + id);

/**
 * @typedef {import('./dataset.js').Dataset} Dataset
 * @typedef {import('../math/window.js').Window} Window
 * @typedef {import('../math/vector.js').Vector} Vector
 *
 * @typedef {Object} Frame
 * @property {string} study
 * @property {string} series
 * @property {string} instance
 * @property {number} frame from 1
 * @property {number} frames of the instance
 * @property {string} modality
 * @property {number} columns
 * @property {number} rows
 * @property {number} aspect height of a pixel / its width
 * @property {boolean} colour windows do not apply
 * @property {boolean} whiteLow the low end is white: MONOCHROME1, or inverted
 *     by Presentation LUT Shape
 * @property {number} bytes of the stored frame before compression
 * @property {import('../math/window.js').VoiFunction} voi
 * @property {{center: number, width: number, label: string}[]} windows of
 *     the header
 * @property {boolean} hasLut the server's first picture uses a VOI LUT
 * @property {Window | null} auto the server's window when the header has none,
 *     as far as the header tells
 * @property {Window} guess where a drag starts when nothing is known
 * @property {Vector | null} position
 * @property {import('../math/orientation.js').Orientation | null} orientation
 * @property {string} frameOfReference UID, '' when it has none
 * @property {string[]} patientOrientation
 * @property {import('../math/scale.js').Spacing | null} spacing
 * @property {number | null} instanceNumber
 * @property {string} reference Frame of Reference UID, ''
 * @property {Dataset} ds
 * @property {string} rev of its series, or ''
 * @property {import('../net/urls.js').Source | null} source of a virtual
 *     frame, null: a stored one
 * @property {import('./planes.js').Slab} [slab] of a plane of a volume
 *
 * @typedef {{id: string, series: string, frames: Frame[],
 *            label: string,
 *            made?: import('./planes.js').Planes | import('./planes.js').Views
 *     }} Stack label: '' or which one of the series; made: of what, where its
 *     frames are none that are stored
 */

/** What tells the shape of a pixel, the strongest first. */
const ASPECTS = [TAG.PixelSpacing, TAG.ImagerPixelSpacing,
    TAG.NominalScannedPixelSpacing, TAG.PixelAspectRatio];

/** Frames that are more than anybody's memory are a lie. */
const MOST_FRAMES = 100000;


/**
 * @param {Dataset[]} instances metadata of one series
 * @param {string} [rev] of the series, by which its pictures are kept
 * @returns {Stack[]} without instances that have no pixels
 */
export function stacks(instances, rev = '') {
    const sets = related(instances.map((ds) => framesOf(ds, rev))
        .filter((f) => f.length > 0));
    const single = sets.filter((f) => f.length === 1).flat();
    const multi = sets.filter((f) => f.length > 1)
        .sort((a, b) => (a[0].instanceNumber ?? 0) - (b[0].instanceNumber ?? 0));
    const all = [...(single.length > 0 ? [single] : []), ...multi];

    return all.map((frames, i) => ({
        id: `${frames[0].series}/${frames[0].frames > 1 ? frames[0].instance : ''}`,
        series: frames[0].series,
        frames: ordered(frames),
        label: all.length > 1 ? text('{n} of {all}', { n: i + 1, all: all.length }) : '',
    }));
}


/**
 * Some anonymizers give each slice a frame of reference of its own: such a
 * series is one place, as it is for the server's volumes.
 * @param {Frame[][]} sets of each instance
 * @returns {Frame[][]}
 */
function related(sets) {
    const all = sets.map((frames) => frames[0].reference);

    return sets.length < 2 || all.includes('') || new Set(all).size < all.length
        ? sets
        : sets.map((set) => set.map((f) => ({ ...f, reference: f.series })));
}


/**
 * @param {Dataset} ds
 * @param {string} [rev]
 * @returns {Frame[]} empty: not an image
 */
export function framesOf(ds, rev = '') {
    const rows = number(ds, TAG.Rows) ?? 0;
    const columns = number(ds, TAG.Columns) ?? 0;

    if (!(rows > 0) || !(columns > 0)) {
        return [];
    }

    const count = Math.min(MOST_FRAMES,
        Math.max(1, number(ds, TAG.NumberOfFrames) ?? 1));
    const shared = items(ds, TAG.SharedFunctionalGroupsSequence)[0];
    const each = items(ds, TAG.PerFrameFunctionalGroupsSequence);
    const base = { ...ofInstance(ds, rows, columns, count), rev };

    return Array.from({ length: count }, (_, i) =>
        ({ ...base, frame: i + 1, ...ofFrame(ds, shared, each[i]) }));
}


/**
 * @param {Dataset} ds
 * @param {number} rows
 * @param {number} columns
 * @param {number} frames
 */
function ofInstance(ds, rows, columns, frames) {
    const samples = number(ds, TAG.SamplesPerPixel) ?? 1;
    const photometric = first(ds, TAG.PhotometricInterpretation);
    const allocated = number(ds, TAG.BitsAllocated) ?? 8;

    return {
        study: first(ds, TAG.StudyInstanceUID),
        series: first(ds, TAG.SeriesInstanceUID),
        instance: first(ds, TAG.SOPInstanceUID),
        instanceNumber: number(ds, TAG.InstanceNumber),
        reference: first(ds, TAG.FrameOfReferenceUID),
        modality: first(ds, TAG.Modality),
        frame: 1,
        frames,
        rows,
        columns,
        colour: samples > 1 || photometric === 'PALETTE COLOR',
        whiteLow: photometric === 'MONOCHROME1'
            || first(ds, TAG.PresentationLUTShape) === 'INVERSE',
        bytes: rows * columns * samples * allocated / 8,
        patientOrientation: values(ds, TAG.PatientOrientation).map(String),
        frameOfReference: first(ds, TAG.FrameOfReferenceUID),
        ds,
        source: null,
    };
}


/**
 * @param {Dataset} ds
 * @param {Dataset | undefined} shared functional groups
 * @param {Dataset | undefined} own functional groups of the frame
 */
function ofFrame(ds, shared, own) {
    const group = (/** @type {string} */ tag) =>
        items(own, tag)[0] ?? items(shared, tag)[0];
    const measures = group(TAG.PixelMeasuresSequence);
    const position = group(TAG.PlanePositionSequence) ?? ds;
    const plane = group(TAG.PlaneOrientationSequence) ?? ds;
    const look = group(TAG.FrameVOILUTSequence) ?? ds;
    const rescale = group(TAG.PixelValueTransformationSequence) ?? ds;
    const pet = first(ds, TAG.SOPClassUID) === PET;
    const ipp = numbers(position, TAG.ImagePositionPatient);

    return {
        position: ipp.length === 3 ? /** @type {Vector} */ (ipp) : null,
        orientation: orientation(numbers(plane, TAG.ImageOrientationPatient)),
        spacing: spacingOf(ds, measures),
        aspect: aspectOf(ds, measures),
        // the server shows all of a PET series alike, whatever they say
        windows: pet ? [] : windowsOf(look),
        voi: voiOf(look),
        hasLut: items(look, TAG.VOILUTSequence).length > 0,
        auto: pet ? null : autoWindow(ds, rescale),
        guess: windowOfRange(pet ? petRange(ds) : storedRange(ds),
            isOfStored(ds) ? undefined : rescale),
    };
}


/**
 * Down by across, from the first attribute that says it (PS3.3 10.7.1.3,
 * C.7.6.3.1.7); the server makes its pictures by the same.
 * @param {Dataset} ds
 * @param {Dataset | undefined} measures
 * @returns {number}
 */
function aspectOf(ds, measures) {
    const pairs = [numbers(measures, TAG.PixelSpacing), ...ASPECTS.map((t) =>
        numbers(ds, t))];
    const [down, across] = pairs.find(([a, b]) => a > 0 && b > 0) ?? [1, 1];
    const ratio = down / across;

    return ratio > 0.01 && ratio < 100 ? ratio : 1;
}


/**
 * @param {Dataset} ds
 * @returns {{center: number, width: number, label: string}[]}
 */
function windowsOf(ds) {
    const centers = numbers(ds, TAG.WindowCenter);
    const widths = numbers(ds, TAG.WindowWidth);
    const labels = values(ds, TAG.WindowCenterWidthExplanation);

    return centers.slice(0, widths.length)
        .map((center, i) => ({
            center,
            width: widths[i],
            label: String(labels[i] ?? ''),
        }))
        .filter((w) => w.width > 0);
}


/**
 * @param {Dataset} ds
 * @returns {import('../math/window.js').VoiFunction}
 */
function voiOf(ds) {
    const name = first(ds, TAG.VOILUTFunction);

    if (name === 'SIGMOID') {
        return 'sigmoid';
    }

    return name === 'LINEAR_EXACT' ? 'linear-exact' : 'linear';
}


/**
 * Windows are of stored values, not of rescaled ones, as the server has it.
 * @param {Dataset} ds
 * @returns {boolean}
 */
function isOfStored(ds) {
    return OF_STORED.includes(first(ds, TAG.SOPClassUID));
}


/** @param {Dataset} ds @returns {[number, number]} */
function petRange(ds) {
    const high = number(ds, TAG.LargestImagePixelValue) ?? 0;

    return [0, high > 0 ? high : storedRange(ds)[1]];
}


/**
 * Without a window in the header the server shows all values that 8 bits can
 * hold, or else those that are there.
 * @param {Dataset} ds
 * @param {Dataset} rescale
 * @returns {Window | null}
 */
function autoWindow(ds, rescale) {
    const low = number(ds, TAG.SmallestImagePixelValue);
    const high = number(ds, TAG.LargestImagePixelValue);

    const scale = isOfStored(ds) ? undefined : rescale;

    if (scale && items(ds, TAG.ModalityLUTSequence).length > 0) {
        return null;
    }

    if ((number(ds, TAG.BitsStored) ?? 16) <= 8) {
        return windowOfRange(storedRange(ds), scale);
    }

    return low !== null && high !== null && high > low
        ? windowOfRange([low, high], scale) : null;
}


/** @param {Dataset} ds @returns {[number, number]} of all possible values */
function storedRange(ds) {
    const bits = Math.min(32, Math.max(1, number(ds, TAG.BitsStored) ?? 8));
    const signed = number(ds, TAG.PixelRepresentation) === 1;
    const least = signed ? -(2 ** (bits - 1)) : 0;

    return [least, least + 2 ** bits - 1];
}


/**
 * The LINEAR window whose ramp goes from one stored value to another.
 * @param {[number, number]} range
 * @param {Dataset | undefined} rescale
 * @returns {Window}
 */
function windowOfRange([low, high], rescale) {
    const slope = number(rescale, TAG.RescaleSlope) || 1;
    const intercept = number(rescale, TAG.RescaleIntercept) ?? 0;

    return {
        center: (low + high) / 2 * slope + intercept + 0.5,
        width: (high - low) * Math.abs(slope) + 1,
    };
}


/**
 * Frames a second of a cine loop; null: the header has none.
 * @param {Frame} f
 * @returns {number | null}
 */
export function frameRate(f) {
    const time = number(f.ds, TAG.FrameTime);
    const rate = number(f.ds, TAG.RecommendedDisplayFrameRate)
        ?? number(f.ds, TAG.CineRate)
        ?? (time !== null && time > 0 ? 1000 / time : null);

    return rate !== null && rate > 0 && rate <= 200 ? rate : null;
}


/**
 * The stored picture was lossily compressed (PS3.3 C.7.6.1.1.5).
 * @param {Frame} f
 * @returns {string} '' when not
 */
export function lossyText(f) {
    if (first(f.ds, TAG.LossyImageCompression) !== '01') {
        return '';
    }

    const ratio = numbers(f.ds, TAG.LossyImageCompressionRatio)
        .map((r) => `${Number(r.toPrecision(3))}:1`).join(', ');
    const method = joined(f.ds, TAG.LossyImageCompressionMethod)
        .replaceAll('_', ' ');

    return [text('Lossy stored'), ratio, method].filter((s) => s !== '').join(' ');
}
