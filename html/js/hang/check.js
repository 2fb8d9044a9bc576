// SPDX-License-Identifier: BSD-2-Clause
//
// A file of hanging protocols as an administrator has written it: what is
// wrong, and in which line.

import { protocolsOf } from './engine.js';

/** @typedef {{line: number, place: string, what: string}} Wrong line from 1 */

const TOKEN = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/** What is no token, as far as it is worth saying. */
const OTHER = /[\w"'/]+|./y;

const SPACE = /[ \t\r\n]*/y;

/**
 * @typedef {Object} Open a list or an object
 * @property {string} place
 * @property {']' | '}'} ends
 * @property {string} key of the value that comes next
 * @property {number} n of it, in a list
 *
 * @typedef {Object} Reading
 * @property {Map<string, number>} places line of each value
 * @property {Open[]} open the innermost last
 * @property {keyof typeof WANTS} wants
 * @property {number} line
 */

/** What may come next, and how that is said. */
const WANTS = {
    value: 'a value', firstValue: 'a value or ]', key: 'a key in double quotes',
    firstKey: 'a key in double quotes or }', colon: ':', next: ', or', end: 'the end',
};


/**
 * @param {string} json
 * @returns {{names: string[], wrong: Wrong[]}} of the protocols that are right
 */
export function checked(json) {
    const { places, broken } = placesOf(json);

    if (broken !== null) {
        return { names: [], wrong: [broken] };
    }

    const { protocols, wrong } = protocolsOf(JSON.parse(json));

    return {
        names: protocols.map((p) => p.name),
        wrong: wrong.map((said) => {
            const [, place, what] = /** @type {string[]} */ (said.match(/^(\S+): ([^]*)$/));

            return { line: lineOf(places, place), place, what };
        }),
    };
}


/**
 * @param {Map<string, number>} places
 * @param {string} place
 * @returns {number} of the nearest that is there
 */
function lineOf(places, place) {
    let near = place;

    while (near !== '' && !places.has(near)) {
        near = near.replace(/(^|\.)[^.[]*$|\[\d+\]$/, '');
    }

    return places.get(near) ?? 1;
}


/**
 * In which line each value begins, as protocols[0].name, or where the text
 * ceases to be JSON.
 * @param {string} json
 * @returns {{places: Map<string, number>, broken: Wrong | null}}
 */
function placesOf(json) {
    /** @type {Reading} */
    const r = { places: new Map(), open: [], wants: 'value', line: 1 };

    for (let at = 0; ;) {
        const space = read(SPACE, json, at);
        const token = read(TOKEN, json, at + space.length);

        r.line += space.split('\n').length - 1;
        at += space.length + token.length;

        if (token === '' && r.wants === 'end' && at === json.length) {
            return { places: r.places, broken: null };
        }

        if (token === '' || !isTaken(r, token)) {
            const wanted = WANTS[r.wants] + (r.wants === 'next' ? ` ${r.open.at(-1)?.ends}` : '');

            return { places: r.places, broken: { line: r.line, place: '',
                what: `${wanted} is expected, not ${token || read(OTHER, json, at) || 'the end'}` } };
        }
    }
}


/** @param {RegExp} what sticky @param {string} text @param {number} at */
function read(what, text, at) {
    what.lastIndex = at;

    return what.exec(text)?.[0] ?? '';
}


/** @param {Reading} r @param {string} token @returns {boolean} it may stand here */
function isTaken(r, token) {
    const inner = r.open.at(-1);

    if (token === inner?.ends && ['firstValue', 'firstKey', 'next'].includes(r.wants)) {
        r.open.pop();
        r.wants = r.open.length === 0 ? 'end' : 'next';
        return true;
    }

    return TAKES[r.wants](r, token, /** @type {Open} */ (inner));
}


/** @type {Record<keyof typeof WANTS, (r: Reading, token: string, inner: Open) => boolean>} */
const TAKES = {
    value: takesValue, firstValue: takesValue, key: takesKey, firstKey: takesKey,
    colon: takesColon, next: takesComma, end: () => false,
};


/** @param {Reading} r @param {string} token */
function takesColon(r, token) {
    if (token !== ':') {
        return false;
    }

    r.wants = 'value';

    return true;
}


/** @param {Reading} r @param {string} token @param {Open} inner */
function takesComma(r, token, inner) {
    if (token !== ',') {
        return false;
    }

    r.wants = inner.ends === ']' ? 'value' : 'key';
    inner.n++;

    return true;
}


/** @param {Reading} r @param {string} token @param {Open} inner */
function takesKey(r, token, inner) {
    if (!token.startsWith('"')) {
        return false;
    }

    inner.key = JSON.parse(token);
    r.places.set(placeIn(inner), r.line);
    r.wants = 'colon';

    return true;
}


/** @param {Reading} r @param {string} token @param {Open | undefined} inner */
function takesValue(r, token, inner) {
    const place = placeIn(inner);

    if (/^[\]},:]/.test(token)) {
        return false;
    }

    // that of its key, where it has one
    r.places.set(place, r.places.get(place) ?? r.line);

    if (token === '{' || token === '[') {
        r.open.push({ place, ends: token === '{' ? '}' : ']', key: '', n: 0 });
        r.wants = token === '{' ? 'firstKey' : 'firstValue';
    } else {
        r.wants = inner === undefined ? 'end' : 'next';
    }

    return true;
}


/** @param {Open | undefined} inner @returns {string} of the value that comes next */
function placeIn(inner) {
    return inner === undefined ? '' : inner.ends === ']' ? `${inner.place}[${inner.n}]`
        : [inner.place, inner.key].filter(Boolean).join('.');
}
