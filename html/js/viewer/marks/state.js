// SPDX-License-Identifier: BSD-2-Clause
//
// The marks of the page: pure functions that give the next ones.

import { begun, changed, redone, undone } from '../../marks/history.js';
import {
    KINDS, handles, isWhole, shaped, shifted, withHandle,
} from '../../marks/mark.js';
import { inPatient, pointsOn } from '../../marks/place.js';
import { WAITS } from '../../marks/values.js';
import { TAG, first } from '../../dicom/dataset.js';
import { calibrationKey, shownFrame } from '../state.js';

/**
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../../dicom/stack.js').Frame} Frame
 * @typedef {import('../../math/view.js').Point} Point
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('../../marks/mark.js').Kind} Kind
 * @typedef {import('../../marks/history.js').History} History
 * @typedef {import('../../marks/keys.js').Key} Key
 * @typedef {Kind | 'calibrate'} Pen
 *
 * @typedef {Object} Draft what is being drawn
 * @property {Pen} pen
 * @property {Frame} frame
 * @property {number} port
 * @property {Point[]} placed
 * @property {Point | null} to where the pointer is
 *
 * @typedef {Object} Edit what is being moved
 * @property {string} uid
 * @property {Frame} frame
 * @property {number | null} handle null: all of it
 * @property {Point} from
 * @property {Point[]} was
 * @property {Point[]} points
 *
 * @typedef {{state: 'saved' | 'waits' | 'sending' | 'failed',
 *            reason: string, at: string}} Saving
 *
 * @typedef {Object} Marks
 * @property {History} history of the user's own
 * @property {Mark[]} others that were read, of other authors and programs
 * @property {string} selected uid, or ''
 * @property {number} handle of the selected one that the keys move, -1: all
 * @property {boolean} hidden
 * @property {Draft | null} draft
 * @property {Edit | null} edit
 * @property {{port: number, at: Point} | null} loupe CSS px: under a finger
 * @property {Key[]} keys
 * @property {{instance: string, frame: number | null}[]} otherKeys
 * @property {string} author name, DICOM PN; '': not known
 * @property {Saving} saving
 * @property {string} note what could not be done, or ''
 * @property {boolean} panel is open
 */


/** @returns {Marks} */
function initialMarks() {
    return {
        history: begun([]), others: [], selected: '', handle: -1, hidden: false,
        draft: null, edit: null, loupe: null, keys: [], otherKeys: [],
        author: '', note: '', panel: false,
        saving: { state: 'saved', reason: '', at: '' },
    };
}


/** @param {Page} page @returns {Frame[]} of all series that are here */
export function framesHere(page) {
    return page.series.flatMap((x) => x.stacks ?? []).flatMap((s) => s.frames);
}


/**
 * @param {Page} page
 * @param {(m: Marks) => Marks} change
 * @returns {Page}
 */
export function withMarks(page, change) {
    const old = page.marks ?? initialMarks();
    const next = change(old);

    return next === page.marks ? page : { ...page, marks: next };
}


/**
 * Where a mark on a frame is stored: on the image, or in the patient where
 * the picture is a plane through a volume.
 * @param {Frame} f
 * @returns {'image' | 'patient' | null} null: nowhere
 */
export function placeFor(f) {
    const virtual = /** @type {{source?: {kind?: string} | null}} */ (
        /** @type {unknown} */ (f)).source;

    if (virtual === undefined || virtual === null || virtual.kind === 'frame') {
        return 'image';
    }

    return f.position !== null && f.orientation !== null && f.spacing !== null
        && f.frameOfReference !== '' ? 'patient' : null;
}


/**
 * @param {Marks | null} m
 * @param {Frame} f
 * @returns {{row: number, column: number} | null}
 */
export function calibrationOf(m, f) {
    return m?.history.scales.now[calibrationKey(f)] ?? null;
}


/**
 * The marks on the picture of a viewport, as they are now.
 * @param {Viewport} s
 * @param {Marks} m
 * @returns {{mark: Mark, points: Point[], frame: Frame}[]}
 */
export function marksOn(s, m) {
    const frame = shownFrame(s);

    if (frame === null || m.hidden) {
        return [];
    }

    return [...m.others, ...m.history.now].flatMap((mark) => {
        const points = m.edit?.uid === mark.uid && m.edit.frame === frame
            ? m.edit.points : pointsOn(mark, frame);

        return points === null ? [] : [{ mark, points, frame }];
    });
}


/** @param {Draft} d @returns {Point[]} as far as it is drawn */
export function draftPoints(d) {
    const kind = kindOf(d.pen);
    const placed = d.to === null ? d.placed : [...d.placed, d.to];

    return shaped(kind, placed, d.frame.aspect);
}


/** @param {Pen} pen @returns {Kind} */
export function kindOf(pen) {
    return pen === 'calibrate' ? 'length' : pen;
}


/** @param {Draft} d @returns {boolean} its last point is placed */
export function isPlaced(d) {
    return d.placed.length >= KINDS[kindOf(d.pen)].clicks;
}


/**
 * @param {Draft} d that is placed
 * @param {Marks} m
 * @param {{uid: string, now: string}} of
 * @returns {Mark | null} null: too small to mean something, or nowhere
 */
export function markOf(d, m, of) {
    const kind = kindOf(d.pen);
    const points = shaped(kind, d.placed, d.frame.aspect);
    const place = placeFor(d.frame);

    if (place === null || !isWhole(kind, points)) {
        return null;
    }

    const f = d.frame;
    // a rectangle on a plane is a polygon in the patient
    const inSpace = place === 'patient' && kind === 'rectangle' ? 'freehand' : kind;

    return {
        uid: of.uid,
        kind: inSpace,
        points: place === 'image' ? points : [],
        image: place === 'image' ? {
            study: f.study, series: f.series, instance: f.instance, frame: f.frame,
            sopClass: first(f.ds, TAG.SOPClassUID),
        } : null,
        patient: place === 'image' ? null : {
            frameOfReference: f.frameOfReference,
            points: (kind === inSpace ? points : handlesInTurn(points))
                .map((p) => inPatient(p, f)),
        },
        label: '',
        author: m.author,
        time: of.now,
        own: true,
        program: '',
        calibrated: calibrationOf(m, f),
        figures: null,
        statistics: KINDS[kind].region ? WAITS : null,
    };
}


/** @param {Point[]} points of a rectangle @returns {Point[]} around it */
function handlesInTurn(points) {
    const [a, b, c, d] = handles('rectangle', points);

    return [a, c, b, d];
}


/** @param {Marks} m @param {Mark} mark @returns {Marks} */
export function added(m, mark) {
    return {
        ...m, history: changed(m.history, [...m.history.now, mark]),
        selected: mark.uid, handle: -1, draft: null, hidden: false,
    };
}


/** @param {Marks} m @param {string} uid @returns {Marks} */
export function deleted(m, uid) {
    const rest = m.history.now.filter((mark) => mark.uid !== uid);

    return rest.length === m.history.now.length ? m : {
        ...m, history: changed(m.history, rest), selected: '', handle: -1, edit: null,
    };
}


/**
 * @param {Mark} mark
 * @param {Frame} f of the series, or a plane of it
 * @returns {boolean}
 */
export function isOfSeries(mark, f) {
    return mark.image?.series === f.series
        || mark.patient?.frameOfReference === f.frameOfReference && f.source !== null;
}


/**
 * Display reset removes the user's marks of a series, in one step that can be
 * undone (IHE BIR, B20); those of others stay.
 * @param {Marks} m
 * @param {Frame} f of the series
 * @returns {Marks}
 */
export function cleared(m, f) {
    const rest = m.history.now.filter((mark) => !isOfSeries(mark, f));
    const free = { ...m, selected: '', handle: -1, draft: null, edit: null };

    return rest.length === m.history.now.length ? free
        : { ...free, history: changed(m.history, rest) };
}


/**
 * @param {Marks} m
 * @param {string} uid
 * @param {Partial<Mark>} change
 * @param {string} now
 * @returns {Marks}
 */
export function altered(m, uid, change, now) {
    return {
        ...m,
        history: changed(m.history, m.history.now.map((mark) =>
            mark.uid === uid ? { ...mark, ...change, time: now } : mark)),
    };
}


/**
 * The points of a mark became others.
 * @param {Marks} m
 * @param {string} uid
 * @param {Point[]} points
 * @param {Frame} f
 * @param {string} now
 * @returns {Marks}
 */
export function reshaped(m, uid, points, f, now) {
    const mark = m.history.now.find((x) => x.uid === uid);

    if (mark === undefined || !isWhole(mark.kind, points)) {
        return { ...m, edit: null };
    }

    const change = mark.patient === null
        ? { points, statistics: mark.statistics && WAITS,
            calibrated: calibrationOf(m, f) }
        : { statistics: mark.statistics && WAITS,
            patient: { ...mark.patient, points: points.map((p) => inPatient(p, f)) } };

    return { ...altered(m, uid, change, now), edit: null };
}


/**
 * @param {Edit} e
 * @param {Kind} kind
 * @param {Point} to
 * @returns {Edit}
 */
export function edited(e, kind, to) {
    return {
        ...e,
        points: e.handle === null
            ? shifted(e.was, to.x - e.from.x, to.y - e.from.y)
            : withHandle(kind, e.was, e.handle, to, e.frame.aspect),
    };
}


/**
 * A key moves the selected mark, or its selected handle.
 * @param {Marks} m
 * @param {Frame} f
 * @param {number} dx stored pixels
 * @param {number} dy
 * @param {string} now
 * @returns {Marks}
 */
export function nudged(m, f, dx, dy, now) {
    const mark = m.history.now.find((x) => x.uid === m.selected);
    const points = mark === undefined ? null : pointsOn(mark, f);

    if (mark === undefined || points === null) {
        return m;
    }

    const at = handles(mark.kind, points)[m.handle];
    const next = at === undefined ? shifted(points, dx, dy)
        : withHandle(mark.kind, points, m.handle, { x: at.x + dx, y: at.y + dy }, f.aspect);

    return reshaped(m, mark.uid, next, f, now);
}


/** @param {Marks} m @returns {Marks} the keys move its next handle */
export function nextHandle(m) {
    const mark = m.history.now.find((x) => x.uid === m.selected);
    const count = mark === undefined ? 0
        : handles(mark.kind, mark.patient === null ? mark.points
            : mark.patient.points.map(() => ({ x: 0, y: 0 }))).length;

    return { ...m, handle: m.handle + 1 >= count ? -1 : m.handle + 1 };
}


/** @param {Marks} m @returns {Marks} */
export function withUndo(m) {
    return { ...m, history: undone(m.history), edit: null, draft: null };
}


/** @param {Marks} m @returns {Marks} */
export function withRedo(m) {
    return { ...m, history: redone(m.history), edit: null, draft: null };
}


/**
 * The user has measured something of known length in the image.
 * @param {Marks} m
 * @param {Frame} f
 * @param {{row: number, column: number}} pitch mm
 * @param {Frame[]} frames that are here: those of the same series and size follow
 * @param {string} now
 * @returns {Marks}
 */
export function calibratedBy(m, f, pitch, frames, now) {
    const key = calibrationKey(f);
    const those = new Set(frames.filter((x) => calibrationKey(x) === key)
        .map((x) => `${x.instance} ${x.frame}`));
    const isOf = (/** @type {Mark} */ { image }) =>
        image !== null && those.has(`${image.instance} ${image.frame}`);

    return {
        ...m,
        draft: null,
        history: changed(m.history, m.history.now.map((mark) => isOf(mark)
            ? { ...mark, calibrated: pitch, time: now } : mark),
        { ...m.history.scales.now, [key]: pitch }),
    };
}


/**
 * @param {Marks} m
 * @param {Frame} f
 * @returns {Marks} the frame is a key image, or is none any more
 */
export function keyToggled(m, f) {
    const rest = m.keys.filter((k) => k.instance !== f.instance || k.frame !== f.frame);

    return {
        ...m,
        keys: rest.length < m.keys.length ? rest : [...m.keys, {
            study: f.study, series: f.series, instance: f.instance, frame: f.frame,
            frames: f.frames, sopClass: first(f.ds, TAG.SOPClassUID),
        }],
    };
}


/**
 * @param {Marks | null} m
 * @param {Frame | null} f
 * @returns {'own' | 'other' | ''}
 */
export function keyOf(m, f) {
    if (m === null || f === null) {
        return '';
    }

    if (m.keys.some((k) => k.instance === f.instance && k.frame === f.frame)) {
        return 'own';
    }

    return m.otherKeys.some((k) => k.instance === f.instance
        && (k.frame === null || k.frame === f.frame)) ? 'other' : '';
}
