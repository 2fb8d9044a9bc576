// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses: of what is shown, and those that other systems make.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import {
    BASE, SIZES, canvasPixels, chooseLayout, drag, drawn, isShown, nextPage,
    onPage, openStudy, portBox, textOf,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { Proxy, changed } from './proxy.mjs';
import { store } from './part10.mjs';
import { CT, DX, NM, grey } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The address says so, after a moment. */
const says = async (/** @type {Page} */ page, /** @type {RegExp} */ what) => {
    await page.waitForFunction(([source]) => new RegExp(source).test(location.search),
        [what.source]);
    return page.url();
};

const corner = async (/** @type {Page} */ page, /** @type {number} */ at) => {
    await drawn(page);
    return page.locator('.corner-bl').nth(at).innerText();
};


onPage('H12 the address opens the same layout, image, window and zoom elsewhere', {},
    async (page) => {
        await openStudy(page, CT.study);
        assert.equal(new URL(page.url()).search, `?study=${CT.study}`);
        await chooseLayout(page, 1, 2);
        await isShown(page, 1, 1);
        await page.keyboard.press('End');
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('3');
        await page.keyboard.press('+');
        await drag(page, { x: 300, y: 300, dx: 50, dy: 20, button: 'middle' });
        await isShown(page, 23, 0);
        await page.locator('.port').nth(1).focus();
        await page.keyboard.press('n');
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2, 1);

        const url = await says(page, /i=[0-9.]+\.23,1~w=500,2000~z=[^]*\.2\.2,1~o=n/);
        const zoom = /** @type {RegExpMatchArray} */ (url.match(/z=([\d.,]+)/))[1];

        // at another size: the same part of the image in the middle
        page = await nextPage(page);
        await page.setViewportSize({ width: 1100, height: 700 });
        await page.goto(url);
        await isShown(page, 23, 0);
        await isShown(page, 2, 1);
        assert.match(await corner(page, 0), /23 \/ 24[^]*C 500 +W 2000/);
        assert.match(await corner(page, 1), /2 \/ 3[^]*inverted/);
        assert.equal(await page.locator('.cell.is-active .letter-top').innerText(), 'H');

        const box = await portBox(page, 0);
        const [times, x] = zoom.split(',').map(Number);
        const scale = box.width / 256 * times;
        const column = Math.floor(256 * x + 20 / scale);
        const [[r]] = await canvasPixels(page, Math.round(box.width / 2 + 20),
            Math.round(box.height / 2), 1, 1, 0);

        assert.ok(Math.abs(r - grey(CT.gradient(column), 500, 2000)) <= 4);
        // and it stays what it was
        await says(page, new RegExp(`z=${zoom}`));
    });


onPage('H12 a turned radiograph keeps its letters and its address', {}, async (page) => {
    await openStudy(page, DX.study);
    await page.keyboard.press('q');
    await page.keyboard.press('x');

    const letters = async () => [await textOf(page, '.letter-left'),
        await textOf(page, '.letter-top')];
    const before = await letters();
    const url = await says(page, /o=fr\d+/);

    page = await nextPage(page);
    await page.goto(url);
    await isShown(page, 1);
    assert.deepEqual(await letters(), before);
});


onPage('H12 an address that lies opens the study and nothing else', {}, async (page) => {
    await page.goto(`${BASE}/viewer.html?study=${CT.study}&layout=9x9&active=-7`
        + `&port=${CT.study}.1~i=1.2.3,9~w=x,-1~z=-2,5,NaN~o=r77~t=99,99`);
    await isShown(page, 1);
    assert.match(await corner(page, 0), /1 \/ 24[^]*C 40 +W 400/);
    assert.equal(await page.locator('.port').count(), 1);
    await page.locator('.note', { hasText: 'an image that is not in this series' }).waitFor();

    await page.goto(`${BASE}/viewer.html?study=${CT.study}&port=9.9.9`);
    await isShown(page, 1);
    await page.locator('.note', { hasText: 'a series that is not in this study' }).waitFor();
});


onPage('H12 a plain address is of what it opens: of another series it names it', {}, async (page) => {
    const StudyInstanceUID = newUid();

    await store(BASE, ['CT', 'US'].map((Modality, i) =>
        made({ StudyInstanceUID, Modality, SeriesNumber: i + 1 })));
    await page.goto(`${BASE}/viewer.html?study=${StudyInstanceUID}`);
    await isShown(page, 1);
    await page.locator('.strip-item:nth-child(2) .thumb.is-active').waitFor();
    await page.waitForFunction((uid) => location.search === `?study=${uid}`, StudyInstanceUID);
    await page.locator('.thumb').first().click();
    await page.locator('.strip-item:nth-child(1) .thumb.is-active').waitFor();
    await isShown(page, 1);
    await says(page, /port=[0-9.]+$/);
    await page.reload();
    await isShown(page, 1);
    await page.locator('.strip-item:nth-child(1) .thumb.is-active').waitFor();
});


onPage('H12 a key image has the address of the image that it is', {}, async (page) => {
    const of = { StudyInstanceUID: newUid(), SeriesInstanceUID: newUid() };

    await store(BASE, [1, 2].map((InstanceNumber) => made({ ...of, InstanceNumber })));
    await page.goto(`${BASE}/viewer.html?study=${of.StudyInstanceUID}`);
    await isShown(page, 1);
    await page.keyboard.press('*');
    await page.locator('.strip-item:nth-child(2)').waitFor();
    await page.locator('.thumb').first().click();
    await page.locator('.strip-item:nth-child(1) .thumb.is-active').waitFor();
    await isShown(page, 1);
    await says(page, new RegExp(`port=${of.SeriesInstanceUID}~i=`));
    await page.reload();
    await isShown(page, 1);
    assert.equal(await page.locator('.note').innerText(), '');
});


onPage('H12 the second loop of a series has an address', {}, async (page) => {
    const of = { StudyInstanceUID: newUid(), SeriesInstanceUID: newUid(), Modality: 'US',
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.3.1', NumberOfFrames: 3, FrameTime: 50,
        FrameIncrementPointer: 0x00181063, PixelData: Buffer.alloc(3 * 8 * 8 * 2, 7) };

    await store(BASE, [made({ ...of, InstanceNumber: 1 }), made({ ...of, InstanceNumber: 2 })]);
    await page.goto(`${BASE}/viewer.html?study=${of.StudyInstanceUID}`);
    await page.locator('.thumb').nth(1).click();
    await page.locator('.strip-item:nth-child(2) .thumb.is-active').waitFor();
    await page.waitForFunction(() => /** @type {HTMLElement} */ (
        document.querySelector('.port')).dataset.shown !== '');
    if (await page.locator('[data-command="cine"]').first().getAttribute('aria-pressed') === 'true') {
        await page.keyboard.press('c');
    }
    await page.keyboard.press('Home');
    await isShown(page, 1);
    await says(page, /i=[0-9.]+,1/);
    await page.reload();
    await page.locator('.strip-item:nth-child(2) .thumb.is-active').waitFor();
});


const INVOKE = `${BASE}/viewer.html?requestType=`;

onPage('G2 IHE Invoke Image Display opens a study, or the newest of a patient', {},
    async (page) => {
        const opens = async (/** @type {string} */ query, /** @type {string} */ study) => {
            await page.goto(INVOKE + query);
            await isShown(page, 1);
            assert.equal(new URL(page.url()).searchParams.get('study'), study);
        };

        await opens(`STUDY&studyUID=${NM.older}`, NM.older);
        await opens(`STUDY&accessionNumber=ACC-XSS`, CT.study);
        await opens('PATIENT&patientID=NM-1%5E%5E%5EHOSP&mostRecentResults=1', NM.newer);
        await opens('PATIENT&patientID=NM-1&lowerDateTime=2023-01-01T00:00:00'
            + '&upperDateTime=2023-12-31T00:00:00', NM.study);

        // several: the list, of that patient and time
        await page.goto(`${INVOKE}PATIENT&patientID=NM-1&lowerDateTime=20230101`);
        await page.waitForURL('**/?id=%22NM-1%22&from=2023-01-01');
        await page.getByText('Bone scan 20240601').first().waitFor();
        assert.equal(await page.getByText('Bone scan 20210601').count(), 0);
    });


onPage('IHE Invoke Image Display: what is asked for wrongly is said', { size: SIZES.tablet },
    async (page) => {
        for (const [query, message] of [
            ['SERIES', 'The address asks for neither a STUDY nor a PATIENT.'],
            ['STUDY&studyUID=../x', 'The address names no study.'],
            ['PATIENT', 'The address names no patient.'],
            ['PATIENT&patientID=*', 'The server has no such study.'],
            ['PATIENT&patientID=NM-1&lowerDateTime=soon', 'lowerDateTime is no date.'],
        ]) {
            await page.goto(INVOKE + query);
            await page.getByText(message, { exact: true }).waitFor();
        }
    });


/** Another site, of one page that shows an address in a frame. */
async function siteWith(/** @type {() => string} */ address) {
    const server = createServer((req, res) => {
        res.writeHead(200, { 'content-type': 'text/html' });
        res.end(`<!doctype html><title>RIS</title>
            <iframe src="${address()}" style="width:1000px;height:700px"></iframe>`);
    });

    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)));
    server.unref();

    return {
        origin: `http://127.0.0.1:${/** @type {any} */ (server.address()).port}`,
        stop: () => { server.closeAllConnections(); server.close(); },
    };
}


onPage('H12 the viewer in a frame of a site that the policy names, and of no other',
    { allow: /frame-ancestors|ERR_BLOCKED_BY_RESPONSE/ }, async (page) => {
        // as nginx.conf has it, and as viewer.md says how to add one
        const shipped = [...readFileSync('conf/nginx.conf', 'utf8')
            .matchAll(/Content-Security-Policy "([^"]*)"/g)].map(([, policy]) => policy);

        assert.ok(shipped.length === 2 && shipped.every((policy) =>
            policy.endsWith("frame-ancestors 'self'")), String(shipped));

        const proxy = new Proxy(BASE);
        const viewer = () => `${proxy.base}/viewer.html?study=${CT.study}`;
        const [ris, other] = [await siteWith(viewer), await siteWith(viewer)];

        proxy.on(/^\/viewer\.html/, changed((a) => ({ ...a, headers: { ...a.headers,
            'content-security-policy': `${shipped[0]} ${ris.origin}` } })));
        await proxy.start();

        try {
            await page.goto(ris.origin);

            const frame = page.frameLocator('iframe');

            await frame.locator('.badge[data-state="final"]').waitFor();
            assert.equal(await frame.locator('.banner-id').innerText(), CT.id);
            // it works there: keys and wheel are its own
            await frame.locator('.port').click();
            await page.keyboard.press('ArrowDown');
            await frame.locator('.port[data-shown="2"]').waitFor();

            await page.goto(other.origin);
            await page.waitForFunction(() => window.length === 1);

            const [, inside] = page.frames();

            await inside.waitForLoadState();
            assert.equal(await inside.locator('.banner').count(), 0);
            assert.doesNotMatch(inside.url(), /viewer/);
        } finally {
            await page.close();
            await proxy.stop();
            [ris, other].forEach((site) => site.stop());
        }
    });
