// SPDX-License-Identifier: BSD-2-Clause
//
// What leaves the page: print, picture files, the series as a ZIP, a
// secondary capture on the server, and the report of the study.

import { TAG, first } from '../../dicom/dataset.js';
import { newUid } from '../../marks/composite.js';
import { PIXELS, capture, rgbOf } from '../../marks/capture.js';
import { storeWithBulk } from '../../marks/stow.js';
import { Refusal } from '../../net/dicomweb.js';
import { seriesUrl } from '../../net/urls.js';
import { addStyle, el } from '../../ui/dom.js';
import { text } from '../../ui/text.js';
import { shownFrame } from '../state.js';
import { openReport } from './report.js';
import { facts, sheet } from './sheet.js';
import { shot } from './shot.js';
import { say } from './say.js';

/** @typedef {import('../host.js').Host} Host */

const TEXT = Object.freeze({
    none: text('There is no picture to take.'), stored: text('Stored as a capture.'),
    unknown: text('It could not be made.'),
});

/** Of this page's captures, by study. @type {Map<string, {series: string, number: number}>} */
const captures = new Map();


/** @param {Host} host @param {string} name of the command */
export async function run(host, name) {
    const f = shownFrame(host.port());

    addStyle('css/output.css');

    if (name === 'report') {
        await openReport(host);
    } else if (f === null) {
        say(TEXT.none);
    } else if (name === 'print') {
        print(host);
    } else if (name === 'capture') {
        await store(host, f);
    } else if (name === 'export-zip') {
        download(`${seriesUrl(host.root, f.study, f.series)}?accept=application/zip`,
            'series.zip');
    } else {
        await picture(host, name === 'export-png' ? 'png' : 'jpeg');
    }
}


/** @param {Host} host @returns {HTMLElement} */
function portOf(host) {
    const cell = document.querySelectorAll('.cell')[host.at()];

    // the first one in it: those after it are of its tiles
    return /** @type {HTMLElement} */ (cell.querySelector('.port'));
}


/** @param {Host} host */
function whole(host) {
    return sheet(shot(portOf(host)), facts(host.port(), new Date()));
}


/** @param {Host} host */
function print(host) {
    const { head, foot } = facts(host.port(), new Date());
    const lines = (/** @type {string[]} */ all) => all.map((line) =>
        el('p', { class: 'paper-line' }, el('bdi', {}, line)));
    const picture = shot(portOf(host));
    const paper = el('section', { class: 'paper' }, ...lines(head), picture, ...lines(foot));

    picture.className = 'paper-picture';
    document.querySelector('.paper')?.remove();
    document.body.append(paper);
    // what the browser itself prints later is not this picture
    addEventListener('afterprint', () => paper.remove(), { once: true });
    window.print();
}


/** @param {Host} host @param {'png' | 'jpeg'} type */
async function picture(host, type) {
    const blob = await new Promise((done) =>
        whole(host).toBlob(done, `image/${type}`, 0.95));
    const url = URL.createObjectURL(/** @type {Blob} */ (blob));

    download(url, `image.${type === 'png' ? 'png' : 'jpg'}`);
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}


/** @param {string} href @param {string} name of the file: says of no patient */
function download(href, name) {
    const link = el('a', { href, download: name });

    document.body.append(link);
    link.click();
    link.remove();
}


/** @param {Host} host @param {import('../../dicom/stack.js').Frame} f */
async function store(host, f) {
    const canvas = whole(host);
    const { width, height } = canvas;
    const pixels = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
        .getImageData(0, 0, width, height);
    const { series, number } = captures.get(f.study) ?? { series: newUid(), number: 0 };
    const ds = capture(f, {
        width, height, series, number: number + 1, now: new Date(), names: true,
        isLossy: host.port().grade !== 'exact',
    });

    captures.set(f.study, { series, number: number + 1 });

    try {
        await storeWithBulk(host.root, first(f.ds, TAG.StudyInstanceUID), ds, PIXELS,
            rgbOf(pixels.data));
        say(TEXT.stored);
    } catch (e) {
        say(text('The capture was not stored: {reason}',
            { reason: e instanceof Refusal ? e.message : TEXT.unknown }));
    }
}
