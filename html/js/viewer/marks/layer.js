// SPDX-License-Identifier: BSD-2-Clause
//
// Writes the marks of a viewport as SVG: crisp on any screen.

import { overlap } from '../../marks/label.js';
import { shownFrame } from '../state.js';
import { LINE, drawings } from './drawing.js';
import { keyOf } from './state.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('./drawing.js').Drawing} Drawing
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../../marks/hit.js').Rect} Rect
 */

const SVG = 'http://www.w3.org/2000/svg';

/** The loupe: a side, and how much it enlarges. CSS px */
const LOUPE = 132;
const ENLARGES = 2.5;

/** Breast tissue is looked for on so many points of a side. */
const GRID = 48;

/** Lighter than this is tissue; of 255. */
const AIR = 24;

const ruler = /** @type {CanvasRenderingContext2D} */ (
    document.createElement('canvas').getContext('2d'));


/** @param {string} line @returns {number} CSS px */
export function widthOf(line) {
    ruler.font = `12px ${getComputedStyle(document.body).fontFamily}`;

    return ruler.measureText(line).width;
}


/** @type {import('../layers.js').Layer} */
export const layer = {
    name: 'marks',

    draw(g, s, page) {
        const port = page.ports.findIndex((p) => p === s);
        const node = /** @type {HTMLElement} */ (g.ownerSVGElement?.parentElement);
        const m = page.marks;

        node.dataset.key = keyOf(m, shownFrame(s));

        if (m === null) {
            g.replaceChildren();
            return;
        }

        const all = drawings(s, m, port, widthOf, tissueOf(s, node), cornersOf(node));

        g.replaceChildren(...all.map(markNode));
        loupe(node, s, m.loupe !== null && m.loupe.port === port ? m.loupe.at : null);
    },
};


/** @param {Drawing} d */
function markNode(d) {
    const g = svg('g', {
        class: ['mark', d.own ? 'is-own' : 'is-other', `author-${d.colour}`,
            d.selected ? 'is-selected' : ''].filter(Boolean).join(' '),
        'data-uid': d.uid, 'data-kind': d.kind,
    });
    const path = d.paths.map(pathData).join('');

    g.append(svg('path', { class: 'mark-halo', d: path }),
        svg('path', { class: 'mark-line', d: path }));

    if (d.anchor !== null) {
        g.append(svg('path', { class: 'mark-leader',
            d: pathData({ points: [d.anchor, edge(d.label.rect, d.anchor)], closed: false }) }));
    }

    g.append(...d.handles.map((p, i) => svg('circle', {
        class: i === d.handle ? 'mark-handle is-on' : 'mark-handle',
        cx: p.x.toFixed(2), cy: p.y.toFixed(2), r: '4',
    })), labelNode(d));

    return g;
}


/** @param {Drawing} d */
function labelNode({ label: { rect, lines, source } }) {
    const line = (/** @type {string} */ text, /** @type {number} */ i,
        /** @type {string} */ kind) =>
    {
        const node = svg('text', {
            class: `mark-text ${kind}`, x: (rect.x + 4).toFixed(1),
            y: (rect.y + 4 + LINE * i + 12).toFixed(1),
        });
        node.textContent = text;
        return node;
    };
    const g = svg('g', { class: 'mark-label' });

    if (rect.width > 0) {
        g.append(...lines.map((text, i) => line(text, i, 'is-figure')),
            ...(source === '' ? [] : [line(source, lines.length, 'is-source')]));
    }

    return g;
}


/** @param {{points: Point[], closed: boolean}} path @returns {string} */
function pathData({ points, closed }) {
    return points.map((p, i) => `${i === 0 ? 'M' : 'L'}${p.x.toFixed(2)} ${p.y.toFixed(2)}`)
        .join('') + (closed ? 'Z' : '');
}


/** @param {Rect} r @param {Point} p @returns {Point} of the edge, nearest to p */
export function edge(r, p) {
    return {
        x: Math.max(r.x, Math.min(r.x + r.width, p.x)),
        y: Math.max(r.y, Math.min(r.y + r.height, p.y)),
    };
}


/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @returns {SVGElement}
 */
function svg(name, attributes) {
    const node = document.createElementNS(SVG, name);

    for (const [key, value] of Object.entries(attributes)) {
        node.setAttribute(key, value);
    }

    return node;
}


/** @param {HTMLElement} node port @returns {Rect[]} of the texts in its corners */
function cornersOf(node) {
    const box = node.getBoundingClientRect();

    return [...node.querySelectorAll('.corner, .letter')]
        .map((n) => n.getBoundingClientRect())
        .filter((r) => r.width > 0)
        .map((r) => ({ x: r.left - box.left, y: r.top - box.top, width: r.width,
            height: r.height }));
}


/** @type {WeakMap<HTMLElement, {key: unknown[], tissue: (r: Rect) => number}>} */
const seen = new WeakMap();


/**
 * Where a mammogram is light: a label looks for the air.
 * @param {Viewport} s
 * @param {HTMLElement} node port
 * @returns {(r: Rect) => number} 0 to 1
 */
function tissueOf(s, node) {
    const f = shownFrame(s);

    if (f === null || f.modality !== 'MG') {
        return () => 0;
    }

    const key = [f, s.view, s.shown, s.size, s.invert];
    const old = seen.get(node);

    if (old !== undefined && old.key.every((v, i) => v === key[i])) {
        return old.tissue;
    }

    const tissue = tissueIn(s, node);

    seen.set(node, { key, tissue });

    return tissue;
}


/**
 * @param {Viewport} s
 * @param {HTMLElement} node
 * @returns {(r: Rect) => number}
 */
function tissueIn(s, node) {
    const canvas = /** @type {HTMLCanvasElement} */ (node.querySelector('.port-picture'));
    const small = new OffscreenCanvas(GRID, GRID);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
        small.getContext('2d', { willReadFrequently: true }));

    context.drawImage(canvas, 0, 0, GRID, GRID);

    const { data } = context.getImageData(0, 0, GRID, GRID);
    const cell = { width: s.size.width / GRID, height: s.size.height / GRID };
    const light = Array.from({ length: GRID * GRID }, (_, i) => i)
        .filter((i) => data[i * 4] > AIR)
        .map((i) => ({ x: i % GRID * cell.width,
            y: Math.floor(i / GRID) * cell.height, ...cell }));

    // a cell at the skin may be dark on average
    return (r) => {
        const wide = { x: r.x - cell.width, y: r.y - cell.height,
            width: r.width + 2 * cell.width, height: r.height + 2 * cell.height };

        return light.reduce((sum, c) => sum + overlap(wide, c), 0)
            / Math.max(1, wide.width * wide.height);
    };
}


/**
 * What a finger hides, enlarged in a corner.
 * @param {HTMLElement} node port
 * @param {Viewport} s
 * @param {Point | null} at
 */
function loupe(node, s, at) {
    const old = node.querySelector('.loupe');

    if (at === null) {
        old?.remove();
        return;
    }

    const canvas = old instanceof HTMLCanvasElement ? old : document.createElement('canvas');
    const picture = /** @type {HTMLCanvasElement} */ (node.querySelector('.port-picture'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const side = Math.round(LOUPE * s.dpr);
    const part = side / ENLARGES;

    canvas.className = 'loupe';
    // the corner that the finger is not in
    canvas.dataset.side = at.x < s.size.width / 2 ? 'right' : 'left';
    canvas.width = side;
    canvas.height = side;
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, at.x * s.dpr - part / 2, at.y * s.dpr - part / 2, part,
        part, 0, 0, side, side);
    context.strokeStyle = getComputedStyle(node).getPropertyValue('--mark-own');
    context.lineWidth = s.dpr;
    context.beginPath();
    context.moveTo(side / 2, 0);
    context.lineTo(side / 2, side);
    context.moveTo(0, side / 2);
    context.lineTo(side, side / 2);
    context.stroke();

    if (old === null) {
        node.append(canvas);
    }
}
