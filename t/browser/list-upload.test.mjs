// SPDX-License-Identifier: BSD-2-Clause
//
// Uploading from the study list: what is stored is found on the server, what
// is not says why; cut connections, reloads, pauses.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { BASE, onPage } from './browser.mjs';
import { made, newUid } from './made.mjs';
import { part10, store } from './part10.mjs';

/** @typedef {import('playwright-core').Page} Page */

const folder = mkdtempSync(join(tmpdir(), 'pacs-upload-'));

after(() => rmSync(folder, { recursive: true }));

/** @param {string} name @param {Buffer | string} data @returns {string} path */
function file(name, data) {
    const path = join(folder, name);

    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, data);

    return path;
}

/** @param {Page} page */
async function openPanel(page) {
    await page.goto(BASE);
    await page.locator('.live.is-live').waitFor();
    await page.locator('.head .open-upload').click();
    await page.locator('.upload').waitFor();
}

/** @param {Page} page @param {string | string[]} paths @param {boolean} [isFolder] */
const choose = (page, paths, isFolder = false) =>
    page.locator(isFolder ? 'input[webkitdirectory]' : 'input[multiple]')
        .setInputFiles(paths);

/** @param {Page} page @param {RegExp} text */
const says = (page, text) => page.waitForFunction(([source]) =>
    new RegExp(source).test(document.querySelector('.upload-text')?.textContent ?? ''),
    [text.source]);

/** What was not sent, with its reason. @param {Page} page */
const reasons = async (page) => Object.fromEntries(
    await page.locator('.upload-item').evaluateAll((items) => items.map((li) =>
        [li.querySelector('.upload-path')?.textContent,
            li.querySelector('.upload-why')?.textContent])));

/** @param {string} study */
async function images(study) {
    const answer = await fetch(`${BASE}/dicom-web/studies/${study}/instances`);

    return answer.ok ? (await answer.json()).length : 0;
}

/** The network takes so many bytes a second. @param {Page} page @param {number} n */
async function slow(page, n) {
    const cdp = await page.context().newCDPSession(page);

    await cdp.send('Network.emulateNetworkConditions', { offline: false,
        latency: 0, downloadThroughput: -1, uploadThroughput: n });
}

/** Bytes of bodies that went out, by method. @param {Page} page */
function count(page) {
    const n = { POST: 0, PATCH: 0 };

    page.on('request', (r) => {
        const method = /** @type {'POST'} */ (r.method());

        if (r.url().includes('/uploads') && method in n) {
            n[method]++;
        }
    });

    return n;
}

const BIG = 1600;       /* pixels of a side: 5 MB */


onPage('a folder is stored; what is no DICOM is named so', {}, async (page) => {
    const study = newUid();
    const top = newUid();

    for (let i = 0; i < 5; i++) {
        file(`${top}/deep/IM${i}`, made({ StudyInstanceUID: study }));
    }
    file(`${top}/notes.txt`, 'hello');
    file(`${top}/deep/pictures.zip`, 'PK\x03\x04 …');
    file(`${top}/deep/nothing`, '');
    file(`${top}/DICOMDIR`, part10({ SOPClassUID: '1.2.840.10008.1.3.10',
        SOPInstanceUID: newUid() }));

    await openPanel(page);
    await choose(page, join(folder, top), true);
    await says(page, /^Done · 5 files stored · 4 skipped$/);
    assert.equal(await images(study), 5);

    const why = await reasons(page);

    assert.equal(why[`${top}/notes.txt`], 'Not a DICOM file');
    assert.match(why[`${top}/deep/pictures.zip`], /ZIP archive/);
    assert.match(why[`${top}/DICOMDIR`], /table of contents/);
    assert.equal(why[`${top}/deep/nothing`], 'Empty');
    await page.locator(`.row[data-study="${study}"]`).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('pacs.upload')), null);
});


onPage('files are dropped on the page; each refusal has its reason', {},
    async (page) => {
        const study = newUid();
        const known = newUid();

        await store(BASE, [made({ StudyInstanceUID: study, SOPInstanceUID: known })]);
        await page.goto(BASE);
        await page.locator('.live.is-live').waitFor();

        const data = [
            ['good', made({ StudyInstanceUID: study })],
            ['other', made({ StudyInstanceUID: study, SOPInstanceUID: known,
                PatientName: 'Another^One' })],
            ['cut', made({ StudyInstanceUID: study }).subarray(0, 400)],
            ['<b>&', Buffer.from('x')],
        ].map(([name, b]) => [name, b.toString('base64')]);

        await page.evaluate((files) => {
            const transfer = new DataTransfer();

            for (const [name, text] of files) {
                transfer.items.add(new File([Uint8Array.from(atob(text), (c) =>
                    c.charCodeAt(0))], name));
            }

            const send = (/** @type {string} */ type) => document.body.dispatchEvent(
                new DragEvent(type, { bubbles: true, cancelable: true,
                    dataTransfer: transfer }));

            send('dragover');
            document.body.dataset.dropping =
                String(document.body.classList.contains('is-dropping'));
            send('drop');
        }, data);
        assert.equal(await page.locator('body').getAttribute('data-dropping'), 'true');
        await says(page, /^Done · 1 file stored · 2 refused · 1 skipped$/);

        const why = await reasons(page);

        assert.match(why.other, /known with other content/);
        assert.match(why.cut, /cannot read it/);
        assert.equal(why['<b>&'], 'Not a DICOM file');
        assert.equal(await images(study), 2);
    });


onPage('a connection that is cut costs nothing that was sent', { allow: /ERR_/ },
    async (page) => {
        const study = newUid();
        let cut = 0;

        await page.route('**/uploads/*', (route) =>
            (route.request().method() === 'PATCH' && cut++ < 2
                ? route.abort('connectionreset') : route.continue()));
        await openPanel(page);
        await choose(page, file('cut', made({ StudyInstanceUID: study })));
        await says(page, /^Done · 1 file stored$/);
        assert.ok(cut >= 3);
        assert.equal(await images(study), 1);
    });


onPage('an upload pauses, goes on where it was, and is cancelled',
    { allow: /423/ },
    async (page) => {
        const study = newUid();
        const path = file('big', made({ StudyInstanceUID: study }, BIG));
        const n = count(page);
        const sent = () => page.locator('.upload-bar').evaluate((bar) =>
            /** @type {HTMLProgressElement} */ (bar).value);

        await openPanel(page);
        await slow(page, 1000000);
        await choose(page, path);
        await page.waitForFunction(() => /** @type {HTMLProgressElement} */ (
            document.querySelector('.upload-bar')).value > 0.3);
        await page.getByRole('button', { name: 'Pause' }).click();
        await says(page, /^Paused/);

        const before = await sent();

        await slow(page, -1);
        await page.getByRole('button', { name: 'Resume' }).click();
        await says(page, /^Done · 1 file stored$/);
        assert.deepEqual(n, { POST: 1, PATCH: 2 });
        assert.ok(before > 0.3 && before < 1);
        assert.equal(await images(study), 1);

        const other = newUid();

        await slow(page, 1000000);
        const begun = page.waitForRequest((r) => r.method() === 'PATCH');

        await choose(page, file('other', made({ StudyInstanceUID: other }, BIG)));
        await begun;

        // the server may still be reading what was cut
        const gone = page.waitForResponse((r) => r.request().method() === 'DELETE'
            && r.status() === 204);

        await page.getByRole('button', { name: 'Cancel', exact: true }).click();
        await says(page, /1 cancelled/);
        await gone;
        assert.equal(await images(other), 0);
        assert.equal(await page.evaluate(() => localStorage.getItem('pacs.upload')), null);
    });


onPage('what was refused or cancelled can be chosen again', { allow: /507|423/ },
    async (page) => {
        const study = newUid();
        const path = file('again', made({ StudyInstanceUID: study }, BIG));
        const full = '**/dicom-web/uploads';

        await openPanel(page);
        await page.route(full, (r) => r.fulfill({ status: 507, body: '{"reason":"full"}' }));
        await choose(page, path);
        await says(page, /^Done · 1 refused$/);
        assert.deepEqual(await reasons(page), { again: 'full' });
        await page.unroute(full);

        await slow(page, 100000);
        await choose(page, path);
        await says(page, /1 to go/);
        await page.getByRole('button', { name: 'Cancel', exact: true }).click();
        await says(page, /^Cancelled · 1 cancelled$/);

        await slow(page, -1);
        await choose(page, path);
        await says(page, /^Done · 1 file stored$/);
        assert.deepEqual(await reasons(page), {});
        assert.equal(await images(study), 1);
    });


onPage('after a reload an upload goes on where it ended', { allow: /dialog/ },
    async (page) => {
        const study = newUid();
        const top = newUid();

        file(`${top}/1`, made({ StudyInstanceUID: study }));
        file(`${top}/2`, made({ StudyInstanceUID: study }, BIG));
        await openPanel(page);
        await slow(page, 1000000);
        await choose(page, join(folder, top), true);
        await says(page, /1 file stored · 1 to go/);
        await page.waitForFunction(() => /** @type {HTMLProgressElement} */ (
            document.querySelector('.upload-bar')).value > 0.4);

        // who leaves is asked; here he goes
        page.removeAllListeners('dialog');
        page.on('dialog', (d) => d.accept());
        await page.reload();
        await page.getByText('An upload was cut: 1 of 2 files are stored.').waitFor();

        const n = count(page);
        const head = page.waitForResponse((r) => r.request().method() === 'HEAD');

        await choose(page, join(folder, top), true);
        assert.ok(Number((await head).headers()['upload-offset']) > 1000000);
        await says(page, /^Done · 2 files stored$/);
        assert.deepEqual(n, { POST: 0, PATCH: 1 });
        assert.equal(await images(study), 2);
        assert.equal(await page.locator('.upload-cut').isVisible(), false);
    });
