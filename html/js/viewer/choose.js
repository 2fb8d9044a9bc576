// SPDX-License-Identifier: BSD-2-Clause
//
// Which of the pictures that are here goes on the screen.  Never one of
// another frame under the number of this one; while the right one is under
// way, the one that was there stays and its own number with it.

import { sameWindow } from '../math/window.js';
import { tilePictures, wideOf } from './plan.js';
import { MARK, isCurrent } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./plan.js').Plan} Plan
 * @typedef {import('./plan.js').Picture} Picture
 *
 * @typedef {Object} Look into the loader
 * @property {(key: string) => boolean} ready decoded
 * @property {(key: string) => string | null} failed why, null: not failed
 * @property {(key: string) => number} bytes
 */


/**
 * @param {Viewport} s
 * @param {Plan} plan
 * @param {Look} look
 * @returns {Viewport}
 */
export function chosen(s, plan, look) {
    const best = [...plan.exact.filter((p) => p.tile === null), plan.base,
        ...plan.quicker].find((p) => look.ready(p.key));
    const detail = detailOf(plan, look);

    if (best !== undefined) {
        const next = waitsForTiles(s, plan, look) ? s : withShown(s, best, look);
        const grade = next.shown?.key === best.key ? gradeOf(plan, look, best) : 'waiting';

        return next.detail === detail && next.grade === grade ? next
            : { ...next, detail, grade };
    }

    const reason = [plan.base, ...plan.quicker].map((p) => look.failed(p.key))
        .find((why) => why !== null) ?? null;

    if (reason === null) {
        return s.grade === 'waiting' ? s : { ...s, grade: 'waiting' };
    }

    return {
        ...s,
        shown: null,
        failure: { index: s.index, reason },
        marks: marked(s.marks, s.index, MARK.failed),
    };
}


/**
 * A picture that arrived late: shown if it is nearer to what is asked for
 * than what is there, so that a fast scroll is seen to move.
 * @param {Viewport} s
 * @param {Picture} p
 * @param {Look} look
 * @returns {Viewport}
 */
export function arrived(s, p, look) {
    if (p.tile !== null || p.stack !== s.stack?.id) {
        return s;
    }

    const failed = look.failed(p.key) !== null;
    const seen = s.marks[p.index] === MARK.seen;
    const mark = failed ? MARK.failed : MARK.here;
    const next = seen && !failed ? s
        : { ...s, marks: marked(s.marks, p.index, mark) };

    if (failed || !look.ready(p.key) || s.shown === null) {
        return next;
    }

    // planes that are being turned: a stack of its own each step
    if (s.stack.frames[p.index] !== p.frame) {
        return isCurrent(s) ? s : withShown(next, p, look);
    }

    if (p.index === s.index) {
        return isOnTheWay(next, p) ? withShown(next, p, look) : next;
    }

    const isNearer = Math.abs(p.index - s.index)
        < Math.abs(s.shown.index - s.index);

    return isNearer ? withShown(next, p, look) : next;
}


/**
 * @param {Plan} plan
 * @param {Look} look
 * @param {Picture} best that is here
 * @returns {Viewport['grade']}
 */
function gradeOf(plan, look, best) {
    const isExact = best.kind === 'lossless' && plan.tiles.length === 0;
    const comes = plan.exact.filter((p) => look.failed(p.key) === null);

    return isExact || (plan.exact.length > 0 && plan.exact.every((p) => look.ready(p.key)))
        ? 'exact' : comes.length > 0 ? 'improving' : 'lossy';
}


/** @param {Plan} plan @param {Look} look @returns {Viewport['detail']} */
function detailOf(plan, look) {
    if (plan.tiles.some((t) => look.failed(t.key) !== null)) {
        return 'failed';
    }

    return plan.tiles.every((t) => look.ready(t.key)) ? 'whole' : 'coming';
}


/**
 * During a window drag: a picture of a window that was passed is nearer to
 * the one asked for than the picture before it.
 * @param {Viewport} s
 * @param {Picture} p
 * @returns {boolean}
 */
function isOnTheWay(s, p) {
    const isWide = p.window !== null && sameWindow(p.window, wideOf(s));

    return s.busy === 'window' && p.window !== null && !isWide
        && tilePictures(s, '', null).length === 0;
}


/**
 * A sharp picture is not given up for a blurred one of another window: the
 * preview of the sharp one serves until all tiles are here.
 * @param {Viewport} s
 * @param {Plan} plan
 * @param {Look} look
 * @returns {boolean}
 */
function waitsForTiles(s, plan, look) {
    return plan.tiles.length > 0 && s.shown !== null
        && s.shown.index === s.index && s.shown.window !== null
        && !sameWindow(s.shown.window, plan.base.window)
        && !plan.tiles.every((t) => look.ready(t.key)
            || look.failed(t.key) !== null);
}


/**
 * @param {Viewport} s
 * @param {Picture} p
 * @param {Look} look
 * @returns {Viewport}
 */
function withShown(s, p, look) {
    if (s.shown?.key === p.key && s.marks[p.index] === MARK.seen) {
        return s;
    }

    return {
        ...s,
        failure: null,
        marks: marked(s.marks, p.index, MARK.seen),
        shown: {
            index: p.index, frame: p.frame, key: p.key, window: p.window, asked: p.asked,
            stage: p.stage, kind: p.kind, bytes: look.bytes(p.key),
        },
    };
}


/** @param {Uint8Array} marks @param {number} at @param {number} mark */
function marked(marks, at, mark) {
    if (marks[at] === mark) {
        return marks;
    }

    const next = marks.slice();
    next[at] = mark;

    return next;
}
