// SPDX-License-Identifier: BSD-2-Clause
//
// A report, document, video or presentation state in a viewport, as the
// server renders it (G22).  Nothing in it runs: the server's answers are
// sandboxed.

import { formatDate, formatTime } from '../dicom/dates.js';
import { seriesUrl } from '../net/urls.js';
import { addStyle, el, icon } from '../ui/dom.js';
import { shown, text } from '../ui/text.js';
import { addDecoration } from './decorations.js';
import { activePort } from './page.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('../dicom/papers.js').Paper} Paper
 */

/** @param {Paper['kind']} kind @returns {string} */
export const kindText = (kind) => ({
    report: text('Report'), keys: text('Key objects'), pdf: text('Document'),
    text: text('Document'), video: text('Video'), file: text('File'),
    state: text('Presentation state applied'),
})[kind];

let isReady = false;


/** From now on viewports show what they have of these. @param {Host} host */
export function showPapers(host) {
    if (isReady) {
        return;
    }

    isReady = true;
    addStyle('css/paper.css');
    addDecoration(decorate);
    document.addEventListener('keydown', (e) => onKey(host, e), { capture: true });
}


/** @param {HTMLElement} cell @param {Host} host */
function decorate(cell, host) {
    const { papers, index } = host.port();
    const paper = papers[index];
    const old = /** @type {HTMLElement | null} */ (cell.querySelector('.paper-view'));

    if (old?.dataset.instance === paper?.instance) {
        return;
    }

    old?.remove();
    cell.classList.toggle('has-paper', paper !== undefined);

    if (paper !== undefined) {
        cell.querySelector('.cell-stage')?.append(made(host, papers, paper));
    }
}


/** @param {Host} host @param {Paper[]} all @param {Paper} paper */
function made(host, all, paper) {
    const url = `${seriesUrl(host.root, paper.study, paper.series)}/instances/`
        + `${encodeURIComponent(paper.instance)}/rendered`;
    const list = el('select', { class: 'paper-list', 'aria-label': text('Documents of the series') },
        ...all.map((p, i) => el('option', { value: String(i) }, titleOf(p))));
    const head = el('header', { class: 'paper-head' },
        el('span', { class: 'paper-kind' }, kindText(paper.kind)),
        all.length > 1 ? list : el('bdi', { class: 'paper-title' }, titleOf(paper)),
        el('bdi', { class: 'paper-patient' },
            [paper.patient.replaceAll('^', ' ').trim(), paper.id].filter(Boolean).map(shown)
                .join('  ')),
        el('a', { class: 'paper-open', href: url, target: '_blank', rel: 'noopener',
            title: text('Open in a new tab'), 'aria-label': text('Open in a new tab') },
        icon('output')));
    const node = el('article', { class: 'paper-view', 'data-instance': paper.instance,
        'data-kind': paper.kind, 'aria-label': kindText(paper.kind) }, head, bodyOf(paper, url));

    list.value = String(all.indexOf(paper));
    list.addEventListener('change', () => {
        host.update((s) => ({ ...s, index: Number(list.value) }));
        list.blur();
    });
    node.addEventListener('pointerdown', () => host.select());
    node.addEventListener('focusin', () => host.select());

    return node;
}


/** @param {Paper} paper @param {string} url @returns {HTMLElement} */
function bodyOf(paper, url) {
    const name = kindText(paper.kind);

    if (paper.kind === 'state') {
        const image = el('img', { class: 'paper-body', alt: name, src: url });

        image.addEventListener('error', () => image.replaceWith(el('p', { class: 'paper-none' },
            text('This presentation state cannot be shown as a picture.'))));

        return image;
    }

    if (paper.kind === 'file') {
        return el('p', { class: 'paper-none' },
            el('a', { class: 'button', href: url, download: '' }, text('Save the file')));
    }

    if (paper.kind !== 'video') {
        return el('iframe', { class: 'paper-body', title: name, src: url });
    }

    const video = el('video', { class: 'paper-body', controls: '', preload: 'metadata',
        playsinline: '', loop: '', 'aria-label': name });

    video.addEventListener('error', () => video.replaceWith(el('p', { class: 'paper-none' },
        text('This browser cannot play the video.'), ' ',
        el('a', { class: 'button', href: url, download: '' }, text('Save the file')))));
    video.src = url;
    video.dataset.rate = String(paper.rate);

    return video;
}


/** @param {Paper} paper @returns {string} */
function titleOf({ title, date, time }) {
    return [title, formatDate(date), formatTime(time)].filter(Boolean).map(shown).join('  ');
}


/** What the viewer's keys are to a video. @type {Record<string, (v: HTMLVideoElement) => void>} */
const KEYS = {
    ' ': (v) => { (v.paused ? v.play() : v.pause()); },
    c: (v) => { (v.paused ? v.play() : v.pause()); },
    ArrowRight: (v) => step(v, 1), ArrowDown: (v) => step(v, 1),
    ArrowLeft: (v) => step(v, -1), ArrowUp: (v) => step(v, -1),
    Home: (v) => { v.currentTime = 0; },
    End: (v) => { v.currentTime = v.duration; },
};


/** @param {HTMLVideoElement} video @param {1 | -1} by frames */
function step(video, by) {
    video.pause();
    video.currentTime = Math.max(0, Math.min(video.duration,
        video.currentTime + by / Number(video.dataset.rate)));
}


/** @param {Host} host @param {KeyboardEvent} e */
function onKey(host, e) {
    const paper = activePort(host.page()).papers[activePort(host.page()).index];
    const video = /** @type {HTMLVideoElement | null} */ (document
        .querySelector(`video[data-rate]`) && paper?.kind === 'video'
        ? [...document.querySelectorAll('.paper-view')].find((n) =>
            /** @type {HTMLElement} */ (n).dataset.instance === paper.instance)
            ?.querySelector('video') ?? null : null);
    const key = KEYS[e.key] ?? KEYS[e.key.toLowerCase()];
    const isElsewhere = e.target instanceof HTMLSelectElement
        || e.target instanceof HTMLInputElement || e.target instanceof HTMLButtonElement;

    if (video !== null && key !== undefined && !isElsewhere && !e.ctrlKey && !e.altKey && !e.metaKey) {
        e.preventDefault();
        e.stopPropagation();
        key(video);
    }
}
