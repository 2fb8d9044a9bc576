// SPDX-License-Identifier: BSD-2-Clause
//
// Planes of volumes, reference lines, the cross-hair and fusion, looked at as
// a person would: a ball that lies towards the left of the patient must be
// seen at the side that says L.

import assert from 'node:assert/strict';
import { before } from 'node:test';

import {
    BASE, SIZES, canvasPixels, difference, drawn, nextPage, onPage, openStudy, portBox,
} from './browser.mjs';
import { readPng } from './png.mjs';
import { DX } from './studies.mjs';
import { BODY, GAP, PET, WAYS, storeVolumes } from './volumes.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {[number, number, number]} Vector */

before(() => storeVolumes(BASE));

const AXES = {
    axial: { row: [1, 0, 0], column: [0, 1, 0] },
    coronal: { row: [1, 0, 0], column: [0, 0, -1] },
    sagittal: { row: [0, 1, 0], column: [0, 0, -1] },
};

/** The middle of the voxels' box, mm from the middle of the body. */
const BOX = [-1, -1, -2];

/** mm across the pictures of all three planes */
const ACROSS = BODY.columns * BODY.pixel;

const port = (/** @type {Page} */ page, /** @type {number} */ at) =>
    page.locator('.port').nth(at);

const greyOf = (/** @type {number} */ hu) =>
    ((hu - (BODY.window.center - 0.5)) / (BODY.window.width - 1) + 0.5) * 255;

const dotOf = (/** @type {readonly number[]} */ a, /** @type {readonly number[]} */ b) =>
    a.reduce((s, v, i) => s + v * b[i], 0);


/**
 * All viewports with a picture have the one they are to have.
 * @param {Page} page
 * @param {number} [count]
 */
async function settled(page, count = 1) {
    await drawn(page);
    await page.waitForFunction((n) => {
        const ports = [...document.querySelectorAll('.port')].slice(0, n);

        return ports.length === n && ports.every((p) => p.getAttribute('data-waiting') === 'false'
            && p.querySelector('.badge')?.getAttribute('data-state') === 'final');
    }, count);
}


/** @param {Page} page the body in three planes and as a volume */
async function openPlanes(page) {
    await openStudy(page, BODY.study);
    await page.keyboard.press('b');
    await page.waitForSelector('.space-panel');
    await settled(page, 4);
}


/**
 * @param {Page} page
 * @param {number} columns of viewports, one row
 */
async function openSeries(page, columns) {
    await openStudy(page, BODY.study);
    await page.locator('[data-command="layout"]').click();
    await page.locator(`.layouts-choice[data-rows="1"][data-columns="${columns}"]`)
        .first().click();
    await settled(page, columns);
}


/** Pixels at the rim of a ball pass through the greys of others. CSS px */
const RIM = 8;


/**
 * Where the pixels of a ball are: their middle in CSS px from the middle of
 * the viewport, and how many they are.
 * @param {Page} page
 * @param {number} at
 * @param {number} hu
 * @param {string} [canvas]
 * @param {[number, number]} [range] of grey values, instead of that of hu;
 *     then with its rim
 */
async function ballIn(page, at, hu, canvas = '.port-picture', range = undefined) {
    const [low, high] = range ?? [greyOf(hu) - 12, greyOf(hu) + 12];
    const rim = range === undefined ? RIM : 0;

    await drawn(page);

    return port(page, at).locator(canvas).evaluate((node, { low, high, rim }) => {
        const { width, height, clientWidth } = /** @type {HTMLCanvasElement} */ (node);
        const { data } = /** @type {any} */ (node).getContext('2d')
            .getImageData(0, 0, width, height);
        const k = clientWidth / width;
        const far = Math.round(rim / k);
        const is = (/** @type {number} */ i) =>
            data[4 * i + 3] > 0 && data[4 * i] >= low && data[4 * i] <= high;
        let n = 0, x = 0, y = 0;

        for (let i = 0; i < width * height; i++) {
            if ([0, -far, far, -far * width, far * width].every((d) => is(i + d))) {
                n++;
                x += i % width + 0.5;
                y += Math.floor(i / width) + 0.5;
            }
        }

        return { n: n * k * k, x: (x / n - width / 2) * k, y: (y / n - height / 2) * k };
    }, { low, high, rim });
}


/** @param {Page} page @param {number} at @returns {Promise<number>} CSS px a mm */
async function scaleIn(page, at) {
    const box = await port(page, at).boundingBox();

    return Math.min(box?.width ?? 0, box?.height ?? 0) / ACROSS;
}


/** @param {Page} page @param {number} at @returns {Promise<Record<string, string>>} */
async function lettersIn(page, at) {
    const sides = ['left', 'right', 'top', 'bottom'];

    return Object.fromEntries(await Promise.all(sides.map(async (side) =>
        [side, await port(page, at).locator(`.letter-${side}`).textContent()])));
}


/** @param {{x: number, y: number}} p @returns {string} the side it lies towards */
function sideOf({ x, y }) {
    if (Math.abs(x) > Math.abs(y)) {
        return x > 0 ? 'right' : 'left';
    }

    return y > 0 ? 'bottom' : 'top';
}


/**
 * @param {Page} page
 * @param {number} at
 * @param {{x: number, y: number}[]} way CSS px from the viewport's middle
 */
async function dragIn(page, at, way) {
    const box = /** @type {any} */ (await port(page, at).boundingBox());
    const point = (/** @type {{x: number, y: number}} */ p) =>
        /** @type {[number, number]} */ ([box.x + box.width / 2 + p.x,
            box.y + box.height / 2 + p.y]);

    await page.mouse.move(...point(way[0]));
    await page.mouse.down();

    for (const p of way.slice(1)) {
        await page.mouse.move(...point(p), { steps: 4 });
    }

    await page.mouse.up();
}


onPage('G19 planes: a point of the patient is where its letter and its mm say', {}, async (page) => {
    await openPlanes(page);

    for (const [at, [name, axis]] of Object.entries(AXES).entries()) {
        const scale = await scaleIn(page, at);
        const letters = await lettersIn(page, at);

        assert.match(await port(page, at).locator('.corner-br').innerText(), new RegExp(name));

        for (const [letter, { way, hu }] of Object.entries(BODY.balls)) {
            const place = way.map((v, i) => v * BODY.reach - BOX[i]);
            const x = dotOf(way, axis.row);
            const y = dotOf(way, axis.column);

            if (x === 0 && y === 0) {
                continue;
            }

            const ball = await ballIn(page, at, hu);

            assert.ok(Math.abs(ball.x - dotOf(place, axis.row) * scale) < 3
                && Math.abs(ball.y - dotOf(place, axis.column) * scale) < 3,
            `${name} ${letter}: ${JSON.stringify(ball)}`);
            assert.equal(letters[sideOf(ball)], letter, `${name} ${letter}`);
        }
    }

    assert.deepEqual(await lettersIn(page, 3), { left: 'R', right: 'L', top: 'H', bottom: 'F' });

    // one window for all planes of a volume
    await page.keyboard.press('2');
    await settled(page, 4);

    for (const at of [0, 1, 2]) {
        assert.match(await port(page, at).locator('.corner-bl').innerText(), /C -600 {2}W 1500/);
    }
});


onPage('H4 letters and pixels of one matrix: 8 orientations of 3 planes', {}, async (page) => {
    await openStudy(page, WAYS.study);

    for (const [n, iop] of WAYS.orientations.entries()) {
        const title = `Way ${iop.join(' ')}`;

        await page.waitForFunction((text) =>
            document.querySelector('.corner-br')?.textContent?.includes(text), title);
        await settled(page);

        const letters = await lettersIn(page, 0);
        let seen = 0;

        for (const [letter, { hu }] of Object.entries(BODY.balls)) {
            const ball = await ballIn(page, 0, hu);

            if (ball.n > 60) {
                seen++;
                assert.equal(letters[sideOf(ball)], letter, `${title}: ${JSON.stringify(letters)}`);
            } else {
                assert.ok(!Object.values(letters).includes(letter), title);
            }
        }

        assert.equal(seen, 2, title);

        if (n < WAYS.orientations.length - 1) {
            await page.keyboard.press('PageDown');
        }
    }
});


onPage('S3 no letters where the orientation is not known', {}, async (page) => {
    await openStudy(page, GAP.bare);
    assert.deepEqual(await lettersIn(page, 0), { left: '', right: '', top: '', bottom: '' });
});


onPage('S4 a picture that is turned or mirrored says so, whatever texts are chosen', {}, async (page) => {
    await openStudy(page, DX.study);

    const mark = page.locator('.turned');

    assert.equal(await mark.isVisible(), false);
    await page.keyboard.press('q');
    await drawn(page);
    assert.equal(await mark.innerText(), 'Rotated 90°');
    await page.keyboard.press('x');
    await drawn(page);
    assert.match(await mark.innerText(), /^Flipped {2}Rotated 270°$/);
    await page.keyboard.press('i');
    await page.keyboard.press('i');
    await drawn(page);
    assert.equal(await mark.isVisible(), true);
    await page.keyboard.press('Escape');
    await drawn(page);
    assert.equal(await mark.isVisible(), false);
});


onPage('S4 planes: mirrored and rotated by an address, oblique by a turn; all is said', {},
    async (page) => {
        await openPlanes(page);
        await page.waitForFunction(() => /p=axial/.test(location.search));

        const plain = page.url();
        const mark = (/** @type {number} */ at) => page.locator('.cell').nth(at).locator('.turned');

        assert.equal(await page.locator('.turned:visible').count(), 0);
        page = await nextPage(page);
        await page.goto(plain.replace(/(p=axial[^&]*)/, '$1~o=fr90'));
        await settled(page, 4);
        assert.equal(await mark(0).innerText(), 'Flipped  Rotated 90°');
        assert.equal(await page.locator('.turned:visible').count(), 1);
        assert.deepEqual(await lettersIn(page, 0), { left: 'P', right: 'A', top: 'L', bottom: 'R' });
        await port(page, 0).focus();
        await page.keyboard.press('Escape');
        await drawn(page);
        assert.deepEqual(await lettersIn(page, 0), { left: 'R', right: 'L', top: 'A', bottom: 'P' });

        // by keys: the others turn about the axis of this one
        const turns = async (/** @type {string} */ keys, /** @type {RegExp} */ due) => {
            for (const key of keys) {
                await page.keyboard.press(key);
            }

            await port(page, 1).locator('.letter-left').getByText(due).waitFor();
            await settled(page, 4);
        };

        await turns('))', /^R[AP]$/);
        assert.deepEqual(await page.locator('.turned').allInnerTexts(), ['', 'Oblique', 'Oblique', '']);

        const right = await port(page, 1).locator('.letter-left').innerText();

        await turns('((((', right === 'RA' ? /^RP$/ : /^RA$/);
        await turns('))', /^R$/);
        assert.equal(await page.locator('.turned:visible').count(), 0);
    });


onPage('H1 a slab that is under way is waited for, and what is there not called final', {},
    async (page) => {
        await openPlanes(page);

        let release = () => {};
        const held = new Promise((done) => { release = () => done(null); });

        await page.route(/maximum_ip/, async (route) => {
            await held;
            await route.continue();
        });

        const cell = page.locator('.cell').nth(0);

        await cell.locator('.space-slab').selectOption('maximum_ip');
        await cell.locator('.badge[data-state="waiting"]').waitFor();
        // what is there is no slab, and does not say so
        assert.doesNotMatch(await cell.locator('.corner-bl').innerText(), /Maximum/);
        assert.deepEqual(await page.locator('.cell .badge').evaluateAll((all) =>
            all.map((n) => n.getAttribute('data-state'))), ['waiting', 'final', 'final', 'final']);
        release();
        await settled(page, 4);
        assert.match(await cell.locator('.corner-bl').innerText(), /Maximum 10 mm/);
    });


onPage('S7 PET: one scale for the whole series, and for its planes', {}, async (page) => {
    await openStudy(page, BODY.study);
    await page.locator('.thumb').nth(1).click();
    await page.waitForFunction(() =>
        document.querySelector('.corner-br')?.textContent?.includes('Uptake'));
    await settled(page);

    // slices of the ball have slopes that differ by a fifth
    const greys = [];

    for (let k = 0; k < 3; k++) {
        await page.keyboard.press('Home');

        for (let i = 0; i < 13 + k; i++) {
            await page.keyboard.press('ArrowDown');
        }

        await page.waitForFunction((n) => /** @type {HTMLElement} */ (
            document.querySelector('.port')).dataset.shown === String(n), 14 + k);
        await settled(page);
        greys.push((await port(page, 0).locator('.port-picture').evaluate((node) => {
            const canvas = /** @type {HTMLCanvasElement} */ (node);
            const { data } = /** @type {any} */ (canvas.getContext('2d'))
                .getImageData(0, 0, canvas.width, canvas.height);

            return Math.max(...data.filter((/** @type {number} */ _, /** @type {number} */ i) =>
                i % 4 === 0).slice(0, 1e6).reduce((/** @type {number[]} */ most,
                /** @type {number} */ v) => v > most[0] ? [v] : most, [0]));
        })));
    }

    assert.ok(Math.min(...greys) > 230 && Math.max(...greys) - Math.min(...greys) <= 3,
        greys.join());
});


onPage('B23 reference lines: off at start; where the others cut this one', {}, async (page) => {
    await openSeries(page, 3);
    assert.equal(await page.locator('.line-reference').count(), 0);
    await page.keyboard.press('o');
    await drawn(page);

    const scout = port(page, 2);
    const lines = scout.locator('.line-reference');
    const box = /** @type {any} */ (await scout.boundingBox());
    const scale = Math.min(box.width, box.height) / 192;

    // the first slice of the body: its uppermost, 92 mm above the middle
    const yOf = async () => Number(await scout.locator('.line-reference.is-active')
        .getAttribute('y1'));
    const expected = (/** @type {number} */ mm) => box.height / 2 - (mm - 1) * scale;

    assert.equal(await lines.count(), 1, 'the PET begins above the scout');
    assert.ok(Math.abs(await yOf() - expected(92)) < 1.5, `${await yOf()} ${expected(92)}`);

    await page.locator('.port').first().focus();
    await page.keyboard.press('End');
    await drawn(page);
    assert.equal(await lines.count(), 0, 'the last slice lies below the scout');
    await page.keyboard.press('ArrowUp');
    await drawn(page);
    assert.ok(Math.abs(await yOf() - expected(-92)) < 1.5);
    await page.keyboard.press('o');
    await drawn(page);
    assert.equal(await page.locator('.line-reference').count(), 0);
});


onPage('B24 the cross-hair: one point of the patient in all viewports', {}, async (page) => {
    await openSeries(page, 3);
    await page.keyboard.press('j');
    await drawn(page);

    const ball = await ballIn(page, 2, BODY.balls.P.hu);

    await dragIn(page, 2, [ball]);
    await settled(page, 3);

    // the body's slice through the ball, from the head: 92 - 4 k = 0
    assert.equal(await port(page, 0).getAttribute('data-shown'), '24');

    const there = await ballIn(page, 0, BODY.balls.P.hu);
    const box = /** @type {any} */ (await port(page, 0).boundingBox());
    const arms = await port(page, 0).locator('.line-cross').evaluateAll((all) =>
        all.map((l) => ['x1', 'x2', 'y1', 'y2'].map((n) => Number(l.getAttribute(n)))));

    assert.equal(arms.length, 4);
    assert.ok(there.n > 100);

    const x = (arms[0][1] + arms[1][1]) / 2 - box.width / 2;
    const y = (arms[2][3] + arms[3][3]) / 2 - box.height / 2;

    assert.ok(Math.abs(x - there.x) < 4 && Math.abs(y - there.y) < 4,
        `${x} ${y} ${JSON.stringify(there)}`);
    assert.equal(await page.locator('.line-cross.is-off').count(), 0);

    // another place, another slice; its own viewport stays
    await dragIn(page, 2, [{ x: ball.x, y: ball.y - 40 * await scaleIn(page, 2) }]);
    await settled(page, 3);
    assert.equal(await port(page, 0).getAttribute('data-shown'), '14');
    assert.equal(await port(page, 2).getAttribute('data-shown'), '1');
});


onPage('G16 a line of a plane is dragged, and its plane goes along', {}, async (page) => {
    await openPlanes(page);

    const scale = await scaleIn(page, 0);

    // the coronal line in the axial picture, 50 mm to the back
    await dragIn(page, 0, [{ x: 40, y: 1 }, { x: 40, y: 1 + 50 * scale }]);
    await settled(page, 3);

    const ball = await ballIn(page, 1, BODY.balls.P.hu);
    const none = await ballIn(page, 1, BODY.balls.L.hu);

    assert.ok(ball.n > 60 && Math.abs(ball.x) < 6, JSON.stringify(ball));
    assert.ok(!(none.n > 50), 'the ball at the left is not in that plane');

    // the crossing moves both
    await dragIn(page, 1, [{ x: 1 * scale, y: -2 * scale }, { x: 51 * scale, y: -2 * scale }]);
    await settled(page, 3);
    assert.ok(!((await ballIn(page, 2, BODY.balls.H.hu)).n > 50), 'sagittal: through the left');
});


onPage('G19 oblique: a handle turns the planes, and the picture is that of its plane', {}, async (page) => {
    await openPlanes(page);

    // in the axial picture the line of the coronal plane is turned by 10 degrees
    const handle = await port(page, 0).locator('.line-handle.axis-coronal').last()
        .evaluate((n) => ({ x: Number(n.getAttribute('cx')), y: Number(n.getAttribute('cy')) }));
    const box = /** @type {any} */ (await port(page, 0).boundingBox());
    const scale = await scaleIn(page, 0);
    const start = { x: handle.x - box.width / 2, y: handle.y - box.height / 2 };
    const angle = 10 * Math.PI / 180;
    const middle = { x: -BOX[0] * scale, y: -BOX[1] * scale };
    const end = {
        x: middle.x + (start.x - middle.x) * Math.cos(angle),
        y: middle.y + (start.x - middle.x) * Math.sin(angle),
    };

    await dragIn(page, 0, [start, end]);
    await settled(page, 3);

    const off = BODY.reach * Math.sin(angle);
    const radius = Math.sqrt(BODY.radius ** 2 - off ** 2);
    const ball = await ballIn(page, 1, 0, '.port-picture', [greyOf(100), 255]);
    const measured = Math.sqrt(ball.n / Math.PI) / scale;

    assert.ok(Math.abs(measured - radius) < 1.6, `${measured} for ${radius}`);
    assert.ok(Math.abs(ball.x - (BODY.reach * Math.cos(angle) - BOX[0]) * scale) < 2 * scale,
        JSON.stringify(ball));
    assert.deepEqual(await lettersIn(page, 1), { left: 'RA', right: 'LP', top: 'H', bottom: 'F' });
});


onPage('G19 a slab shows what lies before and behind', {}, async (page) => {
    await openPlanes(page);
    assert.ok(!((await ballIn(page, 1, BODY.balls.P.hu)).n > 50));

    const panel = page.locator('.cell').nth(1).locator('.space-panel');

    await panel.locator('.space-slab').selectOption('maximum_ip');
    await panel.locator('.space-mm').fill('140');
    await panel.locator('.space-mm').press('Enter');
    await settled(page, 4);

    let ball = await ballIn(page, 1, BODY.balls.P.hu);

    // the plane stays until the slab is here
    for (let left = 600; left > 0 && !(ball.n > 60); left--) {
        await drawn(page);
        ball = await ballIn(page, 1, BODY.balls.P.hu);
    }

    const scale = await scaleIn(page, 1);

    assert.ok(ball.n > 60 && Math.hypot(ball.x, ball.y) < 3 * scale, JSON.stringify(ball));
    assert.equal(await port(page, 0).locator('.line-plane.is-edge').count(), 2);
});


onPage('G19 the volume turns with the pointer, and its letters with it', {}, async (page) => {
    await openPlanes(page);

    /** @type {string[]} */
    const asked = [];

    page.on('request', (r) => asked.push(r.url()));
    await dragIn(page, 3, [{ x: -75, y: 0 }, { x: 75, y: 0 }]);
    await settled(page, 4);
    assert.deepEqual(await lettersIn(page, 3), { left: 'P', right: 'A', top: 'H', bottom: 'F' });
    assert.ok(asked.some((u) => /rendered3d.*viewport=224,224/.test(u)), 'small while it turns');

    const isWhole = () => asked.some((u) => /rendered3d/.test(u) && !/viewport=/.test(u));

    for (let i = 0; i < 600 && !isWhole(); i++) {
        await drawn(page);
    }
    assert.ok(isWhole(), 'and whole after');
    await settled(page, 4);

    await page.locator('.cell').nth(3).locator('.space-preset').selectOption('ct-skin');
    await page.locator('.cell').nth(3).locator('.space-cut').selectOption('L');
    await settled(page, 4);
    assert.ok(asked.some((u) => /rendered3d.*preset=ct-skin&crop=/.test(u)));
    await page.keyboard.press('b');
    await settled(page);
    assert.equal(await page.locator('.port').count(), 1, 'and back again');
});


onPage('G19 PET over CT: the same place, in colour, its own scale', {}, async (page) => {
    await openStudy(page, BODY.study);
    await page.keyboard.press('y');
    await page.waitForSelector('.port-fusion');

    for (let i = 0; i < 23; i++) {
        await page.keyboard.press('ArrowDown');
    }

    await page.waitForFunction(() => /** @type {HTMLElement} */ (
        document.querySelector('.port')).dataset.shown === '24');
    await settled(page);
    await page.waitForSelector('.port-fusion[data-state="final"]');
    assert.match(await page.locator('.space-panel').innerText(), /PT[^]*Bq\/ml[^]*JPEG 90/);
    assert.equal(await page.locator('.space-most').inputValue(), String(PET.uptake));

    const ct = await ballIn(page, 0, BODY.balls.L.hu);
    const pet = await ballIn(page, 0, 0, '.port-fusion', [128, 255]);
    const mm = await scaleIn(page, 0);

    assert.ok(Math.hypot(ct.x - pet.x, ct.y - pet.y) < 2.5 * mm,
        `${JSON.stringify(ct)} ${JSON.stringify(pet)}`);

    const picture = readPng(await port(page, 0).screenshot());
    const pixel = (/** @type {{x: number, y: number}} */ p, from = picture) =>
        from.at(Math.round(from.width / 2 + p.x), Math.round(from.height / 2 + p.y));
    const there = 0.4 * greyOf(BODY.balls.L.hu) + 0.6 * 255;
    const near = (/** @type {number[]} */ p, /** @type {number} */ v, most = 6) =>
        assert.ok(p.every((c) => Math.abs(c - v) <= most), `${p} for ${v}`);

    near(pixel(ct), there);
    near(pixel(await ballIn(page, 0, BODY.balls.P.hu)), greyOf(BODY.balls.P.hu));

    // half of the scale: the upper half of the colours is not reached any more
    await page.locator('.space-most').fill(String(PET.uptake * 2));
    await page.locator('.space-most').press('Enter');
    await drawn(page);
    await page.waitForSelector('.port-fusion[data-state="final"]');
    await drawn(page);

    const half = pixel(ct, readPng(await port(page, 0).screenshot()));

    assert.ok(half[0] > half[1] + 40 && half[1] > half[2], `orange: ${half}`);
    await port(page, 0).focus();
    await page.keyboard.press('y');
    await drawn(page);
    assert.equal(await page.locator('.port-fusion').count(), 0);
});


onPage('G19 what is no volume says why; what the server warns of is seen', {}, async (page) => {
    await openStudy(page, BODY.study);
    await page.locator('.thumb').nth(2).click();
    await page.waitForFunction(() =>
        document.querySelector('.corner-br')?.textContent?.includes('Scout'));

    const button = page.locator('[data-command="planes"]');

    await drawn(page);
    assert.equal(await button.isDisabled(), true);
    assert.match(await button.getAttribute('title') ?? '', /Fewer than two/);
    await page.keyboard.press('b');
    await drawn(page);
    assert.equal(await page.locator('.space-panel').count(), 0);

    await openStudy(page, GAP.study);
    await page.keyboard.press('b');
    await page.waitForSelector('.space-warning:visible');
    assert.match(await page.locator('.space-warning').first().innerText(), /missing/);
});


onPage('S1 a plane of another study is refused', { allow: /409/ }, async (page) => {
    await openStudy(page, BODY.study);
    await page.route('**/renderedmpr**', async (route) => {
        const answer = await route.fetch();

        await route.fulfill({ response: answer, headers: { ...answer.headers(),
            'pacs-instance': '1.2.3/1.2.3.1/1.2.3.1.2' } });
    });
    await page.keyboard.press('b');
    await page.locator('.banner.is-alarm').waitFor();
    assert.match(await page.locator('.banner-alarm').innerText(), /another study/);
    assert.equal(await page.locator('.space-panel').count(), 0);
});


onPage('L8 the first oblique plane of a volume that is built', {}, async (page) => {
    await openPlanes(page);

    const ms = await page.evaluate(async (url) => {
        const start = performance.now();
        const answer = await fetch(url, { headers: { Accept: 'image/jpeg' } });
        await createImageBitmap(await answer.blob());
        return performance.now() - start;
    }, `/dicom-web/studies/${BODY.study}/series/${BODY.study}.1/renderedmpr?`
        + 'viewpointposition=600,-700,500&viewpointlookat=10,-20,30&viewpointup=0,0,1&grid=400,400,0.5');

    console.log(`# L8: ${ms.toFixed(0)} ms`);
    assert.ok(ms < 1500, `${ms} ms`);
});


onPage('planes on a tablet: a finger takes a line', { size: SIZES.tablet }, async (page) => {
    await openPlanes(page);

    const box = /** @type {any} */ (await port(page, 0).boundingBox());
    const cdp = await page.context().newCDPSession(page);
    const send = (/** @type {string} */ type, /** @type {number} */ dy) =>
        cdp.send('Input.dispatchTouchEvent', /** @type {any} */ ({ type, touchPoints:
            type === 'touchEnd' ? [] : [{ id: 0, x: box.x + box.width / 2 + 40,
                y: box.y + box.height / 2 + 8 + dy }] }));
    const before = await page.locator('.slider').nth(1).getAttribute('aria-valuenow');

    await send('touchStart', 0);
    await send('touchMove', 30);
    await send('touchMove', 60);
    await send('touchEnd', 0);
    await drawn(page);
    assert.ok(Number(await page.locator('.slider').nth(1).getAttribute('aria-valuenow'))
        > Number(before) + 10);
});


onPage('G11 G19 a mark on a plane: mm of the patient, and the values of plane and slab',
    {}, async (page) => {
        await openPlanes(page);

        const says = (/** @type {RegExp} */ text) => page.waitForFunction((source) =>
            [...document.querySelectorAll('.mark-label')].some((n) =>
                new RegExp(source).test([...n.children].map((c) => c.textContent).join('\n'))),
        text.source);
        const draw = async (/** @type {string} */ pen, /** @type {{x: number, y: number}[]} */ way) => {
            await page.locator('.toolbar [data-command="measure"]').click();
            await page.locator(`.menu [data-command="${pen}"]`).click();
            await page.waitForSelector('.layer-marks', { state: 'attached' });
            await dragIn(page, 0, way);
        };
        const scale = await scaleIn(page, 0);
        const { x, y } = await ballIn(page, 0, BODY.balls.L.hu);
        const by = 5 * scale;

        await draw('length', [{ x: 8 * scale, y: 40 * scale }, { x: 38 * scale, y: 40 * scale }]);
        await says(/^(29\.[5-9]|30\.[0-5]) mm/);
        await page.keyboard.press('Control+z');
        // 10 by 10 mm within the ball towards the left
        await draw('rectangle', [{ x: x - by, y: y - by }, { x: x + by, y: y + by }]);
        await says(/Mean 400 HU +SD 0\nMin 400 +Max 400/);

        const area = /Area ([\d.]+) mm²/.exec((await page.locator('.mark-text')
            .allTextContents()).join(' '));

        assert.ok(area !== null && Math.abs(Number(area[1]) - 100) < 4, String(area));
        await page.keyboard.press('Control+z');
        // not where the lines of the other planes are
        await draw('probe', [{ x, y: y + by }, { x, y: y + by }]);
        await says(/^400 HU/);
        await page.keyboard.press('Control+z');

        // in the middle is none of the balls, but before and behind it
        await draw('ellipse', [{ x: -1.6 * by, y: -1.6 * by }, { x: 1.6 * by, y: 1.6 * by }]);
        await says(/Mean -200 HU +SD 0/);

        const panel = page.locator('.cell').first().locator('.space-panel');

        await panel.locator('.space-slab').selectOption('maximum_ip');
        await panel.locator('.space-mm').fill('140');
        await panel.locator('.space-mm').press('Enter');
        await says(/Mean 0 HU[^]*Max 0/);
        assert.match(await page.locator('.corner-bl').first().innerText(), /Maximum 140 mm/);
        await page.keyboard.press('Control+z');
        await drawn(page);
    });


onPage('H12 planes, slab, fusion and cross-hair are in the address, and open the same', {},
    async (page) => {
        await openPlanes(page);

        // the coronal plane 50 mm to the back, as a slab, with another window
        const scale = await scaleIn(page, 0);

        await dragIn(page, 0, [{ x: 40, y: 1 }, { x: 40, y: 1 + 50 * scale }]);
        await settled(page, 3);
        await port(page, 1).focus();
        await page.locator('.cell').nth(1).locator('.space-slab').selectOption('maximum_ip');
        await page.keyboard.press('3');
        await settled(page, 3);
        await page.waitForFunction(() => /p=coronal[^&]*b=maximum_ip,\d+[^&]*w=500,2000/
            .test(location.search) && /p=3d/.test(location.search));

        const url = page.url();
        const shown = (/** @type {Page} */ p) => Promise.all([0, 1, 2].map(async (at) =>
            `${await port(p, at).getAttribute('data-shown')} ${await port(p, at)
                .locator('.corner-bl').innerText()}`));
        const before = await shown(page);
        const pixels = await canvasPixels(page, 60, 120, 200, 60, 1);

        page = await nextPage(page);
        await page.goto(url);
        await settled(page, 3);
        assert.deepEqual(await shown(page), before);
        assert.equal(await page.locator('.cell').nth(1).locator('.space-slab').inputValue(),
            'maximum_ip');
        assert.ok(difference(await canvasPixels(page, 60, 120, 200, 60, 1), pixels) <= 1);

        // and the planes can be left
        await page.keyboard.press('b');
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 1);
        await page.locator('.port[data-shown="1"]').waitFor();
    });


onPage('H12 what lies over a picture and the cross-hair are in the address', {},
    async (page) => {
        await openSeries(page, 3);
        await page.keyboard.press('y');
        await page.keyboard.press('j');
        await dragIn(page, 2, [{ x: 20, y: 30 }]);
        await settled(page, 3);
        await page.waitForFunction(() => /cross=[\d.]+,/.test(location.search)
            && /~f=[\d.]+,hot,0.6,/.test(location.search));

        const url = page.url();
        const at = await port(page, 0).getAttribute('data-shown');

        page = await nextPage(page);
        await page.goto(url);
        await settled(page, 3);
        await page.locator('.space-opacity').first().waitFor({ state: 'attached' });
        await page.waitForFunction((n) =>
            document.querySelector('.port')?.getAttribute('data-shown') === n, at);
        await page.waitForFunction(() =>
            document.querySelectorAll('.port')[2].querySelectorAll('.line-cross').length === 4);
        await port(page, 0).focus();
        await page.locator('.toolbar [data-command="fusion"][aria-pressed="true"]').waitFor();

        // a plane of nowhere and a slab of anything are left out
        await page.goto(url.replace(/~f=[^&]*/, '~p=oblique~c=1,2,3~b=x,-1~f=1.2.3,hot,9,0'));
        await settled(page, 3);

        await page.goto(url.replace(',hot,', ',constructor,'));
        await settled(page, 3);
        await page.waitForSelector('.port-fusion[data-state="final"]');
        assert.equal(await page.locator('.space-map').first().inputValue(), 'hot');
    });


onPage('fusion lies where it was chosen, whichever viewport is active once it is loaded', {},
    async (page) => {
        await openSeries(page, 3);

        let release = () => {};
        const held = new Promise((done) => { release = () => done(null); });

        await page.route('**/js/viewer/space/space.js', async (route) => {
            await held;
            await route.continue();
        });
        await port(page, 0).focus();

        const asked = page.waitForRequest('**/js/viewer/space/space.js');

        await page.keyboard.press('y');
        await asked;
        await port(page, 2).focus();
        await page.waitForSelector('.cell:nth-child(3) .port[aria-current="true"]');
        release();
        await page.waitForSelector('.port-fusion');
        assert.deepEqual(await page.locator('.cell').evaluateAll((all) =>
            all.map((n) => n.querySelector('.port-fusion') !== null)), [true, false, false]);
    });


onPage('fusion that comes late is of no other picture', {}, async (page) => {
    await openSeries(page, 1);

    let release = () => {};
    const held = new Promise((done) => { release = () => done(null); });
    const values = '**/values?*';

    await page.route(values, async (route) => {
        await held;
        await route.continue();
    });

    const asked = page.waitForRequest(values);

    await page.keyboard.press('y');
    await asked;
    await page.keyboard.press('Delete');
    await page.waitForFunction(() => document.querySelector('.port')?.getAttribute('data-shown') === '');

    const come = page.waitForResponse(values);

    release();
    await come;
    await drawn(page);
    await drawn(page);
    assert.equal(await page.locator('.toolbar [data-command="fusion"]').getAttribute('aria-pressed'),
        'false');
});


onPage('Delete on a plane that a selected mark does not lie on closes nothing', {}, async (page) => {
    await openPlanes(page);
    await port(page, 0).focus();
    await page.keyboard.press('d');
    await page.waitForSelector('.layer-marks', { state: 'attached' });
    await dragIn(page, 0, [{ x: -40, y: -40 }, { x: 40, y: -40 }]);
    await page.locator('.mark').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await settled(page, 4);
    await page.keyboard.press('Delete');
    await page.locator('.note', { hasText: 'on another image' }).waitFor();
    assert.notEqual(await port(page, 0).getAttribute('data-shown'), '');
});


onPage('the viewport that planes were made of comes to rest when they are left', {},
    async (page) => {
        await openStudy(page, BODY.study);
        await page.keyboard.press('b');
        await page.waitForSelector('.space-panel');
        await page.keyboard.press('b');
        await settled(page, 1);
        // while it moves
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('b');
        await page.waitForSelector('.space-panel');
        await page.keyboard.press('b');
        await page.waitForFunction(() => document.querySelectorAll('.port').length === 1
            && /lossless/.test(document.querySelector('.frame .badge')?.parentElement?.textContent ?? ''));
    });


onPage('a drag ends where its series or its viewport goes', {}, async (page) => {
    await openStudy(page, BODY.study);
    await page.keyboard.press('b');
    await page.waitForSelector('.space-panel');
    await settled(page, 4);

    const { x, y } = await portBox(page, 3);

    await page.mouse.move(x + 60, y + 60);
    await page.mouse.down();
    await page.mouse.move(x + 70, y + 60);
    await page.keyboard.press('b');
    await page.waitForFunction(() => document.querySelectorAll('.port').length === 1);
    await page.mouse.move(x + 90, y + 60);
    await page.mouse.up();
});
