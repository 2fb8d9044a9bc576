// SPDX-License-Identifier: BSD-2-Clause
//
// Points 49 to 52: STOW-RS, PS3.18 10.5, with test instances of a patient
// named SELFTEST.

import { first, items, number } from '../dicom/dataset.js';
import { JSON_TYPE, must, same } from './client.js';
import { joined } from './multipart.js';
import { newUid, testInstance } from './part10.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

const MARK = 'selftest-5f2d-boundary';
const TYPE = `multipart/related; type="application/dicom"; boundary=${MARK}`;

const STORED = '00081199';
const FAILED = '00081198';
const OTHERS = '0008119A';
const REASON = '00081197';


/** Instances of a new study. */
function newStudy() {
    const study = newUid();
    const series = newUid();
    let count = 0;

    return {
        study,
        next: (preamble = 0) => testInstance({ study, series, instance: newUid(),
            number: ++count, preamble }),
    };
}


/**
 * @param {Client} c
 * @param {number | number[]} status
 * @param {BodyInit} body
 * @param {string} [type]
 * @param {string} [path]
 */
function post(c, status, body, type = TYPE, path = '/studies') {
    return c.due(path, status,
        { method: 'POST', accept: JSON_TYPE, body, headers: { 'Content-Type': type } });
}


/** @param {Dataset} ds @returns {number} */
const failures = (ds) => items(ds, FAILED).length + items(ds, OTHERS).length;


/** @param {Client} c */
async function statuses(c) {
    const { study, next } = newStudy();
    const [good, bad] = [next(), next().slice(0, 500)];

    await post(c, 200, joined([good], MARK));

    const some = (await post(c, 202, joined([next(), bad], MARK))).json();

    same([items(some, STORED).length, failures(some)], [1, 1], 'stored and failed of two');
    same(failures((await post(c, 409, joined([bad], MARK))).json()), 1, 'failed of one');
    await post(c, 415, 'x', 'text/plain');
    await post(c, 400, 'x');
    same((await c.rows(`/studies/${study}/instances`)).length, 2, 'instances that are there');

    return `study ${study}`;
}


/** @param {Client} c */
async function answers(c) {
    const { study, next } = newStudy();
    const bad = next().slice(0, 500);
    const all = (await post(c, 200, joined([next()], MARK))).json();

    must(!(FAILED in all) && !(OTHERS in all), 'a list of failures where none failed');
    same(Object.keys(all).filter((t) => t.startsWith('0000')), [], 'of group 0000');
    must(first(all, '00081190').endsWith(`/studies/${study}`),
        `RetrieveURL is ${first(all, '00081190')}`);

    const [one] = items(all, STORED);

    must(one?.['00081155'] && one['00081150'], 'an item without its class and instance');

    const some = await post(c, 202, joined([next(), bad, bad], MARK));

    same(failures(some.json()), 2, 'items of failures');
    must(some.warning === '' || /^\d{3} \S+ "[^"]*"/.test(some.warning),
        `Warning is '${some.warning}'`);

    return `study ${study}`;
}


/** @param {Client} c */
async function foreign(c) {
    const [mine, other] = [newStudy(), newStudy()];
    const file = mine.next();
    const some = (await post(c, 202, joined([file, other.next()], MARK), TYPE,
        `/studies/${mine.study}`)).json();
    const reason = number(items(some, FAILED)[0], REASON) ?? 0;

    same(items(some, STORED).length, 1, 'what is stored of two');
    same(reason >> 8, 0xa9, 'the upper byte of the reason');
    same(await c.rows(`/studies/${other.study}/series`), [], 'the foreign study');
    same(items((await post(c, 200, joined([file], MARK))).json(), STORED).length, 1,
        'the same again');

    return `study ${mine.study}, reason ${reason}`;
}


/** @param {Client} c */
async function bodies(c) {
    const { study, next } = newStudy();
    const plain = TYPE.replaceAll('"', '');
    const due = (/** @type {Dataset} */ ds, /** @type {number} */ n, /** @type {string} */ what) =>
        same(items(ds, STORED).length, n, what);

    due((await post(c, 200, joined([next()], MARK),
        `${plain}; transfer-syntax=*`)).json(), 1, 'with plain parameters');
    due((await post(c, 200, joined([next()], MARK),
        TYPE.replace(MARK, `"${MARK}"`))).json(), 1, 'with a quoted boundary');
    due((await post(c, 200, joined([next(0x4d)], MARK))).json(), 1, 'with a preamble');
    due((await post(c, 202, joined([next(), new Uint8Array()], MARK))).json(), 1,
        'beside an empty part');
    due((await post(c, [200, 202], joined([next(), next().slice(0, 400)], MARK, ''))).json(), 1,
        'without the final boundary');
    must((await c.ask('/studies', { method: 'POST', accept: JSON_TYPE,
        body: joined([next()], MARK), headers: { 'Content-Type': `${TYPE}; boundary=b` } }))
        .status < 500, 'two boundaries are an error of the server');

    const [row] = await c.rows(`/studies/${study}/instances?InstanceNumber=1`);
    const { bytes } = await c.ok(`/studies/${study}/series/${first(row, '0020000E')}`
        + `/instances/${first(row, '00080018')}/frames/1`, { accept: 'application/octet-stream' });

    same([...bytes.slice(8, 12)], [13, 10, 13, 10], 'CR LF CR LF in the pixels');

    return `study ${study}; 413, 507, 100-continue: t/47-stow.t, t/26-full.t`;
}


/** @type {import('./client.js').Point[]} */
export const STORE = [
    { number: 49, title: '200, 202, 409, 400, 415', section: '10.5.3.1', stores: true, run: statuses },
    { number: 50, title: 'The answer names each failure once', section: '10.5.3', stores: true, run: answers },
    { number: 51, title: 'A foreign study fails alone; the same again', section: '10.5.1', stores: true, run: foreign },
    { number: 52, title: 'Odd bodies', section: '10.5.2', stores: true, run: bodies },
];
