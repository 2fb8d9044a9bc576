// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses of planes and views of volumes: renderedmpr and rendered3d
// (PS3.18 10.4.1.1.7-8) with the grid of conf/volumes.md, so that the picture
// lies where the page says, to the hundredth of a pixel.

import { seriesUrl } from './urls.js';
import { cross, difference, scaled } from '../math/vector.js';

/**
 * @typedef {import('../math/vector.js').Vector} Vector
 * @typedef {import('../dicom/volume.js').Volume} Volume
 * @typedef {import('../dicom/planes.js').Slab} Slab
 * @typedef {import('../dicom/planes.js').Cut} Cut
 * @typedef {import('./urls.js').Source} Source
 *
 * @typedef {Object} Grid
 * @property {import('../math/orientation.js').Orientation} orientation
 * @property {number} columns
 * @property {number} rows
 * @property {Vector} middle of the picture, mm
 * @property {number} pixel mm, both ways
 */

/** How far the camera stands from what it looks at; any would do. mm */
const CAMERA = 1000;


/**
 * @param {Volume} v
 * @param {Grid} grid
 * @param {Slab} slab
 * @returns {Source}
 */
export function planeSource(v, grid, slab) {
    return {
        kind: 'mpr',
        path: pathOf(v, 'renderedmpr'),
        args: [...placeOf(v, grid), ...(slab.mode === '' ? [] : [
            `mprslab=${decimal(slab.mm)}`, `renderingmethod=${slab.mode}`,
        ])],
    };
}


/**
 * @param {Volume} v
 * @param {Grid} grid
 * @param {Cut} cut
 * @returns {Source}
 */
export function viewSource(v, grid, cut) {
    return {
        kind: 'vr',
        path: pathOf(v, 'rendered3d'),
        args: [
            ...placeOf(v, grid),
            ...(cut.preset === '' ? [] : [`preset=${cut.preset}`]),
            ...(cut.box.length === 0 ? [] : [`crop=${list(cut.box)}`]),
        ],
    };
}


/**
 * @param {Volume} v
 * @param {'renderedmpr' | 'rendered3d'} what
 * @returns {string} below the root of DICOMweb
 */
export function pathOf(v, what) {
    const f = v.middle;
    const series = seriesUrl('', f.study, f.series).slice(1);

    return v.single
        ? `${series}/instances/${encodeURIComponent(f.instance)}/${what}`
        : `${series}/${what}`;
}


/** @param {Volume} v @param {Grid} g @returns {string[]} */
function placeOf(v, { orientation: { row, column }, columns, rows, middle, pixel }) {
    const eye = difference(middle, scaled(cross(row, column), CAMERA));

    return [
        `viewpointposition=${list(eye)}`,
        `viewpointlookat=${list(middle)}`,
        `viewpointup=${list(scaled(column, -1))}`,
        `grid=${columns},${rows},${decimal(pixel)}`,
        ...(v.mixed ? [`volumeinputreference=${v.single ? v.middle.frame
            : v.middle.instance}`] : []),
    ];
}


/** @param {readonly number[]} v @returns {string} */
function list(v) {
    return v.map(decimal).join(',');
}


/** @param {number} x @returns {string} */
function decimal(x) {
    return String(Number(x.toFixed(5)));
}
