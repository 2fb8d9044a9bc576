// SPDX-License-Identifier: BSD-2-Clause
//
// node viewer.mjs '{"url", "ohif", "ca", "home", "rounds", "only", …studies}':
// the viewer in Chromium over emulated networks, and OHIF beside it.  A line
// of JSON a row, for tools/bench: {name, value, bar, note, most}.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(new URL('../../t/browser/package.json', import.meta.url));
const { chromium } = require('playwright-core');

// Playwright has the tab keep all that came for its inspector, as no user's
// browser does; of its memory that is no part
const { CRSession } = require(`${dirname(require.resolve('playwright-core'))}`
    + '/lib/server/chromium/crConnection.js');
const { send } = CRSession.prototype;

CRSession.prototype.send = function (method, args) {
    return send.call(this, method, method !== 'Network.enable' ? args
        : { ...args, maxTotalBufferSize: 0, maxResourceBufferSize: 0 });
};

const given = JSON.parse(process.argv[2]);
const ROUNDS = given.rounds ?? 7;
/** Of what is done once a study: with fewer the worst would be the p95 of them. */
const OPENINGS = 3 * ROUNDS;

/** Bytes a second, ms: what issue 5 measures with. */
const NETS = {
    fast: { name: '30 Mbit/s 10 ms', rate: 30e6 / 8, rtt: 10 },
    vpn: { name: '5 Mbit/s 60 ms', rate: 5e6 / 8, rtt: 60 },
    poor: { name: '1 Mbit/s 200 ms', rate: 1e6 / 8, rtt: 200 },
};

const row = (name, value, bar, note = '', most = true) =>
    console.log(JSON.stringify({ name, value, bar, note, most }));

/** p50 and p95 of what is measured, beside their bars */
function rows(name, values, [p50, p95], note = '') {
    row(`${name}: p50`, quantile(values, 0.5), p50, note);
    row(`${name}: p95`, quantile(values, 0.95), p95);
}

function quantile(values, q) {
    const sorted = [...values].sort((a, b) => a - b);

    return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
}

const kB = (bytes) => Math.round(bytes / 1000);


/** A Chromium of its own, which trusts our CA: its cache works as in life. */
async function browse(options = {}) {
    const home = `${given.home}/chromium${browse.count = (browse.count ?? 0) + 1}`;
    const nss = `${home}/.pki/nssdb`;

    execFileSync('mkdir', ['-p', nss]);
    execFileSync('certutil', ['-d', `sql:${nss}`, '-N', '--empty-password']);
    execFileSync('certutil', ['-d', `sql:${nss}`, '-A', '-t', 'C,,', '-n', 'pacs',
        '-i', given.ca]);

    const context = await chromium.launchPersistentContext(`${home}/profile`, {
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
        env: { ...process.env, HOME: home },
        viewport: { width: 1440, height: 900 },
        ...options,
    });

    await context.addInitScript(watch);
    context.setDefaultTimeout(120000);
    return Object.assign(context, { benchProfile: `${home}/profile` });
}


/** Runs in each page: what was on the screen when, by the clock. */
function watch() {
    const clock = () => performance.timeOrigin + performance.now();
    const log = window.benchLog = [];
    let last = '';

    window.benchClock = clock;
    localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
    addEventListener('click', () => sessionStorage.setItem('benchClick', String(clock())),
        { capture: true });

    const ours = (/** @type {any} */ port) => ({
        shown: port.dataset.shown, window: port.dataset.window,
        good: port.dataset.stage === 'final' || port.dataset.stage === 'exact',
        final: port.querySelector('.badge').dataset.state === 'final',
        exact: port.querySelector('canvas').style.filter === '' && port.dataset.shown !== '',
    });
    const theirs = () => {
        const port = window.cornerstone?.getRenderingEngines()
            .flatMap((e) => e.getViewports())[0];
        const here = port?.viewportStatus === 'rendered' && port.csImage !== undefined;

        return { shown: here ? port.csImage.imageId : '', good: here, final: here, exact: here };
    };

    const { port1, port2 } = new MessageChannel();

    port1.onmessage = () => {
        const port = document.querySelector('.port');
        const now = port === null ? theirs() : ours(port);
        const text = JSON.stringify(now);

        if (text !== last) {
            last = text;
            log.push({ at: clock(), ...now });
        }
    };

    // a frame of the screen is committed when its callbacks are done
    const look = () => {
        port2.postMessage(0);
        requestAnimationFrame(look);
    };

    requestAnimationFrame(look);
}


async function throttle(page, net) {
    const cdp = await page.context().newCDPSession(page);

    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', {
        offline: false, latency: net?.rtt ?? 0,
        downloadThroughput: net?.rate ?? -1, uploadThroughput: net?.rate ?? -1,
    });
    return cdp;
}


/**
 * Bytes of bodies on the wire, by what they were for.
 * @returns {(until?: number) => {program: number, pictures: number, data: number}}
 *     that had come by then, ms by the clock
 */
function count(cdp) {
    const kinds = new Map();
    const all = [];
    let epoch = 0;

    cdp.on('Network.requestWillBeSent', ({ wallTime, timestamp }) => {
        epoch = wallTime - timestamp;
    });
    cdp.on('Network.responseReceived', ({ requestId, type, response }) => {
        const kind = /\/(rendered|thumbnail|frames)/.test(response.url) ? 'pictures'
            : /dicom-web/.test(response.url) ? 'data' : 'program';

        kinds.set(requestId, { kind, head: response.encodedDataLength });
    });
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength, timestamp }) => {
        const { kind, head } = kinds.get(requestId) ?? {};

        all.push({ kind, bytes: Math.max(0, encodedDataLength - head),
            at: (epoch + timestamp) * 1000 });
    });

    return (until = Infinity) => all.filter(({ kind, at }) => kind !== undefined && at <= until)
        .reduce((got, { kind, bytes }) => ({ ...got, [kind]: got[kind] + bytes }),
            { program: 0, pictures: 0, data: 0 });
}


/** When a picture of quality 90 or better was on the screen, by the clock. */
async function shown(page, after = 0, number = null) {
    return (await page.waitForFunction(([after, number]) =>
        window.benchLog?.find((x) => x.at >= after && x.good && x.exact && x.shown !== ''
            && (number === null || x.shown === number))?.at,
    [after, number])).jsonValue();
}


const viewer = (study) => `${given.url}/viewer.html?study=${study}`;
const ohif = (study) => `${given.ohif}/viewer?StudyInstanceUIDs=${study}`;


/** Program in the cache, pictures not: a page after one of another study. */
async function primed(context, url) {
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);

    await cdp.send('Network.clearBrowserCache');
    await page.goto(url);
    await shown(page);
    return page;
}


/** The program is kept: no longer beside what is measured. */
const keptProgram = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => 0));


/** @returns {Promise<number[]>} ms from the click in the study list */
async function opening(net, patient) {
    const context = await browse();
    const took = [];

    for (let i = 0; i < OPENINGS; i++) {
        const page = await primed(context, viewer(given.small));

        await page.goto(`${given.url}/?id=${patient}`);
        await page.locator('.row-name').first().waitFor();
        await keptProgram(page);
        await throttle(page, net);
        await page.locator('.row-name').first().click();
        await page.waitForURL('**/viewer.html**', { waitUntil: 'commit' });

        const to = await shown(page);

        took.push(to - await page.evaluate(() => Number(sessionStorage.getItem('benchClick'))));
        await page.close();
    }

    await context.close();
    return took;
}


/** @returns {Promise<number[]>} ms from the click in the strip */
async function series(net) {
    const context = await browse();
    const took = [];

    for (let i = 0; i < OPENINGS; i++) {
        const page = await primed(context, viewer(given.two));

        await keptProgram(page);
        await throttle(page, net);
        await page.locator('.thumb').nth(1).click();

        const from = await page.evaluate(() => Number(sessionStorage.getItem('benchClick')));

        took.push(await shown(page, from + 1) - from);
        await page.close();
    }

    await context.close();
    return took;
}


/** Notes of each movement of the pointer when it was dispatched, and seen. */
const watchInput = (page) => page.evaluate(() => {
    window.benchInput = [];
    addEventListener('pointermove', (e) => {
        const step = { from: performance.timeOrigin + e.timeStamp, to: 0 };

        window.benchInput.push(step);
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();

            port1.onmessage = () => { step.to = window.benchClock(); };
            port2.postMessage(0);
        });
    }, { capture: true });
});


/** @returns {Promise<number[]>} L1 of a page that has nothing else to do */
async function empty() {
    const context = await browse();
    const page = await context.newPage();

    await page.goto(`${given.url}/away.html`);
    await page.setContent('<div style="position:fixed;inset:0;background:#333"></div>');
    await watchInput(page);
    await page.evaluate(() => addEventListener('pointermove', (e) => {
        document.querySelector('div').style.filter = `contrast(${1 + e.clientX / 2000})`;
    }));
    for (let i = 0; i < 12 * ROUNDS; i++) {
        // a hand does not wait for the screen's frames
        await page.waitForTimeout(Math.random() * 50);
        await page.mouse.move(200 + i, 300);
        await page.waitForFunction((n) => window.benchInput[n]?.to > 0, i);
    }

    const took = await page.evaluate(() => window.benchInput.map((e) => e.to - e.from));

    await context.close();
    return took;
}


/** L1, L3, L6: ms of each step of a window drag, and of each rest */
async function dragging(net) {
    const context = await browse();
    const page = await context.newPage();
    const out = { local: [], exact: [], final: [], bytes: 0 };

    await throttle(page, net);
    await page.goto(viewer(given.two));
    await shown(page);
    await page.keyboard.press('w');
    await page.waitForTimeout(3000);
    await watchInput(page);

    const box = await page.locator('.port').first().boundingBox();
    let x = box.x + 200;
    let y = box.y + 300;
    const step = async (dx, dy) => {
        const at = await page.evaluate(() => window.benchInput.length);

        // a hand does not wait for the screen's frames
        await page.waitForTimeout(Math.random() * 50);
        await page.mouse.move(x += dx, y += dy);
        return (await page.waitForFunction((n) =>
            window.benchInput[n]?.to > 0 && window.benchInput[n].from, at)).jsonValue();
    };

    await page.mouse.move(x, y);
    await page.mouse.down();

    for (let i = 0; i < 6 * ROUNDS; i++) {
        const from = await step(i % 24 < 12 ? 5 : -5, i % 24 < 12 ? -3 : 3);
        const to = await (await page.waitForFunction((from) =>
            window.benchLog.find((e) => e.at >= from && e.exact)?.at, from)).jsonValue();

        out.exact.push(to - from);
    }

    for (let i = 0; i < ROUNDS; i++) {
        let from = 0;

        for (let k = 0; k < 6; k++) {
            from = await step(4, -2);
        }
        out.final.push(await shown(page, from + 1) - from);
    }

    // an answer without a body counts as 300
    out.bytes = await page.evaluate(() => performance.getEntriesByType('resource')
        .filter((e) => /quality=90/.test(e.name) && e.transferSize > 300).at(-1).transferSize);
    out.local = await page.evaluate(() => window.benchInput.map((e) => e.to - e.from));
    await page.mouse.up();
    await context.close();
    return out;
}


/** Nothing has come for a second; the stream of events never ends. */
async function settled(page) {
    await page.evaluate(() => performance.setResourceTimingBufferSize(1e5));

    const come = () => page.evaluate(() => performance.getEntriesByType('resource').length);

    for (let before = -1, now = 0; now !== before;) {
        before = now;
        await page.waitForTimeout(1000);
        now = await come();
    }
}


/** L4: through slices that are here, one a frame of the screen, there and back */
async function scrolling() {
    const context = await browse();
    const page = await context.newPage();
    const slices = 200;
    const sweeps = [];

    await page.goto(viewer(given.ct));
    await shown(page);

    // there and back: now they are here
    for (let i = 1; i <= slices; i++) {
        await page.keyboard.press('ArrowDown');
        if (i % 20 === 0) {
            await shown(page, 0, String(i + 1));
        }
    }
    await page.evaluate(() => { window.benchLog.length = 0; });
    for (let i = 0; i < slices; i++) {
        await page.keyboard.press('ArrowUp');
    }
    await shown(page, 0, '1');
    await settled(page);

    for (let i = 0; i < ROUNDS; i++) {
        sweeps.push(await swept(page, i % 2 === 0 ? 'ArrowDown' : 'ArrowUp', slices));
    }

    await context.close();
    return sweeps;
}


/** A key a frame of the screen, and what is shown then. */
async function swept(page, key, slices) {
    const seen = await page.evaluate(([key, slices]) => new Promise((done) => {
        const port = document.querySelector('.port');
        const first = Number(port.dataset.shown);
        const log = [];
        let sent = 0;
        const step = (now) => {
            log.push({ at: now, shown: Number(port.dataset.shown) });

            if (Math.abs(log.at(-1).shown - first) === slices || now - log[0].at > 30000) {
                done(log);
                return;
            }
            if (sent++ < slices) {
                document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
            }
            requestAnimationFrame(step);
        };

        requestAnimationFrame(step);
    }), [key, slices]);
    const first = seen.find((e) => e.shown !== seen[0].shown);
    const last = seen.at(-1);

    return {
        rate: Math.abs(last.shown - first.shown) / (last.at - first.at) * 1000,
        dropped: slices + 1 - new Set(seen.map((e) => e.shown)).size,
        longest: Math.max(...seen.slice(1).map((e, i) => e.at - seen[i].at)),
    };
}


/** MB, proportional set size of the process that draws the largest tab */
function memory(context) {
    const all = execFileSync('ps', ['-eo', 'pid,ppid,args', '--no-headers']).toString()
        .split('\n').map((l) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(l)).filter(Boolean)
        .map(([, pid, parent, args]) => ({ pid, parent, args }));
    const ours = new Set(all.filter((p) => p.args.includes(context.benchProfile)).map((p) => p.pid));

    for (let n = -1; n !== ours.size;) {
        n = ours.size;
        all.filter((p) => ours.has(p.parent)).forEach((p) => ours.add(p.pid));
    }

    return Math.max(...all.filter((p) => ours.has(p.pid) && p.args.includes('--type=renderer'))
        .map((p) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(
            `/proc/${p.pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024));
}


/** 2 × 2 viewports, each with the first series. */
async function fourfold(page) {
    await page.getByRole('button', { name: 'Layout' }).click();
    await page.getByRole('button', { name: '2 × 2', exact: true }).click();

    for (let i = 0; i < 4; i++) {
        await page.locator('.port').nth(i).focus();
        await page.locator('.thumb').first().click();
        await page.waitForFunction((i) => document.querySelectorAll('.port')[i]
            ?.dataset.shown !== '', i);
    }
    for (let i = 0; i < 4; i++) {
        const box = await page.locator('.port').nth(i).boundingBox();

        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        for (let k = 0; k < 40 * (i + 1); k++) {
            await page.mouse.wheel(0, 120);
        }
    }
}


/** A study that has been looked through: MB then, and when it rests. */
async function looking(url, layout, steps) {
    const context = await browse();
    const page = await context.newPage();

    await page.goto(url);
    await shown(page);
    await layout(page);

    for (let i = 0; i < steps; i++) {
        await page.mouse.wheel(0, 120);
        await page.waitForTimeout(30);
    }
    const then = memory(context);

    // Chromium lets go of what is not needed 10 to 20 s after the last use
    await page.waitForTimeout(30000);

    const rest = memory(context);

    await context.close();
    return { then, rest };
}


/** First visit and the 10 s after its picture, then others with the program in the cache. */
async function visits(net, url, other) {
    const context = await browse();
    let page = await context.newPage();
    const counted = count(await throttle(page, null));

    await page.goto(url);

    const at = await shown(page);

    await page.waitForTimeout(10000);

    const first = counted(at);
    const later = sum(counted()) - sum(first);

    await page.close();

    const took = [];

    for (let i = 0; i < ROUNDS; i++) {
        page = await primed(context, other);
        await page.close();
        page = await context.newPage();

        await throttle(page, net);

        const from = Date.now();

        await page.goto(url, { waitUntil: 'commit' });
        took.push(await shown(page) - from);
        await page.close();
    }

    await context.close();
    return { first, later, took };
}


/** Bytes to the picture with the program in the cache.  Of what a service
 *  worker asks for, or a slowed net brings, Chromium tells no lengths. */
async function bytesAgain(url, other) {
    const context = await browse({ serviceWorkers: 'block' });

    await (await primed(context, other)).close();

    const page = await context.newPage();
    const came = count(await throttle(page, null));

    await page.goto(url);

    const at = await shown(page);

    await page.waitForTimeout(1000);
    await context.close();
    return sum(came(at));
}


const sum = ({ program, data, pictures }) => program + data + pictures;


/** @returns {Promise<number>} bytes of pictures of a study that was seen */
async function again(url) {
    const context = await browse();
    let bytes = 0;

    for (let i = 0; i < 2; i++) {
        const page = await context.newPage();

        await page.goto(url);
        await shown(page);
        await page.waitForTimeout(i === 0 ? 10000 : 1000);
        // an answer without a body counts as 300
        bytes = await page.evaluate(() => performance.getEntriesByType('resource')
            .filter((e) => /rendered|thumbnail/.test(e.name))
            .reduce((sum, e) => sum + Math.max(0, e.transferSize - 300), 0));
        await page.close();
    }

    await context.close();
    return bytes;
}


const only = new Set((given.only ?? '').split(',').filter(Boolean));
const on = (name) => only.size === 0 || only.has(name);

if (on('bytes')) {
    const { first } = await visits(NETS.fast, viewer(given.ct), viewer(given.small));

    row('L10 html, js and css to the first screen, kB', first.program / 1000, 150,
        `as sent; first pictures ${kB(first.pictures)} kB, DICOM JSON ${kB(first.data)} kB`);
    row('a study opened again: bytes of pictures', await again(viewer(given.two)), 0);
}

/** The first one finds a browser that was just started. */
const openings = (name, took, bars) =>
    rows(name, took, bars, `the first of the browser's life ${took[0].toFixed(0)}`);

for (const net of on('open') ? [NETS.fast, NETS.vpn, NETS.poor] : []) {
    openings(`L7 click in the list to first picture, 1,000-slice CT, ${net.name}, ms`,
        await opening(net, given.ctPatient), [1000, 2500]);
}

for (const net of on('radiograph') ? [NETS.fast, NETS.vpn] : []) {
    openings(`first picture of a 3,000² radiograph from the click, ${net.name}, ms`,
        await opening(net, given.dxPatient), [800, 800]);
}

for (const [net, bar] of on('series') ? [[NETS.fast, 300], [NETS.vpn, 800]] : []) {
    openings(`L5 click a series to its first picture, ${net.name}, ms`, await series(net),
        [bar, bar]);
}

const bare = on('drag') ? await empty() : [];
const bareNote = on('drag') ? `an empty page takes ${quantile(bare, 0.5).toFixed(1)}, `
    + `p95 ${quantile(bare, 0.95).toFixed(1)}` : '';

for (const net of on('drag') ? [NETS.fast, NETS.vpn, NETS.poor] : []) {
    const d = await dragging(net);

    rows(`L1 pointer to local feedback, window drag, ${net.name}, ms`, d.local, [16, 33],
        bareNote);
    rows(`L3 pointer to exact picture, window drag, ${net.name}, ms`, d.exact,
        [net.rtt + 20, net.rtt <= 60 ? Math.min(100, net.rtt + 60) : net.rtt + 60]);

    const bar = 150 + net.rtt + d.bytes / net.rate * 1000;

    rows(`L6 rest to final picture, ${net.name}, ms`, d.final, [bar, bar + 60].map(Math.round),
        `150 ms, a round trip and ${kB(d.bytes)} kB`);
}

if (on('scroll')) {
    const all = await scrolling();
    const most = (name) => Math.max(...all.map((s) => s[name]));
    const rates = all.map((s) => s.rate);

    row('L4 cached scroll, slices/s', quantile(rates, 0.5), 60,
        `of ${all.length} sweeps ${Math.min(...rates).toFixed(1)} to ${most('rate').toFixed(1)}, `
            + `longest frame ${most('longest').toFixed(0)} ms`, false);
    row('L4 cached scroll: slices that were not shown, worst sweep', most('dropped'), 0);
}

if (on('memory')) {
    const ours = await looking(viewer(given.ct), fourfold, 200);
    const blank = await looking(viewer(given.small), async () => {}, 0);

    row('L9 memory of the tab, 1,000-slice CT, 2 × 2, MB', ours.rest, 150,
        `PSS of its renderer, 30 s after 600 steps; at the last of them `
        + `${ours.then.toFixed(0)}, with a study of 3 slices ${blank.rest.toFixed(0)}`);
    if (given.ohif) {
        const theirs = await looking(ohif(given.ct), async () => {}, 200);

        row('memory of the tab, 1,000-slice CT / OHIF', ours.rest / theirs.rest, 1,
            `${ours.rest.toFixed(0)} MB, OHIF ${theirs.rest.toFixed(0)} MB`);
    }
}

for (const net of on('ohif') && given.ohif ? [NETS.fast, NETS.vpn] : []) {
    const a = await visits(net, viewer(given.ct), viewer(given.small));
    const b = await visits(net, ohif(given.ct), ohif(given.small));
    const ms = (v) => quantile(v.took, 0.5);

    row(`first picture of the CT, program cached, ${net.name} / OHIF`, ms(a) / ms(b), 1,
        `${ms(a).toFixed(0)} ms, OHIF ${ms(b).toFixed(0)} ms`);
    row(`bytes to that picture, first visit, ${net.name} / OHIF`,
        sum(a.first) / sum(b.first), 1,
        `${kB(sum(a.first))} kB, OHIF ${kB(sum(b.first))} kB; `
        + `in the 10 s after it ${kB(a.later)} kB, OHIF ${kB(b.later)} kB`);
}

if (on('ohif') && given.ohif) {
    const ours = await bytesAgain(viewer(given.ct), viewer(given.small));
    const theirs = await bytesAgain(ohif(given.ct), ohif(given.small));

    row('bytes to that picture, program cached / OHIF', ours / theirs, 1,
        `${kB(ours)} kB, OHIF ${kB(theirs)} kB`);
}

process.exit(0);
