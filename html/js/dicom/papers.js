// SPDX-License-Identifier: BSD-2-Clause
//
// What a series holds besides pictures that can be scrolled: reports, letters,
// videos, presentation states.

import { TAG, first } from './dataset.js';

/**
 * @typedef {import('./dataset.js').Dataset} Dataset
 * @typedef {'report' | 'keys' | 'pdf' | 'text' | 'video' | 'state' | 'file'} Kind
 *
 * @typedef {Object} Paper an instance
 * @property {Kind} kind
 * @property {string} study
 * @property {string} series
 * @property {string} instance
 * @property {string} title '': it has none
 * @property {string} date DA
 * @property {string} time TM
 * @property {string} patient PN
 * @property {string} id of the patient
 * @property {number} rate frames a second of a video
 */

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const DOCUMENT_TITLE = '00420010';
const LABELS = [DOCUMENT_TITLE, '00700081', '00700080'];

/** By SOP class, what it begins with; the first counts. @type {[string, Kind][]} */
const KINDS = [
    [`${STORAGE}88.59`, 'keys'], [`${STORAGE}88.`, 'report'],
    [`${STORAGE}104.1`, 'pdf'], [`${STORAGE}104.2`, 'text'], [`${STORAGE}104.`, 'file'],
    [`${STORAGE}11.`, 'state'], [`${STORAGE}77.1.1.1`, 'video'],
    [`${STORAGE}77.1.2.1`, 'video'], [`${STORAGE}77.1.4.1`, 'video'],
];

/** Frames a second where the header says none. */
const USUAL_RATE = 25;


/**
 * @param {Dataset} ds
 * @returns {boolean} its pixels are an MPEG stream (PS3.5 8.2.7): no frame of
 *     it is a picture of its own
 */
export function isVideo(ds) {
    return first(ds, TAG.PhotometricInterpretation) === 'YBR_PARTIAL_420'
        || kindOf(ds) === 'video' && first(ds, TAG.NumberOfFrames) !== '';
}


/** @param {Dataset} ds @returns {Kind | undefined} */
function kindOf(ds) {
    const uid = first(ds, TAG.SOPClassUID);

    return KINDS.find(([begin]) => uid === begin
        || (begin.endsWith('.') && uid.startsWith(begin)))?.[1];
}


/** @param {Dataset[]} instances of a series @returns {Paper[]} the newest first */
export function papersOf(instances) {
    return instances.flatMap((ds) => {
        const kind = isVideo(ds) ? 'video' : kindOf(ds);

        return kind === undefined || (kind === 'video' && !isVideo(ds)) ? []
            : [paperOf(ds, kind)];
    }).sort((a, b) => a.date + a.time < b.date + b.time ? 1 : -1);
}


/** @param {Dataset} ds @param {Kind} kind @returns {Paper} */
function paperOf(ds, kind) {
    const time = Number(first(ds, TAG.FrameTime));
    const concept = ds['0040A043']?.Value?.[0]?.['00080104']?.Value?.[0];

    return {
        kind,
        study: first(ds, TAG.StudyInstanceUID),
        series: first(ds, TAG.SeriesInstanceUID),
        instance: first(ds, TAG.SOPInstanceUID),
        title: LABELS.map((tag) => first(ds, tag)).find(Boolean)
            || (typeof concept === 'string' ? concept : '')
            || first(ds, TAG.SeriesDescription),
        date: first(ds, TAG.ContentDate) || first(ds, TAG.SeriesDate)
            || first(ds, TAG.StudyDate),
        time: first(ds, TAG.ContentTime),
        patient: first(ds, TAG.PatientName),
        id: first(ds, TAG.PatientID),
        rate: time > 0 ? 1000 / time : Number(first(ds, TAG.CineRate)) || USUAL_RATE,
    };
}
