// SPDX-License-Identifier: BSD-2-Clause
//
// Part C of the checklist: that the pages do what makes them quick.  How
// quick they are is tools/bench viewer's: times are SLACK times its bars.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import {
    BASE, drag, drawn, isShown, onPage, openStudy, portBox, textOf, withMetadata,
} from './browser.mjs';
import { CT, DX, US } from './studies.mjs';

/** A busy machine with two cores is no user's. */
const SLACK = 8;

const VPN = { rtt: 60, rate: 5e6 / 8 };
const POOR = { rtt: 200, rate: 1e6 / 8 };
const SERIES = `/studies/${CT.study}/series/${CT.study}.1`;

/** @typedef {import('playwright-core').Page} Page */


/** @param {Page} page @param {{rtt: number, rate: number}} net */
async function slow(page, net) {
    const cdp = await page.context().newCDPSession(page);

    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', {
        offline: false, latency: net.rtt,
        downloadThroughput: net.rate, uploadThroughput: net.rate,
    });
}


/**
 * Pictures: what was asked for, and how many at once.
 * @param {Page} page
 */
function requests(page) {
    /** @type {{url: string, png: boolean, at: number, end: string}[]} */
    const all = [];
    /** @type {Map<object, any>} */
    const open = new Map();
    const log = { all, most: 0, open };
    const ends = (/** @type {string} */ how) => (/** @type {any} */ r) => {
        const one = open.get(r);

        if (one !== undefined) {
            one.end = how;
            open.delete(r);
        }
    };

    page.on('request', (r) => {
        if (/\/rendered/.test(r.url())) {
            const one = { url: r.url(), png: r.headers().accept === 'image/png',
                at: Date.now(), end: '' };

            all.push(one);
            open.set(r, one);
            log.most = Math.max(log.most, open.size);
        }
    });
    page.on('requestfinished', ends('came'));
    page.on('requestfailed', ends('aborted'));

    return log;
}


/** @param {Page} page @param {string} text that the badge says */
async function saysBadge(page, text) {
    await page.waitForFunction((text) =>
        document.querySelector('.badge')?.textContent?.includes(text), text);
}


onPage('L1 a window drag paints nothing anew: the compositor shows it, until another picture is here',
    {}, async (page) => {
        await page.addInitScript(() => {
            const { prototype } = CanvasRenderingContext2D;
            const { drawImage } = prototype;

            /** @type {any} */ (window).paints = 0;
            prototype.drawImage = function (/** @type {any[]} */ ...args) {
                /** @type {any} */ (window).paints++;
                /** @type {any} */ (drawImage).apply(this, args);
            };
        });
        await openStudy(page, CT.study);
        await page.locator('.badge').filter({ hasText: /^lossless/ }).waitFor();
        await drawn(page);

        const paints = () => page.evaluate(() => /** @type {any} */ (window).paints);
        const picture = page.locator('.port-picture');
        const before = await paints();

        assert.ok(before > 0);
        await page.route('**/rendered?*', () => {});
        await page.keyboard.press('w');
        // a narrower window: all its greys are there
        await drag(page, { x: 300, y: 300, dx: -60, dy: 0, hold: true });
        await drawn(page);
        assert.notEqual(await picture.evaluate((n) => n.style.filter), '');
        assert.equal(await paints(), before);

        await page.unroute('**/rendered?*');
        await page.mouse.up();
        await page.keyboard.press('0');
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        assert.ok(await paints() > before);
    });


onPage('L1 a window drag, zoom and pan are seen in the next frame, without a net', {},
    async (page) => {
        await openStudy(page, CT.study);
        await page.route('**/rendered?*', () => {});
        await page.evaluate(() => {
            const log = /** @type {any} */ (window).moves = [];
            const canvas = /** @type {HTMLCanvasElement} */ (
                document.querySelector('.port-picture'));

            addEventListener('pointermove', (e) => {
                const move = { late: 0, filter: '' };

                log.push(move);
                requestAnimationFrame(() => {
                    move.late = performance.now() - e.timeStamp;
                    setTimeout(() => { move.filter = canvas.style.filter; });
                });
            });
        });
        await page.keyboard.press('w');
        await drag(page, { x: 300, y: 300, dx: 60, dy: 40, hold: true });
        await drawn(page);

        const moves = await page.evaluate(() => /** @type {any} */ (window).moves.slice(-2));

        for (const m of moves) {
            assert.match(m.filter, /contrast/, 'the compositor shows it');
            assert.ok(m.late < 33 * SLACK, `${m.late} ms`);
        }

        await page.mouse.up();
        assert.equal(await textOf(page, '.badge'), 'preview');

        const zoom = () => textOf(page, '.corner-bl');
        const before = await zoom();

        await page.keyboard.press('z');
        await drag(page, { x: 300, y: 300, dx: 0, dy: -80 });
        assert.notEqual(await zoom(), before);
    });


onPage('L2 the server takes some ms for a frame in another window', {}, async (page) => {
    await openStudy(page, CT.study);

    const took = await page.evaluate(async (series) => {
        const times = [];

        for (let i = 0; i < 30; i++) {
            const start = performance.now();
            const answer = await fetch(`/dicom-web${series}/instances/${series.split('/')[4]}.1/frames/1`
                + `/rendered?viewport=512,512&window=${i},${300 + i},linear&quality=90`,
            { headers: { Accept: 'image/jpeg' } });

            await answer.blob();
            times.push(performance.now() - start);
        }

        return times.sort((a, b) => a - b);
    }, SERIES);

    // through the browser, which has other things to do
    assert.ok(took[15] < 3 * 4 * SLACK, `p50 ${took[15]} ms`);
});


onPage('L3 a window drag: few requests at once, the newest counts, exact in a round trip', {},
    async (page) => {
        await openStudy(page, CT.study);

        const log = requests(page);

        await slow(page, VPN);
        await page.keyboard.press('w');

        const box = await portBox(page);

        await page.mouse.move(box.x + 200, box.y + 300);
        await page.mouse.down();
        for (let i = 1; i <= 40; i++) {
            await page.mouse.move(box.x + 200 + i * 3, box.y + 300 + i);
            await drawn(page);
        }

        const from = Date.now();

        await page.waitForFunction(() => {
            const port = /** @type {HTMLElement} */ (document.querySelector('.port'));
            const canvas = /** @type {HTMLElement} */ (port.querySelector('.port-picture'));

            return canvas.style.filter === ''
                && port.querySelector('.corner-bl')?.textContent?.includes(
                    port.dataset.window ?? '?');
        });
        assert.ok(Date.now() - from < 120 * SLACK, `${Date.now() - from} ms`);
        assert.ok(log.most <= 3, `${log.most} at once`);

        const asked = log.all.filter((r) => r.at < from);

        assert.equal(new Set(asked.map((r) => r.url)).size, asked.length);
        await page.mouse.up();
        await isShown(page, 1);
    });


onPage('L3 what nobody wants any more is aborted', {}, async (page) => {
    await openStudy(page, CT.study);

    const log = requests(page);

    await page.route('**/rendered?*', () => {});
    await page.keyboard.press('w');
    await drag(page, { x: 300, y: 300, dx: 60, dy: 0 });
    await page.waitForFunction(() => document.querySelector('.badge')?.textContent === 'preview');
    while (log.open.size === 0) {
        await drawn(page);
    }

    const asked = [...log.open.values()];

    await page.locator('.thumb').nth(1).click();
    while (asked.some((r) => r.end === '')) {
        await drawn(page);
    }
    assert.ok(asked.every((r) => r.end === 'aborted'));
});


onPage('L4 a scroll through what is here: a slice a frame, each of them shown', {},
    async (page) => {
        await openStudy(page, CT.study);
        for (let i = 2; i <= CT.slices; i++) {
            await page.keyboard.press('ArrowDown');
            await isShown(page, i);
        }

        const seen = await page.evaluate((slices) => new Promise((done) => {
            const port = /** @type {HTMLElement} */ (document.querySelector('.port'));
            /** @type {number[]} */
            const log = [];
            let sent = 1;
            const step = () => {
                log.push(Number(port.dataset.shown));

                if (log[log.length - 1] === 1) {
                    done(log);
                    return;
                }
                if (sent++ < slices) {
                    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' }));
                }
                requestAnimationFrame(step);
            };

            requestAnimationFrame(step);
        }), CT.slices);
        const slices = /** @type {number[]} */ (seen);

        assert.equal(new Set(slices).size, CT.slices, slices.join(' '));
        assert.ok(slices.every((n, i) => i === 0 || n <= slices[i - 1]));
        assert.ok(slices.length < CT.slices + 20, `${slices.length} frames of the screen`);
    });


onPage('L5 a series is clicked: two round trips to its first picture', {}, async (page) => {
    await openStudy(page, CT.study);
    await slow(page, VPN);

    /** @type {string[]} */
    const order = [];

    page.on('request', (r) => order.push(new URL(r.url()).pathname));

    const from = Date.now();

    await page.locator('.thumb').nth(1).click();
    await page.waitForFunction((uid) => document.querySelector('.port-picture')
        ?.closest('.port')?.getAttribute('data-shown') === '1'
        && document.querySelector('.thumb.is-active')?.closest('[data-id]')
            ?.getAttribute('data-id')?.startsWith(uid), `${CT.study}.2`);
    assert.ok(Date.now() - from < 800 * SLACK, `${Date.now() - from} ms`);

    const kinds = order.filter((p) => p.includes(`${CT.study}.2/`))
        .map((p) => p.split('/').at(-1));

    assert.deepEqual(kinds.slice(0, 3).sort(), ['metadata', 'rendered', 'session']);
});


onPage('L6 previews while it moves, the final picture when it rests', {}, async (page) => {
    // nothing is in the cache: the meter sees this net
    await slow(page, POOR);
    await openStudy(page, CT.study);
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);

    // by the page's own clock: a busy machine tells of both late
    await page.evaluate(() => addEventListener('keydown', () => {
        const all = /** @type {any} */ (window);

        all.keyed = [...all.keyed ?? [], performance.now()];
    }, { capture: true }));

    for (let i = 0; i < 12; i++) {
        await page.keyboard.press('ArrowDown');
        await drawn(page);
    }
    await isShown(page, 14);

    const { keyed, asked } = await page.evaluate(() => ({
        keyed: /** @type {number[]} */ (/** @type {any} */ (window).keyed),
        asked: performance.getEntriesByType('resource')
            .map(({ name, startTime: at }) => ({ name, at }))
            .filter(({ name }) => /\/rendered\?/.test(name)),
    }));
    const last = keyed[keyed.length - 1];
    const during = asked.filter((r) => r.at > keyed[0] && r.at <= last);
    const after = asked.filter((r) => r.at > last && /quality=90/.test(r.name));

    // the first may be of the rest before
    assert.ok(during.length < 2 || during.some((r) => /quality=(40|60)/.test(r.name)),
        during.map((r) => r.name.slice(-20)).join(' '));
    assert.ok(after.every((r) => r.at - last >= 50), 'not before it rests');
});


onPage('L7 the first picture waits for no thumbnail and no other series', {}, async (page) => {
    await page.route('**/thumbnail*', () => {});
    await page.route(`**/series/${CT.study}.2/metadata`, () => {});

    const from = Date.now();

    await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
    await isShown(page, 1);
    assert.ok(Date.now() - from < 2500 * SLACK);
});


onPage('L7 one question before the first picture, while the modules come', {}, async (page) => {
    /** @type {string[]} */
    const asked = [];

    page.on('request', (r) => asked.push(new URL(r.url()).pathname));

    const session = page.waitForRequest(/\/studies\/[\d.]+\/session$/);

    await page.route('**/js/viewer/main.js', async (route) => {
        await session;
        await route.continue();
    });
    await openStudy(page, CT.study);

    const ours = asked.filter((p) => p.startsWith('/dicom-web/'));

    assert.equal(ours[0], `/dicom-web/studies/${CT.study}/session`);
    assert.match(ours[1], /\/rendered$/);
    assert.ok(!ours.some((p) => p.endsWith(`${CT.study}.1/metadata`)));
});


onPage('L7 a server without the session of a study is asked for its parts', { allow: /404/ },
    async (page) => {
        /** @type {string[]} */
        const asked = [];

        page.on('request', (r) => asked.push(new URL(r.url()).pathname));
        await page.route(/\/studies\/[\d.]+\/session$/, (r) => r.fulfill({ status: 404 }));
        await openStudy(page, CT.study);
        assert.ok(asked.some((p) => p.endsWith(`${CT.study}.1/metadata`)));
        assert.ok(await page.locator('.thumb').count() > 1);
    });


onPage('L7 long metadata are not in the session: they are asked for', {}, async (page) => {
    await page.route(/\/studies\/[\d.]+\/session$/, async (route) => {
        const answer = await route.fetch();
        const { metadata, ...body } = await answer.json();

        assert.equal(metadata.instances.length, CT.slices);
        await route.fulfill({ response: answer, json: body });
    });
    await openStudy(page, CT.study);
});


onPage('L8 a plane through a series comes soon, the next ones sooner', {}, async (page) => {
    await openStudy(page, CT.study);

    const [first, next] = await page.evaluate(async (series) => {
        const times = [];

        for (const offset of [2, 5]) {
            const start = performance.now();
            const answer = await fetch(`/dicom-web${series}/renderedmpr?orientation=a&mproffset=${offset}`);

            await answer.blob();
            times.push(answer.status === 200 ? performance.now() - start : Infinity);
        }

        return times;
    }, SERIES);

    assert.ok(first < 4000 * SLACK, `${first} ms`);
    assert.ok(next < 1500 * SLACK, `${next} ms`);
});


onPage('L9 the pages keep little: no picture is held twice, nor for ever', {}, async (page) => {
    await page.addInitScript(() => {
        const make = window.createImageBitmap;
        const live = /** @type {any} */ (window).live = new Set();

        window.createImageBitmap = /** @type {any} */ (async (/** @type {any} */ blob) => {
            const bitmap = await make(blob);
            const close = bitmap.close.bind(bitmap);

            live.add(bitmap);
            bitmap.close = () => { live.delete(bitmap); close(); };
            return bitmap;
        });
    });
    await openStudy(page, DX.study);

    // each window is a picture of its own
    for (let i = 0; i < 12; i++) {
        await page.keyboard.press(i % 2 === 0 ? 'm' : 'f');
        await drag(page, { x: 300, y: 300, dx: 10 + i, dy: i, button: 'right' });
        await isShown(page, 1);
    }

    const pixels = await page.evaluate(() => [.../** @type {any} */ (window).live]
        .reduce((sum, b) => sum + b.width * b.height, 0));
    const { JSHeapUsedSize: heap } = await metrics(page);

    assert.ok(pixels > 0 && pixels < 24e6, `${pixels} pixels`);
    assert.ok(heap < 60e6, `${heap} bytes`);
});


/** @param {Page} page @returns {Promise<Record<string, number>>} */
async function metrics(page) {
    const cdp = await page.context().newCDPSession(page);

    await cdp.send('Performance.enable');
    await cdp.send('HeapProfiler.collectGarbage');

    const { metrics } = await cdp.send('Performance.getMetrics');

    return Object.fromEntries(metrics.map((m) => [m.name, m.value]));
}


onPage('L10 html, scripts and styles to the first screen are 150 kB at most', {},
    async (page) => {
        /** @type {Map<string, Promise<number>>} */
        const sizes = new Map();

        page.on('response', (r) => {
            if (r.status() === 200 && /\.(html|js|css|svg|json)(\?|$)/.test(r.url())) {
                const size = r.body().then((b) => gzipSync(b, { level: 6 }).length);

                // what is not asked for below may still be under way at the end
                size.catch(() => {});
                sizes.set(r.url(), size);
            }
        });
        await page.addInitScript(() => {
            new MutationObserver((_, observer) => {
                if (document.querySelector('.port[data-shown="1"]') !== null) {
                    /** @type {any} */ (window).shownAt = performance.now();
                    observer.disconnect();
                }
            }).observe(document, { subtree: true, childList: true,
                attributes: true, attributeFilter: ['data-shown'] });
        });
        await openStudy(page, CT.study);

        await page.waitForFunction(() => performance.getEntriesByType('resource')
            .some((e) => e.name.endsWith('/prefetch.js')));

        // what came later waited for the picture
        const later = new Set(await page.evaluate(() => performance.getEntriesByType('resource')
            .filter((e) => e.startTime > /** @type {any} */ (window).shownAt)
            .map((e) => e.name)));
        const bytes = (await Promise.all([...sizes].map(([url, size]) =>
            later.has(url) ? 0 : size))).reduce((a, b) => a + b, 0);

        assert.ok([...later].some((url) => url.endsWith('/prefetch.js')));

        assert.ok(bytes > 20e3 && bytes <= 150e3, `${bytes} bytes`);
    });


onPage('H1 the badge says preview, lossy n:1 and improving, final', {}, async (page) => {
    /** @type {(() => void)[]} */
    const held = [];
    let isHeld = true;

    await page.route('**/rendered*', (route) => {
        if (isHeld && route.request().headers().accept === 'image/png') {
            held.push(() => route.continue());
        } else {
            route.continue();
        }
    });
    await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
    await saysBadge(page, 'improving');
    assert.match(await textOf(page, '.badge'), /^JPEG 90 +\d+:1.* improving$/);
    isHeld = false;
    held.forEach((go) => go());
    await saysBadge(page, 'final');
    assert.match(await textOf(page, '.badge'), /^lossless.* final$/);

    await page.route('**/rendered?*', () => {});
    await page.keyboard.press('w');
    await drag(page, { x: 300, y: 300, dx: 60, dy: 0 });
    await saysBadge(page, 'preview');
});


onPage('G15 on a slow net a loop is waited for, whole; then it plays', {}, async (page) => {
    await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
    await isShown(page, 1);
    // the program is here, the loop is not
    await slow(page, { rtt: 300, rate: 20e3 });
    await openStudy(page, US.study);
    await page.keyboard.press('c');
    await page.waitForFunction(() =>
        /^Loading \d+ %$/.test(document.querySelector('.cine-place')?.textContent ?? ''));

    const shown = () => page.locator('.port').getAttribute('data-shown');
    const before = await shown();

    for (let i = 0; i < 5 && /Loading/.test(await textOf(page, '.cine-place')); i++) {
        assert.equal(await shown(), before);
        await drawn(page);
    }
    await page.waitForFunction((frames) => Number(/** @type {HTMLElement} */ (
        document.querySelector('.port')).dataset.shown) === frames, US.frames);
    assert.match(await textOf(page, '.cine-place'), /^\d+ . 12$/);
});


onPage('B28 the stored ratio and method are never hidden, nor is loss on the way', {},
    async (page) => {
        await withMetadata(page, (all) => all.map((ds) => ({
            ...ds,
            '00282110': { vr: 'CS', Value: ['01'] },
            '00282112': { vr: 'DS', Value: [12.34] },
            '00282114': { vr: 'CS', Value: ['ISO_10918_1'] },
        })));
        await openStudy(page, CT.study);
        assert.equal(await textOf(page, '.lossy'), 'Lossy stored 12.3:1 ISO 10918 1');

        for (let i = 0; i < 2; i++) {
            await page.keyboard.press('i');
            await drawn(page);
            assert.ok(await page.locator('.lossy').isVisible());
        }

        // no text at all, and no loss on the way: nothing to say
        assert.equal(await textOf(page, '.corner-tl'), '');
        assert.ok(!await page.locator('.badge').isVisible());
        await page.route('**/rendered?*', () => {});
        await page.keyboard.press('w');
        await drag(page, { x: 300, y: 300, dx: 60, dy: 0 });
        assert.ok(await page.locator('.badge').isVisible());
    });


onPage('a study that is opened again costs no bytes of pictures', {}, async (page) => {
    await openStudy(page, CT.study);

    const sent = () => page.evaluate(() =>
        /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType('resource'))
            .filter((e) => /rendered/.test(e.name)).map((e) => e.transferSize));

    assert.ok((await sent()).some((n) => n > 0));
    await page.goto(`${BASE}/`);
    await openStudy(page, CT.study);

    const again = await sent();

    assert.ok(again.length > 0);
    assert.deepEqual(again.slice(0, 2), [0, 0]);
});


onPage('the server is gone: the picture greys out, and comes back by itself',
    { allow: /ERR_/ }, async (page) => {
        await openStudy(page, CT.study);
        await page.route('**/rendered*', (route) => route.abort('connectionrefused'));
        await page.keyboard.press('w');
        await drag(page, { x: 300, y: 300, dx: 60, dy: 0 });
        await page.locator('.gone').waitFor();

        const opacity = () => page.evaluate(() => getComputedStyle(
            /** @type {Element} */ (document.querySelector('.port-picture'))).opacity);

        assert.ok(Number(await opacity()) < 0.5);
        assert.equal(await page.locator('.failed').isVisible(), false);
        assert.equal(await page.locator('.port').getAttribute('data-shown'), '1');

        await page.unroute('**/rendered*');
        await page.locator('.gone-again').click();
        await isShown(page, 1);
        await page.locator('.gone').waitFor({ state: 'hidden' });
        assert.equal(await opacity(), '1');
    });


onPage('a busy server is waited for, as long as it says', { allow: /503/ }, async (page) => {
    /** @type {number[]} */
    const asked = [];

    await page.route('**/rendered*', (route) => {
        asked.push(Date.now());

        if (asked.length === 1) {
            route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '' });
        } else {
            route.continue();
        }
    });
    await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
    await isShown(page, 1);
    assert.ok(await page.locator('.failed').isHidden());
});
