// SPDX-License-Identifier: BSD-2-Clause
//
// The pages and their modules: all are asked for at once, none in vain.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs the page's own main.js, in the reader's language. */
const START = 'js/start.js';

const HTML = join(dirname(fileURLToPath(import.meta.url)), '../../html');

/**
 * The module and all that it imports, directly and not.
 * @param {string} path below html/
 * @param {Set<string>} [all]
 */
function modulesOf(path, all = new Set()) {
    if (!all.has(path)) {
        all.add(path);

        const text = readFileSync(join(HTML, path), 'utf8');

        for (const [, to] of text.matchAll(/^(?:import|\}) .*?from '(\.[^']+)';/gm)) {
            modulesOf(relative(HTML, join(HTML, dirname(path), to)), all);
        }
    }

    return all;
}


for (const page of ['display.html', 'away.html', 'bir.html', 'hanging.html']) {
    test(`${page} names files that exist`, () => {
        const html = readFileSync(join(HTML, page), 'utf8');

        for (const [, file] of html.matchAll(/(?:href|src)="((?:css|js|img)\/[^"#]+)/g)) {
            assert.ok(readFileSync(join(HTML, file)).length > 0);
        }
    });
}


test('each icon has a name of its own', () => {
    const all = [...readFileSync(join(HTML, 'img/icons.svg'), 'utf8').matchAll(/ id="([^"]+)"/g)]
        .map(([, id]) => id);

    assert.deepEqual(all.sort(), [...new Set(all)].sort());
    assert.ok(all.every((id) => /^icon-/.test(id)));
});


for (const [page, entry] of [['index.html', 'js/list/main.js'],
    ['viewer.html', 'js/viewer/main.js']])
{
    test(`${page} preloads what it runs, and only that`, () => {
        const html = readFileSync(join(HTML, page), 'utf8');
        const loaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)]
            .map((m) => m[1]);
        const needed = [...modulesOf(START, modulesOf(entry))].filter((p) => p !== START);

        assert.ok(html.includes(`src="${START}"`));
        assert.deepEqual(loaded.sort(), needed.sort());
    });


    test(`${page} names files that exist, and icons that are drawn`, () => {
        const html = readFileSync(join(HTML, page), 'utf8');
        const icons = readFileSync(join(HTML, 'img/icons.svg'), 'utf8');

        for (const [, file] of html.matchAll(/(?:href|src)="((?:css|js|img)\/[^"]+)"/g)) {
            assert.ok(readFileSync(join(HTML, file)).length > 0);
        }
        for (const [, id] of html.matchAll(/<use href="#([^"]+)"/g)) {
            assert.ok(icons.includes(`<symbol id="${id}"`), id);
        }
    });
}
