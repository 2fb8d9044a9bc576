// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TAG, first, joined, number, numbers } from '../../html/js/dicom/dataset.js';
import { age, formatAge, formatDate, formatTime } from '../../html/js/dicom/dates.js';
import { formatGroup, personName } from '../../html/js/dicom/names.js';
import { frameRate, framesOf, lossyText, stacks } from '../../html/js/dicom/stack.js';
import { ramp } from '../../html/js/math/window.js';
import { dataset } from './helper.mjs';

const IMAGE = { Rows: [4], Columns: [6], BitsAllocated: [16], BitsStored: [12] };


test('values are read whatever they are', () => {
    const ds = {
        '00280010': { vr: 'US', Value: ['512'] },
        '00280011': { vr: 'US', Value: [] },
        '00281050': { vr: 'DS', Value: [40, null] },
        '00080060': { vr: 'CS', Value: [null] },
        '00081030': { vr: 'LO', Value: [' a ', 'b'] },
    };

    assert.equal(number(ds, TAG.Rows), 512);
    assert.equal(number(ds, TAG.Columns), null);
    assert.deepEqual(numbers(ds, TAG.WindowCenter), []);
    assert.equal(first(ds, TAG.Modality), '');
    assert.equal(joined(ds, TAG.StudyDescription), 'a, b');
    assert.equal(number(undefined, TAG.Rows), null);
});


test('person names', () => {
    assert.equal(formatGroup('Smith^John^Q^Dr^MD'), 'Smith, Dr John Q, MD');
    assert.equal(formatGroup('Smith'), 'Smith');
    assert.equal(formatGroup('^John'), 'John');
    assert.equal(formatGroup('^^^^'), '');

    const name = personName({ '00100010': { Value: [{
        Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: '^',
    }] } }, TAG.PatientName);

    assert.deepEqual(name, { main: 'Yamada, Tarou', other: ['山田, 太郎'] });
    assert.deepEqual(personName({ '00100010': { Value: ['A^B=C'] } },
        TAG.PatientName), { main: 'A, B', other: ['C'] });
    assert.deepEqual(personName({}, TAG.PatientName), { main: '', other: [] });
});


test('dates and ages', () => {
    assert.equal(formatDate('20240229'), 'Feb 29, 2024');
    assert.equal(formatDate('1994.11.05'), 'Nov 05, 1994');
    assert.equal(formatDate('***'), '***');
    assert.equal(formatTime('120103.25'), '12:01');
    assert.equal(age('19700615', '20240614'), '53 years');
    assert.equal(age('19700615', '20240615'), '54 years');
    assert.equal(age('20230101', '20240115'), '12 months');
    assert.equal(age('20240101', '20240115'), '14 days');
    assert.equal(age('20240230', '20240315'), '');
    assert.equal(age('20250101', '20240315'), '');
    assert.equal(formatAge('045Y'), '45 years');
});


test('series are cut into stacks', () => {
    const one = (/** @type {number} */ n) => dataset({ ...IMAGE,
        SeriesInstanceUID: ['1.2'], SOPInstanceUID: [`1.2.${n}`],
        InstanceNumber: [n] });
    const loop = dataset({ ...IMAGE, SeriesInstanceUID: ['1.2'],
        SOPInstanceUID: ['1.2.9'], NumberOfFrames: [30], InstanceNumber: [9] });
    const all = stacks([one(2), loop, one(1), dataset({ Modality: ['SR'] })]);

    assert.deepEqual(all.map((s) => s.frames.length), [2, 30]);
    assert.deepEqual(all.map((s) => s.label), ['1 of 2', '2 of 2']);
    assert.deepEqual(all[0].frames.map((f) => f.instance), ['1.2.1', '1.2.2']);
    assert.deepEqual(all[1].frames.map((f) => f.frame).slice(0, 3), [1, 2, 3]);
    assert.notEqual(all[0].id, all[1].id);
    assert.deepEqual(stacks([]), []);
});


test('functional groups: the frame before the shared before the instance', () => {
    const group = (/** @type {number} */ c) => ({ '00289132':
        { Value: [dataset({ WindowCenter: [c], WindowWidth: [100] })] } });
    const ds = {
        ...dataset({ ...IMAGE, NumberOfFrames: [2], WindowCenter: [7],
            WindowWidth: [8] }),
        '52009229': { Value: [group(1)] },
        '52009230': { Value: [{}, group(2)] },
    };

    assert.deepEqual(framesOf(ds).map((f) => f.windows[0].center), [1, 2]);
});


test('windows without width, and more centres than widths, are left out', () => {
    const [f] = framesOf(dataset({ ...IMAGE, WindowCenter: [1, 2, 3],
        WindowWidth: [0, 5], WindowCenterWidthExplanation: ['A', 'B'] }));

    assert.deepEqual(f.windows, [{ center: 2, width: 5, label: 'B' }]);
});


test('the guessed window covers the stored values after rescale', () => {
    const [f] = framesOf(dataset({ ...IMAGE, PixelRepresentation: [0],
        RescaleSlope: [2], RescaleIntercept: [-1024] }));

    // LINEAR: from -1024 to 4095 * 2 - 1024
    assert.deepEqual(f.guess, { center: 4095 - 1024 + 0.5, width: 8191 });
    assert.deepEqual(ramp(f.guess, 'linear'), { low: -1024, span: 8190 });
    assert.equal(f.auto, null);
});


test('windows of MR and XA are of stored values, those of PET real', () => {
    const of = (/** @type {string} */ id) => framesOf(dataset({ ...IMAGE,
        SOPClassUID: [`1.2.840.10008.5.1.4.1.1.${id}`], RescaleSlope: [2],
        PixelRepresentation: [0], BitsStored: [8], WindowCenter: [3],
        WindowWidth: [4], LargestImagePixelValue: [100] }))[0];

    assert.deepEqual(of('4').auto, { center: 128, width: 256 });
    assert.deepEqual(of('12.1').guess, { center: 128, width: 256 });
    assert.deepEqual(of('2').auto, { center: 255.5, width: 511 });
    assert.deepEqual(of('128').guess, { center: 100.5, width: 201 });
    assert.deepEqual(of('128').windows, []);
    assert.equal(of('128').auto, null);
});


test('the server’s own window, where the header tells it', () => {
    const auto = (/** @type {Record<string, any[]>} */ v) =>
        framesOf(dataset({ ...IMAGE, ...v }))[0].auto;

    assert.deepEqual(auto({ BitsStored: [8] }), { center: 128, width: 256 });
    assert.deepEqual(auto({ SmallestImagePixelValue: [100],
        LargestImagePixelValue: [300] }), { center: 200.5, width: 201 });
    assert.equal(auto({ SmallestImagePixelValue: [0],
        LargestImagePixelValue: [0] }), null);
    assert.equal(auto({ BitsStored: [8], ModalityLUTSequence: [{}] }), null);
});


test('what is white at the low end', () => {
    const is = (/** @type {Record<string, any[]>} */ v) =>
        framesOf(dataset({ ...IMAGE, ...v }))[0].whiteLow;

    assert.ok(is({ PhotometricInterpretation: ['MONOCHROME1'] }));
    assert.ok(is({ PhotometricInterpretation: ['MONOCHROME2'],
        PresentationLUTShape: ['INVERSE'] }));
    assert.ok(!is({ PhotometricInterpretation: ['MONOCHROME2'],
        PresentationLUTShape: ['IDENTITY'] }));
});


test('pixels that are not square', () => {
    assert.equal(framesOf(dataset({ ...IMAGE, PixelAspectRatio: [2, 1] }))[0]
        .aspect, 2);
    assert.equal(framesOf(dataset({ ...IMAGE, PixelSpacing: [3, 1] }))[0]
        .aspect, 3);
    assert.equal(framesOf(dataset({ ...IMAGE, PixelSpacing: [1, 1],
        PixelAspectRatio: [2, 1] }))[0].aspect, 1);
    assert.equal(framesOf(dataset({ ...IMAGE, PixelAspectRatio: [0, 1] }))[0]
        .aspect, 1);
    assert.equal(framesOf(dataset(IMAGE))[0].aspect, 1);
});


test('what lies about its frames does not take the page down', () => {
    assert.equal(framesOf(dataset({ ...IMAGE, NumberOfFrames: [1e12] })).length,
        100000);
    assert.equal(framesOf(dataset({ Rows: [0], Columns: [5] })).length, 0);
    assert.equal(framesOf(dataset({ ...IMAGE, NumberOfFrames: ['x'] })).length, 1);
});


test('cine rate and stored loss', () => {
    const rate = (/** @type {Record<string, any[]>} */ v) =>
        frameRate(framesOf(dataset({ ...IMAGE, ...v }))[0]);

    assert.equal(rate({ FrameTime: [40] }), 25);
    assert.equal(rate({ FrameTime: [40], RecommendedDisplayFrameRate: [10] }), 10);
    assert.equal(rate({ FrameTime: [0] }), null);

    const [f] = framesOf(dataset({ ...IMAGE, LossyImageCompression: ['01'],
        LossyImageCompressionRatio: [12.34], LossyImageCompressionMethod:
        ['ISO_10918_1'] }));

    assert.equal(lossyText(f), 'Lossy stored 12.3:1 ISO 10918 1');
});
