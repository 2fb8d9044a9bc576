// SPDX-License-Identifier: BSD-2-Clause
//
// Gets pictures: as many requests under way as the net is worth, the newest
// wish first.  Decoded pictures are few; of compressed ones that the browser
// keeps by their URL the latest stay here, the others are read again when needed.
// The wishes are a list that each call replaces; nothing queues behind an old
// wish, and what nobody wants any more is aborted.

import { text } from '../ui/text.js';

/**
 * @typedef {import('../viewer/plan.js').Picture} Picture
 * @typedef {{status: number, reason: string, blob: Blob | null,
 *            bytes: number, wait: number}} Answer status 0: no answer; reason:
 *     in words; blob: null also where the browser alone keeps it; wait: ms to
 *     wait before it makes sense to ask again
 * @typedef {{state: 'here', bytes: number}
 *     | {state: 'failed', reason: string}} Entry here: or in the browser's
 *     keeping
 *
 * @typedef {Object} Options
 * @property {(p: Picture, signal: AbortSignal, use: 'seen' | 'near' | 'far',
 *     isAgain: boolean) => Promise<Answer>} get far: nobody looks at it yet;
 *     isAgain: what the browser has kept of it is no good
 * @property {(blob: Blob) => Promise<ImageBitmap>} decode
 * @property {(p: Picture) => void} changed a picture is here or has failed
 * @property {(isGone: boolean) => void} [gone] the server does not answer
 *     any more, or does again
 * @property {() => number} [depth] requests under way at once
 * @property {number} [keepBytes] of compressed pictures in memory
 * @property {number} [keepPixels] of decoded ones
 */

/** Pictures that are read again at once, besides what is asked for. */
const READS = 4;

/** What takes longer keeps nothing else that is wanted waiting. ms */
const STALLED = 1500;

/** How often a busy server (503) is asked again. */
const TRIES = 4;

/** A server that does not answer is asked after so long, then less often. ms */
const PAUSES = [1000, 2000, 4000, 8000, 15000];


/** Frames that a scroll passes in the time of a few requests. */
const NEAR = 12;


/** @type {Record<string, number>} bytes of the stages, in order */
const WEIGHT = { half: 0, preview: 1, final: 2, exact: 3 };


/**
 * Neighbours in the window that was left are not: they are of no use.  Nor is
 * what takes longer than what is asked for now.
 * @param {Picture} a
 * @param {Picture} b
 * @returns {boolean}
 */
function isNear(a, b) {
    return a.stack === b.stack && (a.tile === null) === (b.tile === null)
        && !(WEIGHT[a.stage] > WEIGHT[b.stage])
        && (a.index === b.index || (a.asked === b.asked
            && Math.abs(a.index - b.index) <= NEAR));
}


export class Loader {
    /** @type {Map<string, Entry>} */
    #entries = new Map();
    /** @type {Map<string, {blob: Blob, kept: boolean}>} the least recently used first */
    #blobs = new Map();
    /** @type {Map<string, ImageBitmap>} */
    #bitmaps = new Map();
    /** @type {Set<string>} */
    #decoding = new Set();
    /**
     * waits: for a busy server to be asked again; reads: what came before;
     * stalls: takes long
     * @type {Map<string, {picture: Picture, abort: AbortController,
     *     waits: boolean, reads: boolean, stalls: boolean}>}
     */
    #underway = new Map();
    /** @type {Map<string, number>} tries so far */
    #again = new Map();
    /** @type {Set<string>} have failed, and are asked for again */
    #forgiven = new Set();
    /** @type {Picture[]} */
    #wanted = [];
    #urgent = 1;
    #isMoving = true;
    /** @type {{pictures: Picture[], next: number}} next: all before are here */
    #far = { pictures: [], next: 0 };
    /** of PAUSES that were waited in vain */
    #pauses = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} while it pauses */
    #pause;
    #bytes = 0;
    #pixels = 0;

    /** @param {Options} options */
    constructor(options) {
        this.options = {
            gone: () => {}, depth: () => 3, keepBytes: 32e6, keepPixels: 4e6,
            ...options,
        };
    }


    /**
     * @param {Picture[]} wanted the most urgent first
     * @param {Object} [how]
     * @param {number} [how.urgent] how many of them are on the screen
     * @param {boolean} [how.isMoving] what is near to what is seen may still
     *     serve on the way to it
     * @param {Picture[]} [how.instead] what serves until then, if it is here
     * @param {Picture[]} [how.far] for when there is nothing else to do
     */
    want(wanted, { urgent = 1, isMoving = true, instead = [], far = [] } = {}) {
        const seen = wanted.slice(0, urgent).map((p) => this.#best(p));
        const keys = new Set(seen.map((p) => p.key));
        const until = instead.filter((p) => this.#isHere(p)).map((p) => this.#best(p))
            .filter((p) => !keys.has(p.key));

        this.#urgent = urgent;
        this.#isMoving = isMoving;
        this.#wanted = [...seen, ...until,
            ...wanted.slice(urgent).map((p) => this.#best(p))];
        this.#aim(far);
        this.#abortUnwanted(instead);
        this.#pump();
    }


    /** @param {Picture[]} far */
    #aim(far) {
        if (far !== this.#far.pictures) {
            this.#far = { pictures: far, next: 0 };
        }
    }


    /** @param {Picture[]} instead what may come before what is wanted does */
    #abortUnwanted(instead) {
        const keys = new Set([...this.#wanted, ...instead].map((p) => p.key));
        const seen = this.#seen();

        for (const { picture, abort } of this.#underway.values()) {
            if (!keys.has(picture.key) && !this.#far.pictures.includes(picture)
                && !(this.#isMoving && seen.some((p) => isNear(picture, p))))
            {
                abort.abort();
                this.#underway.delete(picture.key);
            }
        }
    }


    /** @returns {boolean} the server does not answer */
    get isGone() {
        return this.#pause !== undefined;
    }


    /**
     * @param {number} [bytes] of a compressed picture that nobody looks at yet
     * @returns {boolean} it has room here
     */
    hasSpace(bytes = 0) {
        return this.#bytes + bytes < this.options.keepBytes * 0.9;
    }


    /** Asks a server that did not answer again, now. */
    retry() {
        clearTimeout(this.#pause);
        this.#pause = undefined;
        this.#pump();
    }


    /**
     * @param {string} key
     * @returns {Entry | undefined}
     */
    entry(key) {
        return this.#entries.get(key);
    }


    /**
     * @param {string} key
     * @returns {ImageBitmap | undefined} undefined: not here, or not yet
     */
    bitmap(key) {
        const bitmap = this.#bitmaps.get(key);

        if (bitmap !== undefined) {
            this.#bitmaps.delete(key);
            this.#bitmaps.set(key, bitmap);
        }

        return bitmap;
    }


    /** @param {Picture} p @returns {Picture} or a better one that is here */
    #best(p) {
        let best = p;

        for (let q = p.better; q !== null; q = q.better) {
            best = this.#isHere(q) ? q : best;
        }

        return best;
    }


    /** @param {Picture} p */
    #isHere(p) {
        return this.#entries.get(p.key)?.state === 'here';
    }


    /** @param {Picture} p @returns {boolean} it is to be asked for, or read */
    #isMissing({ key, soon }) {
        const entry = this.#entries.get(key);

        return !this.#underway.has(key) && (entry === undefined
            || (soon && entry.state === 'here' && !this.#bitmaps.has(key)
                && !this.#decoding.has(key)));
    }


    /** Failed pictures may be asked for again. */
    forgive() {
        for (const [key, entry] of this.#entries) {
            if (entry.state === 'failed') {
                this.#entries.delete(key);
                this.#forgiven.add(key);
            }
        }

        this.#pump();
    }


    /** Everything goes: another patient, another study, end of session. */
    clear() {
        clearTimeout(this.#pause);
        this.#pause = undefined;
        this.#wanted = [];
        this.#aim([]);
        this.#underway.forEach((u) => u.abort.abort());
        this.#underway.clear();
        this.#entries.clear();
        this.#forgiven.clear();
        this.#blobs.clear();
        this.#bitmaps.forEach((b) => b.close());
        this.#bitmaps.clear();
        this.#bytes = 0;
        this.#pixels = 0;
    }


    #pump() {
        this.#wanted.forEach((p) => this.#decodeIfDue(p));

        const seen = this.#seen();
        const missing = this.#wanted.filter((p) => this.#isMissing(p));
        const [first] = missing;

        if (first !== undefined && seen.includes(first) && !this.#isHere(first)) {
            this.#makeRoom(first);
        }

        // at rest what is looked at has the net for itself
        const due = !this.#isMoving && seen.some((p) => p.stage !== 'exact'
            && !this.#entries.has(p.key)) ? missing.filter((p) => seen.includes(p)) : missing;

        for (const p of this.isGone ? [] : due) {
            if (!this.#underway.has(p.key) && this.#hasRoom(this.#isHere(p))) {
                this.#request(p);
            }
        }

        if (due === missing) {
            this.#pumpFar();
        }
    }


    /** @param {boolean} reads @param {boolean} [stalls] those that do are many, too */
    #hasRoom(reads, stalls = false) {
        const all = [...this.#underway.values()].filter((u) => u.reads === reads
            && (stalls || !u.stalls));

        // the final picture does not wait for its preview
        const depth = Math.max(this.#isMoving ? 1 : 2, this.options.depth());

        // one that asks is enough while the server may be gone
        return all.length < (reads ? READS : this.#pauses > 0 ? 1 : depth);
    }


    #pumpFar() {
        const { pictures } = this.#far;

        while (this.#far.next < pictures.length && !this.isGone && this.#hasRoom(false, true)) {
            const p = pictures[this.#far.next];

            if (!p.kept && !this.hasSpace()) {
                return;
            }

            this.#far.next++;

            if (!this.#entries.has(p.key) && !this.#underway.has(p.key)) {
                this.#request(p);
            }
        }
    }


    #seen() {
        return this.#wanted.slice(0, this.#urgent);
    }


    /**
     * The pictures that are looked at do not wait for one from far away, nor
     * for a busy server.  What is under way nearby is let be: if each step
     * of a scroll or of a window drag sent the one before it away, none
     * would ever arrive.
     * @param {Picture} first that is looked at and missing
     */
    #makeRoom(first) {
        const seen = new Set(this.#seen().map((p) => p.key));

        if (this.#hasRoom(false)) {
            return;
        }

        for (const { picture, abort, waits, reads } of this.#underway.values()) {
            if (waits || !(reads || seen.has(picture.key) || isNear(picture, first))) {
                abort.abort();
                this.#underway.delete(picture.key);
                return;
            }
        }
    }


    /** @param {Picture} p */
    async #request(p) {
        const abort = new AbortController();
        const use = this.#seen().includes(p) ? 'seen'
            : this.#wanted.includes(p) ? 'near' : 'far';

        const under = { picture: p, abort, waits: false, reads: this.#isHere(p), stalls: false };
        const stall = setTimeout(() => {
            under.stalls = true;
            this.#pump();
        }, STALLED);

        this.#underway.set(p.key, under);

        const answer = await this.options.get(p, abort.signal, use, this.#forgiven.has(p.key))
            .catch(() => ({ status: 0, reason: '', blob: null, bytes: 0, wait: 0 }));

        clearTimeout(stall);

        if (abort.signal.aborted) {
            return;
        }

        this.#underway.delete(p.key);

        if (answer.status === 0) {
            this.#suspend();
            return;
        }

        if (this.#pauses > 0) {
            this.#pauses = 0;
            this.options.gone(false);
        }

        this.#forgiven.delete(p.key);

        if (answer.blob !== null) {
            this.#keep(p, answer.blob);

        } else if (answer.status === 200) {
            this.#entries.set(p.key, { state: 'here', bytes: answer.bytes });
            this.options.changed(p);

        } else if (!this.#retry(p, answer)) {
            this.#entries.set(p.key, { state: 'failed', reason: answer.reason });
            this.options.changed(p);
        }

        this.#pump();
    }


    /**
     * @param {Picture} p
     * @param {Answer} answer
     * @returns {boolean} it will be asked for again
     */
    #retry(p, answer) {
        const tries = (this.#again.get(p.key) ?? 0) + 1;

        if (answer.status !== 503 || tries >= TRIES) {
            this.#again.delete(p.key);
            return false;
        }

        this.#again.set(p.key, tries);
        // holds its place meanwhile: a busy server gets no more questions
        const abort = new AbortController();

        this.#underway.set(p.key, { picture: p, abort, waits: true, reads: false, stalls: false });
        setTimeout(() => {
            if (!abort.signal.aborted) {
                this.#underway.delete(p.key);
                this.#pump();
            }
        }, answer.wait);

        return true;
    }


    /** No answer is no fault of the picture: all wait for the server. */
    #suspend() {
        if (this.isGone) {
            return;
        }

        const wait = PAUSES[Math.min(this.#pauses++, PAUSES.length - 1)];

        this.#pause = setTimeout(() => this.retry(), wait);
        this.options.gone(true);
    }


    /** @param {Picture} p @param {Blob} blob */
    #keep(p, blob) {
        this.#again.delete(p.key);
        this.#entries.set(p.key, { state: 'here', bytes: blob.size });
        this.#drop(p.key);
        this.#blobs.set(p.key, { blob, kept: p.kept });
        this.#bytes += blob.size;

        this.#decodeIfDue(p);
        this.#trimBlobs();
        this.options.changed(p);
    }


    /** @param {string} key */
    #drop(key) {
        this.#bytes -= this.#blobs.get(key)?.blob.size ?? 0;
        this.#blobs.delete(key);
    }


    /** What is wanted stays, or it would be asked for again and again. */
    #trimBlobs() {
        const due = new Set(this.#wanted.map((p) => p.key));

        for (const [key, { kept }] of this.#blobs) {
            if (this.#bytes <= this.options.keepBytes) {
                return;
            }

            if (kept) {
                this.#drop(key);
            } else if (!due.has(key)) {
                this.#drop(key);
                this.#entries.delete(key);
            }
        }
    }


    /** @param {Picture} p */
    #decodeIfDue(p) {
        const { key, soon } = p;
        const here = this.#blobs.get(key);

        if (soon && here !== undefined && !this.#bitmaps.has(key) && !this.#decoding.has(key)) {
            this.#blobs.delete(key);
            this.#blobs.set(key, here);
            this.#decode(p, here.blob);
        }
    }


    /** @param {Picture} p @param {Blob} blob */
    async #decode(p, blob) {
        this.#decoding.add(p.key);

        const bitmap = await this.options.decode(blob).catch(() => null);

        this.#decoding.delete(p.key);

        if (this.#entries.get(p.key)?.state !== 'here') {
            bitmap?.close();
            return;
        }

        if (bitmap === null) {
            this.#drop(p.key);
            this.#entries.set(p.key, {
                state: 'failed', reason: text('What came is no picture'),
            });
        } else {
            this.#bitmaps.set(p.key, bitmap);
            this.#pixels += bitmap.width * bitmap.height;
            this.#trimBitmaps(p.key);
        }

        this.options.changed(p);
    }


    /** @param {string} newest is kept */
    #trimBitmaps(newest) {
        const due = new Set(this.#wanted.filter((p) => p.soon).map((p) => p.key));

        for (const [key, bitmap] of this.#bitmaps) {
            if (this.#pixels <= this.options.keepPixels) {
                return;
            }

            if (key !== newest && !due.has(key)) {
                this.#bitmaps.delete(key);
                this.#pixels -= bitmap.width * bitmap.height;
                bitmap.close();
            }
        }
    }
}
