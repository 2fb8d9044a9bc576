// SPDX-License-Identifier: BSD-2-Clause
//
// The viewports on the page: makes them from <template id="port">, lays them
// out, and listens to them.

import { find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { listenToCine, renderCine } from './cine.js';
import { decorate } from './decorations.js';
import { listenToPointers } from './input/pointer.js';
import { listenToSlider } from './input/slider.js';
import { listenToWheel } from './input/wheel.js';
import { isUnopened, seenPorts } from './page.js';
import { Screen } from './screen.js';
import { renderSlider } from './slider.js';
import { tileCount, tileOf } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./host.js').Host} Host
 */

const EMPTY = text('Drag a series here');


/** One viewport: its picture, slider, cine controls and what it says. */
class Cell {
    /**
     * @param {Host} host
     * @param {(key: string) => ImageBitmap | undefined} bitmaps
     */
    constructor(host, bitmaps) {
        const template = find('#port', HTMLTemplateElement);
        const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));

        this.host = host;
        this.bitmaps = bitmaps;
        this.node = find('.cell', HTMLElement, copy);
        this.port = find('.port', HTMLElement, copy);
        this.slider = find('.slider', HTMLElement, copy);
        this.cine = find('.cine', HTMLElement, copy);
        this.stage = find('.cell-stage', HTMLElement, copy);
        this.bitmaps = bitmaps;
        this.screens = [new Screen(this.port, host.root, bitmaps)];
        this.box = { width: 0, height: 0 };
        this.frame = { width: 0, height: 0 };
        /** @type {unknown[]} what the screen was drawn for */
        this.drawn = [];
        this.#listen();
    }


    #listen() {
        const { host, node, port } = this;

        listenToPointers(port, host);
        listenToWheel(port, host);
        listenToSlider(this.slider, host);
        listenToCine(this.cine, host);
        port.addEventListener('focus', () => host.select());
        find('.failed-again', HTMLElement, node)
            .addEventListener('click', () => host.again());
        find('.port-again', HTMLElement, node)
            .addEventListener('click', () => host.again());
        find('.cell-close', HTMLElement, node)
            .addEventListener('click', () => host.close());

        this.observer = new ResizeObserver((all) => {
            for (const { target, contentRect: { width, height } } of all) {
                this[target === port ? 'box' : 'frame'] = { width, height };
            }

            this.#measure(host.port());
        });
        this.observer.observe(port);
        this.observer.observe(this.screens[0].frame);
    }


    /** @param {Viewport} s a screen for each frame that it shows at once */
    #fitTiles(s) {
        const { rows, columns } = s.tiles;

        this.stage.style.setProperty('--tile-rows', String(rows));
        this.stage.style.setProperty('--tile-columns', String(columns));
        this.stage.dataset.tiles = `${rows}x${columns}`;
        this.screens.splice(tileCount(s)).forEach(({ frame }) => frame.remove());

        for (let k = this.screens.length; k < tileCount(s); k++) {
            const frame = copyOf(this.screens[0].frame);
            const node = find('.port', HTMLElement, frame);

            this.screens[k - 1].frame.after(frame);
            this.screens.push(new Screen(node, this.host.root, this.bitmaps));
            listenToPointers(node, this.host, false);
            listenToWheel(node, this.host);
            find('.failed-again', HTMLElement, node)
                .addEventListener('click', () => this.host.again());
        }
    }


    /** @param {Viewport | undefined} s */
    #measure(s) {
        const { width, height } = this.box;

        // of no width: it is hidden behind the one that fills the stage
        if (s !== undefined && width > 0 && (s.size.width !== width
            || s.size.height !== height || s.dpr !== devicePixelRatio))
        {
            this.host.update((now) => ({
                ...now, size: { width, height }, dpr: devicePixelRatio,
            }));
        }
    }


    /**
     * @param {Viewport} s
     * @param {Page} page
     * @param {number} pictures that have come: bitmaps are no part of s
     */
    render(s, page, pictures) {
        const at = this.host.at();
        const several = page.ports.length > 1;

        this.#measure(s);
        this.node.classList.toggle('is-active', several && at === page.active);
        this.node.hidden = !seenPorts(page).includes(at);
        this.port.setAttribute('aria-label', several
            ? text('Image {n}', { n: at + 1 }) : text('Image'));
        this.port.setAttribute('aria-current', String(at === page.active));
        find('.cell-close', HTMLElement, this.node).hidden = !several || s.entry === '';

        decorate(this.node, this.host, this.bitmaps);

        const drawn = [s, page, pictures, this.frame];

        if (this.node.hidden || drawn.every((v, i) => v === this.drawn[i])) {
            return;
        }

        this.drawn = drawn;
        this.#fitTiles(s);
        this.screens.forEach((screen, k) => screen.render(tileOf(s, k), page, at, this.frame));
        renderSlider(this.slider, s);
        renderCine(this.cine, s);
        setText(find('.port-message', HTMLElement, this.node),
            s.message === '' && several && s.entry === '' && page.message === ''
                ? EMPTY : s.message);
        find('.port-again', HTMLElement, this.node).hidden = !isUnopened(page, s);
    }


    remove() {
        this.observer?.disconnect();
        this.node.remove();
    }
}


/** @param {HTMLElement} frame @returns {HTMLElement} for another picture */
function copyOf(frame) {
    const copy = /** @type {HTMLElement} */ (frame.cloneNode(true));
    const port = find('.port', HTMLElement, copy);

    port.classList.add('is-tile');
    port.removeAttribute('tabindex');
    port.removeAttribute('aria-current');
    find('.port-layer', SVGSVGElement, port).replaceChildren();

    return copy;
}


export class Stage {
    /** @type {Cell[]} */
    #cells = [];
    /** of pictures that have come */
    #pictures = 0;

    /**
     * @param {(at: number) => Host} hostOf
     * @param {(key: string) => ImageBitmap | undefined} bitmaps
     */
    constructor(hostOf, bitmaps) {
        this.hostOf = hostOf;
        this.bitmaps = bitmaps;
        this.node = find('.stage', HTMLElement);
        this.ports = find('.ports', HTMLElement);
    }


    /** A picture has come: what is drawn may be drawn better. */
    pictureCame() {
        this.#pictures++;
    }


    /** @param {Page} page */
    render(page) {
        this.#fit(page.ports.length);

        const { rows, columns } = page.alone ? { rows: 1, columns: 1 } : page.layout;
        const message = find('.message', HTMLElement, this.node);

        this.ports.style.setProperty('--rows', String(rows));
        this.ports.style.setProperty('--columns', String(columns));
        this.ports.dataset.layout = `${rows}x${columns}`;
        this.#cells.forEach((cell, i) =>
            cell.render(page.ports[i], page, this.#pictures));

        setText(message, page.message);
        message.hidden = page.message === '';
    }


    /** @param {number} count of viewports */
    #fit(count) {
        this.#cells.splice(count).forEach((cell) => cell.remove());

        for (let i = this.#cells.length; i < count; i++) {
            const cell = new Cell(this.hostOf(i), this.bitmaps);

            this.#cells.push(cell);
            this.ports.append(cell.node);
        }
    }
}
