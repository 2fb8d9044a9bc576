// SPDX-License-Identifier: BSD-2-Clause
//
// axe-core on a page, as it is now.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
    'utf8');

/**
 * All of axe's rules, those beyond WCAG too.
 * @param {import('playwright-core').Page} page
 * @param {string} state what is looked at
 */
export async function isAccessible(page, state) {
    await page.evaluate(source);

    const wrong = await page.evaluate(async () => {
        const { violations } = await /** @type {any} */ (globalThis).axe.run(document,
            { resultTypes: ['violations'] });

        return violations.flatMap((/** @type {any} */ v) =>
            v.nodes.map((/** @type {any} */ n) =>
                `${v.id}: ${n.target.join(' ')}: ${n.any[0]?.message ?? v.help}`));
    });

    assert.deepEqual(wrong, [], state);
}
