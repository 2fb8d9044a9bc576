// SPDX-License-Identifier: BSD-2-Clause
//
// Windows from 0, cine, the patient's other studies, keys, and what was seen.

import assert from 'node:assert/strict';

import {
    BASE, canvasPixels, chooseLayout, drag, drawn, isShown, onPage, openStudy,
    portBox, textOf, withMetadata,
} from './browser.mjs';
import { CT, NM, US, grey } from './studies.mjs';

/** @typedef {import('playwright-core').Page} Page */

const near = (/** @type {number} */ a, /** @type {number} */ b, by = 3) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

const press = async (/** @type {Page} */ page, /** @type {string[]} */ ...keys) => {
    for (const key of keys) {
        await page.keyboard.press(key);
    }
};

/** Grey of a column of the image at 1:1. */
const column = async (/** @type {Page} */ page, /** @type {number} */ x) => {
    const box = await portBox(page);
    const [[r]] = await canvasPixels(page, Math.round(box.width / 2 - 64) + x,
        Math.round(box.height / 2));

    return r;
};


onPage('B14 clamped mode: the default of NM, its lower end stays at 0', {},
    async (page) => {
        await openStudy(page, NM.study);
        assert.match(await textOf(page, '.corner-bl'), /C 400 +W 800 +from 0/);
        await drag(page, { x: 300, y: 300, dx: 75, dy: 75, button: 'right' });
        // half of 800 more: 0 to 1200
        assert.match(await textOf(page, '.corner-bl'), /C 600 +W 1200 +from 0/);
        await press(page, 'm');
        await isShown(page, 1);
        near(await column(page, 60), grey(NM.value(60), 600, 1200));
        near(await column(page, 0), 0);

        // a drag up and to the left never takes the lower end away from 0
        await drag(page, { x: 300, y: 300, dx: -20, dy: -30, button: 'right' });
        assert.match(await textOf(page, '.corner-bl'), /C 500 +W 1000/);

        // centre and width again, in the advanced mode or by key
        await press(page, 'k');
        assert.doesNotMatch(await textOf(page, '.corner-bl'), /from 0/);
        await drag(page, { x: 300, y: 300, dx: 0, dy: 30, button: 'right' });
        assert.match(await textOf(page, '.corner-bl'), /C 600 +W 1000/);

        await openStudy(page, CT.study);
        assert.doesNotMatch(await textOf(page, '.corner-bl'), /from 0/);
    });


onPage('B31 cine plays at once; pause, step, start, end, rate; stop goes back', {},
    async (page) => {
        await openStudy(page, US.study);
        // 50 ms a frame in the header
        assert.equal(await page.locator('.cine-rate').inputValue(), '20');
        await page.getByRole('button', { name: 'Cine' }).click();
        await page.waitForFunction(() => Number(/** @type {HTMLElement} */ (
            document.querySelector('.port')).dataset.shown) > 3);
        await page.getByRole('button', { name: 'Pause' }).click();
        await page.getByRole('button', { name: 'Play' }).waitFor();

        const at = Number.parseInt(await textOf(page, '.cine-place'), 10);

        await isShown(page, at);

        await page.getByRole('button', { name: 'One image on' }).click();
        await isShown(page, at % US.frames + 1);
        await page.getByRole('button', { name: 'To the last image' }).click();
        await isShown(page, US.frames);
        await page.getByRole('button', { name: 'One image back' }).click();
        await isShown(page, US.frames - 1);
        await page.getByRole('button', { name: 'To the first image', exact: true }).click();
        await isShown(page, 1);

        // two a second, however late one of them is
        await page.locator('.cine-rate').fill('2');
        await page.getByRole('button', { name: 'Play' }).click();

        const times = await page.evaluate(() => new Promise((done) => {
            const port = /** @type {HTMLElement} */ (document.querySelector('.port'));
            /** @type {number[]} */
            const all = [];
            let last = port.dataset.shown;
            const watch = new MutationObserver(() => {
                if (port.dataset.shown !== last) {
                    last = port.dataset.shown;
                    all.push(performance.now());
                }
                if (all.length === 7) {
                    watch.disconnect();
                    done(all);
                }
            });
            watch.observe(port, { attributes: true });
        }));

        assert.ok(times[6] - times[0] > 2550, `${times[6] - times[0]} ms`);
        // a step is a pause
        await page.locator('.port').focus();
        await page.keyboard.press('ArrowDown');
        await drawn(page);
        assert.equal(await page.locator('.cine-play').getAttribute('aria-label'), 'Play');
        await page.keyboard.press('c');
        await page.getByRole('button', { name: 'Stop, to the first image' }).click();
        await isShown(page, 1);
        assert.equal(await page.locator('.cine-play').getAttribute('aria-label'), 'Play');
    });


onPage('B06 the patient’s studies before and after, series and frames', {},
    async (page) => {
        const date = async () => {
            await isShown(page, 1);
            return page.locator('.banner-date').innerText();
        };

        await openStudy(page, NM.study);
        assert.equal(await date(), 'Jun 01, 2023');
        await press(page, ']');
        await page.waitForURL(`**study=${NM.newer}`);
        assert.equal(await date(), 'Jun 01, 2024');
        await press(page, ']');
        await page.getByText('This is the newest study of the patient.').waitFor();
        await press(page, '[');
        await page.waitForURL(`**study=${NM.study}`);
        assert.equal(await date(), 'Jun 01, 2023');
        await press(page, '[');
        await page.waitForURL(`**study=${NM.older}`);
        assert.equal(await date(), 'Jun 01, 2021');

        await openStudy(page, CT.study);
        await press(page, 'PageDown');
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'H');
        await press(page, 'ArrowRight');
        await isShown(page, 2);
        await press(page, 'ArrowLeft');
        await isShown(page, 1);
        await press(page, 'PageUp');
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'A');
    });


onPage('B37 help by H and F1, advanced mode by F10, keys of either case', {},
    async (page) => {
        await openStudy(page, CT.study);

        for (const key of ['h', 'H', 'F1']) {
            await press(page, key);
            await page.locator('.help[open]').waitFor();
            assert.match(await textOf(page, '.help-keys'), /Scroll[^]*Advanced mode[^]*Turn the other planes left/);
            assert.match(await textOf(page, '.help-pointer'), /Enter[^]*Ctrl \+ Z/);
            assert.equal(await page.locator('.help a[href="bir.html"]').innerText(),
                'Self-test of the viewer');
            await press(page, 'Escape');
            assert.ok(await page.locator('.help').isHidden());
        }

        const clamp = page.getByRole('button', { name: 'Window from 0' });

        assert.ok(await clamp.isHidden());
        await press(page, 'F10');
        await clamp.click();
        assert.match(await textOf(page, '.corner-bl'), /from 0/);
        await press(page, 'F10');
        await drawn(page);
        assert.ok(await clamp.isHidden());

        for (const [key, name] of [['W', 'Window'], ['z', 'Zoom'], ['t', 'Pan']]) {
            await press(page, key);
            await drawn(page);
            assert.equal(await page.locator(`.tool[title="${name} (${key.toUpperCase()})"]`)
                .getAttribute('aria-pressed'), 'true');
            // B38: one at a time
            assert.equal(await page.locator('.tool-group').first()
                .locator('[aria-pressed="true"]').count(), 1);
        }
    });


onPage('B38 the cursor shows the tool, and one tool excludes the others', {},
    async (page) => {
        await openStudy(page, CT.study);

        /** @type {string[]} */
        const cursors = [];

        for (const key of ['s', 'w', 'z', 't', 'v']) {
            await press(page, key);
            await drawn(page);
            cursors.push(await page.locator('.port').evaluate((n) =>
                getComputedStyle(n).cursor));
        }

        assert.equal(new Set(cursors).size, 5, cursors.join(' '));
    });


onPage('S5 expected, received, shown and failed are counted for each series',
    { allow: /500/ }, async (page) => {
        await page.route('**/instances/*.1.3/frames/1/rendered**', (r) =>
            r.fulfill({ status: 500, json: { reason: 'broken' } }));
        await withMetadata(page, (all) => all.slice(0, -2), '.1');
        await openStudy(page, CT.study);

        const thumb = page.locator('.thumb').first();

        await thumb.getByText(/^1 of 22 shown/).waitFor();
        assert.match(await thumb.innerText(), /22 of 24/);
        await press(page, 'ArrowDown', 'ArrowDown');
        await page.locator('.failed').waitFor();
        await press(page, 'ArrowDown');
        await isShown(page, 4);
        await thumb.getByText(/^\d of 22 shown, 1 failed$/).waitFor();
        assert.match(/** @type {string} */ (await thumb.getAttribute('title')),
            /^Expected: 24, received: 22, shown: \d, failed: 1$/);
        assert.equal(await page.locator('.thumb').nth(1).locator('.thumb-seen')
            .innerText(), '');
    });


onPage('S8 what was seen stays seen; leaving with unseen images warns, if wished',
    { allow: /dialog/ }, async (page) => {
        /** @type {string[]} */
        const asked = [];

        page.on('dialog', (d) => asked.push(d.type()));
        await openStudy(page, CT.study);

        for (let k = 2; k <= 5; k++) {
            await press(page, 'ArrowDown');
            await isShown(page, k);
        }

        const seen = () => page.locator('.thumb-seen').first().innerText();

        await page.getByText('5 of 24 shown', { exact: true }).waitFor();
        await press(page, 'PageDown');
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'H');
        await press(page, 'PageUp');
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'A');
        await isShown(page, 1);
        assert.equal(await seen(), '5 of 24 shown');

        // the same series elsewhere adds to it
        await chooseLayout(page, 1, 2);
        await page.locator('.port').nth(1).click();
        await page.locator('.thumb').first().click();
        await isShown(page, 1, 1);
        await press(page, 'End');
        await isShown(page, 24, 1);
        // and perhaps some that came on the way
        await page.locator('.thumb-seen').first().getByText(/^[6-9] of 24 shown$/).waitFor();

        await press(page, 'F10');
        await page.getByRole('button', { name: 'Warn of unseen images' }).click();
        await page.getByRole('link', { name: 'Study list' }).click({ noWaitAfter: true });
        await page.waitForFunction(() => true);
        assert.deepEqual(asked, ['beforeunload']);
        assert.match(page.url(), /viewer\.html/);
        await page.getByRole('button', { name: 'Warn of unseen images' }).click();
        await page.getByRole('link', { name: 'Study list' }).click();
        await page.waitForURL((url) => !url.pathname.endsWith('viewer.html'));
        assert.equal(asked.length, 1);
    });


onPage('S1 H9 a picture that says it is of another image or study is taken away', {},
    async (page) => {
        const wrong = (/** @type {string} */ instance) => page.route(
            '**/instances/*.1.2/frames/1/rendered**', async (route) => {
                const answer = await route.fetch();

                await route.fulfill({ response: answer,
                    headers: { ...answer.headers(), 'pacs-instance': instance } });
            });

        for (const [instance, alarm] of [
            [`${CT.study}/${CT.study}.1/${CT.study}.1.9`,
                'A picture of another image was sent.'],
            ['1.2.3/1.2.3.1/1.2.3.1.2', 'A picture of another study was sent.'],
        ]) {
            await wrong(instance);
            await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
            await page.locator('.banner.is-alarm').waitFor();
            assert.equal(await textOf(page, '.banner-alarm'), alarm);
            assert.deepEqual(await canvasPixels(page, 500, 300), [[0, 0, 0]]);
            await page.unroute('**/instances/*.1.2/frames/1/rendered**');
        }

        // and the server does name the instance, of what it keeps too
        const of = (/** @type {string} */ url) => page.evaluate(async (url) =>
            (await fetch(url)).headers.get('Pacs-Instance'), url);
        const url = `/dicom-web/studies/${CT.study}/series/${CT.study}.1/instances/${CT.study}.1.3`;

        for (const path of ['/frames/1/rendered?quality=90', '/thumbnail', '/rendered']) {
            assert.equal(await of(url + path),
                `${CT.study}/${CT.study}.1/${CT.study}.1.3`);
        }
    });
