// SPDX-License-Identifier: BSD-2-Clause
//
// What a net and a server can do to the viewer: a proxy between them cuts
// bodies, sends what was not asked for, is busy, slow, or gone.

import assert from 'node:assert/strict';

import {
    BASE, canvasPixels, drag, drawn, isShown, onPage, portBox, textOf,
} from './browser.mjs';
import { CT as PHANTOM, storeCt } from './phantoms.mjs';
import { Proxy, changed, cut, held, says } from './proxy.mjs';
import { CT, NM } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The third slice from the head. */
const THIRD = /\/instances\/[\d.]+\.1\.3\/frames\/1\/rendered/;

const BLACK = [[0, 0, 0]];


/**
 * @param {string} name
 * @param {{allow?: RegExp}} options what the browser itself says of a fault
 * @param {(page: Page, proxy: Proxy) => Promise<void>} body
 */
function onFaults(name, options, body) {
    onPage(name, options, async (page) => {
        const proxy = new Proxy(BASE);

        await proxy.start();

        try {
            await body(page, proxy);
        } finally {
            await page.close();
            await proxy.stop();
        }
    });
}


const viewerOf = (/** @type {Proxy} */ proxy, study = CT.study) =>
    `${proxy.base}/viewer.html?study=${study}`;

const openThere = async (/** @type {Page} */ page, /** @type {Proxy} */ proxy, study = CT.study) => {
    await page.goto(viewerOf(proxy, study));
    await isShown(page, 1);
};


for (const [name, rule, reason] of /** @type {[string, import('./proxy.mjs').Rule, RegExp][]} */ ([
    ['a body that is cut', cut, /The answer broke off/],
    // the browser keeps it, as it would the right one
    ['half a picture', changed(({ status, headers, body }) => ({ status, headers,
        body: body.subarray(0, body.length / 2).fill(0, 100) })),
        /What came is no picture/],
    ['500 with a reason', says(500, 'application/json', '{"reason":"<b>disk"}'),
        /The server refused \(500\): <b>disk/],
])) {
    onFaults(`S5 a frame that fails is a crossed box, never skipped: ${name}`,
        { allow: /500|ERR_/ }, async (page, proxy) => {
            proxy.on(THIRD, rule);
            await openThere(page, proxy);
            await page.keyboard.press('ArrowDown');
            await isShown(page, 2);
            await page.keyboard.press('ArrowDown');
            await page.locator('.failed').waitFor();
            assert.match(await textOf(page, '.failed-text'), /^Image 3: /);
            assert.match(await textOf(page, '.failed-text'), reason);
            assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
            assert.ok(await page.locator('.gone').isHidden(), 'the others come');
            await page.keyboard.press('ArrowDown');
            await isShown(page, 4);
            await page.keyboard.press('ArrowUp');
            proxy.off(THIRD);
            await page.getByRole('button', { name: 'Try again' }).click();
            await isShown(page, 3);
        });
}


onFaults('S5 a busy server is asked again when it says so, and nothing fails', { allow: /503/ },
    async (page, proxy) => {
        let times = 0;

        proxy.on(THIRD, (turn) => ++times <= 2
            ? says(503, 'text/plain', 'later', { 'retry-after': '0' })(turn) : turn.pass());
        await openThere(page, proxy);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 3);
        assert.ok(times > 2);
        assert.ok(await page.locator('.failed').isHidden());
    });


onFaults('S8 a slow answer: what is not here is not shown as if it were', {},
    async (page, proxy) => {
        const { rule, release } = held();

        proxy.on(THIRD, rule);
        await openThere(page, proxy);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await isShown(page, 4);

        const four = await canvasPixels(page, 500, 300);
        const badge = page.locator('.badge');

        // what comes soon is not waited for in words
        assert.deepEqual(await page.evaluate(() => new Promise((done) => {
            document.body.dispatchEvent(new KeyboardEvent('keydown',
                { key: 'ArrowUp', bubbles: true }));
            requestAnimationFrame(() => done([
                document.querySelector('.port')?.getAttribute('data-waiting'),
                document.querySelector('.badge')?.getAttribute('data-state'),
            ]));
        })), ['true', 'final']);
        await page.locator('.badge[data-state="waiting"]').waitFor();
        assert.equal(await badge.innerText(), 'waiting');
        // what stays meanwhile says which it is
        assert.equal(await page.locator('.port').first().getAttribute('data-shown'), '4');
        assert.match(await textOf(page, '.corner-bl'), /\b4 \/ 24/);
        assert.deepEqual(await canvasPixels(page, 500, 300), four);
        // whatever texts are chosen
        await page.keyboard.press('i');
        await page.keyboard.press('i');
        await drawn(page);
        assert.ok(await badge.isVisible());
        await page.keyboard.press('i');
        release();
        await isShown(page, 3);
        assert.match(await badge.innerText(), /final|improving/);
    });


onFaults('S8 a first picture that is slow: it is waited for, in each viewport of its own',
    {}, async (page, proxy) => {
        const { rule, release } = held();

        proxy.on(THIRD, rule);
        await openThere(page, proxy);
        await page.keyboard.press('g');
        await page.getByRole('button', { name: '1 × 2 images' }).click();
        await isShown(page, 1);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        await page.locator('.badge[data-state="waiting"]').waitFor();
        await page.locator('.badge[data-state="final"]').waitFor();
        assert.deepEqual(await page.locator('.badge').evaluateAll((all) =>
            all.map((n) => n.getAttribute('data-state'))), ['final', 'waiting']);
        release();
        await isShown(page, 3, 1);
    });


onFaults('S1 H9 the picture of another patient is refused, wherever it comes from', {},
    async (page, proxy) => {
        proxy.on(THIRD, (turn) => {
            turn.path = `/dicom-web/studies/${NM.study}/series/${NM.study}.1/instances/`
                + `${NM.study}.1.1/frames/1/rendered?quality=90`;
            turn.pass();
        });
        await page.goto(viewerOf(proxy));
        await page.locator('.banner.is-alarm').waitFor();
        assert.equal(await textOf(page, '.banner-alarm'), 'A picture of another study was sent.');
        assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
    });


onFaults('S1 H9 what is shown goes, too, when a picture of another patient comes', {},
    async (page, proxy) => {
        await openThere(page, proxy);
        proxy.on(/rendered\?.*window=/, (turn) => {
            turn.path = `/dicom-web/studies/${NM.study}/series/${NM.study}.1/instances/`
                + `${NM.study}.1.1/frames/1/rendered?quality=90`;
            turn.pass();
        });
        await page.keyboard.press('2');
        await page.locator('.banner.is-alarm').waitFor();
        assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
        assert.equal(await page.locator('.port').getAttribute('data-shown'), '');
        // and no key brings it back
        await page.keyboard.press('0');
        await page.keyboard.press('ArrowDown');
        assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
    });


onFaults('S1 H9 a page instead of a picture names no image: it is refused', {},
    async (page, proxy) => {
        proxy.on(THIRD, says(200, 'text/html', '<h1>Please log in</h1>'));
        await page.goto(viewerOf(proxy));
        await page.locator('.banner.is-alarm').waitFor();
        assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
    });


onFaults('S1 H9 the list of another study is refused', {}, async (page, proxy) => {
    proxy.on(/\/studies\/[\d.]+\/session$/, changed((a) => {
        const body = JSON.parse(a.body.toString());

        body.study[0]['00100020'].Value = ['SOMEBODY-ELSE'];
        return { ...a, body: Buffer.from(JSON.stringify(body)) };
    }));
    await page.goto(viewerOf(proxy));
    await page.locator('.banner.is-alarm').waitFor();
    assert.equal(await page.locator('.port').first().getAttribute('data-shown') ?? '', '');
    assert.deepEqual(await canvasPixels(page, 500, 300), BLACK);
});


for (const [name, rule] of /** @type {[string, import('./proxy.mjs').Rule][]} */ ([
    ['HTML instead of JSON', says(200, 'text/html', '<h1>Please log in</h1>')],
    ['JSON that is cut', cut],
    ['half of a JSON', changed((a) => ({ ...a, body: a.body.subarray(0, a.body.length / 2) }))],
    ['JSON that is no DICOM', says(200, 'application/dicom+json', '{"a":[null,7]}')],
    ['datasets that are none', says(200, 'application/dicom+json', '[null,7,[],{"00100020":3}]')],
    ['a session of none', says(200, 'application/json', '{"study":[null],"series":[7,null],"metadata":3}')],
    ['a session of another study', (turn) => {
        turn.path = turn.path.replace(CT.study, NM.study);
        turn.pass();
    }],
])) {
    onFaults(`B02 what says nothing of the study opens nothing: ${name}`, { allow: /ERR_/ },
        async (page, proxy) => {
            proxy.on(/\/dicom-web\/studies(\?|\/[\d.]+\/session|.*\/metadata)/, rule);
            await page.goto(viewerOf(proxy));
            await page.locator('.message:not(:empty), .banner.is-alarm').first().waitFor();
            await page.waitForFunction(() => document.querySelector('.message')
                ?.textContent !== 'Opening the study');
            assert.match(await textOf(page, 'body'),
                /not DICOM JSON|no such study|does not answer|another|broke off/);
            assert.deepEqual(await canvasPixels(page, 0, 0).catch(() => BLACK), BLACK);
        });
}


onFaults('S5 the server is gone: it greys, marks are kept and sent later, all comes back',
    { allow: /ERR_/ }, async (page, proxy) => {
        const study = await storeCt(BASE);
        const reports = async () => JSON.parse(await (await fetch(
            `${BASE}/dicom-web/studies/${study}/series?Modality=SR`)).text() || '[]').length;

        await openThere(page, proxy, study);
        await page.keyboard.press('d');
        await page.waitForSelector('.layer-marks', { state: 'attached' });
        await proxy.stop();
        // of pictures that are not here
        await page.keyboard.press('w');
        await drag(page, { x: 300, y: 300, dx: 37, dy: 11 });
        await page.locator('.gone').waitFor();
        assert.equal(await page.locator('.port-picture').evaluate((n) =>
            getComputedStyle(n).opacity), '0.35');
        assert.equal(await page.locator('.port').getAttribute('data-shown'), '1',
            'the last one stays');

        await page.keyboard.press('d');

        const box = await portBox(page);
        const pixel = Math.min(box.width / (PHANTOM.columns * PHANTOM.column),
            box.height / (PHANTOM.rows * PHANTOM.row)) * PHANTOM.column;

        await drag(page, { x: box.width / 2 - 50 * pixel, y: 200, dx: 100 * pixel, dy: 0 });
        await page.getByText(/^50(\.\d)? mm/).first().waitFor();
        await page.waitForFunction((study) => Object.entries(localStorage)
            .some(([key, value]) => key.endsWith(study) && value.includes('length')), study);
        assert.equal(await reports(), 0);

        await proxy.start(proxy.port);
        // by itself: nobody clicks
        await page.locator('.gone').waitFor({ state: 'hidden' });
        await isShown(page, 1);
        await page.waitForSelector('.mark:not([data-uid=""])');

        while (await reports() === 0) {
            await drawn(page);
        }

        assert.ok(await page.locator('.mark').count() === 1);
    });


onFaults('S5 a series that could not be opened says why, and is asked for again', { allow: /40[04]|500/ },
    async (page, proxy) => {
        const metadata = /\/series\/[\d.]+\/metadata/;

        proxy.on(/\/session$/, says(404, 'application/json', '{"reason":"none"}'));
        proxy.on(metadata, says(500, 'application/json', '{"reason":"disk"}'));
        await page.goto(viewerOf(proxy));
        await page.locator('.port-again').waitFor();
        assert.match(await textOf(page, '.port-message'), /The server refused \(500\): disk/);
        // in vain, and it says so
        await page.locator('.port-again').click();
        await page.locator('.port-again').waitFor();
        proxy.off(metadata);
        await page.locator('.port-again').click();
        await isShown(page, 1);
        assert.ok(await page.locator('.port-again').isHidden());
    });


/** Markup, a change of direction, and 64 kB of it. */
const NASTY = '<img src=x onerror=alert(1)><b>\u202eevil\u2066 "\'&amp;</script>';
const LONG = NASTY + 'W'.repeat(65536);

/** Every text of every dataset, but for UIDs, dates and what must be equal. */
const nasty = (/** @type {string} */ text) => changed((a) => {
    const change = (/** @type {any} */ ds) => {
        for (const [tag, element] of Object.entries(ds)) {
            if (element.vr === 'SQ') {
                element.Value?.forEach(change);
            } else if (element.vr === 'PN') {
                element.Value = [{ Alphabetic: text, Ideographic: text, Phonetic: text }];
            } else if (['LO', 'SH', 'ST', 'LT', 'UT', 'UC', 'AS', 'PN'].includes(element.vr)
                && tag !== '00100020')
            {
                element.Value = [text];
            }
        }
    };
    const all = JSON.parse(a.body.toString() || '[]');

    [Array.isArray(all) ? all : Object.values(all).filter(Array.isArray)].flat(2).forEach(change);

    return { ...a, body: Buffer.from(JSON.stringify(all)) };
});

for (const [name, text] of [['markup and right-to-left override', NASTY], ['64 kB', LONG]]) {
    onFaults(`B25 every text of DICOM is text: ${name}`, {}, async (page, proxy) => {
        const wrong = () => page.evaluate(() => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const open = [];

            for (let n = walker.nextNode(); n !== null; n = walker.nextNode()) {
                const at = /** @type {Element} */ (n.parentElement);

                if (n.textContent?.includes('\u202e')
                    && !/isolate|plaintext/.test(getComputedStyle(at).unicodeBidi)
                    && at.closest('option, title') === null)
                {
                    open.push(`${at.tagName}.${at.className}`);
                }
            }

            const root = document.documentElement;

            return { open, made: document.querySelectorAll('img[src="x"], body b').length,
                over: Math.max(0, root.scrollWidth - innerWidth) };
        });
        const fine = { open: [], made: 0, over: 0 };

        proxy.on(/\/dicom-web\/studies(\?|\/.*\/(series|metadata|instances)(\?|$)|\/[\d.]+\/session$)/,
            nasty(text));
        await page.goto(viewerOf(proxy));
        await isShown(page, 1);
        assert.ok((await textOf(page, '.banner-name')).startsWith('<img src=x'));
        assert.deepEqual(await wrong(), fine);

        await page.goto(`${proxy.base}/`);
        await page.locator('.row').first().waitFor();
        assert.ok((await page.locator('.row-name').first().innerText()).startsWith('<img src=x'));
        assert.deepEqual(await wrong(), fine);
    });
}
