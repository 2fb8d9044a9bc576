// SPDX-License-Identifier: BSD-2-Clause
//
// The pages as a program: behind a proxy of ours, which can change the
// program's version as conf/nginx.conf tells it, and go away.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { BASE, isShown, nextPage, onPage } from './browser.mjs';
import { readPng } from './png.mjs';
import { Proxy, changed, held, says } from './proxy.mjs';
import { CT, US } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The pages under versions, as conf/nginx.conf has them. */
class Versions extends Proxy {
    program = '0a';
    /** as sub_filter does, and as conf/nginx.conf says of pages */
    page = changed(({ status, headers, body }) => {
        const { etag, 'last-modified': date, ...rest } = headers;

        return {
            status,
            headers: { ...rest, 'cache-control': 'no-cache' },
            body: Buffer.from(body.toString()
                .replace(/ (href|src)="(?:v\/[0-9a-f]+\/)?(css|js)\//g,
                    ` $1="v/${this.program}/$2/`)),
        };
    });

    constructor() {
        super(BASE);
        this.on(/./, (turn) => {
            turn.path = turn.path.replace(`/v/${this.program}/`, '/');
            turn.pass();
        });
        this.on(/^\/([a-z]+\.html)?(\?|$)/, this.page);
    }
}


/** The worker that rules the page now; the version is of its address. */
const workerOf = (/** @type {Page} */ page) => page.evaluate(() =>
    navigator.serviceWorker.controller?.scriptURL ?? '');

const ready = (/** @type {Page} */ page) => page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;

    if (active !== null && active.state !== 'activated') {
        await new Promise((done) => active.addEventListener('statechange', done));
    }
});

/** All that is kept: the caches' names, and paths. */
const kept = (/** @type {Page} */ page) => page.evaluate(async () => {
    const names = await caches.keys();
    const paths = [];

    for (const name of names) {
        for (const { url } of await (await caches.open(name)).keys()) {
            paths.push(new URL(url).pathname);
        }
    }

    return { names, paths };
});

const openThere = async (/** @type {Page} */ page, /** @type {Versions} */ proxy) => {
    await page.goto(`${proxy.base}/viewer.html?study=${CT.study}`);
    await isShown(page, 1);
};


/** @type {(name: string, body: (page: Page, proxy: Versions) => Promise<void>,
 *     allow?: RegExp) => void} a page behind a proxy of its own */
const onVersions = (name, body, allow) => onPage(name, { worker: true, allow }, async (page) => {
    const proxy = new Versions();

    await proxy.start();

    try {
        await body(page, proxy);
    } finally {
        await page.close();
        await proxy.stop();
    }
});


onPage('G23 installable: a manifest, icons, no complaint of the browser',
    { worker: true }, async (page) => {
        await page.goto(`${BASE}/`);

        const cdp = await page.context().newCDPSession(page);
        const { errors, data } = /** @type {any} */ (await cdp.send('Page.getAppManifest'));
        const manifest = JSON.parse(data);

        assert.deepEqual(errors, []);
        assert.equal(manifest.display, 'standalone');

        for (const icon of manifest.icons.filter((/** @type {any} */ i) => i.type === 'image/png')) {
            const answer = await fetch(`${BASE}/${icon.src}`);
            const png = readPng(Buffer.from(await answer.arrayBuffer()));

            assert.equal(answer.headers.get('content-type'), 'image/png');
            assert.equal(`${png.width}x${png.height}`, icon.sizes);
        }

        const { installabilityErrors } = /** @type {any} */ (
            await cdp.send('Page.getInstallabilityErrors'));

        // Playwright's windows are all private ones
        assert.deepEqual(installabilityErrors.map((/** @type {any} */ e) => e.errorId)
            .filter((/** @type {string} */ id) => id !== 'in-incognito'), []);
    });


onVersions('G23 installable: the worker comes after the first picture, and keeps the program only',
    async (page, proxy) => {
        await openThere(page, proxy);
        await ready(page);

        const worker = proxy.asked.findIndex((p) => p.startsWith('/worker.js'));
        const picture = proxy.asked.findIndex((p) => p.includes('/rendered?'));

        assert.ok(picture >= 0 && picture < worker, `${picture} before ${worker}`);

        // this one is the worker's
        await openThere(page, proxy);
        assert.match(await workerOf(page), /worker\.js\?program=0a$/);

        const { names, paths } = await kept(page);

        assert.deepEqual(names, ['program-0a']);
        assert.ok(paths.includes('/v/0a/js/viewer/main.js'), 'the program is kept');
        assert.deepEqual(paths.filter((p) =>
            !/^\/(v\/0a\/(css|js|img)\/.*|(away|viewer)\.html|img\/icon\.svg)$/.test(p)), [],
        'nothing else is');

        // what is kept is not asked for again
        proxy.asked = [];
        await openThere(page, proxy);
        assert.ok(proxy.asked.some((p) => p.startsWith('/viewer.html')));
        assert.deepEqual(proxy.asked.filter((p) => p.startsWith('/v/')), []);
    });


onVersions('G23 installable: the list brings the viewer’s program, before a study is opened',
    async (page, proxy) => {
        await page.goto(`${proxy.base}/`);
        await ready(page);

        const { paths } = await kept(page);
        const named = readFileSync(new URL('../../html/viewer.html', import.meta.url), 'utf8')
            .matchAll(/ (?:href|src)="((?:css|js)\/[^"]+)"/g);

        for (const [, path] of named) {
            assert.ok(paths.includes(`/v/0a/${path}`), path);
        }
    });


onVersions('G23 installable: a file that does not come is asked for later',
    async (page, proxy) => {
        const loop = /\/js\/viewer\/loop\.js$/;

        proxy.on(loop, says(503, 'text/plain', 'busy'));
        await page.goto(`${proxy.base}/`);
        await ready(page);

        const { paths } = await kept(page);

        assert.ok(paths.includes('/away.html') && paths.includes('/v/0a/js/viewer/main.js'));
        assert.ok(!paths.includes('/v/0a/js/viewer/loop.js'));

        proxy.off(loop);
        await openThere(page, proxy);
        assert.ok((await kept(page)).paths.includes('/v/0a/js/viewer/loop.js'));
    });


onPage('G23 installable: another version takes over at the next start', { worker: true },
    async (page) => {
        const proxy = new Versions();

        await proxy.start();

        try {
            await page.goto(`${proxy.base}/`);
            await ready(page);
            proxy.program = '0b';
            await page.goto(`${proxy.base}/`);
            assert.match(await workerOf(page), /0a$/, 'until then the old one stays');
            assert.equal(await page.locator('script[src="v/0b/js/start.js"]').count(), 1,
                'but shows the new pages');
            await page.waitForFunction(async () =>
                (await navigator.serviceWorker.getRegistration())?.waiting?.scriptURL.endsWith('0b'));

            // the browser takes its time after the last page has gone
            for (let i = 0; i < 20 && !(await workerOf(page)).endsWith('0b'); i++) {
                page = await nextPage(page);
                await page.goto(`${proxy.base}/`);
                await ready(page);
            }

            assert.match(await workerOf(page), /0b$/);
            assert.deepEqual((await kept(page)).names, ['program-0b']);
        } finally {
            await page.context().close();
            await proxy.stop();
        }
    });


onPage('G23 installable: no server, a clear page; and back', { worker: true, allow: /ERR_|dynamically imported/ },
    async (page) => {
        const proxy = new Versions();

        await proxy.start();
        await page.goto(`${proxy.base}/`);
        await ready(page);
        await page.reload();
        await proxy.stop();
        await page.goto(`${proxy.base}/viewer.html?study=1.2.3`);
        await page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
        assert.equal(await page.evaluate(() => getComputedStyle(
            /** @type {Element} */ (document.querySelector('.away'))).display), 'grid',
        'it has its style');

        await page.goto(`${proxy.base}/`);

        const again = new Versions();

        await again.start(proxy.port);

        try {
            await page.getByRole('link', { name: 'Try again' }).click();
            await page.getByRole('heading', { name: 'Studies' }).waitFor();
        } finally {
            await page.close();
            await again.stop();
        }
    });


/** @type {typeof onVersions} a viewer whose worker keeps its page */
const onKept = (name, body, allow) => onVersions(name, async (page, proxy) => {
    await openThere(page, proxy);
    await ready(page);
    await page.goto(`${proxy.base}/`);
    assert.match(await workerOf(page), /0a$/);
    await body(page, proxy);
}, allow);

const PAGE = /^\/viewer\.html\?/;
const viewerOf = (/** @type {Versions} */ proxy, study = CT.study) =>
    `${proxy.base}/viewer.html?study=${study}`;


onKept('L7 the viewer’s page is here before the server has sent it', async (page, proxy) => {
    const { rule, release } = held();
    const sent = new Promise((done) => proxy.on(PAGE, (turn) => {
        turn.res.on('finish', done);
        rule({ ...turn, pass: () => proxy.page(turn) });
    }));

    await page.goto(viewerOf(proxy));
    await isShown(page, 1);
    await page.evaluate(() => { /** @type {any} */ (window).isFirst = true; });
    proxy.asked = [];
    release();
    await sent;
    // what the server says is the same: the page stays
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    assert.ok(await page.evaluate(() => /** @type {any} */ (window).isFirst));
    assert.ok(!proxy.asked.some((p) => PAGE.test(p)));
});


onKept('L7 a page of another version replaces the one that was kept', async (page, proxy) => {
    proxy.program = '0b';
    await page.goto(viewerOf(proxy));
    await page.locator('script[src="v/0b/js/start.js"]').waitFor({ state: 'attached' });
    await isShown(page, 1);
    await page.waitForFunction(async () => await (await caches.open('program-0a'))
        .match('/viewer.html') !== undefined);
    assert.equal(await page.evaluate(async () => (await caches.match('/viewer.html'))?.url), '',
        'which study it was opened for is not kept');

    // and is the page of another study
    await page.goto(viewerOf(proxy, US.study));
    assert.equal(await page.evaluate(() => document.URL), viewerOf(proxy, US.study));
    await isShown(page, 1);
}, /dynamically imported|404/);


onKept('L7 who is signed out comes to the sign-in page', async (page, proxy) => {
    proxy.on(/^\/dicom-web\//, says(401, 'application/json', '{}'));
    proxy.on(PAGE, says(302, 'text/plain', '', { location: '/sign-in' }));
    proxy.on(/^\/sign-in/, says(200, 'text/html',
        '<link rel="icon" href="data:,"><h1>Sign in</h1>'));
    await page.goto(viewerOf(proxy));
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.ok(page.url().endsWith('/sign-in'));
    assert.ok(!(await kept(page)).paths.includes('/viewer.html'));
}, /401/);


for (const [name, rule, text] of /** @type {[string, import('./proxy.mjs').Rule, RegExp][]} */ ([
    ['refusal', says(403, 'text/html',
        '<link rel="icon" href="data:,"><h1>Not for you</h1>'), /Not for you/],
    ['server that does not answer', ({ res }) => res.destroy(), /The server does not answer/],
])) {
    onKept(`L7 a ${name} is seen, not the page that was kept`, async (page, proxy) => {
        proxy.on(PAGE, rule);
        await page.goto(viewerOf(proxy));
        await page.getByRole('heading', { name: text }).waitFor();
    }, /403|ERR_/);
}
