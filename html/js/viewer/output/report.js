// SPDX-License-Identifier: BSD-2-Clause
//
// The reports of the study, as the server renders them: structured reports
// as HTML, documents as they are (PDF).  The newest is opened.

import { TAG, first } from '../../dicom/dataset.js';
import { formatDate, formatTime } from '../../dicom/dates.js';
import { getDatasets } from '../../net/dicomweb.js';
import { seriesUrl, studyUrl } from '../../net/urls.js';
import { el } from '../../ui/dom.js';
import { shown, text } from '../../ui/text.js';
import { say } from './say.js';

/** @typedef {import('../../dicom/dataset.js').Dataset} Dataset */

const TEXT = Object.freeze({
    none: text('There is no report for this study.'), title: text('Report'), close: text('Close'),
    failed: text('Reports cannot be read.'), measurements: text('Measurements'), document: text('Document'),
    list: text('Reports of the study'),
});


/** @param {import('../host.js').Host} host */
export async function openReport(host) {
    const study = first(host.page().study ?? {}, TAG.StudyInstanceUID);
    const found = await Promise.all(['SR', 'DOC'].map((modality) => getDatasets(
        `${studyUrl(host.root, study)}/instances?Modality=${modality}&limit=200`
        + '&includefield=00080023,00080033,0008103E,00420010'))).catch(() => null);

    if (found === null) {
        say(TEXT.failed);
        return;
    }

    const when = (/** @type {Dataset} */ ds) =>
        first(ds, TAG.ContentDate) + first(ds, TAG.ContentTime);
    const all = found.flat().sort((a, b) => when(a) < when(b) ? 1 : -1);

    if (all.length === 0) {
        say(TEXT.none);
    } else {
        show(all, (ds) => `${seriesUrl(host.root, study, first(ds, TAG.SeriesInstanceUID))}`
            + `/instances/${encodeURIComponent(first(ds, TAG.SOPInstanceUID))}/rendered`);
    }
}


/** @param {Dataset[]} all @param {(ds: Dataset) => string} urlOf */
function show(all, urlOf) {
    const frame = el('iframe', { class: 'report-frame', title: TEXT.title });
    const list = el('select', { class: 'report-list', 'aria-label': TEXT.list },
        ...all.map((ds, i) => el('option', { value: String(i) }, titleOf(ds))));
    const close = el('button', { class: 'button', type: 'button' }, TEXT.close);
    const dialog = el('dialog', { class: 'report', 'aria-label': TEXT.title },
        el('div', { class: 'report-head' }, list, close), frame);

    list.addEventListener('change', () => { frame.src = urlOf(all[Number(list.value)]); });
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => dialog.remove());
    frame.src = urlOf(all[0]);
    document.body.append(dialog);
    dialog.showModal();
}


/** @param {Dataset} ds */
function titleOf(ds) {
    const kind = first(ds, TAG.Modality) === 'SR' ? TEXT.measurements : TEXT.document;

    return [first(ds, '00420010') || first(ds, TAG.SeriesDescription) || kind,
        formatDate(first(ds, TAG.ContentDate)), formatTime(first(ds, TAG.ContentTime))]
        .filter(Boolean).map(shown).join('  ');
}
