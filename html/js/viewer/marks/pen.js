// SPDX-License-Identifier: BSD-2-Clause
//
// The pointer draws marks and moves them.  A click places a point; a press
// that moves places one where it began and one where it ends.

import { withoutStep } from '../../marks/history.js';
import { REACH, hit } from '../../marks/hit.js';
import { KINDS, MOST } from '../../marks/mark.js';
import { newUid } from '../../marks/composite.js';
import { calibration } from '../../marks/scale.js';
import { apply, applyInverse, matrix } from '../../math/view.js';
import { text } from '../../ui/text.js';
import { isStranger } from '../identity.js';
import { imageSize, shownFrame } from '../state.js';
import { askLength, askText } from './dialog.js';
import {
    added, altered, calibratedBy, edited, framesHere, isPlaced, kindOf, markOf, marksOn,
    placeFor, reshaped, withMarks,
} from './state.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../tools/tool.js').At} At
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('./state.js').Draft} Draft
 * @typedef {import('./state.js').Marks} Marks
 * @typedef {import('./state.js').Pen} Pen
 */

/** A press that moves less was a click. CSS px */
const CLICK = 6;

/** Points of a stroke are at least so far apart. CSS px */
const STROKE = 2;

/** Points of a mark that comes without a pointer, of the viewport. */
const MIDDLE = [[0.4, 0.45], [0.6, 0.55], [0.6, 0.4], [0.4, 0.5]];

const REFUSED = text('On this picture marks cannot be stored.');
const STRANGER = text('Marks are made on this page’s own patient.');
const TOO_LARGE = text('Not a length that calibrates.');

/**
 * The press: where it began, and whether it began a mark.
 * @type {{point: Point, image: Point, last: Point, begins: boolean} | null}
 */
let press = null;


/** @returns {string} */
export function now() {
    return new Date().toISOString();
}


/** @param {Host} host @param {(m: Marks) => Marks} change */
export function update(host, change) {
    // a session that is over has none: what it had stays as it was kept
    host.updatePage((page) => page.study === null ? page : withMarks(page, change));
}


/**
 * @param {Host} host
 * @param {Pen | null} pen null: only what is there is moved
 * @param {At} at
 * @returns {boolean} it takes the pointer
 */
export function down(host, pen, at) {
    const frame = shownFrame(host.port());
    const m = /** @type {Marks} */ (host.page().marks);

    if (frame === null || at.image === null) {
        return false;
    }

    press = { point: at.point, image: at.image, last: at.point, begins: false };

    if (m.draft !== null && m.draft.frame === frame) {
        update(host, (x) => ({ ...x, draft: { .../** @type {Draft} */ (x.draft),
            to: at.image } }));
        withLoupe(host, at);
        return true;
    }

    if (take(host, m, at)) {
        withLoupe(host, at);
        return true;
    }

    if (pen === null) {
        update(host, (x) => x.selected === '' ? x : { ...x, selected: '', handle: -1 });
        return false;
    }

    const against = whyNot(host, frame);

    if (against !== '') {
        update(host, (x) => ({ ...x, note: against, panel: true }));
        return true;
    }

    const image = at.image;

    press.begins = true;
    update(host, (x) => ({
        ...x, selected: '', handle: -1, note: '',
        draft: { pen, frame, port: host.at(), placed: [image], to: null },
    }));
    withLoupe(host, at);

    return true;
}


/**
 * The report of the marks is one patient's.
 * @param {Host} host
 * @param {import('../../dicom/stack.js').Frame} frame
 * @returns {string} '': marks can be made on it
 */
export function whyNot(host, frame) {
    return isStranger(host.page(), frame.study) ? STRANGER
        : placeFor(frame) === null ? REFUSED : '';
}


/**
 * What is under the pointer is selected, and moved if it is the user's own.
 * @param {Host} host
 * @param {Marks} m
 * @param {At} at
 * @returns {boolean}
 */
function take(host, m, at) {
    const found = underPointer(host, m, at);
    const shown = marksOn(host.port(), m).find((x) => x.mark.uid === found?.uid);

    if (found === null || shown === undefined) {
        return false;
    }

    update(host, (x) => ({
        ...x,
        draft: null,
        selected: found.uid,
        handle: found.handle ?? -1,
        edit: !shown.mark.own ? null : {
            uid: found.uid, frame: shown.frame, handle: found.handle,
            from: /** @type {Point} */ (at.image), was: shown.points,
            points: shown.points,
        },
    }));

    return true;
}


/**
 * @param {Host} host
 * @param {Marks} m
 * @param {At} at
 * @returns {import('../../marks/hit.js').Hit | null}
 */
function underPointer(host, m, at) {
    const s = host.port();
    const all = marksOn(s, m).map(({ mark, points, frame }) => {
        const to = matrix(s.view, imageSize(frame), s.size);
        const places = points.map((p) => apply(to, { x: p.x, y: p.y * frame.aspect }));

        return { uid: mark.uid, kind: mark.kind, points: places, own: mark.own,
            label: null };
    });
    const type = /** @type {'mouse' | 'pen' | 'touch'} */ (at.event.pointerType);

    return hit(at.point, all, REACH[type] ?? REACH.mouse, m.selected);
}


/**
 * @param {Host} host
 * @param {At} at
 * @param {boolean} isFree all marks can be taken, not only the selected one
 * @returns {boolean}
 */
export function isOver(host, at, isFree) {
    const m = host.page().marks;
    const found = m === null || m.draft !== null ? null : underPointer(host, m, at);

    return found !== null && (isFree || found.uid === m?.selected);
}


/** @param {Host} host @param {At} at */
export function move(host, at) {
    const m = /** @type {Marks} */ (host.page().marks);
    const image = at.image;

    if (image === null) {
        return;
    }

    if (m.edit !== null) {
        const mark = m.history.now.find((x) => x.uid === m.edit?.uid);
        const kind = mark?.kind ?? 'length';

        update(host, (x) => x.edit === null ? x
            : { ...x, edit: edited(x.edit, kind, image) });
    } else if (m.draft !== null) {
        update(host, (x) => x.draft === null ? x : { ...x, draft: drawn(x.draft, at) });
    }

    withLoupe(host, at);
}


/**
 * @param {Draft} d
 * @param {At} at
 * @returns {Draft}
 */
function drawn(d, at) {
    const to = /** @type {Point} */ (at.image);

    if (d.pen !== 'freehand' || press === null) {
        return { ...d, to };
    }

    const far = Math.hypot(at.point.x - press.last.x, at.point.y - press.last.y);

    if (far < STROKE || d.placed.length >= MOST.points) {
        return d;
    }

    press.last = at.point;

    return { ...d, placed: [...d.placed, to], to: null };
}


/** @param {Host} host @param {At} at */
export function up(host, at) {
    const m = /** @type {Marks} */ (host.page().marks);
    const isClick = press !== null && Math.hypot(at.point.x - press.point.x,
        at.point.y - press.point.y) < CLICK;

    const from = press;

    update(host, (x) => x.loupe === null ? x : { ...x, loupe: null });
    press = null;

    if (at.event.type === 'pointercancel') {
        cancel(host);
    } else if (m.edit !== null) {
        const { uid, points, frame } = m.edit;

        update(host, (x) => isClick ? { ...x, edit: null }
            : reshaped(x, uid, points, frame, now()));
    } else if (m.draft !== null && from !== null && at.image !== null) {
        release(host, m.draft, at.image, { ...from, isClick });
    }
}


/**
 * @param {Host} host
 * @param {Draft} d
 * @param {Point} to where the press ended
 * @param {{image: Point, begins: boolean, isClick: boolean}} from begins: the
 *     first point was placed there
 */
function release(host, d, to, from) {
    const next = released(d, to, from);

    if (isPlaced(next) || d.pen === 'freehand') {
        finish(host, next);
    } else {
        update(host, (x) => ({ ...x, draft: next }));
    }
}


/**
 * @param {Draft} d
 * @param {Point} to
 * @param {{image: Point, begins: boolean, isClick: boolean}} from
 * @returns {Draft}
 */
function released(d, to, { image, begins, isClick }) {
    const due = KINDS[kindOf(d.pen)].clicks - d.placed.length;

    if (d.pen === 'freehand') {
        return { ...d, to: null };
    }

    if (due === 0) {
        return { ...d, placed: [to], to: null };
    }

    if (begins && isClick) {
        return { ...d, to };
    }

    const more = !begins && !isClick && due > 1 ? [image, to] : [to];

    return { ...d, placed: [...d.placed, ...more], to: null };
}


/** @param {Host} host @param {At} at the pointer is up: the line follows it */
export function hover(host, at) {
    const m = /** @type {Marks} */ (host.page().marks);

    if (m.draft !== null && m.draft.port === host.at() && at.image !== null
        && m.draft.pen !== 'freehand')
    {
        const to = at.image;
        update(host, (x) => x.draft === null ? x : { ...x, draft: { ...x.draft, to } });
    }
}


/** @param {Host} host @returns {boolean} there was something to cancel */
export function cancel(host) {
    const m = host.page().marks;

    if (!m || m.draft === null && m.edit === null) {
        return false;
    }

    update(host, (x) => ({ ...x, draft: null, edit: null, loupe: null }));

    return true;
}


/**
 * Without a pointer: a mark in the middle of what is seen, to be moved by the
 * keys.
 * @param {Host} host
 * @param {string} tool
 * @returns {boolean}
 */
export function atMiddle(host, tool) {
    const s = host.port();
    const frame = shownFrame(s);

    if (frame === null || !(tool in KINDS || tool === 'calibrate')
        || whyNot(host, frame) !== '')
    {
        return false;
    }

    const to = matrix(s.view, imageSize(frame), s.size);
    const { width, height } = s.size;
    const placed = MIDDLE.map(([x, y]) =>
        applyInverse(to, { x: width * x, y: height * y }))
        .map((p) => ({ x: p.x, y: p.y / frame.aspect }));
    const pen = /** @type {Pen} */ (tool);
    const clicks = pen === 'freehand' ? placed.length : KINDS[kindOf(pen)].clicks;

    finish(host, { pen, frame, port: host.at(), placed: placed.slice(0, clicks), to: null });

    return true;
}


/** @param {Host} host @param {Draft} d that is placed */
async function finish(host, d) {
    const m = /** @type {Marks} */ (host.page().marks);
    const mark = markOf(d, m, { uid: newUid(), now: now() });

    if (mark === null) {
        update(host, (x) => ({ ...x, draft: null }));
        return;
    }

    if (d.pen === 'calibrate') {
        await calibrate(host, d);
        return;
    }

    update(host, (x) => added(x, mark));

    if (KINDS[kindOf(d.pen)].named) {
        const text = await askText(KINDS[mark.kind].name, '');

        if (text === '' && mark.kind === 'text') {
            update(host, (x) => ({ ...x, history: withoutStep(x.history, mark.uid) }));
        } else if (text !== '') {
            update(host, (x) => altered(x, mark.uid, { label: text }, now()));
        }
    }
}


/** @param {Host} host @param {Draft} d a line whose length the user knows */
async function calibrate(host, d) {
    update(host, (x) => ({ ...x, draft: null }));

    const length = await askLength();

    if (length === null) {
        return;
    }

    const [a, b] = d.placed;
    const pitch = calibration(a, b, d.frame.aspect, length);

    update(host, (x) => pitch === null ? { ...x, note: TOO_LARGE, panel: true }
        : calibratedBy(x, d.frame, pitch, framesHere(host.page()), now()));
}


/** @param {Host} host @param {At} at a finger hides what it points at */
function withLoupe(host, at) {
    if (at.event.pointerType === 'touch') {
        update(host, (x) => ({ ...x, loupe: { port: host.at(), at: at.point } }));
    }
}
