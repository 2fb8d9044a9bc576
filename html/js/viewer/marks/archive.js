// SPDX-License-Identifier: BSD-2-Clause
//
// Marks and key images between the page, this device and the server: what is
// drawn is kept here at once, and sent after a rest; what cannot be sent is
// sent later.

import { TAG, first, items, number } from '../../dicom/dataset.js';
import { framesOf } from '../../dicom/stack.js';
import { amended, begun } from '../../marks/history.js';
import { keysOf, selection, standing } from '../../marks/keys.js';
import { KEPT } from '../../marks/due.js';
import {
    authorOn, isSaved, keep, keepAuthor, keptOf, keySignature, nothingKept, signature,
} from '../../marks/local.js';
import { newUid } from '../../marks/composite.js';
import { current, isOurs, marksOf } from '../../marks/read.js';
import { referenceTo, report } from '../../marks/report.js';
import { SR } from '../../marks/content.js';
import { storeJson } from '../../marks/stow.js';
import { Refusal, getDatasets } from '../../net/dicomweb.js';
import { seriesUrl } from '../../net/urls.js';
import { text } from '../../ui/text.js';
import { mismatch } from '../identity.js';
import { update } from './pen.js';
import { framesHere } from './state.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../../dicom/stack.js').Frame} Frame
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('../../marks/local.js').Kept} Kept
 * @typedef {import('./state.js').Marks} Marks
 */

/** After so long without a change the server gets the marks. ms */
const REST = 4000;

/** After so long a refused report is sent again. ms */
const AGAIN = 15000;

/** After so long what another tab has not sent is sent by this one. ms */
const FORSAKEN = 30000;

/** Series of reports that are read, at most. */
const MOST_SERIES = 100;


export class Archive {
    /** @type {Kept} */
    #kept = nothingKept(newUid);
    #timer = 0;
    #isSending = false;
    /** how often was sent */
    #sendings = 0;
    /** @type {Kept | null} what was kept when this tab looked last */
    #last = null;
    /** what the server does not have was made here, not in another tab */
    #isOurs = true;

    /**
     * @param {Host} host
     * @param {Storage | null} storage
     */
    constructor(host, storage) {
        this.host = host;
        this.storage = storage;
        this.study = first(host.page().study ?? {}, TAG.StudyInstanceUID);
        this.author = authorOn(storage, newUid);

        addEventListener('online', () => this.#sendOwn());
        addEventListener('storage', (e) => {
            if (e.key === KEPT + this.study) {
                this.#follow(keptOf(this.storage, this.study));
            }
        });
        addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'hidden') {
                this.#sendOwn();
            }
        });
    }


    /** What is on this device and on the server. */
    async open() {
        const kept = keptOf(this.storage, this.study);

        this.#kept = kept ?? this.#kept;
        this.#last = kept;
        update(this.host, (m) => ({
            ...m, author: this.author.name,
            history: begun(this.#kept.marks.map(again), this.#kept.calibrations),
            keys: this.#kept.keys,
        }));
        await this.read();

        if (!isSaved(this.#kept)) {
            this.#plan(0);
        }
    }


    /**
     * Another tab has changed what is kept, and this one has the same now.
     * @param {Kept | null} kept null: it has sent all of it
     */
    #follow(kept) {
        const own = this.#kept;
        const m = this.host.page().marks;

        if (m === null) {
            return;
        }

        if (kept === null) {
            this.read();
            return;
        }

        const seen = { marks: m.history.now, keys: m.keys, calibrations: m.history.scales.now };

        // the page was not drawn since it changed
        if (!isSame(own, seen)) {
            this.#kept = { ...kept, marks: own.marks, keys: own.keys,
                calibrations: own.calibrations };
            this.changed(m);
            return;
        }

        this.#last = kept;

        if (isSame(own, kept)) {
            this.#kept = { ...kept, ...seen };
        } else {
            this.#take(kept);
            this.#isOurs = false;
            this.#plan(FORSAKEN);
        }

        this.#say(isSaved(kept) ? 'saved' : 'waits');
    }


    /** @param {Kept} kept */
    #take(kept) {
        this.#kept = kept;
        update(this.host, (m) => ({ ...m, keys: kept.keys,
            history: begun(kept.marks.map(again), kept.calibrations) }));
    }


    /** Reports and key objects of the study, anew. */
    async read() {
        const before = this.#sendings;
        const [reports, selections] = await Promise.all(
            [this.#datasets('SR'), this.#datasets('KO')]);

        if (reports === null || selections === null) {
            this.#say('failed', text('Stored marks cannot be read'));
            return;
        }

        // what was sent meanwhile is not in it
        if (this.#isSending || this.#sendings !== before) {
            await this.read();
            return;
        }

        const { marks } = this.host.page();

        // what came since the page was drawn last
        if (marks !== null) {
            this.changed(marks);
        }

        this.#readMarks(current(reports));
        this.#readKeys(selections);

        if (isSaved(this.#kept)) {
            this.#say('saved');
        }
    }


    /** @param {Dataset[]} reports */
    #readMarks(reports) {
        const all = reports.flatMap((ds) => marksOf(ds, imagesOf(ds),
            (name, device) => this.author.name !== '' ? name === this.author.name
                : name === '' && device === this.author.device));
        const newest = new Map();

        for (const mark of all) {
            const old = newest.get(mark.uid);

            if (old === undefined || old.time < mark.time) {
                newest.set(mark.uid, mark);
            }
        }

        const read = [...newest.values()];
        const own = read.filter((mark) => mark.own);
        const mine = reports.filter((ds) => isOurs(ds)
            && marksOfAuthor(ds, this.author));

        update(this.host, (m) => ({ ...m, others: read.filter((mark) => !mark.own) }));

        this.#kept.heads = mine.map(referenceTo);
        this.#kept.number = Math.max(this.#kept.number,
            ...mine.map((ds) => number(ds, TAG.InstanceNumber) ?? 0));
        this.#kept.series = mine.map((ds) => first(ds, TAG.SeriesInstanceUID))[0]
            ?? this.#kept.series;

        if (signature(this.#kept.marks) === this.#kept.saved
            || versions(own) === versions(this.#kept.marks))
        {
            this.#kept.saved = signature(own);
            this.#replace(own);
            return;
        }

        // what was drawn here and not sent yet is newer; the rest joins
        const here = new Set(this.#kept.marks.map((x) => x.uid));
        const known = new Set(JSON.parse(this.#kept.saved)
            .map((/** @type {Mark} */ x) => x.uid));
        const joined = own.filter((x) => !here.has(x.uid) && !known.has(x.uid));

        this.#replace([...this.#kept.marks, ...joined]);
    }


    /** @param {Dataset[]} selections */
    #readKeys(selections) {
        const { own, others } = standing(selections);
        const stored = keySignature(keysOf(own).map((k) => ({ ...k, frame: k.frame ?? 1 })));
        const here = keySignature(this.#kept.keys);
        const isDue = ![this.#kept.savedKeys, stored].includes(here);
        const evidence = own === null ? () => null : imagesOf(own);

        update(this.host, (m) => ({ ...m, otherKeys: others.flatMap(keysOf) }));
        this.#kept.keyHead = own === null ? null : referenceTo(own);
        this.#kept.keyNumber = Math.max(this.#kept.keyNumber,
            ...selections.filter(isOurs).map((ds) => number(ds, TAG.InstanceNumber) ?? 0));

        if (isDue) {
            return;
        }

        const keys = keysOf(own).flatMap((k) => {
            const image = evidence(k.instance);
            const old = this.#kept.keys.find((x) => x.instance === k.instance
                && x.frame === (k.frame ?? 1));

            return old !== undefined ? [old] : image === null ? [] : [{
                ...image, instance: k.instance, frame: k.frame ?? 1,
                frames: k.frame === null ? 1 : 2, sopClass: image.sopClass,
            }];
        });

        this.#kept.keys = keys;
        this.#kept.savedKeys = keySignature(keys);
        this.#kept.keySeries = own === null ? this.#kept.keySeries
            : first(own, TAG.SeriesInstanceUID);
        update(this.host, (m) => ({ ...m, keys }));
        this.#keep();
    }


    /** @param {Mark[]} marks own, as they were read */
    #replace(marks) {
        if (signature(marks) === signature(this.#kept.marks)) {
            this.#keep();
            return;
        }

        this.#kept.marks = marks;
        this.#keep();
        update(this.host, (m) => ({
            ...m,
            history: begun(marks.map(again), this.#kept.calibrations),
        }));
    }


    /**
     * The page has changed: what is new is kept here at once.
     * @param {Marks} m
     */
    changed(m) {
        if (m.history.now === this.#kept.marks && m.keys === this.#kept.keys
            && m.history.scales.now === this.#kept.calibrations)
        {
            return;
        }

        const old = this.#kept;

        this.#kept = { ...old, marks: m.history.now, keys: m.keys,
            calibrations: m.history.scales.now };

        if (isSame(old, this.#kept)) {
            return;
        }

        const isNew = signature(m.history.now) !== signature(old.marks)
            || keySignature(m.keys) !== keySignature(old.keys);

        this.#keep();

        if (isNew) {
            this.#isOurs = true;
            this.#say(isSaved(this.#kept) ? 'saved' : 'waits');
            this.#plan(REST);
        }
    }


    /** @param {string} name of the author, DICOM PN */
    rename(name) {
        if (name === this.author.name) {
            return;
        }

        this.author = { ...this.author, name };
        keepAuthor(this.storage, name);
        update(this.host, (m) => ({ ...m, author: name }));

        // what this one drew before is signed, too
        this.#kept = { ...this.#kept, saved: signature([]), savedKeys: keySignature([]) };
        this.send();
    }


    /** @param {number} ms */
    #plan(ms) {
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.send(), ms);
    }


    /** At once, unless another tab does. */
    #sendOwn() {
        if (this.#isOurs) {
            this.send();
        }
    }


    /** Sends what the server does not have. */
    async send() {
        clearTimeout(this.#timer);

        if (this.#isSending || isSaved(this.#kept)) {
            return;
        }

        const { number, keyNumber } = this.#kept;

        this.#isSending = true;
        this.#sendings++;
        this.#say('sending');

        try {
            await this.#sendMarks();
            await this.#sendKeys();
            this.#say('saved');
        } catch (e) {
            this.#say('failed', e instanceof Refusal ? e.message
                : text('The report could not be made'));
            this.#plan(AGAIN);
        }

        this.#isSending = false;

        if (this.#kept.number !== number || this.#kept.keyNumber !== keyNumber) {
            this.#keepSent();
        }

        // what came meanwhile
        if (!isSaved(this.#kept)) {
            this.#plan(AGAIN);
        }
    }


    async #sendMarks() {
        const marks = this.#kept.marks;
        const sent = signature(marks);

        if (sent === this.#kept.saved) {
            return;
        }

        const frames = await Promise.all(marks.map((mark) => this.#frameOf(mark)));
        const source = await this.#source(frames);
        const ds = report(marks.map((mark, i) => ({ mark, frame: frames[i] })), source.ds, {
            author: this.author, series: this.#kept.series, number: this.#kept.number + 1,
            now: new Date(), replaced: this.#kept.heads,
            evidence: marks.some((x) => x.image === null) ? [referenceTo(source.ds)] : [],
        });

        await storeJson(this.host.root, this.study, ds);
        this.#kept = { ...this.#kept, saved: sent, number: this.#kept.number + 1,
            heads: [referenceTo(ds)] };
    }


    async #sendKeys() {
        const sent = keySignature(this.#kept.keys);

        if (sent === this.#kept.savedKeys) {
            return;
        }

        const source = await this.#source([]);
        const ds = selection(this.#kept.keys, source.ds, {
            author: this.author, series: this.#kept.keySeries,
            number: this.#kept.keyNumber + 1, now: new Date(),
            replaced: this.#kept.keyHead,
        });

        if (ds !== null) {
            await storeJson(this.host.root, this.study, ds);
        }

        this.#kept = { ...this.#kept, savedKeys: sent,
            keyNumber: this.#kept.keyNumber + 1,
            keyHead: ds === null || this.#kept.keys.length === 0 ? null : referenceTo(ds) };
    }


    /**
     * The frame of a mark, asked for where its series is not here.
     * @param {Mark} mark
     * @returns {Promise<Frame | null>}
     */
    async #frameOf(mark) {
        const image = mark.image;

        if (image === null) {
            return null;
        }

        const here = framesHere(this.host.page()).find((f) => f.instance === image.instance
            && f.frame === image.frame);

        if (here !== undefined) {
            return here;
        }

        const [ds] = await getDatasets(`${seriesUrl(this.host.root, image.study,
            image.series)}/instances/${encodeURIComponent(image.instance)}/metadata`);
        const f = ds === undefined ? undefined : framesOf(ds)[image.frame - 1];

        if (f === undefined) {
            throw new Refusal(404, text('The image of a mark is not on the server'));
        }

        return f;
    }


    /** @param {(Frame | null)[]} frames @returns {Promise<Frame>} of the study */
    async #source(frames) {
        const [found] = [...frames, ...framesHere(this.host.page())]
            .filter((f) => f?.study === this.study);

        if (!found) {
            throw new Refusal(0, text('No image of the study is here'));
        }

        return found;
    }


    /**
     * @param {string} modality
     * @returns {Promise<Dataset[] | null>} null: the server does not answer
     */
    async #datasets(modality) {
        const study = this.host.page().study;
        const all = await getDatasets(`${this.host.root}/studies/${this.study}/series`
            + `?Modality=${modality}`).catch(() => null);
        const series = (all ?? []).slice(0, MOST_SERIES)
            .filter((ds) => first(ds, TAG.Modality) === modality)
            .map((ds) => first(ds, TAG.SeriesInstanceUID));
        const found = await Promise.all(series.map((uid) =>
            getDatasets(`${seriesUrl(this.host.root, this.study, uid)}/metadata`)
                .catch(() => null)));

        return all === null || found.includes(null) || study === null ? null
            : found.flatMap((list) => list ?? [])
                .filter((ds) => mismatch(study, ds) === '');
    }


    #keep() {
        keep(this.storage, this.study, this.#kept);
        this.#last = keptOf(this.storage, this.study);
    }


    /** Of what another tab has kept meanwhile the server has nothing yet. */
    #keepSent() {
        const theirs = keptOf(this.storage, this.study);

        if (theirs !== null && (this.#last === null || !isSame(theirs, this.#last))) {
            this.#take({ ...this.#kept, marks: theirs.marks, keys: theirs.keys,
                calibrations: theirs.calibrations });
        }

        this.#keep();
    }


    /** @param {'saved' | 'waits' | 'sending' | 'failed'} state @param {string} reason */
    #say(state, reason = '') {
        const at = state === 'saved' ? new Date().toISOString() : '';

        update(this.host, (m) => m.saving.state === state && m.saving.reason === reason
            ? m : { ...m, saving: { state, reason, at } });
    }
}


/**
 * @typedef {Pick<Kept, 'marks' | 'keys' | 'calibrations'>} Content
 * @param {Content} a
 * @param {Content} b
 * @returns {boolean} but for figures
 */
function isSame(a, b) {
    return signature(a.marks) === signature(b.marks)
        && keySignature(a.keys) === keySignature(b.keys)
        && JSON.stringify(a.calibrations) === JSON.stringify(b.calibrations);
}


/** @param {Mark[]} marks @returns {string} which ones, and when they were changed last */
function versions(marks) {
    return JSON.stringify(marks.map((x) => `${x.uid} ${x.time}`).sort());
}


/** @param {Mark} mark @returns {Mark} whose figures are asked for again */
function again(mark) {
    return mark.statistics === null || mark.statistics.state === 'here' ? mark
        : { ...mark, statistics: { state: 'waits' } };
}


/**
 * @param {Dataset} ds a report of ours
 * @param {{name: string, device: string}} author
 */
function marksOfAuthor(ds, author) {
    const item = items(ds, '0040A078')[0];
    const name = first(item, SR.person);

    return author.name !== '' ? name === author.name
        : name === '' && first(item, '00181002') === author.device;
}


/**
 * Where the instances are that a report refers to.
 * @param {Dataset} ds
 * @returns {(instance: string) => {study: string, series: string,
 *     sopClass: string} | null}
 */
function imagesOf(ds) {
    const all = new Map(items(ds, SR.evidence).flatMap((study) =>
        items(study, '00081115').flatMap((series) =>
            items(series, '00081199').map((sop) => /** @type {const} */ ([
                first(sop, SR.sopInstance), {
                    study: first(study, TAG.StudyInstanceUID),
                    series: first(series, TAG.SeriesInstanceUID),
                    sopClass: first(sop, SR.sopClass),
                },
            ])))));

    return (instance) => all.get(instance) ?? null;
}


/**
 * Figures that came are no step of the user's.
 * @param {Marks} m
 * @param {Mark} mark as it was when it was asked for
 * @param {import('../../marks/values.js').Statistics} statistics
 * @returns {Marks}
 */
export function withStatistics(m, mark, statistics) {
    const change = (/** @type {Mark[]} */ list) => list.map((x) => x.uid === mark.uid
        && x.points === mark.points && x.patient === mark.patient ? { ...x, statistics } : x);

    return { ...m, history: amended(m.history, change), others: change(m.others) };
}
