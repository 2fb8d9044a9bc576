// SPDX-License-Identifier: BSD-2-Clause
//
// What the page shows as its address, kept while it is read, so that the
// address opens the same picture elsewhere (H12): the studies of the patient,
// the layout, and of each viewport the series, the image, the window and what
// is seen of it.  Of another patient it says nothing.
//
//   study=UID&study=PRIOR&layout=1x2&active=1&port=SERIES~i=INSTANCE,FRAME~w=40,400~z=2.5,0.4,0.6
//
// z: how many times larger than fitted, and the point in the middle as a part
// of the image: so it is the same on a screen of another size.
//
// Planes of a volume and views of it (p: which, c: row and column, or preset;
// b: slab; m: the point in its middle, or the box; n: view), what lies over a
// picture (f: series, colours, opacity, last colour) and the cross-hair
// (cross=FRAME OF REFERENCE,x,y,z) are made again by space/placed.js.

import { TAG, first } from '../dicom/dataset.js';
import { middleOf, planeOf } from '../math/plane.js';
import { centerOf, fitScale, scaleWithin } from '../math/view.js';
import { isUid } from '../net/urls.js';
import { isStranger } from './identity.js';
import { withLayout } from './page.js';
import { frameOf, imageSize, scrolledTo, withTiles, withWindow } from './state.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 *
 * @typedef {Object} Wish of a viewport
 * @property {string} series '': it is empty
 * @property {Record<string, string>} facts
 *
 * @typedef {Object} Wishes
 * @property {{rows: number, columns: number}} layout
 * @property {number} active
 * @property {Wish[]} ports
 * @property {import('./space/cross.js').Cross | null} cross
 */

const OWN = ['study', 'layout', 'active', 'port', 'cross'];

/** mm and cosines in an address: places after the point. */
const PLACES = { mm: 3, cosine: 6 };

/** The side of the viewport that the image lies at. */
const SIDES = { left: 'a', right: 'z' };


/**
 * @param {Page} page
 * @param {string} search of the address now: what is not ours stays
 * @returns {string}
 */
export function addressOf(page, search) {
    const args = new URLSearchParams(search);
    const { rows, columns } = page.layout;

    const studies = [page.study ?? {}, ...page.priors]
        .map((ds) => first(ds, TAG.StudyInstanceUID))
        .filter((uid) => !isStranger(page, uid));

    OWN.forEach((name) => args.delete(name));
    studies.forEach((uid) => args.append('study', uid));

    if (rows * columns > 1) {
        args.set('layout', `${rows}x${columns}`);
    }

    if (page.active > 0) {
        args.set('active', String(page.active));
    }

    if (page.cross !== null && page.tool === 'cross') {
        args.set('cross', [page.cross.reference, ...short(page.cross.at, PLACES.mm)].join());
    }

    const ports = page.ports.map((s) => isStranger(page,
        frameOf(s)?.study ?? s.papers[0]?.study ?? '') ? '' : portText(s, page));
    const isPlain = ports.length === 1 && !ports[0].includes('~')
        && page.plain !== '' && page.ports[0].entry === page.plain;

    if (!isPlain) {
        ports.forEach((text) => args.append('port', text));
    }

    // what a query may hold as it is stays readable
    return `?${args.toString().replaceAll('%7E', '~').replaceAll('%3D', '=')
        .replaceAll('%2C', ',').replaceAll('%2F', '/')}`;
}


/**
 * @param {string} search
 * @returns {Wishes | null} null: the address says nothing of it
 */
export function wishesOf(search) {
    const args = new URLSearchParams(search);
    const ports = args.getAll('port').map(wish);
    const layout = args.get('layout')?.match(/^([1-4])x([1-4])$/);

    return ports.length === 0 && !layout ? null : {
        layout: { rows: Number(layout?.[1] ?? 1), columns: Number(layout?.[2] ?? 1) },
        active: Math.max(0, Math.floor(Number(args.get('active') ?? 0)) || 0),
        ports,
        cross: crossOf(args.get('cross')),
    };
}


/** @param {string | null} text @returns {import('./space/cross.js').Cross | null} */
function crossOf(text) {
    const [reference, ...at] = (text ?? '').split(',');
    const point = numbers(at.join());

    return isUid(reference) && point.length === 3 ? { reference,
        at: /** @type {import('../math/vector.js').Vector} */ (point) } : null;
}


/** @param {Page} page @param {Wishes} wishes @returns {Page} */
export function laidOut(page, { layout, active, cross }) {
    const next = withLayout(page, layout);

    return { ...next, active: Math.min(active, next.ports.length - 1),
        ...(cross === null ? {} : { cross, tool: 'cross' }) };
}


/**
 * @param {Viewport} s with the stack that was asked for
 * @param {Record<string, string>} facts
 * @returns {Viewport}
 */
export function asWished(s, { i, w, z, o, t }) {
    const [instance = '', frame = '1'] = (i ?? '').split(',');
    const at = s.stack?.frames.findIndex((f) => f.instance === instance
        && String(f.frame) === frame) ?? -1;
    const [rows, columns] = numbers(t);
    const tiled = rows >= 1 && rows <= 4 && columns >= 1 && columns <= 4
        ? withTiles(s, { rows, columns }) : s;
    const placed = at < 0 ? tiled : scrolledTo(tiled, at);
    const [center, width] = numbers(w);
    const windowed = width > 0 ? withWindow(placed, { center, width }) : placed;

    return zoomedAs({ ...windowed, invert: o?.includes('n') ?? false }, z, o ?? '');
}


/** @param {Viewport} s @param {Page} page @returns {string} */
function portText(s, page) {
    const f = frameOf(s);

    if (f === null || s.stack === null) {
        return s.papers[0]?.series ?? '';
    }

    const image = imageSize(f);
    const c = centerOf(s.view, image);
    const fit = fitScale(s.view, image, s.size);
    const look = (s.invert ? 'n' : '') + (s.view.flip ? 'f' : '')
        + (s.view.side === undefined ? '' : SIDES[s.view.side])
        + (s.view.rotate === 0 ? '' : `r${s.view.rotate}`);

    return [
        // the series of key images is of this page alone
        s.stack.made === undefined ? f.series : s.stack.series,
        isBegin(s, page) ? '' : `i=${f.instance},${f.frame}`,
        ...madeTexts(s, f),
        s.fusion === null ? '' : `f=${[s.fusion.volume.middle.series, s.fusion.map,
            s.fusion.opacity, s.fusion.most].join()}`,
        s.window === null ? '' : `w=${s.window.center},${s.window.width}`,
        s.view.scale === null ? '' : `z=${[s.view.scale / fit, c.x / image.width,
            c.y / image.height].map((v) => Number(v.toFixed(4))).join(',')}`,
        look === '' ? '' : `o=${look}`,
        s.tiles.rows * s.tiles.columns === 1 ? '' : `t=${s.tiles.rows},${s.tiles.columns}`,
    ].filter((text) => text !== '').join('~');
}


/** @param {Viewport} s @param {Page} page @returns {boolean} what its series opens with */
function isBegin({ stack, index }, { series }) {
    return index === 0 && stack?.made === undefined
        && stack?.frames[0].series === stack?.series
        && series.find((x) => x.uid === stack?.series)?.stacks?.[0]?.id === stack?.id;
}


/**
 * @param {Viewport} s
 * @param {import('./state.js').Frame} f
 * @returns {string[]} what plane or view of a volume it shows
 */
function madeTexts(s, f) {
    const made = s.stack?.made;
    const plane = planeOf(f);

    if (made?.kind === 'vr') {
        const { preset, box } = made.cut;

        return ['p=3d', `n=${s.index}`, preset === '' ? '' : `c=${preset}`,
            box.length === 0 ? '' : `m=${short(box, PLACES.mm).join()}`];
    }

    if (made?.kind !== 'mpr' || plane === null) {
        return [];
    }

    const { axis, orientation, slab } = made;

    return [`p=${axis}`,
        `c=${short([...orientation.row, ...orientation.column], PLACES.cosine).join()}`,
        `m=${short(middleOf(plane), PLACES.mm).join()}`,
        slab.mode === '' ? '' : `b=${slab.mode},${slab.mm}`];
}


/** @param {number[]} all @param {number} places */
function short(all, places) {
    return all.map((v) => Number(v.toFixed(places)));
}


/** @param {string} text @returns {Wish} */
function wish(text) {
    const [series, ...facts] = text.split('~');

    return { series, facts: Object.fromEntries(facts.map((x) =>
        [x.slice(0, 1), x.slice(2)])) };
}


/** @param {string | undefined} text @returns {number[]} empty: they are none */
export function numbers(text) {
    const all = (text ?? '').split(',').map(Number);

    return text === undefined || !all.every(Number.isFinite) ? [] : all;
}


/** @param {string} o @returns {{side?: 'left' | 'right'}} */
function sideOf(o) {
    return o.includes(SIDES.left) ? { side: 'left' }
        : o.includes(SIDES.right) ? { side: 'right' } : {};
}


/**
 * @param {Viewport} s
 * @param {string | undefined} z
 * @param {string} o
 * @returns {Viewport}
 */
function zoomedAs(s, z, o) {
    const f = frameOf(s);

    if (f === null) {
        return s;
    }

    const turn = Number(o.match(/r(90|180|270)/)?.[1] ?? 0);
    const view = { ...s.view, flip: o.includes('f'),
        rotate: /** @type {0 | 90 | 180 | 270} */ (turn), ...sideOf(o) };
    const [times, x, y] = numbers(z);
    const image = imageSize(f);
    const isThere = times > 0 && x >= 0 && x <= 1 && y >= 0 && y <= 1
        && s.size.width > 0;

    const fit = fitScale(view, image, s.size);

    return { ...s, view: !isThere ? view : {
        ...view, scale: scaleWithin(times * fit, fit),
        center: { x: x * image.width, y: y * image.height },
    } };
}
