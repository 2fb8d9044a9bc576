// SPDX-License-Identifier: BSD-2-Clause
//
// Another study beside this one.  One of another patient comes only when a
// person has said so, to a question that names both (S2); an address cannot.

import { TAG, first, values } from '../dicom/dataset.js';
import { formatDate } from '../dicom/dates.js';
import { itemOf } from '../hang/items.js';
import { getDatasets } from '../net/dicomweb.js';
import { isUid } from '../net/urls.js';
import { el } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { beside } from './compare.js';
import { isSamePatient, isStranger } from './identity.js';
import { getSeries, getStudy, hasPictures } from './series.js';
import { entries } from './strip.js';
import { say } from './studies.js';
import { whoText } from './text.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 */

/** Studies that the search shows, at most. */
const MOST = 12;

/** A refusal is longer to read than a note. ms */
const LONG = 15000;

const FIELDS = [TAG.StudyDescription, TAG.IssuerOfPatientID, TAG.PatientBirthDate,
    TAG.PatientSex].join(',');


/**
 * Studies that an address names beside the first: those of its patient.
 * @param {string} root
 * @param {import('./store.js').Store} store
 * @param {string[]} uids
 */
export async function join(root, store, uids) {
    const host = /** @type {Host} */ (/** @type {unknown} */ ({
        updatePage: (/** @type {(page: Page) => Page} */ change) =>
            store.updatePage(change),
    }));

    for (const uid of uids.filter(isUid)) {
        const own = /** @type {Dataset} */ (store.page.study);

        try {
            const ds = await getStudy(root, uid);

            if (!isSamePatient(ds, own)) {
                say(host, text('The address names two patients: {one} and {other}. Only the '
                    + 'first one is opened.', { one: whoText(own), other: whoText(ds) }), LONG);
                continue;
            }

            const series = await getSeries(root, uid);

            store.updatePage((page) => page.series.some((x) => x.study === uid) ? page : {
                ...page, priors: [...page.priors, ds], series: [...page.series, ...series],
            });
        } catch {
            say(host, text('A study of the address cannot be read.'), LONG);
        }
    }
}


/** A link to a study is dropped upon the page. @param {Host} host @param {DragEvent} e */
export async function dropped(host, e) {
    const link = e.dataTransfer?.getData('text/uri-list').split('\n')[0] ?? '';
    const uid = new URL(link, location.href).searchParams.get('study') ?? '';

    if (isUid(uid)) {
        await bring(host, uid);
    }
}


/** @param {Host} host asks which one */
export async function openAnother(host) {
    const list = el('ol', { 'class': 'another-list' });
    const field = el('input', { 'class': 'ask-field', 'name': 'value', 'type': 'search',
        'autocomplete': 'off', 'required': '' });
    const close = el('button', { 'class': 'button', 'type': 'button' }, text('Cancel'));
    const form = el('form', { 'class': 'ask-form' },
        el('h2', { 'class': 'ask-title' }, text('Another study beside')),
        el('label', { 'class': 'ask-label' },
            text('Patient name, patient ID or accession number'), field),
        list, el('div', { 'class': 'ask-buttons' }, close,
            el('button', { 'class': 'button is-main', 'type': 'submit' }, text('Search'))));
    const dialog = dialogOf(form, text('Another study beside'));

    close.addEventListener('click', () => dialog.close());
    form.addEventListener('submit', async (e) => {
        e.preventDefault();

        const found = await search(host.root, field.value.trim()).catch(() => []);

        list.replaceChildren(...found.map((ds) => choice(ds, () => {
            dialog.close();
            bring(host, first(ds, TAG.StudyInstanceUID));
        })), ...(found.length > 0 ? [] : [el('li', { 'class': 'another-none' },
            text('No study was found.'))]));
    });
}


/** @param {Dataset} ds @param {() => void} choose */
function choice(ds, choose) {
    const node = el('button', { 'class': 'another-study', 'type': 'button' },
        el('bdi', { 'class': 'another-who' }, whoText(ds)),
        el('bdi', {}, [formatDate(first(ds, TAG.StudyDate)),
            values(ds, TAG.ModalitiesInStudy).join(' '), first(ds, TAG.StudyDescription)]
            .filter(Boolean).join('  ')));

    node.addEventListener('click', choose);

    return el('li', {}, node);
}


/** @param {string} root @param {string} words @returns {Promise<Dataset[]>} */
async function search(root, words) {
    const literal = encodeURIComponent(words.replaceAll('*', '?').replaceAll('\\', '?'));
    const asks = [`PatientID=${literal}`, `AccessionNumber=${literal}`,
        `PatientName=${literal}*&fuzzymatching=true`];
    const found = await Promise.all(asks.map((ask) =>
        getDatasets(`${root}/studies?${ask}&includefield=${FIELDS}&limit=${MOST}`)
            .catch(() => [])));
    const all = new Map(found.flat().map((ds) => [first(ds, TAG.StudyInstanceUID), ds]));

    return [...all.values()].slice(0, MOST);
}


/**
 * @param {Host} host
 * @param {string} uid of the study
 */
async function bring(host, uid) {
    const own = host.page().study;

    if (own === null || first(own, TAG.StudyInstanceUID) === uid) {
        return;
    }

    try {
        const [ds, series] = await Promise.all([getStudy(host.root, uid),
            getSeries(host.root, uid)]);

        if (isThird(host.page(), ds)) {
            say(host, text('There are two patients on the screen already.'), LONG);
        } else if (host.page().study === own && host.page().alarm === ''
            && (isSamePatient(ds, own) || await isMeant(own, ds)))
        {
            await show(host, ds, series);
        }
    } catch {
        say(host, text('The study cannot be read.'));
    }
}


/** @param {Page} page @param {Dataset} ds @returns {boolean} */
function isThird(page, ds) {
    return page.study !== null && !isSamePatient(ds, page.study)
        && page.priors.some((other) => !isSamePatient(other, ds)
            && isStranger(page, first(other, TAG.StudyInstanceUID)));
}


/**
 * @param {Host} host
 * @param {Dataset} ds
 * @param {import('./series.js').Series[]} series
 */
async function show(host, ds, series) {
    const uid = first(ds, TAG.StudyInstanceUID);

    await beside(host, ds, series);

    // nothing in it is like what is shown: its first pictures
    const { page: { ports, layout, series: all } } = { page: host.page() };
    const [entry] = entries(all.filter((x) => x.study === uid && hasPictures(x)));
    const isThere = ports.some((s) => s.stack?.frames[0].study === uid);

    if (!isThere && entry !== undefined) {
        await host.put(itemOf(entry), Math.floor(layout.columns / 2), {});
    }
}


/**
 * The act: a question that names both, of which the safe answer is the first.
 * @param {Dataset} own
 * @param {Dataset} other
 * @returns {Promise<boolean>}
 */
function isMeant(own, other) {
    const name = (/** @type {Dataset} */ ds, /** @type {string} */ n) =>
        el('p', { 'class': 'banner-who', 'data-patient': n }, el('bdi', {}, whoText(ds)));
    const dialog = dialogOf(el('form', { 'class': 'ask-form', 'method': 'dialog' },
        el('h2', { 'class': 'ask-title' }, text('Two patients on the screen?')),
        name(own, '1'), name(other, '2'),
        el('p', { 'class': 'ask-label' },
            text('Each picture gets the colour and the name of its patient.')),
        el('div', { 'class': 'ask-buttons' },
            el('button', { 'class': 'button is-main', 'value': 'no' }, text('Only one patient')),
            el('button', { 'class': 'button', 'value': 'both' }, text('Show both')))),
    text('Two patients on the screen?'));

    return new Promise((done) => {
        dialog.addEventListener('close', () => done(dialog.returnValue === 'both'));
    });
}


/** @param {HTMLElement} form @param {string} title */
function dialogOf(form, title) {
    const dialog = el('dialog', { 'class': 'ask another', 'aria-label': title }, form);

    for (const name of ['marks', 'another']) {
        if (document.querySelector(`link[href="css/${name}.css"]`) === null) {
            document.head.append(el('link', { rel: 'stylesheet', href: `css/${name}.css` }));
        }
    }

    document.body.append(dialog);
    dialog.addEventListener('close', () => dialog.remove());
    dialog.showModal();

    return dialog;
}
