// SPDX-License-Identifier: BSD-2-Clause
//
// STOW-RS of what the viewer makes (conf/stow.md).

import { Refusal } from '../net/dicomweb.js';
import { studyUrl } from '../net/urls.js';
import { quoted, text } from '../ui/text.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 */

/** A body that a page may still send while it is closed. Bytes */
const KEEPALIVE = 60000;


/**
 * @param {string} root
 * @param {string} study
 * @param {Dataset} ds with all its values in it
 * @returns {Promise<void>} rejects with Refusal
 */
export function storeJson(root, study, ds) {
    const body = JSON.stringify([ds]);

    return send(root, study, body, 'application/dicom+json', body.length < KEEPALIVE);
}


/**
 * @param {string} root
 * @param {string} study
 * @param {Dataset} ds
 * @param {string} location that its BulkDataURI names
 * @param {BlobPart} bulk
 * @returns {Promise<void>} rejects with Refusal
 */
export function storeWithBulk(root, study, ds, location, bulk) {
    const mark = `pacs-${crypto.getRandomValues(new Uint32Array(4)).join('')}`;
    const body = new Blob([
        `--${mark}\r\nContent-Type: application/dicom+json\r\n\r\n`,
        JSON.stringify([ds]),
        `\r\n--${mark}\r\nContent-Type: application/octet-stream\r\n`
            + `Content-Location: ${location}\r\n\r\n`,
        bulk,
        `\r\n--${mark}--\r\n`,
    ]);

    return send(root, study, body, 'multipart/related; '
        + `type="application/dicom+json"; boundary=${mark}`, false);
}


/**
 * @param {string} root
 * @param {string} study
 * @param {BodyInit} body
 * @param {string} type
 * @param {boolean} keepalive
 */
async function send(root, study, body, type, keepalive) {
    const answer = await fetch(studyUrl(root, study), {
        method: 'POST', body, keepalive, credentials: 'same-origin',
        headers: { 'Content-Type': type, Accept: 'application/dicom+json' },
    }).catch(() => null);

    if (answer === null) {
        throw new Refusal(0, text('The server does not answer'));
    }

    if (answer.status !== 200) {
        throw new Refusal(answer.status, await reasonOf(answer));
    }
}


/** @param {Response} answer @returns {Promise<string>} */
async function reasonOf(answer) {
    const ds = await answer.json().catch(() => null);
    const failed = ds?.['00081198']?.Value?.[0];
    const own = failed?.['00091001']?.Value?.[0] ?? ds?.reason;

    return typeof own === 'string' ? quoted(own.slice(0, 200))
        : text('The server refused ({status})', { status: answer.status });
}
