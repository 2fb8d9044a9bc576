// SPDX-License-Identifier: BSD-2-Clause
//
// Reports, documents and videos in a viewport: what is no picture.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { BASE, SIZES, drawn, isShown, onPage, openStudy } from './browser.mjs';
import { made, newUid } from './made.mjs';
import { item, part10, store } from './part10.mjs';

/** @typedef {import('playwright-core').Page} Page */

const CLASS = '1.2.840.10008.5.1.4.1.1.';
const VIDEO = `${process.env.PACS_SAMPLES ?? '../shared/samples'}`
    + '/ecg-pdf-video/video-mpeg4-avc-hp41.dcm';

/** The least that is a PDF. */
const PDF = Buffer.from(['%PDF-1.4', '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj',
    '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj',
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj',
    'trailer<</Root 1 0 R>>', '%%EOF'].join('\n'));

/** what browsers say of thumbnails that are none, and playwright of sandboxes */
const allow = /406|serviceWorker/;

const code = (/** @type {string} */ value, /** @type {string} */ meaning) => item({
    CodeValue: value, CodingSchemeDesignator: 'DCM', CodeMeaning: meaning });


/** @param {Record<string, any>} values of the study */
const report = (values) => part10({
    SpecificCharacterSet: 'ISO_IR 192', PatientName: 'Papers^Of', PatientID: 'PAPER-1',
    StudyDate: '20260401', StudyTime: '080000', ContentDate: '20260402',
    SOPClassUID: `${CLASS}88.11`, SOPInstanceUID: newUid(), SeriesInstanceUID: newUid(),
    Modality: 'SR', SeriesNumber: 9, InstanceNumber: 1, SeriesDescription: 'Findings',
    ValueType: 'CONTAINER', ConceptNameCodeSequence: code('126000', 'Imaging Report'),
    ContentSequence: item({ RelationshipType: 'CONTAINS', ValueType: 'TEXT',
        ConceptNameCodeSequence: code('121071', 'Finding'),
        TextValue: 'Nothing <b>here</b>.' }), ...values,
});

/** @param {Record<string, any>} values of the study */
const pdf = (values) => part10({
    PatientName: 'Papers^Of', PatientID: 'PAPER-1', StudyDate: '20260401',
    StudyTime: '080000', SOPClassUID: `${CLASS}104.1`, SOPInstanceUID: newUid(),
    SeriesInstanceUID: newUid(), Modality: 'OT', SeriesNumber: 8, InstanceNumber: 1,
    DocumentTitle: 'Letter', SeriesDescription: 'Letters',
    MIMETypeOfEncapsulatedDocument: 'application/pdf', EncapsulatedDocument: PDF, ...values,
});

/** @param {Page} page @param {string} title of the series */
const choose = (page, title) => page.locator('.thumb', { hasText: title }).click();


onPage('G22 a report and a document are read in a viewport, pictures beside', { allow },
    async (page) => {
        const study = { StudyInstanceUID: newUid() };
        const letters = newUid();

        await store(BASE, [report(study),
            pdf({ ...study, SeriesInstanceUID: letters, ContentDate: '20260403' }),
            pdf({ ...study, SeriesInstanceUID: letters, DocumentTitle: 'Older letter',
                ContentDate: '20250101', InstanceNumber: 2 }),
            made({ ...study, PatientName: 'Papers^Of', PatientID: 'PAPER-1',
                StudyDate: '20260401', StudyTime: '080000', Modality: 'CR',
                SeriesDescription: 'Picture' })]);
        await openStudy(page, study.StudyInstanceUID);
        assert.equal(await page.locator('.thumb', { hasText: 'Findings' })
            .locator('.thumb-facts').innerText().then((t) => t.split(/ {2}/)[0]), 'Report');

        await choose(page, 'Findings');

        const paper = page.locator('.paper-view');

        await paper.waitFor();
        assert.equal(await paper.locator('.paper-kind').innerText(), 'Report');
        assert.match(await paper.locator('.paper-title').innerText(), /Imaging Report +Apr 02, 2026/);
        assert.match(await paper.locator('.paper-patient').innerText(), /Papers Of +PAPER-1/);

        const body = page.frameLocator('iframe.paper-body');

        assert.equal(await body.locator('h1').innerText(), 'Imaging Report');
        assert.match(await body.locator('body').innerText(), /Nothing <b>here<\/b>\./);
        // with its style, under the policy of the pages
        assert.match(await body.locator('body').evaluate((n) =>
            getComputedStyle(n).maxWidth), /px/);

        // the series of documents: the newest, and the others by the list
        await choose(page, 'Letters');
        await page.locator('.paper-view[data-kind="pdf"]').waitFor();
        assert.match(await paper.locator('option:checked').innerText(), /^Letter /);
        await paper.locator('.paper-list').selectOption({ index: 1 });
        await page.waitForFunction(() => document.querySelector('.paper-list option:checked')
            ?.textContent?.startsWith('Older'));
        await page.waitForFunction(() => document.querySelectorAll('.paper-view').length === 1);

        const src = await page.locator('iframe.paper-body').getAttribute('src');
        const got = await page.evaluate(async (url) => {
            const answer = await fetch(url);

            return [answer.headers.get('Content-Type'), (await answer.text()).slice(0, 5)];
        }, /** @type {string} */ (src));

        assert.deepEqual(got, ['application/pdf', '%PDF-']);

        // its address opens it again, and Page keys go on from it
        await page.waitForURL(new RegExp(`port=${letters}`));
        await page.reload();
        await page.locator('.paper-view[data-kind="pdf"]').waitFor();
        await page.locator('.paper-kind').click();
        await page.keyboard.press('PageUp');
        await isShown(page, 1);
        assert.equal(await paper.count(), 0);
    });


onPage('G22 a study of a report alone opens it, on a phone too',
    { allow, size: SIZES.phone }, async (page) => {
        const study = { StudyInstanceUID: newUid() };

        await store(BASE, [report(study)]);
        await page.goto(`${BASE}/viewer.html?study=${study.StudyInstanceUID}`);
        await page.locator('.paper-view[data-kind="report"]').waitFor();
        await page.frameLocator('iframe.paper-body').locator('h1').waitFor();
        assert.equal(await page.evaluate(() =>
            document.documentElement.scrollWidth > innerWidth), false);
    });


if (existsSync(VIDEO)) {
    onPage('G22 a video plays, by the keys of the viewer', { allow }, async (page) => {
        await store(BASE, [readFileSync(VIDEO)]);

        const [ds] = await (await fetch(`${BASE}/dicom-web/studies?PatientID=SYN-VID-A`)).json();

        await page.goto(`${BASE}/viewer.html?study=${ds['0020000D'].Value[0]}`);

        const video = page.locator('video.paper-body');

        await video.waitFor();
        await page.waitForFunction(() => Number(document.querySelector('video')?.duration) > 0);
        await page.keyboard.press('c');
        await page.waitForFunction(() =>
            Number(document.querySelector('video')?.currentTime) > 0.1);
        await page.keyboard.press(' ');
        assert.equal(await video.evaluate((/** @type {HTMLVideoElement} */ v) => v.paused), true);
        await page.keyboard.press('Home');
        await page.keyboard.press('ArrowRight');
        await drawn(page);

        const at = await video.evaluate((/** @type {HTMLVideoElement} */ v) =>
            v.currentTime * Number(v.dataset.rate));

        assert.ok(Math.abs(at - 1) < 0.1, `frame ${at}`);
        // Range, not all of it at once
        assert.equal((await fetch(/** @type {string} */ (await video.evaluate(
            (/** @type {HTMLVideoElement} */ v) => v.src)),
        { headers: { Range: 'bytes=0-9' } })).status, 206);
    });
} else {
    test('G22 a video plays, by the keys of the viewer', { skip: `${VIDEO} is not there` }, () => {});
}
