// SPDX-License-Identifier: BSD-2-Clause
//
// WebKitGTK's MiniBrowser on a screen of its own, over WebDriver.  It makes
// one mouse of all touches: no fingers here.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** @typedef {import('./driver.mjs').Driver} Driver */

/** @returns {Promise<Driver>} */
export async function start() {
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24',
        '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const [display] = await once(/** @type {any} */ (screen.stdio[3]), 'data');
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
        env: { ...process.env, DISPLAY: `:${String(display).trim()}` }, stdio: 'ignore',
    });
    const ask = asker(`http://127.0.0.1:${port}`);

    await listening(ask, driver);

    return {
        name: 'WebKitGTK',
        fingers: false,
        open: (size) => open(ask, size),
        stop: async () => {
            for (const program of [driver, screen]) {
                const gone = once(program, 'exit');

                program.kill();
                await gone;
            }
        },
    };
}


/** @returns {Promise<number>} */
async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');

    await once(server, 'listening');

    const { port } = /** @type {any} */ (server.address());

    server.close();
    await once(server, 'close');

    return port;
}


/** @typedef {(method: string, path: string, body?: any) => Promise<any>} Ask */

/** @param {string} base @returns {Ask} */
function asker(base) {
    return async (method, path, body) => {
        const answer = await fetch(base + path, { method, body: JSON.stringify(body) });
        const { value } = await answer.json();

        if (!answer.ok) {
            throw new Error(`${path}: ${value.error}: ${value.message}`);
        }

        return value;
    };
}


/** @param {Ask} ask @param {import('node:child_process').ChildProcess} driver */
async function listening(ask, driver) {
    while (driver.exitCode === null) {
        const isThere = await ask('GET', '/status').then(() => true, () => false);

        if (isThere) {
            return;
        }

        await new Promise((done) => setTimeout(done, 50));
    }

    throw new Error('WebKitWebDriver does not run');
}


/**
 * @param {Ask} ask
 * @param {{width: number, height: number}} size
 * @returns {Promise<import('./driver.mjs').Tab>}
 */
async function open(ask, { width, height }) {
    const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: {
        timeouts: { script: 120000 },
        'webkitgtk:browserOptions': { binary: process.env.MINIBROWSER, args: ['--automation'] },
    } } });
    const session = `/session/${sessionId}`;
    const run = (/** @type {string} */ script, /** @type {any[]} */ args) =>
        ask('POST', `${session}/execute/async`, { script, args });
    const resize = (/** @type {number} */ bar) =>
        ask('POST', `${session}/window/rect`, { x: 0, y: 0, width, height: height + bar });

    // the page's size is the window's less its bar
    await resize(0);
    await resize(height - await run('arguments[0](innerHeight)', []));

    return {
        goto: (url) => ask('POST', `${session}/url`, { url }),
        evaluate: async (f, arg) => {
            const { value, error } = await run(`
                const [arg, done] = arguments;
                new Promise((resolve) => resolve((${f})(arg))).then(
                    (value) => done({ value }), (e) => done({ error: String(e) }));`,
            [arg ?? null]);

            if (error !== undefined) {
                throw new Error(error);
            }

            return value;
        },
        act: async (actions) => {
            await ask('POST', `${session}/actions`, { actions });

            // a wheel turned as far as before is no event, but after this
            if (actions.some(({ type }) => type === 'wheel')) {
                await ask('DELETE', `${session}/actions`);
            }
        },
        screenshot: async () => Buffer.from(await ask('GET', `${session}/screenshot`), 'base64'),
        close: () => ask('DELETE', session),
    };
}
