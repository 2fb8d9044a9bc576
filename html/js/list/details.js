// SPDX-License-Identifier: BSD-2-Clause
//
// What a row opens to: the series of the study with thumbnails, and the
// patient's other studies on a line of time.  Loaded and asked for when a
// row is opened first.

import { TAG, first, number } from '../dicom/dataset.js';
import { formatDate } from '../dicom/dates.js';
import { getDatasets } from '../net/dicomweb.js';
import { seriesThumbnailUrl, studyUrl } from '../net/urls.js';
import { el } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { clip, modalities, uidOf, viewerUrl } from './row.js';
import { timeline, years } from './timeline.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('./timeline.js').Entry} Entry
 */

/** Studies of a patient that are asked for. */
const MOST = 200;

const STUDY_FIELDS = 'StudyDescription,PatientBirthDate,PatientSex,'
    + 'IssuerOfPatientID,ModalitiesInStudy,NumberOfStudyRelatedInstances';
const SERIES_FIELDS = 'SeriesDate,SeriesDescription,SeriesNumber,'
    + 'NumberOfSeriesRelatedInstances,BodyPartExamined';


/**
 * @param {Element} cell
 * @param {string} root of DICOMweb
 * @param {Dataset} ds of the study
 */
export function showDetails(cell, root, ds) {
    const series = el('div', { class: 'detail-series' });
    const line = el('section', { class: 'detail-line' });

    cell.replaceChildren(el('div', { class: 'detail-body' }, series, line));
    showSeries(series, root, uidOf(ds));
    showTimeline(line, root, ds);
}


/**
 * @param {Element} parent
 * @param {() => Promise<void>} work
 */
async function attempt(parent, work) {
    parent.setAttribute('aria-busy', 'true');

    try {
        await work();
    } catch (e) {
        const again = el('button', { class: 'button detail-again', type: 'button' },
            text('Try again'));

        again.addEventListener('click', () => attempt(parent, work));
        parent.replaceChildren(el('p', { class: 'detail-note', role: 'alert' },
            e instanceof Error ? `${e.message}.` : text('The search failed.')), again);
    } finally {
        parent.removeAttribute('aria-busy');
    }
}


/* --- series --- */

/** @param {Element} parent @param {string} root @param {string} study */
function showSeries(parent, root, study) {
    return attempt(parent, async () => {
        const found = await getDatasets(`${studyUrl(root, study)}/series`
            + `?includefield=${SERIES_FIELDS}&orderby=SeriesNumber`);

        parent.replaceChildren(
            el('h2', { class: 'detail-title' }, text('Series ({n})', { n: found.length })),
            el('ol', { class: 'series-list' },
                ...found.map((ds) => seriesItem(root, study, ds))));
    });
}


/** @param {string} root @param {string} study @param {Dataset} ds */
function seriesItem(root, study, ds) {
    const uid = first(ds, TAG.SeriesInstanceUID);
    const modality = clip(first(ds, TAG.Modality)) || '?';
    const count = number(ds, TAG.NumberOfSeriesRelatedInstances) ?? 0;
    const title = clip(first(ds, TAG.SeriesDescription))
        || text('Series {number}', { number: clip(first(ds, TAG.SeriesNumber)) }).trim();
    const date = clip(formatDate(first(ds, TAG.SeriesDate)));
    const img = el('img', { class: 'series-image', alt: '', loading: 'lazy',
        decoding: 'async', width: '96', height: '72' });
    const frame = el('span', { class: 'series-frame' }, img,
        el('bdi', { class: 'series-modality' }, modality));

    img.addEventListener('error', () => frame.classList.add('is-blank'));
    img.src = seriesThumbnailUrl(root, study, uid);

    return el('li', {}, el('a', { class: 'series-link', href: viewerUrl(study, uid) },
        frame, el('span', { class: 'series-texts' },
            el('bdi', { class: 'series-name' }, title),
            el('span', { class: 'series-facts' },
                [imagesText(count), date].filter(Boolean).join('  ')))));
}


/* --- the patient's studies --- */

/**
 * With a star in the ID others are found, too: timeline() sorts them out.
 * @param {string} id
 */
function patientPath(id) {
    const args = new URLSearchParams({ PatientID: id,
        includefield: STUDY_FIELDS, limit: String(MOST) });

    return `/studies?${args.toString().replaceAll('+', '%20')
        .replaceAll('%2C', ',')}`;
}


/** @param {Element} parent @param {string} root @param {Dataset} ds */
function showTimeline(parent, root, ds) {
    const id = first(ds, TAG.PatientID);

    parent.replaceChildren(el('h2', { class: 'detail-title' }, text('Patient timeline')));

    if (id === '') {
        parent.append(el('p', { class: 'detail-note' },
            text('Without a patient ID nothing is known of other studies.')));
        return Promise.resolve();
    }

    return attempt(parent, async () => {
        const found = await getDatasets(root + patientPath(id));
        const entries = timeline(found, ds);

        parent.replaceChildren(
            el('h2', { class: 'detail-title' }, 
                text('Patient timeline ({n})', { n: entries.length })),
            ...(entries.length > 1 ? [axis(entries)] : []),
            el('ol', { class: 'line-list' }, ...entries.map(entryItem)));
    });
}


/** @param {Entry[]} entries */
function axis(entries) {
    const node = el('div', { class: 'line-axis', 'aria-hidden': 'true' });
    const put = (/** @type {HTMLElement} */ mark, /** @type {number} */ at) => {
        mark.style.setProperty('--at', `${at * 100}%`);
        node.append(mark);
    };

    years(entries).forEach(({ year, at }) =>
        put(el('span', { class: 'line-year' }, String(year)), at));
    entries.filter((e) => e.at !== null).reverse().forEach((e) =>
        put(el('span', { class: `line-dot${e.isThis ? ' is-this' : ''}` }),
            e.at ?? 0));

    return node;
}


/** @param {number | null} n @returns {string} */
function imagesText(n) {
    return n === null ? '' : text('{n} image|{n} images', { n });
}


/** @param {Entry} e */
function entryItem(e) {
    const images = number(e.ds, TAG.NumberOfStudyRelatedInstances);
    const link = el('a', { class: `line-link${e.isThis ? ' is-this' : ''}`,
        href: viewerUrl(e.uid) },
        el('span', { class: 'line-date' },
            clip(formatDate(first(e.ds, TAG.StudyDate))) || text('No date')),
        el('span', { class: 'line-modalities' }, ...modalities(e.ds).map((m) =>
            el('bdi', { class: 'modality' }, m))),
        el('bdi', { class: 'line-text' }, clip(first(e.ds, TAG.StudyDescription))
            || text('No description')),
        el('span', { class: 'line-count' }, imagesText(images)),
        el('span', { class: 'line-gap' }, e.isThis ? text('This study') : e.gap),
        ...(e.doubt === '' ? [] : [el('span', { class: 'line-doubt' }, e.doubt)]));

    if (e.isThis) {
        link.setAttribute('aria-current', 'true');
    }

    return el('li', {}, link);
}
