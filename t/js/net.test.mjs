// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { depthOf, metered, newMeter, rateOf, timeOf, waitOf } from '../../html/js/net/meter.js';
import { drained } from '../../html/js/net/drain.js';
import { Loader } from '../../html/js/net/loader.js';

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
const picture = (key) => ({ key, soon: true, stack: '', tile: null, better: null,
    index: key.charCodeAt(0) });
const pictures = (/** @type {string} */ s) => [...s].map(picture);
const settled = () => new Promise((done) => { setImmediate(done); });

/** @param {() => boolean} condition that comes true, or the test hangs */
async function until(condition) {
    while (!condition()) {
        await new Promise((done) => { setTimeout(done, 1); });
    }
}

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


test('S5 what failed is asked of the net again, past what the browser keeps', async () => {
    /** @type {boolean[]} */
    const again = [];
    const { loader, asked } = bench({
        get: (p, signal, use, isAgain) => new Promise((answer) => {
            again.push(isAgain);
            asked.push({ key: p.key, signal, answer });
        }),
        decode: async () => {
            if (asked.length < 2) {
                throw new Error('no picture');
            }

            return { width: 10, height: 10, close() {} };
        },
    });

    loader.want(pictures('a'));
    asked[0].answer(blob);
    await settled();
    assert.equal(loader.entry('a').state, 'failed');
    loader.forgive();
    asked[1].answer(blob);
    await settled();
    assert.ok(loader.bitmap('a'));
    loader.clear();
    loader.want(pictures('a'));
    assert.deepEqual(again, [false, true, false]);
});


test('the newest wish is asked at once: what is far away gives way', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('abc'));
    loader.want(pictures('x'));
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'c', 'x']);
    assert.deepEqual(asked.map((a) => a.signal.aborted),
        [true, true, true, false]);
    // its answer, if one comes, counts for nothing
    asked[0].answer(blob);
    await settled();
    assert.equal(loader.entry('a'), undefined);
});


test('neighbours in the window that was left give way', async () => {
    const { loader, asked } = bench();
    const old = { center: 1, width: 2 };

    loader.want(pictures('abc').map((p) => ({ ...p, asked: old })));
    loader.want([{ ...picture('A'), index: picture('a').index,
        asked: { center: 3, width: 4 } }]);
    assert.deepEqual(asked.map((a) => [a.key, a.signal.aborted]),
        [['a', false], ['b', true], ['c', true], ['A', false]]);
});


test('a steady scroll on a slow net does not starve', async () => {
    const { loader, asked, changed } = bench();

    // the wish moves on with each step; an answer comes every other step
    for (let i = 0; i < 20; i++) {
        loader.want(pictures(String.fromCharCode(97 + i, 98 + i, 99 + i)));

        if (i % 2 === 1) {
            asked.find((a) => !a.signal.aborted && !changed.includes(a.key))
                ?.answer(blob);
            await settled();
        }
    }

    assert.equal(asked.filter((a) => a.signal.aborted).length, 0);
    assert.equal(new Set(changed).size, 10);
});


test('a preview is not asked for when the final picture is here', async () => {
    const { loader, asked } = bench();

    loader.want(pictures('f'));
    asked[0].answer(blob);
    await settled();
    loader.want([{ ...picture('p'), better: picture('f') }]);
    assert.equal(asked.length, 1);
    loader.want([{ ...picture('p'), better: picture('g') }]);
    assert.equal(asked[1].key, 'p');
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


test('a busy server is asked again, and not for ever', { timeout: 9000 }, async () => {
    const { loader, asked } = bench();

    loader.want(pictures('a'));

    for (let i = 0; i < 4; i++) {
        await until(() => asked.length > i);
        asked[i].answer({ status: 503, reason: 'busy', wait: 0, blob: null });
    }

    await until(() => loader.entry('a') !== undefined);
    assert.equal(asked.length, 4);
    assert.deepEqual(loader.entry('a'), { state: 'failed', reason: 'busy' });
});


test('memory has an end, but what is wanted stays', async () => {
    const { loader, asked } = bench({ keepBytes: 250, keepPixels: 250, depth: () => 9 });

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


test('L3 depth: the least that makes the most of the net', () => {
    const net = (/** @type {number} */ wait, /** @type {number} */ rate,
        /** @type {number} */ bytes) =>
        Array.from({ length: 5 }, (_, i) => ({ sent: i * 100, begun: i * 100 + wait,
            ended: i * 100 + wait + bytes / rate, bytes }))
            .reduce(metered, newMeter());

    // checklist C: RTT 60 ms, 5 Mbit/s, T 5 ms, 18 kB: three
    assert.equal(depthOf(net(65, 625, 18000)), 3);
    assert.equal(depthOf(net(10, 3750, 60000)), 1);
    assert.equal(depthOf(net(200, 125, 18000)), 2);
    assert.equal(depthOf(newMeter()), 3);
    assert.equal(Math.round(rateOf(net(65, 625, 18000))), 625);
    assert.equal(waitOf(net(65, 625, 18000)), 65);
    assert.equal(Math.round(timeOf(net(65, 625, 18000), 62500)), 165);
});


test('bytes that come together share the net', () => {
    // three at once, a third of it each
    const m = [0, 1, 2].reduce((m) => metered(m,
        { sent: 0, begun: 60, ended: 150, bytes: 18750 }), newMeter());

    assert.equal(rateOf(m), 625);
    assert.equal(rateOf(metered(newMeter(), { sent: 0, begun: 1, ended: 1.5, bytes: 9e4 })),
        Infinity);
});


test('L6 at rest what is not wanted any more goes at once', () => {
    const { loader, asked } = bench();

    loader.want(pictures('abc'));
    loader.want([{ ...picture('A'), index: picture('a').index }], { isMoving: false });
    assert.deepEqual(asked.map((a) => a.signal.aborted), [true, true, true, false]);
});


test('the far ones come when nothing else is missing, and memory has room', async () => {
    const { loader, asked } = bench({ keepBytes: 400 });
    const far = pictures('vwxyz');

    loader.want(pictures('ab'), { far });
    assert.deepEqual(asked.map((a) => a.key), ['a', 'b', 'v']);
    loader.want(pictures('ab'), { far, isMoving: false });
    assert.equal(asked[2].signal.aborted, false);
    assert.ok(loader.hasSpace());
    assert.ok(!loader.hasSpace(1e9));
    for (let i = 0; i < asked.length; i++) {
        asked[i].answer(blob);
        await settled();
    }
    assert.deepEqual(asked.map((a) => a.key).join(''), 'abvwxy');
    assert.ok(!loader.hasSpace());
    loader.want(pictures('c'));
    assert.equal(asked.at(-1)?.key, 'c');
});


test('a server that is gone is asked again, by one, and nothing has failed', async () => {
    /** @type {boolean[]} */
    const gone = [];
    const { loader, asked } = bench({ gone: (/** @type {boolean} */ g) => gone.push(g) });

    loader.want(pictures('abc'));
    asked.forEach((a) => a.answer({ status: 0, reason: '', wait: 0, blob: null }));
    await settled();
    assert.deepEqual(gone, [true]);
    assert.equal(loader.entry('a'), undefined);
    loader.want(pictures('abc'));
    assert.equal(asked.length, 3);
    loader.retry();
    assert.equal(asked.length, 4);
    asked[3].answer(blob);
    await settled();
    assert.deepEqual(gone, [true, false]);
    assert.equal(asked.length, 6);
});


test('what is on the screen has priority', async () => {
    /** @type {string[]} */
    const uses = [];
    const loader = new Loader({
        get: (p, signal, use) => { uses.push(use); return new Promise(() => {}); },
        decode: async () => /** @type {any} */ ({}), changed() {}, depth: () => 4,
    });

    loader.want(pictures('abc'), { urgent: 2, far: pictures('z') });
    assert.deepEqual(uses, ['seen', 'seen', 'near', 'far']);
});


test('at rest what is looked at has the net for itself', async () => {
    const { loader, asked } = bench();
    const keys = () => asked.map((a) => a.key).join('');

    loader.want(pictures('abc'), { isMoving: false, far: pictures('z') });
    assert.equal(keys(), 'a');
    asked[0].answer(blob);
    await settled();
    assert.equal(keys(), 'abcz');
});


test('a picture that takes long does not keep the one that is looked at', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });

    const { loader, asked } = bench({ depth: () => 1 });
    const keys = () => asked.map((a) => a.key).join('');

    loader.want(pictures('ab'));
    asked[0].answer(blob);
    await settled();
    loader.want(pictures('cb'), { far: pictures('z') });
    assert.equal(keys(), 'ab');
    t.mock.timers.tick(2000);
    assert.equal(keys(), 'abc');
    asked[2].answer(blob);
    await settled();
    assert.equal(keys(), 'abc');
    assert.equal(asked[1].signal.aborted, false);
});


test('L9 what the browser keeps is read again when it is needed, and only then', async () => {
    const { loader, asked } = bench({ keepBytes: 250, keepPixels: 100, depth: () => 1 });
    const kept = (/** @type {string} */ keys) => pictures(keys).map((p) => ({ ...p, kept: true }));
    const far = kept('xyz').map((p) => ({ ...p, soon: false }));
    const next = async () => {
        const { key, answer } = /** @type {any} */ (asked.at(-1));

        answer(key > 'w' && loader.entry(key) === undefined
            ? { status: 200, blob: null, bytes: 100, wait: 0 } : blob);
        await settled();
        return key;
    };

    loader.want([], { far });
    for (const key of 'xyz') {
        assert.equal(await next(), key);
    }
    assert.deepEqual(loader.entry('x'), { state: 'here', bytes: 100 });
    assert.equal(loader.bitmap('x'), undefined);
    assert.equal(asked.length, 3);

    // several at once: they come from near
    loader.want(kept('xy'), { far });
    assert.deepEqual(asked.slice(3).map((a) => a.key), ['x', 'y']);
    asked.slice(3).forEach((a) => a.answer(blob));
    await settled();
    assert.ok(loader.bitmap('x') && loader.bitmap('y'));

    loader.want(kept('abcd'));
    for (const key of 'abcd') {
        assert.equal(await next(), key);
    }
    assert.equal(loader.bitmap('x'), undefined);
    assert.equal(loader.entry('x')?.state, 'here');
});


test('what is here already serves until the better one comes', async () => {
    const { loader, asked } = bench();
    const [quick] = pictures('q');

    loader.want([{ ...quick, soon: false }]);
    asked[0].answer(blob);
    await settled();
    assert.equal(loader.bitmap('q'), undefined);
    loader.want(pictures('a'), { instead: pictures('qr') });
    await settled();
    assert.ok(loader.bitmap('q'));
    assert.deepEqual(asked.map((a) => a.key), ['q', 'a']);
});


test('L9 what the browser keeps is read to its end, one answer after the other', async () => {
    const body = () => new Response(new Blob([new Uint8Array(150000)]));

    assert.deepEqual(await Promise.all([body(), body()].map(drained)), [150000, 150000]);
    assert.equal(await drained(body()), 150000);
    assert.equal(await drained(new Response(null)), 0);
    await assert.rejects(drained(new Response(new ReadableStream({
        type: 'bytes', pull(c) { c.error(new Error('broke off')); } }))), /broke off/);
});


test('L9 a browser without readers of bytes reads it at once', async () => {
    assert.equal(await drained(new Response(new ReadableStream({
        start(c) { c.enqueue(new Uint8Array(70)); c.close(); } }))), 70);
});
