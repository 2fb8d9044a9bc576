// SPDX-License-Identifier: BSD-2-Clause
//
// Opens the study of the page, and puts its series into viewports.

import { Refusal } from '../net/dicomweb.js';
import { isUid } from '../net/urls.js';
import { asWished, laidOut, wishesOf } from './address.js';
import { initialPage } from './page.js';
import { getSeries, getStudy, hasPictures, isOfLoops, loadSeries } from './series.js';
import { emptied, withStack } from './state.js';
import { entries } from './strip.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('./strip.js').Entry} Entry
 * @typedef {import('./state.js').Stack} Stack
 */


export class Opener {
    /** @type {Map<string, Promise<Series>>} what is asked for, by series */
    #loading = new Map();
    /** the address says what is in each viewport, and what is in none */
    #isLaidOut = false;

    /**
     * @param {string} root of DICOMweb
     * @param {import('./store.js').Store} store
     * @param {import('../net/loader.js').Loader} loader
     */
    constructor(root, store, loader) {
        this.root = root;
        this.store = store;
        this.loader = loader;
    }


    /** @param {string} search of the page's address */
    async openAddress(search) {
        const args = new URLSearchParams(search);

        if (!args.has('requestType')) {
            await this.open(args.get('study') ?? '', wishesOf(search));
            return;
        }

        try {
            const { study, list } = await (await import('./iid.js'))
                .invoked(this.root, search);

            if (list !== '') {
                location.replace(list);
                return;
            }

            history.replaceState(null, '', `?study=${study}`);
            await this.open(study);
        } catch (e) {
            this.#say(e instanceof Refusal ? `${e.message}.` : 'Cannot be opened.');
        }
    }


    /**
     * @param {string} uid of the study
     * @param {import('./address.js').Wishes | null} [wishes]
     */
    async open(uid, wishes = null) {
        if (!isUid(uid)) {
            this.#say('The address names no study.');
            return;
        }

        this.#say('Opening the study');

        try {
            const [study, series] = await Promise.all([
                getStudy(this.root, uid), getSeries(this.root, uid),
            ]);

            this.store.updatePage((page) => ({ ...page, study, series }));
        } catch (e) {
            this.#say(e instanceof Refusal ? `${e.message}.` : 'Cannot be opened.');
            return;
        }

        const [first] = entries(this.store.page.series.filter(hasPictures));

        if (first === undefined) {
            this.#say('This study has no pictures.');
            return;
        }

        this.#say('');

        if (wishes === null) {
            await this.place(first.id, 0);
        } else {
            this.#isLaidOut = true;
            this.store.updatePage((page) => laidOut(page, wishes));
            await Promise.all(wishes.ports.map((w, at) => this.#grant(w, at)));
        }

        for (const x of this.store.page.series) {
            if (x.stacks === null && isOfLoops(x)) {
                await this.load(x);
            }
        }
    }


    /**
     * @param {import('./address.js').Wish} wish
     * @param {number} at index of the viewport
     */
    async #grant({ series, facts }, at) {
        const x = this.store.page.series.find((one) => one.uid === series);

        if (x === undefined || this.store.page.ports[at] === undefined) {
            return;
        }

        this.store.update(at, (s) => emptied(s, `${series}/`, 'Opening the series'));

        const [instance] = (facts.i ?? '').split(',');
        const { stacks } = await this.load(x);
        const stack = stacks?.find((one) =>
            one.frames.some((f) => f.instance === instance)) ?? stacks?.[0];

        if (stack !== undefined) {
            this.#show(stack, at);
            this.store.update(at, (s) => asWished(s, facts));
            await measured();
            this.store.update(at, (s) => s.stack === stack ? asWished(s, facts) : s);
        }
    }


    /**
     * @param {string} id of an entry of the strip
     * @param {number} at index of the viewport
     */
    async place(id, at) {
        const entry = entries(this.store.page.series).find((e) => e.id === id);

        if (entry === undefined) {
            return;
        }

        if (entry.stack !== null) {
            this.#show(entry.stack, at);
            return;
        }

        this.store.update(at, (s) => emptied(s, id, 'Opening the series'));

        const loaded = await this.load(entry.series);
        const [stack] = loaded.stacks ?? [];

        // the viewport may have another place now, or other things to show
        this.store.page.ports.forEach((s, i) => {
            if (s.entry === id && stack !== undefined) {
                this.#show(stack, i);
            } else if (s.entry === id) {
                this.store.update(i, () => emptied(s, id, loaded.reason));
            }
        });
    }


    /** @param {1 | -1} by @param {number} at index of the viewport */
    step(by, at) {
        const all = entries(this.store.page.series).filter(canBeShown);
        const now = all.findIndex((e) => e.id === this.store.page.ports[at].entry);
        const next = all[now + by];

        if (next !== undefined) {
            this.place(next.id, at);
        }
    }


    /** Viewports with nothing in them get the series that are in none. */
    fill() {
        if (this.#isLaidOut) {
            this.#isLaidOut = false;
            return;
        }

        const { series, ports } = this.store.page;
        const shown = new Set(ports.map((s) => s.entry));
        const free = entries(series)
            .filter((e) => canBeShown(e) && !shown.has(e.id));

        ports.forEach((s, i) => {
            const next = s.entry === '' ? free.shift() : undefined;

            if (next !== undefined) {
                this.place(next.id, i);
            }
        });
    }


    /** @param {number} at index of the viewport */
    close(at) {
        this.store.update(at, (s) => emptied(s));
    }


    /** Asks again for what failed. */
    again() {
        this.loader.forgive();
        this.store.updatePage((page) => ({
            ...page, ports: page.ports.map((s) => ({ ...s, failure: null })),
        }));
    }


    /** No patient stays on a screen whose session is over. */
    endSession() {
        this.loader.clear();
        this.store.updatePage(() => ({
            ...initialPage(), message: 'The session has ended. Please sign in again.',
        }));
    }


    /**
     * @param {Series} x
     * @returns {Promise<Series>} with its stacks, if it has any
     */
    load(x) {
        const underway = this.#loading.get(x.uid) ?? this.#load(x);

        this.#loading.set(x.uid, underway);

        return underway;
    }


    /** @param {Series} x @returns {Promise<Series>} */
    async #load(x) {
        const study = this.store.page.study;
        const { series, alarm } = study === null ? { series: x, alarm: '' }
            : await loadSeries(this.root, study, x);

        this.#loading.delete(x.uid);
        this.store.updatePage((page) => ({
            ...page,
            series: page.series.map((old) => old.uid === series.uid ? series : old),
        }));

        if (alarm !== '') {
            this.raise(alarm);
        }

        return series;
    }


    /** @param {string} alarm the pictures go, the banner turns red */
    raise(alarm) {
        this.loader.clear();
        this.store.updatePage((page) => ({
            ...page, alarm, message: alarm, ports: page.ports.map((s) => emptied(s)),
        }));
    }


    /** @param {Stack} stack @param {number} at */
    #show(stack, at) {
        const seen = this.store.page.seen[stack.id]?.marks;

        this.store.update(at, (s) => withStack(s, stack, seen));
    }


    /** @param {string} message */
    #say(message) {
        this.store.updatePage((page) => ({ ...page, message }));
    }
}


/** The viewports have their sizes, on which zoom depends, after this. */
function measured() {
    return new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
    });
}


/** @param {Entry} e @returns {boolean} */
function canBeShown(e) {
    return e.stack !== null || (e.series.stacks === null && hasPictures(e.series));
}
