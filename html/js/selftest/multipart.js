// SPDX-License-Identifier: BSD-2-Clause
//
// multipart/related (RFC 2046 5.1): taken apart by the letter, and made.

import { latin, must } from './client.js';

/**
 * @typedef {{type: string, location: string,
 *            bytes: Uint8Array<ArrayBuffer>}} Part
 */


/** @param {string} type Content-Type @returns {string} */
export function boundaryOf(type) {
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type) ?? [];

    must(/^multipart\/related\b/i.test(type), `Content-Type is ${type}, no multipart/related`);
    must(quoted ?? plain, `no boundary in ${type}`);

    return quoted ?? plain;
}


/** @param {string} head @param {string} name @returns {string} */
function field(head, name) {
    const found = new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head);

    return found ? found[1].trim() : '';
}


/** @param {import('./client.js').Answer} answer @returns {Part[]} */
export function partsOf(answer) {
    const mark = `--${boundaryOf(answer.type)}`;
    const all = latin(answer.bytes);
    const parts = [];
    let at = mark.length;

    must(all.startsWith(`${mark}\r\n`), 'the body does not begin with its boundary');

    while (all.startsWith('\r\n', at)) {
        const body = all.indexOf('\r\n\r\n', at) + 4;
        const end = all.indexOf(`\r\n${mark}`, body - 2);

        must(body > 3 && end >= body - 2, 'a part without an end');

        const head = all.slice(at, body).replaceAll('\r\n', '\n');

        parts.push({
            type: field(head, 'Content-Type'), location: field(head, 'Content-Location'),
            bytes: answer.bytes.slice(body, Math.max(body, end)),
        });
        at = end + 2 + mark.length;
    }

    must(all.startsWith('--', at), 'no final boundary');

    return parts;
}


/**
 * @param {Uint8Array<ArrayBuffer>[]} files
 * @param {string} mark
 * @param {string} [end]
 * @returns {Blob}
 */
export function joined(files, mark, end = `--${mark}--\r\n`) {
    return new Blob([...files.flatMap((f) =>
        [`--${mark}\r\nContent-Type: application/dicom\r\n\r\n`, f, '\r\n']), end]);
}
