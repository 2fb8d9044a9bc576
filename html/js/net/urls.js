// SPDX-License-Identifier: BSD-2-Clause
//
// The DICOMweb URLs (PS3.18 10) that the viewer asks for.

/**
 * @typedef {{study: string, series: string, instance: string,
 *            frame: number}} Address frame from 1
 *
 * @typedef {Object} Source of a picture that the server makes of many frames
 * @property {string} kind 'mpr', 'vr', …
 * @property {string} path below the root of DICOMweb
 * @property {string[]} args "key=value", escaped, that are always there
 *
 * @typedef {import('../math/tiles.js').Tile} Tile
 * @typedef {import('../math/window.js').Window} Window
 * @typedef {import('../math/window.js').VoiFunction} VoiFunction
 * @typedef {{window?: Window | null, voi?: VoiFunction, quality?: number,
 *            size?: {width: number, height: number} | null,
 *            tile?: Tile | null}} Look
 */

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
 * @param {Address & {source?: Source | null, rev?: string}} a rev: of its
 *     series, by which the browser keeps pictures (conf/retrieve.md)
 * @param {Look} look
 * @returns {string}
 */
export function renderedUrl(root, a, look) {
    const args = [...(a.source?.args ?? [])];

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

    if (a.rev) {
        args.push(`rev=${a.rev}`);
    }

    const query = args.length > 0 ? `?${args.join('&')}` : '';

    return (a.source ? `${root}/${a.source.path}`
        : `${frameUrl(root, a)}/rendered`) + query;
}


/**
 * @param {string} root
 * @param {string} study
 * @param {string} series
 * @returns {string}
 */
export function sessionUrl(root, study, series) {
    return `${seriesUrl(root, study, series)}/session`;
}


/** @param {string} root @param {string} study @returns {string} also in early.js */
export function studySessionUrl(root, study) {
    return `${studyUrl(root, study)}/session`;
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
