// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import { BASE, SIZES, drawn, onPage } from './browser.mjs';
import { CT, MANY } from './studies.mjs';

/** @param {import('playwright-core').Page} page @param {string} [search] */
async function openList(page, search = '') {
    await page.goto(`${BASE}/${search}`);
    await settled(page);
}

/** The answer to what was typed is on the page. */
async function settled(/** @type {import('playwright-core').Page} */ page) {
    await page.waitForFunction(() => document.querySelector('.studies')
        ?.getAttribute('aria-busy') === 'false');
}

const names = (/** @type {import('playwright-core').Page} */ page) =>
    page.locator('.row-name').allInnerTexts();

/** Types and waits for the answer to that. */
async function find(/** @type {import('playwright-core').Page} */ page,
    /** @type {string} */ field, /** @type {string} */ text)
{
    // of this search: what arrives makes the page ask, too
    const answer = page.waitForResponse((r) => r.url().includes('/studies?')
        && decodeURIComponent(r.url().replace(/\+/g, ' ')).includes(text));

    await page.locator(`input[name="${field}"]`).pressSequentially(text);
    await answer;
    await settled(page);
}


onPage('G1 the list finds a name as it is typed, and shows it as text', {},
    async (page) => {
        await openList(page);
        await find(page, 'id', CT.id);
        assert.deepEqual(await names(page), ['<script>alert(1)</script>, "><b>']);
        assert.equal(await page.locator('.cell-description').innerText(),
            CT.description);
        assert.equal(await page.locator('.row-other').first().innerText(), '山田, 太郎');
        assert.match(await page.locator('.cell-date').innerText(), /^[A-Z][a-z]{2} \d\d, \d{4}/);
        assert.equal(await page.locator('.cell-count').innerText(), '2 / 27');
        assert.equal(await page.locator('main script, main img').count(), 0);
    });


onPage('G1 fields, chips and dates narrow the list; clear opens it', {},
    async (page) => {
        await openList(page);
        await find(page, 'name', MANY.name.slice(0, 6).toLowerCase());
        assert.equal((await names(page)).length, 50);
        await find(page, 'accession', 'AP007');
        assert.deepEqual(await names(page), [`${MANY.name}, N007`]);

        const chip = (/** @type {string} */ t) =>
            page.getByRole('button', { name: t, exact: true });

        await chip('CT').click();
        await page.getByText('No study matches.').waitFor();
        await chip('MR').click();
        await page.locator('.row').first().waitFor();
        assert.equal(await chip('MR').getAttribute('aria-pressed'), 'true');
        assert.equal(await chip('CT').getAttribute('aria-pressed'), 'true');
        await chip('CT').click();
        assert.equal(await chip('CT').getAttribute('aria-pressed'), 'false');
        await chip('Today').click();
        await page.getByText('No study matches.').waitFor();
        await chip('Any date').click();
        await page.locator('input[name="from"]').fill('2024-01-15');
        await page.locator('.row').first().waitFor();
        await page.locator('input[name="to"]').fill('2024-01-14');
        await page.getByText('No study matches.').waitFor();

        await chip('Clear').click();
        await page.locator('.row').nth(40).waitFor();
        assert.equal(new URL(page.url()).search, '');
    });


onPage('today is today', {}, async (page) => {
    await openList(page, `?when=today&id=${CT.id}`);
    assert.equal((await names(page)).length, 1);
});


onPage('G1 pages do not overlap and leave nothing out', {}, async (page) => {
    await openList(page, `?name=${MANY.name}`);

    const first = await names(page);

    await page.getByRole('button', { name: 'Next page' }).click();
    await page.waitForFunction(() => document.querySelector('.pager-text')
        ?.textContent?.startsWith('51'));

    const second = await names(page);

    assert.equal(first.length, 50);
    assert.equal(new Set([...first, ...second]).size, MANY.count);
    assert.ok(await page.locator('.pager-forth').isDisabled());
    await page.getByRole('button', { name: 'Previous page' }).click();
    await page.waitForFunction(() => document.querySelector('.pager-text')
        ?.textContent?.startsWith('1–'));
    assert.deepEqual(await names(page), first);
});


onPage('G1 an address of a page that is not there opens the first', {}, async (page) => {
    await page.goto(`${BASE}/?page=9999`);
    await page.locator('.row-name').first().waitFor();
    assert.equal(new URL(page.url()).search, '');
});


onPage('a row opens its study, and back finds the list as it was', {},
    async (page) => {
        await openList(page);
        await find(page, 'id', CT.id);
        await page.locator('.cell-description').click();
        await page.waitForURL(`**/viewer.html?study=${CT.study}`);
        await page.locator('.badge[data-state="final"]').waitFor();
        await page.goBack();
        await page.locator('.row').first().waitFor();
        await settled(page);
        assert.equal(await page.locator('input[name="id"]').inputValue(), CT.id);
        assert.equal((await names(page)).length, 1);
    });


onPage('the newest question wins', {}, async (page) => {
    await openList(page);

    /** @type {() => void} */
    let letGo = () => {};
    const late = new Promise((done) => { letGo = () => done(null); });
    /** @type {Promise<void> | null} */
    let gone = null;

    // the first answer comes after the second one
    await page.route('**/studies?*PatientID=X*', (route) => {
        gone = late.then(() => route.continue()).catch(() => {});
    });
    await page.locator('input[name="id"]').fill('X');
    await page.waitForRequest((r) => r.url().includes('PatientID=X*'));
    const answer = page.waitForResponse((r) => r.url().includes('PatientID=PG-00'));

    await page.locator('input[name="id"]').fill('PG-00');
    await answer;
    await settled(page);
    letGo();
    await gone;
    await drawn(page);
    assert.equal((await names(page)).length, 10);
    assert.ok((await names(page)).every((n) => n.startsWith(MANY.name)));
});


onPage('keys: from the field into the rows, and into a study', {},
    async (page) => {
        await openList(page, `?id=${CT.id}`);
        await page.keyboard.press('ArrowDown');
        assert.equal(await page.evaluate(() => document.activeElement?.className),
            'row-name');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/viewer.html?*');
    });


onPage('keys in the field of languages choose one, not a row', {}, async (page) => {
    await openList(page, `?id=${CT.id}`);
    await page.locator('.language').focus();
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() => document.documentElement.lang === 'de');
});


onPage('a server that fails is said so, and not as an empty list',
    { allow: /503/ }, async (page) => {
        await page.route('**/dicom-web/studies?*', (r) => r.fulfill({ status: 503 }));
        await openList(page);
        assert.equal(await page.locator('.list-message-text').innerText(),
            'The server is busy.');
    });


for (const [name, size] of Object.entries(SIZES)) {
    onPage(`the list fits a ${name}`, { size }, async (page) => {
        await openList(page, `?name=${MANY.name}`);

        const over = await page.evaluate(() => ({
            page: document.documentElement.scrollWidth - innerWidth,
            list: (document.querySelector('.studies')?.scrollWidth ?? 0)
                - (document.querySelector('.studies')?.clientWidth ?? 0),
        }));

        assert.deepEqual(over, { page: 0, list: 0 });

        if (size.touch) {
            const box = await page.locator('.row').first().boundingBox();
            const field = await page.locator('input[name="name"]').boundingBox();

            assert.ok(box !== null && box.height >= 34);
            assert.ok(field !== null && field.height >= 44);
        }
    });
}
