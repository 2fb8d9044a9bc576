// SPDX-License-Identifier: BSD-2-Clause
//
// What the reader typed, as a QIDO-RS search (PS3.18 8.3.4) and as the
// address of the page, so that going back finds the list as it was left.

import { entryFor } from '../dicom/dataset.js';
import { toDA } from '../dicom/dates.js';
import { text } from '../ui/text.js';

/**
 * @typedef {Object} Query
 * @property {string} name
 * @property {string} id
 * @property {string} accession
 * @property {string} description
 * @property {string} when '' or the name of a PERIODS entry
 * @property {string} from yyyy-mm-dd, '' open
 * @property {string} to
 * @property {string} modality some of MODALITIES by commas: any of them
 * @property {string} sort '' or a name of SORTS, with '-': downwards
 * @property {string} studies UIDs by commas: only of these; not in the address
 * @property {number} page from 0
 */

/** Rows of a page. */
export const PAGE = 50;

/** The server counts studies in 32 bits. */
const MOST_PAGES = Math.floor(2 ** 31 / PAGE);

/** @type {Record<string, {label: string, days: number}>} */
export const PERIODS = {
    today: { label: text('Today'), days: 1 },
    yesterday: { label: text('{n} day|{n} days', { n: 2 }), days: 2 },
    week: { label: text('{n} day|{n} days', { n: 7 }), days: 7 },
    month: { label: text('{n} day|{n} days', { n: 30 }), days: 30 },
};

export const MODALITIES = ['CT', 'MR', 'DX', 'CR', 'MG', 'US', 'XA', 'NM', 'PT'];

const FIELDS = ['StudyDescription', 'PatientBirthDate', 'PatientSex',
    'AccessionNumber', 'ModalitiesInStudy', 'NumberOfStudyRelatedSeries',
    'NumberOfStudyRelatedInstances'];

/** @type {Record<string, {keys: string[], down: boolean}>} by which the server
 * can sort; down: what is pressed first */
export const SORTS = {
    name: { keys: ['PatientName'], down: false },
    id: { keys: ['PatientID'], down: false },
    born: { keys: ['PatientBirthDate'], down: false },
    date: { keys: ['StudyDate', 'StudyTime'], down: true },
    accession: { keys: ['AccessionNumber'], down: false },
};

/** The newest first. */
const BY_DATE = '-date';

const TEXTS = /** @type {const} */ (['name', 'id', 'accession', 'description',
    'when', 'from', 'to', 'modality', 'sort']);

/** What is typed; the other fields are chips. */
const TYPED = /** @type {const} */ (['name', 'id', 'accession', 'description',
    'from', 'to']);


/** @returns {Query} */
export function emptyQuery() {
    return { name: '', id: '', accession: '', description: '', when: '',
        from: '', to: '', modality: '', sort: '', studies: '', page: 0 };
}


/** @param {Query} q @returns {boolean} whether something is typed */
export function isTyped(q) {
    return TYPED.some((k) => q[k] !== '') || q.studies !== '';
}


/**
 * @param {Query} q
 * @param {string} m one of MODALITIES, or '' for all
 * @returns {string} the chips after m is pressed
 */
export function toggleModality(q, m) {
    const on = q.modality === '' ? [] : q.modality.split(',');

    return m === '' ? '' : (on.includes(m) ? on.filter((x) => x !== m)
        : [...on, m]).join(',');
}


/**
 * @param {Query} q
 * @returns {{column: string, down: boolean}} by what the rows are sorted
 */
export function sorting(q) {
    const sort = q.sort || BY_DATE;

    return { column: sort.replace('-', ''), down: sort.startsWith('-') };
}


/**
 * @param {Query} q
 * @param {string} column of SORTS
 * @returns {string} the sort after the column's head is pressed
 */
export function pressSort(q, column) {
    const now = sorting(q);
    const down = now.column === column ? !now.down : SORTS[column].down;
    const sort = (down ? '-' : '') + column;

    return sort === BY_DATE ? '' : sort;
}


/**
 * @param {Query} q
 * @param {Date} now
 * @returns {string} path and query below DICOMweb's root
 */
export function searchPath(q, now) {
    return path(q, now, {
        orderby: orderKey(q),
        limit: String(PAGE),
        offset: q.page === 0 ? '' : String(q.page * PAGE),
    });
}


/**
 * Which of some studies match.
 * @param {Query} q
 * @param {string[]} uids
 * @param {Date} now
 * @returns {string} path and query below DICOMweb's root
 */
export function amongPath(q, uids, now) {
    return path({ ...q, studies: uids.join(',') }, now,
        { limit: String(uids.length) });
}


/**
 * @param {Query} q
 * @param {Date} now
 * @param {Record<string, string>} more
 */
function path(q, now, more) {
    const args = new URLSearchParams();
    const add = (/** @type {string} */ key, /** @type {string} */ value) => {
        if (value !== '') {
            args.append(key, value);
        }
    };

    add('StudyInstanceUID', q.studies);
    add('PatientName', nameKey(q.name));
    add('PatientID', startKey(q.id));
    add('AccessionNumber', startKey(q.accession));
    add('StudyDescription', anywhereKey(q.description));
    add('StudyDate', dateKey(q, now));
    add('ModalitiesInStudy', q.modality.replaceAll(',', '\\'));
    add('includefield', FIELDS.join(','));
    Object.entries(more).forEach(([key, value]) => add(key, value));

    // DICOMweb servers read '+' as '+', and want ',' and '*' as they are
    return `/studies?${args.toString().replaceAll('+', '%20')
        .replaceAll('%2C', ',').replaceAll('%2A', '*')}`;
}


/**
 * By date and time, but where the server finds by itself in the order of
 * dates, which is faster in a large archive.
 * @param {Query} q
 */
function orderKey(q) {
    const { column, down } = sorting(q);
    const isFound = (q.name !== '' || q.modality !== '')
        && q.when === '' && q.from === '';

    if (q.sort === '' && isFound) {
        return '';
    }

    return (SORTS[column]?.keys ?? SORTS.date.keys)
        .map((k) => (down ? '-' : '') + k).join(',');
}


/**
 * How many there are: the server says how many are left (PS3.18 8.3.4.4),
 * or only that some are.
 * @param {string | null} warning the header
 * @param {Query} q
 * @param {number} rows of this page
 * @returns {{total: number | null, more: boolean}} total null: not known
 */
export function countOf(warning, q, rows) {
    const m = /There are (?:(\d+) )?additional results/.exec(warning ?? '');
    const upTo = q.page * PAGE + rows;

    if (m === null) {
        // nothing at all on a later page says nothing of the pages before
        return { total: rows === 0 && q.page > 0 ? null : upTo, more: false };
    }

    return { total: m[1] === undefined ? null : upTo + Number(m[1]), more: true };
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


/**
 * 12 finds 123, too; "12" only itself.
 * @param {string} typed
 * @returns {string}
 */
function startKey(typed) {
    const exact = /^"(.+)"$/.exec(typed.trim());

    return typed.trim() === '' ? '' : exact === null ? `${typed.trim()}*` : exact[1];
}


/**
 * @param {Query} q
 * @param {Date} now
 * @returns {string} a range of dates
 */
function dateKey(q, now) {
    const period = entryFor(PERIODS, q.when);

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

    q.sort = entryFor(SORTS, q.sort.replace('-', '')) ? q.sort : '';

    const page = Math.floor(Number(args.get('page') ?? 1)) - 1;

    q.page = page > 0 && page < MOST_PAGES ? page : 0;

    return q;
}
