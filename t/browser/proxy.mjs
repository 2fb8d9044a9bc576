// SPDX-License-Identifier: BSD-2-Clause
//
// Between browser and server: passes everything on, and where a test says
// so lies, breaks, waits or goes away.

import { createServer, request } from 'node:http';

/**
 * @typedef {{status: number, headers: import('node:http').OutgoingHttpHeaders,
 *            body: Buffer}} Answer
 *
 * @typedef {Object} Turn one request
 * @property {import('node:http').IncomingMessage} req
 * @property {import('node:http').ServerResponse} res
 * @property {string} path that the server is asked for, of its rule's making
 * @property {() => void} pass the server's answer, as it comes
 * @property {() => Promise<Answer>} collect the server's answer, for the
 *     rule to make another one of it
 *
 * @typedef {(turn: Turn) => void} Rule
 */

export class Proxy {
    /** @type {string[]} paths that were asked for */
    asked = [];
    port = 0;
    /** @type {Map<RegExp, Rule>} the latest that matches counts */
    #rules = new Map();
    #server = createServer((req, res) => this.#serve(req, res));

    /** @param {string} server URL */
    constructor(server) {
        this.server = server;
    }

    /** @param {number} [port] */
    start(port = 0) {
        return new Promise((done) => this.#server.listen(port, '127.0.0.1', () => {
            // a test that fails must not hold up the others
            this.#server.unref();
            this.port = /** @type {any} */ (this.#server.address()).port;
            done(null);
        }));
    }

    /** It can be started again, at the same port. */
    stop() {
        this.#server.closeAllConnections();
        return new Promise((done) => this.#server.close(done));
    }

    get base() {
        return `http://127.0.0.1:${this.port}`;
    }

    /** @param {RegExp} path of requests @param {Rule} rule */
    on(path, rule) {
        this.#rules.set(path, rule);
    }

    /** @param {RegExp} path as it was given */
    off(path) {
        this.#rules.delete(path);
    }

    /**
     * @param {import('node:http').IncomingMessage} req
     * @param {import('node:http').ServerResponse} res
     */
    #serve(req, res) {
        const path = req.url ?? '';
        const rule = [...this.#rules].reverse().find(([what]) => what.test(path))?.[1];
        const turn = {
            req, res, path,
            pass: () => this.#forward(turn, (answer) => {
                res.writeHead(answer.statusCode ?? 500, answer.headers);
                answer.pipe(res);
            }),
            collect: () => new Promise((/** @type {(a: Answer) => void} */ done) =>
                this.#forward(turn, (answer) => whole(answer).then(done, () => res.destroy()))),
        };

        this.asked.push(path);
        (rule ?? passes)(turn);
    }

    /**
     * @param {Turn} turn
     * @param {(answer: import('node:http').IncomingMessage) => void} then
     */
    #forward({ req, res, path }, then) {
        const on = request(this.server + path, {
            method: req.method,
            headers: { ...req.headers, 'accept-encoding': 'identity' },
        }, then);

        on.on('error', () => res.destroy());
        res.on('close', () => on.destroy());
        req.pipe(on);
    }
}


/** @type {Rule} */
const passes = ({ pass }) => pass();


/** @param {import('node:http').IncomingMessage} answer @returns {Promise<Answer>} */
async function whole(answer) {
    const parts = [];

    for await (const part of answer) {
        parts.push(part);
    }

    const headers = { ...answer.headers };

    // of the body that it was
    delete headers['content-length'];
    delete headers['transfer-encoding'];

    return { status: answer.statusCode ?? 500, headers, body: Buffer.concat(parts) };
}


/**
 * Another answer in place of the server's.
 * @param {number} status
 * @param {string} type
 * @param {string} body
 * @param {Record<string, string>} [headers]
 * @returns {Rule}
 */
export function says(status, type, body, headers = {}) {
    return ({ res }) => {
        res.writeHead(status, { 'content-type': type, ...headers });
        res.end(body);
    };
}


/**
 * The server's answer, changed.
 * @param {(answer: Answer, turn: Turn) => Answer | Promise<Answer>} change
 * @returns {Rule}
 */
export function changed(change) {
    return async (turn) => {
        const { status, headers, body } = await change(await turn.collect(), turn);

        turn.res.writeHead(status, headers);
        turn.res.end(body);
    };
}


/**
 * The body ends in the middle, and the connection with it.
 * @type {Rule}
 */
export const cut = async ({ res, collect }) => {
    const { status, headers, body } = await collect();

    res.writeHead(status, { ...headers, 'content-length': body.length });
    res.write(body.subarray(0, body.length / 2), () => res.destroy());
};


/** @returns {{rule: Rule, release: () => void}} answers wait until then */
export function held() {
    /** @type {(() => void)[] | null} */
    let waiting = [];

    return {
        rule: ({ pass }) => {
            if (waiting === null) {
                pass();
            } else {
                waiting.push(pass);
            }
        },
        release: () => {
            waiting?.forEach((pass) => pass());
            waiting = null;
        },
    };
}
