// SPDX-License-Identifier: BSD-2-Clause
//
// state -> plan -> loader -> state -> render, once a frame of the screen,
// while there is something to do.

import { chosen } from './choose.js';
import { awaited, nextIndex, tick } from './cine.js';
import { lensed } from './lensed.js';
import { seenPorts, withPort } from './page.js';
import { basePicture, plan, wishes } from './plan.js';
import { withSeen } from './seen.js';
import { scrolledTo, tileCount, tileOf, withTile } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./choose.js').Look} Look
 */


export class Loop {
    #isScheduled = false;
    #isAsking = false;
    /** @type {typeof import('./prefetch.js').prefetched} */
    #prefetched = () => [];
    /**
     * @type {{page: import('./page.js').Page | null, meter: unknown,
     *     plans: {at: number, k: number, p: import('./plan.js').Plan | null}[],
     *     wanted: import('./plan.js').Picture[], how: object}} the last question
     */
    #asked = { page: null, meter: null, plans: [], wanted: [], how: {} };

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


    /** @param {typeof import('./prefetch.js').prefetched} prefetched from now on */
    prefetch(prefetched) {
        this.#prefetched = prefetched;
        this.#asked.page = null;
        this.schedule();
    }


    /** Something has changed: what it needs is asked for before it is drawn. */
    schedule() {
        if (!this.#isScheduled) {
            this.#isScheduled = true;
            requestAnimationFrame((now) => this.#frame(now));
        }

        // once, whatever else changes with it; while something moves, once a frame
        if (!this.#isAsking) {
            this.#isAsking = true;
            queueMicrotask(() => {
                this.#isAsking = this.store.page.ports.some((s) => s.busy !== '');
                this.#ask();
            });
        }
    }


    /** @param {number} now ms */
    #frame(now) {
        this.#isScheduled = this.#isAsking = false;

        const { store, look } = this;
        const seen = seenPorts(store.page);

        seen.forEach((at) => this.#put(at, advanced(store.page.ports[at], now,
            this.root, look, this.meter())));

        for (const { at, k, p } of this.#ask()) {
            if (p !== null) {
                this.#choose(at, k, p);
            }
        }

        store.page = withSeen(store.page);
        this.render(store.page);

        if (seen.some((at) => store.page.ports[at]?.playing)) {
            this.schedule();
        }
    }


    /** @returns {{at: number, k: number, p: import('./plan.js').Plan | null}[]} */
    #ask() {
        const { page } = this.store;
        const meter = this.meter();

        // the frame draws what was asked for when it was scheduled, mostly
        if (page !== this.#asked.page || meter !== this.#asked.meter) {
            this.#asked = { page, meter, ...this.#question(page) };
        }

        const { plans, wanted, how } = this.#asked;

        this.loader.want(wanted, how);

        return plans;
    }


    /** @param {import('./page.js').Page} page */
    #question(page) {
        const seen = seenPorts(page);
        const plans = page.alarm !== '' ? [] : activeFirst(seen, page.active)
            .flatMap((at) => this.#plansOf(at));
        const { wanted, ...how } = wishes([...plans.flatMap(({ p }) => p ?? []),
            ...this.#lensPlans()]);

        return { plans, wanted, how: {
            ...how,
            far: plans.length === 0 ? [] : this.#prefetched(page, this.root, this.meter()),
            isMoving: seen.some((at) => page.ports[at].busy !== ''),
        } };
    }


    /**
     * What is due after another picture is known when that one is shown.
     * @param {number} at
     * @param {number} k which of the frames that it shows
     * @param {import('./plan.js').Plan} p
     */
    #choose(at, k, p) {
        const put = (/** @type {import('./plan.js').Plan} */ plan) => {
            const s = this.store.page.ports[at];
            const next = chosen(tileOf(s, k), plan, this.look);

            this.#put(at, withTile(s, k, next));

            return next.shown;
        };
        const before = tileOf(this.store.page.ports[at], k).shown;

        if (put(p) !== before) {
            const next = this.#planOf(at, k);

            if (next !== null) {
                put(next);
            }

            this.schedule();
        }
    }


    /** @param {number} at one plan for each frame that it shows */
    #plansOf(at) {
        return Array.from({ length: tileCount(this.store.page.ports[at]) }, (_, k) =>
            ({ at, k, p: this.#planOf(at, k) }));
    }


    /** What the magnifier needs besides. */
    #lensPlans() {
        const { lens, ports, tool, alarm } = this.store.page;
        const s = lens === null ? undefined : ports[lens.port];
        const p = lens === null || s === undefined || s.shown === null || alarm !== ''
            || tool !== 'magnify' ? null
            : plan(lensed(s, lens), this.root, tool, this.meter(), false);

        return p === null ? [] : [{ ...p, near: [], quicker: [] }];
    }


    /** @param {number} at @param {number} k which of the frames that it shows */
    #planOf(at, k) {
        const s = this.store.page.ports[at];
        const p = s.size.width === 0 ? null
            : plan(tileOf(s, k), this.root, this.store.page.tool, this.meter(),
                at === this.store.page.active && k === 0);

        // the neighbours of the first are those of all
        return p && { ...p, near: k === 0 ? p.near : [] };
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
 * @param {import('../net/meter.js').Meter} meter
 * @returns {Viewport}
 */
function advanced(s, now, root, look, meter) {
    if (!s.playing) {
        return s;
    }

    const frames = s.stack?.frames ?? [];
    const isHere = (/** @type {unknown} */ _, /** @type {number} */ i) => {
        const { key } = basePicture(s, root, i, s.window, 'final', false);

        return look.bytes(key) > 0 || look.failed(key) !== null;
    };
    // without a rev only what fits into memory would ever be here
    const cineHere = frames.some((f) => f.rev === '') ? null
        : awaited(meter, s.fps, () => frames.filter(isHere).length, frames.length);

    if (cineHere !== null) {
        return cineHere === s.cineHere ? s : { ...s, cineHere };
    }

    const { due, last } = tick(s.cineAt, now, s.fps);
    const next = nextIndex(s);
    const p = basePicture(s, root, next, s.window, 'final');

    return due && (look.ready(p.key) || look.failed(p.key) !== null)
        ? { ...scrolledTo(s, next), direction: 1, cineAt: last, cineHere } : s;
}


/** @param {number[]} ports @param {number} active */
function activeFirst(ports, active) {
    return [...ports].sort((a, b) => Number(b === active) - Number(a === active));
}
