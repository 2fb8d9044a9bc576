// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses of IHE Invoke Image Display (RAD-106): another system names a
// study, by UID or accession number, or a patient and the studies of a time.

import { TAG, first } from '../dicom/dataset.js';
import { Refusal, getDatasets } from '../net/dicomweb.js';
import { isUid } from '../net/urls.js';
import { text } from '../ui/text.js';

/**
 * @typedef {{study: string, more: string[], list: string}} Place study: its
 *     UID, and those of others to be with it; or list: the list's address, where
 *     there are several to choose from
 */


/**
 * @param {string} root
 * @param {string} search of the address
 * @returns {Promise<Place>} rejects with Refusal
 */
export async function invoked(root, search) {
    const args = new URLSearchParams(search);
    const type = args.get('requestType');

    if (type === 'STUDY') {
        return ofStudy(root, args);
    }

    if (type === 'PATIENT') {
        return ofPatient(root, args);
    }

    throw new Refusal(400, text('The address asks for neither a STUDY nor a PATIENT'));
}


/** @param {string} root @param {URLSearchParams} args @returns {Promise<Place>} */
async function ofStudy(root, args) {
    const [uid, ...more] = (args.get('studyUID') ?? '').split(',');
    const accession = args.get('accessionNumber') ?? '';

    if (isUid(uid)) {
        return { study: uid, more, list: '' };
    }

    if (accession === '') {
        throw new Refusal(400, text('The address names no study'));
    }

    const all = await getDatasets(`${root}/studies?AccessionNumber=`
        + encodeURIComponent(literal(accession)));

    return chosen(all.filter((ds) => first(ds, TAG.AccessionNumber) === accession),
        `./?accession=${encodeURIComponent(`"${accession}"`)}`);
}


/** @param {string} root @param {URLSearchParams} args @returns {Promise<Place>} */
async function ofPatient(root, args) {
    // of an identifier with its authority (CX) the identifier
    const [id] = (args.get('patientID') ?? '').split('^');
    const from = dateOf(args, 'lowerDateTime');
    const to = dateOf(args, 'upperDateTime');
    const most = Number(args.get('mostRecentResults') ?? Infinity);
    const born = args.get('patientBirthDate') ?? '';

    if (id === '') {
        throw new Refusal(400, text('The address names no patient'));
    }

    const dates = from === '' && to === '' ? '' : `&StudyDate=${from}-${to}`;
    const all = await getDatasets(`${root}/studies?PatientID=`
        + `${encodeURIComponent(literal(id))}${dates}`
        + `&includefield=${TAG.PatientBirthDate}`);
    const own = all.filter((ds) => first(ds, TAG.PatientID) === id
        && (born === '' || first(ds, TAG.PatientBirthDate) === born.replaceAll('-', '')));
    const newest = own.sort((a, b) => when(a) < when(b) ? 1 : -1)
        .slice(0, most >= 1 ? most : Infinity);
    // the list is of this patient, not of all whose ID begins so
    const list = new URLSearchParams({ id: `"${id}"` });

    for (const [name, date] of [['from', from], ['to', to]]) {
        if (date !== '') {
            list.set(name, date.replace(/(....)(..)(..)/, '$1-$2-$3'));
        }
    }

    return chosen(newest, `./?${list}`);
}


/**
 * @param {Dataset[]} studies
 * @param {string} list
 * @returns {Place}
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 */
function chosen(studies, list) {
    if (studies.length === 0) {
        throw new Refusal(404, text('The server has no such study'));
    }

    return studies.length > 1 ? { study: '', more: [], list }
        : { more: [], study: first(studies[0], TAG.StudyInstanceUID), list: '' };
}


/** @param {Dataset} ds @returns {string} */
function when(ds) {
    return first(ds, TAG.StudyDate) + first(ds, TAG.StudyTime);
}


/** @param {URLSearchParams} args @param {string} name @returns {string} DA */
function dateOf(args, name) {
    const value = args.get(name) ?? '';
    const date = value.match(/^(\d{4})-?(\d\d)-?(\d\d)/);

    if (value !== '' && date === null) {
        throw new Refusal(400, text('{name} is no date', { name }));
    }

    return date === null ? '' : date.slice(1).join('');
}


/** @param {string} value @returns {string} that matches itself, among others */
function literal(value) {
    return value.replaceAll('*', '?').replaceAll('\\', '?');
}
