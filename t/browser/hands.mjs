// SPDX-License-Identifier: BSD-2-Clause
//
// Hands: mouse, wheel, keys and fingers, of WebDriver's actions.

/**
 * @typedef {import('./eyes.mjs').Eyes & Pick<import('./drivers/driver.mjs').Tab, 'act'>} Page
 * @typedef {{x: number, y: number}} Point CSS px of the page
 */

/** @type {Record<string, string>} */
const KEYS = {
    ArrowDown: '\uE015', ArrowUp: '\uE013', End: '\uE010', Home: '\uE011',
    Delete: '\uE017',
};

const move = (/** @type {Point} */ { x, y }) =>
    ({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0 });

const mouse = (/** @type {Page} */ page, /** @type {any[]} */ actions) => page.act([{
    type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions,
}]);


/**
 * @param {Page} page
 * @param {string} selector
 * @param {number} [at] of those that there are
 * @returns {Promise<{x: number, y: number, width: number, height: number}>}
 */
export async function boxOf(page, selector, at = 0) {
    await page.waitForFunction(([selector, at]) => {
        const box = document.querySelectorAll(selector)[at]?.getBoundingClientRect();

        return box !== undefined && box.width > 0;
    }, [selector, at]);

    return page.evaluate(([selector, at]) => {
        const { x, y, width, height } = document.querySelectorAll(selector)[at]
            .getBoundingClientRect();

        return { x, y, width, height };
    }, [selector, at]);
}


/** @param {Page} page @param {string} selector @param {number} [at] */
export async function click(page, selector, at = 0) {
    const box = await boxOf(page, selector, at);

    await stroke(page, [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }]);
}


/**
 * @param {Page} page
 * @param {Point[]} way
 * @param {{hold?: boolean}} [how] hold: the button stays down
 */
export function stroke(page, [first, ...rest], { hold = false } = {}) {
    return mouse(page, [
        move(first), { type: 'pointerDown', button: 0 }, ...rest.map(move),
        ...(hold ? [] : [{ type: 'pointerUp', button: 0 }]),
    ]);
}


/** @param {Page} page */
export function release(page) {
    return mouse(page, [{ type: 'pointerUp', button: 0 }]);
}


/**
 * One notch after the other: WebKit makes one of those that come together.
 * @param {Page} page
 * @param {Point} where
 * @param {number[]} notches
 */
export async function wheel(page, { x, y }, notches) {
    for (const n of notches) {
        await page.act([{ type: 'wheel', id: 'wheel', actions: [{
            type: 'scroll', x: Math.round(x), y: Math.round(y), deltaX: 0, deltaY: 100 * n,
        }] }]);
    }
}


/** @param {Page} page @param {...string} names one after the other */
export function press(page, ...names) {
    const actions = names.map((name) => KEYS[name] ?? name).flatMap((value) =>
        [{ type: 'keyDown', value }, { type: 'keyUp', value }]);

    return page.act([{ type: 'key', id: 'keys', actions }]);
}


/**
 * Fingers, one after the other in each step: Firefox makes one pointer of
 * two that do the same at the same time.
 * @param {Page} page
 * @param {Point[][]} steps where all of them are
 */
export function fingers(page, steps) {
    const turns = (/** @type {number} */ i, /** @type {any[]} */ actions) =>
        steps[0].flatMap((_, k) => k === i ? actions
            : actions.map(() => ({ type: 'pause', duration: 0 })));

    return page.act(steps[0].map((start, i) => ({
        type: 'pointer', id: `finger${i}`, parameters: { pointerType: 'touch' },
        actions: [
            ...turns(i, [move(start), { type: 'pointerDown', button: 0 }]),
            ...steps.slice(1).flatMap((points) => turns(i, [move(points[i])])),
            ...turns(i, [{ type: 'pointerUp', button: 0 }]),
        ],
    })));
}
