// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TAG } from '../../html/js/dicom/dataset.js';
import { capture, rgbOf } from '../../html/js/marks/capture.js';
import {
    angle, carried, cobb, crossLine, distance, pathLength, polygonArea, pulled,
    pulledEllipse, thinned,
} from '../../html/js/marks/geometry.js';
import { begun, changed, redone, undone, withoutStep } from '../../html/js/marks/history.js';
import { hit } from '../../html/js/marks/hit.js';
import { keysOf, selection, standing } from '../../html/js/marks/keys.js';
import { overlap, placed } from '../../html/js/marks/label.js';
import { keep, keySignature, nothingKept, signature } from '../../html/js/marks/local.js';
import { isWhole, shaped, withHandle } from '../../html/js/marks/mark.js';
import { figure, labelOf, measures } from '../../html/js/marks/measure.js';
import { flat, inPatient, pointsOn } from '../../html/js/marks/place.js';
import { current, isoOf, marksOf } from '../../html/js/marks/read.js';
import { referenceTo, report } from '../../html/js/marks/report.js';
import { axesAt, calibration, regionAt, scaleAt } from '../../html/js/marks/scale.js';
import { WAITS, regionQuery, statisticsOf } from '../../html/js/marks/values.js';
import { dataset } from './helper.mjs';
import { AUTHOR, everyKind, mark, slice } from './marks.helper.mjs';

const P = (/** @type {number} */ x, /** @type {number} */ y) => ({ x, y });
const MM = { row: 0.5, column: 0.25 };
const near = (/** @type {number} */ a, /** @type {number} */ b, off = 1e-9) =>
    assert.ok(Math.abs(a - b) <= off, `${a} is not ${b}`);

/** A few hundred points that are the same in each run. */
function* random(/** @type {number} */ count) {
    let seed = 12345;
    const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;

    for (let i = 0; i < count; i++) {
        yield P(next() * 500, next() * 500);
    }
}


test('B32 a length in pixels that are not square', () => {
    near(distance(P(0, 0), P(100, 0), MM), 25);
    near(distance(P(0, 0), P(0, 100), MM), 50);
    near(distance(P(1.5, 2.5), P(13.5, 10.5), MM), 5);
    near(pathLength([P(0, 0), P(12, 8), P(24, 0)], MM), 10);
});


test('B33 angles do not depend on the shape of the pixels, nor on ends', () => {
    near(angle(P(10, 0), P(0, 0), P(0, 3), MM), 90);
    near(angle(P(20, 0), P(0, 0), P(20, 10), MM), 45);
    near(cobb(P(0, 0), P(10, 0), P(0, 50), P(20, 60), MM), 45);

    const [a, b, c, d] = random(4);

    near(cobb(a, b, c, d, MM), cobb(b, a, c, d, MM), 1e-7);
    near(cobb(a, b, c, d, MM), cobb(c, d, b, a, MM), 1e-7);
});


test('areas of polygons and ellipses', () => {
    near(polygonArea([P(0, 0), P(40, 0), P(40, 20), P(0, 20)], MM), 100);

    const f = slice();
    const e = mark('ellipse');

    near(measures(e, e.points, f)[0].value, Math.PI * 40 * 15 * 0.125);
});


test('the short axis stays square to the long one, whatever is pulled', () => {
    const dot = (/** @type {any[]} */ [a, b, c, d]) =>
        (b.x - a.x) * (d.x - c.x) + 4 * (b.y - a.y) * (d.y - c.y);
    let points = [P(100, 100), P(180, 120), ...crossLine(P(100, 100), P(180, 120), 2)];

    near(dot(points), 0, 1e-6);

    for (const [i, to] of [...random(40)].entries()) {
        points = withHandle('bidirectional', points, i % 4, to, 2);
        const size = Math.hypot(points[1].x - points[0].x, points[1].y - points[0].y)
            * Math.hypot(points[3].x - points[2].x, points[3].y - points[2].y);
        near(dot(points) / size, 0, 1e-3);
    }

    assert.deepEqual(carried([P(0, 0), P(1, 0)], [P(5, 5), P(5, 7)], [P(1, 1)], 1),
        [P(3, 7)]);
    assert.deepEqual(pulled([P(0, 0), P(10, 0)], [P(5, -2), P(5, 2)], 1, P(7, 4), 1),
        [P(7, -2), P(7, 4)]);
});


test('an ellipse keeps its other axis', () => {
    const start = shaped('ellipse', [P(0, 0), P(20, 10)], 1);
    const next = pulledEllipse(start, 1, P(0, 25));

    near(Math.hypot(next[3].x - next[2].x, next[3].y - next[2].y), 10);
    assert.deepEqual(next.slice(0, 2), [P(0, 5), P(0, 25)]);
    near((next[3].y - next[2].y), 0);
});


test('a stroke loses what does not matter', () => {
    const line = Array.from({ length: 200 }, (_, i) => P(i, i < 100 ? 0 : i - 100));

    assert.deepEqual(thinned(line, 0.2), [P(0, 0), P(100, 0), P(199, 99)]);
    assert.equal(isWhole('freehand', [P(0, 0), P(9, 9)]), false);
    assert.equal(isWhole('length', [P(0, 0), P(0.2, 0)]), false);
});


test('B34 no mm without a valid spacing', () => {
    const f = slice({ PixelSpacing: [] });
    const m = mark('length');
    const l = labelOf(m, m.points, f);

    assert.deepEqual(l, { lines: ['100.0 px'], source: '' });
    assert.deepEqual(labelOf(mark('ellipse'), mark('ellipse').points, f).lines[0],
        `Area ${Math.round(Math.PI * 40 * 15)} px²`);
    assert.equal(labelOf(m, m.points, slice({ PixelSpacing: [0, 0] })).source, '');
    assert.equal(labelOf(m, m.points, slice({ PixelSpacing: ['x', 1] })).source, '');
});


test('H7 each mm says where it is from', () => {
    const m = mark('length');
    const says = (/** @type {Record<string, any>} */ values, more = {}) =>
        labelOf({ ...m, ...more }, m.points, slice(values));

    assert.deepEqual(says({}), { lines: ['25.0 mm'], source: 'Pixel Spacing' });
    assert.deepEqual(says({ Modality: ['DX'], PixelSpacing: [],
        ImagerPixelSpacing: [0.2, 0.2] }),
    { lines: ['20.0 mm'], source: 'at the detector' });
    assert.deepEqual(says({ Modality: ['DX'], PixelSpacing: [],
        ImagerPixelSpacing: [0.2, 0.2], EstimatedRadiographicMagnificationFactor: [2] }),
    { lines: ['10.0 mm'], source: 'detector, divided by magnification' });
    assert.deepEqual(says({ PixelSpacing: [] }, { calibrated: { row: 2, column: 2 } }),
        { lines: ['200.0 mm'], source: 'calibrated by user' });
});


const US = {
    Modality: ['US'], PixelSpacing: [],
    SequenceOfUltrasoundRegions: [
        dataset({ RegionLocationMinX0: [0], RegionLocationMinY0: [0],
            RegionLocationMaxX1: [255], RegionLocationMaxY1: [511],
            PhysicalUnitsXDirection: [3], PhysicalUnitsYDirection: [3],
            PhysicalDeltaX: [0.02], PhysicalDeltaY: [0.01] }),
        dataset({ RegionLocationMinX0: [256], RegionLocationMinY0: [0],
            RegionLocationMaxX1: [511], RegionLocationMaxY1: [511],
            PhysicalUnitsXDirection: [4], PhysicalUnitsYDirection: [7],
            ReferencePixelX0: [0], ReferencePixelY0: [200],
            ReferencePixelPhysicalValueX: [0], ReferencePixelPhysicalValueY: [0],
            PhysicalDeltaX: [0.005], PhysicalDeltaY: [-0.5] }),
    ],
};


test('H7 ultrasound: the region of this frame, and none outside', () => {
    const f = slice(US);
    const at = (/** @type {any[]} */ points, kind = 'length') =>
        labelOf(mark(/** @type {any} */ (kind), { points }), points, f);

    assert.deepEqual(at([P(10, 10), P(110, 10)]),
        { lines: ['20.0 mm'], source: 'ultrasound region' });
    assert.deepEqual(at([P(10, 10), P(10, 110)]).lines, ['10.0 mm']);
    assert.deepEqual(at([P(300, 100), P(400, 160)]),
        { lines: ['→ 0.500 s', '↓ 30.0 cm/s'], source: '' });
    // from one region into the other there is no scale
    assert.deepEqual(at([P(200, 10), P(300, 10)]), { lines: ['100.0 px'], source: '' });

    const region = /** @type {any} */ (regionAt(f, [P(356.5, 100.5)]));

    assert.deepEqual(axesAt(region, P(356.5, 100.5)),
        [{ value: 0.5, unit: 's' }, { value: 50, unit: 'cm/s' }]);
});


test('a line of known length calibrates; nonsense does not', () => {
    const c = calibration(P(0, 0), P(0, 50), 2, 100);

    assert.deepEqual(c, { column: 1, row: 2 });
    assert.equal(scaleAt(slice(), [P(0, 0)], c).source, 'calibrated by user');
    assert.equal(calibration(P(1, 1), P(1, 1), 1, 10), null);
    assert.equal(calibration(P(0, 0), P(9, 0), 1, NaN), null);
    assert.equal(calibration(P(0, 0), P(9, 0), 1, -3), null);
});


test('figures for reading', () => {
    assert.equal(figure(34.456, 'mm'), '34.5 mm');
    assert.equal(figure(0.456, 'mm'), '0.46 mm');
    assert.equal(figure(12.25, '°'), '12.3°');
});


test('what is measured by the server, and its answer', () => {
    assert.equal(regionQuery(mark('ellipse')), 'ellipse=240,215,40,15,0');
    assert.equal(regionQuery(mark('rectangle')),
        'polygon=300,300,340,300,340,320,300,320');
    assert.equal(regionQuery(mark('probe')), 'point=250.5,251.5');
    assert.equal(regionQuery(mark('length')), '');

    const here = statisticsOf({ unit: 'HU', results: [
        { mean: 40.2, sd: 6.1, min: 22, max: 57, count: 100 }] });

    assert.deepEqual(here, { state: 'here', unit: 'HU', mean: [40.2], sd: [6.1],
        min: [22], max: [57], count: 100 });
    assert.deepEqual(labelOf(mark('rectangle', { statistics: here }),
        mark('rectangle').points, slice()).lines,
    ['Area 100.0 mm²', 'Mean 40.2 HU  SD 6.1', 'Min 22  Max 57']);
    assert.deepEqual(labelOf(mark('rectangle'), mark('rectangle').points, slice()).lines,
        ['Area 100.0 mm²', 'Measuring …']);
    assert.equal(statisticsOf(null).state, 'refused');
    assert.equal(statisticsOf({ results: [{ mean: null }] }).state, 'here');
});


test('a hit: handles before lines, the selected before others', () => {
    const all = /** @type {any} */ ([
        { uid: 'a', kind: 'length', points: [P(0, 0), P(100, 0)], label: null, own: true },
        { uid: 'b', kind: 'ellipse', own: true,
            label: { x: 200, y: 200, width: 50, height: 20 },
            points: [P(0, 50), P(100, 50), P(50, 0), P(50, 100)] },
    ]);

    assert.deepEqual(hit(P(98, 3), all, 8, ''), { uid: 'a', handle: 1 });
    assert.deepEqual(hit(P(14, 3), all, 8, ''), { uid: 'a', handle: null });
    assert.deepEqual(hit(P(50, 2), all, 8, 'a'), { uid: 'b', handle: 2 });
    assert.deepEqual(hit(P(85.4, 14.6), all, 4, ''), { uid: 'b', handle: null });
    assert.deepEqual(hit(P(220, 210), all, 8, ''), { uid: 'b', handle: null });
    assert.equal(hit(P(50, 50), all, 8, ''), null);
});


test('S11 labels: apart, in the viewport, on air and not on tissue', () => {
    const port = { width: 800, height: 600 };
    const size = { width: 120, height: 36 };
    const tissue = (/** @type {any} */ r) => r.x < 400 ? 1 : 0;
    const points = [P(360, 300), P(390, 320)];
    const [one] = placed([{ points, size }], port, tissue);

    assert.ok(one.x >= 400, JSON.stringify(one));

    const many = placed(Array.from({ length: 8 }, (_, i) =>
        ({ points: [P(300 + i, 300), P(340, 300 + 3 * i)], size })), port, () => 0);

    many.forEach((r, i) => {
        assert.ok(r.x >= 0 && r.y >= 0 && r.x + r.width <= 800 && r.y + r.height <= 600);
        many.slice(i + 1).forEach((o) => assert.equal(overlap(r, o), 0));
    });
});


test('undo and redo', () => {
    const [a, b] = everyKind();
    let h = changed(changed(begun([]), [a]), [a, b]);

    h = undone(h);
    assert.deepEqual(h.now, [a]);
    assert.deepEqual(redone(h).now, [a, b]);
    assert.deepEqual(redone(redone(h)).now, [a, b]);
    assert.deepEqual(undone(undone(undone(h))).now, []);
    assert.deepEqual(redone(changed(h, [b])).now, [b]);
});


test('a mark that is not wanted leaves no step, also where marks were read meanwhile', () => {
    const [a, b] = ['a', 'b'].map((uid) => /** @type {any} */ ({ uid }));
    const h = withoutStep(changed(begun([a]), [a, b]), 'b');

    assert.deepEqual(h, begun([a]));
    assert.deepEqual(withoutStep(begun([a, b]), 'b'), begun([a]));
});


test('G11 the planes of a volume: a mark lies on each that holds it', () => {
    const f = slice();
    const place = { frameOfReference: '2.25.9', points: [P(10.5, 20.5), P(50.5, 20.5)]
        .map((p) => inPatient(p, f)) };
    const m = mark('length', { image: null, points: [], patient: place });
    const on = /** @type {any[]} */ (pointsOn(m, f));

    near(on[0].x, 10.5, 1e-4);
    near(on[1].x, 50.5, 1e-4);
    assert.equal(pointsOn(m, slice({ ImagePositionPatient: [-10, -20, 33] })), null);
    assert.equal(pointsOn(m, slice({ FrameOfReferenceUID: ['2.25.8'] })), null);

    const { frame, points } = flat(place);

    near(measures(m, points, frame)[0].value, 10, 1e-4);
});


const OF = { author: AUTHOR, series: '2.25.50', number: 1, replaced: [],
    evidence: [], now: new Date(2026, 0, 2, 3, 4, 5) };
const IMAGE_OF = (/** @type {string} */ uid) => uid === '2.25.3'
    ? { study: '2.25.1', series: '2.25.2' } : null;
const MINE = (/** @type {string} */ name) => name === AUTHOR.name;
/** As it comes back from the server. */
const sent = (/** @type {any} */ ds) => JSON.parse(JSON.stringify(ds));


test('G13 our own marks come back as they were', () => {
    const frame = slice();
    const calibrated = mark('length', { uid: '2.25.7', calibrated: { row: 1, column: 0.5 },
        label: 'Tumour "A"\\B' });
    const all = [...everyKind(), calibrated];
    const ds = sent(report(all.map((m) => ({ mark: m, frame })), frame.ds, OF));

    assert.deepEqual(marksOf(ds, IMAGE_OF, MINE), all);
    // of somebody else: not to be changed
    assert.ok(marksOf(ds, IMAGE_OF, () => false).every((m) => !m.own));
    // of pictures that are not here: nothing
    assert.deepEqual(marksOf(ds, () => null, MINE), []);
});


test('G13 what lies in the patient comes back, too', () => {
    const patient = { frameOfReference: '2.25.9',
        points: /** @type {any} */ ([[0, 0, 0], [10, 0, 0], [10, 5, 0], [0, 5.5, 0]]) };
    const all = [
        mark('freehand', { image: null, points: [], patient, statistics: WAITS }),
        mark('length', { image: null, points: [],
            patient: { ...patient, points: patient.points.slice(0, 2) } }),
    ];
    const ds = sent(report(all.map((m) => ({ mark: m, frame: null })), slice().ds, OF));

    assert.deepEqual(marksOf(ds, IMAGE_OF, MINE), all);
});


test('G13 a report replaces the one before', () => {
    const frame = slice();
    const one = sent(report([{ mark: mark('length'), frame }], frame.ds, OF));
    const two = sent(report([], frame.ds, { ...OF, replaced: [referenceTo(one)] }));

    assert.deepEqual(current([one, two]), [two]);
    assert.deepEqual(current([one]), [one]);
});


const code = (/** @type {string} */ value, /** @type {string} */ scheme, meaning = '?') =>
    ({ Value: [{ '00080100': { Value: [value] }, '00080102': { Value: [scheme] },
        '00080104': { Value: [meaning] } }] });
const SQ = (/** @type {any[]} */ ...Value) => ({ Value });
const content = (/** @type {string} */ type, /** @type {any} */ name,
    /** @type {any} */ more = {}, /** @type {any[]} */ ...children) => ({
    '0040A040': { Value: [type] }, ...(name ? { '0040A043': name } : {}), ...more,
    ...(children.length > 0 ? { '0040A730': SQ(...children) } : {}) });
const scoord = (/** @type {string} */ graphic, /** @type {number[]} */ data,
    name = null) => content('SCOORD', name,
    { '00700023': { Value: [graphic] }, '00700022': { Value: data } },
    content('IMAGE', null, { '00081199': SQ({ '00081155': { Value: ['2.25.3'] } }) }));
const num = (/** @type {any} */ name, /** @type {any} */ value,
    /** @type {string} */ unit, /** @type {any[]} */ ...children) => content('NUM', name,
    { '0040A300': SQ({ '0040A30A': { Value: [value] }, '004008EA': code(unit, 'UCUM') }) },
    ...children);
const foreign = (/** @type {any[]} */ ...groups) => content('CONTAINER',
    code('126000', 'DCM'), { '00080070': { Value: ['ACME'] },
        '00080023': { Value: ['20250203'] }, '00080033': { Value: ['101112'] } },
    content('PNAME', code('121008', 'DCM'),
        { '0040A123': { Value: [{ Alphabetic: 'Doe^Jane' }] } }),
    content('CONTAINER', code('126010', 'DCM'), {},
        ...groups.map((g) => content('CONTAINER', code('125007', 'DCM'), {}, ...g))));


test('G13 marks of cornerstone and OHIF', () => {
    const tracked = (/** @type {string} */ tool) => content('TEXT', code('112039', 'DCM'),
        { '0040A160': { Value: [`Cornerstone3DTools@^0.1.0:${tool}`] } });
    const ds = foreign(
        [tracked('Length'), num(code('G-D7FE', 'SRT', 'Length'), '10', 'mm',
            scoord('POLYLINE', [1, 2, 3, 4]))],
        [tracked('Bidirectional'),
            num(code('G-A185', 'SRT', 'Long Axis'), '9', 'mm', scoord('POLYLINE', [0, 0, 9, 0])),
            num(code('G-A186', 'SRT', 'Short Axis'), '4', 'mm',
                scoord('POLYLINE', [4, -2, 4, 2]))],
        [tracked('CobbAngle'), num(code('285285000', 'SCT', 'Cobb angle'), 12.5, 'deg',
            scoord('POLYLINE', [0, 0, 1, 0, 5, 5, 6, 7]))],
        [tracked('EllipticalROI'), num(code('42798000', 'SCT', 'Area'), '5', 'mm2',
            scoord('ELLIPSE', [0, 0, 9, 0, 4, -2, 4, 2]))],
        [tracked('ArrowAnnotate'), content('TEXT', code('121106', 'DCM'),
            { '0040A160': { Value: ['here <b>'] } }),
        scoord('POINT', [1, 1, 5, 5])],
    );
    const all = marksOf(ds, IMAGE_OF, () => true);

    assert.deepEqual(all.map((m) => m.kind),
        ['length', 'bidirectional', 'cobb', 'ellipse', 'arrow']);
    assert.ok(all.every((m) => !m.own && m.author === 'Doe^Jane' && m.program === 'ACME'));
    assert.deepEqual(labelOf(all[0], all[0].points, slice()).lines, ['Length 10 mm']);
    assert.deepEqual(labelOf(all[2], all[2].points, slice()).lines, ['Cobb angle 12.5°']);
    assert.deepEqual(all[4].label, 'here <b>');
});


test('G13 marks of highdicom and dcmqi: regions of the group', () => {
    const region = code('111030', 'DCM');
    const ds = foreign(
        [scoord('CIRCLE', [58, 52, 58, 41], /** @type {any} */ (region)),
            num(code('G-A16A', 'SRT', 'Area of defined region'), 1.7, 'cm2')],
        [scoord('POLYLINE', [0, 0, 5, 0, 5, 5, 0, 5, 0, 0], /** @type {any} */ (region))],
        [scoord('POLYLINE', [0, 0, 5, 1, 5, 5, 0, 0], /** @type {any} */ (region))],
        [scoord('POINT', [7, 8], /** @type {any} */ (region)),
            num(code('373098007', 'SCT', 'Mean'), 12, "[hnsf'U]")],
    );
    const all = marksOf(ds, IMAGE_OF, () => true);

    assert.deepEqual(all.map((m) => m.kind), ['ellipse', 'rectangle', 'freehand', 'probe']);
    assert.deepEqual(all[0].points, [P(47, 52), P(69, 52), P(58, 41), P(58, 63)]);
    assert.deepEqual(labelOf(all[0], all[0].points, slice()).lines,
        ['Area 1.7 cm²']);
    assert.deepEqual(labelOf(all[3], all[3].points, slice()).lines, ['Mean 12 HU']);
});


test('G13 what is damaged gives no marks and no exception', () => {
    const whole = sent(report(everyKind().map((m) => ({ mark: m, frame: slice() })),
        slice().ds, OF));
    const text = JSON.stringify(whole);
    const wrecks = [
        text.replaceAll('"FL"', '"XX"').replaceAll(/"Value":\[[\d.,-]+\]/g, '"Value":["x",null]'),
        text.replaceAll('"00700022"', '"00700021"'),
        text.replaceAll('"POLYLINE"', '"CIRCLE"'),
        text.replaceAll('"ELLIPSE"', '"MULTIPOINT"'),
        text.replaceAll('{"vr":"SQ","Value":[{', '{"vr":"SQ","Value":[null,7,{'),
        text.replaceAll('"Value":["2.25.3"]', '"Value":[{}]'),
    ];

    for (const w of wrecks) {
        assert.ok(Array.isArray(marksOf(JSON.parse(w), IMAGE_OF, MINE)));
    }

    let deep = content('CONTAINER', code('125007', 'DCM'));

    for (let i = 0; i < 5000; i++) {
        deep = content('CONTAINER', code('1', 'X'), {}, deep);
    }

    assert.deepEqual(marksOf(deep, IMAGE_OF, MINE), []);
    assert.equal(isoOf('20261399999999'), '');
});


test('key images: the newest selection counts, a note takes the last one back', () => {
    const frame = slice();
    const key = { study: '2.25.1', series: '2.25.2', instance: '2.25.3', frame: 2,
        frames: 9, sopClass: '1' };
    const of = (/** @type {number} */ number, /** @type {any} */ replaced = null) =>
        ({ author: AUTHOR, series: '2.25.60', number, now: OF.now, replaced });
    const one = sent(selection([key], frame.ds, of(1)));
    const two = sent(selection([key, { ...key, frame: 3 }], frame.ds, of(2)));
    const none = sent(selection([], frame.ds, of(3, referenceTo(two))));

    assert.deepEqual(keysOf(standing([two, one]).own),
        [{ instance: '2.25.3', frame: 2 }, { instance: '2.25.3', frame: 3 }]);
    assert.equal(standing([one, two, none]).own, null);
    assert.equal(selection([], frame.ds, of(1)), null);

    const other = { ...two, '00080070': { Value: ['ACME'] },
        [TAG.SOPInstanceUID]: { Value: ['2.25.4'] } };

    assert.deepEqual(standing([other, one]).others, [other]);
});


test('a capture says the truth of itself', () => {
    const f = slice({ LossyImageCompression: ['01'], LossyImageCompressionRatio: [12],
        LossyImageCompressionMethod: ['ISO_10918_1'] });
    const of = { width: 4, height: 3, series: '2.25.70', number: 1, now: OF.now,
        names: true, isLossy: false };
    const ds = capture(f, of);

    assert.deepEqual(ds['00280301'].Value, ['YES']);
    assert.deepEqual(ds['00282110'].Value, ['01']);
    assert.deepEqual(ds['00282112'].Value, [12]);
    assert.deepEqual(ds['00100020'].Value, ['M-1']);
    assert.deepEqual(ds['00080008'].Value, ['DERIVED', 'SECONDARY']);

    const plain = capture(slice(), { ...of, names: false });

    assert.deepEqual(plain['00280301'].Value, ['NO']);
    assert.deepEqual(plain['00282110'].Value, ['00']);
    assert.deepEqual([...rgbOf(new Uint8ClampedArray([1, 2, 3, 255]))], [1, 2, 3, 0]);
});


test('G12 what the server has is not kept in the browser, too', () => {
    const store = new Map();
    const storage = /** @type {any} */ ({
        setItem: (/** @type {string} */ k, /** @type {string} */ v) => store.set(k, v),
        removeItem: (/** @type {string} */ k) => store.delete(k),
    });
    const marks = [mark('length', [P(0, 0), P(9, 9)])];
    const drawn = { ...nothingKept(() => '2.25.1'), marks };
    const saved = { ...drawn, saved: signature(marks) };

    keep(storage, '1', drawn);
    assert.ok(store.get('pacs.marks.1').includes('length'));
    keep(storage, '1', saved);
    assert.equal(store.size, 0);
    keep(storage, '1', { ...saved, savedKeys: keySignature([/** @type {any} */ ({
        instance: '1', frame: 1 })]) });
    assert.equal(store.size, 1);
    // it is nowhere else
    keep(storage, '1', { ...saved, calibrations: { a: { row: 1, column: 1 } } });
    assert.equal(store.size, 1);
});
