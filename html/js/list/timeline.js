// SPDX-License-Identifier: BSD-2-Clause
//
// A patient's studies in time: which are his, where each lies on the line,
// and how far it is from the one that is looked at.

import { TAG, first } from '../dicom/dataset.js';
import { parseDate } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { spanText, text } from '../ui/text.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{ds: Dataset, uid: string, at: number | null, gap: string,
 *            isThis: boolean, doubt: string}} Entry at: 0 the oldest, 1 the
 *     newest, null without a date; doubt: why it may be another patient's
 */

const DAY = 86400000;

/** @param {Dataset} ds */
const day = (ds) => parseDate(first(ds, TAG.StudyDate));


/**
 * @param {Dataset[]} found of the same Patient ID as the server reads it
 * @param {Dataset} own the study that is looked at
 * @returns {Entry[]} newest first, without a date last
 */
export function timeline(found, own) {
    const uid = first(own, TAG.StudyInstanceUID);
    const mine = found.filter((ds) => isSamePatient(ds, own));

    if (!mine.some((ds) => first(ds, TAG.StudyInstanceUID) === uid)) {
        mine.push(own);
    }

    const times = mine.map((ds) => day(ds)?.getTime() ?? NaN)
        .filter(Number.isFinite);
    const [from, to] = [Math.min(...times), Math.max(...times)];

    return mine.map((ds) => ({
        ds,
        uid: first(ds, TAG.StudyInstanceUID),
        at: place(day(ds)?.getTime(), from, to),
        gap: gapText(day(ds), day(own)),
        isThis: first(ds, TAG.StudyInstanceUID) === uid,
        doubt: doubt(ds, own),
    })).sort((a, b) => order(b) - order(a));
}


/** @param {Entry} e @returns {number} */
function order(e) {
    const minutes = Number(first(e.ds, TAG.StudyTime).slice(0, 4)) || 0;

    return (day(e.ds)?.getTime() ?? -Infinity) + minutes;
}


/**
 * @param {number | undefined} time
 * @param {number} from
 * @param {number} to
 */
function place(time, from, to) {
    if (time === undefined) {
        return null;
    }

    return to === from ? 1 : (time - from) / (to - from);
}


/**
 * The same ID, and no other issuer of it.
 * @param {Dataset} a
 * @param {Dataset} b
 */
function isSamePatient(a, b) {
    const [one, two] = [a, b].map((ds) => first(ds, TAG.IssuerOfPatientID));

    return first(a, TAG.PatientID) === first(b, TAG.PatientID)
        && (one === '' || two === '' || one === two);
}


/** @param {Dataset} a @param {Dataset} b @returns {string} */
function doubt(a, b) {
    const differ = (/** @type {(ds: Dataset) => string} */ of) =>
        of(a) !== '' && of(b) !== '' && of(a) !== of(b);

    if (differ((ds) => first(ds, TAG.PatientBirthDate))) {
        return text('Other birth date');
    }
    if (differ((ds) => first(ds, TAG.PatientSex))) {
        return text('Other sex');
    }
    if (differ((ds) => personName(ds, TAG.PatientName).main.toLowerCase())) {
        return text('Other name');
    }

    return '';
}


/**
 * @param {Date | null} date
 * @param {Date | null} own
 * @returns {string} "3 months before"
 */
export function gapText(date, own) {
    if (date === null || own === null) {
        return '';
    }

    const days = Math.round((date.getTime() - own.getTime()) / DAY);
    const span = spanOf(Math.abs(days));

    return days === 0 ? text('Same day')
        : days < 0 ? text('{span} before', { span }) : text('{span} after', { span });
}


/** @param {number} days @returns {string} */
function spanOf(days) {
    if (days < 14) {
        return spanText(days, 'day');
    }
    if (days < 61) {
        return spanText(Math.round(days / 7), 'week');
    }

    return days < 730 ? spanText(Math.round(days / 30.44), 'month')
        : spanText(Math.round(days / 365.25), 'year');
}


/**
 * The years that are marked on the line.
 * @param {Entry[]} entries
 * @returns {{year: number, at: number}[]} at most eight
 */
export function years(entries) {
    const times = entries.map((e) => day(e.ds)?.getTime() ?? NaN)
        .filter(Number.isFinite);
    const [from, to] = [Math.min(...times), Math.max(...times)];
    const first = new Date(from).getUTCFullYear() + 1;
    const last = new Date(to).getUTCFullYear();
    const step = Math.max(1, Math.ceil((last - first + 1) / 8));
    const marks = [];

    for (let year = first; to > from && year <= last; year += step) {
        marks.push({ year, at: (Date.UTC(year, 0, 1) - from) / (to - from) });
    }

    return marks;
}
