// SPDX-License-Identifier: BSD-2-Clause
//
// PET (or NM) over another picture: the server cuts its volume in the very
// plane and grid of the picture below.  No DOM.

import { PLANE } from '../../dicom/volume.js';
import { middleOf, planeOf } from '../../math/plane.js';
import { planeSource } from '../../net/volumes.js';
import { renderedUrl } from '../../net/urls.js';
import { siblings } from './cross.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../state.js').Frame} Frame
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../plan.js').Picture} Picture
 * @typedef {import('../../dicom/volume.js').Volume} Volume
 *
 * @typedef {Object} Fusion
 * @property {Volume} volume
 * @property {string} map name of the colours
 * @property {number} opacity 0..1
 * @property {number} most what the last colour stands for, in `unit`
 * @property {string} unit "SUV" or that of the values
 * @property {number} factor what a value is multiplied by to be in `unit`
 */

const QUALITY = 90;

/** Of the longer side: a PET's voxels are large. Pixels */
const MOST_SIDE = 1024;


/**
 * Over this viewport, and over the other planes of its volume.
 * @param {Page} page
 * @param {number} at
 * @param {Partial<Fusion> | null} part that is new; null: nothing lies over it
 * @returns {Page}
 */
export function withFusion(page, at, part) {
    const which = [at, ...siblings(page, at)];

    return { ...page, ports: page.ports.map((s, i) => which.includes(i) ? {
        ...s,
        fusion: part === null ? null
            : /** @type {Fusion} */ ({ ...s.fusion, ...part }),
    } : s) };
}


/**
 * @param {Viewport} s
 * @param {string} root of DICOMweb
 * @param {Frame} f the picture below
 * @param {number} index of it
 * @returns {Picture | null} null: nothing lies over it
 */
export function fusionPicture({ fusion, stack }, root, f, index) {
    const plane = planeOf(f);

    if (fusion === null || plane === null || f.orientation === null) {
        return null;
    }

    const { width, height } = plane.size;
    const k = Math.min(1, MOST_SIDE / Math.max(width, height));
    const source = planeSource(fusion.volume, {
        orientation: f.orientation, columns: Math.round(width),
        rows: Math.round(height), middle: middleOf(plane), pixel: plane.pixel,
    }, stack?.made?.kind === 'mpr' ? stack.made.slab : PLANE);
    const most = fusion.most / fusion.factor;
    const window = { center: most / 2, width: most };
    const url = renderedUrl(root, { ...fusion.volume.middle, source }, {
        window, voi: 'linear-exact', quality: QUALITY,
        size: k < 1 ? { width: Math.round(width * k), height: Math.round(height * k) }
            : null,
    });

    return {
        key: `image/jpeg ${url}`, url, accept: 'image/jpeg',
        stack: `over ${fusion.volume.id}`, index, frame: f,
        window, asked: window, tile: null, stage: 'final',
        kind: `JPEG ${QUALITY}`, better: null, soon: true, kept: fusion.volume.middle.rev !== '',
    };
}
