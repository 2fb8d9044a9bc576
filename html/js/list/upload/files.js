// SPDX-License-Identifier: BSD-2-Clause
//
// Which of the reader's files are sent: Part 10 files, however they are
// called and however deep they lie.  What is skipped says why.

import { text } from '../../ui/text.js';

/** @typedef {{path: string, file: File}} Found */

/** Entries of folders that are walked, at most. */
const MOST = 200000;

/** Bytes of a file's beginning that are looked at. */
const HEAD = 1024;

/** Media Storage Directory: the table of contents of a medium. */
const DICOMDIR = '1.2.840.10008.1.3.10';

const REASONS = {
    empty: text('Empty'),
    noDicom: text('Not a DICOM file'),
    dicomdir: text('A DICOMDIR: the table of contents of a disc; its images are sent'),
    zip: text('A ZIP archive: unpack it, then drop the folder'),
    unread: text('Cannot be read'),
};


/**
 * Folders without recursion, in the order of their names.
 * @param {(FileSystemEntry | File | null)[]} dropped
 * @returns {Promise<Found[]>}
 */
export async function walk(dropped) {
    /** @type {Found[]} */
    const found = [];
    const left = [...dropped].reverse();

    while (left.length > 0 && found.length < MOST) {
        const entry = left.pop() ?? null;

        if (entry instanceof File) {
            found.push({ path: entry.webkitRelativePath || entry.name, file: entry });
        } else if (entry !== null && entry.isDirectory) {
            left.push(...(await children(
                /** @type {FileSystemDirectoryEntry} */ (entry))).reverse());
        } else if (entry !== null) {
            const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));

            found.push({ path: entry.fullPath.replace(/^\//, ''), file });
        }
    }

    return found;
}


/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
    return new Promise((done) => entry.file(done,
        () => done(new File([], entry.name))));
}


/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function children(folder) {
    const reader = folder.createReader();
    /** @type {FileSystemEntry[]} */
    const all = [];

    // some come at a time, then none
    for (;;) {
        const some = await new Promise((/** @type {(e: FileSystemEntry[]) => void} */ done) =>
            reader.readEntries(done, () => done([])));

        if (some.length === 0) {
            return all.sort((a, b) => (a.name < b.name ? -1 : 1));
        }
        all.push(...some);
    }
}


/**
 * @param {File} file
 * @returns {Promise<string>} why it is not sent; '' if it is
 */
export async function whyNot(file) {
    if (file.size === 0) {
        return REASONS.empty;
    }

    const head = await file.slice(0, HEAD).arrayBuffer().catch(() => null);

    return head === null ? REASONS.unread : whyNotHead(new Uint8Array(head));
}


/** @param {Uint8Array} head @returns {string} */
export function whyNotHead(head) {
    const text = (/** @type {number} */ from, /** @type {number} */ to) =>
        String.fromCharCode(...head.subarray(from, to));

    if (text(128, 132) === 'DICM') {
        return metaClass(head) === DICOMDIR ? REASONS.dicomdir : '';
    }

    return /^PK[\x03\x05\x07]/.test(text(0, 3)) ? REASONS.zip : REASONS.noDicom;
}


/**
 * Media Storage SOP Class UID of the file meta information (PS3.10 7.1),
 * which is Explicit VR Little Endian.
 * @param {Uint8Array} head
 * @returns {string} '' when it is not there
 */
function metaClass(head) {
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    let at = 132;

    while (at + 8 <= view.byteLength && view.getUint16(at, true) === 2) {
        const isLong = ['OB', 'UN', 'OW', 'SQ', 'UT'].includes(
            String.fromCharCode(head[at + 4], head[at + 5]));
        const start = at + (isLong ? 12 : 8);

        if (start > view.byteLength) {
            return '';
        }

        const end = start + (isLong ? view.getUint32(at + 8, true)
            : view.getUint16(at + 6, true));

        if (view.getUint16(at + 2, true) === 2) {
            return String.fromCharCode(...head.subarray(start, end))
                .replace(/[\0 ]+$/, '');
        }
        at = end;
    }

    return '';
}
