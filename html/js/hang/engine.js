// SPDX-License-Identifier: BSD-2-Clause
//
// Hanging protocols: which one fits a study best, and what goes into which
// viewport of it.  Protocols are data (html/hanging.json, conf/hanging.md).

import { text } from '../ui/text.js';

/**
 * @typedef {string | string[]} Words one of them
 *
 * @typedef {Object} Item a series, or an image of one
 * @property {string} id of the entry of the strip
 * @property {number} index of the frame in it
 * @property {string} modality
 * @property {string} bodyPart
 * @property {string} description of the series
 * @property {string} laterality R, L, B or ''
 * @property {string} view CC, MLO, PA, …, ''
 *
 * @typedef {Object} Facts of a study
 * @property {string} description
 * @property {Item[]} series
 * @property {number} images
 *
 * @typedef {Object} Selector what an item must be; all of it
 * @property {Words} [modality]
 * @property {Words} [bodyPart] part of it
 * @property {Words} [description] part of it
 * @property {Words} [laterality]
 * @property {Words} [view]
 *
 * @typedef {Object} Place a viewport of a protocol
 * @property {string} [name] what is said when it is missing
 * @property {Selector[]} select the first that finds an item counts
 * @property {'left' | 'right'} [side] of the viewport that the image lies at
 * @property {boolean} [upright] turned to the usual by Patient Orientation
 * @property {'first' | 'middle' | 'last'} [slice]
 * @property {string} [window] name of a preset of the modality
 *
 * @typedef {Object} Match what the study must be; all of it
 * @property {string[]} [modality] one is in the study
 * @property {string[]} [region] part of a body part or description
 * @property {number} [series] at least
 * @property {number} [images] at least
 *
 * @typedef {Object} Protocol
 * @property {string} name
 * @property {Match} match
 * @property {number} [score] is added to that of what matches
 * @property {string} layout "2x2"
 * @property {boolean} [linked]
 * @property {Place[]} ports row by row
 *
 * @typedef {{protocol: Protocol, score: number, reason: string}} Fit
 */

const SIDES = ['left', 'right'];
const SLICES = ['first', 'middle', 'last'];

/** What a match is worth: the more it says, the more. */
const WORTH = { modality: 10, region: 5, series: 1, images: 1 };

/** @param {any} v */
const isText = (v) => typeof v === 'string';

/** @param {any} v */
const isFlag = (v) => typeof v === 'boolean';

/** Keys of a viewport, and what each may be. @type {Record<string, (v: any) => boolean>} */
const PLACE = {
    name: isText, select: Array.isArray, side: (v) => SIDES.includes(v), upright: isFlag,
    slice: (v) => SLICES.includes(v), window: isText,
};

const KEYS = ['name', 'match', 'score', 'layout', 'linked', 'ports'];

/** @type {Record<string, (item: Item, word: string) => boolean>} */
const SELECTS = {
    modality: (item, word) => item.modality === word,
    laterality: (item, word) => item.laterality === word,
    view: (item, word) => item.view === word,
    bodyPart: (item, word) => holds(item.bodyPart, word),
    description: (item, word) => holds(item.description, word),
};


/**
 * @param {any} json what an administrator may have written
 * @returns {{protocols: Protocol[], wrong: string[]}} the good ones, and what
 *     is wrong in the others
 */
export function protocolsOf(json) {
    if (!Array.isArray(json?.protocols)) {
        return { protocols: [], wrong: ['protocols: a list is missing'] };
    }

    const checked = json.protocols.map((/** @type {any} */ p,
        /** @type {number} */ i) => ({ p, wrong: wrongOf(p, `protocols[${i}]`) }));

    return {
        protocols: checked.flatMap((/** @type {any} */ c) => c.wrong === '' ? [c.p] : []),
        wrong: checked.map((/** @type {any} */ c) => c.wrong).filter(Boolean),
    };
}


/**
 * The protocols that fit, the best first; of equals the one that comes first.
 * @param {Protocol[]} protocols
 * @param {Facts} facts
 * @returns {Fit[]}
 */
export function fits(protocols, facts) {
    return protocols.flatMap((protocol) => {
        const said = matched(protocol.match, facts);

        return said === null ? [] : [{
            protocol,
            score: (protocol.score ?? 0) + said.score,
            reason: [`${text(protocol.name)}: ${said.modality}`, ...said.words].join(', '),
        }];
    }).sort((a, b) => b.score - a.score);
}


/**
 * @param {Match} match
 * @param {Facts} facts
 * @returns {{score: number, modality: string, words: string[]} | null}
 */
function matched(match, facts) {
    const present = [...new Set(facts.series.map((x) => x.modality))];
    const modality = match.modality?.filter((m) => present.includes(m)) ?? present;
    const region = match.region?.find((word) => holds(facts.description, word)
        || facts.series.some((x) => holds(x.bodyPart, word)
            || holds(x.description, word)));
    const isOff = modality.length === 0
        || (match.region !== undefined && region === undefined)
        || facts.series.length < (match.series ?? 0)
        || facts.images < (match.images ?? 0);

    return isOff ? null : {
        score: Object.entries(WORTH).reduce((sum, [name, worth]) =>
            sum + (name in match ? worth : 0), 0),
        modality: modality.join(' '),
        words: [region ?? '',
            text('{n} series|{n} series', { n: facts.series.length }),
            match.images === undefined ? ''
                : text('{n} image|{n} images', { n: facts.images })].filter(Boolean),
    };
}


/** @param {Protocol} protocol @returns {{rows: number, columns: number}} */
export function layoutOf({ layout }) {
    const [rows, columns] = layout.split('x').map(Number);

    return { rows, columns };
}


/**
 * What only the images tell, not the search for series.
 * @param {Protocol} protocol
 * @returns {boolean}
 */
export function asksImages({ ports }) {
    return ports.some(({ select }) => select.some((x) =>
        x.view !== undefined || x.laterality !== undefined));
}


/**
 * What goes where; each item once.
 * @param {Protocol} protocol
 * @param {Item[]} items
 * @returns {(Item | null)[]} of each viewport
 */
export function hung({ ports }, items) {
    const free = new Set(items);

    return ports.map(({ select }) => {
        const found = select.map((x) => items.find((item) =>
            free.has(item) && isSelected(x, item))).find((item) => item !== undefined);

        free.delete(/** @type {Item} */ (found));

        return found ?? null;
    });
}


/** @param {Selector} selector @param {Item} item @returns {boolean} */
function isSelected(selector, item) {
    return Object.entries(selector).every(([name, words]) =>
        [words].flat().some((word) => SELECTS[name](item, word)));
}


/** @param {string} text @param {string} word @returns {boolean} */
function holds(text, word) {
    return text.toLowerCase().includes(word.toLowerCase());
}


/**
 * @param {any} p
 * @param {string} at
 * @returns {string} what is wrong and where, or ''
 */
function wrongOf(p, at) {
    const isPlain = (/** @type {any} */ x) =>
        x !== null && typeof x === 'object' && !Array.isArray(x);
    const areWords = (/** @type {any} */ x) => x === undefined
        || Array.isArray(x) && x.every((w) => typeof w === 'string');
    const isCount = (/** @type {any} */ x) => x === undefined || Number.isFinite(x);
    const layout = /^([1-4])x([1-4])$/.exec(p?.layout);

    const strange = Object.keys(p ?? {}).find((k) => !KEYS.includes(k));
    const unmatched = Object.keys(p?.match ?? {}).find((k) => !Object.hasOwn(WORTH, k));

    /** @type {[boolean, string, string][]} right, key, what else it is */
    const checks = [
        [isPlain(p), '', 'is no object'],
        [strange === undefined, `.${strange}`, `is not known; there are ${KEYS.join(', ')}`],
        [typeof p?.name === 'string' && p.name !== '', '.name', 'is missing'],
        [isPlain(p?.match), '.match', 'is missing'],
        [unmatched === undefined, `.match.${unmatched}`,
            `is not known; there are ${Object.keys(WORTH).join(', ')}`],
        [areWords(p?.match?.modality), '.match.modality', 'is no list of words'],
        [areWords(p?.match?.region), '.match.region', 'is no list of words'],
        [isCount(p?.match?.series), '.match.series', 'is no number'],
        [isCount(p?.match?.images), '.match.images', 'is no number'],
        [isCount(p?.score), '.score', 'is no number'],
        [layout !== null, '.layout', 'is not of 1x1 to 4x4'],
        [Array.isArray(p?.ports) && p.ports.length
            === Number(layout?.[1]) * Number(layout?.[2]),
        '.ports', 'are not as many as the layout has'],
    ];
    const wrong = checks.find(([isRight]) => !isRight);

    if (wrong !== undefined) {
        return `${at}${wrong[1]}: ${wrong[2]}`;
    }

    return p.ports.map((/** @type {any} */ x, /** @type {number} */ i) =>
        wrongOfPlace(x, `${at}.ports[${i}]`)).find(Boolean) ?? '';
}


/**
 * @param {any} x
 * @param {string} at
 * @returns {string} what is wrong in a viewport and where, or ''
 */
function wrongOfPlace(x, at) {
    if (x === null || typeof x !== 'object' || !Array.isArray(x.select)) {
        return `${at}: select is no list`;
    }

    const key = Object.keys(x).find((k) => !Object.hasOwn(PLACE, k));
    const value = Object.entries(PLACE).find(([k, isRight]) =>
        x[k] !== undefined && !isRight(x[k]));

    if (key !== undefined) {
        return `${at}.${key}: is not known; there are ${Object.keys(PLACE).join(', ')}`;
    }

    if (value !== undefined) {
        return `${at}.${value[0]}: is ${JSON.stringify(x[value[0]])}`;
    }

    return x.select.map((/** @type {any} */ s, /** @type {number} */ i) =>
        wrongOfSelector(s, `${at}.select[${i}]`)).find(Boolean) ?? '';
}


/** @param {any} s @param {string} at @returns {string} */
function wrongOfSelector(s, at) {
    if (s === null || typeof s !== 'object' || Array.isArray(s)) {
        return `${at}: is no object`;
    }

    const [key, words] = Object.entries(s).find(([name, all]) => !Object.hasOwn(SELECTS, name)
        || ![all].flat().every((w) => typeof w === 'string')) ?? [];

    return key === undefined ? '' : !Object.hasOwn(SELECTS, key)
        ? `${at}.${key}: is not known; there are ${Object.keys(SELECTS).join(', ')}`
        : `${at}.${key}: is ${JSON.stringify(words)}, no words`;
}
