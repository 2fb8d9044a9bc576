// SPDX-License-Identifier: BSD-2-Clause
//
// From the smallest phone to 8K: nothing lies over anything else, and nothing
// is out of reach.

import assert from 'node:assert/strict';

import { crowded } from './boxes.mjs';
import { BASE, chooseLayout, onPage, openStudy } from './browser.mjs';
import { CT } from './studies.mjs';

/** width, height in CSS px, whether by touch */
const SIZES = /** @type {const} */ ([
    [320, 568, true], [568, 320, true], [390, 844, true], [844, 390, true],
    [768, 1024, true], [1024, 768, true], [1440, 900, false], [3840, 2160, false],
    [7680, 4320, false],
]);


for (const [width, height, touch] of SIZES) {
    const size = { width, height, touch };

    onPage(`H15 the list at ${width} x ${height}: nothing overlaps, all in reach`,
        { size }, async (page) => {
            await page.goto(BASE);
            await page.locator('.row').first().waitFor();
            // what other tests have just stored is announced over the list
            assert.deepEqual((await crowded(page)).filter((w) =>
                !w.includes('covered by arrived-')), []);
        });


    onPage(`H15 the viewer at ${width} x ${height}: nothing overlaps, all in reach`,
        { size }, async (page) => {
            await openStudy(page, CT.study);
            await page.locator('.fitness').waitFor({ state: 'attached' });
            assert.deepEqual(await crowded(page), [], '1 x 1');
            await page.keyboard.press('c');
            await page.locator('.cine').first().waitFor();
            assert.deepEqual(await crowded(page), [], 'cine');
            await page.keyboard.press('c');
            await chooseLayout(page, 2, 2);
            assert.deepEqual(await crowded(page), [], '2 x 2');
        });
}


const LONG = {
    id: 'PATIENT-0123456789-0123456789-0123456789-0123456789-0123456789-X',
    name: 'Wolfeschlegelsteinhausenbergerdorff Hubert-Blaine',
    description: 'Thorax abdomen and pelvis with contrast, venous phase, thin slices',
};

/** What of the banner is not seen whole. */
const cutFacts = (/** @type {import('playwright-core').Page} */ page) => page.evaluate(() =>
    ['.banner-id', '.banner-birth', '.banner-date'].filter((of) => {
        const n = /** @type {Element} */ (document.querySelector(of));
        const range = document.createRange();

        range.selectNodeContents(n);

        const { left, right, top, bottom, width } = range.getBoundingClientRect();
        let isCut = width < 1 || left < 0 || right > innerWidth;

        for (let up = n.parentElement; up !== null; up = up.parentElement) {
            const box = up.getBoundingClientRect();

            isCut ||= getComputedStyle(up).overflowX !== 'visible' && (left < box.left - 0.5
                || right > box.right + 0.5 || top < box.top - 2 || bottom > box.bottom + 2);
        }

        return isCut;
    }));

for (const width of [320, 390, 768, 1024, 1440]) {
    onPage(`B25 the banner at ${width}: of an ID and a date nothing is cut, all is in its title`,
        { size: { width, height: 844, touch: width < 1440 } }, async (page) => {
            await page.route(/\/dicom-web\/studies(\?|.*\/(session|metadata|series)(\?|$))/, async (route) => {
                const answer = await route.fetch();
                const body = (await answer.text()).replaceAll(CT.id, LONG.id);
                // wherever a dataset names its patient
                const json = JSON.parse(body || '[]', (_, ds) => ds?.['00100020'] === undefined ? ds : {
                    ...ds, '00100010': { vr: 'PN', Value: [{ Alphabetic: LONG.name }] },
                    '00100030': { vr: 'DA', Value: ['19480930'] },
                    '00081030': { vr: 'LO', Value: [LONG.description] },
                    '00080050': { vr: 'SH', Value: ['ACC-0123456789-X'] },
                });

                await route.fulfill({ response: answer, json });
            });
            await openStudy(page, CT.study);
            await page.locator('.fitness').waitFor({ state: 'attached' });
            assert.deepEqual(await cutFacts(page), []);
            assert.deepEqual(await crowded(page), []);

            const title = await page.locator('.banner-patient').getAttribute('title');

            assert.ok(title?.includes(LONG.name) && title.includes(LONG.id), String(title));
            assert.ok((await page.locator('.banner-study').getAttribute('title'))
                ?.includes(LONG.description));

            if (process.env.SHOTS) {
                await page.screenshot({ path: `${process.env.SHOTS}/banner-${width}.png` });
            }
        });
}


onPage('G25 the list’s place among many studies is read at 320 px, in each language',
    { size: { width: 320, height: 568, touch: true } }, async (page) => {
        await page.goto(`${BASE}/`);
        await page.locator('.row').first().waitFor();

        const cut = await page.evaluate(() => {
            const pager = /** @type {HTMLElement} */ (document.querySelector('.pager'));
            const text = /** @type {HTMLElement} */ (pager.querySelector('.pager-text'));

            return ['101–150 of 1,000,000', '101–150 von 1.000.000', '101–150 et autres',
                '١٠١–١٥٠ من ١٬٠٠٠٬٠٠٠'].filter((said) =>
            {
                text.textContent = said;

                return text.scrollWidth > text.clientWidth || text.clientWidth === 0
                    || document.documentElement.scrollWidth > innerWidth;
            });
        });

        assert.deepEqual(cut, []);
    });
