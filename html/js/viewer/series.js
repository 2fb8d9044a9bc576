// SPDX-License-Identifier: BSD-2-Clause
//
// The study's record and its series, asked from the server.

import { TAG, first, number } from '../dicom/dataset.js';
import { isVideo, papersOf } from '../dicom/papers.js';
import { stacks } from '../dicom/stack.js';
import { Refusal, ask, getDatasets } from '../net/dicomweb.js';
import { seriesUrl, sessionUrl, studySessionUrl, studyUrl } from '../net/urls.js';
import { text } from '../ui/text.js';
import { mismatch } from './identity.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/stack.js').Stack} Stack
 *
 * @typedef {Object} Series
 * @property {string} uid
 * @property {string} study its UID
 * @property {Dataset} ds of the search
 * @property {Stack[] | null} stacks null: not asked for yet
 * @property {import('../dicom/papers.js').Paper[]} papers what it has instead
 *     of pictures
 * @property {number | null} received instances
 * @property {string} reason why nothing can be shown, or ''
 *
 * @typedef {{uid: string, rev: string, metadata: Dataset[]}} Given of a series
 * @typedef {{study: Dataset, series: Series[], given: Given | null}} Opening
 */

/** Not made of pictures: at the end of the strip, not chosen by itself. */
const NO_PICTURES = new Set([
    'SR', 'PR', 'KO', 'DOC', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'REG', 'FID',
    'ECG', 'HD', 'PLAN', 'ANN', 'AU',
]);

/** Reports and documents, which can be read. */
const PAPERS = new Set(['SR', 'DOC', 'KO', 'PR']);

const LOOPS = new Set(['US', 'XA', 'RF', 'IVUS', 'NM']);

const STUDY_FIELDS = [TAG.StudyDescription, TAG.IssuerOfPatientID, TAG.PatientBirthDate, TAG.PatientSex];
const SERIES_FIELDS = [TAG.SeriesDescription, TAG.SeriesDate, TAG.SeriesNumber,
    TAG.NumberOfSeriesRelatedInstances, TAG.BodyPartExamined, TAG.Laterality];


/**
 * @param {string} root
 * @param {string} study
 * @returns {Promise<Dataset>}
 */
export async function getStudy(root, study) {
    const url = `${root}/studies?StudyInstanceUID=${study}`
        + `&includefield=${STUDY_FIELDS.join(',')}`;

    return studyIn(await getDatasets(url), study);
}


/**
 * @param {Dataset[]} found
 * @param {string} study
 * @returns {Dataset} of that study, or throws a Refusal
 */
function studyIn([ds], study) {
    if (ds === undefined) {
        throw new Refusal(404, text('The server has no such study'));
    }

    if (first(ds, TAG.StudyInstanceUID) !== study) {
        throw new Refusal(200, text('The server answered with another study'));
    }

    return ds;
}


/**
 * @param {string} root
 * @param {string} study
 * @returns {Promise<Series[]>} by number, those without pictures last
 */
export async function getSeries(root, study) {
    const url = `${studyUrl(root, study)}/series`
        + `?includefield=${SERIES_FIELDS.join(',')}`;

    return seriesIn(await getDatasets(url), study);
}


/** @param {Dataset[]} found @param {string} study @returns {Series[]} */
function seriesIn(found, study) {
    return found
        .map((ds) => ({
            uid: first(ds, TAG.SeriesInstanceUID), study, ds, stacks: null,
            papers: [], received: null, reason: '',
        }))
        .sort((a, b) => Number(!hasPictures(a)) - Number(!hasPictures(b))
            || (number(a.ds, TAG.SeriesNumber) ?? 0)
                - (number(b.ds, TAG.SeriesNumber) ?? 0));
}


/**
 * What a study is opened with, in one answer where the server has it.
 * @param {string} root
 * @param {string} study
 * @returns {Promise<Opening>}
 */
export async function getOpening(root, study) {
    try {
        const answer = await ask(studySessionUrl(root, study), 'application/json');
        const body = await answer.json().catch(() => null);

        return openingIn(body, study);

    } catch (e) {
        if (!(e instanceof Refusal) || e.status < 400) {
            throw e;
        }

        const [ds, series] = await Promise.all([getStudy(root, study), getSeries(root, study)]);

        return { study: ds, series, given: null };
    }
}


/**
 * @param {any} body of a study's session
 * @param {string} study
 * @returns {Opening}
 */
export function openingIn(body, study) {
    if (!Array.isArray(body?.study) || !Array.isArray(body.series)) {
        throw new Refusal(200, text('The answer is not DICOM JSON'));
    }

    const { session, metadata } = body;

    return {
        study: studyIn(body.study, study),
        series: seriesIn(body.series, study),
        given: session?.study === study && Array.isArray(metadata?.instances)
            ? { uid: session.series, rev: String(session.rev),
                metadata: metadata.instances.map((/** @type {Dataset} */ own) =>
                    ({ ...metadata.shared, ...own })) } : null,
    };
}


/**
 * Modalities whose series are often several loops: what they are made of is
 * asked at once.
 * @param {Series} x
 * @returns {boolean}
 */
export function isOfLoops(x) {
    return LOOPS.has(first(x.ds, TAG.Modality));
}


/** @param {Series} x @returns {boolean} as far as the modality tells */
export function hasPapers(x) {
    return x.papers.length > 0 || PAPERS.has(first(x.ds, TAG.Modality));
}


/** @param {Series} x @returns {boolean} as far as the modality tells */
export function hasPictures(x) {
    return !NO_PICTURES.has(first(x.ds, TAG.Modality));
}


/**
 * What names the pictures of the series as they are now.
 * @param {string} root
 * @param {string} study
 * @param {string} series
 * @returns {Promise<string>} '': they are asked for again each time
 */
async function getRev(root, study, series) {
    try {
        const answer = await ask(sessionUrl(root, study, series), 'application/json');
        const { rev, ...of } = await answer.json();

        return of.study === study && of.series === series ? String(rev) : '';
    } catch {
        return '';
    }
}


/**
 * @param {string} root
 * @param {Dataset} study
 * @param {Series} x
 * @param {Given | null} [given] what is known already
 * @returns {Promise<{series: Series, alarm: string}>} never rejects
 */
export async function loadSeries(root, study, x, given = null) {
    const uid = first(study, TAG.StudyInstanceUID);

    try {
        const [rev, all] = given?.uid === x.uid ? [given.rev, given.metadata]
            : await Promise.all([
                getRev(root, uid, x.uid),
                getDatasets(`${seriesUrl(root, uid, x.uid)}/metadata`),
            ]);
        const alarm = all.map((ds) => mismatch(study, ds)).find(Boolean) ?? '';
        const found = alarm === '' ? stacks(all.filter((ds) => !isVideo(ds)), rev) : [];

        const papers = alarm === '' && found.length === 0 ? papersOf(all) : [];

        return {
            alarm,
            series: {
                ...x, stacks: found, papers, received: all.length,
                reason: found.length === 0 && papers.length === 0 ? text('No pictures') : '',
            },
        };

    } catch (e) {
        const reason = e instanceof Refusal ? e.message : text('Cannot be read');

        return { alarm: '', series: { ...x, stacks: null, reason } };
    }
}
