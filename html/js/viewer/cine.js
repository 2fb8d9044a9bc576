// SPDX-License-Identifier: BSD-2-Clause
//
// Cine: one frame after the other, at the header's rate.  A frame that is
// not here yet is waited for, never left out; on a slow net all of them are,
// before it begins.

import { MOST, rateOf, waitOf } from '../net/meter.js';
import { find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';

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
 * A loop that the net cannot bring at its rate is not played before all of it
 * is here.
 * @param {import('../net/meter.js').Meter} m
 * @param {number} fps
 * @param {() => number} hereOf how many frames are here
 * @param {number} count
 * @returns {number | null} percent that are here; null: it plays
 */
export function awaited(m, fps, hereOf, count) {
    const each = Math.max(m.final / rateOf(m), waitOf(m) / MOST);

    if (each <= 1000 / fps) {
        return null;
    }

    const here = hereOf();

    return here < count ? Math.floor(here / count * 100) : null;
}


/**
 * @param {Element} bar of a viewport
 * @param {import('./host.js').Host} host
 */
export function listenToCine(bar, host) {
    const rate = find('.cine-rate', HTMLInputElement, bar);

    for (const name of ['cine', 'back', 'forth', 'cine-stop', 'first', 'last']) {
        find(`[data-command="${name}"]`, HTMLElement, bar)
            .addEventListener('click', () => {
                host.select();
                host.run(name);
            });
    }

    rate.addEventListener('input', () => {
        const fps = Number(rate.value);

        if (fps >= 1 && fps <= 120) {
            host.update((s) => ({ ...s, fps }));
        }
    });
}


/** @param {HTMLElement} bar @param {Viewport} s */
export function renderCine(bar, s) {
    bar.hidden = !s.cineOpen || (s.stack?.frames.length ?? 0) < 2;

    if (bar.hidden) {
        return;
    }

    const rate = find('.cine-rate', HTMLInputElement, bar);
    const play = find('.cine-play', HTMLElement, bar);

    play.setAttribute('aria-pressed', String(s.playing));
    play.setAttribute('aria-label', s.playing ? text('Pause') : text('Play'));
    find('.cine-play use', SVGUseElement, bar).setAttribute('href',
        `#icon-${s.playing ? 'pause' : 'play'}`);

    if (document.activeElement !== rate) {
        rate.value = String(Math.round(s.fps));
    }

    setText(find('.cine-place', HTMLElement, bar), s.playing && s.cineHere !== null
        ? text('Loading {part} %', { part: s.cineHere })
        : `${s.index + 1} / ${s.stack?.frames.length ?? 0}`);
}
