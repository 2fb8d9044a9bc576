// SPDX-License-Identifier: BSD-2-Clause
//
// Planes through a volume, and views of it, as stacks of frames like any
// other: only that the server makes their pictures when they are asked for.
// Where such a picture lies is decided here, exactly, and the server is told.

import { text } from '../ui/text.js';
import { TAG } from './dataset.js';
import { VIEWS_AROUND, VIEWS_UP, VIEW_STEP } from './views.js';
import { PLANE, cornersOf, extentOf, middleVoxel, pixelOf } from './volume.js';
import { planeSource, viewSource } from '../net/volumes.js';
import { stackNormal } from '../math/order.js';
import { cross, difference, dot, length, scaled, sum } from '../math/vector.js';

/**
 * @typedef {import('../math/vector.js').Vector} Vector
 * @typedef {import('../math/orientation.js').Orientation} Orientation
 * @typedef {import('./stack.js').Frame} Frame
 * @typedef {import('./stack.js').Stack} Stack
 * @typedef {import('./volume.js').Volume} Volume
 *
 * @typedef {'axial' | 'coronal' | 'sagittal'} Axis
 * @typedef {'' | 'maximum_ip' | 'minimum_ip' | 'average_ip'} SlabMode
 * @typedef {{mode: SlabMode, mm: number}} Slab mode '': a plane
 *
 * @typedef {Object} Cut what of a volume is rendered
 * @property {string} preset '': the modality's first
 * @property {number[]} box x, y, z of the least and of the greatest corner;
 *     empty: all
 *
 * @typedef {Object} Planes what a stack of planes was made from
 * @property {'mpr'} kind
 * @property {Volume} volume
 * @property {Axis} axis that it began as
 * @property {Orientation} orientation
 * @property {Slab} slab
 *
 * @typedef {Object} Views what a stack of views was made from
 * @property {'vr'} kind
 * @property {Volume} volume
 * @property {Cut} cut
 */

/** @type {Record<Axis, Orientation>} as radiologists look at them */
const AXES = Object.freeze({
    axial: { row: [1, 0, 0], column: [0, 1, 0] },
    coronal: { row: [1, 0, 0], column: [0, 0, -1] },
    sagittal: { row: [0, 1, 0], column: [0, 0, -1] },
});

/** @type {Record<Axis, string>} */
const NAMES = Object.freeze({
    axial: text('axial'), coronal: text('coronal'), sagittal: text('sagittal'),
});

/** @type {Cut} */
export const WHOLE = Object.freeze({ preset: '', box: [] });

/** Pixels of a plane's picture along a side, at most. */
const MOST_SIDE = 2048;

/** Planes of a stack, at most. */
const MOST_PLANES = 4096;

/** Side of a view of a volume, pixels. */
const VIEW_SIDE = 640;

/** What is a slice's own and not a plane's. */
const OF_SLICE = [TAG.SliceLocation, TAG.SliceThickness, TAG.InstanceNumber,
    TAG.ImageLaterality, TAG.FrameLaterality, TAG.PatientOrientation];


/**
 * Parallel planes through the whole volume, one of them through `anchor`.
 * @param {Volume} v
 * @param {Axis} axis
 * @param {Orientation} [orientation] when it is oblique
 * @param {Slab} [slab]
 * @param {Vector} [anchor]
 * @returns {Stack}
 */
export function planeStack(v, axis, orientation = AXES[axis], slab = PLANE,
    anchor = middleVoxel(v))
{
    const { row, column } = orientation;
    const way = /** @type {Vector} */ (stackNormal(orientation));
    const [x0, x1] = extentOf(v, row);
    const [y0, y1] = extentOf(v, column);
    const [low, high] = extentOf(v, way);
    const at = dot(anchor, way);
    const distance = Math.max(distanceOf(v, way), (high - low) / MOST_PLANES);
    const first = Math.ceil((low - at) / distance);
    const count = Math.max(1, Math.floor((high - at) / distance) - first + 1);
    const pixel = Math.max(pixelOf(v), (x1 - x0) / MOST_SIDE,
        (y1 - y0) / MOST_SIDE);
    const columns = Math.max(1, Math.round((x1 - x0) / pixel));
    const rows = Math.max(1, Math.round((y1 - y0) / pixel));
    const base = {
        ...frameOfVolume(v, NAMES[axis]),
        columns, rows, orientation, bytes: columns * rows * 2,
        spacing: { row: pixel, column: pixel, source: 'Pixel Spacing' }, slab,
    };
    const flat = sum(scaled(row, (x0 + x1) / 2), scaled(column, (y0 + y1) / 2));
    const frames = Array.from({ length: count }, (_, i) => {
        const middle = sum(flat, scaled(way, at + (first + i) * distance));

        return {
            ...base,
            instanceNumber: i + 1,
            position: cornerPixel(base, middle, pixel),
            source: planeSource(v, { ...base, middle, pixel }, slab),
        };
    });

    return {
        id: `${v.id} ${axis} ${[...row, ...column].map(short).join()}`
            + ` ${slab.mode}${slab.mm} ${short(at)}`,
        series: v.middle.series,
        label: axis,
        frames,
        made: { kind: 'mpr', volume: v, axis, orientation, slab },
    };
}


/**
 * The volume seen from all sides, upright.  Its frames are in rows: around
 * the patient, from below to above.
 * @param {Volume} v
 * @param {Cut} [cut]
 * @returns {Stack}
 */
export function viewStack(v, cut = WHOLE) {
    const corners = cornersOf(v);
    const middle = scaled(sum(corners[0], corners[7]), 0.5);
    const across = 2 * Math.max(...corners.map((c) =>
        length(difference(c, middle))));
    const pixel = across / VIEW_SIDE;
    const base = {
        ...frameOfVolume(v, '3D'),
        columns: VIEW_SIDE, rows: VIEW_SIDE, colour: true,
        // what is measured in a view lies at no known depth
        spacing: null, windows: [], auto: null, bytes: VIEW_SIDE ** 2 * 3,
    };
    const frames = Array.from({ length: VIEWS_AROUND * VIEWS_UP }, (_, i) => {
        const orientation = viewFrom(i);

        return {
            ...base, orientation, instanceNumber: i + 1,
            position: cornerPixel({ ...base, orientation }, middle, pixel),
            source: viewSource(v, { ...base, orientation, middle, pixel }, cut),
        };
    });

    return {
        id: `${v.id} 3D ${cut.preset} ${cut.box.map(short).join()}`,
        series: v.middle.series,
        label: '3D',
        frames,
        made: { kind: 'vr', volume: v, cut },
    };
}


/** @param {number} index @returns {Orientation} of that view */
function viewFrom(index) {
    const turn = index % VIEWS_AROUND * VIEW_STEP * Math.PI / 180;
    const tilt = (Math.floor(index / VIEWS_AROUND) * VIEW_STEP - 90)
        * Math.PI / 180;
    /** @type {Vector} */
    const row = [Math.cos(turn), Math.sin(turn), 0];
    /** @type {Vector} */
    const view = [-Math.sin(turn) * Math.cos(tilt),
        Math.cos(turn) * Math.cos(tilt), -Math.sin(tilt)];

    return { row, column: cross(view, row) };
}


/**
 * How far two planes lie apart: as the voxels do.
 * @param {Volume} v
 * @param {Vector} normal
 * @returns {number} mm
 */
function distanceOf(v, normal) {
    const steps = v.step.map((s) => Math.abs(dot(s, normal)));
    const share = v.step.map((s, i) => steps[i] / length(s));

    return steps[share.indexOf(Math.max(...share))];
}


/**
 * What all pictures of a volume have from its frames.
 * @param {Volume} v
 * @param {string} name
 * @returns {Frame}
 */
function frameOfVolume(v, name) {
    const ds = { ...v.middle.ds };

    for (const tag of OF_SLICE) {
        delete ds[tag];
    }

    const described = ds[TAG.SeriesDescription]?.Value?.[0];

    ds[TAG.SeriesDescription] = {
        Value: [[described, name].filter(Boolean).join(' ')],
    };

    return {
        ...v.middle, ds, frame: 1, frames: 1, aspect: 1,
        hasLut: false, patientOrientation: [],
    };
}


/**
 * @param {{columns: number, rows: number,
 *          orientation: Orientation | null}} f
 * @param {Vector} middle
 * @param {number} pixel mm
 * @returns {Vector} the centre of the first pixel
 */
function cornerPixel(f, middle, pixel) {
    const o = /** @type {Orientation} */ (f.orientation);

    return sum(middle, sum(scaled(o.row, (1 - f.columns) / 2 * pixel),
        scaled(o.column, (1 - f.rows) / 2 * pixel)));
}


/** @param {number} x @returns {string} */
function short(x) {
    return String(Number(x.toFixed(5)));
}
