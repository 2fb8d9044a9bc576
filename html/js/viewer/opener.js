// SPDX-License-Identifier: BSD-2-Clause
//
// Opens the study of the page, and puts its series into viewports.

import { TAG, first } from '../dicom/dataset.js';
import { layoutOf } from '../hang/engine.js';
import { Refusal } from '../net/dicomweb.js';
import { isUid } from '../net/urls.js';
import { text } from '../ui/text.js';
import { asWished, laidOut, wishesOf } from './address.js';
import { choose, getProtocols, hangingOf, looked } from './hanging.js';
import { hostOf } from './host.js';
import { isStranger, withoutStrangers } from './identity.js';
import { linkedFromHere } from './links.js';
import { initialPage, isUnopened, withLayout } from './page.js';
import { getOpening, hasPapers, hasPictures, isOfLoops, loadSeries } from './series.js';
import { emptied, withStack } from './state.js';
import { entries } from './strip.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('./strip.js').Entry} Entry
 * @typedef {import('./state.js').Stack} Stack
 */

/** How long one reads that an address is wrong. ms */
const WARNED = 10000;


export class Opener {
    /** @type {Map<string, Promise<Series>>} what is asked for, by series */
    #loading = new Map();
    /** @type {import('./series.js').Given | null} while the study is opened */
    #given = null;
    /** the address says what is in each viewport, and what is in none */
    #isLaidOut = false;
    /** name of the protocol that is under way, or was the last */
    #hanging = '';

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
            const [study = '', ...more] = args.getAll('study');

            await this.open(study, wishesOf(search), more);
            return;
        }

        try {
            const { study, more, list } = await (await import('./iid.js'))
                .invoked(this.root, search);

            if (list !== '') {
                location.replace(list);
                return;
            }

            history.replaceState(null, '', `?study=${study}`);
            await this.open(study, null, more);
        } catch (e) {
            this.#say(e instanceof Refusal ? `${e.message}.` : text('Cannot be opened.'));
        }
    }


    /**
     * @param {string} uid of the study
     * @param {import('./address.js').Wishes | null} [wishes]
     * @param {string[]} [more] studies of the same patient
     */
    async open(uid, wishes = null, more = []) {
        if (!isUid(uid)) {
            this.#say(text('The address names no study.'));
            return;
        }

        this.#say(text('Opening the study'));

        try {
            const [{ study, series, given }, protocols] = await Promise.all([
                getOpening(this.root, uid), getProtocols(),
            ]);
            const hanging = hangingOf(study, series, protocols);

            this.#given = given;
            this.store.updatePage((page) => ({ ...page, study, series, hanging }));
        } catch (e) {
            this.#say(e instanceof Refusal ? `${e.message}.` : text('Cannot be opened.'));
            return;
        }

        const papers = entries(this.store.page.series.filter(hasPapers));

        if (!this.store.page.series.some(hasPictures) && papers.length > 0) {
            this.#say('');
            await this.place(papers[0].id, 0);
            return;
        }

        if (!this.store.page.series.some(hasPictures)) {
            this.#say(text('This study has no pictures.'));
            return;
        }

        this.#say('');

        if (more.length > 0) {
            await (await import('./another.js')).join(this.root, this.store, more);
        }

        if (wishes === null) {
            await this.hang();
            this.store.updatePage((page) => ({ ...page,
                plain: page.ports.length === 1 ? page.ports[0].entry : '' }));
        } else {
            this.arrange((page) => laidOut(page, wishes));
            await Promise.all(wishes.ports.map((w, at) => this.#grant(w, at)));
        }

        // all that the address names is not there
        if (wishes?.ports.some(({ series }) => series !== '')
            && this.store.page.study !== null && this.store.page.alarm === ''
            && this.store.page.ports.every((s) => s.entry === ''))
        {
            await this.hang();
        }

        this.#given = null;

        for (const x of this.store.page.series) {
            if (x.stacks === null && isOfLoops(x)) {
                await this.load(x);
            }
        }
    }


    /**
     * Another layout, of which the empty viewports stay empty.
     * @param {(page: import('./page.js').Page) => import('./page.js').Page} change
     */
    arrange(change) {
        this.#isLaidOut = true;
        this.store.updatePage(change);
    }


    /**
     * As a protocol has it: the best one, where it finds anything.
     * @param {string} [name] of another one
     */
    async hang(name = '') {
        const all = this.store.page.hanging.fits;

        for (const { protocol } of all.filter((fit) => ['', fit.protocol.name]
            .includes(name)))
        {
            if (await this.#hangAs(protocol)) {
                return;
            }
        }

        const [first] = entries(this.store.page.series.filter(hasPictures));

        await this.place(first.id, this.store.page.active);
    }


    /**
     * @param {import('../hang/engine.js').Protocol} protocol
     * @returns {Promise<boolean>} it found something to show
     */
    async #hangAs(protocol) {
        const study = this.store.page.study;

        this.#hanging = protocol.name;
        this.arrange((page) => ({
            ...withLayout({ ...page, active: 0 }, layoutOf(protocol)),
            hanging: { ...page.hanging, name: protocol.name },
        }));
        this.store.page.ports.forEach((_, at) => this.store.update(at, (s) =>
            emptied(s, '', text('Opening the series'))));

        const items = await choose(protocol, this.store, (x) => this.load(x));
        const { page } = this.store;

        // meanwhile another one was chosen, or nothing may be shown
        if (this.#hanging !== protocol.name || page.alarm !== '' || page.study !== study) {
            return true;
        }

        await Promise.all(items.map((item, at) =>
            this.put(item, at, protocol.ports[at])));

        if (protocol.linked) {
            this.store.updatePage(linkedFromHere);
        }

        return items.some((item) => item !== null);
    }


    /**
     * @param {import('../hang/engine.js').Item | null} item
     * @param {number} at index of the viewport
     * @param {Omit<import('../hang/engine.js').Place, 'select'>} place
     */
    async put(item, at, place) {
        if (item === null) {
            this.store.update(at, (s) => emptied(s, '',
                place.name === undefined ? '' : text('{name} is missing', { name: text(place.name) })));
            return;
        }

        await this.place(item.id, at);
        this.store.update(at, (s) => s.stack !== null
            && item.id.startsWith(`${s.stack.series}/`) ? looked(s, item, place) : s);
    }


    /**
     * @param {import('./address.js').Wish} wish
     * @param {number} at index of the viewport
     */
    async #grant({ series, facts }, at) {
        const x = this.store.page.series.find((one) => one.uid === series);

        if (x === undefined || this.store.page.ports[at] === undefined) {
            if (series !== '') {
                this.#warn(text('The address names a series that is not in this study.'));
            }

            return;
        }

        this.store.update(at, (s) => emptied(s, `${series}/`, text('Opening the series')));

        const [instance] = (facts.i ?? '').split(',');
        const { stacks, papers } = await this.load(x);

        // meanwhile something else was opened there
        if (this.store.page.ports[at]?.entry !== `${series}/`) {
            return;
        }

        if (papers.length > 0) {
            await this.place(`${series}/`, at);
        }

        const stack = stacks?.find((one) =>
            one.frames.some((f) => f.instance === instance)) ?? stacks?.[0];

        if (stack === undefined) {
            return;
        }

        if (instance !== '' && stack.frames.every((f) => f.instance !== instance)) {
            this.#warn(text('The address names an image that is not in this series.'));
        }

        this.#show(stack, at);

        const isMade = facts.p !== undefined;

        if (isMade || facts.f !== undefined) {
            const host = hostOf(this.store, this, at);

            await (await import('./space/space.js')).place(host, stack, facts);
        }

        // all planes are of one stored image
        const wish = isMade ? { ...facts, i: '' } : facts;
        const shown = this.store.page.ports[at]?.stack;

        // as above: its wishes are of no other picture
        if (this.store.page.ports[at]?.entry !== stack.id) {
            return;
        }

        this.store.update(at, (s) => asWished(s, wish));
        await measured();
        this.store.update(at, (s) => s.stack === shown ? asWished(s, wish) : s);
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
            this.store.updatePage(withoutStrangers);
            return;
        }

        this.store.update(at, (s) => emptied(s, id, text('Opening the series')));

        const loaded = await this.load(entry.series);
        const [stack] = loaded.stacks ?? [];

        // the viewport may have another place now, or other things to show
        this.store.page.ports.forEach((s, i) => {
            if (s.entry === id && stack !== undefined) {
                this.#show(stack, i);
            } else if (s.entry === id) {
                this.store.update(i, () => ({ ...emptied(s, id, loaded.reason),
                    papers: loaded.papers }));
            }
        });
        this.store.updatePage(withoutStrangers);

        if (loaded.papers.length > 0) {
            (await import('./papers.js')).showPapers(hostOf(this.store, this));
            this.store.updatePage((page) => ({ ...page }));
        }
    }


    /** @param {1 | -1} by @param {number} at index of the viewport */
    step(by, at) {
        const { page } = this.store;
        const own = page.ports[at].entry;
        const every = entries(page.series).filter((e) => canBeShown(e)
            || hasPapers(e.series));
        const isOther = (/** @type {Entry | undefined} */ e) =>
            e !== undefined && isStranger(page, e.series.study);
        const isOfOther = isOther(every.find((e) => e.id === own));
        // never from one patient into the other
        const all = every.filter((e) => isOther(e) === isOfOther);
        const now = all.findIndex((e) => e.id === own);
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

        this.store.updatePage(withoutStrangers);

        const { page } = this.store;
        const { series, ports } = page;
        const shown = new Set(ports.map((s) => s.entry));
        const free = entries(series).filter((e) => canBeShown(e) && !shown.has(e.id)
            && !isStranger(page, e.series.study));

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
        this.store.updatePage(withoutStrangers);
    }


    /** Asks again for what failed. */
    again() {
        this.loader.forgive();
        this.store.updatePage((page) => ({
            ...page, ports: page.ports.map((s) => ({ ...s, failure: null })),
        }));
        this.store.page.ports.forEach((s, at) => {
            if (isUnopened(this.store.page, s)) {
                this.place(s.entry, at);
            }
        });
    }


    /** No patient stays on a screen whose session is over. */
    endSession() {
        this.loader.clear();
        this.store.updatePage(() => ({
            ...initialPage(), message: text('The session has ended. Please sign in again.'),
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
        const { study: own, priors } = this.store.page;
        const study = priors.find((ds) =>
            first(ds, TAG.StudyInstanceUID) === x.study) ?? own;
        const { series, alarm } = study === null ? { series: x, alarm: '' }
            : await loadSeries(this.root, study, x, this.#given);

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


    /** @param {string} note what of the address could not be had */
    async #warn(note) {
        (await import('./studies.js')).say(hostOf(this.store, this), note, WARNED);
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
