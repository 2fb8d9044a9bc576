// SPDX-License-Identifier: BSD-2-Clause
//
// The study list without its page: questions, counts, status, saved
// searches, time lines, files and uploads.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changeOf } from '../../html/js/net/live.js';
import {
    amongPath, countOf, emptyQuery, fromAddress, isTyped, pressSort, searchPath,
    sorting, toAddress, toggleModality,
} from '../../html/js/list/query.js';
import {
    queryOf, readSaved, renamed, suggestName, withSearch, without, writeSaved,
} from '../../html/js/list/saved.js';
import { Statuses } from '../../html/js/net/status.js';
import { foundText, placeText } from '../../html/js/list/texts.js';
import { gapText, timeline, years } from '../../html/js/list/timeline.js';
import { walk, whyNotHead } from '../../html/js/list/upload/files.js';
import {
    bytes, counts, emptyQueue, isBusy, keyOf, makeItem, readKept, refusalOf,
    writeKept,
} from '../../html/js/list/upload/queue.js';
import { dataset } from './helper.mjs';

const NOW = new Date(2024, 2, 2, 9);


test('an address that lies about what is chosen chooses nothing', () => {
    const q = fromAddress('?when=constructor&sort=-valueOf');

    assert.equal(q.sort, '');
    assert.ok(!searchPath(q, NOW).includes('StudyDate='));
});


test('what is typed becomes a QIDO search', () => {
    const of = (/** @type {any} */ q) => {
        const path = searchPath({ ...emptyQuery(), ...q }, NOW);
        return path.slice(path.indexOf('?') + 1).split('&')
            .filter((s) => !/^(includefield|orderby)/.test(s)).join('&');
    };

    assert.equal(of({}), 'limit=50');
    assert.equal(of({ name: 'smi jo' }), 'PatientName=*smi*jo*&limit=50');
    assert.equal(of({ name: 'smi, jo' }), 'PatientName=smi*%5Ejo*&limit=50');
    assert.equal(of({ id: ' 12 ' }), 'PatientID=12*&limit=50');
    assert.equal(of({ id: '"12"' }), 'PatientID=12&limit=50');
    assert.equal(of({ accession: 'a+b' }), 'AccessionNumber=a%2Bb*&limit=50');
    assert.equal(of({ when: 'today' }), 'StudyDate=20240302-&limit=50');
    assert.equal(of({ when: 'week' }), 'StudyDate=20240225-&limit=50');
    assert.equal(of({ from: '2024-01-01' }), 'StudyDate=20240101-&limit=50');
    assert.equal(of({ to: '2024-01-01' }), 'StudyDate=-20240101&limit=50');
    assert.equal(of({ modality: 'CT,MR' }), 'ModalitiesInStudy=CT%5CMR&limit=50');
    assert.equal(of({ modality: 'CT', page: 2 }),
        'ModalitiesInStudy=CT&limit=50&offset=100');
});


test('the address keeps the search', () => {
    const q = { ...emptyQuery(), name: 'Müller & Söhne', when: 'week',
        modality: 'MR', page: 3 };

    assert.deepEqual(fromAddress(toAddress(q)), q);
    assert.equal(toAddress(emptyQuery()), '');
    assert.equal(fromAddress('?page=-5').page, 0);
    assert.equal(fromAddress('?page=x').page, 0);
    assert.equal(fromAddress('?page=3.7').page, 2);
    assert.equal(fromAddress('?page=42949672').page, 42949671, 'an offset of 31 bits');
    assert.equal(fromAddress('?page=42949673').page, 0);
    assert.equal(fromAddress('?page=Infinity').page, 0);
});


test('one of several studies, and how the server sorts them', () => {
    const q = { ...emptyQuery(), modality: 'CT' };
    const path = decodeURIComponent(amongPath(q, ['1.2', '1.3'], NOW));

    assert.match(path, /StudyInstanceUID=1\.2,1\.3&/);
    assert.match(path, /ModalitiesInStudy=CT&/);
    assert.match(path, /limit=2$/);
    assert.match(searchPath(emptyQuery(), NOW), /orderby=-StudyDate,-StudyTime&/);
    assert.match(searchPath({ ...q, when: 'today' }, NOW), /orderby=-StudyDate,-StudyTime&/);
    assert.doesNotMatch(searchPath(q, NOW), /orderby/);
    assert.match(searchPath({ ...q, sort: 'name' }, NOW), /orderby=PatientName&/);
    assert.match(searchPath({ ...q, sort: '-__proto__' }, NOW), /orderby=-StudyDate/);
});


test('a head that is pressed sorts, pressed again the other way', () => {
    let q = emptyQuery();
    const press = (/** @type {string} */ column) => {
        q = { ...q, sort: pressSort(q, column) };
        return q.sort;
    };

    assert.deepEqual(sorting(q), { column: 'date', down: true });
    assert.equal(press('date'), 'date');
    assert.equal(press('date'), '');
    assert.equal(press('name'), 'name');
    assert.equal(press('name'), '-name');
    assert.equal(press('born'), 'born');
    assert.equal(fromAddress('?sort=-name').sort, '-name');
    assert.equal(fromAddress('?sort=nonsense').sort, '');
});


test('modality chips are switched one by one', () => {
    const of = (/** @type {string} */ modality, /** @type {string} */ m) =>
        toggleModality({ ...emptyQuery(), modality }, m);

    assert.equal(of('', 'CT'), 'CT');
    assert.equal(of('CT', 'MR'), 'CT,MR');
    assert.equal(of('CT,MR', 'CT'), 'MR');
    assert.equal(of('CT,MR', ''), '');
});


test('totals are what the server says, and never a guess', () => {
    const of = (/** @type {string | null} */ w, page = 0, rows = 50) =>
        countOf(w, { ...emptyQuery(), page }, rows);
    const n = '299 host "There are 950 additional results that can be requested"';

    assert.deepEqual(of(null), { total: 50, more: false });
    assert.deepEqual(of(n), { total: 1000, more: true });
    assert.deepEqual(of(n, 1), { total: 1050, more: true });
    assert.deepEqual(of('299 host "There are additional results that can be '
        + 'requested"', 1), { total: null, more: true });
    assert.deepEqual(of(null, 3, 0), { total: null, more: false });
    assert.deepEqual(of(null, 0, 0), { total: 0, more: false });

    const found = (/** @type {number | null} */ total, more = false) =>
        ({ rows: Array(50).fill({}), total, more });

    assert.equal(foundText(found(12)), '12 studies found');
    assert.equal(foundText(found(1)), '1 study found');
    assert.equal(foundText(found(0)), 'No study found');
    assert.equal(foundText(found(null, true)), 'More than 50 studies found');
    assert.equal(placeText(1000, found(1234, true)), '1,001–1,050 of 1,234');
    assert.equal(placeText(0, found(50)), '50 studies');
    assert.equal(placeText(0, found(null, true)), '1–50 and more');
    assert.equal(placeText(50, found(null)), '51–100');
});


test('S5 a study is arriving by the server\'s clock, then complete', () => {
    const s = new Statuses();
    const change = (/** @type {number} */ age_ms) =>
        ({ study: '1.2', series: 1, instances: 4, age_ms });

    assert.equal(s.of('1.2', 0), '', 'nobody said anything');
    s.hello(30000);
    assert.equal(s.of('1.2', 0), 'complete');
    s.take(change(10000), 100000);
    assert.equal(s.of('1.2', 119999), 'arriving');
    assert.equal(s.of('1.2', 120001), 'complete');
    assert.deepEqual(s.settle(119999), []);
    assert.deepEqual(s.settle(120001), ['1.2']);
    assert.deepEqual(s.settle(120002), []);
    s.take(change(60000), 200000);
    assert.equal(s.of('1.2', 200000), 'complete', 'it was deleted from, say');
});


test('an event that is none is left aside', () => {
    assert.deepEqual(changeOf({ study: '1.2', series: 2, instances: 3, age_ms: 4 }),
        { study: '1.2', series: 2, instances: 3, age_ms: 4 });
    assert.equal(changeOf({ study: '<b>' }), null);
    assert.equal(changeOf({}), null);
    assert.equal(changeOf({ study: '1.2', age_ms: '<b>' })?.age_ms, 0);
});


/** @returns {any} a Storage */
function store(full = false) {
    const kept = new Map();

    return {
        getItem: (/** @type {string} */ k) => kept.get(k) ?? null,
        setItem: (/** @type {string} */ k, /** @type {string} */ v) => {
            if (full) {
                throw new DOMException('full', 'QuotaExceededError');
            }
            kept.set(k, v);
        },
        removeItem: (/** @type {string} */ k) => kept.delete(k),
    };
}


test('saved searches are kept, renamed and deleted', () => {
    const s = store();
    const q = { ...emptyQuery(), modality: 'CT', when: 'today', page: 3 };
    let all = withSearch([], ' My CTs ', q);

    assert.deepEqual(queryOf(all[0]), { ...q, page: 0 });
    all = withSearch(all, 'My CTs', { ...q, modality: 'MR' });
    assert.equal(all.length, 1);
    all = withSearch(all, '  ', q);
    assert.equal(all.length, 1);
    all = withSearch(all, 'Other', q);
    assert.deepEqual(renamed(all, 'Other', 'My CTs'), all, 'a name is of one');
    all = renamed(all, 'Other', 'Third');
    assert.deepEqual(all.map((x) => x.name), ['My CTs', 'Third']);
    assert.ok(writeSaved(s, all));
    assert.deepEqual(readSaved(s), all);
    assert.deepEqual(without(all, 'Third').length, 1);
    s.setItem('pacs.searches', '[{"name":1},null,{"name":"a","address":"?id=1"}]');
    assert.deepEqual(readSaved(s), [{ name: 'a', address: '?id=1' }]);
    s.setItem('pacs.searches', 'nonsense');
    assert.deepEqual(readSaved(s), []);
    assert.equal(writeSaved(store(true), all), false);
    assert.equal(suggestName(q), 'CT · today');
    assert.equal(isTyped(q), false);
    assert.equal(isTyped({ ...q, id: '7' }), true);
});


test('G17 a patient\'s studies in time', () => {
    const study = (/** @type {string} */ uid, /** @type {string} */ date, more = {}) =>
        dataset({ StudyInstanceUID: [uid], PatientID: ['P1'], StudyDate: [date],
            PatientName: [{ Alphabetic: 'Doe^Jane' }], ...more });
    const own = study('1', '20240115', { PatientBirthDate: ['19700101'] });
    const line = timeline([
        study('2', '20200115'), own, study('3', '20240115'), study('4', ''),
        study('5', '20230115', { PatientID: ['P10'] }),
        study('6', '20230115', { PatientBirthDate: ['19800101'] }),
        study('7', '20250115', { PatientName: [{ Alphabetic: 'Roe^Jane' }] }),
    ], own);

    assert.deepEqual(line.map((e) => e.uid), ['7', '1', '3', '6', '2', '4']);
    assert.deepEqual(line.map((e) => e.gap), ['12 months after', 'Same day',
        'Same day', '12 months before', '4 years before', '']);
    assert.deepEqual(line.map((e) => e.doubt), ['Other name', '', '',
        'Other birth date', '', '']);
    assert.equal(line.find((e) => e.isThis)?.uid, '1');
    assert.equal(line[0].at, 1);
    assert.equal(line[4].at, 0);
    assert.equal(line[5].at, null);
    assert.deepEqual(years(line).map((y) => y.year), [2021, 2022, 2023, 2024, 2025]);
    assert.deepEqual(timeline([], own).map((e) => e.uid), ['1'], 'at least itself');
    assert.deepEqual(years(timeline([], own)), []);

    const issued = study('8', '20240115', { IssuerOfPatientID: ['A'] });

    assert.equal(timeline([study('9', '20240115', { IssuerOfPatientID: ['B'] })],
        issued).length, 1, 'another issuer is another patient');
});


test('how far two studies are apart', () => {
    const gap = (/** @type {string} */ a, /** @type {string} */ b) =>
        gapText(new Date(a), new Date(b));

    assert.equal(gap('2024-01-01', '2024-01-02'), '1 day before');
    assert.equal(gap('2024-02-05', '2024-01-01'), '5 weeks after');
    assert.equal(gap('2024-06-01', '2024-01-01'), '5 months after');
    assert.equal(gap('2014-01-01', '2024-01-01'), '10 years before');
});


/** @param {string} cls SOP class in the file meta information */
function part10(cls) {
    const value = cls.padEnd(cls.length + cls.length % 2, '\0');
    const head = Buffer.alloc(132 + 14 + 8 + value.length);

    head.write('DICM', 128);
    head.writeUInt16LE(2, 132);
    head.writeUInt16LE(1, 134);
    head.write('OB', 136);
    head.writeUInt32LE(2, 140);
    head.writeUInt16LE(2, 146);
    head.writeUInt16LE(2, 148);
    head.write('UI', 150);
    head.writeUInt16LE(value.length, 152);
    head.write(value, 154);

    return new Uint8Array(head);
}


test('files that are no DICOM are known by their first bytes', () => {
    assert.equal(whyNotHead(part10('1.2.840.10008.5.1.4.1.1.2')), '');
    assert.match(whyNotHead(part10('1.2.840.10008.1.3.10')), /DICOMDIR/);
    assert.match(whyNotHead(new TextEncoder().encode('PK\x03\x04abc')), /ZIP/);
    assert.equal(whyNotHead(new TextEncoder().encode('hello')), 'Not a DICOM file');
    assert.equal(whyNotHead(new Uint8Array()), 'Not a DICOM file');

    // whatever is cut or lies about its lengths is the server's to refuse
    for (let n = 132; n < 182; n++) {
        assert.equal(whyNotHead(part10('1.2.840.10008.5.1.4.1.1.2').slice(0, n)), '');
    }
});


test('folders are walked to their depths, without recursion', async () => {
    const file = (/** @type {string} */ name) => ({ isDirectory: false, name,
        fullPath: `/${name}`, file: (/** @type {any} */ f) => f(new File(['x'], name)) });
    /** @type {any} */
    let deep = file('leaf');

    for (let i = 0; i < 5000; i++) {
        const inner = deep;

        deep = { isDirectory: true, name: 'd', createReader: () => {
            let n = 0;
            return { readEntries: (/** @type {any} */ f) =>
                f(n++ === 0 ? [inner] : n === 2 ? [file('side')] : []) };
        } };
    }

    const found = await walk([deep, null, new File(['y'], 'plain')]);

    assert.equal(found.length, 5002);
    assert.equal(found.at(-1)?.path, 'plain');
});


test('an upload that was cut is remembered, and forgotten at its end', () => {
    const s = store();
    const file = (/** @type {string} */ text) => new File([text], text, { lastModified: 7 });
    const none = readKept(s);
    const q = { ...emptyQueue(), items: [
        makeItem('a/1', file('1'), '', none), makeItem('a/2', file('22'), '', none),
        makeItem('a/3', file('333'), 'Not a DICOM file', none)] };

    q.items[0].state = 'stored';
    q.items[1].state = 'sending';
    q.items[1].id = '0123456789abcdef0123456789abcdef';
    q.items[1].sent = 1;
    assert.deepEqual(bytes(q), { sent: 2, total: 3 });
    assert.deepEqual({ ...counts(q) }, { waiting: 0, sending: 1, stored: 1,
        skipped: 1, failed: 0, cancelled: 0 });
    assert.ok(isBusy(q));
    writeKept(s, q);

    const kept = readKept(s);

    assert.equal(kept.total, 2);
    assert.equal(makeItem('a/1', file('1'), '', kept).state, 'stored');
    assert.equal(makeItem('a/2', file('22'), '', kept).id, q.items[1].id);
    assert.equal(makeItem('b/1', file('1'), '', kept).state, 'waiting');

    q.items[1].state = 'failed';
    writeKept(s, q);
    assert.equal(readKept(s).total, 0);
    s.setItem('pacs.upload', '{"open":{"k":"../../x"},"done":7}');
    assert.deepEqual(readKept(s).open, {});
    writeKept(store(true), { ...q, items: [{ ...q.items[1], state: 'waiting' }] });

    const keys = new Set(Array.from({ length: 20000 }, (_, i) => keyOf(`f/${i}`, i, 1)));

    assert.equal(keys.size, 20000);
});


test('why a file was refused, out of the server\'s answer', () => {
    const answer = (/** @type {number} */ code, why = '') => ({ '00081198': { Value: [{
        '00081197': { Value: [code] }, ...(why ? { '00091001': { Value: [why] } } : {}) }] } });

    assert.equal(refusalOf({ '00081199': { Value: [{}] } }), '');
    assert.equal(refusalOf(answer(0x0111, 'x')), 'It is known with other content: \u2066x\u2069');
    assert.equal(refusalOf([answer(0xc000)]), 'The server cannot read it');
    assert.equal(refusalOf({ '0008119A': { Value: [{}] } }), 'The server refused it');
    assert.equal(refusalOf(null), '');
});
