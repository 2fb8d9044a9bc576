// SPDX-License-Identifier: BSD-2-Clause
//
// The DICOMweb URLs (PS3.18 10) that the viewer asks for.

import { cross, difference, scaled } from '../math/vector.js';

/**
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../dicom/planes.js').Camera} Camera
 * @typedef {import('../math/orientation.js').Orientation} Orientation
 * @typedef {{study: string, series: string, instance: string,
 *            frame: number}} Address frame from 1
 * @typedef {import('../math/tiles.js').Tile} Tile
 * @typedef {import('../math/window.js').Window} Window
 * @typedef {import('../math/window.js').VoiFunction} VoiFunction
 * @typedef {{window?: Window | null, voi?: VoiFunction, quality?: number,
 *            size?: {width: number, height: number} | null,
 *            tile?: Tile | null}} Look
 */

/** How far the camera stands from what it looks at; any would do. mm */
const CAMERA = 1000;

const UID = /^[0-9.]{1,64}$/;


/** @param {string} s @returns {boolean} */
export function isUid(s) {
    return UID.test(s);
}


/** @param {string} root @param {string} study @returns {string} */
export function studyUrl(root, study) {
    return `${root}/studies/${encodeURIComponent(study)}`;
}


/**
 * @param {string} root
 * @param {string} study
 * @param {string} series
 * @returns {string}
 */
export function seriesUrl(root, study, series) {
    return `${studyUrl(root, study)}/series/${encodeURIComponent(series)}`;
}


/** @param {string} root @param {Address} a @returns {string} */
export function frameUrl(root, a) {
    return `${seriesUrl(root, a.study, a.series)}/instances/`
        + `${encodeURIComponent(a.instance)}/frames/${a.frame}`;
}


/**
 * @param {string} root
 * @param {Address & {source?: Camera}} a
 * @param {Look} look
 * @returns {string}
 */
export function renderedUrl(root, a, look) {
    if (a.source !== undefined) {
        return volumeUrl(root, /** @type {Frame} */ (a), look);
    }

    const args = looks(look);
    const query = args.length > 0 ? `?${args.join('&')}` : '';

    return `${frameUrl(root, a)}/rendered${query}`;
}


/**
 * A plane or a view of a volume: where it lies is said to the hundredth of a
 * pixel, so that what the page computes of it is true.
 * @param {string} root
 * @param {Frame} f
 * @param {Look} look
 * @returns {string}
 */
function volumeUrl(root, f, look) {
    const { kind, volume, middle, pixel, slab, cut } = /** @type {Camera} */ (
        f.source);
    const { row, column } = /** @type {Orientation} */ (f.orientation);
    const eye = difference(middle, scaled(cross(row, column), CAMERA));
    const args = [
        `viewpointposition=${list(eye)}`,
        `viewpointlookat=${list(middle)}`,
        `viewpointup=${list(scaled(column, -1))}`,
        `grid=${f.columns},${f.rows},${decimal(pixel)}`,
    ];

    if (volume.mixed) {
        args.push(volume.single
            ? `volumeinputreference=${volume.middle.frame}`
            : `volumeinputreference=${volume.middle.instance}`);
    }

    if (slab.mode !== '') {
        args.push(`mprslab=${decimal(slab.mm)}`, `renderingmethod=${slab.mode}`);
    }

    if (cut !== null && cut.preset !== '') {
        args.push(`preset=${cut.preset}`);
    }

    if (cut !== null && cut.box.length > 0) {
        args.push(`crop=${list(cut.box)}`);
    }

    // a window is always named: the server's own choice may differ
    const window = kind === 'vr' ? null
        : look.window ?? f.windows[0] ?? f.auto ?? null;

    return `${volumeRoot(root, f)}/${kind === 'vr' ? 'rendered3d' : 'renderedmpr'}`
        + `?${[...args, ...looks({ ...look, window })].join('&')}`;
}


/**
 * @param {string} root
 * @param {Frame} f of a volume
 * @returns {string}
 */
function volumeRoot(root, f) {
    const series = seriesUrl(root, f.study, f.series);

    return f.source?.volume.single
        ? `${series}/instances/${encodeURIComponent(f.instance)}` : series;
}


/** @param {readonly number[]} v @returns {string} */
function list(v) {
    return v.map(decimal).join(',');
}


/** @param {number} x @returns {string} */
function decimal(x) {
    return String(Number(x.toFixed(5)));
}


/** @param {Look} look @returns {string[]} */
function looks(look) {
    const args = [];

    if (look.tile) {
        const t = look.tile;
        args.push(`viewport=${t.vw},${t.vh},${t.sx},${t.sy},${t.sw},${t.sh}`);
    } else if (look.size) {
        args.push(`viewport=${look.size.width},${look.size.height}`);
    }

    if (look.window) {
        const { center, width } = look.window;
        args.push(`window=${center},${width},${look.voi ?? 'linear'}`);
    }

    if (look.quality) {
        args.push(`quality=${look.quality}`);
    }

    return args;
}


/** @param {string} root @param {Address} a @returns {string} */
export function thumbnailUrl(root, a) {
    return `${frameUrl(root, a)}/thumbnail`;
}


/**
 * @param {string} root
 * @param {string} study
 * @param {string} series
 * @returns {string}
 */
export function seriesThumbnailUrl(root, study, series) {
    return `${seriesUrl(root, study, series)}/thumbnail`;
}
