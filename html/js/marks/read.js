// SPDX-License-Identifier: BSD-2-Clause
//
// Marks out of structured reports: ours exactly, and those of other programs
// as far as they are of TID 1500, cornerstone's and highdicom's included.
// Every item is from outside: what does not fit is left out.

import { TAG, first, items, number, numbers } from '../dicom/dataset.js';
import { CODE, unitShown } from './codes.js';
import { PROGRAM } from './composite.js';
import { SR, below, children, figureOf, nameOf, valueOf } from './content.js';
import { KINDS, MOST } from './mark.js';
import { WAITS } from './values.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {import('../math/vector.js').Vector} Vector
 * @typedef {import('./mark.js').Mark} Mark
 * @typedef {import('./mark.js').Kind} Kind
 * @typedef {import('./codes.js').Code} Code
 *
 * @typedef {{graphic: string, points: Point[], patient: Vector[],
 *            frameOfReference: string, instance: string, sopClass: string,
 *            frame: number, owner: Code | null}} Place owner: the figure that
 *     it belongs to
 * @typedef {{author: string, program: string, time: string, own: boolean,
 *            imageOf: (instance: string) => {study: string, series: string}
 *                | null}} Context
 */

/** More measurements than anybody reads. */
const MOST_GROUPS = 2000;

/** How many points a mark has, where it is not any number. */
const POINTS = /** @type {Partial<Record<Kind, number>>} */ ({
    length: 2, bidirectional: 4, angle: 3, cobb: 4, ellipse: 4, rectangle: 2,
    arrow: 2, text: 1, probe: 1,
});

/** Values that say how the rest is to be read are no figures. */
const NO_FIGURES = [CODE.horizontalSpacing, CODE.verticalSpacing];


/**
 * Reports that no other one replaces.
 * @param {Dataset[]} reports
 * @returns {Dataset[]}
 */
export function current(reports) {
    const replaced = new Set(reports.flatMap((ds) => items(ds, SR.predecessors))
        .flatMap((study) => items(study, '00081115'))
        .flatMap((series) => items(series, '00081199'))
        .map((sop) => first(sop, SR.sopInstance)));

    return reports.filter((ds) => !replaced.has(first(ds, TAG.SOPInstanceUID)));
}


/** @param {Dataset} ds @returns {boolean} written by this program */
export function isOurs(ds) {
    return first(ds, '00080070') === PROGRAM.manufacturer
        && first(ds, '00081090') === PROGRAM.model;
}


/**
 * The author of a report: its person observer, else who verified or wrote it.
 * @param {Dataset} ds
 * @returns {string} PN as it is
 */
function authorOf(ds) {
    const person = children(ds).find((c) => nameOf(c) === CODE.personName);

    return (person === undefined ? '' : valueOf(person))
        || first(items(ds, '0040A073')[0], '0040A075')
        || first(items(ds, '0040A078')[0], SR.person);
}


/**
 * @param {Dataset} ds a report
 * @param {(instance: string) => {study: string, series: string} | null} imageOf
 *     instances that are here
 * @param {(author: string, device: string) => boolean} isOwn
 * @returns {Mark[]}
 */
export function marksOf(ds, imageOf, isOwn) {
    const author = authorOf(ds);
    const device = children(ds).find((c) => nameOf(c) === CODE.deviceUid);
    const context = {
        author: author.slice(0, 64),
        program: [first(ds, '00080070'), first(ds, '00081090')].filter(Boolean)
            .join(' ').slice(0, 80),
        time: isoOf(first(ds, TAG.ContentDate) + first(ds, TAG.ContentTime)
            + first(ds, '00080201')),
        own: isOurs(ds) && isOwn(author, device === undefined ? '' : valueOf(device)),
        imageOf,
    };
    const written = isOurs(ds);

    return below(ds, (c) => nameOf(c) === CODE.group, MOST_GROUPS)
        .flatMap((group) => markOf(group, context, written));
}


/**
 * @param {Dataset} group
 * @param {Context} context
 * @param {boolean} written by us: figures are measured again
 * @returns {Mark[]} none, or one
 */
function markOf(group, context, written) {
    const all = children(group);
    const texts = (/** @type {Code} */ c) => all.filter((i) => nameOf(i) === c)
        .map(valueOf).find(Boolean) ?? '';
    const nums = all.filter((i) => first(i, SR.type) === 'NUM');
    const places = placesOf(all);
    const found = kindOf(places, nums, written, texts(CODE.shortLabel));

    if (found === null || !hasAll(found)) {
        return [];
    }

    const { kind, points, place } = found;
    const image = place.instance === '' ? null : context.imageOf(place.instance);
    const uid = texts(CODE.trackingUid);

    if (place.patient.length === 0 && image === null) {
        return [];
    }

    return [{
        uid: uid || `${place.instance}/${place.frame}/${JSON.stringify(place.points)}`,
        kind,
        points: place.patient.length > 0 ? [] : points,
        image: image === null || place.patient.length > 0 ? null
            : { ...image, instance: place.instance, frame: place.frame,
                sopClass: place.sopClass },
        patient: place.patient.length === 0 ? null
            : { frameOfReference: place.frameOfReference, points: place.patient },
        label: label(written, texts).slice(0, MOST.label),
        author: context.author,
        time: isoOf(first(group, SR.observed)) || context.time,
        own: context.own,
        program: context.program,
        calibrated: written ? calibrationOf(nums) : null,
        figures: written ? null : foreignFigures(nums),
        statistics: written && KINDS[kind].region ? WAITS : null,
    }];
}


/** @param {{kind: Kind, points: Point[], place: Place}} found */
function hasAll({ kind, points, place }) {
    const due = POINTS[kind];
    const count = points.length + place.patient.length;

    return due === undefined ? count > 1 : count === due;
}


/**
 * @param {boolean} written by us
 * @param {(c: Code) => string} texts
 * @returns {string}
 */
function label(written, texts) {
    const short = texts(CODE.shortLabel);

    if (written) {
        return short;
    }

    // cornerstone writes the tool's name where others write the lesion's
    const tracked = texts(CODE.trackingId);
    const isTool = /^cornerstone/i.test(tracked) || /^[0-9a-z]{11}$/.test(tracked);
    const finding = texts(CODE.finding);

    return [/^\{.*\}$/.test(short) ? '' : short,
        texts(CODE.comment), isTool ? '' : tracked,
        /^CORNERSTONE/i.test(finding) ? '' : finding]
        .find((s) => s !== '') ?? '';
}


/**
 * @param {Dataset[]} all of a group
 * @returns {Place[]} of the group, and of its figures
 */
function placesOf(all) {
    const isPlace = (/** @type {Dataset} */ i) => /^SCOORD(3D)?$/.test(first(i, SR.type));
    const own = all.filter(isPlace).map((i) => placeOf(i, null));
    const inferred = all.filter((i) => first(i, SR.type) === 'NUM')
        .flatMap((num) => children(num).filter(isPlace)
            .map((i) => placeOf(i, nameOf(num))));
    const places = [...own, ...inferred].filter((p) => p !== null);

    return /** @type {Place[]} */ (places);
}


/**
 * @param {Dataset} ds SCOORD or SCOORD3D
 * @param {Code | null} owner
 * @returns {Place | null}
 */
function placeOf(ds, owner) {
    const data = numbers(ds, SR.data);
    const isFlat = first(ds, SR.type) === 'SCOORD';
    const size = isFlat ? 2 : 3;
    const count = Math.floor(data.length / size);

    if (count < 1 || count > MOST.points) {
        return null;
    }

    const image = children(ds).find((c) => first(c, SR.type) === 'IMAGE');
    const sop = items(image, SR.references)[0];
    const groups = Array.from({ length: count }, (_, i) =>
        data.slice(i * size, i * size + size));

    return {
        graphic: first(ds, SR.graphic),
        points: isFlat ? groups.map(([x, y]) => ({ x, y })) : [],
        patient: isFlat ? [] : /** @type {Vector[]} */ (groups),
        frameOfReference: first(ds, SR.frameOfReference),
        instance: first(sop, SR.sopInstance),
        sopClass: first(sop, SR.sopClass),
        frame: number(sop, SR.frame) ?? 1,
        owner: owner ?? (nameOf(ds) === CODE.referencePoints
            ? CODE.referencePoints : null),
    };
}


/**
 * What a group is, by its figures and its shapes.
 * @param {Place[]} places
 * @param {Dataset[]} nums
 * @param {boolean} written by us
 * @param {string} text
 * @returns {{kind: Kind, points: Point[], place: Place} | null}
 */
function kindOf(places, nums, written, text) {
    const names = nums.map(nameOf);
    const of = (/** @type {Code} */ c) => places.find((p) => p.owner === c);
    const [long, short] = [of(CODE.long), of(CODE.short)];
    const place = places.find((p) => p.owner !== CODE.referencePoints);

    if (long !== undefined && short !== undefined) {
        return joined('bidirectional', long, short);
    }

    if (place === undefined) {
        return null;
    }

    const count = place.points.length + place.patient.length;
    const tail = of(CODE.referencePoints);

    switch (place.graphic) {
    case 'POINT':
        return tail !== undefined ? joined('arrow', place, tail)
            : count === 2 ? plain('arrow', place)
                : plain(written && text !== '' && nums.length === 0 || !written
                    && names.length === 0 ? 'text' : 'probe', place);
    case 'MULTIPOINT':
        return plain('polyline', place);
    case 'CIRCLE':
        return place.points.length === 2
            ? { kind: 'ellipse', points: ofCircle(place.points), place } : null;
    case 'ELLIPSE':
        return plain('ellipse', place);
    default:
        return ofPolyline(place, places, names, written, text);
    }
}


/** @param {Kind} kind @param {Place} place */
function plain(kind, place) {
    return { kind, points: place.points, place };
}


/** @param {Kind} kind @param {Place} a @param {Place} b */
function joined(kind, a, b) {
    return {
        kind,
        points: [...a.points, ...b.points],
        place: { ...a, patient: [...a.patient, ...b.patient] },
    };
}


/**
 * @param {Place} place
 * @param {Place[]} places
 * @param {Code[]} names of the figures
 * @param {boolean} written by us
 * @param {string} text
 * @returns {{kind: Kind, points: Point[], place: Place} | null}
 */
function ofPolyline(place, places, names, written, text) {
    const count = place.points.length + place.patient.length;
    const isAngle = names.includes(CODE.angle) || names.includes(CODE.cobb);

    if (count === 2 && isAngle && places.length === 2) {
        return joined('cobb', place, places[1]);
    }

    if (count === 2) {
        const isArrow = names.length === 0 && (written || text !== '');
        return plain(isArrow ? 'arrow' : names.includes(CODE.length)
            || names.includes(CODE.long) ? 'length' : 'polyline', place);
    }

    if (isAngle && (count === 3 || count === 4)) {
        return plain(count === 3 ? 'angle' : 'cobb', place);
    }

    const open = opened(place);

    if (open === null) {
        return count > 1 ? plain('polyline', place) : null;
    }

    return isRectangle(open.points)
        ? { kind: 'rectangle', points: [open.points[0], open.points[2]], place: open }
        : plain('freehand', open);
}


/**
 * A closed line without the point that comes twice.
 * @param {Place} place
 * @returns {Place | null} null: not closed
 */
function opened(place) {
    const { points, patient } = place;
    const [a, z] = [points[0], points[points.length - 1]];
    const same3 = patient.length > 3
        && patient[0].every((v, k) => v === patient[patient.length - 1][k]);

    if (place.graphic === 'POLYGON' || same3) {
        return { ...place, patient: same3 ? patient.slice(0, -1) : patient };
    }

    return points.length > 3 && a.x === z.x && a.y === z.y
        ? { ...place, points: points.slice(0, -1) } : null;
}


/** @param {Point[]} p @returns {boolean} along the pixels' axes */
function isRectangle(p) {
    return p.length === 4
        && (p[0].y === p[1].y && p[1].x === p[2].x && p[2].y === p[3].y
            && p[3].x === p[0].x
        || p[0].x === p[1].x && p[1].y === p[2].y && p[2].x === p[3].x
            && p[3].y === p[0].y);
}


/** @param {Point[]} circle centre and a point of it @returns {Point[]} */
function ofCircle([c, p]) {
    const r = Math.hypot(p.x - c.x, p.y - c.y);

    return [{ x: c.x - r, y: c.y }, { x: c.x + r, y: c.y },
        { x: c.x, y: c.y - r }, { x: c.x, y: c.y + r }];
}


/**
 * @param {Dataset[]} nums
 * @returns {{row: number, column: number} | null}
 */
function calibrationOf(nums) {
    const of = (/** @type {Code} */ c) => nums.filter((n) => nameOf(n) === c)
        .map((n) => figureOf(n)?.value).find((v) => v !== undefined && v > 0);
    const [column, row] = [of(CODE.horizontalSpacing), of(CODE.verticalSpacing)];

    return column === undefined || row === undefined ? null : { row, column };
}


/** @param {Dataset[]} nums @returns {import('./mark.js').Figure[]} */
function foreignFigures(nums) {
    return nums.filter((n) => !NO_FIGURES.includes(nameOf(n))).slice(0, 8)
        .flatMap((n) => {
            const f = figureOf(n);
            const how = children(n).find((c) => nameOf(c) === CODE.derivation);
            const name = how === undefined ? nameOf(n).meaning : valueOf(how);

            return f === null ? []
                : [{ name: name.slice(0, 40), value: f.value, unit: unitShown(f.unit) }];
        });
}


/** @param {string} dt DT @returns {string} ISO 8601, '' where it is none */
export function isoOf(dt) {
    const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,6})?([+-]\d{4})?$/.exec(dt);

    if (m === null) {
        return '';
    }

    const zone = m[8] === undefined ? '' : `${m[8].slice(0, 3)}:${m[8].slice(3)}`;
    const date = new Date(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}`
        + `${(m[7] ?? '').slice(0, 4)}${zone}`);

    return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
