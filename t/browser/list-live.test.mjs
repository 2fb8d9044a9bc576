// SPDX-License-Identifier: BSD-2-Clause
//
// The study list while studies arrive, with saved searches and a patient's
// other studies.

import assert from 'node:assert/strict';

import { BASE, SIZES, drawn, onPage } from './browser.mjs';
import { made, newUid } from './made.mjs';
import { store } from './part10.mjs';
import { CT, MANY } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The list is there, and hears what happens. @param {Page} page */
async function openList(page, search = '') {
    await page.goto(`${BASE}/${search}`);
    await page.locator('.live.is-live').waitFor();
    await settled(page);
}

/** @param {Page} page */
const settled = (page) => page.waitForFunction(() =>
    document.querySelector('.studies')?.getAttribute('aria-busy') === 'false');

/** @param {Page} page @param {string} study */
const rowOf = (page, study) => page.locator(`.row[data-study="${study}"]`);

/** The bar says it, and those hear it who do not see it. */
async function bar(/** @type {Page} */ page, /** @type {string} */ text) {
    await page.locator('.arrived-text').getByText(text, { exact: true }).waitFor();
    assert.equal(await said(page), text);
}

/** @param {Page} page */
const said = (page) => page.locator('.list-said').textContent();


onPage('G1 a new study appears by itself within a second, and changes in place', {},
    async (page) => {
        const study = newUid();
        const series = newUid();
        const ids = { StudyInstanceUID: study, SeriesInstanceUID: series };

        await openList(page);
        await page.mouse.move(700, 20);
        await store(BASE, [made(ids)]);

        const start = Date.now();

        await rowOf(page, study).waitFor();

        // the machine is shared; a poll in place of a hint would take longer
        assert.ok(Date.now() - start < 2000, `${Date.now() - start} ms`);
        assert.equal(await rowOf(page, study).locator('.cell-count').innerText(),
            '1 / 1');

        await rowOf(page, study).evaluate((node) => { node.dataset.same = 'yes'; });
        await store(BASE, [made(ids), made({ ...ids, SeriesInstanceUID: newUid() })]);
        await rowOf(page, study).locator('.cell-count', { hasText: '2 / 3' }).waitFor();
        assert.equal(await rowOf(page, study).getAttribute('data-same'), 'yes');
    });


onPage('S5 a study is arriving, then complete, as the server says', {},
    async (page) => {
        const study = newUid();

        await openList(page);
        await page.mouse.move(700, 20);
        await store(BASE, [made({ StudyInstanceUID: study })]);
        await rowOf(page, study).locator('.status-arriving').waitFor();
        assert.equal(await rowOf(page, study).locator('.status').innerText(),
            'Arriving');
        await page.reload();
        await rowOf(page, study).locator('.status-arriving').waitFor();
        await rowOf(page, study).locator('.status-complete').waitFor();
        assert.equal(await rowOf(page, study).locator('.cell-count').innerText(),
            '1 / 1');
    });


onPage('G1 nothing moves under the pointer: a bar says what is new', {},
    async (page) => {
        const studies = [newUid(), newUid(), newUid()];

        await openList(page);

        const third = page.locator('.row').nth(2);

        await third.hover();

        const name = await third.getAttribute('data-study');
        const box = await third.boundingBox();

        for (const [i, StudyInstanceUID] of studies.entries()) {
            await store(BASE, [made({ StudyInstanceUID })]);
            await bar(page, i === 0 ? '1 new study' : `${i + 1} new studies`);
        }

        assert.equal(await third.getAttribute('data-study'), name);
        assert.deepEqual(await third.boundingBox(), box);

        await page.locator('.arrived-show').click();
        await Promise.all(studies.map((uid) => rowOf(page, uid).waitFor()));
        assert.equal(await page.locator('.arrived-show').isVisible(), false);
    });


onPage('G1 a list that is scrolled or searched stays; what is far down is found', {},
    async (page) => {
        const old = newUid();

        await openList(page);
        await page.locator('.studies').evaluate((node) => { node.scrollTop = 300; });
        await page.mouse.move(700, 20);
        await store(BASE, [made({ StudyInstanceUID: old, StudyDate: '19800101' })]);
        await bar(page, '1 new study');
        assert.equal(await page.locator('.studies').evaluate((n) => n.scrollTop), 300);

        // by its date it is on another page
        await page.locator('.arrived-show').click();
        await bar(page, '1 new study further down');
        await page.locator('.arrived-show').click();
        await rowOf(page, old).waitFor();
        assert.equal(await page.locator('.row').count(), 1);
        await page.getByRole('button', { name: 'Clear', exact: true }).click();
        await page.locator('.row').nth(40).waitFor();

        const found = newUid();

        await openList(page, '?id=SEARCHED-');
        await store(BASE, [made({ PatientID: 'OTHER-1' }),
            made({ StudyInstanceUID: found, PatientID: 'SEARCHED-1' })]);
        await bar(page, '1 new study');
        assert.equal(await rowOf(page, found).count(), 0);
        await page.locator('.arrived-show').click();
        await rowOf(page, found).waitFor();
    });


onPage('without events the list says so and works', { allow: /503/ }, async (page) => {
    await page.route('**/pacs/events', (r) => r.fulfill({ status: 503 }));
    await page.goto(BASE);
    await settled(page);
    await page.locator('.row').first().waitFor();
    assert.equal(await page.locator('.live-text').innerText(), 'Not live');
    assert.equal(await page.locator('.status').first().innerText(), '');
});


onPage('a tab that nobody sees holds no connection, and catches up', {},
    async (page) => {
        const study = newUid();
        const see = (/** @type {string} */ state) => page.evaluate((state) => {
            Object.defineProperty(document, 'visibilityState',
                { get: () => state, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }, state);

        await openList(page);
        await see('hidden');
        await page.locator('.live:not(.is-live)').waitFor();
        await store(BASE, [made({ StudyInstanceUID: study })]);
        await see('visible');
        await page.locator('.live.is-live').waitFor();
        await rowOf(page, study).waitFor();
    });


onPage('G1 saved searches: named, kept, renamed, deleted, and counting', {},
    async (page) => {
        const name = `Saved ${Date.now()}`;
        const id = `SAVED-${Date.now()}`;
        const chip = page.locator('.search-chip', { hasText: name });

        await openList(page, `?id=${id}`);
        await page.getByRole('button', { name: 'Save search' }).click();
        await page.keyboard.type(name);
        await page.keyboard.press('Enter');
        await chip.waitFor();
        assert.equal(await chip.getAttribute('aria-pressed'), 'true');

        await page.getByRole('button', { name: 'Clear', exact: true }).click();
        await page.reload();
        await page.locator('.live.is-live').waitFor();
        await chip.waitFor();
        await store(BASE, [made({ PatientID: id }), made({ PatientID: 'NOT-SAVED' })]);
        await chip.locator('.search-news', { hasText: '1' }).waitFor();

        await chip.click();
        await page.locator('.row').first().waitFor();
        await settled(page);
        assert.equal(await page.locator('input[name="id"]').inputValue(), id);
        assert.equal(await page.locator('.row').count(), 1);
        assert.equal(await chip.locator('.search-news').count(), 0);

        await page.getByRole('button', { name: 'Rename' }).click();
        await page.keyboard.type('<b>Renamed</b>');
        await page.keyboard.press('Enter');
        await page.locator('.search-chip', { hasText: '<b>Renamed</b>' }).waitFor();
        await page.getByRole('button', { name: 'Delete' }).click();
        await page.locator('.search-chip').waitFor({ state: 'detached' });
        await page.reload();
        await settled(page);
        assert.equal(await page.locator('.search-chip').count(), 0);
    });


onPage('G1 the columns sort by what the server can sort by', {}, async (page) => {
    const names = () => page.locator('.row-name').allInnerTexts();
    const head = page.getByRole('columnheader', { name: 'Patient' });

    await openList(page, `?name=${MANY.name}`);
    assert.equal(await page.locator('.pager-text').innerText(), '1–50 and more');
    assert.equal(await said(page), 'More than 50 studies found');

    await page.getByRole('button', { name: 'Patient', exact: true }).click();
    await page.locator('.row-name', { hasText: 'N000' }).waitFor();
    await settled(page);
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(await names(), (await names()).toSorted());

    await page.getByRole('button', { name: 'Patient', exact: true }).click();
    await page.locator('.row-name', { hasText: 'N054' }).waitFor();
    await settled(page);
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    assert.match((await names())[0], /N054/);
    assert.match(page.url(), /sort=-name/);
    assert.equal(await page.getByRole('button', { name: 'Modality' }).count(), 0);
});


onPage('B05 G17 a row opens to its series and to the patient in time', {},
    async (page) => {
        const PatientID = `PRIORS-${Date.now()}`;
        const study = newUid();

        await store(BASE, [
            made({ StudyInstanceUID: study, PatientID, SeriesDescription: 'Scout',
                StudyDate: '20240601', Modality: 'CT' }),
            made({ PatientID, StudyDate: '20210601', StudyDescription: 'The prior' }),
            made({ PatientID, StudyDate: '20240608', PatientName: 'Other^One' }),
            made({ PatientID: `${PatientID}9`, StudyDate: '20240608' }),
        ]);
        await openList(page, `?id=${PatientID}`);
        await rowOf(page, study).locator('.row-open').click();

        const series = page.locator('.series-link');

        await series.waitFor();
        assert.equal(await series.locator('.series-name').innerText(), 'Scout');
        assert.equal(await series.locator('.series-modality').innerText(), 'CT');
        assert.match(await series.locator('.series-facts').innerText(), /^1 image/);
        await page.waitForFunction(() => {
            const img = document.querySelector('.series-image');
            return img instanceof HTMLImageElement && img.naturalWidth > 0;
        });

        const entries = page.locator('.line-link');

        await entries.first().waitFor();
        assert.deepEqual(await entries.locator('.line-date').allInnerTexts(),
            ['Jun 08, 2024', 'Jun 01, 2024', 'Jun 01, 2021']);
        assert.deepEqual(await entries.locator('.line-gap').allInnerTexts(),
            ['7 days after', 'This study', '3 years before']);
        assert.equal(await page.locator('.line-doubt').innerText(), 'Other name');
        assert.equal(await page.locator('.line-dot').count(), 3);
        await entries.nth(2).click();
        await page.waitForURL('**/viewer.html?study=*');
    });


onPage('G17 a row that opens leaves the columns where they are', { size: SIZES.tablet },
    async (page) => {
        const ends = () => page.locator('.head-status').evaluate((n) =>
            Math.round(n.getBoundingClientRect().right));

        await openList(page);
        assert.equal(await ends(), SIZES.tablet.width);
        await page.locator('.row-open').first().click();
        await page.locator('.series-list').first().waitFor();
        assert.equal(await ends(), SIZES.tablet.width);
        await page.setViewportSize(SIZES.upright);
        await page.waitForFunction((width) => Math.round(document.querySelector('.head-status')
            ?.getBoundingClientRect().right ?? 0) === width, SIZES.upright.width);
    });


onPage('keys open and close a row; the search field is one key away', {},
    async (page) => {
        const at = () => page.evaluate(() => document.activeElement?.className);

        await openList(page, `?name=${MANY.name}`);
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        assert.equal(await page.locator('.row-name[tabindex="0"]').count(), 1);
        await page.keyboard.press('ArrowRight');
        await page.locator('.detail').waitFor();
        assert.equal(await page.locator('.row-open[aria-expanded="true"]').count(), 1);
        await page.keyboard.press('ArrowLeft');
        await page.locator('.detail').waitFor({ state: 'detached' });
        await page.keyboard.press('End');
        assert.equal(await at(), 'row-name');
        assert.ok(await page.evaluate(() =>
            document.querySelectorAll('.row')[49].contains(document.activeElement)));
        await page.keyboard.press('Home');
        await page.keyboard.press('ArrowUp');
        assert.equal(await page.evaluate(() =>
            /** @type {HTMLInputElement} */ (document.activeElement).name), 'name');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('/');
        assert.equal(await page.evaluate(() =>
            /** @type {HTMLInputElement} */ (document.activeElement).name), 'name');
    });


onPage('G1 the list says how many there are, where the server does', {},
    async (page) => {
        await openList(page);
        assert.match(await page.locator('.pager-text').innerText(), /^1–50 of \d+$/);
        // or what came meanwhile, stored by the tests before
        assert.match(await said(page) ?? '', /^\d+ (studies found|new stud(y|ies))$/);
        await page.getByRole('button', { name: 'Next page' }).click();
        await page.waitForFunction(() => /^51–\d+ of \d+$/.test(
            document.querySelector('.pager-text')?.textContent ?? ''));
        await page.locator('input[name="accession"]').fill('AP007');
        await page.waitForFunction(() => document.querySelector('.list-said')
            ?.textContent === '1 study found');
        assert.equal(await page.locator('.pager-text').innerText(), '1 study');
    });


for (const size of [SIZES.desktop, SIZES.phone]) {
    onPage(`texts of any length and direction are text (${size.width} px)`, { size },
        async (page) => {
            const id = `HOSTILE-${Date.now()}`;
            const long = '<b onmouseover=alert(1)>\u202Egnp.exe'.padEnd(65000, 'x');
            const study = newUid();

            await store(BASE, [
                made({ StudyInstanceUID: study, PatientID: id,
                    AccessionNumber: long.slice(0, 60), Modality: '<i>' }),
                made({ PatientID: id, StudyTime: '000000' }),
            ]);

            // longer than what the server's index keeps
            await page.route(/studies\?|series\?/, async (route) => {
                const answer = await route.fetch();
                const rows = await answer.json();

                if (rows.length > 0) {
                    rows[0]['00100010'] = { vr: 'PN', Value: [{ Alphabetic: long,
                        Ideographic: long, Phonetic: long }] };

                    for (const tag of ['00081030', '0008103E', '00100040', '00080060',
                        '00100030', '00080020', '00080030', '00080061', '00080021'])
                    {
                        rows[0][tag] = { vr: 'LO', Value: [long] };
                    }
                }
                await route.fulfill({ response: answer, json: rows });
            });
            await openList(page, `?id=${id}`);
            await page.locator('.row').nth(1).waitFor();

            const heights = await page.locator('.row').evaluateAll((rows) =>
                rows.map((r) => r.getBoundingClientRect().height));

            assert.ok(Math.abs(heights[0] - heights[1]) < 4, String(heights));
            await page.locator('.row-open').first().click();
            await page.locator('.series-link').first().waitFor();
            await page.locator('.line-link').nth(1).waitFor();
            await drawn(page);
            assert.deepEqual(await page.evaluate(() => {
                const list = /** @type {Element} */ (document.querySelector('.studies'));

                return [document.documentElement.scrollWidth - innerWidth,
                    list.scrollWidth - list.clientWidth,
                    document.querySelectorAll('.studies b, .studies i, .studies u').length];
            }), [0, 0, 0]);

            for (const part of ['.row-name', '.series-name', '.line-text']) {
                await page.locator(part, { hasText: '<b onmouseover' }).first()
                    .waitFor();
            }
        });
}


onPage('the page of a study is one row away on a touch screen', { size: SIZES.phone },
    async (page) => {
        await openList(page, `?id=${CT.id}`);

        const box = await page.locator('.row-open').boundingBox();

        assert.ok(box !== null && box.height >= 44 && box.width >= 36);
        await page.locator('.row-open').tap();
        await page.locator('.series-link').first().waitFor();
        await page.locator('.cell-name').tap();
        await page.waitForURL(`**/viewer.html?study=${CT.study}`);
    });
