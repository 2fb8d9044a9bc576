// SPDX-License-Identifier: BSD-2-Clause
//
// The core of the pages in another browser than that of *.test.mjs:
// node core.mjs DRIVER, of drivers/ (t/62-firefox.t, t/63-webkit.t).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
    canvasPixels, cinePlayed, difference, drawn, isShown, serverPicture,
} from './eyes.mjs';
import {
    boxOf, click, fingers, press, release, stroke, wheel,
} from './hands.mjs';
import { CT as PHANTOM, storeCt } from './phantoms.mjs';
import { readPng } from './png.mjs';
import { Proxy, changed, held } from './proxy.mjs';
import { CT, MANY, US, grey } from './studies.mjs';
import { BODY, storeVolumes } from './volumes.mjs';

/**
 * @typedef {import('./drivers/driver.mjs').Tab & import('./eyes.mjs').Eyes} Page
 * @typedef {import('./hands.mjs').Point} Point
 */

const BASE = /** @type {string} */ (process.env.PACS_URL);
const SIZE = { width: 1440, height: 900 };

/** @type {import('./drivers/driver.mjs').Driver} */
const driver = await (await import(`./drivers/${process.argv[2]}.mjs`)).start();

after(() => driver.stop());
before(() => storeVolumes(BASE));

/** Tells the proxy what goes wrong in the page, as its first script. */
const WATCH = `
    const tell = (what) => navigator.sendBeacon('/wrong', what);
    const say = console.error;

    addEventListener('error', (e) => tell('error: ' + (e.message
        ?? (e.target.src || e.target.href))), true);
    addEventListener('unhandledrejection', (e) => tell('rejection: ' + e.reason));
    addEventListener('securitypolicyviolation', (e) => tell(
        'policy: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile));
    console.error = (...all) => { tell('console: ' + all.join(' ')); say(...all); };
`;


/**
 * A test with a page of its own; errors of the page, of its security policy
 * and of the server fail it.
 * @param {string} name
 * @param {(page: Page, proxy: Proxy) => Promise<void>} body
 */
function onPage(name, body) {
    test(`${name} (${driver.name})`, { timeout: 180000 }, async () => {
        /** @type {string[]} */
        const wrong = [];
        const proxy = watching(wrong);

        await proxy.start();

        const tab = await driver.open(SIZE);

        try {
            await body({ ...tab, waitForFunction: waiter(tab) }, proxy);
        } finally {
            await tab.close();
            await proxy.stop();
        }

        assert.deepEqual(wrong, []);
    });
}


/** @param {string[]} wrong is filled @returns {Proxy} */
function watching(wrong) {
    const proxy = new Proxy(BASE);

    proxy.on(/./, ({ req, res, pass }) => {
        res.on('finish', () => {
            if (res.statusCode >= 400) {
                wrong.push(`${res.statusCode} ${req.url}`);
            }
        });
        pass();
    });
    proxy.on(/^\/([a-z]+\.html)?(\?|$)/, changed((answer) => ({ ...answer,
        body: Buffer.from(answer.body.toString()
            .replace('<head>', '<head><script src="/watch.js"></script>')) })));
    proxy.on(/^\/watch\.js/, ({ res }) => {
        res.writeHead(200, { 'content-type': 'text/javascript' });
        res.end(WATCH);
    });
    proxy.on(/^\/wrong/, async ({ req, res }) => {
        let text = '';

        for await (const part of req) {
            text += part;
        }

        wrong.push(text);
        res.writeHead(204).end();
    });

    return proxy;
}


/** @param {import('./drivers/driver.mjs').Tab} tab */
function waiter(tab) {
    return async (/** @type {(arg: any) => any} */ f, /** @type {any} */ arg) => {
        for (const end = Date.now() + 60000; Date.now() < end;) {
            const value = await tab.evaluate(f, arg);

            if (value) {
                return value;
            }

            await new Promise((done) => setTimeout(done, 30));
        }

        const text = await tab.evaluate(() => document.body.innerText);

        throw new Error(`waited in vain for ${f} ${JSON.stringify(arg)} on:\n${text}`);
    };
}


/** @param {Page} page @param {Proxy} proxy @param {string} study */
async function openStudy(page, proxy, study) {
    await page.goto(`${proxy.base}/viewer.html?study=${study}`);
    await isShown(page, 1);
}


/** @param {Page} page @param {string} selector @returns {Promise<string>} */
async function textOf(page, selector) {
    await drawn(page);

    return page.evaluate((selector) => document.querySelector(selector).innerText, selector);
}


/** @param {Page} page @param {string} selector @param {RegExp} text */
function says(page, selector, text) {
    return page.waitForFunction(([selector, source]) => new RegExp(source)
        .test(document.querySelector(selector)?.innerText ?? ''), [selector, text.source]);
}


/**
 * @param {Page} page
 * @param {{x: number, y: number}} from in the viewport
 * @param {number} dx
 * @param {number} dy
 * @param {Parameters<typeof stroke>[2]} [how]
 */
async function drag(page, { x, y }, dx, dy, how) {
    const box = await boxOf(page, '.port');
    const [left, top] = [box.x + x, box.y + y];

    await stroke(page, [{ x: left, y: top }, { x: left + dx / 2, y: top + dy / 2 },
        { x: left + dx, y: top + dy }], how);
}


/** @param {Page} page @returns {Promise<Point>} */
async function middle(page) {
    const box = await boxOf(page, '.port');

    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}


/** Path of slice k's frame, below DICOMweb's root. */
const slice = (/** @type {number} */ k) =>
    `/studies/${CT.study}/series/${CT.study}.1/instances/${CT.study}.1.${k + 1}/frames/1`;

/** Pixels of a decoder that rounds in another way than that of the canvas. */
const ROUNDING = 2;

const near = (/** @type {number} */ a, /** @type {number} */ b, by = 3) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);


/** At 1:1 the canvas has the server's own pixels. */
async function isServers(/** @type {Page} */ page, /** @type {string} */ path) {
    await press(page, 'm');
    await says(page, '.corner-bl', /100 %/);

    const box = await boxOf(page, '.port');
    const server = await serverPicture(page, path);
    const mine = await canvasPixels(page, Math.round(box.width / 2 - 128),
        Math.round(box.height / 2 - 128), 256, 256);

    assert.equal(server.width, 256);
    assert.ok(difference(mine, server.pixels) <= ROUNDING);

    return mine;
}


/** Percent of the zoom. */
const zoomOf = async (/** @type {Page} */ page) =>
    Number(/([\d.]+) %/.exec(await textOf(page, '.corner-bl'))?.[1]);


/** First row of the canvas where the gradient is, under the band, at x. */
async function edgeAt(/** @type {Page} */ page, /** @type {number} */ x) {
    const box = await boxOf(page, '.port');
    const column = await canvasPixels(page, Math.round(x), 0, 1, Math.floor(box.height));

    return column.findIndex(([r]) => r > grey(CT.band(0)) + 25);
}


onPage('G1 the list opens, is narrowed, and opens a study', async (page, proxy) => {
    const rows = () => page.evaluate(() => [...document.querySelectorAll('.row-name')]
        .map((n) => n.textContent));

    await page.goto(`${proxy.base}/`);
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 50);
    await click(page, 'input[name="name"]');
    await press(page, ...MANY.name.slice(0, 6).toLowerCase());
    await click(page, 'input[name="accession"]');
    await press(page, ...'AP007');
    await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
    assert.deepEqual(await rows(), [`${MANY.name}, N007`]);
    await click(page, '.row-name');
    await isShown(page, 1);
    assert.equal(await textOf(page, '.banner-name'), `${MANY.name}, N007`);
});


onPage('B01 B03 the first picture is the server’s own, of who the banner says',
    async (page, proxy) => {
        await openStudy(page, proxy, CT.study);
        assert.equal(await textOf(page, '.banner-name'),
            '<script>alert(1)</script>, "><b>');
        assert.equal(await textOf(page, '.banner-id'), CT.id);
        assert.deepEqual(await page.evaluate(() => ['left', 'right', 'top', 'bottom']
            .map((side) => document.querySelector(`.letter-${side}`)?.textContent)),
        ['R', 'L', 'A', 'P']);

        const mine = await isServers(page, `${slice(0)}/rendered?quality=90`);

        near(mine[5 * 256 + 100][0], grey(CT.band(0)));
        near(mine[200 * 256 + 200][0], grey(CT.gradient(200)));
    });


onPage('B17 scroll by wheel, keys, drag and slider', async (page, proxy) => {
    await openStudy(page, proxy, CT.study);
    await wheel(page, await middle(page), [1, 1, 1]);
    await isShown(page, 4);
    await wheel(page, await middle(page), [-1]);
    await isShown(page, 3);
    await press(page, 'ArrowDown', 'ArrowDown');
    await isShown(page, 5);
    await drag(page, { x: 300, y: 300 }, 0, 60);
    await isShown(page, 10);
    await press(page, 'End');
    await isShown(page, 24);

    const box = await boxOf(page, '.port');
    const [[band]] = await canvasPixels(page, Math.round(box.width / 2), 30);

    near(band, grey(CT.band(23)));
    await press(page, 'Home');
    await isShown(page, 1);

    const slider = await boxOf(page, '.slider');

    await stroke(page, [{ x: slider.x + 8, y: slider.y + slider.height - 4 }]);
    await isShown(page, 24);
});


onPage('B11 H5 a window drag is seen at once, and exact when the server has answered',
    async (page, proxy) => {
        await openStudy(page, proxy, CT.study);
        await press(page, 'w');

        // the net stops: what changes now is the compositor's work
        const { rule, release: answer } = held();

        proxy.on(/\/rendered\?.*window=/, rule);

        const box = await boxOf(page, '.port');
        const x = Math.round(box.width / 2 + 40);
        const y = Math.round(box.height * 0.7);
        const seen = async () => {
            await drawn(page);

            return readPng(await page.screenshot()).at(Math.round(box.x) + x,
                Math.round(box.y) + y)[0];
        };
        const before = await seen();

        await drag(page, { x: 400, y: 400 }, 300, 30, { hold: true });
        await says(page, '.badge', /^preview$/);

        const during = await seen();
        const column = (x - (box.width - box.height) / 2) / box.height * 256;
        const hu = CT.gradient(Math.floor(column));

        near(before, grey(hu), 5);
        near(during, grey(hu, 80, 800), 5);
        assert.ok(Math.abs(before - during) > 12);
        assert.match(await textOf(page, '.corner-bl'), /C 80 +W 800/);

        await release(page);
        answer();
        await isShown(page, 1);

        const mine = await isServers(page,
            `${slice(0)}/rendered?window=80,800,linear&quality=90`);

        near(mine[200 * 256 + 10][0], grey(CT.gradient(10), 80, 800));
    });


onPage('B20 G8 zoom is about the pointer, pan follows it', async (page, proxy) => {
    await openStudy(page, proxy, CT.study);

    const box = await boxOf(page, '.port');
    const x = box.width / 2 - 60;
    const before = await edgeAt(page, x);
    const fit = await zoomOf(page);

    await press(page, 'z');
    await drag(page, { x, y: before }, 0, 50);
    near(await zoomOf(page) / fit, Math.SQRT2, 0.02);
    near(await edgeAt(page, x), before, 4);
    await press(page, 't');
    await drag(page, { x, y: 300 }, 0, 50);
    near(await edgeAt(page, x), before + 50, 4);
    await press(page, 'f');
    near(await edgeAt(page, x), before, 1);
});


onPage('B13 invert turns black and white, and nothing around the picture',
    async (page, proxy) => {
        await openStudy(page, proxy, CT.study);
        await press(page, 'i', 'i');

        const box = await boxOf(page, '.port');
        const seen = async () => {
            await drawn(page);

            const { at } = readPng(await page.screenshot());
            const [x, y] = [Math.round(box.x), Math.round(box.y)];

            return { inside: at(x + Math.round(box.width / 2 + 100), y + 400),
                outside: at(x + 20, y + 300) };
        };
        const before = await seen();

        await click(page, '[data-command="invert"]');

        const after = await seen();

        near(after.inside[0], 255 - before.inside[0], 1);
        assert.deepEqual(after.outside, [0, 0, 0]);
    });


onPage('G4 B08 four viewports, filled from the strip', async (page, proxy) => {
    await openStudy(page, proxy, CT.study);
    await click(page, '[data-command="layout"]');
    await click(page, '.layouts-choice[data-rows="2"][data-columns="2"]');
    await isShown(page, 1, 0);
    await isShown(page, 1, 1);

    const [a, b, c, d] = await Promise.all([0, 1, 2, 3].map((at) => boxOf(page, '.cell', at)));

    assert.ok(a.x === c.x && b.x === d.x && b.x >= a.x + a.width);
    assert.ok(a.y === b.y && c.y === d.y && c.y >= a.y + a.height);
    [b, c, d].forEach((box) => {
        near(box.width, a.width, 1);
        near(box.height, a.height, 1);
    });

    const thumb = await boxOf(page, '.thumb', 1);

    await stroke(page, [{ x: thumb.x + 40, y: thumb.y + 40 },
        { x: thumb.x + 80, y: thumb.y + 60 },
        { x: d.x + d.width / 2, y: d.y + d.height / 2 }]);
    await isShown(page, 1, 3);
    assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth
        - innerWidth, document.documentElement.scrollHeight - innerHeight]), [0, 0]);
});


onPage('B31 cine shows every frame in turn', async (page, proxy) => {
    await openStudy(page, proxy, US.study);

    const order = await cinePlayed(page, US.frames);
    const start = Number(order[0]);

    assert.deepEqual(order, order.map((/** @type {string} */ _, /** @type {number} */ i) =>
        String((start - 1 + i) % US.frames + 1)));
});


onPage('G19 planes: the ball at the patient’s left is at the side that says L',
    async (page, proxy) => {
        await openStudy(page, proxy, BODY.study);
        await press(page, 'b');
        await page.waitForFunction(() => {
            const badges = [...document.querySelectorAll('.frame .badge')];

            return badges.length === 4
                && badges.every((n) => n.getAttribute('data-state') === 'final');
        });

        /** @returns {Promise<{n: number, x: number, y: number}>} from the middle */
        const ballIn = (/** @type {number} */ at, /** @type {number} */ value) =>
            page.evaluate(([at, value]) => {
                const canvas = /** @type {HTMLCanvasElement} */ (
                    document.querySelectorAll('.port-picture')[at]);
                const { width, height } = canvas;
                const { data } = /** @type {any} */ (canvas.getContext('2d'))
                    .getImageData(0, 0, width, height);
                let [n, x, y] = [0, 0, 0];

                for (let i = 0; i < width * height; i++) {
                    if (Math.abs(data[4 * i] - value) < 8) {
                        n++;
                        x += i % width - width / 2;
                        y += Math.floor(i / width) - height / 2;
                    }
                }

                return { n, x: x / n, y: y / n };
            }, [at, value]);
        const value = (/** @type {number} */ hu) =>
            grey(hu, BODY.window.center, BODY.window.width);
        const letters = await page.evaluate(() => [0, 1].map((at) =>
            ['right', 'top'].map((side) => document.querySelectorAll('.frame')[at]
                .querySelector(`.letter-${side}`)?.textContent)));

        assert.deepEqual(letters, [['L', 'A'], ['L', 'H']]);

        for (const at of [0, 1]) {
            const left = await ballIn(at, value(BODY.balls.L.hu));

            assert.ok(left.n > 60 && left.x > 40 && Math.abs(left.y) < 10, JSON.stringify(left));
        }

        const head = await ballIn(1, value(BODY.balls.H.hu));

        assert.ok(head.n > 60 && head.y < -40, JSON.stringify(head));
    });


onPage('B32 a distance is drawn, and says its millimetres', async (page, proxy) => {
    await openStudy(page, proxy, await storeCt(BASE));
    await press(page, 'd');
    await page.waitForFunction(() => document.querySelector('.layer-marks') !== null);

    const box = await boxOf(page, '.port');
    const { columns, rows, column: wide, row: high } = PHANTOM;
    const scale = Math.min(box.width / columns / wide, box.height / rows / high);
    const at = (/** @type {number} */ column, /** @type {number} */ row) => ({
        x: box.x + box.width / 2 + (column - columns / 2) * wide * scale,
        y: box.y + box.height / 2 + (row - rows / 2) * high * scale,
    });

    await stroke(page, [at(20, 20), at(60, 20), at(120, 20)]);
    await page.waitForFunction(() => Math.abs(parseFloat(
        document.querySelector('.mark-text')?.textContent ?? '') - 50) < 0.3);
    await press(page, 'Delete');
    await page.waitForFunction(() => document.querySelector('.mark') === null);
});


if (driver.fingers) {
    onPage('G23 one finger scrolls; two pinch and pan, and scroll nothing',
        async (page, proxy) => {
            await openStudy(page, proxy, CT.study);

            const { x, y } = await middle(page);
            const pair = (/** @type {number} */ half, dx = 0) =>
                [{ x: x - half + dx, y }, { x: x + half + dx, y }];
            const before = await zoomOf(page);
            const edge = await edgeAt(page, 400);

            await fingers(page, [pair(60), pair(90), pair(120)]);
            near(await zoomOf(page) / before, 2, 0.05);
            assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);
            await press(page, 'f');
            await fingers(page, [0, 25, 50].map((dy) =>
                pair(60).map((p) => ({ x: p.x, y: p.y + dy }))));
            near(await zoomOf(page), before, 2);
            near(await edgeAt(page, 400), edge + 50, 4);
            assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);

            await fingers(page, [0, 20, 40, 60].map((dy) => [{ x, y: y - 100 + dy }]));
            await isShown(page, 6);
        });
}
