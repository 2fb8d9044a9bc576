// SPDX-License-Identifier: BSD-2-Clause
//
// B01 to B10: what is opened, and where it is put.

import { TAG, first } from '../dicom/dataset.js';
import { getDatasets } from '../net/dicomweb.js';
import { studyUrl } from '../net/urls.js';
import { Absent, must, same } from '../selftest/client.js';
import { hasPictures } from '../viewer/series.js';
import { isProjection } from '../viewer/state.js';
import { KINDS } from './cases.js';
import { until } from './viewer.js';

/** @typedef {import('./points.js').Point} Point */

/** @param {import('./viewer.js').Viewer} v @param {number} [at] */
const isPicture = (v, at = 0) => new Set(v.middleRow(at)).size > 1;


/** @type {Point[]} */
export const LOADING = [
    { number: 'B01', title: 'Grey and colour images of any modality', section: '5.1',
        async run(t) {
            const found = [];
            const none = [];

            for (const kind of KINDS) {
                const one = await t.cases.find(kind, [kind], (frames) =>
                    frames[0].columns >= 16).catch((e) => {
                    if (!(e instanceof Absent)) {
                        throw e;
                    }
                });

                if (one === undefined) {
                    none.push(kind);
                    continue;
                }

                const v = await t.open(one);

                // a first slice may be of air alone
                if (!isPicture(v)) {
                    await v.press('End');
                    await v.ready();
                }

                found.push(kind);
            }

            must(found.length > 0, 'nothing here could be shown');

            return `shown: ${found.join(', ')}`
                + (none.length === 0 ? '' : `; none here: ${none.join(', ')}`);
        } },

    { number: 'B02', title: 'As many image sets as series; each loop is one', section: '5.1',
        async run(t) {
            const one = await t.cases.loop().catch(() => t.cases.slices());
            const v = await t.open(one);
            const series = (await getDatasets(`${studyUrl(t.cases.root, one.study)}/series`))
                .filter((ds) => hasPictures(/** @type {any} */ ({ ds })));

            await v.press('PageDown', 'PageUp');
            await v.ready();

            const sets = v.all('.strip-item').map((n) => n.dataset.id ?? '');

            for (const uid of series.map((ds) => first(ds, TAG.SeriesInstanceUID))) {
                must(sets.some((id) => id.startsWith(`${uid}/`)), `series ${uid} is not in the strip`);
            }

            must(sets.length >= series.length, `${sets.length} sets of ${series.length} series`);

            return `${series.length} series, ${sets.length} image sets`;
        } },

    { number: 'B03', title: 'At start: strip, first image, fitted, windowed, annotated, Scroll',
        section: '5.2',
        async run(t) {
            const one = await t.cases.grey();

            await t.viewer.open(`study=${one.study}`);

            const v = t.viewer;

            await v.ready();
            must(v.all('.thumb').length > 0, 'there is no strip');
            must(v.isPressed('scroll'), 'the tool is not Scroll');
            must(v.text('.corner-tl') !== '', 'there is no text');

            const before = v.text('.corner-bl');

            await v.press('f');
            same(v.text('.corner-bl'), before, 'the picture fitted');

            return `image ${v.shown()}, ${v.all('.thumb').length} thumbnails`;
        } },

    { number: 'B04', title: 'A toolbar with icons', section: '5.2',
        async run(t) {
            const v = await t.open(await t.cases.grey());
            const all = v.all('.toolbar button');

            must(all.length > 10, `${all.length} buttons`);

            for (const node of all) {
                must(node.querySelector('svg') !== null && node.getAttribute('aria-label') !== '',
                    `a button without icon or name: ${node.dataset.command}`);
            }

            return `${all.length} buttons, each with an icon and a name`;
        } },

    { number: 'B05', title: 'Thumbnails with date, modality, description and count', section: '5.2',
        async run(t) {
            const one = await t.cases.find('series with a date and a description', KINDS,
                ([f]) => first(f.ds, TAG.SeriesDate) !== ''
                    && first(f.ds, TAG.SeriesDescription) !== '');
            const v = await t.open(one);
            const thumb = v.all('.strip-item').find((n) =>
                n.dataset.id?.startsWith(`${one.series}/`));
            const said = (/** @type {string} */ name) =>
                thumb?.querySelector(`.thumb-${name}`)?.textContent ?? '';
            const [f] = one.frames;

            same(said('modality'), one.modality, 'modality');
            same(said('title'), first(f.ds, TAG.SeriesDescription), 'description');
            must(Number.parseInt(said('count'), 10) > 0, `count is ${said('count')}`);
            must(/\d{4}/.test(said('facts')), `the date is '${said('facts')}'`);

            return ['modality', 'title', 'count', 'facts'].map(said).join(', ');
        } },

    { number: 'B06', title: 'Previous and next frame, frame set and study', section: '5.2',
        async run(t) {
            const one = await t.cases.slices();
            const v = await t.open(one);

            await v.press('ArrowDown');
            await v.ready(0, 2);
            await v.press('ArrowUp');
            await v.ready(0, 1);

            const active = () => v.all('.thumb').findIndex((n) =>
                n.classList.contains('is-active'));
            const was = active();
            const way = was < v.all('.thumb').length - 1 ? ['PageDown', 'PageUp']
                : ['PageUp', 'PageDown'];

            if (v.all('.thumb').length > 1) {
                await v.press(way[0]);
                await until(() => active() !== was, 'another series');
                await v.press(way[1]);
                await until(() => active() === was, 'the series before');
            }

            const studies = await twoOfOne(t.cases.root);

            await v.open(`study=${studies[1]}`);
            await v.ready();
            await v.press('[');
            await v.moved(new RegExp(`study=${studies[0]}`));
            await v.ready();
            await v.press(']');
            await v.moved(new RegExp(`study=${studies[1]}`));

            return 'frames by arrows, series by Page keys, studies by [ and ]';
        } },

    { number: 'B07', title: 'Layouts of viewports, and of images inside one', section: '5.3',
        async run(t) {
            const v = await t.open(await t.cases.slices());

            /** @param {string} of @param {number} side */
            const choose = async (of, side) => {
                const choice = `.layouts-${of} [data-rows="${side}"][data-columns="${side}"]`;

                await v.press('g');
                await until(() => v.all(choice).length > 0, 'the layouts');
                await v.click(choice);
            };

            await choose('ports', 2);
            await until(() => v.all('.port').length === 4, 'four viewports');
            await choose('ports', 1);
            await until(() => v.all('.port').length === 1, 'one viewport');
            await choose('tiles', 2);

            for (const i of [0, 1, 2, 3]) {
                await v.ready(i, i + 1);
            }

            return '2 × 2 viewports; images 1 to 4 in one';
        } },

    { number: 'B08', title: 'Two image sets side by side', section: '5.3',
        async run(t) {
            const [a, b] = await t.cases.pair('study with two series', () => true);
            const v = await t.open(a, b);

            must(v.text('.corner-br', 0) !== v.text('.corner-br', 1)
                || v.text('.corner-bl', 0) !== v.text('.corner-bl', 1),
            'both viewports say the same');
            must(isPicture(v, 0) || isPicture(v, 1), 'both are black');

            return `${a.frames.length} and ${b.frames.length} images of ${a.modality}`;
        } },

    { number: 'B09', title: 'The upper left viewport is selected; a click selects', section: '5.3',
        async run(t) {
            const one = await t.cases.slices();
            const v = await t.open(one, one);
            const selected = () => v.all('.port').findIndex((n) =>
                n.getAttribute('aria-current') === 'true');

            same(selected(), 0, 'the selected viewport');
            await v.tap({ x: 200, y: 200 }, 1);
            same(selected(), 1, 'the selected viewport after a click');
            must(v.all('.cell')[1].classList.contains('is-active'), 'it is not seen');

            return 'the first at start, the second after a click on it';
        } },

    { number: 'B10', title: 'Rotate and flip projections, nothing else', section: '5.3',
        async run(t) {
            const v = await t.open(await t.cases.slices());

            await v.press('q', 'x');
            same(v.text('.turned'), '', 'the mark on a slice');
            must(v.button('rotate').hidden && v.button('flip').hidden, 'a slice can be turned');

            const one = await t.cases.projection();

            must(isProjection(one.frames[0]), `${one.modality} is no projection`);
            await t.open(one);
            await v.press('q');
            await v.addressed(({ o }) => o?.includes('r90'), 'rotated by 90');
            await v.press('x');
            must(v.text('.turned') !== '', 'a turned picture is not marked');

            return `${one.modality} turns and says so, a slice does not`;
        } },
];


/** @param {string} root @returns {Promise<string[]>} UIDs, the older first */
async function twoOfOne(root) {
    const all = await getDatasets(`${root}/studies?limit=300&includefield=`
        + [TAG.PatientBirthDate, TAG.IssuerOfPatientID, TAG.ModalitiesInStudy].join(','));
    const key = (/** @type {any} */ ds) => [TAG.PatientID, TAG.IssuerOfPatientID,
        TAG.PatientBirthDate].map((tag) => first(ds, tag)).join('\n');
    const when = (/** @type {any} */ ds) => [TAG.StudyDate, TAG.StudyTime,
        TAG.StudyInstanceUID].map((tag) => first(ds, tag)).join('/');
    const isSeen = (/** @type {any} */ ds) =>
        KINDS.includes(first(ds, TAG.ModalitiesInStudy));

    for (const ds of all.filter((x) => first(x, TAG.PatientID) !== '')) {
        const own = all.filter((x) => key(x) === key(ds))
            .sort((a, b) => when(a) < when(b) ? -1 : 1);
        const at = own.findIndex((x, i) => i > 0 && isSeen(x) && isSeen(own[i - 1]));

        if (at > 0) {
            return [own[at - 1], own[at]].map((x) => first(x, TAG.StudyInstanceUID));
        }
    }

    throw new Absent('no patient with two studies here');
}
