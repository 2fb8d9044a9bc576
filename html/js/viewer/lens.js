// SPDX-License-Identifier: BSD-2-Clause
//
// The magnifier: a lens upon the picture, 2 to 4 times as large as it is
// seen.  What it shows comes from the server's own pixels as far as they are
// here; the loop asks for the rest.

import { el } from '../ui/dom.js';
import { addDecoration } from './decorations.js';
import { LENS, lensed } from './lensed.js';
import { compositorMap, draw, setFilter, sourceOf } from './picture.js';
import { shownFrame } from './state.js';
import { addTools } from './tools/tool.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('../math/view.js').Point} Point
 */

/** How far above a finger the lens stands: it hides what it points at. CSS px */
const ABOVE = 120;

/** A step of the keys. CSS px */
const STEP = 12;

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let isBegun = false;
/** How many times larger, as it was chosen last. */
let times = /** @type {number} */ (LENS.least);


/** @param {Host} host of the active viewport */
export function magnify(host) {
    begin(host);
    host.updatePage((page) => ({ ...page, tool: 'magnify' }));
}


/** @param {Host} host */
function begin(host) {
    if (isBegun) {
        return;
    }

    isBegun = true;
    document.head.append(el('link', { rel: 'stylesheet', href: 'css/lens.css' }));
    addDecoration(render);
    addTools([{
        name: 'magnify', label: '', key: '', busy: '',
        down: (of, { point, event }) => {
            put(of, point, event.pointerType === 'touch');
            return true;
        },
        move: (of, { point, event }) => put(of, point, event.pointerType === 'touch'),
        hover: (of, { point }) => put(of, point, false),
        up: (of, { event }) => {
            if (event.pointerType === 'touch') {
                put(of, null, false);
            }
        },
        cancel: (of) => put(of, null, false),
    }]);
    document.addEventListener('pointerover', (e) => {
        if (e.pointerType === 'mouse' && host.page().lens !== null
            && !(e.target instanceof Element && e.target.closest('.port')))
        {
            put(host, null, false);
        }
    });
    document.addEventListener('keydown', (e) => {
        if (host.page().tool === 'magnify' && !e.ctrlKey && !e.altKey && !e.metaKey
            && document.querySelector('dialog[open]') === null && onKey(host, e))
        {
            e.preventDefault();
            e.stopImmediatePropagation();
        }
    }, { capture: true });
}


/** @param {Host} host @param {Point | null} at null: it goes @param {boolean} isUp */
function put(host, at, isUp) {
    host.updatePage((page) => page.lens === null && at === null ? page : {
        ...page, lens: at === null ? null : { port: host.at(), at, times, isUp },
    });
}


/**
 * Without a pointer: Enter puts it in the middle, Shift and the arrows move
 * it, the point makes it stronger, Escape takes it away.
 * @param {Host} host of the active viewport
 * @param {KeyboardEvent} e
 * @returns {boolean} it was meant for the lens
 */
function onKey(host, e) {
    const { lens } = host.page();
    const { width, height } = host.port().size;
    const way = e.shiftKey ? WAYS[e.key] : undefined;

    if (lens === null) {
        const isPort = e.target instanceof Element && e.target.classList.contains('port');

        if (e.key === 'Enter' && isPort) {
            put(host, { x: width / 2, y: height / 2 }, false);
        }

        return e.key === 'Enter' && isPort;
    }

    if (e.key === '.') {
        times = lens.times >= LENS.most ? LENS.least : lens.times + 1;
        put(host, lens.at, lens.isUp);
    } else if (way !== undefined) {
        put(host, {
            x: Math.max(0, Math.min(width, lens.at.x + way[0] * STEP)),
            y: Math.max(0, Math.min(height, lens.at.y + way[1] * STEP)),
        }, false);
    } else if (e.key === 'Escape' || e.key === 'Enter') {
        put(host, null, false);
    } else {
        return false;
    }

    return true;
}


/** @type {import('./decorations.js').Decoration} */
function render(cell, host, bitmaps) {
    const port = /** @type {HTMLElement} */ (cell.querySelector('.port'));
    const { lens, tool } = host.page();
    const s = host.port();
    const old = port.querySelector('.lens');

    if (lens === null || tool !== 'magnify' || lens.port !== host.at() || shownFrame(s) === null) {
        old?.remove();
        return;
    }

    const node = old instanceof HTMLElement ? old
        : el('div', { 'class': 'lens', 'aria-hidden': 'true' }, el('canvas'),
            el('span', { 'class': 'lens-times' }));
    const canvas = /** @type {HTMLCanvasElement} */ (node.firstElementChild);
    const near = lensed(s, lens);
    const source = sourceOf(s, host.root, bitmaps);

    draw(canvas, near, source, host.root, bitmaps);
    setFilter(canvas, compositorMap(s, source));
    node.style.left = `${lens.at.x}px`;
    node.style.top = `${lens.at.y - (lens.isUp ? ABOVE : 0)}px`;
    /** @type {HTMLElement} */ (node.lastElementChild).textContent = `× ${lens.times}`;

    if (old === null) {
        port.append(node);
    }
}
