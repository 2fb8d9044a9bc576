// SPDX-License-Identifier: BSD-2-Clause
//
// state -> plan -> loader -> state -> render, once a frame of the screen,
// while there is something to do.

import { chosen } from './choose.js';
import { nextIndex, tick } from './cine.js';
import { seenPorts, withPort } from './page.js';
import { basePicture, plan, wishes } from './plan.js';
import { scrolledTo } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./choose.js').Look} Look
 */


export class Loop {
    #isScheduled = false;

    /**
     * @param {Object} parts
     * @param {string} parts.root of DICOMweb
     * @param {import('./store.js').Store} parts.store
     * @param {import('../net/loader.js').Loader} parts.loader
     * @param {Look} parts.look into the loader
     * @param {() => import('../net/meter.js').Meter} parts.meter
     * @param {(page: import('./page.js').Page) => void} parts.render
     */
    constructor({ root, store, loader, look, meter, render }) {
        this.root = root;
        this.store = store;
        this.loader = loader;
        this.look = look;
        this.meter = meter;
        this.render = render;
    }


    schedule() {
        if (!this.#isScheduled) {
            this.#isScheduled = true;
            requestAnimationFrame((now) => this.#frame(now));
        }
    }


    /** @param {number} now ms */
    #frame(now) {
        this.#isScheduled = false;

        const { store, look } = this;
        const seen = seenPorts(store.page);

        seen.forEach((at) => this.#put(at, advanced(store.page.ports[at], now,
            this.root, look)));

        const plans = store.page.alarm !== '' ? [] : activeFirst(seen, store.page.active)
            .map((at) => ({ at, p: this.#planOf(at) }));
        const { wanted, urgent, far } = wishes(plans.flatMap(({ p }) => p ?? []));

        const isMoving = seen.some((at) => store.page.ports[at].busy !== '');

        this.loader.want(wanted, { urgent, far, isMoving });

        for (const { at, p } of plans) {
            if (p !== null) {
                this.#choose(at, p);
            }
        }

        this.render(store.page);

        if (seen.some((at) => store.page.ports[at]?.playing)) {
            this.schedule();
        }
    }


    /**
     * What is due after another picture is known when that one is shown.
     * @param {number} at
     * @param {import('./plan.js').Plan} p
     */
    #choose(at, p) {
        const before = this.store.page.ports[at].shown;

        this.#put(at, chosen(this.store.page.ports[at], p, this.look));

        if (this.store.page.ports[at].shown !== before) {
            const next = this.#planOf(at);

            if (next !== null) {
                this.#put(at, chosen(this.store.page.ports[at], next, this.look));
            }
            this.schedule();
        }
    }


    /** @param {number} at */
    #planOf(at) {
        const s = this.store.page.ports[at];

        return s.size.width === 0 ? null
            : plan(s, this.root, this.store.page.tool, this.meter(),
                at === this.store.page.active);
    }


    /** @param {number} at @param {Viewport} s is no news for this frame */
    #put(at, s) {
        this.store.page = withPort(this.store.page, at, s);
    }
}


/**
 * Cine: the next frame, when it is due and here.
 * @param {Viewport} s
 * @param {number} now ms
 * @param {string} root
 * @param {Look} look
 * @returns {Viewport}
 */
function advanced(s, now, root, look) {
    if (!s.playing) {
        return s;
    }

    const { due, last } = tick(s.cineAt, now, s.fps);
    const next = nextIndex(s);
    const p = basePicture(s, root, next, s.window, 'final');

    return due && (look.ready(p.key) || look.failed(p.key) !== null)
        ? { ...scrolledTo(s, next), direction: 1, cineAt: last } : s;
}


/** @param {number[]} ports @param {number} active */
function activeFirst(ports, active) {
    return [...ports].sort((a, b) => Number(b === active) - Number(a === active));
}
