// SPDX-License-Identifier: BSD-2-Clause
//
// Dates, times and ages (PS3.5 6.2: DA, TM, AS, DT) for reading.  What is
// not well formed is shown as it came, never guessed.

import { dateText, spanText, text } from '../ui/text.js';

const DAY = 86400000;


/**
 * @param {string} da "20240131", or "2024.01.31" of ACR-NEMA
 * @returns {string} "31 Jan 2024"
 */
export function formatDate(da) {
    const date = parseDate(da);

    return date === null ? da : dateText(date);
}


/**
 * @param {string} tm "120103.25"
 * @returns {string} "12:01"
 */
export function formatTime(tm) {
    const m = /^(\d{2}):?(\d{2})/.exec(tm.trim());

    return m === null ? tm : `${m[1]}:${m[2]}`;
}


/**
 * @param {string} da
 * @returns {Date | null} midnight UTC; null when it is no day
 */
export function parseDate(da) {
    const m = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(da.trim());

    if (m === null) {
        return null;
    }

    const date = new Date(Date.UTC(+m[1], +m[2] - 1, +m[3]));

    return date.getUTCDate() === +m[3] ? date : null;
}


/**
 * The age on a day: years, below two years months, below two months days.
 * @param {string} birth DA
 * @param {string} day DA
 * @returns {string} "45 years", '' when not known
 */
export function age(birth, day) {
    const b = parseDate(birth);
    const d = parseDate(day);

    if (b === null || d === null || d < b) {
        return '';
    }

    const months = (d.getUTCFullYear() - b.getUTCFullYear()) * 12
        + d.getUTCMonth() - b.getUTCMonth()
        - (d.getUTCDate() < b.getUTCDate() ? 1 : 0);

    if (months >= 24) {
        return spanText(Math.floor(months / 12), 'year');
    }

    return months >= 2
        ? spanText(months, 'month')
        : spanText(Math.round((d.getTime() - b.getTime()) / 86400000), 'day');
}


/** Of AS. @type {Record<string, 'day' | 'week' | 'month' | 'year'>} */
const UNITS = { D: 'day', W: 'week', M: 'month', Y: 'year' };


/**
 * @param {string} as "045Y"
 * @returns {string} "45 years"
 */
export function formatAge(as) {
    const m = /^(\d{3})([DWMY])$/.exec(as.trim());

    return m === null ? as : spanText(+m[1], UNITS[m[2]]);
}


/**
 * @param {Date} date local
 * @returns {string} DA
 */
export function toDA(date) {
    const two = (/** @type {number} */ n) => String(n).padStart(2, '0');

    return String(date.getFullYear()).padStart(4, '0')
        + two(date.getMonth() + 1) + two(date.getDate());
}


/**
 * How much earlier a day is: by years and months, below two months by days.
 * @param {string} date DA
 * @param {string} before DA
 * @returns {string} '' when not known
 */
export function earlier(date, before) {
    const a = parseDate(before);
    const b = parseDate(date);

    if (a === null || b === null) {
        return '';
    }

    const [from, to] = a < b ? [a, b] : [b, a];
    const months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12
        + to.getUTCMonth() - from.getUTCMonth()
        - (to.getUTCDate() < from.getUTCDate() ? 1 : 0);
    const days = Math.round((to.getTime() - from.getTime()) / DAY);
    const span = (months < 2 ? [spanText(days, 'day')]
        : [months < 12 ? '' : spanText(Math.floor(months / 12), 'year'),
            months % 12 === 0 ? '' : spanText(months % 12, 'month')])
        .filter(Boolean).join(' ');

    return days === 0 ? text('same day')
        : a < b ? text('{span} earlier', { span }) : text('{span} later', { span });
}
