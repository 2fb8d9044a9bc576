// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Loader } from '../../html/js/net/loader.js';
import { emptyQuery, fromAddress, searchPath, toAddress } from '../../html/js/list/query.js';

const NOW = new Date(2024, 2, 2, 9);


test('what is typed becomes a QIDO search', () => {
    const of = (/** @type {any} */ q) => {
        const path = searchPath({ ...emptyQuery(), ...q }, NOW);
        return path.slice(path.indexOf('?') + 1).split('&')
            .filter((s) => !s.startsWith('includefield')).join('&');
    };

    assert.equal(of({}), 'limit=51');
    assert.equal(of({ name: 'smi jo' }), 'PatientName=*smi*jo*&limit=51');
    assert.equal(of({ name: 'smi, jo' }), 'PatientName=smi*%5Ejo*&limit=51');
    assert.equal(of({ id: ' 12 ' }), 'PatientID=12*&limit=51');
    assert.equal(of({ accession: 'a+b' }), 'AccessionNumber=a%2Bb*&limit=51');
    assert.equal(of({ when: 'today' }), 'StudyDate=20240302-&limit=51');
    assert.equal(of({ when: 'week' }), 'StudyDate=20240225-&limit=51');
    assert.equal(of({ from: '2024-01-01' }), 'StudyDate=20240101-&limit=51');
    assert.equal(of({ to: '2024-01-01' }), 'StudyDate=-20240101&limit=51');
    assert.equal(of({ modality: 'CT', page: 2 }),
        'ModalitiesInStudy=CT&limit=51&offset=100');
});


test('the address keeps the search', () => {
    const q = { ...emptyQuery(), name: 'Müller & Söhne', when: 'week',
        modality: 'MR', page: 3 };

    assert.deepEqual(fromAddress(toAddress(q)), q);
    assert.equal(toAddress(emptyQuery()), '');
    assert.equal(fromAddress('?page=-5').page, 0);
    assert.equal(fromAddress('?page=x').page, 0);
});


/** A loader whose answers the test gives. */
function bench(options = {}) {
    /** @type {{key: string, signal: AbortSignal, answer: (a: any) => void}[]} */
    const asked = [];
    /** @type {string[]} */
    const changed = [];
    const loader = new Loader({
        get: (p, signal) => new Promise((answer) => {
            asked.push({ key: p.key, signal, answer });
        }),
        decode: async () => /** @type {any} */ ({ width: 10, height: 10,
            close() {} }),
        changed: (p) => changed.push(p.key),
        ...options,
    });

    return { loader, asked, changed };
}

/** @param {string} key @returns {any} */
const picture = (key) => ({ key, soon: true, stack: '', index: key, tile: null });
const pictures = (/** @type {string} */ s) => [...s].map(picture);
const settled = () => new Promise((done) => { setImmediate(done); });
const blob = { status: 200, wait: 0, blob: { size: 100 } };


test('three under way, in order; the next when one is done', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('abcde'));
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'c']);
    asked[1].answer(blob);
    await settled();
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'c', 'd']);
    assert.ok(loader.bitmap('b'));
    assert.equal(loader.bitmap('a'), undefined);
});


test('the newest wish is asked at once: the least wanted one gives way', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('abc'));
    loader.want(pictures('xab'));
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'c', 'x']);
    assert.deepEqual(asked.map((a) => a.signal.aborted),
        [false, false, true, false]);
    // its answer, if one comes, counts for nothing
    asked[2].answer(blob);
    await settled();
    assert.equal(loader.entry('c'), undefined);
});


test('windows of the same frame do not chase each other away', async () => {
    const { loader, asked } = bench();
    const windows = [...'abcd'].map((k) => ({ ...picture(k), index: 0 }));

    windows.forEach((w) => loader.want([w]));
    assert.deepEqual(asked.map((a) => [a.key, a.signal.aborted]),
        [['a', false], ['b', false], ['c', false]]);
    asked[0].answer(blob);
    await settled();
    assert.equal(asked[3].key, 'd');
});


test('old wishes do not queue', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('abcdefgh'));
    loader.want(pictures('c'));
    asked[0].answer(blob);
    await settled();
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'c']);
});


test('a failure is kept, told, and forgiven on demand', async () => {
    const { loader, asked, changed } = bench();

    loader.want(pictures('a'));
    asked[0].answer({ status: 404, reason: 'gone', wait: 0, blob: null });
    await settled();
    assert.deepEqual(loader.entry('a'), { state: 'failed', reason: 'gone' });
    assert.deepEqual(changed, ['a']);
    loader.want(pictures('a'));
    assert.equal(asked.length, 1);
    loader.forgive();
    assert.equal(asked.length, 2);
});


test('a busy server is asked again, and not for ever', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('a'));

    for (let i = 0; i < 4; i++) {
        asked[i].answer({ status: 503, reason: 'busy', wait: 0, blob: null });
        await new Promise((done) => { setTimeout(done, 5); });
    }

    assert.equal(asked.length, 4);
    assert.deepEqual(loader.entry('a'), { state: 'failed', reason: 'busy' });
});


test('memory has an end, but what is wanted stays', async () => {
    const { loader, asked } = bench({ keepBytes: 250, keepPixels: 250, depth: 9 });

    loader.want(pictures('abcd'));
    asked.forEach((a) => a.answer(blob));
    await settled();
    assert.equal([...'abcd'].filter((k) => loader.bitmap(k)).length, 4);
    loader.want(pictures('e'));
    asked[4].answer(blob);
    await settled();
    assert.ok(loader.bitmap('e'));
    assert.ok([...'abcd'].filter((k) => loader.entry(k)).length <= 1);
    assert.ok([...'abcd'].filter((k) => loader.bitmap(k)).length <= 2);
});


test('a picture that cannot be decoded has failed', async () => {
    const { loader, asked } = bench({ decode: async () => {
        throw new Error('no picture');
    } });

    loader.want(pictures('a'));
    asked[0].answer(blob);
    await settled();
    assert.equal(loader.entry('a')?.state, 'failed');
});


test('clear leaves nothing behind', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('ab'));
    asked[0].answer(blob);
    await settled();
    loader.clear();
    asked[1].answer(blob);
    await settled();
    assert.equal(loader.entry('a'), undefined);
    assert.equal(loader.entry('b'), undefined);
    assert.equal(loader.bitmap('a'), undefined);
});
