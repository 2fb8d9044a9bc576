// SPDX-License-Identifier: BSD-2-Clause
//
// The display check without its page: the tap test, the pattern, what is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
    GROUNDS, NEEDED, STEPS, answered, isDone, isPassed, leastSeen, newTest, sectorAt,
} from '../../html/js/display/contrast.js';
import { HIGH, LOW, STEPS as GREYS, pattern } from '../../html/js/display/pattern.js';
import {
    KEY, VALID, dayOf, expiryOf, readCheck, stateOf, stateText, writeCheck,
} from '../../html/js/display/record.js';

/** Answers all discs: those that `sees` are found. */
function run(/** @type {(t: any) => boolean} */ sees) {
    let t = newTest(Math.random);

    while (!isDone(t)) {
        const trial = t.trials[t.at];

        t = answered(t, sees(trial) ? trial.sector : (trial.sector + 1) % 9);
    }

    return t;
}


test('nine discs, three on each ground, a few steps from it, anywhere', () => {
    const { trials } = newTest(Math.random);

    assert.equal(trials.length, 9);

    for (const t of trials) {
        assert.equal(Math.abs(t.value - GROUNDS[t.ground]), t.step);
        assert.ok(t.step >= 2 && t.step <= 5);
    }

    const places = new Set(Array.from({ length: 60 }, () => newTest(Math.random).trials[0].sector));
    assert.ok(places.size > 5, 'not always at the same place');

    for (const edge of [0, .999999]) {
        const t = newTest(() => edge).trials[0];
        assert.equal(t.sector, edge === 0 ? 0 : 8);
        assert.ok(t.x > .2 && t.x < .8 && t.y > .2 && t.y < .8, 'whole within its sector');
    }
});


test('all that is needed is seen: passed; one of them not: not', () => {
    assert.ok(isPassed(run(() => true)));
    assert.ok(isPassed(run((t) => t.step >= NEEDED)));
    assert.ok(!isPassed(run((t) => t.step > NEEDED)));
    assert.ok(!isPassed(run((t) => t.ground !== 'dark' || t.step > NEEDED)));
    assert.ok(!isPassed(run(() => false)));
    assert.ok(!isPassed(newTest(Math.random)), 'nor before its end');
    assert.ok(!isPassed(answered(newTest(Math.random), -1)));
});


test('the least step that was seen', () => {
    assert.equal(leastSeen(run(() => true), 'light'), STEPS.at(-1));
    assert.equal(leastSeen(run((t) => t.step > 3), 'light'), 5);
    assert.equal(leastSeen(run((t) => t.step === 2), 'light'), 0, 'a guess does not count');
});


test('a sector of each point of the field', () => {
    assert.equal(sectorAt(0, 0), 0);
    assert.equal(sectorAt(.5, .1), 1);
    assert.equal(sectorAt(.1, .5), 3);
    assert.equal(sectorAt(1, 1), 8);
    assert.equal(sectorAt(-.1, 1.2), 6);
});


test('a check holds 30 days', () => {
    const time = new Date(2026, 10, 22, 23, 30).getTime();
    const check = { time, passed: true };

    assert.equal(dayOf(time), 'Nov 22, 2026');
    assert.equal(expiryOf(check), 'Dec 22, 2026');
    assert.equal(stateText(null, time), 'Display not checked');
    assert.equal(stateText(check, time), 'Display checked Nov 22, 2026');
    assert.equal(stateOf(check, time + VALID), 'passed');
    assert.equal(stateOf(check, time + VALID + 1), 'expired');
    assert.equal(stateOf({ time, passed: false }, time), 'failed');
    assert.equal(stateOf({ time: time + 2 * 86_400_000, passed: true }, time), 'none',
        'none of the future');
});


test('what is kept is read back; what is no check is none', () => {
    /** @type {Map<string, string>} */
    const kept = new Map();
    const store = {
        getItem: (/** @type {string} */ k) => kept.get(k) ?? null,
        setItem: (/** @type {string} */ k, /** @type {string} */ v) => { kept.set(k, v); },
        removeItem: (/** @type {string} */ k) => { kept.delete(k); },
    };

    assert.equal(readCheck(store), null);
    writeCheck(store, { time: 5, passed: true });
    assert.deepEqual(readCheck(store), { time: 5, passed: true });

    for (const lie of ['', '{', 'null', '7', '{"time":"x","passed":true}',
        '{"time":1e99,"passed":true}', '{"time":null,"passed":true}',
        '{"time":5,"passed":1}'])
    {
        kept.set(KEY, lie);
        assert.equal(readCheck(store), null, lie);
    }
});


test('the pattern has its parts, in whole pixels, within the picture', () => {
    for (const [width, height] of [[1200, 900], [333, 250], [2560, 1440]]) {
        const rects = pattern(width, height);
        const values = new Set(rects.map((r) => r.v));

        for (const r of rects) {
            assert.ok([r.x, r.y, r.w, r.h].every(Number.isInteger), JSON.stringify(r));
            assert.ok(r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0
                && r.x + r.w <= width && r.y + r.h <= height, JSON.stringify(r));
        }

        for (let i = 0; i < GREYS; i++) {
            assert.ok(values.has(Math.round(i * 255 / (GREYS - 1))));
        }

        const steps = rects.filter((r) => r.y === rects[5].y && r.h === rects[5].h);

        assert.equal(steps.length, GREYS);
        assert.ok(steps.every((r, i) => i === 0 || steps[i - 1].x + steps[i - 1].w === r.x),
            'no ground between two steps');

        const inside = (/** @type {number} */ v, /** @type {number} */ around) => {
            const inner = rects.find((r) => r.v === v && Math.abs(r.w - r.h) < 2 && r.w > 8 && r.y > rects[5].y);
            return inner !== undefined && rects.some((o) => o.v === around && o.w > inner.w
                && o.x < inner.x && o.y < inner.y && o.x + o.w > inner.x + inner.w);
        };

        assert.ok(inside(LOW, 0), '5 % in black');
        assert.ok(inside(HIGH, 255), '95 % in white');
        assert.ok(rects.filter((r) => r.w === 1 && r.h > 8).length > 10, 'lines of a pixel');
    }
});
