// SPDX-License-Identifier: BSD-2-Clause
//
// A thumbnail is dragged into a viewport: by mouse and pen, and by a finger
// across the way in which the strip scrolls (touch-action of the thumbnail).

import { el } from '../../ui/dom.js';

/** It is no drag before so many CSS px. */
const FAR = 8;


/**
 * @param {HTMLElement} button
 * @param {(at: number) => void} drop index of the viewport
 */
export function listenToDrag(button, drop) {
    /** @type {{x: number, y: number, ghost: HTMLElement | null} | null} */
    let drag = null;
    let dragged = false;

    button.addEventListener('pointerdown', (e) => {
        dragged = false;

        if (e.button === 0 && e.isPrimary) {
            drag = { x: e.clientX, y: e.clientY, ghost: null };
        }
    });

    button.addEventListener('pointermove', (e) => {
        if (drag === null) {
            return;
        }

        if (drag.ghost === null
            && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) > FAR)
        {
            drag.ghost = ghostOf(button);
            button.setPointerCapture(e.pointerId);
        }

        if (drag.ghost !== null) {
            drag.ghost.style.translate = `${e.clientX}px ${e.clientY}px`;
            mark(cellAt(e));
        }
    });

    const end = (/** @type {PointerEvent} */ e) => {
        const cell = cellAt(e);

        if (drag?.ghost) {
            dragged = true;
            drag.ghost.remove();
            mark(null);

            if (cell !== null && e.type === 'pointerup') {
                drop([...cell.parentElement?.children ?? []].indexOf(cell));
            }
        }

        drag = null;
    };

    button.addEventListener('pointerup', end);
    button.addEventListener('pointercancel', end);
    button.addEventListener('dragstart', (e) => e.preventDefault());

    // or the browser takes its end for a fling, and the next tap stops that
    button.addEventListener('touchmove', (e) => {
        if (drag?.ghost) {
            e.preventDefault();
        }
    }, { passive: false });

    // the end of a drag is no click
    button.addEventListener('click', (e) => {
        if (dragged) {
            e.stopImmediatePropagation();
        }
    }, { capture: true });
}


/** @param {HTMLElement} button @returns {HTMLElement} follows the pointer */
function ghostOf(button) {
    const frame = button.querySelector('.thumb-frame') ?? button;
    const ghost = el('div', { class: 'thumb-ghost', 'aria-hidden': 'true' },
        frame.cloneNode(true));

    document.body.append(ghost);

    return ghost;
}


/** @param {PointerEvent} e @returns {Element | null} */
function cellAt(e) {
    return document.elementFromPoint(e.clientX, e.clientY)?.closest('.cell') ?? null;
}


/** @param {Element | null} cell that would take it */
function mark(cell) {
    document.querySelectorAll('.cell').forEach((node) =>
        node.classList.toggle('is-target', node === cell));
}
