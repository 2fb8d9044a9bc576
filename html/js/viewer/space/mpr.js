// SPDX-License-Identifier: BSD-2-Clause
//
// Planes through a volume in three viewports, and the volume in a fourth:
// opens them, turns them, makes slabs of them.  No DOM.

import { WHOLE, planeStack, viewStack } from '../../dicom/planes.js';
import { VIEW_FRONT } from '../../dicom/views.js';
import { PLANE, middleVoxel, volumeOf } from '../../dicom/volume.js';
import { meetingOf, middleOf, nearest, planeOf, toImage } from '../../math/plane.js';
import { difference, dot, scaled, sum, turned } from '../../math/vector.js';
import { apply, applyInverse, matrix, scaleOf } from '../../math/view.js';
import { activePort, withLayout } from '../page.js';
import { frameOf, imageSize, scrolledTo, withStack } from '../state.js';
import { planesOf, siblings, viewsOf } from './cross.js';

/**
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../dicom/planes.js').Axis} Axis
 * @typedef {import('../../dicom/planes.js').Cut} Cut
 * @typedef {import('../../dicom/planes.js').Slab} Slab
 * @typedef {import('../../dicom/stack.js').Stack} Stack
 * @typedef {import('../../dicom/volume.js').Volume} Volume
 * @typedef {import('../../math/vector.js').Vector} Vector
 *
 * @typedef {Pick<Page, 'ports' | 'active' | 'layout' | 'alone' | 'links'>}
 *     Before what the planes took the place of
 */

/** @type {Axis[]} in the order of the viewports */
const ORDER = ['axial', 'coronal', 'sagittal'];


/**
 * The active series in three planes and as a volume; or back again.
 * @param {Page} page
 * @returns {Page}
 */
export function toggledPlanes(page) {
    return page.before !== null ? closed(page, page.before) : opened(page);
}


/** @param {Page} page @returns {Page} */
function opened(page) {
    const s = activePort(page);
    const { volume } = volumeOf(s.stack);

    if (volume === null) {
        return page;
    }

    const { ports, active, layout, alone, links } = page;
    const next = withLayout({ ...page, active: 0 }, { rows: 2, columns: 2 });
    const anchor = anchorOf(volume, s);
    const filled = [
        ...ORDER.map((axis) => planeStack(volume, axis, undefined, PLANE, anchor)),
        viewStack(volume),
    ].map((stack, i) => ({
        ...withStack(next.ports[i], stack),
        entry: volume.id,
        index: stack.made?.kind === 'vr' ? VIEW_FRONT
            : nearest(stack.frames, anchor)?.index ?? 0,
        window: stack.made?.kind === 'vr' ? null : s.window,
        invert: s.invert,
    }));

    return {
        ...next,
        ports: filled,
        links: { ...links, window: true },
        // what is busy now is at rest by then
        before: { ports: ports.map((p) => ({ ...p, busy: /** @type {const} */ ('') })),
            active, layout, alone, links },
    };
}


/** @param {Page} page @param {Before} before @returns {Page} */
function closed(page, before) {
    return { ...page, ...before, before: null };
}


/**
 * The slice that was scrolled to stays, and else the middle of the volume.
 * @param {Volume} volume
 * @param {Viewport} s
 * @returns {Vector}
 */
function anchorOf(volume, s) {
    const middle = middleVoxel(volume);
    const plane = planeOf(frameOf(s));

    if (plane === null || s.index === 0) {
        return middle;
    }

    const off = dot(difference(middle, plane.origin), plane.normal);

    return sum(middle, scaled(plane.normal, -off));
}


/**
 * The point that all planes go through.
 * @param {Page} page
 * @param {number} at one of the viewports
 * @returns {Vector | null} null: there are not three of them
 */
export function crossing(page, at) {
    const [a, b, c] = [at, ...siblings(page, at)]
        .map((i) => planeOf(frameOf(page.ports[i])));

    return a && b && c ? meetingOf(a, b, c) : null;
}


/**
 * The other planes are turned about the normal of this one.
 * @param {Page} page
 * @param {Page} start when the turn began
 * @param {number} at
 * @param {number} angle radians, from x to y
 * @returns {Page}
 */
export function turnedPlanes(page, start, at, angle) {
    const own = planeOf(frameOf(start.ports[at]));
    const about = crossing(start, at);

    if (own === null || about === null) {
        return page;
    }

    const others = siblings(start, at);

    return {
        ...page,
        ports: page.ports.map((s, i) => others.includes(i)
            ? turnedPort(s, start.ports[i], about, own.normal, angle) : s),
    };
}


/**
 * @param {Viewport} s
 * @param {Viewport} start
 * @param {Vector} about
 * @param {Vector} axis
 * @param {number} angle
 * @returns {Viewport}
 */
function turnedPort(s, start, about, axis, angle) {
    const made = planesOf(start);

    if (made === null) {
        return s;
    }

    const { row, column } = made.orientation;
    const stack = planeStack(made.volume, made.axis, {
        row: turned(row, axis, angle), column: turned(column, axis, angle),
    }, made.slab, about);
    const next = restacked(s, stack, about);

    return { ...next, view: keptPlace(start, next, about) };
}


/**
 * @param {Viewport} s
 * @param {Slab} slab
 * @returns {Viewport}
 */
export function withSlab(s, slab) {
    const made = planesOf(s);
    const plane = planeOf(frameOf(s));

    if (made === null || plane === null) {
        return s;
    }

    const middle = middleOf(plane);

    return restacked(s, planeStack(made.volume, made.axis, made.orientation,
        slab, middle), middle);
}


/**
 * @param {Viewport} s
 * @param {Cut} cut
 * @returns {Viewport}
 */
export function withCut(s, cut) {
    const made = viewsOf(s);

    return made === null ? s
        : { ...restacked(s, viewStack(made.volume, cut), null), index: s.index };
}


/**
 * The half of the volume that is left when the half on one side of a point is
 * cut away.
 * @param {Volume} volume
 * @param {'' | 'L' | 'R' | 'A' | 'P' | 'H' | 'F'} side '': nothing is cut
 * @param {Vector} at
 * @returns {number[]} box, as of Cut
 */
export function boxWithout(volume, side, at) {
    if (side === '') {
        return WHOLE.box;
    }

    const corners = volume.step.map((_, i) => volume.step.reduce((reach, step, k) =>
        reach + Math.abs(step[i]) * volume.count[k], 0));
    const low = volume.origin.map((v, i) => v - corners[i]);
    const high = volume.origin.map((v, i) => v + corners[i]);
    const axis = 'LRPAHF'.indexOf(side) >> 1;

    if ('LPH'.includes(side)) {
        high[axis] = at[axis];
    } else {
        low[axis] = at[axis];
    }

    return [...low, ...high];
}


/**
 * Another stack of the same volume: the picture stays until the new one is
 * there.
 * @param {Viewport} s
 * @param {Stack} stack
 * @param {Vector | null} at the plane through it is looked at
 * @returns {Viewport}
 */
function restacked(s, stack, at) {
    const index = at === null ? s.index : nearest(stack.frames, at)?.index ?? 0;

    return scrolledTo({
        ...s, stack, failure: null,
        marks: new Uint8Array(stack.frames.length),
    }, index);
}


/**
 * The point stays where it is on the screen, and a mm as long as it was.
 * @param {Viewport} old
 * @param {Viewport} now
 * @param {Vector} point
 * @returns {import('../../math/view.js').View}
 */
function keptPlace(old, now, point) {
    const from = frameOf(old);
    const to = frameOf(now);
    const a = planeOf(from);
    const b = planeOf(to);

    if (from === null || to === null || a === null || b === null) {
        return now.view;
    }

    const at = apply(matrix(old.view, imageSize(from), old.size), toImage(a, point));
    const scale = scaleOf(old.view, imageSize(from), old.size) * b.pixel / a.pixel;
    const view = { ...old.view, scale, center: { x: 0, y: 0 } };
    const under = applyInverse(matrix(view, imageSize(to), now.size), at);
    const image = toImage(b, point);

    return { ...view, center: { x: image.x - under.x, y: image.y - under.y } };
}
