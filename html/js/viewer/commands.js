// SPDX-License-Identifier: BSD-2-Clause
//
// Everything that a key or a button does, in one table: the toolbar, the
// keyboard and the help are made from it.

import { flipped, rotated, scaleOf, zoomed } from '../math/view.js';
import { presets } from '../math/window.js';
import { text } from '../ui/text.js';
import { linkedFromHere, unlinked } from './links.js';
import { MOST_PORTS, nextAnnotation, toggledAlone, withLayout } from './page.js';
import {
    frameOf, imageSize, isProjection, reset, scrolledTo, stepped, withTiles,
    withWindow,
} from './state.js';
import { tools } from './tools/tool.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./host.js').Host} Host
 *
 * @typedef {Object} Command one of change, page and run
 * @property {string} name
 * @property {string} label
 * @property {string[]} keys as KeyboardEvent.key gives them, upper case; those
 *     of IHE BIR are kept for what they are for
 * @property {import('./state.js').Busy} [busy]
 * @property {(s: Viewport) => Viewport} [change] of the active viewport
 * @property {(page: Page) => Page} [page] of what all viewports share
 * @property {(host: Host) => void} [run] all else; what is not needed at
 *     once is imported here
 */

const SIDES = Array.from({ length: MOST_PORTS }, (_, i) => i + 1);

/** Tools that draw, of which the angle of IHE BIR is that of two lines. */
const PENS = /** @type {const} */ ([
    ['length', text('Distance'), 'D'], ['cobb', text('Angle of two lines'), 'A'],
    ['angle', text('Angle'), ''], ['bidirectional', text('Long and short axis'), ''],
    ['ellipse', text('Ellipse'), ''], ['rectangle', text('Rectangle'), ''],
    ['freehand', text('Freehand'), ''], ['probe', text('Value of a point'), ''],
    ['arrow', text('Arrow'), ''], ['text', text('Label'), ''], ['calibrate', text('Calibrate'), ''],
]);

const OUTPUTS = /** @type {const} */ ([
    ['print', text('Print'), 'P'], ['report', text('Report'), 'R'],
    ['export-png', text('Picture as PNG'), ''], ['export-jpeg', text('Picture as JPEG'), ''],
    ['export-zip', text('Series as ZIP'), ''], ['capture', text('Store as capture'), ''],
]);

/** What the menu of that name holds. */
const MEASURE = [...PENS.map(([name]) => name), 'marks-undo', 'marks-redo',
    'marks-hide', 'marks-panel', 'key', 'keys-only'];

/** Planes are turned by a key so far. Degrees */
const TURN = 5;

/** And this one: how it is looked at. */
const SIGHT = ['magnify', 'true-size', 'texts'];

/** @param {string} name @returns {(host: Host) => Promise<void>} */
const ofMarks = (name) => async (host) =>
    (await import('./marks/main.js')).run(host, name);

/**
 * Chosen at once: what is drawn before it is loaded is lost, and scrolls nothing.
 * @param {typeof PENS[number][0]} name
 * @returns {(host: Host) => Promise<void>}
 */
const penOf = (name) => (host) => {
    host.updatePage((page) => ({ ...page, tool: name }));

    return ofMarks(name)(host);
};

/**
 * In the viewport it was chosen in, however long its module takes to load.
 * @param {(host: Host) => Promise<void>} run
 * @returns {(host: Host) => Promise<void>}
 */
const here = (run) => (host) => run(host.here());

/** @param {string} name @returns {(host: Host) => Promise<void>} */
const output = (name) => here(async (host) =>
    (await import('./output/output.js')).run(host, name));

/** @param {number} by @returns {(s: Viewport) => Viewport} */
const step = (by) => (s) => stepped(paused(s), by);

/** @type {Command[]} */
const COMMANDS = [
    ...tools().map((t) => ({
        name: t.name, label: t.label, keys: [t.key],
        page: (/** @type {Page} */ page) => ({ ...page, tool: t.name }),
    })),

    ...PENS.map(([name, label, key]) => ({
        name, label, keys: key === '' ? [] : [key], run: penOf(name),
    })),
    { name: 'marks-undo', label: text('Undo'), keys: [], run: ofMarks('marks-undo') },
    { name: 'marks-redo', label: text('Redo'), keys: [], run: ofMarks('marks-redo') },
    { name: 'marks-hide', label: text('Hide marks'), keys: [], run: ofMarks('marks-hide') },
    { name: 'marks-panel', label: text('List of marks'), keys: [], run: ofMarks('marks-panel') },
    { name: 'marks-save', label: text('Save now'), keys: [], run: ofMarks('marks-save') },
    { name: 'key', label: text('Key image'), keys: ['*'], run: ofMarks('key') },
    { name: 'keys-only', label: text('Show key images'), keys: [], run: ofMarks('keys-only') },
    { name: 'measure', label: text('Measure'), keys: [], run: async (host) =>
        (await import('./menu.js')).toggleMenu(host, 'measure', MEASURE) },

    ...OUTPUTS.map(([name, label, key]) => ({
        name, label, keys: key === '' ? [] : [key], run: output(name),
    })),
    { name: 'output', label: text('Print, export, report'), keys: [], run: async (host) =>
        (await import('./menu.js')).toggleMenu(host, 'output', OUTPUTS.map(([n]) => n)) },

    { name: 'back', label: text('Previous image'), keys: ['ARROWUP', 'ARROWLEFT'],
        busy: 'scroll', change: step(-1) },
    { name: 'forth', label: text('Next image'), keys: ['ARROWDOWN', 'ARROWRIGHT'],
        busy: 'scroll', change: step(1) },
    { name: 'first', label: text('First image'), keys: ['HOME'],
        change: (s) => scrolledTo(s, 0) },
    { name: 'last', label: text('Last image'), keys: ['END'],
        change: (s) => scrolledTo(s, Infinity) },
    { name: 'series-back', label: text('Previous series'), keys: ['PAGEUP'],
        run: (host) => host.stepSeries(-1) },
    { name: 'series-forth', label: text('Next series'), keys: ['PAGEDOWN'],
        run: (host) => host.stepSeries(1) },

    { name: 'invert', label: text('Invert'), keys: ['N'],
        change: (s) => ({ ...s, invert: !s.invert }) },
    { name: 'rotate', label: text('Rotate'), keys: ['Q'],
        change: (s) => isProjection(frameOf(s))
            ? { ...s, view: rotated(s.view, 90) } : s },
    { name: 'flip', label: text('Flip'), keys: ['X'],
        change: (s) => isProjection(frameOf(s))
            ? { ...s, view: flipped(s.view) } : s },
    { name: 'fit', label: text('Fit'), keys: ['F'],
        change: (s) => ({ ...s, view: { ...s.view, scale: null, center: null } }) },
    { name: 'native', label: text('1:1'), keys: ['M'], change: toNative },
    { name: 'sight', label: text('Magnifier, true size, text'), keys: [], run: async (host) =>
        (await import('./menu.js')).toggleMenu(host, 'sight', SIGHT) },
    { name: 'larger', label: text('Larger'), keys: ['+', '='], change: zoomBy(1.25) },
    { name: 'smaller', label: text('Smaller'), keys: ['-'], change: zoomBy(0.8) },
    { name: 'reset', label: text('Reset'), keys: ['ESCAPE'], run: (host) => {
        host.update(reset);
        return host.page().marks === null ? undefined : ofMarks('marks-clear')(host);
    } },

    { name: 'cine', label: text('Cine'), keys: ['C', ' '], change: toggledCine },
    { name: 'cine-stop', label: text('Stop, to the first image'), keys: [],
        change: (s) => scrolledTo(paused(s), 0) },
    { name: 'clamp', label: text('Window from 0'), keys: ['K'],
        change: (s) => ({ ...s, clamped: !s.clamped }) },
    { name: 'study-back', label: text('Older study of the patient'), keys: ['[', '<'],
        run: async (host) => (await import('./studies.js')).stepStudy(host, -1) },
    { name: 'study-forth', label: text('Newer study of the patient'), keys: [']', '>'],
        run: async (host) => (await import('./studies.js')).stepStudy(host, 1) },
    { name: 'prior', label: text('Compare with a prior'), keys: [','],
        run: async (host) => (await import('./compare.js')).comparePrior(host) },
    { name: 'another', label: text('Another study beside'), keys: [],
        run: async (host) => (await import('./another.js')).openAnother(host) },
    { name: 'timeline', label: text('Studies of the patient'), keys: ['_'],
        run: async (host) => (await import('./timeline.js')).toggleTimeline(host) },
    { name: 'hang-forth', label: text('Next hanging'), keys: ['.'],
        run: async (host) => (await import('./nexthanging.js')).stepHanging(host, 1) },
    { name: 'hang-back', label: text('Hanging before'), keys: [':'],
        run: async (host) => (await import('./nexthanging.js')).stepHanging(host, -1) },
    { name: 'advanced', label: text('Advanced mode'), keys: ['F10'],
        page: (page) => ({ ...page, advanced: !page.advanced }) },
    { name: 'warn-unseen', label: text('Warn of unseen images'), keys: [],
        page: (page) => ({ ...page, warns: !page.warns }) },
    { name: 'link', label: text('Link'), keys: ['L'], page: linkedFromHere },
    { name: 'unlink', label: text('Unlink'), keys: ['U'], page: unlinked },
    { name: 'lines', label: text('Lines'), keys: ['O'],
        page: (page) => ({ ...page, lines: !page.lines }) },
    { name: 'planes', label: text('MPR'), keys: ['B'],
        run: async (host) => (await import('./space/space.js')).togglePlanes(host) },
    { name: 'turn-left', label: text('Turn the other planes left'), keys: ['('],
        run: here(async (host) => (await import('./space/space.js')).turnPlanes(host, -TURN)) },
    { name: 'turn-right', label: text('Turn the other planes right'), keys: [')'],
        run: here(async (host) => (await import('./space/space.js')).turnPlanes(host, TURN)) },
    { name: 'fusion', label: text('Fusion'), keys: ['Y'],
        run: here(async (host) => (await import('./space/space.js')).toggleFusion(host)) },
    { name: 'annotation', label: text('Text'), keys: ['I'], page: nextAnnotation },
    { name: 'magnify', label: text('Magnifier'), keys: ["'"],
        run: async (host) => (await import('./lens.js')).magnify(host) },
    { name: 'true-size', label: text('True size'), keys: ['\\'],
        run: here(async (host) => (await import('./truesize.js')).trueSize(host)) },
    { name: 'texts', label: text('Move the text'), keys: [';'],
        run: async (host) => (await import('./texts.js')).moveTexts(host) },
    { name: 'layout', label: text('Layout'), keys: ['G'],
        run: async (host) => (await import('./layout.js')).toggleLayouts(host) },
    { name: 'alone', label: text('One viewport, all viewports'), keys: ['E'],
        page: toggledAlone },
    { name: 'port-close', label: text('Close the viewport'), keys: ['DELETE'],
        run: (host) => host.close() },
    { name: 'context', label: text('Menu of the viewport'), keys: ['CONTEXTMENU'],
        run: async (host) => (await import('./context.js')).openContext(host, null) },
    { name: 'theme', label: text('Light or dark'), keys: [], run: async () =>
        (await import('../ui/theme.js')).toggleTheme() },
    { name: 'help', label: text('Help'), keys: ['H', 'F1', '?'],
        run: async (host) => (await import('./help.js')).toggleHelp() },

    ...SIDES.flatMap((rows) => SIDES.map((columns) => ({
        name: `layout-${rows}x${columns}`, label: `${rows} × ${columns}`, keys: [],
        page: (/** @type {Page} */ page) => withLayout(page, { rows, columns }),
    }))),

    ...SIDES.flatMap((rows) => SIDES.map((columns) => ({
        name: `tiles-${rows}x${columns}`, label: text('{rows} × {columns} images', { rows, columns }),
        keys: [],
        change: (/** @type {Viewport} */ s) => withTiles(s, { rows, columns }),
    }))),

    { name: 'window-default', label: text('Window of the header'), keys: ['0'],
        change: (s) => withWindow(s, null) },
    ...Array.from({ length: 9 }, (_, i) => ({
        name: `window-preset-${i}`, label: text('Preset {n}', { n: i + 1 }), keys: [`${i + 1}`],
        change: (/** @type {Viewport} */ s) => presetAt(s, i),
    })),
    ...Array.from({ length: 16 }, (_, i) => ({
        name: `window-header-${i + 1}`, label: text('Header window {n}', { n: i + 2 }), keys: [],
        change: (/** @type {Viewport} */ s) =>
            withWindow(s, frameOf(s)?.windows[i + 1] ?? s.window),
    })),
];


/** @returns {Command[]} */
export function commands() {
    return COMMANDS;
}


/** @param {string} name @returns {Command | undefined} */
export function commandNamed(name) {
    return COMMANDS.find((c) => c.name === name);
}


/** @param {string} name @returns {boolean} of those that exclude each other */
export function isTool(name) {
    return [...tools(), ...PENS.map(([n]) => ({ name: n }))].some((t) => t.name === name);
}


/**
 * Shortcuts do not care for case (IHE BIR).
 * @param {string} key of a KeyboardEvent
 * @returns {Command | undefined}
 */
export function commandOfKey(key) {
    return COMMANDS.find((c) => c.keys.includes(key.toUpperCase()));
}


/** @param {Viewport} s @returns {Viewport} */
function paused(s) {
    return s.playing ? { ...s, playing: false } : s;
}


/**
 * Plays at once when cine is chosen (IHE BIR, B31).
 * @param {Viewport} s
 * @returns {Viewport}
 */
function toggledCine(s) {
    return (s.stack?.frames.length ?? 0) < 2 ? s
        : { ...s, cineOpen: true, cineAt: 0, playing: !s.playing };
}


/**
 * One device pixel a stored pixel, about the middle.
 * @param {Viewport} s
 * @returns {Viewport}
 */
function toNative(s) {
    const f = frameOf(s);

    if (f === null) {
        return s;
    }

    const now = scaleOf(s.view, imageSize(f), s.size);

    return zoomBy(1 / s.dpr / now)(s);
}


/** @param {number} factor @returns {(s: Viewport) => Viewport} */
function zoomBy(factor) {
    return (s) => {
        const f = frameOf(s);
        const middle = { x: s.size.width / 2, y: s.size.height / 2 };

        return f === null ? s : {
            ...s, view: zoomed(s.view, imageSize(f), s.size, factor, middle),
        };
    };
}


/** @param {Viewport} s @param {number} i @returns {Viewport} */
function presetAt(s, i) {
    const preset = presets(frameOf(s)?.modality ?? '')[i];

    return preset === undefined ? s : withWindow(s, preset);
}
