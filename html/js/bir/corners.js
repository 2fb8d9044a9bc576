// SPDX-License-Identifier: BSD-2-Clause
//
// B25 to B30: what stands on a picture.

import { TAG, first, number } from '../dicom/dataset.js';
import { Absent, must, same } from '../selftest/client.js';
import { KINDS } from './cases.js';
import { until } from './viewer.js';

/**
 * @typedef {import('./points.js').Point} Point
 * @typedef {import('./cases.js').Frame} Frame
 */


/**
 * @param {string} text of a corner
 * @param {[string, string][]} due what, and its name
 * @returns {string} what was found
 */
function holds(text, due) {
    const known = due.filter(([value]) => value !== '');

    for (const [value, name] of known) {
        must(text.includes(value), `${name} '${value}' is not said`);
    }

    return known.map(([, name]) => name).join(', ');
}


/** @param {Frame} f @param {...string} tags */
const all = (f, ...tags) => tags.every((tag) => first(f.ds, tag) !== '');


/** @type {Point[]} */
export const CORNERS = [
    { number: 'B25', title: 'Top left: name, birth date, ID, sex, age', section: '5.8',
        async run(t) {
            const one = await t.cases.find('image that names a patient', KINDS,
                ([f]) => all(f, TAG.PatientName, TAG.PatientID, TAG.PatientBirthDate))
                .catch(() => t.cases.grey());
            const v = await t.open(one);
            const { ds } = one.frames[0];
            const [family] = first(ds, TAG.PatientName).split('^');

            return holds(v.text('.corner-tl'), [[family, 'name'],
                [first(ds, TAG.PatientID), 'ID'], [first(ds, TAG.PatientSex), 'sex'],
                [first(ds, TAG.PatientBirthDate).slice(0, 4), 'birth date']]);
        } },

    { number: 'B26', title: 'Top right: institution, study, accession number, date and time',
        section: '5.8',
        async run(t) {
            const one = await t.cases.find('image with an accession number', KINDS,
                ([f]) => all(f, TAG.AccessionNumber, TAG.StudyDescription))
                .catch(() => t.cases.grey());
            const v = await t.open(one);
            const { ds } = one.frames[0];
            const date = [TAG.AcquisitionDate, TAG.ContentDate, TAG.SeriesDate,
                TAG.StudyDate].map((tag) => first(ds, tag)).find(Boolean) ?? '';

            return holds(v.text('.corner-tr'), [
                [first(ds, TAG.InstitutionName), 'institution'],
                [first(ds, TAG.StudyDescription), 'description'],
                [first(ds, TAG.StudyID), 'study ID'],
                [first(ds, TAG.AccessionNumber), 'accession number'],
                [date.slice(0, 4), 'date']]);
        } },

    { number: 'B27', title: 'Bottom right: series, laterality, contrast, thickness, technique',
        section: '5.8',
        async run(t) {
            const one = await t.cases.find('series with a description and a thickness', KINDS,
                ([f]) => all(f, TAG.SeriesDescription, TAG.SliceThickness))
                .catch(() => t.cases.grey());
            const v = await t.open(one);
            const { ds } = one.frames[0];
            const thickness = number(ds, TAG.SliceThickness);

            return holds(v.text('.corner-br'), [
                [first(ds, TAG.SeriesNumber), 'number'],
                [first(ds, TAG.SeriesDescription), 'description'],
                [first(ds, TAG.ContrastBolusAgent), 'contrast agent'],
                [thickness === null ? '' : String(Number(thickness.toFixed(2))), 'thickness']]);
        } },

    { number: 'B28', title: 'Stored loss is told, with ratio and method, and never hidden',
        section: '5.8',
        async run(t) {
            const one = await t.cases.find('image that was stored with loss', KINDS, ([f]) =>
                first(f.ds, TAG.LossyImageCompression) === '01');
            const v = await t.open(one);
            const ratio = number(one.frames[0].ds, TAG.LossyImageCompressionRatio);
            const said = v.text('.lossy');

            must(ratio === null || said.includes(String(Number(ratio.toPrecision(3)))),
                `'${said}' does not tell the ratio ${ratio}`);
            await v.press('i', 'i');
            same(v.text('.corner-tl'), '', 'the text after I, I');
            must(!v.one('.lossy').hidden && v.text('.lossy') === said, 'it is hidden');

            return said;
        } },

    { number: 'B29', title: 'Text is full, minimal or none', section: '5.8',
        async run(t) {
            const v = await t.open(await t.cases.grey());
            const counts = [];

            for (let k = 0; k < 4; k++) {
                counts.push(v.lines('.corner-tl').length + v.lines('.corner-br').length
                    + v.lines('.corner-tr').length);
                await v.press('i');
            }

            must(counts[0] > counts[1] && counts[1] > 0 && counts[2] === 0
                && counts[3] === counts[0], `lines: ${counts.join(', ')}`);

            return `${counts.slice(0, 3).join(', ')} lines`;
        } },

    { number: 'B30', title: 'An applied presentation state is told', section: '5.8',
        async run(t) {
            const { viewer: v } = t;

            for (const { study, series } of await t.cases.named('PR')) {
                await v.open(`study=${study}&port=${series}`);

                const image = /** @type {HTMLImageElement | null} */ (await until(() =>
                    v.document.querySelector('.paper-view .paper-none')
                        ?? [...v.all('.paper-view[data-kind="state"] img')].find((n) =>
                            /** @type {HTMLImageElement} */ (n).naturalWidth > 0),
                'a presentation state'));

                if (image?.localName === 'img') {
                    must(v.text('.paper-kind') !== '', 'it is not told');

                    return `${v.text('.paper-kind')}: ${v.text('.paper-title')}`;
                }
            }

            throw new Absent('no presentation state here that can be shown');
        } },
];
