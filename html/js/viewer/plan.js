// SPDX-License-Identifier: BSD-2-Clause
//
// Which pictures a viewport wants, and in which order: what is seen, as good
// as the ladder allows; at rest the same without loss; the neighbours, in the
// direction of scrolling before the other, and what a wider window needs.
// What may be of use later is in prefetch.js.

import { levelFor, tilesFor } from '../math/tiles.js';
import { RESET, fitScale, scaleOf, visible } from '../math/view.js';
import { sameWindow, wideWindow } from '../math/window.js';
import { newMeter } from '../net/meter.js';
import { renderedUrl } from '../net/urls.js';
import { STEPS, ceilingOf, improves, isLossless } from './ladder.js';
import { fusionPicture } from './space/fusion.js';
import { frameOf, imageSize, windowOf } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./state.js').Window} Window
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/tiles.js').Tile} Tile
 *
 * @typedef {Object} Picture
 * @property {string} key
 * @property {string} url
 * @property {string} accept
 * @property {string} stack id
 * @property {number} index of the frame
 * @property {Frame} frame
 * @property {Window | null} window that it is made with; null: not known
 * @property {Window | null} asked window in the URL
 * @property {Tile | null} tile
 * @property {Stage} stage
 * @property {string} kind "JPEG 90"
 * @property {Picture | null} better serves instead, if it is here already
 * @property {boolean} soon is to be decoded as soon as it is here
 * @property {boolean} kept the browser keeps it, by its URL
 *
 * @typedef {import('./ladder.js').Stage} Stage
 * @typedef {import('../net/meter.js').Meter} Meter
 *
 * @typedef {Object} Plan
 * @property {Picture} base of quality 90, or without loss where it must be
 * @property {Picture[]} quicker than that, the better first
 * @property {Picture[]} tiles that are seen
 * @property {Picture[]} exact what is seen without loss, when that is due
 * @property {Picture[]} now is seen
 * @property {Picture[]} near may be seen next, the likeliest first
 */

/** Images up to so many pixels come whole, whatever the zoom. */
const WHOLE = 1280 * 1024;

/**
 * Larger ones come fitted into a box of so many pixels a side: few sizes,
 * so that the server has them ready (the first: made when images arrive).
 */
const BOXES = [1024, 1280, 1600, 2048, 2560, 3200, 4096];

/** A view of a volume while it turns. */
const VIEW_HALF = { width: 224, height: 224, box: 224 };

/** Frames asked for ahead of the scroll and behind it. */
const AHEAD = 24;
const BEHIND = 8;

/** Frames that come before the wide picture. */
const CLOSE = 6;

/** Frames that are decoded in advance, and their pixels, at most. */
const SOON = 8;
const SOON_PIXELS = 4e6;

/** Pictures of a frame that are not made anew each time they are planned. */
const LATEST = 12;

/**
 * Those of each frame that were planned last.
 * @type {WeakMap<Frame, {root: string, box: number, picture: Picture}[]>}
 */
const planned = new WeakMap();


/**
 * @param {Viewport} s
 * @param {string} root of DICOMweb
 * @param {string} [tool] that is chosen
 * @param {Meter} [meter]
 * @param {boolean} [isActive] the viewport is the selected one
 * @returns {Plan | null} null: nothing to show
 */
export function plan(s, root, tool = '', meter = newMeter(), isActive = true) {
    const f = frameOf(s);

    if (f === null) {
        return null;
    }

    const window = s.window;
    const base = basePicture(s, root, s.index, window, 'final');
    const quicker = chain(basePicture(s, root, s.index, window, 'half').better, base);
    const tiles = tilePictures(s, root, window);
    const pace = isView(f) ? 'half' : s.pace;
    const isMoving = s.busy !== '' && pace !== 'final';
    const exact = isMoving ? [] : exactPictures(s, root, meter);
    const over = s.fusion === null ? null : fusionPicture(s, root, f, s.index);
    const now = [
        ...(isMoving ? [basePicture(s, root, s.index, window, pace)]
            : [base, ...tiles, ...exact]),
        ...(over === null ? [] : [over]),
    ];

    return {
        base, tiles, exact, now,
        quicker: [...quicker, basePicture(s, root, s.index, window, 'half')],
        near: isView(f) ? [] : s.busy === 'window' ? wide(s, root)
            : near(s, root, tool, meter, isActive),
    };
}


/**
 * @param {Picture | null} first
 * @param {Picture} last is not one of them
 * @returns {Picture[]} the better first
 */
function chain(first, last) {
    const all = [];

    for (let p = first; p !== null && p.key !== last.key; p = p.better) {
        all.unshift(p);
    }

    return all;
}


/**
 * The same without loss, at rest, once the one of quality 90 is seen.
 * @param {Viewport} s
 * @param {string} root
 * @param {Meter} meter
 * @returns {Picture[]}
 */
function exactPictures(s, root, meter) {
    const f = /** @type {Frame} */ (frameOf(s));
    const shown = s.shown;

    if (s.busy !== '' || s.playing || shown === null || shown.index !== s.index
        || isLossless(f) || !isAsked(shown, s.window)
        || (shown.stage !== 'final' && shown.stage !== 'exact')
        || s.detail !== 'whole')
    {
        return [];
    }

    const due = shown.stage === 'exact'
        || improves(meter, f.bytes / Math.max(1, shown.bytes), ceilingOf(f));
    const tiles = tilePictures(s, root, s.window, 0, 'exact');

    return !due ? [] : tiles.length > 0 ? tiles
        : [basePicture(s, root, s.index, s.window, 'exact')];
}


/**
 * @param {Viewport} s
 * @param {string} root
 * @param {string} tool
 * @param {Meter} meter
 * @param {boolean} isActive
 * @returns {Picture[]}
 */
function near(s, root, tool, meter, isActive) {
    const stage = s.busy === '' || s.playing ? 'final' : s.pace;
    const soon = soonOf(s, isActive);
    const around = neighbours(s).map((i, at) =>
        basePicture(s, root, i, s.window, stage, at < soon));
    const spare = isActive ? wide(s, root) : [];
    const [first, later] = tool === 'window' ? [spare, []] : [[], spare];

    if (s.busy !== '' || s.playing) {
        return [...first, ...around];
    }

    const close = [...first, ...around.slice(0, CLOSE)];

    return meter.saves ? close : [...close, ...later, ...around.slice(CLOSE)];
}


/**
 * @param {Viewport} s
 * @param {boolean} isActive
 * @returns {number} frames to decode in advance
 */
function soonOf(s, isActive) {
    const f = /** @type {Frame} */ (frameOf(s));
    const { width, height } = baseSize(s, s.index) ?? { width: f.columns, height: f.rows };
    const most = isActive || s.busy === 'scroll' ? SOON_PIXELS : SOON_PIXELS / 8;

    return Math.max(2, Math.min(SOON, Math.floor(most / (width * height))));
}


/** @param {Viewport} s @param {string} root @returns {Picture[]} one, or none */
function wide(s, root) {
    const p = widePicture(s, root);

    return p === null ? [] : [p];
}


/**
 * What all viewports want: what is seen, then the neighbours in turn.
 * @param {Plan[]} plans that of the active viewport first
 * @returns {{wanted: Picture[], urgent: number, instead: Picture[]}} urgent:
 *     how many are seen; instead: serve while these are missing, if they are
 *     here already
 */
export function wishes(plans) {
    const now = distinct(plans.flatMap((p) => p.now));
    const most = Math.max(0, ...plans.map((p) => p.near.length));
    const near = Array.from({ length: most }, (_, i) =>
        plans.flatMap((p) => p.near[i] ?? [])).flat();

    return {
        wanted: distinct([...now, ...near]), urgent: now.length,
        instead: distinct(plans.flatMap((p) => p.quicker)),
    };
}


/** @param {Picture[]} pictures @returns {Picture[]} the first of each key */
function distinct(pictures) {
    const seen = new Set();

    return pictures.filter((p) => !seen.has(p.key) && seen.add(p.key));
}


/**
 * @param {Viewport} s
 * @param {string} root
 * @param {number} index
 * @param {Window | null} window that was chosen
 * @param {Stage} stage
 * @param {boolean} [soon]
 * @returns {Picture} the same each time
 */
export function basePicture(s, root, index, window, stage, soon = true) {
    const { id, frames } = /** @type {import('./state.js').Stack} */ (s.stack);
    const f = frames[index];
    const whole = baseSize(s, index);
    const box = whole?.box ?? 0;
    const latest = planned.get(f) ?? [];
    const old = latest.find(({ picture: p, ...of }) => of.box === box
        && of.root === root && p.stage === stage && p.soon === soon
        && p.stack === id && p.index === index && isAsked(p, window));

    if (old !== undefined) {
        return old.picture;
    }

    const { part } = STEPS[stage];
    const better = { half: 'preview', preview: 'final', final: '', exact: '' }[stage];
    const made = {
        ...picture(s, root, index, window, stage,
            part === 1 ? whole : reduced(s, index, whole, part), null),
        better: better === '' ? null
            : basePicture(s, root, index, window, /** @type {Stage} */ (better), soon),
        soon,
    };

    planned.set(f, [{ root, box, picture: made },
        ...(planned.get(f) ?? []).slice(0, LATEST - 1)]);

    return made;
}


/**
 * @param {Pick<Picture, 'asked'>} p
 * @param {Window | null} window that was chosen
 * @returns {boolean}
 */
function isAsked(p, window) {
    return p.asked === window
        || (p.asked !== null && sameWindow(p.asked, window));
}


/**
 * @param {Viewport} s
 * @param {number} index
 * @param {{width: number, height: number, box: number} | null} whole
 * @param {number} part
 */
function reduced(s, index, whole, part) {
    const f = /** @type {Frame} */ (s.stack?.frames[index]);
    const { width, height } = whole ?? imageSize(f);
    const box = Math.ceil((whole?.box ?? Math.max(width, height)) * part);

    return isView(f) ? VIEW_HALF
        : { width: width * part, height: height * part, box };
}


/**
 * A view of a volume takes the server long: it is small while it turns.
 * @param {Frame} f
 * @returns {boolean}
 */
function isView(f) {
    return f.source?.kind === 'vr';
}


/**
 * The window of the picture that wider windows are previewed from.
 * @param {Viewport} s
 * @returns {Window | null} null: there are no previews
 */
export function wideOf(s) {
    const f = frameOf(s);

    return f === null || f.colour || f.voi === 'sigmoid' ? null
        : wideWindow(f.modality, f.windows[0] ?? f.auto ?? f.guess);
}


/**
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture | null} null: there are no previews
 */
export function widePicture(s, root) {
    const window = wideOf(s);

    return window === null ? null : basePicture(s, root, s.index, window, 'preview');
}


/**
 * The tiles that are seen; none while the base picture is fine enough.
 * @param {Viewport} s
 * @param {string} root
 * @param {Window | null} window that was chosen
 * @param {number} [coarser] levels coarser than needed
 * @param {Stage} [stage]
 * @returns {Picture[]}
 */
export function tilePictures(s, root, window, coarser = 0, stage = 'final') {
    const f = frameOf(s);

    if (f === null) {
        return [];
    }

    const image = imageSize(f);
    const scale = scaleOf(s.view, image, s.size) * s.dpr;
    const size = baseSize(s, s.index);

    if (size === null || scale * f.columns <= size.width * 1.05) {
        return [];
    }

    const part = visible(s.view, image, s.size);
    const stored = {
        ...part, y: part.y / f.aspect, height: part.height / f.aspect,
    };
    const level = levelFor(scale) + coarser;

    return tilesFor(f.columns, f.rows, level, stored)
        .map((t) => picture(s, root, s.index, window, stage, null, t));
}


/**
 * @param {Viewport} s
 * @param {number} index
 * @returns {{width: number, height: number, box: number} | null} of the
 *     picture; null: as it is stored
 */
function baseSize(s, index) {
    const f = /** @type {Frame} */ (s.stack?.frames[index]);
    const image = imageSize(f);
    const k = fitScale({ ...RESET, rotate: s.view.rotate }, image, s.size) * s.dpr;

    const longest = Math.max(image.width, image.height);
    const box = BOXES.find((side) => side >= longest * k)
        ?? BOXES[BOXES.length - 1];

    if (f.columns * f.rows <= WHOLE || box >= longest) {
        return null;
    }

    return {
        width: Math.max(1, Math.round(image.width / longest * box)),
        height: Math.max(1, Math.round(image.height / longest * box)),
        box,
    };
}


/**
 * @param {Viewport} s
 * @returns {number[]} indices around the shown one, the likeliest first
 */
export function neighbours(s) {
    const count = s.stack?.frames.length ?? 0;
    const at = (/** @type {number} */ step) => {
        const i = s.index + step * s.direction;
        return s.playing ? (i % count + count) % count : i;
    };
    const steps = [];

    for (let i = 1; i <= AHEAD; i++) {
        steps.push(i);

        if (i % 3 === 0 && i / 3 <= BEHIND && !s.playing) {
            steps.push(-i / 3);
        }
    }

    const wanted = steps.map(at)
        .filter((i) => i >= 0 && i < count && i !== s.index);

    return [...new Set(wanted)];
}


/**
 * Of planes: the server's own choice need not be that of the frame which the
 * plane was given its windows by.
 * @param {Frame} f
 * @returns {Window | null}
 */
function usualWindow(f) {
    return f.source === null ? null : f.windows[0] ?? f.auto;
}


/**
 * Where loss is not allowed a picture comes without as soon as it rests.
 * @param {Viewport} s
 * @param {string} root
 * @param {number} index
 * @param {Window | null} window
 * @param {Stage} stage
 * @param {{box: number} | null} size
 * @param {Tile | null} tile
 * @returns {Picture}
 */
function picture(s, root, index, window, stage, size, tile) {
    const stack = /** @type {import('./state.js').Stack} */ (s.stack);
    const f = stack.frames[index];
    const step = STEPS[stage === 'final' && isLossless(f) ? 'exact' : stage];
    const lossless = step.quality === 0;
    const accept = lossless ? 'image/png' : 'image/jpeg';
    const url = renderedUrl(root, f, {
        window: f.colour ? null : window ?? usualWindow(f),
        voi: f.voi,
        size: size && { width: size.box, height: size.box },
        tile,
        quality: step.quality,
    });

    return {
        key: `${accept} ${url}`,
        url,
        accept,
        stack: stack.id,
        index,
        frame: f,
        window: windowOf({ window }, f),
        asked: window,
        tile,
        stage,
        kind: step.kind,
        better: null,
        soon: true,
        kept: f.rev !== '',
    };
}
