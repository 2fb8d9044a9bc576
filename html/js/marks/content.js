// SPDX-License-Identifier: BSD-2-Clause
//
// Content items of structured reports (PS3.3 C.17.3), as DICOM JSON: making
// them, and walking through those of others.

import { first, items, numbers, values } from '../dicom/dataset.js';
import { at, codeItem, sequence, sopItem } from './composite.js';
import { known } from './codes.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('./codes.js').Code} Code
 * @typedef {'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD'
 *     | 'HAS PROPERTIES' | 'INFERRED FROM' | 'SELECTED FROM'} Relation
 */

export const SR = Object.freeze({
    relation: '0040A010', type: '0040A040', name: '0040A043',
    continuity: '0040A050', content: '0040A730', text: '0040A160',
    uid: '0040A124', person: '0040A123', code: '0040A168',
    measured: '0040A300', units: '004008EA', figure: '0040A30A',
    exact: '0040A161', graphic: '00700023', data: '00700022',
    frameOfReference: '30060024', references: '00081199',
    sopClass: '00081150', sopInstance: '00081155', frame: '00081160',
    template: '0040A504', observed: '0040A032',
    codeValue: '00080100', longCode: '00080119', scheme: '00080102',
    meaning: '00080104', complete: '0040A491', verified: '0040A493',
    predecessors: '0040A360', evidence: '0040A375',
});

/** More levels than anybody writes. */
const DEPTH = 12;


/**
 * @param {Relation} relation
 * @param {string} type
 * @param {Code | null} name
 * @param {Dataset} value
 * @param {Dataset[]} [children]
 * @returns {Dataset}
 */
export function item(relation, type, name, value, children = []) {
    return {
        [SR.relation]: at('CS', relation),
        [SR.type]: at('CS', type),
        ...(name === null ? {} : { [SR.name]: sequence(codeItem(name)) }),
        ...value,
        ...(children.length === 0 ? {} : { [SR.content]: sequence(...children) }),
    };
}


/** @param {Relation} relation @param {Code} name @param {Code} value */
export function codeOf(relation, name, value) {
    return item(relation, 'CODE', name, { [SR.code]: sequence(codeItem(value)) });
}


/** @param {Relation} relation @param {Code} name @param {string} value */
export function textOf(relation, name, value) {
    return item(relation, 'TEXT', name, { [SR.text]: at('UT', value) });
}


/** @param {Relation} relation @param {Code} name @param {string} value */
export function uidOf(relation, name, value) {
    return item(relation, 'UIDREF', name, { [SR.uid]: at('UI', value) });
}


/** @param {Code} name @param {Dataset[]} children @param {Dataset} [more] */
export function container(name, children, more = {}) {
    return item('CONTAINS', 'CONTAINER', name,
        { [SR.continuity]: at('CS', 'SEPARATE'), ...more }, children);
}


/**
 * @param {Code} name
 * @param {number} value
 * @param {Code} unit
 * @param {Dataset[]} [children]
 * @returns {Dataset}
 */
export function numOf(name, value, unit, children = []) {
    return item('CONTAINS', 'NUM', name, {
        [SR.measured]: sequence({
            [SR.units]: sequence(codeItem(unit)),
            [SR.exact]: at('FD', value),
            [SR.figure]: at('DS', decimal(value)),
        }),
    }, children);
}


/** @param {number} value @returns {string} DS: 16 characters at most */
export function decimal(value) {
    for (let digits = 15; digits > 0; digits--) {
        const s = String(Number(value.toPrecision(digits)));

        if (s.length <= 16) {
            return s;
        }
    }

    return '0';
}


/**
 * @param {{instance: string, sopClass: string, frame: number,
 *          frames: number}} image
 * @param {Relation} relation
 * @param {Code | null} name
 * @returns {Dataset}
 */
export function imageOf(image, relation, name) {
    return item(relation, 'IMAGE', name, {
        [SR.references]: sequence({
            ...sopItem(image),
            ...(image.frames > 1 ? { [SR.frame]: at('IS', image.frame) } : {}),
        }),
    });
}


/** @param {Dataset} ds @returns {Code} the concept of a code sequence's item */
export function codeIn(ds) {
    return known({
        value: first(ds, SR.codeValue) || first(ds, SR.longCode),
        scheme: first(ds, SR.scheme),
        meaning: first(ds, SR.meaning),
    });
}


/** @param {Dataset} ds content item @returns {Code} its concept name */
export function nameOf(ds) {
    return codeIn(items(ds, SR.name)[0] ?? {});
}


/** @param {Dataset} ds @returns {Dataset[]} */
export function children(ds) {
    return items(ds, SR.content);
}


/**
 * All content items below one that fit, outermost first.
 * @param {Dataset} root
 * @param {(ds: Dataset) => boolean} fits
 * @param {number} most
 * @returns {Dataset[]}
 */
export function below(root, fits, most) {
    /** @type {Dataset[]} */
    const found = [];
    let level = children(root);

    for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
        found.push(...level.filter(fits));

        if (found.length >= most) {
            return found.slice(0, most);
        }

        level = level.flatMap(children);
    }

    return found;
}


/**
 * @param {Dataset} ds NUM
 * @returns {{value: number, unit: string} | null} unit: UCUM
 */
export function figureOf(ds) {
    const measured = items(ds, SR.measured)[0];
    const [value] = [...numbers(measured, SR.exact), ...numbers(measured, SR.figure)];
    const unit = items(measured, SR.units)[0];

    return value === undefined ? null
        : { value, unit: unit === undefined ? '' : first(unit, SR.codeValue) };
}


/** @param {Dataset} ds @returns {string} of TEXT, CODE, PNAME, UIDREF */
export function valueOf(ds) {
    const person = values(ds, SR.person)[0];

    return first(ds, SR.text) || first(ds, SR.uid)
        || (person === undefined ? '' : first(ds, SR.person))
        || codeIn(items(ds, SR.code)[0] ?? {}).meaning;
}
