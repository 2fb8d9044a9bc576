// SPDX-License-Identifier: BSD-2-Clause
//
// Which pictures a viewport wants, and in which order: what is seen, as good
// as the ladder allows; at rest the same without loss; the neighbours, in the
// direction of scrolling before the other; what a wider window and the usual
// windows need; then the rest of the series, every fourth first.

import { levelFor, tilesFor } from '../math/tiles.js';
import { RESET, fitScale, scaleOf, visible } from '../math/view.js';
import { presets, sameWindow, wideWindow } from '../math/window.js';
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
 * @property {Picture[]} far the rest, when there is nothing else to do
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

/** Of a series so many bytes as stored may be asked for in advance. */
const FAR = 600e6;

/** Windows of a modality that are asked for in advance. */
const USUAL = 3;

/** Frames that come before other windows of the shown one. */
const CLOSE = 6;

/** Frames that are decoded in advance, and their pixels, at most. */
const SOON = 12;
const SOON_PIXELS = 4e6;


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
        far: isActive && isIdle(s, f, meter) ? far(s, root) : [],
    };
}


/**
 * What the server makes of many frames it makes when it is asked for only.
 * @param {Viewport} s
 * @param {Frame} f
 * @param {Meter} meter
 * @returns {boolean}
 */
function isIdle(s, f, meter) {
    return s.busy === '' && !s.playing && !meter.saves && f.source === null;
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
        || isLossless(f) || !(shown.asked === s.window
            || (shown.asked !== null && sameWindow(shown.asked, s.window)))
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
    const around = neighbours(s).map((i, at) => ({
        ...basePicture(s, root, i, s.window, stage), soon: at < soon,
    }));

    const first = tool === 'window' ? wide(s, root) : [];

    if (s.busy !== '' || s.playing) {
        return [...first, ...around];
    }

    return meter.saves ? [...first, ...around.slice(0, CLOSE)] : [
        ...first, ...around.slice(0, CLOSE), ...wide(s, root), ...usual(s, root),
        ...around.slice(CLOSE),
    ];
}


/**
 * @param {Viewport} s
 * @param {boolean} isActive
 * @returns {number} frames to decode in advance
 */
function soonOf(s, isActive) {
    const f = /** @type {Frame} */ (frameOf(s));
    const { width, height } = baseSize(s, s.index) ?? { width: f.columns, height: f.rows };

    const most = isActive ? SOON_PIXELS : SOON_PIXELS / 4;

    return Math.max(2, Math.min(SOON, Math.floor(most / (width * height))));
}


/** @param {Viewport} s @param {string} root @returns {Picture[]} one, or none */
function wide(s, root) {
    const p = widePicture(s, root);

    return p === null ? [] : [p];
}


/**
 * What is seen in the windows that the modality is usually looked at with: a
 * key that chooses one finds it here.
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture[]}
 */
function usual(s, root) {
    const f = /** @type {Frame} */ (frameOf(s));

    return f.colour ? [] : presets(f.modality).slice(0, USUAL)
        .map(({ center, width }) => ({ center, width }))
        .filter((w) => !sameWindow(w, windowOf(s, f)))
        .map((w) => ({ ...basePicture(s, root, s.index, w, 'final'), soon: false }));
}


/** @type {{of: unknown[], pictures: Picture[]}} of the last question */
let farthest = { of: [], pictures: [] };


/**
 * The rest of the series, every fourth frame first.  It is the same in each
 * frame of the screen.
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture[]}
 */
function far(s, root) {
    const of = [s.stack, s.index, s.window, s.size, s.dpr, s.view.rotate];

    if (of.some((v, i) => v !== farthest.of[i])) {
        const count = s.stack?.frames.length ?? 0;
        const most = Math.floor(FAR / /** @type {Frame} */ (frameOf(s)).bytes);
        const all = Array.from({ length: count }, (_, i) => i);
        const order = [...all.filter((i) => i % 4 === 0), ...all.filter((i) => i % 4 !== 0)]
            .slice(0, most);

        farthest = {
            of,
            pictures: order.map((i) =>
                ({ ...basePicture(s, root, i, s.window, 'final'), soon: false })),
        };
    }

    return farthest.pictures;
}


/**
 * What all viewports want: what is seen, then the neighbours in turn.
 * @param {Plan[]} plans that of the active viewport first
 * @returns {{wanted: Picture[], urgent: number, far: Picture[]}} urgent: how
 *     many are seen
 */
export function wishes(plans) {
    const now = distinct(plans.flatMap((p) => p.now));
    const most = Math.max(0, ...plans.map((p) => p.near.length));
    const near = Array.from({ length: most }, (_, i) =>
        plans.flatMap((p) => p.near[i] ?? [])).flat();

    return {
        wanted: distinct([...now, ...near]), urgent: now.length,
        far: plans.find((p) => p.far.length > 0)?.far ?? [],
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
 * @returns {Picture}
 */
export function basePicture(s, root, index, window, stage) {
    const { part } = STEPS[stage];
    const whole = baseSize(s, index);
    const one = picture(s, root, index, window, stage,
        part === 1 ? whole : reduced(s, index, whole, part), null);
    /** @type {Partial<Record<Stage, Stage>>} */
    const next = { half: 'preview', preview: 'final' };
    const better = next[stage];

    return better === undefined ? one
        : { ...one, better: basePicture(s, root, index, window, better) };
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
 * The picture that wider windows are previewed from.
 * @param {Viewport} s
 * @param {string} root
 * @returns {Picture | null} null: there are no previews
 */
export function widePicture(s, root) {
    const f = frameOf(s);

    return f === null || f.colour || f.voi === 'sigmoid' ? null
        : basePicture(s, root, s.index,
            wideWindow(f.modality, f.windows[0] ?? f.auto ?? f.guess), 'preview');
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
        window: windowOf({ ...s, window }, f),
        asked: window,
        tile,
        stage,
        kind: step.kind,
        better: null,
        soon: true,
    };
}
