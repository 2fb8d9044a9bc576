// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ordered, stackNormal } from '../../html/js/math/order.js';
import {
    edgeLetters, edgeLettersOfPatientOrientation, letters, orientation,
} from '../../html/js/math/orientation.js';
import { scaleBar, spacingOf } from '../../html/js/math/scale.js';
import { levelFor, tilesFor } from '../../html/js/math/tiles.js';
import {
    RESET, apply, applyInverse, fitScale, flipped, matrix, panned, rotated,
    visible, zoomed,
} from '../../html/js/math/view.js';
import {
    cssFilter, dragged, inverted, isWithin, preview, ramp,
} from '../../html/js/math/window.js';
import { dataset } from './helper.mjs';

const IMAGE = { width: 500, height: 250 };
const PORT = { width: 1000, height: 800 };
const PLANES = {
    axial: [1, 0, 0, 0, 1, 0],
    coronal: [1, 0, 0, 0, 0, -1],
    sagittal: [0, 1, 0, 0, 0, -1],
};

/** All eight ways to lay an image. */
const VIEWS = [0, 90, 180, 270].flatMap((rotate) => [false, true]
    .map((flip) => ({ ...RESET, rotate, flip })));

/** @param {number[]} m */
const linearOf = (m) => /** @type {[number, number, number, number]} */ (m.slice(0, 4));


test('letters of the three planes', () => {
    const at = (/** @type {number[]} */ iop) => {
        const l = edgeLetters(orientation(iop), [1, 0, 0, 1]);
        return l && l.left + l.right + l.top + l.bottom;
    };

    assert.equal(at(PLANES.axial), 'RLAP');
    assert.equal(at(PLANES.coronal), 'RLHF');
    assert.equal(at(PLANES.sagittal), 'APHF');
    assert.equal(letters([0.8, 0.6, 0]), 'LP');
    assert.equal(letters([0.05, 0, -1]), 'F');
});


test('S3 no letters when the orientation is not known', () => {
    assert.equal(edgeLetters(null, [1, 0, 0, 1]), null);
    assert.equal(orientation([1, 0, 0]), null);
    assert.equal(orientation([1, 0, 0, 1, 0, 0]), null);
    assert.equal(orientation([0, 0, 0, 0, 0, 0]), null);
    assert.equal(orientation([1, 0, 0, 0, NaN, 0]), null);
    assert.equal(edgeLettersOfPatientOrientation(['A'], [1, 0, 0, 1]), null);
    assert.equal(edgeLettersOfPatientOrientation(['A', '?'], [1, 0, 0, 1]), null);
});


test('S3 H4 one matrix for pixels and letters: 8 orientations of 3 planes', () => {
    for (const iop of Object.values(PLANES)) {
        const o = orientation(iop);

        for (const view of VIEWS) {
            const m = matrix(view, IMAGE, PORT);
            const l = edgeLetters(o, linearOf(m));
            // the patient's place of what is seen at the right edge and at
            // the middle, by the matrix that draws the pixels
            const middle = applyInverse(m, { x: 500, y: 400 });
            const right = applyInverse(m, { x: 900, y: 400 });
            const down = applyInverse(m, { x: 500, y: 700 });
            const way = (/** @type {{x: number, y: number}} */ p) =>
                [0, 1, 2].map((i) => o.row[i] * (p.x - middle.x)
                    + o.column[i] * (p.y - middle.y));
            const unit = (/** @type {number[]} */ v) =>
                v.map((x) => x / Math.hypot(...v));

            assert.equal(l.right, letters(unit(way(right))));
            assert.equal(l.bottom, letters(unit(way(down))));
            assert.equal(l.left, letters(unit(way(right)).map((x) => -x)));
            assert.equal(l.top, letters(unit(way(down)).map((x) => -x)));
        }
    }
});


test('Patient Orientation gives the letters that the matrix gives', () => {
    const o = orientation(PLANES.coronal);

    for (const view of VIEWS) {
        const m = linearOf(matrix(view, IMAGE, PORT));

        assert.deepEqual(edgeLettersOfPatientOrientation(['L', 'F'], m),
            edgeLetters(o, m));
    }

    assert.deepEqual(edgeLettersOfPatientOrientation(['P', 'FR'], [1, 0, 0, 1]),
        { left: 'A', right: 'P', top: 'HL', bottom: 'FR' });
});


/**
 * @param {number[]} iop
 * @param {number[]} at
 * @param {number} n
 */
function placed(iop, at, n) {
    return { orientation: orientation(iop), position: at, instanceNumber: n,
        instance: `1.${n}`, frame: 1 };
}


test('stacks go head to feet, right to left, front to back', () => {
    const order = (/** @type {number[]} */ iop, /** @type {number} */ axis) =>
        ordered([3, -1, 2].map((v, i) => placed(iop,
            [0, 1, 2].map((k) => k === axis ? v : 0), i)))
            .map((f) => f.position[axis]);

    assert.deepEqual(order(PLANES.axial, 2), [3, 2, -1]);
    assert.deepEqual(order(PLANES.sagittal, 0), [-1, 2, 3]);
    assert.deepEqual(order(PLANES.coronal, 1), [-1, 2, 3]);
    // the same when the image lies the other way up
    assert.deepEqual(order([-1, 0, 0, 0, 1, 0], 2), [3, 2, -1]);
    assert.deepEqual(stackNormal(orientation(PLANES.axial)).map((x) => x + 0),
        [0, 0, -1]);
});


test('without places the numbers decide, and nothing is dropped', () => {
    const frames = [
        { ...placed(PLANES.axial, [0, 0, 5], 2) },
        { ...placed(PLANES.axial, [0, 0, 9], 3), position: null },
        { ...placed(PLANES.axial, [0, 0, 1], 1) },
        { ...placed(PLANES.axial, [0, 0, 1], 1), instanceNumber: null },
    ];

    assert.deepEqual(ordered(frames).map((f) => f.instanceNumber), [1, 2, 3, null]);
});


test('a localizer stays apart from the slices', () => {
    const frames = [placed(PLANES.sagittal, [0, 0, 0], 1),
        placed(PLANES.axial, [0, 0, 1], 2), placed(PLANES.axial, [0, 0, 2], 3)];

    assert.deepEqual(ordered(frames).map((f) => f.instanceNumber), [1, 3, 2]);
});


test('equal places follow the numbers', () => {
    const frames = [4, 1, 3].map((n) => placed(PLANES.axial, [0, 0, 1], n));

    assert.deepEqual(ordered(frames).map((f) => f.instanceNumber), [1, 3, 4]);
});


test('the preview is what the server would have rendered', () => {
    const from = { center: 40, width: 400 };
    const to = { center: 100, width: 250 };

    for (const fn of ['linear', 'linear-exact']) {
        for (const mono1 of [false, true]) {
            const map = preview(from, to, fn, mono1);

            for (let v = -30; v < 200; v += 7) {
                const y = (/** @type {any} */ w) => {
                    const { low, span } = ramp(w, fn);
                    const grey = (v - low) / span;
                    return mono1 ? 1 - grey : grey;
                };

                assert.ok(Math.abs(y(to) - (map.slope * y(from) + map.intercept))
                    < 1e-9);
            }
        }
    }
});


test('no preview where grey is no straight line of the value', () => {
    assert.equal(preview({ center: 1, width: 2 }, { center: 1, width: 3 },
        'sigmoid', false), null);
    assert.equal(preview({ center: 1, width: 1 }, { center: 1, width: 3 },
        'linear', false), null);
    assert.deepEqual(inverted({ slope: 1, intercept: 0 }),
        { slope: -1, intercept: 1 });
});


test('drag: right widens, vertical moves the centre only', () => {
    const start = { center: 40, width: 400 };

    assert.deepEqual(dragged(start, 300, 0, 'linear'), { center: 40, width: 800 });
    assert.deepEqual(dragged(start, 0, 30, 'linear'), { center: 80, width: 400 });
    assert.deepEqual(dragged(start, -9999, 0, 'linear'), { center: 40, width: 1 });
    assert.ok(dragged({ center: 1, width: 2 }, 30, 0, 'linear').width > 2);
});


test('fit, and the point under the pointer', () => {
    assert.equal(fitScale(RESET, IMAGE, PORT), 2);
    assert.equal(fitScale({ ...RESET, rotate: 90 }, IMAGE, PORT), 1.6);

    for (const view of VIEWS) {
        const at = { x: 620, y: 433 };
        const before = applyInverse(matrix(view, IMAGE, PORT), at);
        const next = zoomed(view, IMAGE, PORT, 1.7, at);
        const after = applyInverse(matrix(next, IMAGE, PORT), at);

        assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9);
    }
});


test('pan moves the picture by what the pointer moved', () => {
    for (const view of VIEWS) {
        const p = { x: 200, y: 100 };
        const a = apply(matrix(view, IMAGE, PORT), p);
        const next = panned(view, IMAGE, PORT, 31, -17);
        const b = apply(matrix(next, IMAGE, PORT), p);

        assert.ok(Math.abs(b.x - a.x - 31) < 1e-9);
        assert.ok(Math.abs(b.y - a.y + 17) < 1e-9);
    }
});


test('the picture cannot be lost', () => {
    const far = panned(RESET, IMAGE, PORT, 1e6, 1e6);

    assert.deepEqual(far.center, { x: 0, y: 0 });
    assert.ok(zoomed(RESET, IMAGE, PORT, 1e9, { x: 0, y: 0 }).scale <= 32);
    assert.ok(zoomed(RESET, IMAGE, PORT, 1e-9, { x: 0, y: 0 }).scale > 0.2);
});


test('rotate and flip are of the screen, and undo themselves', () => {
    for (const view of VIEWS) {
        const right = apply(matrix(view, IMAGE, PORT), { x: 0, y: 0 });
        const mirrored = apply(matrix(flipped(view), IMAGE, PORT), { x: 0, y: 0 });

        assert.ok(Math.abs(mirrored.x - (PORT.width - right.x)) < 1e-9);
        assert.ok(Math.abs(mirrored.y - right.y) < 1e-9);
        assert.deepEqual(flipped(flipped(view)), view);
        assert.deepEqual(rotated(rotated(view, 90), -90), view);
    }
});


test('the visible part', () => {
    assert.deepEqual(visible(RESET, IMAGE, PORT),
        { x: 0, y: 0, width: 500, height: 250 });

    const part = visible({ ...RESET, scale: 10, center: { x: 100, y: 100 } },
        IMAGE, PORT);

    assert.deepEqual(part, { x: 50, y: 60, width: 100, height: 80 });
});


test('levels of tiles', () => {
    assert.equal(levelFor(1), 0);
    assert.equal(levelFor(4), 0);
    assert.equal(levelFor(0.51), 0);
    assert.equal(levelFor(0.5), 1);
    assert.equal(levelFor(0.2), 2);
});


test('tiles cover what is seen, within the image, the middle first', () => {
    const all = tilesFor(3000, 2500, 0, { x: 0, y: 0, width: 3000, height: 2500 });

    assert.equal(all.length, 6 * 5);
    assert.equal(all.reduce((a, t) => a + t.sw * t.sh, 0), 3000 * 2500);
    assert.ok(all.every((t) => t.sx + t.sw <= 3000 && t.sy + t.sh <= 2500
        && t.vw === t.sw && t.vh === t.sh));
    assert.deepEqual([all[0].sx, all[0].sy], [1024, 1024]);

    const some = tilesFor(3000, 2500, 1, { x: 1000, y: 0, width: 30, height: 30 });

    assert.deepEqual(some.map((t) => [t.sx, t.sy, t.sw, t.sh, t.vw, t.vh]),
        [[0, 0, 1024, 1024, 512, 512], [1024, 0, 1024, 1024, 512, 512]]);
});


test('the scale bar is a round length that fits', () => {
    assert.deepEqual(scaleBar(0.5, 220), { px: 200, mm: 100, label: '10 cm' });
    assert.deepEqual(scaleBar(0.01, 100), { px: 100, mm: 1, label: '1 mm' });
    assert.equal(scaleBar(0.0001, 100).label, '10 µm');
    assert.equal(scaleBar(0, 100), null);
    assert.equal(scaleBar(NaN, 100), null);
});


test('spacing says where it is from, or is not there', () => {
    const of = (/** @type {Record<string, any[]>} */ v) =>
        spacingOf(dataset(v), undefined);

    assert.deepEqual(of({ Modality: ['CT'], PixelSpacing: [0.5, 0.6] }),
        { row: 0.5, column: 0.6, source: 'Pixel Spacing' });
    assert.equal(of({ Modality: ['CT'], PixelSpacing: [0, 0] }), null);
    assert.equal(of({ Modality: ['DX'], ImagerPixelSpacing: [0.2, 0.2] }).source,
        'at the detector');
    assert.equal(of({ Modality: ['MG'], ImagerPixelSpacing: [0.2, 0.2],
        PixelSpacing: [0.2, 0.2],
        EstimatedRadiographicMagnificationFactor: [2] }).row, 0.1);
    assert.equal(of({ Modality: ['DX'], ImagerPixelSpacing: [0.2, 0.2],
        PixelSpacing: [0.1, 0.1], PixelSpacingCalibrationType: ['FIDUCIAL'] })
        .source, 'calibrated: fiducial');
    assert.equal(of({ Modality: ['US'] }), null);
    assert.equal(of({ Modality: ['SC'] }), null);
});


test('the preview as CSS filters, which clamp each, is the map itself', () => {
    const clamped = (/** @type {number} */ v) => Math.max(0, Math.min(1, v));
    /** @type {Record<string, (y: number, k: number) => number>} */
    const FUNCTIONS = {
        invert: (y) => 1 - y,
        brightness: (y, k) => clamped(k * y),
        contrast: (y, k) => clamped(k * (y - 0.5) + 0.5),
    };
    const run = (/** @type {string} */ css, /** @type {number} */ y) =>
        [...css.matchAll(/([a-z]+)\(([-\d.e]+)\)/g)].reduce((v, [, name, k]) =>
            FUNCTIONS[name](v, Number(k)), y);

    assert.equal(cssFilter({ slope: 1, intercept: 0 }), '');
    assert.equal(cssFilter({ slope: -1, intercept: 1 }), 'invert(1)');

    for (const slope of [-3, -1, -0.3, 0.2, 0.5, 1, 4]) {
        for (const intercept of [-4, -0.7, -0.2, 0, 0.1, 0.5, 0.9, 2, 4]) {
            for (const y of [0, 0.1, 0.3, 0.5, 0.8, 1]) {
                const css = cssFilter({ slope, intercept });

                assert.ok(Math.abs(run(css, y) - clamped(slope * y + intercept)) < 1e-9,
                    `${slope} ${intercept} ${y}: ${css}`);
            }
        }
    }
});


test('a window reaches beyond another by no more than the part that is allowed', () => {
    const shown = { center: 40, width: 400 };
    const wider = (/** @type {number} */ by) => ({ center: 40, width: 400 + 2 * by });

    assert.ok(isWithin(shown, shown, 'linear-exact'));
    assert.ok(!isWithin(wider(1), shown, 'linear-exact'));
    assert.ok(isWithin(wider(12), shown, 'linear-exact', 1 / 32), 'of 424 an end of 13.25');
    assert.ok(!isWithin(wider(14), shown, 'linear-exact', 1 / 32), 'of 428 an end of 13.375');
});
