// SPDX-License-Identifier: BSD-2-Clause
//
// Person names (PS3.5 6.2, VR PN): three groups of five components.

/** @typedef {import('./dataset.js').Dataset} Dataset */

/**
 * "Family^Given^Middle^Prefix^Suffix" for reading: "Family, Given Middle".
 * @param {any} group
 * @returns {string}
 */
export function formatGroup(group) {
    if (typeof group !== 'string') {
        return '';
    }

    const [family, given, middle, prefix, suffix] =
        group.split('^').map((s) => s.trim());
    const rest = join([prefix, given, middle], ' ');

    return join([join([family, rest], ', '), suffix], ', ');
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {{main: string, other: string[]}} main: the first group that says
 *     something; other: the further ones (ideographic, phonetic)
 */
export function personName(ds, tag) {
    const pn = ds?.[tag]?.Value?.[0];
    const groups = typeof pn === 'string'
        ? pn.split('=').map(formatGroup)
        : [pn?.Alphabetic, pn?.Ideographic, pn?.Phonetic].map(formatGroup);
    const said = groups.filter((s) => s !== '');

    return { main: said[0] ?? '', other: said.slice(1) };
}


/** @param {(string | undefined)[]} parts @param {string} by */
function join(parts, by) {
    return parts.filter((s) => s !== undefined && s !== '').join(by);
}
