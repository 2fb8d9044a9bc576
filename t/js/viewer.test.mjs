// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TAG } from '../../html/js/dicom/dataset.js';
import { renderedUrl } from '../../html/js/net/urls.js';
import { asWished } from '../../html/js/viewer/address.js';
import { behind, withCounts } from '../../html/js/viewer/arriving.js';
import { arrived, chosen } from '../../html/js/viewer/choose.js';
import { stateOf } from '../../html/js/viewer/badge.js';
import { awaited, tick } from '../../html/js/viewer/cine.js';
import { commandNamed, commandOfKey, commands } from '../../html/js/viewer/commands.js';
import { mismatch } from '../../html/js/viewer/identity.js';
import { compositorMap, sourceOf } from '../../html/js/viewer/picture.js';
import { presets } from '../../html/js/math/window.js';
import { metered, newMeter } from '../../html/js/net/meter.js';
import { ceilingOf, movingStage, restOf } from '../../html/js/viewer/ladder.js';
import { neighbours, plan, tilePictures, wishes } from '../../html/js/viewer/plan.js';
import { folded } from '../../html/js/viewer/output/sheet.js';
import { prefetched } from '../../html/js/viewer/prefetch.js';
import {
    activePort, initialPage, nextAnnotation, seenPorts, selected, toggledAlone,
    withLayout, withPort,
} from '../../html/js/viewer/page.js';
import { openingIn } from '../../html/js/viewer/series.js';
import {
    MARK, initial, reset, scrolledTo, startWindow, withStack, withWindow,
} from '../../html/js/viewer/state.js';
import { corners, whoText } from '../../html/js/viewer/text.js';
import { toolNamed } from '../../html/js/viewer/tools/tool.js';
import { dataset, viewport } from './helper.mjs';

const ROOT = '/dicom-web';
const LARGE = { Rows: [2500], Columns: [3000], Modality: ['DX'] };

/** @param {string[]} ready @param {string[]} [failed] keys */
const look = (ready, failed = []) => ({
    ready: (/** @type {string} */ k) => ready.includes(k),
    failed: (/** @type {string} */ k) => failed.includes(k) ? 'too large' : null,
    bytes: () => 1000,
});

/** @param {any} s @param {string} [tool] */
const wanted = (s, tool) => wishes([plan(s, ROOT, tool)]).wanted;

/** @param {any} s @param {any} p shows it */
const showing = (s, p) => chosen(s, p, look([p.base.key]));


test('URLs of pictures', () => {
    const a = { study: '1', series: '1.2', instance: '1.2.3', frame: 4 };
    const tile = { sx: 512, sy: 0, sw: 100, sh: 200, vw: 100, vh: 200 };

    assert.equal(renderedUrl(ROOT, a, {}),
        '/dicom-web/studies/1/series/1.2/instances/1.2.3/frames/4/rendered');
    assert.equal(renderedUrl(ROOT, a, { tile, quality: 90, voi: 'linear-exact',
        window: { center: -600.5, width: 1500 } }).split('?')[1],
    'viewport=100,200,512,0,100,200&window=-600.5,1500,linear-exact&quality=90');
    assert.ok(!renderedUrl(ROOT, { ...a, study: '../x' }, {}).includes('../'));
});


test('the picture that is seen comes first, then in the way of the scroll', () => {
    const s = scrolledTo(viewport(120), 50);
    const p = plan(s, ROOT);

    const all = wanted(s);

    assert.equal(all[0].key, p.base.key);
    assert.equal(p.base.index, 50);
    assert.deepEqual(neighbours(s).slice(0, 6), [51, 52, 53, 49, 54, 55]);
    assert.deepEqual(neighbours(scrolledTo(s, 49)).slice(0, 4), [48, 47, 46, 50]);
    assert.equal(new Set(all.map((x) => x.key)).size, all.length);
    assert.ok(all.every((x) => x.index >= 0 && x.index < 120));
    assert.equal(plan(initial(), ROOT), null);
});


test('the header’s window is the server’s own: no window in the URL', () => {
    const s = viewport(1);

    assert.ok(!plan(s, ROOT).base.url.includes('window='));
    assert.deepEqual(plan(s, ROOT).base.window.center, 40);
    assert.ok(plan(withWindow(s, { center: 1, width: 2 }), ROOT).base.url
        .includes('window=1,2,linear'));
});


test('colour has no window', () => {
    const s = viewport(1, { SamplesPerPixel: [3], PhotometricInterpretation: ['RGB'] });

    assert.equal(startWindow(s), null);
    assert.equal(withWindow(s, { center: 1, width: 2 }), s);
    assert.equal(plan(s, ROOT).base.window, null);
});


test('while things move on a slow net, previews come', () => {
    const s = { ...viewport(9), busy: 'scroll', pace: 'preview' };

    assert.equal(wanted(s)[0].stage, 'preview');
    assert.equal(wanted({ ...s, pace: 'final' })[0].stage, 'final');
    assert.match(wanted({ ...s, pace: 'half' })[0].url, /quality=40/);
    // and what a wider window is previewed from
    assert.equal(wanted({ ...s, busy: 'window' }).length, 2);
});


test('a large image comes as large as it is seen, and as tiles beyond', () => {
    const s = viewport(1, LARGE);

    assert.ok(plan(s, ROOT).base.url.includes('viewport=1024,1024'));
    assert.deepEqual(plan(s, ROOT).tiles, []);

    const native = commandNamed('native').change(s);
    const p = plan(native, ROOT);

    assert.equal(p.base.url, plan(s, ROOT).base.url);
    assert.ok(p.tiles.length >= 4 && p.tiles.length <= 12);
    assert.ok(p.tiles.every((t) => t.tile.sw === t.tile.vw));
    assert.deepEqual(p.now.slice(0, 2), [p.base, p.tiles[0]]);
    assert.ok(tilePictures(native, ROOT, null, 1).length < p.tiles.length);
});


test('small images come whole', () => {
    const s = commandNamed('native').change(viewport(1));

    assert.deepEqual(plan(s, ROOT).tiles, []);
    assert.ok(!plan(s, ROOT).base.url.includes('viewport'));
});


test('breast images come without loss', () => {
    const p = plan(viewport(1, { ...LARGE, Modality: ['MG'] }), ROOT);

    assert.equal(p.base.accept, 'image/png');
    assert.equal(p.base.kind, 'lossless');
    assert.ok(!p.base.url.includes('quality'));
    assert.equal(p.quicker[0].accept, 'image/jpeg');
});


test('H10 the ladder: quality 90 at rest, then without loss, if the net allows', () => {
    const s = viewport(9);
    const shown = showing(s, plan(s, ROOT));
    const slow = [0, 1].reduce((m, i) => metered(m,
        { sent: i * 999, begun: i * 999 + 200, ended: i * 999 + 600, bytes: 40e3 }), newMeter());
    const kinds = (/** @type {any} */ s, /** @type {any} */ m) =>
        plan(s, ROOT, '', m).now.map((p) => p.kind);

    assert.deepEqual(kinds(s, newMeter()), ['JPEG 90']);
    assert.deepEqual(kinds(shown, newMeter()), ['JPEG 90', 'lossless']);
    assert.deepEqual(kinds({ ...shown, busy: 'scroll' }, newMeter()), ['JPEG 90']);
    assert.deepEqual(kinds({ ...shown, playing: true }, newMeter()), ['JPEG 90']);

    // CT: 15:1 at most, whatever the net
    const at = (/** @type {number} */ ratio) => ({ ...shown,
        shown: { ...shown.shown, bytes: shown.stack.frames[0].bytes / ratio } });

    assert.deepEqual(kinds(at(14), slow), ['JPEG 90']);
    assert.deepEqual(kinds(at(16), slow), ['JPEG 90', 'lossless']);

    const exact = plan(shown, ROOT).exact[0];
    const better = chosen(shown, plan(shown, ROOT), look([...[plan(s, ROOT).base, exact]
        .map((p) => p.key)]));

    assert.equal(shown.grade, 'lossy');
    assert.equal(better.shown.kind, 'lossless');
    assert.equal(better.grade, 'exact');
});


/** The meter of a net: round trip in ms, bytes a ms. */
const net = (/** @type {number} */ rtt, /** @type {number} */ rate) =>
    metered(newMeter(), { sent: 0, begun: rtt, ended: rtt + 60000 / rate, bytes: 60000 });


test('H10 ceilings, and what is asked for while things move', () => {
    const f = (/** @type {any} */ v) => viewport(1, v).stack.frames[0];

    assert.equal(ceilingOf(f({ Modality: ['CT'] })), 15);
    assert.equal(ceilingOf(f({ Modality: ['CT'], BodyPartExamined: ['Head'] })), 12);
    assert.equal(ceilingOf(f({ Modality: ['DX'] })), 30);
    assert.equal(ceilingOf(f({ Modality: ['ZZ'] })), 12);

    assert.equal(movingStage(net(10, 3750), 40e3, false), 'final');
    assert.equal(movingStage(net(60, 625), 40e3, false), 'preview');
    assert.equal(movingStage(net(60, 625), 80e3, false), 'half');
    assert.equal(movingStage(net(200, 125), 40e3, false), 'half');
    assert.equal(movingStage(net(200, 125), 40e3, true), 'preview');
});


test('L6 the final picture is asked for in time to be seen 150 ms after the last change', () => {
    const rest = (/** @type {number} */ rtt, /** @type {number} */ rate) =>
        Math.round(restOf({ ...net(rtt, rate), final: 15e3 }, 'preview'));

    assert.equal(rest(10, 3750), 106);
    assert.equal(rest(60, 625), 60, 'but no sooner than that');
    assert.equal(rest(200, 125), 60);
    assert.equal(restOf(net(10, 3750), 'final'), 150, 'it is here: what follows can wait');
});


test('E1 E2 what is seen, the walk around it, and the wide window', () => {
    const s = scrolledTo(viewport(100), 50);
    const { now, near } = plan(s, ROOT);

    assert.deepEqual(now.map((p) => p.index), [50]);
    assert.deepEqual(near.slice(0, 6).map((p) => p.index), [51, 52, 53, 49, 54, 55]);
    assert.equal(near[6].window?.width, 3000);
    assert.equal(near.filter((p) => p.soon).length, 8 + 1);
    assert.equal(plan(s, ROOT, '', newMeter(true)).near.length, 6);
    assert.equal(plan(s, ROOT, '', newMeter(), false).near.filter((p) => p.soon).length, 2);

    // scrolling makes no picture anew that it has made
    const next = plan(scrolledTo(s, 51), ROOT);

    assert.equal(next.base, near[0]);
    assert.equal(next.near[0], near[1]);
});


/** @param {any[]} ports @param {any} [more] @returns {any} */
const pageOf = (ports, more = {}) => ({
    ...initialPage(), ports, series: ports.map((s) => ({ stacks: [s.stack] })), ...more,
});

test('E3 E4 E6 first looks, every fourth, the rest, the usual windows', () => {
    const s = scrolledTo(viewport(100), 50);
    const other = viewport(9, { SeriesInstanceUID: ['1.9'] });
    const page = pageOf([s], { series: [{ stacks: [s.stack, other.stack] }, { stacks: null }] });
    const all = prefetched(page, ROOT, newMeter());
    const looks = all.slice(0, 6);
    const rest = all.slice(6, 106);

    assert.deepEqual(looks.map((p) => p.index), [0, 49, 99, 0, 4, 8]);
    assert.ok(looks.every((p) => p.kind === 'JPEG 40' && /viewport=256,256/.test(p.url)));
    assert.deepEqual(looks.map((p) => p.stack === other.stack?.id),
        [false, false, false, true, true, true]);
    assert.deepEqual(rest.slice(0, 3).map((p) => p.index), [0, 4, 8]);
    assert.equal(rest.findIndex((p) => p.index % 4 !== 0), 25);
    assert.equal(new Set(rest.map((p) => p.index)).size, 100);
    assert.ok(rest.every((p) => p.kind === 'JPEG 90'));
    assert.deepEqual(all.slice(106).map((p) => [p.index, p.window?.width]), [[50, 1500], [50, 2000]]);
    assert.ok(all.every((p) => !p.soon));
    assert.equal(prefetched(page, ROOT, newMeter()), all);

    // on a slow net they come as they will be asked for
    const slow = metered(newMeter(), { sent: 0, begun: 200, ended: 520, bytes: 40e3 });

    assert.ok(prefetched(page, ROOT, slow).slice(6, 106).every((p) => p.kind === 'JPEG 60'));

    // not while something moves, nor for who pays
    assert.equal(prefetched(page, ROOT, newMeter(true)).length, 0);
    assert.equal(prefetched(pageOf([{ ...s, busy: 'scroll' }]), ROOT, newMeter()).length, 0);
});


test('E5 the same slices of a prior', () => {
    const placed = (/** @type {any} */ values, /** @type {number} */ mm) => {
        const s = viewport(60, values);

        s.stack?.frames.forEach((f, i) => Object.assign(f, {
            position: [0, 0, i * mm], reference: 'same',
            orientation: { row: [1, 0, 0], column: [0, 1, 0] },
        }));
        return s;
    };
    const s = scrolledTo(placed({}, 2), 20);
    const prior = placed({ StudyInstanceUID: ['9'], SeriesInstanceUID: ['9.1'] }, 1);
    const of = prefetched(pageOf([s, prior]), ROOT, newMeter())
        .filter((p) => p.frame.study === '9' && p.kind === 'JPEG 90');

    assert.deepEqual(of.map((p) => p.index), [40, 39, 41, 38, 42, 37, 43]);
    assert.equal(prefetched(pageOf([s, s]), ROOT, newMeter())
        .filter((p) => p.frame.study !== '1').length, 0);
});


test('the old picture keeps its own number until the new one is here', () => {
    const s = viewport(9);
    const shown = showing(s, plan(s, ROOT));
    const moved = scrolledTo(shown, 5);
    const waiting = chosen(moved, plan(moved, ROOT), look([]));

    assert.equal(shown.shown.index, 0);
    assert.equal(shown.marks[0], MARK.seen);
    assert.equal(waiting.shown.index, 0);
    assert.equal(corners(waiting, 'full').bottomLeft[0], '1 / 9  → 6');
    assert.equal(showing(moved, plan(moved, ROOT)).shown.index, 5);
});


test('H1 what is not asked for is never final: another frame, another window', () => {
    const state = (/** @type {any} */ s, /** @type {string[]} */ ready = []) => {
        const next = chosen(s, plan(s, ROOT), look(ready));

        const said = stateOf(next, compositorMap(next, sourceOf(next, ROOT, () => undefined)));

        // it may get better yet
        return said === 'lossy' ? 'final' : said;
    };
    const fresh = viewport(9);
    const shown = showing(fresh, plan(fresh, ROOT));
    const here = [shown.shown.key];

    assert.equal(stateOf(initial(), { slope: 1, intercept: 0 }), '');
    assert.equal(state(fresh), 'waiting');
    assert.equal(state(shown, here), 'final');
    assert.equal(state(scrolledTo(shown, 5), here), 'waiting');
    assert.equal(state(scrolledTo(scrolledTo(shown, 5), 0), here), 'final');

    // the compositor makes a preview of another window, where it can
    const other = { center: 100, width: 900 };

    assert.equal(state(withWindow(shown, other), here), 'preview');
    assert.equal(state(scrolledTo(withWindow(shown, other), 5), here), 'waiting');

    for (const values of [{ VOILUTFunction: ['SIGMOID'] },
        { VOILUTSequence: [{}], WindowCenter: [], WindowWidth: [] }])
    {
        const bare = viewport(9, values);
        const there = showing(bare, plan(bare, ROOT));
        const moved = withWindow(there, other);

        assert.equal(state(moved, [there.shown.key]), 'waiting', JSON.stringify(values));
        assert.equal(state(moved, [plan(moved, ROOT).base.key]), 'final');
        assert.equal(state(withWindow(moved, null), [there.shown.key]), 'final');
    }

    // the same, only larger, is under way
    const radiograph = viewport(1, LARGE);
    const small = showing(radiograph, plan(radiograph, ROOT));
    const larger = { ...small, size: { width: 1900, height: 1400 } };

    assert.notEqual(plan(larger, ROOT).base.key, small.shown.key);
    assert.equal(state(larger, [small.shown.key]), 'preview');
});


test('H1 a loop is final where it has no loss: else what stops may improve', () => {
    const same = { slope: 1, intercept: 0 };
    const s = viewport(9);
    const shown = showing(s, plan(s, ROOT));
    const state = (/** @type {any} */ change) => stateOf({ ...shown, ...change }, same);

    assert.equal(state({ grade: 'lossy' }), 'final');
    assert.equal(state({ grade: 'lossy', playing: true }), 'lossy');
    assert.equal(state({ grade: 'exact', playing: true }), 'final');
    assert.equal(state({ grade: 'lossy', busy: 'scroll' }), 'lossy');
    assert.equal(state({ grade: 'exact', busy: 'scroll' }), 'final');
});


test('the session of a study: what all say is each one’s, whatever else is there', () => {
    const study = [{ '0020000D': { vr: 'UI', Value: ['1.2'] } }];
    const given = (/** @type {any} */ metadata) => openingIn({
        study, series: [], metadata, session: { study: '1.2', series: '1.2.3', rev: 'r' },
    }, '1.2').given?.metadata;
    const a = { '00080060': { vr: 'CS', Value: ['CT'] } };
    const b = { '00200013': { vr: 'IS', Value: [7] } };

    assert.deepEqual(given({ shared: a, instances: [b, {}] }), [{ ...a, ...b }, a]);
    assert.deepEqual(given({ shared: a, instances: [{ '00080060': b }] }), [{ '00080060': b }]);
    assert.deepEqual(given({ instances: [b, null, 7] }), [b, {}, {}]);
    assert.deepEqual(given({ shared: 7, instances: [b] }), [b]);
    assert.deepEqual(given({ shared: null, instances: [] }), []);

    const hostile = given(JSON.parse('{"shared":{"__proto__":{"x":1}},"instances":[{}]}'));

    assert.equal(/** @type {any} */ ({}).x, undefined);
    assert.equal(Object.getPrototypeOf(hostile?.[0]), Object.prototype);

    for (const none of [undefined, null, 3, [], {}, { instances: 3 }, { shared: {} }]) {
        assert.equal(given(none), undefined, JSON.stringify(none));
    }
});


test('a frame that failed takes the picture away and says why', () => {
    const s = scrolledTo(showing(viewport(9), plan(viewport(9), ROOT)), 5);
    const p = plan(s, ROOT);
    const failed = chosen(s, p, look([], [p.base.key]));

    assert.equal(failed.shown, null);
    assert.deepEqual(failed.failure, { index: 5, reason: 'too large' });
    assert.equal(failed.marks[5], MARK.failed);
    assert.equal(scrolledTo(failed, 6).failure, null);
});


test('a fast scroll shows what comes nearer, never what goes away', () => {
    const s = viewport(100);
    const shown = scrolledTo(showing(s, plan(s, ROOT)), 50);
    const at = (/** @type {number} */ i) => plan(scrolledTo(shown, i), ROOT).base;
    const near = arrived(shown, at(30), look([at(30).key]));
    const far = arrived(near, at(10), look([at(10).key]));

    assert.equal(near.shown.index, 30);
    assert.equal(far.shown.index, 30);
    assert.equal(far.marks[10], MARK.here);
    assert.equal(arrived(shown, { ...at(30), stack: 'other' },
        look([at(30).key])), shown);
});


test('during a window drag what comes late still shows', () => {
    const s = viewport(1);
    const shown = { ...showing(s, plan(s, ROOT)), busy: 'window' };
    const at = (/** @type {number} */ c) =>
        withWindow(shown, { center: c, width: 400 });
    const late = plan(at(60), ROOT).base;
    const next = arrived(at(90), late, look([late.key]));

    assert.equal(next.shown.window.center, 60);
    assert.equal(arrived({ ...at(90), busy: '' }, late, look([late.key]))
        .shown.window.center, 40);
});


test('a wider window is previewed from the wide picture, if it is here', () => {
    const s = viewport(1);
    const shown = showing(s, plan(s, ROOT));
    const wide = wanted(shown, 'window').find((p) => p.window?.width === 3000);
    const bitmaps = (/** @type {string[]} */ keys) => (/** @type {string} */ k) =>
        keys.includes(k) ? /** @type {any} */ ({}) : undefined;
    const source = (/** @type {any} */ w, /** @type {string[]} */ keys) =>
        sourceOf(withWindow(shown, w), ROOT, bitmaps(keys));

    assert.equal(wide.window.width, 3000);
    assert.ok(source({ center: 40, width: 900 }, [wide.key]).isWide);
    assert.ok(!source({ center: 40, width: 900 }, []).isWide);
    assert.ok(!source({ center: 40, width: 300 }, [wide.key]).isWide);

    const map = compositorMap(withWindow(shown, { center: 500, width: 1500 }),
        { key: '', window: wide.window, isWide: true });

    assert.ok(Math.abs(map.slope - 2999 / 1499) < 1e-9);
});


test('a sharp picture stays until the new window is as sharp', () => {
    const native = commandNamed('native').change(viewport(1, LARGE));
    const shown = showing(native, plan(native, ROOT));
    const other = withWindow(shown, { center: 99, width: 50 });
    const p = plan(other, ROOT);
    const some = chosen(other, p, look([p.base.key]));
    const all = chosen(other, p,
        look([p.base.key, ...p.tiles.map((t) => t.key)]));

    assert.equal(some.shown.window.center, 40);
    assert.equal(all.shown.window.center, 99);
});


test('tools', () => {
    const s = viewport(100);
    const way = (/** @type {number} */ dx, /** @type {number} */ dy) =>
        ({ from: { x: 500, y: 400 }, dx, dy });

    assert.equal(toolNamed('scroll').drag(s, s, way(0, 80)).index, 10);
    assert.equal(toolNamed('scroll').drag(s, s, way(0, -80)).index, 0);
    assert.equal(toolNamed('window').drag(s, s, way(30, 0)).window.width, 440);
    assert.equal(toolNamed('zoom').drag(s, s, way(0, 100)).view.scale,
        2 * 800 / 512);
    assert.equal(toolNamed('pan').drag(s, s, way(16, 0)).view.center.x,
        256 - 16 / (800 / 512));
    assert.equal(toolNamed('select').drag(s, s, way(9, 9)), s);
});


test('B20 reset keeps the place in the stack', () => {
    let s = scrolledTo(viewport(100), 40);

    s = toolNamed('pan').drag(s, s, { from: { x: 0, y: 0 }, dx: 50, dy: 50 });
    s = { ...withWindow(s, { center: 1, width: 2 }), invert: true };

    const back = reset(s);

    assert.equal(back.index, 40);
    assert.equal(back.window, null);
    assert.equal(back.invert, false);
    assert.equal(back.view.scale, null);
});


test('every key does one thing', () => {
    const keys = commands().flatMap((c) => c.keys);

    assert.equal(new Set(keys).size, keys.length);
    assert.equal(commandOfKey('w').name, 'window');
    assert.equal(commandOfKey('Escape').name, 'reset');
    assert.equal(commandOfKey('PageDown').name, 'series-forth');
});


test('B39 the key map of IHE BIR', () => {
    const map = {
        s: 'scroll', w: 'window', z: 'zoom', t: 'pan', v: 'select', j: 'cross',
        o: 'lines', i: 'annotation', c: 'cine', l: 'link', u: 'unlink', h: 'help',
        d: 'length', a: 'cobb', p: 'print', r: 'report',
        F1: 'help', F10: 'advanced', Escape: 'reset', ArrowUp: 'back',
        ArrowLeft: 'back', ArrowDown: 'forth', ArrowRight: 'forth',
        PageUp: 'series-back', PageDown: 'series-forth',
    };

    for (const [key, name] of Object.entries(map)) {
        assert.equal(commandOfKey(key)?.name, name);
        assert.equal(commandOfKey(key.toUpperCase())?.name, name);
    }
});


test('presets, steps and the ends', () => {
    const s = viewport(100);
    const run = (/** @type {string} */ name) => commandNamed(name).change(s);

    assert.deepEqual(run('window-preset-1').window, { center: -600, width: 1500 });
    assert.equal(run('forth').index, 1);
    assert.equal(run('back'), s);
    assert.equal(run('last').index, 99);
    assert.equal(run('rotate'), s);
    assert.equal(commandNamed('rotate').change(viewport(1, LARGE)).view.rotate, 90);
});


test('B22 a word that every object knows is a word like others', () => {
    const s = viewport(1, { Laterality: ['constructor'], Modality: ['toString'] });
    const film = viewport(1, { Modality: ['DX'], PixelSpacing: [1, 1],
        ImagerPixelSpacing: [2, 2], PixelSpacingCalibrationType: ['valueOf'] });
    const { bottomRight } = corners(showing(s, plan(s, ROOT)), 'full');

    assert.ok(bottomRight.includes('constructor'), String(bottomRight));
    assert.equal(film.stack.frames[0].spacing.source, 'calibrated');
    assert.deepEqual(presets('toString'), []);
});


test('S2 a name that turns what stands behind it turns no ID', () => {
    const who = (/** @type {string} */ name) => whoText(dataset({
        PatientName: [{ Alphabetic: name }], PatientID: ['12345'] }));

    assert.equal(who('Doe^J\u202e'), 'Doe, J  12345');
    assert.equal(who('Doe^J\u2069\u2067'), 'Doe, J  12345');
    assert.equal(who('\u05db\u05d4\u05df'), '\u2068\u05db\u05d4\u05df\u2069  12345');
});


test('S12 a line that is too long for a picture goes on in the next, fact by fact', () => {
    const fits = (/** @type {string} */ s) => s.length <= 12;

    assert.deepEqual(folded('Doe, J   ID 7   Born 1970', fits), ['Doe, J', 'ID 7', 'Born 1970']);
    assert.deepEqual(folded('a   b   c', fits), ['a   b   c']);
    assert.deepEqual(folded('longer than that   b', fits), ['longer than that', 'b']);
    assert.deepEqual(folded('', fits), ['']);
});


test('H12 an address zooms no further than a hand', () => {
    const s = viewport(1);
    const scale = (/** @type {string} */ z) => asWished(s, { z }).view.scale;

    assert.equal(scale('1e300,0.5,0.5'), 32);
    assert.equal(scale('1e-300,0.5,0.5'), 800 / 512 / 4);
});


test('S5 what has come since is counted; reports of marks are no images', () => {
    const of = (/** @type {string} */ uid, /** @type {number} */ n, modality = 'CT') => ({
        uid, study: '1', stacks: null, papers: [], received: null, reason: '',
        ds: dataset({ Modality: [modality], NumberOfSeriesRelatedInstances: [n] }) });
    const page = { ...initialPage(), study: dataset({ StudyInstanceUID: ['1'] }),
        series: [{ ...of('1.1', 4), received: 4 }, of('1.2', 3)] };

    assert.equal(withCounts(page, [of('1.1', 4), of('1.2', 3), of('1.9', 1, 'SR')]), page);
    assert.equal(behind(page.series, '1'), 0);

    const later = withCounts(page, [of('1.1', 9), of('1.2', 5), of('1.3', 1)]);

    assert.deepEqual(later.series.map((x) => x.uid), ['1.1', '1.2', '1.3']);
    assert.equal(behind(later.series, '1'), 5);
    assert.equal(withCounts({ ...page, study: null }, [of('1.1', 9)]).series, page.series);
});


test('text goes full, minimal, none', () => {
    const s = viewport(1, { PatientName: [{ Alphabetic: 'A^B' }],
        PatientID: ['7'] });
    const shown = showing(s, plan(s, ROOT));
    const full = initialPage();
    const minimal = nextAnnotation(full);
    const left = (/** @type {any} */ page, size = shown.size) =>
        corners({ ...shown, size }, page.annotation).topLeft;

    assert.deepEqual(left(full), ['A, B', '7']);
    assert.deepEqual(left(minimal), ['A, B']);
    assert.deepEqual(left(nextAnnotation(minimal)), []);
    assert.deepEqual(left(full, { width: 300, height: 300 }), ['A, B']);
    assert.ok(corners(shown, 'full').bottomLeft.includes('C 40  W 400'));
});


test('what is seen in any viewport comes before what may be seen next', () => {
    const near = plan(scrolledTo(viewport(60), 20), ROOT);
    const other = plan(viewport(9, { SeriesInstanceUID: ['1.9'] }), ROOT);
    const { wanted: all, urgent } = wishes([near, other, near]);

    assert.equal(urgent, 2);
    assert.deepEqual(all.slice(0, 4).map((p) => p.index), [20, 0, 21, 1]);
    assert.equal(all.length, new Set(all.map((p) => p.key)).size);
    assert.deepEqual(wishes([]), { wanted: [], urgent: 0, instead: [] });
});


test('layouts: the first viewports stay, and the active one', () => {
    const one = withPort(initialPage(), 0, viewport(5));
    const four = selected(withLayout(one, { rows: 2, columns: 2 }), 3);
    const full = withPort(four, 3, viewport(9));
    const two = withLayout(full, { rows: 1, columns: 2 });

    assert.deepEqual(four.ports.map((s) => s.stack?.frames.length ?? 0), [5, 0, 0, 0]);
    assert.deepEqual(two.ports.map((s) => s.stack?.frames.length), [5, 9]);
    assert.equal(two.active, 1);
    assert.equal(activePort(withLayout(full, { rows: 1, columns: 1 }))
        .stack?.frames.length, 9);
    assert.equal(withLayout(one, { rows: 9, columns: 0 }).ports.length, 4);
    assert.equal(selected(one, 7), one);
});


test('one viewport fills the stage, and goes back', () => {
    const page = selected(withLayout(initialPage(), { rows: 2, columns: 3 }), 4);

    assert.deepEqual(seenPorts(page), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(seenPorts(toggledAlone(page)), [4]);
    assert.equal(toggledAlone(toggledAlone(page)).alone, false);
    assert.equal(toggledAlone(initialPage()).alone, false);
});


test('a virtual frame has its own URL, and all else of a frame', () => {
    const source = { kind: 'mpr', path: 'studies/1/series/2/renderedmpr',
        args: ['plane=coronal'] };
    const s = viewport(3);
    const [f] = s.stack.frames;
    const stack = { ...s.stack, id: 'mpr', frames: [{ ...f, source }] };

    assert.match(plan(withWindow(withStack(s, stack), { center: 1, width: 2 }), ROOT)
        .base.url, /^\/dicom-web\/studies\/1\/series\/2\/renderedmpr\?plane=coronal&window=1,2,linear&quality=/);
});


test('S1 another patient’s images are noticed', () => {
    const study = dataset({ StudyInstanceUID: ['1.2'], PatientID: ['7'],
        PatientBirthDate: ['19700101'] });

    assert.equal(mismatch(study, study), '');
    assert.equal(mismatch(study, { ...study, [TAG.PatientID]: {} }), '');
    assert.notEqual(mismatch(study, { ...study,
        [TAG.PatientID]: { Value: ['8'] } }), '');
    assert.notEqual(mismatch(study, { ...study,
        [TAG.StudyInstanceUID]: { Value: ['1.3'] } }), '');
    assert.notEqual(mismatch(study, {}), '');
});


test('cine keeps the beat, and does not run after lost time', () => {
    assert.deepEqual(tick(0, 30, 25), { due: false, last: 0 });


test('G15 a loop that the net is too slow for is waited for, whole', () => {
    const net = (/** @type {number} */ rtt, /** @type {number} */ rate) =>
        metered(newMeter(), { sent: 0, begun: rtt, ended: rtt + 60000 / rate, bytes: 60000 });
    const m = { ...net(10, 3750), final: 60e3 };
    const slow = { ...net(60, 625), final: 60e3 };

    // 16 ms a picture, or 96
    assert.equal(awaited(m, 25, () => 3, 12), null);
    assert.equal(awaited(m, 90, () => 3, 12), 25);
    assert.equal(awaited(slow, 25, () => 3, 12), 25);
    assert.equal(awaited(slow, 25, () => 12, 12), null);
    assert.equal(awaited(slow, 8, () => 3, 12), null);
    assert.equal(awaited({ ...net(200, 9e9), final: 1 }, 25, () => 0, 12), 0);

    // then all of it is asked for, even by who pays
    const s = scrolledTo({ ...viewport(30), playing: true }, 5);
    const all = prefetched(pageOf([s]), ROOT, newMeter(true));

    assert.deepEqual(all.map((p) => p.index), Array.from({ length: 30 }, (_, i) => i));
    assert.equal(prefetched(pageOf([scrolledTo(s, 6)]), ROOT, newMeter()), all);
});
    assert.deepEqual(tick(0, 45, 25), { due: true, last: 40 });
    assert.deepEqual(tick(0, 900, 25), { due: true, last: 900 });
});
