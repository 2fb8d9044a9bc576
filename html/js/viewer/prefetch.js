// SPDX-License-Identifier: BSD-2-Clause
//
// What is asked for while nobody waits (checklist E, after what is seen and
// what is near to it): a first look at each stack, every fourth picture of
// the active one before its others, the same slices of a prior, and the usual
// windows of what is seen.  Nothing for a user who pays for bytes, but a loop
// that is played.

import { presets, sameWindow } from '../math/window.js';
import { movingStage } from './ladder.js';
import { placedAs } from './links.js';
import { activePort, seenPorts } from './page.js';
import { basePicture } from './plan.js';
import { frameOf, initial, windowOf } from './state.js';

/**
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./state.js').Frame} Frame
 * @typedef {import('./plan.js').Picture} Picture
 * @typedef {import('../net/meter.js').Meter} Meter
 */

/** Of a series so many bytes as stored may be asked for in advance. */
const MOST = 600e6;

/** Slices of a prior before and after that of the same place. */
const AROUND = 3;

/** Windows of a modality that are asked for in advance. */
const USUAL = 3;


/** @type {{of: unknown[], pictures: Picture[]}} of the last question */
let last = { of: [], pictures: [] };


/**
 * @param {Page} page
 * @param {string} root of DICOMweb
 * @param {Meter} meter
 * @returns {Picture[]} the same each time, while nothing else is due
 */
export function prefetched(page, root, meter) {
    const s = activePort(page);
    const f = frameOf(s);
    const ports = seenPorts(page).map((at) => page.ports[at]);

    const played = ports.find((p) => p.playing && frameOf(p)?.source === null);

    if (played !== undefined) {
        return remembered([played.stack, played.window, played.size, played.dpr], () =>
            loop(played, root));
    }

    // what the server makes of many frames it makes when it is asked for only
    if (f === null || f.source !== null || meter.saves || s.size.width === 0
        || ports.some((p) => p.busy !== '' || p.playing))
    {
        return [];
    }

    const stage = movingStage(meter, meter.final, true);
    const of = [page.series, page.anchors, stage, ...ports.flatMap((p) =>
        [p.stack, p.index, p.window, p.size, p.dpr, p.view.rotate])];

    return remembered(of, () => [
        ...looks(page, s, root), ...rest(s, f, root, stage),
        ...ofPriors(page, s, ports, root), ...usual(s, f, root),
    ]);
}


/**
 * @param {unknown[]} of
 * @param {() => Picture[]} make
 * @returns {Picture[]}
 */
function remembered(of, make) {
    if (of.length !== last.of.length || of.some((v, i) => v !== last.of[i])) {
        last = { of, pictures: make() };
    }

    return last.pictures;
}


/** @param {Viewport} s @param {string} root @returns {Picture[]} all that it plays */
function loop(s, root) {
    return (s.stack?.frames ?? []).map((_, i) =>
        basePicture(s, root, i, s.window, 'final', false));
}


/**
 * First, middle and last of each stack, as small as they may be.
 * @param {Page} page
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture[]}
 */
function looks(page, s, root) {
    return page.series.flatMap((x) => x.stacks ?? []).flatMap((stack) => {
        const end = stack.frames.length - 1;
        const port = { ...initial(), stack, size: s.size, dpr: s.dpr };

        return [...new Set([0, Math.floor(end / 2), end])].map((i) =>
            basePicture(port, root, i, null, 'half', false));
    });
}


/**
 * The stack, every fourth frame first.
 * @param {Viewport} s
 * @param {Frame} f
 * @param {string} root
 * @param {import('./ladder.js').Stage} stage
 * @returns {Picture[]}
 */
function rest(s, f, root, stage) {
    const all = Array.from({ length: s.stack?.frames.length ?? 0 }, (_, i) => i);

    return [...all.filter((i) => i % 4 === 0), ...all.filter((i) => i % 4 !== 0)]
        .slice(0, Math.floor(MOST / f.bytes))
        .map((i) => basePicture(s, root, i, s.window, stage, false));
}


/**
 * The place that is seen, and those beside it, in viewports of other studies.
 * @param {Page} page
 * @param {Viewport} s
 * @param {Viewport[]} ports
 * @param {string} root
 * @returns {Picture[]}
 */
function ofPriors(page, s, ports, root) {
    const study = frameOf(s)?.study;

    return ports.filter((p) => p.stack !== null && frameOf(p)?.source === null
        && frameOf(p)?.study !== study).flatMap((p) =>
    {
        const { index } = placedAs(s, p, page);
        const from = Math.max(0, index - AROUND);
        const places = p.stack?.frames.slice(from, index + AROUND + 1) ?? [];

        return places.map((_, i) => from + i)
            .sort((a, b) => Math.abs(a - index) - Math.abs(b - index))
            .map((i) => basePicture(p, root, i, p.window, 'final', false));
    });
}


/**
 * What is seen in the windows that the modality is usually looked at with: a
 * key that chooses one finds it here.
 * @param {Viewport} s
 * @param {Frame} f
 * @param {string} root
 * @returns {Picture[]}
 */
function usual(s, f, root) {
    return f.colour ? [] : presets(f.modality).slice(0, USUAL)
        .map(({ center, width }) => ({ center, width }))
        .filter((w) => !sameWindow(w, windowOf(s, f)))
        .map((w) => basePicture(s, root, s.index, w, 'final', false));
}
