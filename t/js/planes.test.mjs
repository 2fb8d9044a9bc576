// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { planeStack, viewStack } from '../../html/js/dicom/planes.js';
import { stacks } from '../../html/js/dicom/stack.js';
import { NO_VOLUME, PLANE, extentOf, volumeOf } from '../../html/js/dicom/volume.js';
import { VIEWS_AROUND, VIEW_FRONT, turnedView } from '../../html/js/dicom/views.js';
import { edgeLetters, orientation } from '../../html/js/math/orientation.js';
import {
    cutOf, meetingOf, middleOf, nearest, planeOf, toImage, toPatient,
} from '../../html/js/math/plane.js';
import { cross, dot, scaled, sum, turned } from '../../html/js/math/vector.js';
import { RESET, apply, matrix } from '../../html/js/math/view.js';
import { renderedUrl } from '../../html/js/net/urls.js';
import { otherInstance } from '../../html/js/viewer/identity.js';
import { warningOf } from '../../html/js/viewer/space/progress.js';
import { dataset } from './helper.mjs';

/** @typedef {import('../../html/js/math/vector.js').Vector} Vector */

/** All eight ways to lay an image. */
const VIEWS = [0, 90, 180, 270].flatMap((rotate) => [false, true]
    .map((flip) => ({ ...RESET, rotate, flip })));

/** All 24 ways along the axes, and an oblique one. */
const ORIENTATIONS = (() => {
    const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].flatMap((a) =>
        [a, a.map((v) => -v)]);
    const all = axes.flatMap((r) => axes
        .filter((c) => r.every((v, i) => v * c[i] === 0))
        .map((c) => [...r, ...c]));

    return [...all, [0.8, 0.6, 0, -0.48, 0.64, 0.6]];
})();

/**
 * @param {number} count
 * @param {Record<string, any[]>} [more]
 * @param {(k: number) => number[]} [place]
 */
function series(count, more = {}, place = (k) => [-100, -80, 50 + 2.5 * k]) {
    return Array.from({ length: count }, (_, k) => dataset({
        StudyInstanceUID: ['1'], SeriesInstanceUID: ['1.2'],
        SOPInstanceUID: [`1.2.${k + 1}`], InstanceNumber: [k + 1],
        Modality: ['CT'], Rows: [160], Columns: [200], BitsAllocated: [16],
        ImagePositionPatient: place(k), ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        PixelSpacing: [0.9, 0.8], FrameOfReferenceUID: ['1.9'],
        WindowCenter: [40], WindowWidth: [400], ...more,
    }));
}

/** @param {any[]} instances */
const volume = (instances) => {
    const { volume: v, reason } = volumeOf(stacks(instances)[0]);
    assert.equal(reason, '');
    return /** @type {import('../../html/js/dicom/volume.js').Volume} */ (v);
};

/** @param {readonly number[]} a @param {readonly number[]} b */
function near(a, b, most = 1e-6) {
    a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) <= most, `${a} for ${b}`));
}


test('H4 one matrix for pixels and letters: 8 orientations of 24 planes', () => {
    for (const iop of ORIENTATIONS) {
        const [stack] = stacks(series(1, { ImageOrientationPatient: iop }));
        const plane = planeOf(stack.frames[0]);

        assert.ok(plane);

        for (const view of VIEWS) {
            const m = matrix(view, plane.size, { width: 700, height: 500 });
            const letters = edgeLetters(orientation(iop), [m[0], m[1], m[2], m[3]]);
            const middle = middleOf(plane);
            const from = apply(m, toImage(plane, middle));

            assert.ok(letters);

            // what lies towards a side of the patient is seen on its side
            for (const [letter, way] of Object.entries({
                L: [1, 0, 0], R: [-1, 0, 0], P: [0, 1, 0], A: [0, -1, 0],
                H: [0, 0, 1], F: [0, 0, -1],
            })) {
                const at = apply(m, toImage(plane,
                    sum(middle, scaled(/** @type {Vector} */ (way), 10))));
                const right = (at.x - from.x) / m.slice(0, 2).reduce((a, b) =>
                    Math.hypot(a, b)) * plane.pixel / 10;
                const down = (at.y - from.y) / m.slice(0, 2).reduce((a, b) =>
                    Math.hypot(a, b)) * plane.pixel / 10;

                assert.equal(letters.right.includes(letter), right > 0.1, iop.join());
                assert.equal(letters.left.includes(letter), right < -0.1);
                assert.equal(letters.bottom.includes(letter), down > 0.1);
                assert.equal(letters.top.includes(letter), down < -0.1);
            }
        }
    }
});


test('points of pictures: there and back, pixels that are not square', () => {
    const [stack] = stacks(series(1));
    const plane = planeOf(stack.frames[0]);

    assert.ok(plane);
    near(toPatient(plane, { x: 0.5, y: 0.5 * plane.aspect }), [-100, -80, 50]);
    near(toPatient(plane, { x: 10.5, y: 20.5 * plane.aspect }), [-92, -62, 50]);

    const at = toImage(plane, [-92, -62, 53]);

    near([at.x, at.y / plane.aspect, at.off], [10.5, 20.5, 3]);
    assert.equal(planeOf({ ...stack.frames[0], spacing: null }), null);
    assert.equal(planeOf({ ...stack.frames[0], position: null }), null);
});


test('B23 reference lines: where planes cut, within both pictures', () => {
    const [axial] = stacks(series(1));
    const [coronal] = stacks(series(1, {
        ImageOrientationPatient: [1, 0, 0, 0, 0, -1],
        ImagePositionPatient: [-60, 0, 60], PixelSpacing: [1, 1], Columns: [50],
    }));
    const a = planeOf(axial.frames[0]);
    const c = planeOf(coronal.frames[0]);

    assert.ok(a && c);

    // y = 0 in the axial one; from the coronal one's left edge to its right
    const [p, q] = /** @type {any[]} */ (cutOf(a, c)).sort((x, y) => x.x - y.x);

    near([p.x, p.y, q.x, q.y],
        [0.5 + 39.5 / 0.8, 0.5 * a.aspect + 100, 0.5 + 89.5 / 0.8, 0.5 * a.aspect + 100]);
    // z = 50 in the coronal one, all across
    near(/** @type {any[]} */ (cutOf(c, a)).map((v) => v.y), [10.5, 10.5]);
    assert.equal(cutOf(a, a), null);
    assert.equal(cutOf(a, { ...c, origin: [400, 0, 60] }), null);
    assert.equal(cutOf(a, { ...c, origin: [-60, 0, 40] }), null);
});


test('B24 the point of three planes, and the slice that is nearest', () => {
    const v = volume(series(20));
    const at = [-20, 10, 60];
    const planes = ['axial', 'coronal', 'sagittal'].map((axis) => {
        const s = planeStack(v, /** @type {any} */ (axis), undefined, PLANE,
            /** @type {Vector} */ (at));
        const hit = nearest(s.frames, /** @type {Vector} */ (at));

        assert.ok(hit && hit.off < 1e-6, 'a plane goes through the point');

        return /** @type {any} */ (planeOf(s.frames[hit.index]));
    });

    near(/** @type {Vector} */ (meetingOf(planes[0], planes[1], planes[2])), at);
    assert.equal(meetingOf(planes[0], planes[1], planes[1]), null);

    const stored = stacks(series(20))[0].frames;

    assert.equal(nearest(stored, [0, 0, 61.3])?.index,
        stored.findIndex((f) => f.position?.[2] === 62.5));
    assert.equal(nearest([{ ...stored[0], position: null }], [0, 0, 0]), null);
});


test('G19 a stack is a volume, or there is a reason', () => {
    const v = volume(series(20));

    assert.deepEqual(v.count, [200, 160, 20]);
    near(v.step.flat(), [0.8, 0, 0, 0, 0.9, 0, 0, 0, 2.5]);
    near(extentOf(v, [0, 0, 1]), [50 - 1.25, 50 + 19 * 2.5 + 1.25]);
    assert.equal(v.mixed, false);

    const why = (/** @type {any[]} */ all) => volumeOf(stacks(all)[0] ?? null).reason;

    assert.equal(why(series(20, { SamplesPerPixel: [3] })), NO_VOLUME.colour);
    assert.equal(why(series(20, { PixelSpacing: [] })), NO_VOLUME.place);
    assert.equal(why(series(1)), NO_VOLUME.few);
    assert.equal(why(series(9, {}, () => [0, 0, 0])), NO_VOLUME.few);
    assert.equal(why([]), NO_VOLUME.place);

    // a localizer among the slices is not of it
    const mixed = volume([...series(20), ...series(1, {
        SOPInstanceUID: ['7'], ImageOrientationPatient: [0, 1, 0, 0, 0, -1] })]);

    assert.equal(mixed.mixed, true);
    assert.equal(mixed.count[2], 20);
});


test('planes lie where the slices lie, and go the way stacks go', () => {
    const instances = series(20);
    const v = volume(instances);
    const axial = planeStack(v, 'axial');
    const stored = stacks(instances)[0].frames;

    assert.equal(axial.frames.length, 20);
    near(axial.frames.map((f) => f.position?.[2] ?? 0),
        stored.map((f) => f.position?.[2] ?? 0));

    const coronal = planeStack(v, 'coronal');

    assert.equal(coronal.frames.length, 160);
    near([coronal.frames[0].columns, coronal.frames[0].rows], [200, 63]);
    assert.ok(coronal.frames[0].position[1] < coronal.frames[1].position[1]);

    const sagittal = planeStack(v, 'sagittal');

    assert.equal(sagittal.frames.length, 200);
    assert.notEqual(axial.id, planeStack(v, 'axial', undefined,
        { mode: 'maximum_ip', mm: 10 }).id);
});


test('H4 the address of a plane says exactly where it lies', () => {
    const axis = /** @type {Vector} */ ([0, 0, 1]);
    const oblique = {
        row: turned([1, 0, 0], axis, 0.4),
        column: turned([0, 0, -1], turned([1, 0, 0], axis, 0.4), 0.3),
    };
    const v = volume(series(20));
    const all = [
        ...planeStack(v, 'axial').frames, ...planeStack(v, 'sagittal').frames,
        ...planeStack(v, 'coronal', oblique, { mode: 'maximum_ip', mm: 12.5 }).frames,
        ...viewStack(v).frames,
    ];

    for (const f of all) {
        const url = new URL(renderedUrl('http://x/dicom-web', f, { quality: 90 }));
        const numbers = (/** @type {string} */ name) => /** @type {Vector} */ (
            (url.searchParams.get(name) ?? '').split(',').map(Number));
        const at = numbers('viewpointlookat');
        const [columns, rows, mm] = numbers('grid');
        const view = sum(at, scaled(numbers('viewpointposition'), -1));
        const right = cross(view, numbers('viewpointup'));
        const unit = (/** @type {Vector} */ w) => scaled(w, 1 / Math.hypot(...w));
        const row = unit(right);
        const column = unit(cross(view, row));

        near(row, f.orientation?.row ?? [], 1e-5);
        near(column, f.orientation?.column ?? [], 1e-5);
        near(sum(at, sum(scaled(row, (1 - columns) / 2 * mm),
            scaled(column, (1 - rows) / 2 * mm))), f.position ?? [], 0.01);
        assert.deepEqual([columns, rows], [f.columns, f.rows]);
    }

    const slab = all[20 + 200 + 3];

    assert.match(renderedUrl('/r', slab, { window: null }),
        /^\/r\/studies\/1\/series\/1\.2\/renderedmpr\?.*&mprslab=12\.5&renderingmethod=maximum_ip$/);
    assert.match(renderedUrl('/r', all[0], { window: { center: 1, width: 2 }, size: { width: 9, height: 9 } }),
        /&viewport=9,9&window=1,2,linear$/);
});


test('oblique planes cover the volume', () => {
    const v = volume(series(20));
    const row = turned([1, 0, 0], [0, 0, 1], 0.5);
    const s = planeStack(v, 'axial', { row, column: [-row[1], row[0], 0] });
    const [f] = s.frames;

    assert.ok(f.columns > 200 * Math.cos(0.5) && f.rows > 160);

    const tilted = planeStack(v, 'coronal', {
        row: [1, 0, 0], column: turned([0, 0, -1], [1, 0, 0], 0.5) });
    const normal = cross([1, 0, 0], turned([0, 0, -1], [1, 0, 0], 0.5));
    const places = tilted.frames.map((x) => dot(/** @type {Vector} */ (x.position), normal));
    const [low, high] = extentOf(v, normal);

    assert.ok(Math.min(...places) - low < 2.5 && high - Math.max(...places) < 2.5);
});


test('G19 views of a volume: letters all around', () => {
    const { frames } = viewStack(volume(series(20)));
    const at = (/** @type {number} */ i) => {
        const l = edgeLetters(frames[i].orientation, [1, 0, 0, 1]);
        return l && l.left + l.right + l.top + l.bottom;
    };
    const quarter = VIEWS_AROUND / 4;

    assert.equal(at(VIEW_FRONT), 'RLHF');
    assert.equal(at(turnedView(VIEW_FRONT, quarter, 0)), 'APHF');
    assert.equal(at(turnedView(VIEW_FRONT, -quarter, 0)), 'PAHF');
    assert.equal(at(turnedView(VIEW_FRONT, 2 * quarter, 0)), 'LRHF');
    assert.equal(at(turnedView(VIEW_FRONT, 0, 99)), 'RLPA');
    assert.equal(at(turnedView(VIEW_FRONT, 0, -99)), 'RLAP');
    assert.equal(turnedView(turnedView(VIEW_FRONT, 7, 3), VIEWS_AROUND - 7, -3), VIEW_FRONT);
    assert.equal(frames[0].spacing, null, 'nothing is measured in it');
});


test('slices with a frame of reference each are one place', () => {
    const each = series(4).map((ds, k) => ({ ...ds,
        ...dataset({ FrameOfReferenceUID: [`1.9.${k}`] }) }));

    assert.equal(new Set(stacks(each)[0].frames.map((f) => f.reference)).size, 1);
    assert.equal(stacks(series(2))[0].frames[0].reference, '1.9');
});


test('S1 a plane is of the series that was asked for, or of the instance', () => {
    const series = '/dicom-web/studies/1/series/1.2/renderedmpr?grid=1,1,1';
    const single = '/dicom-web/studies/1/series/1.2/instances/1.2.3/rendered3d';

    assert.equal(otherInstance(series, '1/1.2/1.2.7'), '');
    assert.equal(otherInstance(single, '1/1.2/1.2.3'), '');
    assert.match(otherInstance(series, '1/1.22/1.2.7'), /another image/);
    assert.match(otherInstance(single, '1/1.2/1.2.33'), /another image/);
    assert.match(otherInstance(series, '11/1.2/1.2.7'), /another study/);
    assert.match(otherInstance(series, null), /without/);
});


test('what the server warns of, without its codes', () => {
    assert.equal(warningOf('299 host:80 "slices are missing", 299 - "left out"'),
        'slices are missing; left out');
    assert.equal(warningOf(''), '');
});
