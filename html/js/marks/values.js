// SPDX-License-Identifier: BSD-2-Clause
//
// Statistics of a region, measured by the server on stored values
// (conf/values.md): what to ask, and what the answer says.

import { frameUrl } from '../net/urls.js';
import { ellipseOf } from './geometry.js';
import { lines } from './mark.js';

/**
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {'waits' | 'unreachable' | 'refused'} Pending
 * @typedef {{state: 'here', unit: string, mean: number[], sd: number[],
 *            min: number[], max: number[], count: number, slab?: string}
 *     | {state: Pending}} Statistics one figure a channel; empty: of nothing;
 *     slab: of the plane that was measured
 */

/** A mark without statistics yet. @type {Statistics} */
export const WAITS = Object.freeze({ state: 'waits' });


/**
 * @param {Mark} mark
 * @returns {string} what of the frame is measured, '' for nothing
 */
export function regionQuery(mark) {
    const points = mark.points;
    const list = (/** @type {number[]} */ all) =>
        all.map((v) => Number(v.toFixed(3))).join(',');

    if (mark.kind === 'probe') {
        return `point=${list([points[0].x, points[0].y])}`;
    }

    if (mark.kind === 'ellipse') {
        const e = ellipseOf(points);
        return `ellipse=${list([e.center.x, e.center.y, e.rx, e.ry, e.degrees])}`;
    }

    const [outline] = ['rectangle', 'freehand'].includes(mark.kind)
        ? lines(mark.kind, points) : [];

    return outline === undefined ? ''
        : `polygon=${list(outline.points.flatMap((p) => [p.x, p.y]))}`;
}


/**
 * @param {string} root of DICOMweb
 * @param {import('./mark.js').ImagePlace} image
 * @returns {string}
 */
export function valuesUrl(root, image) {
    return `${frameUrl(root, image)}/values`;
}


/**
 * @param {string} root of DICOMweb
 * @param {import('../net/urls.js').Source} plane through a volume
 * @returns {string}
 */
export function planeValuesUrl(root, plane) {
    return `${root}/${plane.path}/values?${plane.args.join('&')}`;
}


/** @param {import('../net/urls.js').Source} plane @returns {string} '': it is none */
export function slabOf(plane) {
    return plane.args.filter((a) => /^(mprslab|renderingmethod)=/.test(a)).join('&');
}


/**
 * @param {any} answer of the server
 * @returns {Statistics}
 */
export function statisticsOf(answer) {
    const r = answer?.results?.[0];

    if (r === null || typeof r !== 'object') {
        return { state: 'refused' };
    }

    const mean = figures(r.mean ?? r.value);

    return {
        state: 'here',
        unit: typeof answer.unit === 'string' ? answer.unit.slice(0, 16) : '',
        mean,
        sd: figures(r.sd),
        min: figures(r.min ?? r.value),
        max: figures(r.max ?? r.value),
        count: Number.isFinite(r.count) ? r.count : mean.length > 0 ? 1 : 0,
    };
}


/** @param {any} v a number, or one a channel @returns {number[]} */
function figures(v) {
    const all = [v].flat();

    return all.length <= 4 && all.every((x) => Number.isFinite(x)) ? all : [];
}
