// SPDX-License-Identifier: BSD-2-Clause
//
// Points 1 to 18: QIDO-RS, PS3.18 8.3.4 and 10.6.

import { first, items, number, values } from '../dicom/dataset.js';
import { missing, studyOf } from './archive.js';
import { boundaryOf } from './multipart.js';
import { newUid } from './part10.js';
import { JSON_TYPE, must, same } from './client.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('../dicom/dataset.js').Dataset} Dataset */

const MODALITY = '00080060';

/** Tables 10.6.3-3, -4 and -5. @type {Record<string, string[]>} */
const REQUIRED = {
    studies: ['00080020', '00080030', '00080050', '00080061', '00080090', '00081190',
        '00100010', '00100020', '00100030', '00100040', '0020000D', '00200010',
        '00201206', '00201208'],
    series: ['00080060', '0008103E', '00081190', '0020000E', '00200011', '00201209',
        '00400244', '00400245', '00400275'],
    instances: ['00080016', '00080018', '00081190', '00200013', '00280008', '00280010',
        '00280011', '00280100'],
};

const enc = encodeURIComponent;

/** @param {Dataset[]} rows */
const uids = (rows) => rows.map(studyOf);

/** @param {Dataset} study @param {string} rest of the query */
const only = (study, rest) => `/studies?StudyInstanceUID=${studyOf(study)}&${rest}`;


/** @param {Client} c */
async function noMatch(c) {
    const uid = newUid();

    for (const path of [`/studies?StudyInstanceUID=${uid}`, `/series?StudyInstanceUID=${uid}`,
        `/instances?SOPInstanceUID=${uid}`, `/studies/${uid}/series`]) {
        same(await c.rows(path), [], path);
    }

    return 'studies, series, instances';
}


/** @param {Client} c */
async function limits(c) {
    same(await c.rows('/studies?limit=5&offset=99999999'), [], 'past the end');
    must((await c.rows('/studies?limit=1')).length <= 1, 'limit=1 gives several');
    await c.refused(['limit=0', 'limit=-1', 'limit=x', 'limit=1.5', 'offset=-1', 'offset=x']
        .map((q) => `/studies?${q}`), 400);

    return 'limit=0 is 400';
}


/** @param {Client} c */
async function pages(c) {
    const size = Math.ceil(c.archive.several(2).length / 4);
    const whole = uids(await c.rows(`/studies?limit=${size * 3}`));
    const parts = [];

    for (const page of [0, 1, 2]) {
        parts.push(...uids(await c.rows(`/studies?limit=${size}&offset=${page * size}`)));
    }

    same(parts, whole, 'three pages');
    same(new Set(parts).size, parts.length, 'studies of three pages');

    return `3 pages of ${size}; what arrives meanwhile: t/48-qido.t`;
}


/** @param {Client} c */
async function truncated(c) {
    c.archive.several(2);

    const some = await c.ok('/studies?limit=1', { accept: JSON_TYPE });

    must(/^299 \S+ ".*additional results that can be requested"/.test(some.warning),
        `Warning is '${some.warning}'`);

    const [study] = c.archive.studies;
    const all = await c.ok(only(study, 'limit=1'), { accept: JSON_TYPE });

    must(!all.warning.includes('additional'), 'Warning where nothing is left out');

    return some.warning;
}


/** @param {Client} c */
async function otherKeys(c) {
    const answer = await c.ok('/studies?SliceThickness=5&limit=5', { accept: JSON_TYPE });

    must(/^299 .*SliceThickness/.test(answer.warning),
        `a key without support is not in the Warning '${answer.warning}'`);
    await c.refused(['/studies?NoSuchKeyword=1', '/studies?0010=1'], 400);

    return answer.warning;
}


/** @param {Client} c */
async function spellings(c) {
    const id = enc(first(c.archive.whole(), '00100020'));
    const byWord = uids(await c.rows(`/studies?PatientID=${id}`));

    must(byWord.length > 0, `nothing by PatientID=${id}`);
    same(uids(await c.rows(`/studies?00100020=${id}`)), byWord, 'by 00100020');

    const requested = (await c.rows('/series?limit=200&includefield=RequestAttributesSequence'))
        .flatMap((ds) => items(ds, '00400275').map((i) => first(i, '00400009')))
        .find((v) => v !== '') ?? 'SELFTEST-NONE';
    const series = [];

    for (const key of ['00400275.00400009', 'RequestAttributesSequence.00400009',
        'RequestAttributesSequence.ScheduledProcedureStepID']) {
        const answer = await c.ok(`/series?${key}=${enc(requested)}`, { accept: JSON_TYPE });

        must(!answer.warning.includes('ignored'), `${key} is ignored`);
        series.push(answer.json().map((/** @type {Dataset} */ ds) => first(ds, '0020000E')));
    }

    same(series[1], series[0], 'by RequestAttributesSequence.00400009');
    same(series[2], series[0], 'by two keywords');

    return `PatientID ${id}; ${series[0].length} series of step ${requested}`;
}


/** @param {Client} c */
async function lists(c) {
    const two = uids(c.archive.several(2).slice(0, 2)).sort();

    for (const by of [',', '%2C', '%5C']) {
        same(uids(await c.rows(`/studies?StudyInstanceUID=${two.join(by)}`)).sort(), two,
            `two UIDs by ${by}`);
    }

    await c.refused(['/studies?PatientID=1&PatientID=2', '/studies?PatientID=1&00100020=2',
        '/studies?StudyInstanceUID=1.2.x'], 400);

    return two.join(', ');
}


/** @param {Client} c */
async function dates(c) {
    const study = c.archive.whole();
    const day = first(study, '00080020');
    const time = first(study, '00080030').slice(0, 6);
    const none = `${Number(day.slice(0, 4)) + 1}0101`;

    for (const range of [day, `${day}-${day}`, `${day}-`, `-${day}`]) {
        same((await c.rows(only(study, `StudyDate=${range}`))).length, 1, `StudyDate=${range}`);
        same((await c.rows(only(study, `StudyDate=${range}&StudyTime=`
            + range.replaceAll(day, time)))).length, 1, `StudyDate=${range} with a time`);
    }

    for (const ds of await c.rows(`/studies?StudyDate=${day}-&limit=100`)) {
        must(first(ds, '00080020') >= day, `${day}- gives ${first(ds, '00080020')}`);
    }

    same(await c.rows(only(study, `StudyDate=${none}-`)), [], `StudyDate=${none}-`);
    await c.refused(['20201301', '20200132', '2020-01-01', 'x', '-']
        .map((d) => `/studies?StudyDate=${d}`), 400);

    return `${day} ${time} of study ${studyOf(study)}`;
}


/** @param {Client} c */
async function wildcards(c) {
    const study = c.archive.study('study whose patient ID has no wildcards', (s) =>
        /^[\x20-\x7e]{2,}$/.test(first(s, '00100020')) && !/[*?\\]/.test(first(s, '00100020')));
    const id = first(study, '00100020');
    const start = enc(id.slice(0, -1));

    for (const key of [enc(id), `${start}%2A`, `${start}*`, `${start}?`, `${start}%3F`, '', '%2A']) {
        same((await c.rows(only(study, `PatientID=${key}`))).length, 1, `rows of PatientID=${key}`);
    }

    same(await c.rows(only(study, `PatientID=${enc(id)}x%2A`)), [], 'another beginning');

    return `PatientID ${id}; names, + and %20: t/48-qido.t`;
}


/** @param {Client} c */
async function fuzzy(c) {
    const study = c.archive.study('study with a name of letters', (s) =>
        /^[A-Za-z]{3,}\^/.test(first(s, '00100010')));
    const family = first(study, '00100010').split('^')[0];
    const answer = await c.ok(only(study, `PatientName=${family}&fuzzymatching=true`),
        { accept: JSON_TYPE });

    await c.refused(['/studies?fuzzymatching=maybe'], 400);

    if (/^299 .*fuzzymatching/i.test(answer.warning)) {
        return answer.warning;
    }

    same(answer.json().length, 1, `rows by the name ${family}`);

    return `supported: ${family}`;
}


/** @param {Client} c */
async function includes(c) {
    const [study] = c.archive.several(1);
    const ask = (/** @type {string} */ q) => c.rows(only(study, q));
    const repeated = await ask('includefield=StudyDescription&includefield=00101010');

    must(repeated[0]?.['00081030'], 'StudyDescription is not included');

    for (const q of ['StudyDescription,00101010', 'StudyDescription%2CPatientAge']) {
        same(await ask(`includefield=${q}`), repeated, `by includefield=${q}`);
    }

    must('00081030' in (await ask('includefield=all'))[0], 'all is not all');
    await c.refused(['/studies?includefield=NoSuch'], 400);

    return `study ${studyOf(study)}; sequences and private ones: t/48-qido.t`;
}


/** @param {Client} c */
async function required(c) {
    for (const [level, tags] of Object.entries(REQUIRED)) {
        for (const row of await c.rows(`/${level}?limit=50`)) {
            const lacks = tags.filter((tag) => !row[tag]?.vr);

            same(lacks, [], `what a row of ${level} lacks`);
        }
    }

    return '50 rows of each level';
}


/** @param {Client} c */
async function matched(c) {
    const study = c.archive.study('study with a description', (s) => first(s, '00081030') !== '');
    const uid = studyOf(study);
    const text = first(study, '00081030');
    const [row] = await c.rows(only(study, `StudyDescription=${enc(text)}`));

    same(row && first(row, '00081030'), text, 'the key');

    for (const level of ['series', 'instances']) {
        const [below] = await c.rows(`/${level}?StudyInstanceUID=${uid}&limit=1`);

        for (const tag of ['0020000D', '00100020', '00080020']) {
            same(below?.[tag]?.Value, study[tag]?.Value, `${tag} of /${level}`);
        }
    }

    return `study ${uid}`;
}


/** @param {Client} c */
async function levels(c) {
    c.archive.several(1);

    for (const q of ['includefield=Modality', 'Modality=CT']) {
        const answer = await c.ok(`/studies?${q}&limit=50`, { accept: JSON_TYPE });

        must(answer.json().every((/** @type {Dataset} */ ds) => !(MODALITY in ds)),
            `${q}: a study has a Modality`);
        must(/^299 .*(Modality|00080060)/.test(answer.warning), `${q}: no Warning`);
    }

    return 'left out, and said';
}


/** @param {Client} c */
async function retrieveUrls(c) {
    const all = [];

    for (const level of ['studies', 'series', 'instances']) {
        const [row] = await c.rows(`/${level}?limit=1`);

        if (!row) {
            missing('study');
        }

        const url = first(row, '00081190');

        must(URL.canParse(url) && !url.includes('null'), `RetrieveURL is '${url}'`);
        same(new URL(url).origin, location.origin, 'the origin of RetrieveURL');
        must(url.includes(`/studies/${studyOf(row)}`), `${url} is of another study`);
        await c.ok(`${url}/metadata`, { accept: JSON_TYPE });
        all.push(url);
    }

    return `${all[0]}; proxies: t/48-origin.t`;
}


/** @param {Client} c */
async function modalities(c) {
    const several = c.archive.study('study of several modalities', (s) =>
        values(s, '00080061').length > 1);

    for (const s of c.archive.studies) {
        must(values(s, '00080061').every((m) => !String(m).includes('\\')),
            `ModalitiesInStudy is ${JSON.stringify(values(s, '00080061'))}`);
    }

    const series = await c.rows(`/studies/${studyOf(several)}/series?limit=200`);

    same([...values(several, '00080061')].sort(),
        [...new Set(series.map((ds) => first(ds, MODALITY)))].sort(), 'ModalitiesInStudy');

    return values(several, '00080061').join(', ');
}


/** @param {Client} c */
async function types(c) {
    for (const accept of ['*/*', JSON_TYPE, 'text/csv;q=0.9, application/dicom+json;q=0.1']) {
        const { type } = await c.ok('/studies?limit=1', { accept });

        same(type.split(';')[0], JSON_TYPE, `the type for ${accept}`);
    }

    const plain = await c.ok('/studies?limit=1', { accept: 'application/json' });

    must(/^application\/(dicom\+)?json/.test(plain.type), `application/json gives ${plain.type}`);
    c.archive.several(1);

    for (const accept of ['multipart/related; type="application/dicom+xml"', 'multipart/*']) {
        const xml = await c.ok('/studies?limit=1', { accept });

        boundaryOf(xml.type);
        must(/type="application\/dicom\+xml"/.test(xml.type), `${accept} gives ${xml.type}`);
    }

    return 'JSON by default, XML if asked for';
}


/** @param {Client} c */
async function oneRow(c) {
    const all = uids(c.archive.several(1));

    same(new Set(all).size, all.length, 'studies among the rows');

    for (const study of c.archive.studies.slice(0, 8)) {
        const uid = studyOf(study);
        const series = await c.rows(`/studies/${uid}/series?limit=500`);

        same(number(study, '00201206'), series.length, `series of ${uid}`);
        same(number(study, '00201208'), series.reduce((n, s) =>
            n + (number(s, '00201209') ?? NaN), 0), `instances of ${uid}`);
    }

    return `${all.length} studies`;
}


/** @type {import('./client.js').Point[]} */
export const SEARCH = [
    { number: 1, title: 'No match is 200 and []', section: '8.3.4.4.1', run: noMatch },
    { number: 2, title: 'limit and offset: past the end, and false ones', section: '8.3.4.4', run: limits },
    { number: 3, title: 'Pages neither overlap nor skip', section: '8.3.4.4.1', run: pages },
    { number: 4, title: 'A Warning where there is more', section: '8.3.4.4.1', run: truncated },
    { number: 5, title: 'Keys without support are named, unknown ones are 400', section: '8.3.4.1', run: otherKeys },
    { number: 6, title: 'Keys as tag, keyword and path', section: '8.3.4.1.1', run: spellings },
    { number: 7, title: 'Lists of UIDs; no key twice', section: '8.3.4.1', run: lists },
    { number: 8, title: 'Ranges of dates and times', section: '8.3.4.1', run: dates },
    { number: 9, title: 'Wildcards, and nothing as a value', section: '8.3.4.1', run: wildcards },
    { number: 10, title: 'fuzzymatching is done, or a Warning says not', section: '8.3.4.2', run: fuzzy },
    { number: 11, title: 'includefield repeated, by commas, all', section: '8.3.4.3', run: includes },
    { number: 12, title: 'Required attributes are always there', section: '10.6.3.3', run: required },
    { number: 13, title: 'Keys come back, and what is of the levels above', section: '10.6.3.3', run: matched },
    { number: 14, title: 'No attribute of a series in a study', section: '10.6.3.3', run: levels },
    { number: 15, title: 'RetrieveURL leads there', section: '10.6.3.3', run: retrieveUrls },
    { number: 16, title: 'ModalitiesInStudy has several values', section: '10.6.3.3', run: modalities },
    { number: 17, title: 'The type is application/dicom+json', section: '10.6.4', run: types },
    { number: 18, title: 'A study is one row', section: '10.6.3.3', run: oneRow },
];
