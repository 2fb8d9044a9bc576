// SPDX-License-Identifier: BSD-2-Clause
//
// All that the pages can say: what a translator has to know.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HTML = join(dirname(fileURLToPath(import.meta.url)), '../../html');

/** English only: of the pages that test, and of that without a server. */
const OTHERS = /^(js\/(selftest|bir|hanging)\/|(selftest|bir|away|hanging)\.html)/;

/** Tables whose words are keys where they are shown. */
const TABLES = [
    ['js/math/window.js', /\blabel: ('[^']+')/g],
    ['js/math/scale.js', /('(?:[A-Za-z][^'./]* [^'./]*|calibrated)')/g],
    ['js/marks/scale.js', /('[a-z]+(?: [a-z]+)+')/g],
    ['hanging.json', /"name": ("[^"]+")/g],
];

/** A literal of JavaScript's, or several that are joined. */
const CALL = /\btext\(\s*('(?:[^'\\]|\\.)*'(?:\s*\+\s*'(?:[^'\\]|\\.)*')*)/g;


/** @param {string} path below html/ */
export function read(path) {
    return readFileSync(join(HTML, path), 'utf8');
}


/** @param {string} path @returns {string} without its comments */
function code(path) {
    return read(path).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
}


/** @param {RegExp} of @returns {string[]} paths below html/ */
function files(of) {
    return readdirSync(HTML, { recursive: true, encoding: 'utf8' })
        .filter((path) => of.test(path) && !OTHERS.test(path));
}


/** @param {string} literal @returns {string} */
function value(literal) {
    return [...literal.matchAll(/'((?:[^'\\]|\\.)*)'|"([^"]*)"/g)]
        .map((m) => (m[1] ?? m[2]).replace(/\\u(....)/g, (_, hex) =>
            String.fromCharCode(parseInt(hex, 16))).replace(/\\(.)/g, '$1')).join('');
}


/** @param {string} html @returns {string[]} its texts, as js/ui/translate.js reads it */
function ofPage(html) {
    const body = html.replace(/<!--[^]*?-->|<kbd>[^]*?<\/kbd>/g, '');
    const texts = [...body.matchAll(/>([^<>]+)</g)].map((m) => m[1]);
    const read = [...body.matchAll(/ (?:aria-label|title|placeholder|alt)="([^"]+)"/g)]
        .map((m) => m[1]);

    return [...texts, ...read].map((s) => s.trim().replace(/\s+/g, ' '))
        .filter((s) => /\p{L}/u.test(s));
}


/** @returns {Map<string, string>} key: where it is said */
export function allKeys() {
    const keys = new Map();
    const add = (key, path) => keys.set(key, path);

    for (const path of files(/\.html$/)) {
        ofPage(read(path)).forEach((key) => add(key, path));
    }

    for (const path of files(/\.js$/)) {
        for (const [, literal] of code(path).matchAll(CALL)) {
            add(value(literal), path);
        }
    }

    for (const [path, words] of TABLES) {
        for (const [, literal] of read(path).matchAll(words)) {
            add(value(literal), path);
        }
    }

    return keys;
}


/** @param {string} text @returns {string[]} its placeholders */
export function placeholders(text) {
    return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
}
