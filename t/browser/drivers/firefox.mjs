// SPDX-License-Identifier: BSD-2-Clause
//
// Debian's Firefox ESR, without a window, over WebDriver BiDi.

import puppeteer from 'puppeteer-core';

/** @typedef {import('./driver.mjs').Driver} Driver */

/** @returns {Promise<Driver>} */
export async function start() {
    const browser = await puppeteer.launch({
        browser: 'firefox', headless: true,
        executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
        extraPrefsFirefox: { 'dom.w3c_touch_events.enabled': 1 },
    });

    return {
        name: 'Firefox',
        fingers: true,
        open: async ({ width, height }) => {
            // each with storage of its own
            const context = await browser.createBrowserContext();
            const page = await context.newPage();

            await page.setViewport({ width, height });

            return {
                goto: (url) => page.goto(url),
                // as text: BiDi wraps each number in an object of its own
                evaluate: async (f, arg) => JSON.parse(await page.evaluate(
                    `(async () => JSON.stringify((await (${f})(${JSON.stringify(arg)}))
                        ?? null))()`)),
                // the actions of W3C as they are: two fingers at once
                act: (sources) => /** @type {any} */ (page.mainFrame())
                    .browsingContext.performActions(sources),
                screenshot: async () => Buffer.from(await page.screenshot()),
                close: () => context.close(),
            };
        },
        stop: () => browser.close(),
    };
}
