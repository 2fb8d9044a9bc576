// SPDX-License-Identifier: BSD-2-Clause
//
// What the pages say, in the reader's language.  The English text is the key:
// it stands where it is said, and html/lang/*.json say it in other languages.
//
//   text('Image {n} of {all}', { n: 3, all: 12 })
//   text('{n} image|{n} images', { n: 12 })    forms of English: one|other
//
// Languages may need more forms of a number (n): there the catalogue has one
// for each of Intl.PluralRules.

/**
 * @typedef {string | Record<string, string>} Entry by Intl.PluralRules
 * @typedef {Record<string, Entry>} Catalogue
 * @typedef {Record<string, string | number>} Values
 */

/** Each by the name it has itself. @type {Record<string, string>} */
export const LANGUAGES = {
    en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ar: 'العربية',
};

/** Written from the right to the left. */
const MIRRORED = ['ar'];

/** One kind of digit and of calendar, so that no two dates look alike. */
const PLAIN = '-u-ca-gregory-nu-latn';

/** Characters that turn what comes after them; but for a whole quoted(). */
const TURNING = /(\u2066[^\u202a-\u202e\u2066-\u2069]*\u2069)|[\u202a-\u202e\u2066-\u2069]/g;

/** Scripts that run from the right to the left. */
const LEFTWARD = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff]/;

const said = {
    language: 'en',
    locale: `en${PLAIN}`,
    catalogue: /** @type {Catalogue} */ ({}),
};

/** @type {Map<string, any>} writers of the locale: each takes some 0.2 ms to make */
const writers = new Map();


/**
 * @template T
 * @param {string} kind
 * @param {() => T} make
 * @returns {T}
 */
function writer(kind, make) {
    const old = writers.get(kind) ?? make();

    writers.set(kind, old);

    return old;
}


/**
 * @param {string} language of LANGUAGES
 * @param {Catalogue} catalogue of English it is empty
 * @param {readonly string[]} wanted the reader's locales: how numbers are written
 */
export function speak(language, catalogue, wanted = []) {
    said.language = language;
    said.catalogue = catalogue;
    said.locale = (wanted.find((w) => isOf(w, language)) ?? language)
        .replace(/-u-.*/, '') + PLAIN;
    writers.clear();
}


/** @param {string} locale @param {string} language @returns {boolean} */
function isOf(locale, language) {
    return locale.toLowerCase().split('-')[0] === language;
}


/**
 * @param {string | null} kept the language that was chosen here
 * @param {readonly string[]} wanted locales, the best first
 * @returns {string} of LANGUAGES
 */
export function languageOf(kept, wanted) {
    const known = Object.keys(LANGUAGES);

    return known.find((l) => l === kept)
        ?? wanted.map((w) => known.find((l) => isOf(w, l))).find(Boolean) ?? 'en';
}


/** @returns {boolean} whether the page is read from the right */
export function isMirrored() {
    return MIRRORED.includes(said.language);
}


/**
 * @param {string} key the English text
 * @param {Values} [values] of its {placeholders}; n: which form
 * @returns {string}
 */
export function text(key, values = {}) {
    const entry = said.catalogue[key] ?? english(key);
    const form = typeof entry === 'string' ? entry
        : entry[writer('form', () => new Intl.PluralRules(said.locale))
            .select(Number(values.n))] ?? entry.other;

    return form.replace(/\{(\w+)\}/g, (_, name) => shown(values[name] ?? ''));
}


/** @param {string} key @returns {Entry} */
function english(key) {
    const [one, other] = key.split('|');

    return other === undefined ? one : { one, other };
}


/**
 * A value keeps its own direction, and what stands beside it that of the
 * line: no name turns the number behind it round.
 * @param {string | number} value
 * @returns {string}
 */
export function shown(value) {
    const written = typeof value === 'number' ? digits(value)
        : value.replace(TURNING, '$1');

    return isMirrored() || LEFTWARD.test(written) ? `\u2068${written}\u2069` : written;
}


/** @param {number} n @returns {string} */
export function digits(n) {
    return writer('number', () => new Intl.NumberFormat(said.locale)).format(n);
}


/**
 * @param {Date} date midnight UTC, else of what `more` says
 * @param {Intl.DateTimeFormatOptions} [more]
 * @returns {string} with the month's name: "15 Jun 1970"
 */
export function dateText(date, more = { timeZone: 'UTC' }) {
    return writer(`date ${JSON.stringify(more)}`, () => new Intl.DateTimeFormat(said.locale,
        { year: 'numeric', month: 'short', day: '2-digit', ...more })).format(date);
}


/**
 * The server's own words, which are English: setText() marks them.
 * @param {string} words
 * @returns {string}
 */
export function quoted(words) {
    return `\u2066${words.replace(TURNING, '')}\u2069`;
}


/**
 * @param {number} n
 * @param {'year' | 'month' | 'week' | 'day'} unit
 * @returns {string} "3 months"
 */
export function spanText(n, unit) {
    return writer(`span ${unit}`, () => new Intl.NumberFormat(said.locale,
        { style: 'unit', unit, unitDisplay: 'long' })).format(n);
}
