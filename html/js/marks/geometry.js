// SPDX-License-Identifier: BSD-2-Clause
//
// The geometry of marks.  Points are in pixels of the stored frame, (0, 0)
// its outer top left corner; a scale says how long a pixel is in each
// direction, in one unit.

/**
 * @typedef {import('../math/view.js').Point} Point
 * @typedef {{row: number, column: number}} Pitch units from row to row and
 *     from column to column
 * @typedef {{center: Point, rx: number, ry: number, degrees: number}} Ellipse
 *     turned from x towards y
 */

/** @param {Point} a @param {Point} b @param {Pitch} p @returns {number} */
export function distance(a, b, p) {
    return Math.hypot((b.x - a.x) * p.column, (b.y - a.y) * p.row);
}


/** @param {Point} a @param {Point} b @returns {Point} */
export function middle(a, b) {
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}


/**
 * Between two directions.
 * @param {Point} a from here
 * @param {Point} b to there
 * @param {Point} c from here
 * @param {Point} d to there
 * @param {Pitch} p
 * @returns {number} degrees, 0 to 180
 */
function between(a, b, c, d, p) {
    const [ux, uy] = [(b.x - a.x) * p.column, (b.y - a.y) * p.row];
    const [vx, vy] = [(d.x - c.x) * p.column, (d.y - c.y) * p.row];

    return Math.abs(Math.atan2(ux * vy - uy * vx, ux * vx + uy * vy)) * 180 / Math.PI;
}


/**
 * Of two joined segments.
 * @param {Point} a
 * @param {Point} vertex
 * @param {Point} b
 * @param {Pitch} p
 * @returns {number} degrees, 0 to 180
 */
export function angle(a, vertex, b, p) {
    return between(vertex, a, vertex, b, p);
}


/**
 * Cobb's: of two lines that need not meet; it does not matter from which end
 * each was drawn.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 * @param {Point} d
 * @param {Pitch} p
 * @returns {number} degrees, 0 to 90
 */
export function cobb(a, b, c, d, p) {
    const degrees = between(a, b, c, d, p);

    return Math.min(degrees, 180 - degrees);
}


/** @param {Point[]} points closed by itself @param {Pitch} p @returns {number} */
export function polygonArea(points, p) {
    let twice = 0;

    points.forEach((a, i) => {
        const b = points[(i + 1) % points.length];
        twice += a.x * b.y - b.x * a.y;
    });

    return Math.abs(twice) / 2 * p.row * p.column;
}


/** @param {Point[]} points @param {Pitch} p @returns {number} of the open line */
export function pathLength(points, p) {
    return points.slice(1).reduce((sum, b, i) => sum + distance(points[i], b, p), 0);
}


/**
 * @param {Point[]} ends of both axes, in pairs
 * @returns {Ellipse}
 */
export function ellipseOf([a, b, c, d]) {
    return {
        center: middle(a, b),
        rx: Math.hypot(b.x - a.x, b.y - a.y) / 2,
        ry: Math.hypot(d.x - c.x, d.y - c.y) / 2,
        degrees: Math.atan2(b.y - a.y, b.x - a.x) * 180 / Math.PI,
    };
}


/**
 * @param {Ellipse} e
 * @param {number} [count]
 * @returns {Point[]} on its outline
 */
export function ellipsePoints(e, count = 64) {
    const turn = e.degrees * Math.PI / 180;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];

    return Array.from({ length: count }, (_, i) => {
        const t = i / count * 2 * Math.PI;
        const [x, y] = [e.rx * Math.cos(t), e.ry * Math.sin(t)];

        return { x: e.center.x + x * cos - y * sin, y: e.center.y + x * sin + y * cos };
    });
}


/** @param {Point} a corner @param {Point} b opposite @returns {Point[]} all four */
export function corners(a, b) {
    return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}


/**
 * A line through the middle of another, square to it, of half its length.
 * @param {Point} a
 * @param {Point} b
 * @param {number} aspect height of a pixel / its width
 * @returns {[Point, Point]}
 */
export function crossLine(a, b, aspect) {
    const m = middle(a, b);
    const [dx, dy] = [(b.x - a.x) / 4, (b.y - a.y) * aspect / 4];

    return [
        { x: m.x + dy, y: m.y - dx / aspect },
        { x: m.x - dy, y: m.y + dx / aspect },
    ];
}


/**
 * Two points, moved along as another pair moves: turned and sized with it.
 * @param {[Point, Point]} from
 * @param {[Point, Point]} to
 * @param {Point[]} points
 * @param {number} aspect
 * @returns {Point[]}
 */
export function carried([a, b], [c, d], points, aspect) {
    const [ux, uy] = [b.x - a.x, (b.y - a.y) * aspect];
    const [vx, vy] = [d.x - c.x, (d.y - c.y) * aspect];
    const k = ux * ux + uy * uy;

    if (!(k > 0)) {
        return points;
    }

    const [re, im] = [(ux * vx + uy * vy) / k, (ux * vy - uy * vx) / k];

    return points.map((p) => {
        const [x, y] = [p.x - a.x, (p.y - a.y) * aspect];

        return { x: c.x + re * x - im * y, y: c.y + (im * x + re * y) / aspect };
    });
}


/**
 * One end of the line that crosses another at right angles is pulled: the
 * line goes along, and that end reaches as far as it was pulled.
 * @param {[Point, Point]} long
 * @param {[Point, Point]} short
 * @param {0 | 1} end that is pulled
 * @param {Point} to
 * @param {number} aspect
 * @returns {[Point, Point]}
 */
export function pulled([a, b], short, end, to, aspect) {
    const flat = (/** @type {Point} */ p) => ({ x: p.x, y: p.y * aspect });
    const [fa, fb, ft] = [flat(a), flat(b), flat(to)];
    const long = Math.hypot(fb.x - fa.x, fb.y - fa.y);

    if (!(long > 0)) {
        return short;
    }

    const [ux, uy] = [(fb.x - fa.x) / long, (fb.y - fa.y) / long];
    const along = (/** @type {Point} */ p) => (p.x - fa.x) * ux + (p.y - fa.y) * uy;
    const across = (/** @type {Point} */ p) => (p.y - fa.y) * ux - (p.x - fa.x) * uy;
    const at = Math.min(long, Math.max(0, along(ft)));
    const other = across(flat(short[1 - end]));
    const make = (/** @type {number} */ v) => ({
        x: fa.x + ux * at - uy * v, y: (fa.y + uy * at + ux * v) / aspect,
    });
    const ends = [make(across(ft)), make(other)];

    return end === 0 ? [ends[0], ends[1]] : [ends[1], ends[0]];
}


/**
 * An end of an ellipse's axis is pulled: the other end of it stays, the other
 * axis stays as long as it is and square to it.
 * @param {Point[]} ends of both axes, in pairs
 * @param {number} which
 * @param {Point} to
 * @returns {Point[]}
 */
export function pulledEllipse(ends, which, to) {
    const first = which < 2 ? 0 : 2;
    const axis = [ends[first], ends[first + 1]];
    const other = [ends[2 - first], ends[3 - first]];
    const half = Math.hypot(other[1].x - other[0].x, other[1].y - other[0].y) / 2;

    axis[which - first] = to;

    const m = middle(axis[0], axis[1]);
    const [dx, dy] = [axis[1].x - axis[0].x, axis[1].y - axis[0].y];
    const long = Math.hypot(dx, dy);

    if (!(long > 0)) {
        return ends;
    }

    // which side the other axis was on, it stays on
    const side = (other[1].y - other[0].y) * dx - (other[1].x - other[0].x) * dy < 0
        ? -1 : 1;
    const [nx, ny] = [-dy / long * half * side, dx / long * half * side];
    const moved = [{ x: m.x - nx, y: m.y - ny }, { x: m.x + nx, y: m.y + ny }];

    return first === 0 ? [...axis, ...moved] : [...moved, ...axis];
}


/** @param {Point} p @param {Point} a @param {Point} b @returns {number} */
export function distanceToSegment(p, a, b) {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const k = dx * dx + dy * dy;
    const t = k > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / k : 0;
    const s = Math.min(1, Math.max(0, t));

    return Math.hypot(p.x - a.x - s * dx, p.y - a.y - s * dy);
}


/**
 * Freehand: points that say nothing go (Ramer, Douglas and Peucker), so that
 * a stroke is a few dozen points.
 * @param {Point[]} points
 * @param {number} most px that the line may move
 * @returns {Point[]}
 */
export function thinned(points, most) {
    const keep = new Set([0, points.length - 1]);
    /** @type {[number, number][]} */
    const due = [[0, points.length - 1]];

    while (due.length > 0) {
        const [from, to] = /** @type {[number, number]} */ (due.pop());
        let far = most;
        let at = -1;

        for (let i = from + 1; i < to; i++) {
            const d = distanceToSegment(points[i], points[from], points[to]);

            if (d > far) {
                [far, at] = [d, i];
            }
        }

        if (at >= 0) {
            keep.add(at);
            due.push([from, at], [at, to]);
        }
    }

    return points.filter((_, i) => keep.has(i));
}
