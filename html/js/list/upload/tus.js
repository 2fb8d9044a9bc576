// SPDX-License-Identifier: BSD-2-Clause
//
// One file to the server by tus 1.0.0 (conf/stow.md): what is there stays
// there, over a cut connection and over a reload.

import { quoted, text } from '../../ui/text.js';
import { refusalOf } from './queue.js';

/**
 * @typedef {{id: (id: string) => void, sent: (bytes: number) => void}} Told
 */

/** Bytes of one request. */
const CHUNK = 8 * 1024 * 1024;

/** Waits between tries. ms; the last one again and again */
const WAITS = [500, 1000, 2000, 4000, 8000, 15000];

/** The server or the way to it has a fault that may pass. */
class Later extends Error {}

/** The upload is not there any more: from the beginning. */
class Gone extends Error {}


/**
 * Until the file is stored or refused.
 * @param {string} root of DICOMweb
 * @param {Blob} file
 * @param {string} id of an upload that began before, or ''
 * @param {Told} told
 * @param {AbortSignal} signal
 * @returns {Promise<string>} why it was refused; '' when it is stored.
 *     Rejects when signal is aborted
 */
export async function upload(root, file, id, told, signal) {
    let at = id;
    let tries = 0;
    let best = 0;

    for (;;) {
        try {
            at ||= await create(root, file, told, signal);
            return await send(root, at, file, (sent) => {
                if (sent > best) {
                    best = sent;
                    tries = 0;
                }
                told.sent(sent);
            }, signal);

        } catch (e) {
            signal.throwIfAborted();

            if (e instanceof Gone) {
                at = '';
                told.id('');
            } else if (!(e instanceof Later)) {
                throw e;
            }

            await pause(WAITS[Math.min(tries++, WAITS.length - 1)], signal);
        }
    }
}


/**
 * Ends it on the server, too, as soon as the request that was aborted is over
 * there.  What cannot be ended the server ends itself, after a day.
 * @param {string} root
 * @param {string} id
 */
export async function forget(root, id) {
    const signal = AbortSignal.timeout(30000);

    for (let i = 0; i < WAITS.length; i++) {
        const x = await request(`${root}/uploads/${id}`, 'DELETE', {}, null, null,
            signal).catch(() => null);

        if (x?.status !== 423) {
            return;
        }
        await pause(WAITS[i], signal).catch(() => null);
    }
}


/**
 * @param {string} root
 * @param {Blob} file
 * @param {Told} told
 * @param {AbortSignal} signal
 * @returns {Promise<string>} id
 */
async function create(root, file, told, signal) {
    const x = await request(`${root}/uploads`, 'POST',
        { 'Upload-Length': String(file.size) }, null, null, signal);

    if (x.status !== 201) {
        throw wrong(x);
    }

    // of the place only the name: it is below our own root
    const id = (x.getResponseHeader('Location') ?? '').split('/').pop() ?? '';

    if (!/^[0-9a-f]{32}$/.test(id)) {
        throw new Error(text('The server gave no place for it'));
    }
    told.id(id);

    return id;
}


/**
 * @param {string} root
 * @param {string} id
 * @param {Blob} file
 * @param {(bytes: number) => void} sent
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function send(root, id, file, sent, signal) {
    const url = `${root}/uploads/${id}`;
    const head = await request(url, 'HEAD', {}, null, null, signal);
    let offset = Number(head.getResponseHeader('Upload-Offset'));

    if (head.status !== 200) {
        throw wrong(head);
    }
    if (!(offset >= 0 && offset <= file.size)) {
        throw new Gone();
    }

    for (;;) {
        const from = offset;
        const x = await request(url, 'PATCH', {
            'Upload-Offset': String(from),
            'Content-Type': 'application/offset+octet-stream',
            Accept: 'application/dicom+json',
        }, file.slice(from, from + CHUNK), (n) => sent(from + n), signal);

        if (x.status === 200 || x.status === 202) {
            return refusalOf(parse(x.responseText));
        }
        if (x.status !== 204) {
            throw wrong(x);
        }

        offset = Number(x.getResponseHeader('Upload-Offset'));

        if (!(offset > from && offset < file.size)) {
            throw new Later();
        }
        sent(offset);
    }
}


/** @param {XMLHttpRequest} x @returns {Error} */
function wrong(x) {
    if (x.status === 404 || x.status === 410) {
        return new Gone();
    }

    // no answer; another writer, another offset, an error that may pass
    if (x.status === 0 || x.status === 409 || x.status === 423
        || x.status === 429 || x.status === 503 || x.status >= 500
        && x.status !== 507)
    {
        return new Later();
    }

    const own = parse(x.responseText)?.reason;

    return new Error(typeof own === 'string' ? quoted(own.slice(0, 300))
        : text('The server refused it ({status})', { status: x.status }));
}


/** @param {string} text @returns {any} */
function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}


/**
 * XMLHttpRequest: fetch() does not tell how much has gone.
 * @param {string} url
 * @param {string} method
 * @param {Record<string, string>} headers
 * @param {Blob | null} body
 * @param {((bytes: number) => void) | null} progress
 * @param {AbortSignal} signal
 * @returns {Promise<XMLHttpRequest>} status 0: no answer
 */
function request(url, method, headers, body, progress, signal) {
    return new Promise((done, fail) => {
        const x = new XMLHttpRequest();
        const abort = () => x.abort();

        x.open(method, url);
        x.setRequestHeader('Tus-Resumable', '1.0.0');
        Object.entries(headers).forEach(([k, v]) => x.setRequestHeader(k, v));

        if (progress !== null) {
            x.upload.onprogress = (e) => progress(e.loaded);
        }
        x.onload = x.onerror = () => {
            signal.removeEventListener('abort', abort);
            done(x);
        };
        x.onabort = () => fail(signal.reason);
        signal.addEventListener('abort', abort, { once: true });

        if (signal.aborted) {
            fail(signal.reason);
        } else {
            x.send(body);
        }
    });
}


/**
 * Ends early when the network is there again.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
function pause(ms, signal) {
    return new Promise((done, fail) => {
        const over = () => {
            clearTimeout(timer);
            removeEventListener('online', over);
            signal.removeEventListener('abort', over);

            if (signal.aborted) {
                fail(signal.reason);
            } else {
                done(null);
            }
        };
        const timer = setTimeout(over, ms);

        addEventListener('online', over);
        signal.addEventListener('abort', over);
    });
}
