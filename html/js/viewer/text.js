// SPDX-License-Identifier: BSD-2-Clause
//
// What stands in the corners of a picture (IHE BIR 4.16.4.2.2.5.8), as lines
// of text.  It speaks of the picture that is shown, not of the one asked for.

import { TAG, entryFor, first, joined, number } from '../dicom/dataset.js';
import { age, earlier, formatAge, formatDate, formatTime } from '../dicom/dates.js';
import { personName } from '../dicom/names.js';
import { edgeLetters, edgeLettersOfPatientOrientation } from '../math/orientation.js';
import { formatWindow } from '../math/window.js';
import { matrix, scaleOf } from '../math/view.js';
import { shown, text } from '../ui/text.js';
import { isStranger } from './identity.js';
import { imageSize, shownFrame, startWindow } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{topLeft: string[], topRight: string[], bottomLeft: string[],
 *            bottomRight: string[]}} Corners
 */

/** Fallbacks of the date and time: content, secondary, series, study. */
const DATES = [TAG.AcquisitionDate, TAG.ContentDate, TAG.SeriesDate, TAG.StudyDate];
/** There is no room for more than the least text. CSS px */
const SMALL = { width: 340, height: 240 };

/** Of any size: letters tell directions only. */
const UNIT = { width: 1, height: 1 };

const TIMES = [TAG.AcquisitionTime, TAG.ContentTime, TAG.SeriesTime, TAG.StudyTime];

/** @type {WeakMap<Frame, Omit<Corners, 'bottomLeft'>>} */
const written = new WeakMap();


/**
 * The letters at the picture's edges, by the matrix that draws it.
 * @param {Frame} f
 * @param {Viewport} s
 * @returns {import('../math/orientation.js').Letters | null} null: not known
 */
export function lettersOf(f, s) {
    const [a, b, c, d] = matrix(s.view, imageSize(f), UNIT);

    return edgeLetters(f.orientation, [a, b, c, d])
        ?? edgeLettersOfPatientOrientation(f.patientOrientation, [a, b, c, d]);
}


/**
 * @param {Viewport} s
 * @param {import('./page.js').Annotation} annotation
 * @param {boolean} [small] there is no room for more than the least
 * @returns {Corners}
 */
export function corners(s, annotation, small = isSmall(s.size)) {
    const f = shownFrame(s);

    if (f === null || annotation === 'none') {
        return { topLeft: [], topRight: [], bottomLeft: [], bottomRight: [] };
    }

    return annotation === 'minimal' || small
        ? { topLeft: [personName(f.ds, TAG.PatientName).main], topRight: [],
            bottomLeft: [place(s), slabText(f), windowText(s, f)].filter(said),
            bottomRight: [laterality(f.ds)].filter(said) }
        : { ...headerTexts(f),
            bottomLeft: [place(s), slabText(f), location(f), zoomText(s, f), windowText(s, f)]
                .filter(said) };
}


/** @param {Frame} f what does not change while it is looked at */
function headerTexts(f) {
    const texts = written.get(f)
        ?? { topLeft: patient(f.ds), topRight: study(f.ds), bottomRight: series(f) };

    written.set(f, texts);

    return texts;
}


/** @param {import('./state.js').Size} size CSS px @returns {boolean} */
function isSmall(size) {
    return size.width < SMALL.width || size.height < SMALL.height;
}


/**
 * The age as it is coded, else as it was on the day of the study.
 * @param {Dataset} ds
 * @returns {string}
 */
export function ageOf(ds) {
    const coded = first(ds, TAG.PatientAge);

    return coded !== '' ? formatAge(coded)
        : age(first(ds, TAG.PatientBirthDate), first(ds, TAG.StudyDate));
}


/**
 * @param {string} study UID
 * @param {import('./page.js').Page} page
 * @returns {string} '': it is the study of the page
 */
export function priorText(study, page) {
    const prior = page.priors.find((ds) => first(ds, TAG.StudyInstanceUID) === study);
    const date = first(prior, TAG.StudyDate);

    return prior === undefined || isStranger(page, study) ? '' : [text('PRIOR'), formatDate(date),
        earlier(first(page.study ?? undefined, TAG.StudyDate), date)]
        .filter(said).map(shown).join('  ');
}


/** @param {Dataset} ds of a study @returns {string} who it is, on one line */
export function whoText(ds) {
    return [personName(ds, TAG.PatientName).main || text('No name'),
        first(ds, TAG.PatientID), formatDate(first(ds, TAG.PatientBirthDate))]
        .filter(said).map(shown).join('  ');
}


/** @param {Dataset} ds @returns {string[]} */
function patient(ds) {
    const name = personName(ds, TAG.PatientName);

    return [
        name.main,
        ...name.other,
        first(ds, TAG.PatientID),
        [formatDate(first(ds, TAG.PatientBirthDate)), first(ds, TAG.PatientSex),
            ageOf(ds)].filter(said).map(shown).join('  '),
    ].filter(said);
}


/** @param {Dataset} ds @returns {string[]} */
function study(ds) {
    const when = first(ds, TAG.AcquisitionDateTime);
    const date = firstOf(ds, DATES) || when.slice(0, 8);
    const time = firstOf(ds, TIMES) || when.slice(8);

    return [
        first(ds, TAG.InstitutionName),
        first(ds, TAG.StudyDescription),
        label(text('Study'), first(ds, TAG.StudyID)),
        label(text('Acc'), first(ds, TAG.AccessionNumber)),
        [formatDate(date), formatTime(time)].filter(said).map(shown).join('  '),
    ].filter(said);
}


/** @param {Frame} f @returns {string[]} */
function series(f) {
    const ds = f.ds;

    return [
        label(text('Series'), first(ds, TAG.SeriesNumber)),
        first(ds, TAG.SeriesDescription),
        laterality(ds),
        label(text('Contrast'), joined(ds, TAG.ContrastBolusAgent)),
        technique(ds),
        label(text('Slice'), mm(number(ds, TAG.SliceThickness))),
        label(text('Spacing'), mm(number(ds, TAG.SpacingBetweenSlices))),
    ].filter(said);
}


/** @param {Dataset} ds @returns {string} */
function technique(ds) {
    const unit = (/** @type {string} */ tag, /** @type {string} */ before,
        /** @type {string} */ after) =>
    {
        const value = number(ds, tag);
        return value === null ? '' : `${before}${round(value)}${after}`;
    };

    return [
        unit(TAG.KVP, '', ' kV'), unit(TAG.Exposure, '', ' mAs'),
        unit(TAG.RepetitionTime, 'TR ', ''), unit(TAG.EchoTime, 'TE ', ''),
        first(ds, TAG.ViewPosition),
    ].filter(said).map(shown).join('  ');
}


/** @param {Dataset} ds @returns {string} */
function laterality(ds) {
    const side = firstOf(ds, [
        TAG.FrameLaterality, TAG.ImageLaterality, TAG.Laterality,
    ]);

    return entryFor({ L: text('Left'), R: text('Right'), B: text('Both sides'), U: '' }, side) ?? side;
}


/** @param {Viewport} s @returns {string} */
function place(s) {
    if (s.stack?.made?.kind === 'vr') {
        return '';
    }

    const frames = s.stack?.frames ?? [];
    const at = (s.shown?.index ?? s.index) + 1;
    const to = s.index + 1;
    const on = to === at ? '' : `  \u2192 ${to}`;

    return `${at} / ${frames.length}${on}`;
}


/** @type {Record<import('../dicom/planes.js').SlabMode, string>} */
const SLABS = {
    '': '', 'maximum_ip': text('Maximum'), 'minimum_ip': text('Minimum'),
    'average_ip': text('Average'),
};


/** @param {Frame} f @returns {string} how thick a plane is, where it is none */
function slabText({ slab }) {
    return slab === undefined || slab.mode === '' ? ''
        : `${SLABS[slab.mode]} ${mm(slab.mm)}`;
}


/** @param {Frame} f @returns {string} */
function location(f) {
    return label(text('Pos'), mm(number(f.ds, TAG.SliceLocation)));
}


/** @param {Viewport} s @param {Frame} f @returns {string} */
function zoomText(s, f) {
    const percent = scaleOf(s.view, imageSize(f), s.size) * 100;

    return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}


/** @param {Viewport} s @param {Frame} f @returns {string} */
function windowText(s, f) {
    const w = s.window ?? (f.hasLut || f.windows.length === 0 ? null
        : startWindow(s));

    if (f.colour) {
        return s.invert ? text('Inverted') : '';
    }

    const base = w === null ? (f.hasLut ? 'VOI LUT' : text('Auto window'))
        : formatWindow(w);

    return [base, s.clamped ? text('from 0') : '', s.invert ? text('inverted') : '']
        .filter(said).map(shown).join('  ');
}


/** @param {Dataset} ds @param {string[]} tags @returns {string} */
function firstOf(ds, tags) {
    return tags.map((t) => first(ds, t)).find(said) ?? '';
}


/** @param {string} name @param {string} value @returns {string} */
function label(name, value) {
    return value === '' ? '' : `${name} ${shown(value)}`;
}


/** @param {number | null} value @returns {string} */
function mm(value) {
    return value === null ? '' : `${round(value)} mm`;
}


/** @param {number} x @returns {string} */
function round(x) {
    return String(Number(x.toFixed(2)));
}


/** @param {string} s @returns {boolean} */
function said(s) {
    return s !== '';
}
