// SPDX-License-Identifier: BSD-2-Clause
//
// Marks as a Comprehensive 3D SR of TID 1500 (PS3.16): one report a save, of
// all marks of its author in the study; it names the one that it replaces.

import { CODE, UNIT, unitCode } from './codes.js';
import { at, composite, hierarchy, observer, sequence } from './composite.js';
import {
    SR, codeOf, container, imageOf, item, numOf, textOf, uidOf,
} from './content.js';
import { corners, ellipseOf } from './geometry.js';
import { measures } from './measure.js';
import { flat, inPatient } from './place.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/stack.js').Frame} Frame
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {import('./measure.js').Measure} Measure
 * @typedef {import('./composite.js').Author} Author
 * @typedef {import('./composite.js').Reference} Reference
 *
 * @typedef {{frame: Frame, points: Point[]}} Seen the frame that a mark lies
 *     on, and where
 */

const COMPREHENSIVE_3D = '1.2.840.10008.5.1.4.1.1.88.34';

/** Behind the series of images. */
export const SERIES_NUMBER = 9901;


/**
 * @param {{mark: Mark, frame: Frame | null}[]} marks frame: that it lies on;
 *     null for what lies in the patient
 * @param {Dataset} source an image of the study
 * @param {{author: Author, series: string, number: number, now: Date,
 *          replaced: Reference[], evidence: Reference[]}} of evidence: what
 *     was measured, where no image is referred to
 * @returns {Dataset}
 */
export function report(marks, source, of) {
    const evidence = [...marks.flatMap(({ mark }) => mark.image === null ? []
        : [mark.image]), ...of.evidence];

    return {
        ...composite(source, {
            sopClass: COMPREHENSIVE_3D, modality: 'SR', series: of.series,
            seriesNumber: SERIES_NUMBER, description: 'Measurements',
            number: of.number, now: of.now,
        }),
        '00081111': at('SQ'),
        '0040A372': at('SQ'),
        '0040A078': sequence(observer(of.author)),
        [SR.complete]: at('CS', 'PARTIAL'),
        [SR.verified]: at('CS', 'UNVERIFIED'),
        ...(evidence.length === 0 ? {}
            : { [SR.evidence]: sequence(...hierarchy(evidence)) }),
        ...(of.replaced.length === 0 ? {}
            : { [SR.predecessors]: sequence(...hierarchy(of.replaced)) }),
        [SR.type]: at('CS', 'CONTAINER'),
        [SR.name]: sequence({
            '00080100': at('SH', CODE.report.value),
            '00080102': at('SH', CODE.report.scheme),
            '00080104': at('LO', CODE.report.meaning),
        }),
        [SR.continuity]: at('CS', 'SEPARATE'),
        [SR.template]: template('1500'),
        [SR.content]: sequence(
            codeOf('HAS CONCEPT MOD', CODE.language, CODE.english),
            ...observers(of.author),
            codeOf('HAS CONCEPT MOD', CODE.procedure, CODE.imagingProcedure),
            container(CODE.library, []),
            container(CODE.measurements, marks.map(group)),
        ),
    };
}


/** @param {string} id */
function template(id) {
    return sequence({ '00080105': at('CS', 'DCMR'), '0040DB00': at('CS', id) });
}


/** @param {Author} author @returns {Dataset[]} TID 1002 */
export function observers(author) {
    return author.name === '' ? [
        codeOf('HAS OBS CONTEXT', CODE.observerType, CODE.device),
        uidOf('HAS OBS CONTEXT', CODE.deviceUid, author.device),
    ] : [
        codeOf('HAS OBS CONTEXT', CODE.observerType, CODE.person),
        item('HAS OBS CONTEXT', 'PNAME', CODE.personName,
            { [SR.person]: at('PN', { Alphabetic: author.name }) }),
    ];
}


/**
 * TID 1501 for lines and angles, TID 1410 for regions, arrows and texts.
 * @param {{mark: Mark, frame: Frame | null}} m
 * @returns {Dataset}
 */
function group({ mark, frame }) {
    const seen = mark.patient !== null || frame === null
        ? flat(/** @type {import('./mark.js').PatientPlace} */ (mark.patient))
        : { frame, points: mark.points };
    const all = measures(mark, seen.points, seen.frame);
    const isInferred = ['length', 'bidirectional', 'angle', 'cobb'].includes(mark.kind);
    const [graphic, places] = shape(mark, seen.points);

    return container(CODE.group, [
        textOf('HAS OBS CONTEXT', CODE.trackingId,
            mark.label || `${mark.kind} ${mark.uid.slice(-6)}`),
        uidOf('HAS OBS CONTEXT', CODE.trackingUid, mark.uid),
        ...(mark.label === '' ? []
            : [textOf('HAS CONCEPT MOD', CODE.shortLabel, mark.label)]),
        ...(isInferred ? [] : [place(mark, seen, graphic, places, 'CONTAINS')]),
        ...all.map((m) => figure(mark, seen, m, isInferred)),
        ...statistics(mark),
        ...calibration(mark),
    ], {
        [SR.template]: template(isInferred ? '1501' : '1410'),
        [SR.observed]: at('DT', observed(mark.time)),
    });
}


/** @param {string} iso @returns {string} DT, of UTC */
function observed(iso) {
    return `${iso.replace(/[-:TZ]/g, '').slice(0, 18)}000+0000`;
}


/**
 * @param {Mark} mark
 * @param {Point[]} points
 * @returns {[string, Point[]]} Graphic Type and its points
 */
function shape(mark, points) {
    switch (mark.kind) {
    case 'ellipse':
        return ['ELLIPSE', majorFirst(points)];
    case 'rectangle':
        return ['POLYLINE', closed(corners(points[0], points[1]))];
    case 'freehand':
        return ['POLYLINE', closed(points)];
    case 'probe':
    case 'text':
        return ['POINT', points];
    default:
        return ['POLYLINE', points];
    }
}


/** @param {Point[]} points */
function closed(points) {
    return [...points, points[0]];
}


/** @param {Point[]} ends @returns {Point[]} of the major axis before the minor */
function majorFirst(ends) {
    const e = ellipseOf(ends);

    return e.rx >= e.ry ? ends : [...ends.slice(2), ...ends.slice(0, 2)];
}


/**
 * SCOORD on an image, or SCOORD3D on a plane.
 * @param {Mark} mark
 * @param {Seen} seen
 * @param {string} graphic
 * @param {Point[]} points
 * @param {import('./content.js').Relation} relation
 * @returns {Dataset}
 */
function place(mark, seen, graphic, points, relation) {
    const name = relation === 'CONTAINS' ? CODE.region : null;

    if (mark.patient !== null) {
        const isClosed = graphic === 'POLYLINE' && points.length > 3
            && points[0] === points[points.length - 1];

        return item(relation, 'SCOORD3D', name, {
            [SR.graphic]: at('CS', isClosed ? 'POLYGON' : graphic),
            [SR.data]: at('FL', ...points.flatMap((p) => inPatient(p, seen.frame))),
            [SR.frameOfReference]: at('UI', mark.patient.frameOfReference),
        });
    }

    const image = { .../** @type {import('./mark.js').ImagePlace} */ (mark.image),
        frames: seen.frame.frames };

    return item(relation, 'SCOORD', name, {
        [SR.graphic]: at('CS', graphic),
        [SR.data]: at('FL', ...points.flatMap((p) => [p.x, p.y])),
    }, [imageOf(image, 'SELECTED FROM', CODE.source)]);
}


/**
 * @param {Mark} mark
 * @param {Seen} seen
 * @param {Measure} m
 * @param {boolean} isInferred
 * @returns {Dataset}
 */
function figure(mark, seen, m, isInferred) {
    const name = m.concept === 'across' || m.concept === 'down' ? CODE.length
        : CODE[m.concept];

    return numOf(name, m.value, UNIT[m.unit] ?? unitCode(m.unit),
        isInferred ? [place(mark, seen, 'POLYLINE', ofMeasure(mark, seen, m),
            'INFERRED FROM')] : []);
}


/** @param {Mark} mark @param {Seen} seen @param {Measure} m @returns {Point[]} */
function ofMeasure(mark, seen, m) {
    if (mark.kind !== 'bidirectional') {
        return seen.points;
    }

    const drawn = measures({ ...mark, kind: 'length' }, seen.points.slice(0, 2),
        seen.frame)[0];

    return drawn.value === m.value ? seen.points.slice(0, 2) : seen.points.slice(2);
}


/** @param {Mark} mark @returns {Dataset[]} mean, SD and so on of a region */
function statistics(mark) {
    const s = mark.statistics;

    if (s === null || s.state !== 'here' || s.mean.length !== 1) {
        return [];
    }

    const what = s.unit === 'HU' ? CODE.attenuation
        : /^SUV/.test(s.unit) ? CODE.suv : null;
    const unit = unitCode(s.unit);

    return /** @type {const} */ (['mean', 'sd', 'min', 'max'])
        .filter((k) => s[k].length === 1 && (mark.kind !== 'probe' || k === 'mean'))
        .map((k) => what === null ? numOf(CODE[k], s[k][0], unit)
            : numOf(what, s[k][0], unit,
                [codeOf('HAS CONCEPT MOD', CODE.derivation, CODE[k])]));
}


/** @param {Mark} mark @returns {Dataset[]} the scale, where the user gave it */
function calibration(mark) {
    const c = mark.calibrated;

    return c === null ? [] : [
        numOf(CODE.horizontalSpacing, c.column, UNIT.mm),
        numOf(CODE.verticalSpacing, c.row, UNIT.mm),
        textOf('CONTAINS', CODE.calibration, 'calibrated by user'),
    ];
}


/** @param {Dataset} ds @returns {Reference} to a report */
export function referenceTo(ds) {
    const uid = (/** @type {string} */ tag) => String(ds[tag]?.Value?.[0] ?? '');

    return {
        study: uid('0020000D'), series: uid('0020000E'), instance: uid('00080018'),
        sopClass: uid('00080016'),
    };
}
