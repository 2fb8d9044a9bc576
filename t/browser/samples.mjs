// SPDX-License-Identifier: BSD-2-Clause
//
// The sample files of many vendors, where they are there.

import { existsSync, readFileSync } from 'node:fs';

import { BASE } from './browser.mjs';
import { store } from './part10.mjs';

const ROOT = process.env.PACS_SAMPLES
    ?? new URL('../../../shared/samples', import.meta.url).pathname;

/** '' or why tests that need them cannot run. */
export const NO_SAMPLES = existsSync(`${ROOT}/MANIFEST.tsv`) ? ''
    : `no sample files: ${ROOT} is not there`;


/** @param {string} path @returns {string} of the file */
export function sampleFile(path) {
    return `${ROOT}/${path}`;
}


/** @param {...string} paths are stored */
export async function storeSamples(...paths) {
    for (const path of NO_SAMPLES === '' ? paths : []) {
        await store(BASE, [readFileSync(sampleFile(path))]);
    }
}


/**
 * Where the first frame of a sample is: its UIDs are in the clear of the file,
 * whatever its transfer syntax is.
 * @param {string} path
 * @returns {{study: string, path: string}} path below DICOMweb's root
 */
export function frameOfSample(path) {
    const file = readFileSync(sampleFile(path));
    const uid = (/** @type {number[]} */ tag) => {
        const at = file.indexOf(Buffer.from(tag), 132);
        // explicit: UI and 16 bits of length; implicit: 32 bits of it
        const length = file.toString('latin1', at + 4, at + 6) === 'UI'
            ? file.readUInt16LE(at + 6) : file.readUInt32LE(at + 4);

        return file.toString('latin1', at + 8, at + 8 + length).replace(/\0/g, '');
    };
    const [instance, study, series] = [[8, 0, 0x18, 0], [0x20, 0, 0x0d, 0],
        [0x20, 0, 0x0e, 0]].map(uid);

    return { study, path: `/studies/${study}/series/${series}/instances/${instance}/frames/1` };
}
