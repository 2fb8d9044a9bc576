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
