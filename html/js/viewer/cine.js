// SPDX-License-Identifier: BSD-2-Clause
//
// Cine: one frame after the other, at the header's rate.  A frame that is
// not here yet is waited for, never left out.

import { find, setText } from '../ui/dom.js';

/** @typedef {import('./state.js').Viewport} Viewport */

/**
 * @param {Viewport} s
 * @returns {number} index of the next frame, the first after the last
 */
export function nextIndex(s) {
    return (s.index + 1) % Math.max(1, s.stack?.frames.length ?? 1);
}


/**
 * How many frames are due, and the time that this was reckoned to.
 * @param {number} last ms
 * @param {number} now ms
 * @param {number} fps
 * @returns {{due: boolean, last: number}}
 */
export function tick(last, now, fps) {
    const step = 1000 / fps;

    if (now - last < step) {
        return { due: false, last };
    }

    // keep the beat, but never run after time that is lost
    return { due: true, last: now - last > 2 * step ? now : last + step };
}


/**
 * @param {(change: (s: Viewport) => Viewport) => void} update
 * @param {(name: string) => void} run
 */
export function listenToCine(update, run) {
    const rate = find('.cine-rate', HTMLInputElement);

    find('.cine-play', HTMLElement).addEventListener('click', () => run('cine'));
    find('.cine-back', HTMLElement).addEventListener('click', () => run('back'));
    find('.cine-forth', HTMLElement).addEventListener('click', () => run('forth'));
    find('.cine-stop', HTMLElement).addEventListener('click', () => run('cine-stop'));
    rate.addEventListener('input', () => {
        const fps = Number(rate.value);

        if (fps >= 1 && fps <= 120) {
            update((s) => ({ ...s, fps }));
        }
    });
}


/** @param {Viewport} s @param {boolean} open */
export function renderCine(s, open) {
    const bar = find('.cine', HTMLElement);
    const rate = find('.cine-rate', HTMLInputElement);
    const play = find('.cine-play', HTMLElement);

    bar.hidden = !open || (s.stack?.frames.length ?? 0) < 2;
    play.setAttribute('aria-pressed', String(s.playing));
    play.setAttribute('aria-label', s.playing ? 'Pause' : 'Play');
    find('.cine-play use', SVGUseElement).setAttribute('href',
        `img/icons.svg#${s.playing ? 'pause' : 'play'}`);

    if (document.activeElement !== rate) {
        rate.value = String(Math.round(s.fps));
    }

    setText(find('.cine-place', HTMLElement),
        `${s.index + 1} / ${s.stack?.frames.length ?? 0}`);
}
