// SPDX-License-Identifier: BSD-2-Clause
//
// The viewer's page in a frame of this one: used by events as a person would,
// and read as a person does.  Nothing that happens in it is stored.

import { Failed } from '../selftest/client.js';
import { wishesOf } from '../viewer/address.js';

/**
 * @typedef {{x: number, y: number}} Point CSS px of a viewport
 * @typedef {{at?: number, from?: Point, dx: number, dy: number,
 *            button?: number}} Drag
 */

/** An answer takes no longer, while the page is seen. ms */
const PATIENCE = 30000;
const LOOK = 25;

const MIDDLE = { x: 300, y: 240 };


/**
 * @template T
 * @param {() => T} condition
 * @param {string} what is waited for
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(condition, what) {
    for (let left = PATIENCE; left > 0;) {
        const found = condition();

        if (found) {
            return found;
        }

        await new Promise((done) => { setTimeout(done, LOOK); });
        // a page in the background is not drawn
        left -= document.hidden ? 0 : LOOK;
    }

    throw new Failed(`waited in vain: ${what}`);
}


/**
 * @param {Promise<unknown>} promise that something else may leave open
 * @param {string} what is waited for
 */
async function within(promise, what) {
    let isDone = false;

    await Promise.race([promise, until(() => isDone, what)])
        .finally(() => { isDone = true; });
}


export class Viewer {
    /** @param {HTMLIFrameElement} frame */
    constructor(frame) {
        this.frame = frame;
        this.printed = 0;
    }


    get window() {
        return /** @type {Window & typeof globalThis} */ (this.frame.contentWindow);
    }


    get document() {
        return /** @type {Document} */ (this.frame.contentDocument);
    }


    /** @param {string} query */
    async open(query) {
        const loaded = new Promise((done) => {
            this.frame.addEventListener('load', done, { once: true });
        });

        this.frame.src = `viewer.html?${query}`;
        await within(loaded, 'the page of the viewer');
        this.#tame();
    }


    /** The page has gone to another address by itself. @param {RegExp} search */
    async moved(search) {
        await until(() => search.test(this.window.location.search)
            && this.document.readyState === 'complete', `an address of ${search}`);
        this.#tame();
    }


    /** What it does stays in the frame. */
    #tame() {
        const { window } = this;
        const get = window.fetch.bind(window);
        /** @type {Map<string, string>} */
        const kept = new Map();
        const storage = {
            getItem: (/** @type {string} */ name) => kept.get(name) ?? null,
            setItem: (/** @type {string} */ name, /** @type {string} */ value) =>
                kept.set(name, value),
            removeItem: (/** @type {string} */ name) => kept.delete(name),
        };

        // events made by a script have no pointer that could be captured
        window.Element.prototype.setPointerCapture = () => {};
        window.print = () => { this.printed++; };
        window.fetch = async (url, init) => ['GET', 'HEAD'].includes(init?.method ?? 'GET')
            ? get(url, init) : new window.Response('{}', { status: 503 });
        Object.defineProperty(window, 'localStorage', { value: storage });
    }


    /** @param {string} selector @returns {HTMLElement[]} */
    all(selector) {
        return [...this.document.querySelectorAll(selector)].map((n) =>
            /** @type {HTMLElement} */ (n));
    }


    /** @param {string} selector @param {number} [at] @returns {HTMLElement} */
    one(selector, at = 0) {
        const node = this.all(selector)[at];

        if (node === undefined) {
            throw new Failed(`the viewer has no ${selector}`);
        }

        return node;
    }


    /** @param {string} selector @param {number} [at] @returns {string} */
    text(selector, at = 0) {
        return this.one(selector, at).textContent?.trim() ?? '';
    }


    /** @param {string} selector @param {number} [at] @returns {string[]} its lines */
    lines(selector, at = 0) {
        return [...this.one(selector, at).children].map((n) => n.textContent ?? '');
    }


    /** What was done before this is on the screen, or its page has gone. */
    drawn() {
        const { window } = this;

        return within(new Promise((done) => {
            window.requestAnimationFrame(() => window.requestAnimationFrame(done));
            window.addEventListener('pagehide', done, { once: true });
        }), 'a frame of the screen');
    }


    /** @param {string[]} keys pressed one after another */
    async press(...keys) {
        for (const key of keys) {
            this.document.body.dispatchEvent(new this.window.KeyboardEvent('keydown',
                { key, bubbles: true, cancelable: true }));
        }

        await this.drawn();
    }


    /** @param {string} selector @param {number} [at] */
    async click(selector, at = 0) {
        this.one(selector, at).click();
        await this.drawn();
    }


    /** @param {string} name of a command with a button */
    button(name) {
        return /** @type {HTMLButtonElement} */ (
            this.one(`.toolbar [data-command="${name}"]`));
    }


    /** @param {string} name @returns {boolean} */
    isPressed(name) {
        return this.button(name).getAttribute('aria-pressed') === 'true';
    }


    /**
     * @param {string} type
     * @param {Point} p
     * @param {number} at index of the viewport
     * @param {number} button
     */
    #point(type, p, at, button) {
        const port = this.one('.port', at);
        const box = port.getBoundingClientRect();

        port.dispatchEvent(new this.window.PointerEvent(type, {
            pointerId: 1, pointerType: 'mouse', isPrimary: true, bubbles: true,
            cancelable: true, clientX: box.left + p.x, clientY: box.top + p.y,
            button: type === 'pointermove' ? -1 : button,
            buttons: type === 'pointerup' ? 0 : [1, 4, 2][button],
        }));
    }


    /** @param {Drag} drag */
    async drag({ at = 0, from = MIDDLE, dx, dy, button = 0 }) {
        this.#point('pointerdown', from, at, button);

        for (const part of [0.5, 1]) {
            this.#point('pointermove', { x: from.x + dx * part, y: from.y + dy * part },
                at, button);
            await this.drawn();
        }

        this.#point('pointerup', { x: from.x + dx, y: from.y + dy }, at, button);
        await this.drawn();
    }


    /** @param {Point} p @param {number} [at] index of the viewport */
    async tap(p, at = 0) {
        this.#point('pointermove', p, at, 0);
        this.#point('pointerdown', p, at, 0);
        this.#point('pointerup', p, at, 0);
        await this.drawn();
    }


    /** @param {number} deltaY @param {number} [at] index of the viewport */
    async wheel(deltaY, at = 0) {
        const port = this.one('.port', at);
        const { left, top } = port.getBoundingClientRect();

        port.dispatchEvent(new this.window.WheelEvent('wheel', { deltaY, bubbles: true,
            cancelable: true, clientX: left + MIDDLE.x, clientY: top + MIDDLE.y }));
        await this.drawn();
    }


    /** @param {number} [at] @returns {number} of the image on the screen, from 1 */
    shown(at = 0) {
        return Number(this.one('.port', at).dataset.shown);
    }


    /**
     * The picture of an image is on the screen, and no preview of it; that
     * without loss may still come.
     * @param {number} [at] index of the viewport
     * @param {number} [number] from 1; else any
     */
    async ready(at = 0, number) {
        await this.drawn();
        await until(() => {
            const port = this.all('.port')[at];
            const failed = port?.querySelector('.failed:not([hidden]) .failed-text');

            if (failed || this.all('.banner.is-alarm').length > 0) {
                throw new Failed(failed?.textContent ?? this.text('.banner-alarm'));
            }

            // texts may stand beside the picture
            const badge = /** @type {HTMLElement | null | undefined} */ (
                port?.closest('.frame')?.querySelector('.badge'));

            return ['final', 'lossy'].includes(badge?.dataset.state ?? '')
                && port.dataset.waiting === 'false'
                && port.dataset.shown !== ''
                && (number === undefined || this.shown(at) === number);
        }, `image ${number ?? ''} in viewport ${at + 1}`);
        await this.drawn();
    }


    /** @param {number} [at] @returns {{center: number, width: number}} of the picture */
    shownWindow(at = 0) {
        const [center, width] = (this.one('.port', at).dataset.window ?? '')
            .match(/-?[\d.]+/g)?.map(Number) ?? [];

        return { center, width };
    }


    /**
     * What the address says of a viewport, once it says so.
     * @param {(facts: Record<string, string>) => unknown} holds
     * @param {string} what
     * @param {number} [at]
     * @returns {Promise<Record<string, string>>}
     */
    async addressed(holds, what, at = 0) {
        const facts = () => wishesOf(this.window.location.search)?.ports[at]?.facts ?? {};

        await until(() => holds(facts()), what);

        return facts();
    }


    /**
     * Grey of the picture along a line of it, before the compositor.
     * @param {number} [at]
     * @returns {number[]}
     */
    middleRow(at = 0) {
        const canvas = /** @type {HTMLCanvasElement} */ (this.one('.port-picture', at));
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
        const { data } = context.getImageData(0, canvas.height >> 1, canvas.width, 1);

        return Array.from({ length: canvas.width }, (_, i) => data[4 * i + 1]);
    }


    /** @param {string} name of a tool with a button */
    async take(name) {
        await this.click(`.toolbar [data-command="${name}"]`);
    }


    /** @param {number} [at] @returns {DOMRect} of a viewport */
    box(at = 0) {
        return this.one('.port', at).getBoundingClientRect();
    }
}
