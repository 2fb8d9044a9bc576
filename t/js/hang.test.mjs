// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
    asksImages, fits, hung, layoutOf, protocolsOf,
} from '../../html/js/hang/engine.js';
import { checked } from '../../html/js/hang/check.js';
import { imagesOf, sightOf } from '../../html/js/hang/items.js';
import { earlier } from '../../html/js/dicom/dates.js';
import { counterpart, likenessOf, priorsOf, sliceBeside } from '../../html/js/hang/prior.js';
import { uprightView } from '../../html/js/hang/upright.js';
import { RESET, apply, matrix } from '../../html/js/math/view.js';
import { dataset, viewport } from './helper.mjs';

const SHIPPED = JSON.parse(readFileSync(
    new URL('../../html/hanging.json', import.meta.url), 'utf8'));
const { protocols } = protocolsOf(SHIPPED);

/** @param {string} modality @param {Record<string, any>} [more] */
const item = (modality, more = {}) => ({
    id: `${modality}/${more.laterality ?? ''}${more.view ?? ''}`, index: 0, modality,
    bodyPart: '', description: '', laterality: '', view: '', ...more,
});

/** @param {string[]} modalities @param {number} images @param {string} [description] */
const study = (modalities, images, description = '') => ({
    description, images, series: modalities.map((m) => item(m)),
});

const names = (/** @type {any} */ facts) =>
    fits(protocols, facts).map((f) => f.protocol.name);
const named = (/** @type {string} */ name) => /** @type {any} */ (
    protocols.find((p) => p.name === name));


test('the shipped protocols are right, each of them', () => {
    assert.deepEqual(protocolsOf(SHIPPED).wrong, []);
    assert.equal(protocols.length, SHIPPED.protocols.length);
});


test('the example of conf/hanging.md is right, and does what it says', () => {
    const text = readFileSync(new URL('../../conf/hanging.md', import.meta.url), 'utf8');
    const of = protocolsOf(JSON.parse(text.match(/```json\n([^]*?)```/)?.[1] ?? ''));
    const series = ['Axial', 'Lung 1 mm'].map((description) =>
        item('CT', { id: description, description, bodyPart: 'CHEST' }));
    const [best] = fits(of.protocols, { description: '', series, images: 100 });

    assert.deepEqual(of.wrong, []);
    assert.equal(best.reason, 'CT chest, lung and soft tissue: CT, chest, 2 series');
    assert.deepEqual(hung(best.protocol, series).map((x) => x?.id), ['Lung 1 mm', 'Axial']);
});


test('what an administrator wrote wrong is named with its place', () => {
    const good = { name: 'A', match: {}, layout: '1x1', ports: [{ select: [{}] }] };
    const { protocols: left, wrong } = protocolsOf({ protocols: [
        good, { ...good, layout: '5x1' }, { ...good, ports: [] }, { match: {} }, null,
        { ...good, ports: [{ select: [{ colour: 'red' }] }] },
        { ...good, match: { modality: 'CT' } }, { ...good, match: { weather: 1 } },
        { ...good, ports: [{ select: [{ toString: 'x' }] }] },
    ] });

    assert.deepEqual(left, [good]);
    assert.deepEqual(wrong, [
        'protocols[1].layout: is not of 1x1 to 4x4',
        'protocols[2].ports: are not as many as the layout has',
        'protocols[3].name: is missing',
        'protocols[4]: is no object',
        'protocols[5].ports[0].select[0].colour: is not known; there are modality, laterality, view, bodyPart, description',
        'protocols[6].match.modality: is no list of words',
        'protocols[7].match.weather: is not known; there are modality, region, series, images',
        'protocols[8].ports[0].select[0].toString: is not known; there are modality, laterality, view, bodyPart, description',
    ]);
    assert.deepEqual(protocolsOf('x').wrong, ['protocols: a list is missing']);
});


test('a file of protocols is checked line by line before it is used', () => {
    const file = (/** @type {string} */ ports) => `{
  "protocols": [
    { "name": "A", "match": {}, "layout": "1x1", "ports": [{ "select": [{}] }] },
    { "name": "B", "match": {},
      "layout": "1x1",
      ${ports} }
  ]
}
`;
    const found = (/** @type {string} */ json) => checked(json).wrong
        .map(({ line, place, what }) => `${line} ${place}: ${what}`);

    assert.deepEqual(checked(readFileSync(new URL('../../html/hanging.json', import.meta.url),
        'utf8')).wrong, []);
    assert.deepEqual(checked(file('"ports": [{ "select": [{}] }]')),
        { names: ['A', 'B'], wrong: [] });
    assert.deepEqual(checked(file('"ports": []')).names, ['A']);
    assert.deepEqual(found(file('"ports": []')),
        ['6 protocols[1].ports: are not as many as the layout has']);
    assert.deepEqual(found(file('"ports": [{\n"select": [{},\n{ "modalty": "C\\"T}" }] }]')),
        ['8 protocols[1].ports[0].select[1].modalty: is not known;'
            + ' there are modality, laterality, view, bodyPart, description']);
    // what is missing has no line: that of what it is missing in
    assert.deepEqual(found('{ "protocols": [\n\n{ "name": "A" } ] }'),
        ['3 protocols[0].match: is missing']);
    assert.deepEqual(found('{}'), ['1 protocols: a list is missing']);

    // what is no JSON
    for (const [json, said] of [
        ['', '1 : a value is expected, not the end'],
        ['{ "protocols": [\n  { "name": "A", },\n] }', '2 : a key in double quotes is expected, not }'],
        ['{ "protocols": [ {}\n {} ] }', '2 : , or ] is expected, not {'],
        ['{\n\n protocols: [] }', '3 : a key in double quotes or } is expected, not protocols'],
        ['{ "protocols"\n [] }', '2 : : is expected, not ['],
        ['{ "protocols": [] // all\n}', '1 : , or } is expected, not //'],
        ['{ "protocols": [\n', '2 : a value or ] is expected, not the end'],
        ['{ "protocols": [] }\n}', '2 : the end is expected, not }'],
        ['{ "protocols": [ "a\nb" ] }', '1 : a value or ] is expected, not "a'],
        ['{ "protocols": [ 01 ] }', '1 : , or ] is expected, not 1'],
    ]) {
        assert.deepEqual(found(json), [said]);
        assert.throws(() => JSON.parse(json));
    }
});


test('the protocol that says more of the study comes first, the others follow', () => {
    assert.deepEqual(names(study(['CT'], 24)), ['One series']);
    assert.deepEqual(names(study(['CT', 'CT'], 27)), ['One series', 'Two series']);
    assert.equal(names(study(['MG', 'MG', 'MG', 'MG'], 4))[0], 'Mammography four-view');
    assert.equal(names(study(['MG'], 1))[0], 'One series');
    assert.equal(names(study(['US'], 12))[0], 'Ultrasound');
    assert.equal(names(study(['XA'], 1))[0], 'Angiography');
    assert.equal(names(study(['DX', 'DX'], 2, 'Thorax 2 planes'))[0],
        'Chest PA and lateral');
    assert.equal(names(study(['DX', 'DX'], 2, 'Knee'))[0], 'One series');
    assert.equal(names(study(['DX'], 1, 'Chest PA'))[0], 'One series');
});


test('the reason says what of the study was matched', () => {
    const [first] = fits(protocols, study(['CR', 'CR'], 2, 'CHEST'));

    assert.equal(first.reason, 'Chest PA and lateral: CR, chest, 2 series, 2 images');
});


test('each viewport gets what its first selector finds, and nothing twice', () => {
    const four = named('Mammography four-view');
    const all = [['L', 'MLO'], ['L', 'CC'], ['R', 'ML'], ['R', 'CC'], ['R', 'CC']]
        .map(([laterality, view]) => item('MG', { laterality, view }));
    const sights = (/** @type {any[]} */ x) =>
        x.map((i) => i === null ? null : i.laterality + i.view);

    assert.deepEqual(layoutOf(four), { rows: 2, columns: 2 });
    assert.deepEqual(sights(hung(four, all)), ['RCC', 'LCC', 'RML', 'LMLO']);
    assert.deepEqual(sights(hung(four, [...all, item('MG', { laterality: 'R', view: 'MLO' })])),
        ['RCC', 'LCC', 'RMLO', 'LMLO']);
    assert.deepEqual(sights(hung(four, all.slice(1))), ['RCC', 'LCC', 'RML', null]);

    const two = hung(named('Two series'), [item('CT', { id: 'a' }), item('CT', { id: 'b' })]);

    assert.deepEqual(two.map((x) => x?.id), ['a', 'b']);
    assert.deepEqual(hung(named('Two series'), [item('CT', { id: 'a' })])[1], null);
    assert.deepEqual([asksImages(four), asksImages(named('One series'))], [true, false]);
});


test('side and view come from codes, or from the words beside them', () => {
    assert.deepEqual(sightOf({
        ...dataset({ ImageLaterality: ['R'], ViewPosition: ['XX'] }),
        '00540220': { Value: [dataset({ CodeValue: ['R-10226'] })] },
    }), { laterality: 'R', view: 'MLO' });
    assert.deepEqual(sightOf(dataset({ Laterality: ['L'], ViewPosition: ['CC'] })),
        { laterality: 'L', view: 'CC' });

    const s = viewport(2, { Modality: ['MG'], ImageLaterality: ['L'],
        ViewPosition: ['CC'] });
    const found = imagesOf({ id: 'x/', series: { ds: dataset({ Modality: ['MG'] }) },
        stack: s.stack });

    assert.deepEqual(found.map((x) => [x.id, x.index, x.laterality, x.view]),
        [['x/', 0, 'L', 'CC'], ['x/', 1, 'L', 'CC']]);
});


test('chest walls come together by the header, and without it nothing is turned', () => {
    const right = { modality: 'MG', laterality: 'R', view: 'CC' };
    const left = { modality: 'MG', laterality: 'L', view: 'MLO' };

    assert.deepEqual(uprightView(right, ['P', 'L']), RESET);
    assert.deepEqual(uprightView(right, ['A', 'L']), { ...RESET, flip: true });
    assert.deepEqual(uprightView(right, ['A', 'R']), { ...RESET, rotate: 180 });
    assert.deepEqual(uprightView(left, ['A', 'FR']), RESET);
    assert.deepEqual(uprightView(left, ['P', 'F']), { ...RESET, flip: true });
    assert.deepEqual(uprightView(left, []), RESET);
    assert.deepEqual(uprightView(left, ['nonsense', 'F']), RESET);
});


test('an image at a side of its viewport lies there, whatever way it is turned', () => {
    const image = { width: 100, height: 200 };
    const port = { width: 500, height: 400 };

    for (const turn of [{}, { flip: true }, { rotate: 180 }, { rotate: 180, flip: true }]) {
        for (const side of /** @type {const} */ (['left', 'right'])) {
            const m = matrix(/** @type {any} */ ({ ...RESET, ...turn, side }), image, port);
            const xs = [apply(m, { x: 0, y: 0 }).x, apply(m, { x: 100, y: 0 }).x];

            assert.equal(side === 'left' ? Math.min(...xs) : Math.max(...xs),
                side === 'left' ? 0 : 500);
        }
    }
});


test('S10 how much earlier, in years and months, or days', () => {
    assert.equal(earlier('20260115', '20231010'), '2 years 3 months earlier');
    assert.equal(earlier('20260115', '20240115'), '2 years earlier');
    assert.equal(earlier('20260115', '20250916'), '3 months earlier');
    assert.equal(earlier('20260115', '20260103'), '12 days earlier');
    assert.equal(earlier('20260115', '20260115'), 'same day');
    assert.equal(earlier('20260103', '20260115'), '12 days later');
    assert.equal(earlier('20260115', ''), '');
});


test('S10 the prior: of the same modality first, the newest first, never a later one', () => {
    const past = (/** @type {string} */ uid, /** @type {string} */ date,
        /** @type {string[]} */ ...modalities) => ({ uid, date, modalities });
    const now = past('1', '20240601', 'CT');

    assert.deepEqual(priorsOf(now, [now, past('2', '20250101', 'CT'),
        past('3', '20240101', 'MR'), past('4', '20200101', 'CT', 'SR'),
        past('5', '20220101', 'CT'), past('6', '', 'CT')]).map((x) => x.uid),
    ['5', '4', '3']);
});


test('S10 compared is what is alike; another side or modality never', () => {
    const cc = item('MG', { laterality: 'R', view: 'CC' });
    const all = [item('MG', { laterality: 'L', view: 'CC' }),
        item('MG', { laterality: 'R', view: 'MLO' }), { ...cc, id: 'found' }];

    assert.equal(counterpart(cc, all)?.id, 'found');
    assert.equal(counterpart(cc, all.slice(0, 2)), null);
    assert.equal(counterpart(item('CT', { description: 'Lung axial' }), [
        item('CT', { id: 'a', description: 'Scout' }), item('MR', { id: 'c' }),
        item('CT', { id: 'b', description: 'axial LUNG 1 mm' })])?.id, 'b');
});


test('S10 what a prior was matched by is told, and another body part', () => {
    const own = item('CT', { bodyPart: 'CHEST', description: 'Axial 1.0 lung', laterality: '' });

    assert.deepEqual(likenessOf(own, item('CT', { bodyPart: 'CHEST', description: 'lung axial' })),
        { by: ['chest', 'lung', 'axial'], against: '' });
    assert.deepEqual(likenessOf(own, item('CT', { bodyPart: 'HEAD', description: 'Brain' })),
        { by: [], against: 'HEAD' });
    assert.deepEqual(likenessOf(own, item('CT')), { by: [], against: '' });
});


test('G17 the closest slice: by place in one space, else as far through the stack', () => {
    const slices = (/** @type {number} */ n, /** @type {number} */ step,
        /** @type {string} */ reference) => /** @type {any} */ (Array.from({ length: n },
        (_, k) => ({ position: [0, 0, 100 - step * k], reference, columns: 10, rows: 10,
            aspect: 1, spacing: { column: 1, row: 1 },
            orientation: { row: [1, 0, 0], column: [0, 1, 0] } })));
    const frames = slices(21, 5, 'a');

    assert.equal(sliceBeside({ frames, index: 6 }, slices(11, 10, 'a')), 3);
    assert.equal(sliceBeside({ frames, index: 20 }, slices(5, 5, 'a')), 4);
    assert.equal(sliceBeside({ frames, index: 10 }, slices(41, 1, 'b')), 20);
    assert.equal(sliceBeside({ frames, index: 20 }, slices(7, 1, '')), 6);
    assert.equal(sliceBeside({ frames: slices(1, 1, ''), index: 0 }, slices(3, 1, '')), 0);
});
