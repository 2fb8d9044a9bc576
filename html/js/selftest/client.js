// SPDX-License-Identifier: BSD-2-Clause
//
// Requests of a point of the self-test, each written down; what they must be.

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('./archive.js').Archive} Archive
 * @typedef {{method: string, url: string, accept: string, status: number}} Request
 * @typedef {{accept?: string, method?: string, headers?: Record<string, string>,
 *            body?: BodyInit}} Question
 * @typedef {{number: number, title: string, section: string,
 *            elsewhere?: string, stores?: boolean,
 *            run?: (client: Client) => Promise<string>}} Point elsewhere: the
 *     test that proves it, where a browser cannot, or not all of it;
 *     run: answers what was looked at
 */

/**
 * One character a byte; those of 128 to 159 become others.
 * @param {Uint8Array} bytes
 */
export const latin = (bytes) => new TextDecoder('latin1').decode(bytes);

/** A point is not kept. */
export class Failed extends Error { }

/** There is nothing here that a point could be shown with. */
export class Absent extends Error { }

export const JSON_TYPE = 'application/dicom+json';

/** An answer takes no longer. ms */
const PATIENCE = 60000;

/** Characters of an answer that a failure repeats. */
const MOST_SAID = 160;


/** @param {unknown} holds @param {string} reason @returns {asserts holds} */
export function must(holds, reason) {
    if (!holds) {
        throw new Failed(reason);
    }
}


/** @param {unknown} is @param {unknown} due @param {string} what */
export function same(is, due, what) {
    const [a, b] = [JSON.stringify(is), JSON.stringify(due)];

    must(a === b, `${what} is ${a?.slice(0, MOST_SAID)}, not ${b?.slice(0, MOST_SAID)}`);
}


/** An answer, read to its end. */
export class Answer {
    /** @param {Response} response @param {Uint8Array<ArrayBuffer>} bytes */
    constructor(response, bytes) {
        this.status = response.status;
        this.headers = response.headers;
        this.type = response.headers.get('Content-Type') ?? '';
        this.warning = response.headers.get('Warning') ?? '';
        this.bytes = bytes;
    }

    /** @returns {string} fails unless it is UTF-8 */
    text() {
        try {
            return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes);
        } catch {
            throw new Failed('the answer is not UTF-8');
        }
    }

    /** @returns {any} */
    json() {
        const text = this.text();

        try {
            return JSON.parse(text);
        } catch {
            throw new Failed(`no JSON: ${text.slice(0, MOST_SAID)}`);
        }
    }
}


export class Client {
    /** @param {string} root @param {Archive} archive */
    constructor(root, archive) {
        this.root = root;
        this.archive = archive;
        /** @type {Request[]} */
        this.requests = [];
    }

    /**
     * @param {string} path below the root, or an absolute URL
     * @param {Question} [q]
     * @returns {Promise<Answer>} whatever its status
     */
    async ask(path, q = {}) {
        const url = path.startsWith('/') ? this.root + path : path;
        const accept = q.accept ?? '*/*';
        const request = { method: q.method ?? 'GET', url, accept, status: 0 };

        this.requests.push(request);

        try {
            const response = await fetch(url, {
                method: request.method, body: q.body, cache: 'no-store',
                credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE),
                headers: { Accept: accept, ...q.headers },
            });

            request.status = response.status;

            return new Answer(response, new Uint8Array(await response.arrayBuffer()));
        } catch (e) {
            throw new Failed(`no answer: ${e instanceof Error ? e.message : e}`);
        }
    }

    /**
     * @param {string} path
     * @param {number | number[]} status one of them is due
     * @param {Question} [q]
     */
    async due(path, status, q) {
        const answer = await this.ask(path, q);
        const all = [status].flat();

        must(all.includes(answer.status),
            `${q?.method ?? 'GET'} ${path}: ${answer.status}, not ${all.join(' or ')}`);

        return answer;
    }

    /** @param {string} path @param {Question} [q] */
    ok(path, q) {
        return this.due(path, 200, q);
    }

    /** @param {string[]} paths @param {number} status @param {string} [accept] */
    async refused(paths, status, accept) {
        for (const path of paths) {
            await this.due(path, status, { accept });
        }
    }

    /** @param {string} path of a search @returns {Promise<Dataset[]>} */
    async rows(path) {
        const answer = await this.ok(path, { accept: JSON_TYPE });
        const rows = answer.json();

        must(Array.isArray(rows), `${path}: the answer is no list`);

        return rows;
    }
}
