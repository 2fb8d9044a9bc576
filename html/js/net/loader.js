// SPDX-License-Identifier: BSD-2-Clause
//
// Gets pictures: as many requests under way as the net is worth, the newest
// wish first, compressed pictures kept in memory, decoded ones only a few.
// The wishes are a list that each call replaces; nothing queues behind an old
// wish, and what nobody wants any more is aborted.

import { text } from '../ui/text.js';

/**
 * @typedef {import('../viewer/plan.js').Picture} Picture
 * @typedef {{status: number, reason: string, blob: Blob | null,
 *            wait: number}} Answer status 0: no answer; reason: in words;
 *     wait: ms to wait before it makes sense to ask again
 * @typedef {{state: 'here', blob: Blob, bytes: number}
 *     | {state: 'failed', reason: string}} Entry
 *
 * @typedef {Object} Options
 * @property {(p: Picture, signal: AbortSignal, isUrgent: boolean) =>
 *     Promise<Answer>} get isUrgent: it is on the screen
 * @property {(blob: Blob) => Promise<ImageBitmap>} decode
 * @property {(p: Picture) => void} changed a picture is here or has failed
 * @property {(isGone: boolean) => void} [gone] the server does not answer
 *     any more, or does again
 * @property {() => number} [depth] requests under way at once
 * @property {number} [keepBytes] of compressed pictures
 * @property {number} [keepPixels] of decoded ones
 */

/** How often a busy server (503) is asked again. */
const TRIES = 4;

/** A server that does not answer is asked after so long, then less often. ms */
const PAUSES = [1000, 2000, 4000, 8000, 15000];


/** Frames that a scroll passes in the time of a few requests. */
const NEAR = 12;


/**
 * Neighbours in the window that was left are not: they are of no use.
 * @param {Picture} a
 * @param {Picture} b
 * @returns {boolean}
 */
function isNear(a, b) {
    return a.stack === b.stack && (a.tile === null) === (b.tile === null)
        && (a.index === b.index || (a.asked === b.asked
            && Math.abs(a.index - b.index) <= NEAR));
}


export class Loader {
    /** @type {Map<string, Entry>} the least recently used first */
    #entries = new Map();
    /** @type {Map<string, ImageBitmap>} */
    #bitmaps = new Map();
    /** @type {Set<string>} */
    #decoding = new Set();
    /**
     * waits: for a busy server to be asked again
     * @type {Map<string, {picture: Picture, abort: AbortController,
     *     waits: boolean}>}
     */
    #underway = new Map();
    /** @type {Map<string, number>} tries so far */
    #again = new Map();
    /** @type {Picture[]} */
    #wanted = [];
    #urgent = 1;
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
            gone: () => {}, depth: () => 3, keepBytes: 64e6, keepPixels: 9e6,
            ...options,
        };
    }


    /**
     * @param {Picture[]} wanted the most urgent first
     * @param {Object} [how]
     * @param {number} [how.urgent] how many of them are on the screen
     * @param {boolean} [how.isMoving] what is near to what is seen may still
     *     serve on the way to it
     * @param {Picture[]} [how.far] for when there is nothing else to do
     */
    want(wanted, { urgent = 1, isMoving = true, far = [] } = {}) {
        this.#urgent = urgent;
        this.#wanted = wanted.map((p) => this.#best(p));
        this.#aim(far);
        this.#abortUnwanted(isMoving);
        this.#pump();
    }


    /** @param {Picture[]} far */
    #aim(far) {
        if (far !== this.#far.pictures) {
            this.#far = { pictures: far, next: 0 };
        }
    }


    /** @param {boolean} isMoving */
    #abortUnwanted(isMoving) {
        const keys = new Set(this.#wanted.map((p) => p.key));
        const seen = this.#seen();

        for (const { picture, abort } of this.#underway.values()) {
            if (!keys.has(picture.key) && !this.#far.pictures.includes(picture)
                && !(isMoving && seen.some((p) => isNear(picture, p))))
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
            best = this.#entries.get(q.key)?.state === 'here' ? q : best;
        }

        return best;
    }


    /** Failed pictures may be asked for again. */
    forgive() {
        for (const [key, entry] of this.#entries) {
            if (entry.state === 'failed') {
                this.#entries.delete(key);
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
        this.#bitmaps.forEach((b) => b.close());
        this.#bitmaps.clear();
        this.#bytes = 0;
        this.#pixels = 0;
    }


    #pump() {
        this.#wanted.forEach((p) => this.#decodeIfDue(p));

        const missing = this.#wanted.filter((p) => !this.#entries.has(p.key)
            && !this.#underway.has(p.key));

        if (missing.length > 0 && this.#seen().includes(missing[0])) {
            this.#makeRoom(missing[0]);
        }

        // one that asks is enough while the server may be gone
        const depth = this.#pauses > 0 ? 1 : this.options.depth();

        for (const p of this.isGone ? [] : missing) {
            if (this.#underway.size >= depth) {
                return;
            }

            this.#request(p);
        }

        this.#pumpFar(depth);
    }


    /** @param {number} depth */
    #pumpFar(depth) {
        const { pictures } = this.#far;

        while (this.#far.next < pictures.length && !this.isGone
            && this.#bytes < this.options.keepBytes * 0.9
            && this.#underway.size < depth)
        {
            const p = pictures[this.#far.next++];

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

        if (this.#underway.size < this.options.depth()) {
            return;
        }

        for (const { picture, abort, waits } of this.#underway.values()) {
            if (waits || !(seen.has(picture.key) || isNear(picture, first))) {
                abort.abort();
                this.#underway.delete(picture.key);
                return;
            }
        }
    }


    /** @param {Picture} p */
    async #request(p) {
        const abort = new AbortController();

        this.#underway.set(p.key, { picture: p, abort, waits: false });

        const answer = await this.options.get(p, abort.signal, this.#seen().includes(p))
            .catch(() => ({ status: 0, reason: '', blob: null, wait: 0 }));

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

        if (answer.blob !== null) {
            this.#keep(p, answer.blob);

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

        this.#underway.set(p.key, { picture: p, abort, waits: true });
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
        this.#entries.set(p.key, { state: 'here', blob, bytes: blob.size });
        this.#bytes += blob.size;

        this.#trimEntries();
        this.#decodeIfDue(p);
        this.options.changed(p);
    }


    /** What is wanted stays, or it would be asked for again and again. */
    #trimEntries() {
        const due = new Set(this.#wanted.map((p) => p.key));

        for (const [key, old] of this.#entries) {
            if (this.#bytes <= this.options.keepBytes) {
                return;
            }

            if (!due.has(key)) {
                this.#entries.delete(key);
                this.#bytes -= old.state === 'here' ? old.bytes : 0;
            }
        }
    }


    /** @param {Picture} p */
    #decodeIfDue(p) {
        const entry = this.#entries.get(p.key);

        if (p.soon && entry?.state === 'here' && !this.#bitmaps.has(p.key)
            && !this.#decoding.has(p.key))
        {
            this.#entries.delete(p.key);
            this.#entries.set(p.key, entry);
            this.#decode(p, entry.blob);
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
            this.#bytes -= blob.size;
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
