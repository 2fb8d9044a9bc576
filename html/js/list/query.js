// SPDX-License-Identifier: BSD-2-Clause
//
// What the reader typed, as a QIDO-RS search (PS3.18 8.3.4) and as the
// address of the page, so that going back finds the list as it was left.

import { toDA } from '../dicom/dates.js';

/**
 * @typedef {Object} Query
 * @property {string} name
 * @property {string} id
 * @property {string} accession
 * @property {string} description
 * @property {string} when '' or the name of a PERIODS entry
 * @property {string} from yyyy-mm-dd, '' open
 * @property {string} to
 * @property {string} modality '' or one: QIDO-RS lists UIDs only
 * @property {number} page from 0
 */

/** Rows of a page. */
export const PAGE = 50;

/** @type {Record<string, {label: string, days: number}>} */
export const PERIODS = {
    today: { label: 'Today', days: 1 },
    yesterday: { label: '2 days', days: 2 },
    week: { label: '7 days', days: 7 },
    month: { label: '30 days', days: 30 },
};

export const MODALITIES = ['CT', 'MR', 'DX', 'CR', 'MG', 'US', 'XA', 'NM', 'PT'];

const FIELDS = ['StudyDescription', 'PatientBirthDate', 'PatientSex',
    'AccessionNumber', 'ModalitiesInStudy', 'NumberOfStudyRelatedSeries',
    'NumberOfStudyRelatedInstances'];

const TEXTS = /** @type {const} */ (['name', 'id', 'accession', 'description',
    'when', 'from', 'to', 'modality']);


/** @returns {Query} */
export function emptyQuery() {
    return { name: '', id: '', accession: '', description: '', when: '',
        from: '', to: '', modality: '', page: 0 };
}


/**
 * @param {Query} q
 * @param {Date} now
 * @returns {string} path and query below DICOMweb's root; asks for one row
 *     more than a page, to know whether there is another
 */
export function searchPath(q, now) {
    const args = new URLSearchParams();
    const add = (/** @type {string} */ key, /** @type {string} */ value) => {
        if (value !== '') {
            args.append(key, value);
        }
    };

    add('PatientName', nameKey(q.name));
    add('PatientID', startKey(q.id));
    add('AccessionNumber', startKey(q.accession));
    add('StudyDescription', anywhereKey(q.description));
    add('StudyDate', dateKey(q, now));
    add('ModalitiesInStudy', q.modality);
    add('includefield', FIELDS.join(','));
    add('limit', String(PAGE + 1));
    add('offset', q.page === 0 ? '' : String(q.page * PAGE));

    // DICOMweb servers read '+' as '+', and want ',' and '*' as they are
    return `/studies?${args.toString().replaceAll('+', '%20')
        .replaceAll('%2C', ',').replaceAll('%2A', '*')}`;
}


/**
 * "smi jo" finds SMITH^JOHN, "jo smi" does not: components come in order.
 * @param {string} typed
 * @returns {string}
 */
function nameKey(typed) {
    const [family, given] = typed.split(/[,^]/).map((s) => s.trim());

    if (given !== undefined) {
        return `${stars(family)}^${stars(given)}`;
    }

    return anywhereKey(typed);
}


/** @param {string} typed @returns {string} */
function stars(typed) {
    return `${typed.split(/\s+/).filter(Boolean).join('*')}*`;
}


/** @param {string} typed @returns {string} */
function anywhereKey(typed) {
    return typed.trim() === '' ? '' : `*${stars(typed)}`;
}


/** @param {string} typed @returns {string} */
function startKey(typed) {
    return typed.trim() === '' ? '' : `${typed.trim()}*`;
}


/**
 * @param {Query} q
 * @param {Date} now
 * @returns {string} a range of dates
 */
export function dateKey(q, now) {
    const period = PERIODS[q.when];

    if (period !== undefined) {
        const from = new Date(now);

        from.setDate(from.getDate() - period.days + 1);

        return `${toDA(from)}-`;
    }

    const [from, to] = [q.from, q.to].map((s) => s.replaceAll('-', ''));

    return from === '' && to === '' ? '' : `${from}-${to}`;
}


/** @param {Query} q @returns {string} for the page's address */
export function toAddress(q) {
    const args = new URLSearchParams();

    TEXTS.filter((k) => q[k] !== '').forEach((k) => args.set(k, q[k]));

    if (q.page > 0) {
        args.set('page', String(q.page + 1));
    }

    const text = args.toString();

    return text === '' ? '' : `?${text}`;
}


/** @param {string} search of the page's address @returns {Query} */
export function fromAddress(search) {
    const args = new URLSearchParams(search);
    const q = emptyQuery();

    TEXTS.forEach((k) => {
        q[k] = args.get(k) ?? '';
    });

    q.page = Math.max(0, Math.floor(Number(args.get('page') ?? 1)) - 1 || 0);

    return q;
}
