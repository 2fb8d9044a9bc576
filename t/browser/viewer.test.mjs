// SPDX-License-Identifier: BSD-2-Clause

import assert from 'node:assert/strict';

import {
    BASE, canvasPixels, cinePlayed, difference, drag, isShown, onPage, openStudy, portBox,
    seen, serverPicture, textOf, withMetadata,
} from './browser.mjs';
import { made, newUid } from './made.mjs';
import { store } from './part10.mjs';
import { CT, US, grey } from './studies.mjs';

/** JPEG of quality 90 on flat areas; and on the gradient */
const NEAR = 3;

/** Path of slice k's frame, below DICOMweb's root. */
const slice = (/** @type {number} */ k) =>
    `/studies/${CT.study}/series/${CT.study}.1/instances/${CT.study}.1.${k + 1}/frames/1`;

/** Grey of the band at the top of the picture, in the middle of the port. */
async function band(/** @type {import('playwright-core').Page} */ page) {
    const box = await portBox(page);
    const [[r]] = await canvasPixels(page, Math.round(box.width / 2), 30);

    return r;
}

const near = (/** @type {number} */ a, /** @type {number} */ b, by = NEAR) =>
    assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);


onPage('B03 B21 B25 B26 the banner, the corners and the letters say who and where', {},
    async (page) => {
        await openStudy(page, CT.study);
        assert.equal(await textOf(page, '.banner-name'),
            '<script>alert(1)</script>, "><b>');
        assert.equal(await textOf(page, '.banner-other'), '山田, 太郎 やまだ, たろう');
        assert.equal(await textOf(page, '.banner-birth'), 'Jun 15, 1970');
        assert.match(await textOf(page, '.banner-age'), /^\(\d\d years\)$/);
        assert.equal(await textOf(page, '.banner-sex'), 'F');
        assert.equal(await textOf(page, '.banner-id'), CT.id);
        assert.equal(await textOf(page, '.banner-description'), CT.description);
        assert.equal(await textOf(page, '.banner-accession'), 'ACC-XSS');
        assert.match(await textOf(page, '.corner-tr'), /<i>St\. Elsewhere/);
        assert.match(await textOf(page, '.corner-bl'), /1 \/ 24[^]*C 40 +W 400/);
        assert.equal(await textOf(page, '.letter-left'), 'R');
        assert.equal(await textOf(page, '.letter-right'), 'L');
        assert.equal(await textOf(page, '.letter-top'), 'A');
        assert.equal(await textOf(page, '.letter-bottom'), 'P');
        assert.equal(await textOf(page, '.scale-text'), '5 cm');
        assert.equal(await page.locator('.port img, .banner img, .strip script')
            .count(), 0);
        // the tool of the start is Scroll (IHE BIR)
        assert.equal(await page.getByRole('button', { name: 'Scroll' })
            .getAttribute('aria-pressed'), 'true');
    });


onPage('B01 at 1:1 the pixels are the server’s pixels', {}, async (page) => {
    await openStudy(page, CT.study);
    await page.keyboard.press('m');

    const box = await portBox(page);
    const left = Math.round(box.width / 2 - 128);
    const top = Math.round(box.height / 2 - 128);
    const server = await serverPicture(page, `${slice(0)}/rendered?quality=90`);

    await page.waitForFunction(() =>
        document.querySelector('.corner-bl')?.textContent?.includes('100 %'));

    const mine = await canvasPixels(page, left, top, 256, 256);

    assert.equal(server.width, 256);
    assert.ok(difference(mine, server.pixels) <= 1);
    near(mine[5 * 256 + 100][0], grey(CT.band(0)));
    near(mine[200 * 256 + 100][0], grey(CT.gradient(100)));
    near(mine[200 * 256 + 200][0], grey(CT.gradient(200)));
});


onPage('B17 the stack goes from the head to the feet, whatever the numbers', {},
    async (page) => {
        await openStudy(page, CT.study);

        for (const k of [0, 1, 2, 3]) {
            await isShown(page, k + 1);
            near(await band(page), grey(CT.band(k)));
            await page.keyboard.press('ArrowDown');
        }

        await page.keyboard.press('End');
        await isShown(page, 24);
        near(await band(page), grey(CT.band(23)));
        await page.keyboard.press('Home');
        await isShown(page, 1);
        await page.keyboard.press('ArrowUp');
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 24/);
    });


onPage('B17 G5 scroll by wheel, drag and slider', {}, async (page) => {
    await openStudy(page, CT.study);

    const box = await portBox(page);

    await page.mouse.move(box.x + 300, box.y + 300);

    for (let i = 0; i < 5; i++) {
        await page.mouse.wheel(0, 100);
    }

    await isShown(page, 6);
    near(await band(page), grey(CT.band(5)));
    await page.mouse.wheel(0, -100);
    await isShown(page, 5);

    // 12 px a slice: the most for so few
    await drag(page, { x: 300, y: 300, dx: 0, dy: 60 });
    await isShown(page, 10);

    const slider = await page.locator('.slider').boundingBox();

    assert.ok(slider !== null);
    await page.mouse.click(slider.x + 8, slider.y + slider.height - 4);
    await isShown(page, 24);
    near(await band(page), grey(CT.band(23)));
    assert.equal(await page.locator('.slider').getAttribute('aria-valuetext'),
        '24 of 24');
});


/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<number[]>} of each slice: 1, it has the colour of what was seen
 */
function slidersMarks(page) {
    return page.evaluate(() => {
        const canvas = /** @type {HTMLCanvasElement} */ (
            document.querySelector('.slider-marks'));
        const { data } = /** @type {any} */ (canvas.getContext('2d'))
            .getImageData(0, 0, 1, canvas.height);
        const colour = getComputedStyle(canvas).getPropertyValue('--mark-seen').trim();

        return Array.from({ length: canvas.height }, (_, i) => Number(colour
            === '#' + Array.from(data.slice(i * 4, i * 4 + 3), (/** @type {number} */ v) =>
                v.toString(16).padStart(2, '0')).join('')));
    });
}


onPage('S8 H2 no slice is dropped: each one of a quick scroll is marked as seen', {},
    async (page) => {
        await openStudy(page, CT.study);

        // the others are here, or not: that is no seeing
        await page.waitForFunction(() => performance.getEntriesByType('resource')
            .filter((e) => /rendered\?/.test(e.name)).length > 4);
        assert.deepEqual(await slidersMarks(page), [1, ...Array(23).fill(0)]);

        for (let i = 0; i < 23; i++) {
            await page.keyboard.press('ArrowDown');
            await isShown(page, i + 2);
        }

        assert.deepEqual(await slidersMarks(page), Array(24).fill(1));
    });


onPage('B11 H5 a window drag is seen at once, and exact when the server has answered', {},
    async (page) => {
        await openStudy(page, CT.study);
        await page.keyboard.press('w');

        // the net stops: what changes now is the compositor's work
        /** @type {(() => void)[]} */
        const held = [];

        await page.route('**/rendered?*window=*', (route) => {
            held.push(() => route.continue().catch(() => {}));
        });

        const before = await seen(page);
        const y = Math.round(before.height * 0.7);
        const x = Math.round(before.width / 2 + 40);

        // narrower by 150 px of 300: half as wide
        await drag(page, { x: 400, y: 400, dx: -150, dy: 0 });
        await page.waitForFunction(() =>
            document.querySelector('.badge')?.textContent === 'preview');

        const narrow = (await seen(page)).at(x, y)[0];

        await page.keyboard.press('0');
        await isShown(page, 1);
        await drag(page, { x: 400, y: 400, dx: 300, dy: 30, hold: true });
        await page.waitForFunction(() =>
            document.querySelector('.badge')?.textContent === 'preview');

        const during = await seen(page);
        // 300 px widen by the width; 30 px raise the centre by a tenth of it
        const to = { center: 80, width: 800 };
        const box = await portBox(page);
        const column = (x - (box.width - box.height) / 2) / box.height * 256;
        const hu = CT.gradient(Math.floor(column));

        near(before.at(x, y)[0], grey(hu), 5);
        near(narrow, grey(hu, 40, 200), 9);
        near(during.at(x, y)[0], grey(hu, to.center, to.width), 5);
        assert.ok(Math.abs(before.at(x, y)[0] - during.at(x, y)[0]) > 12);
        assert.match(await textOf(page, '.corner-bl'), /C 80 +W 800/);

        await page.mouse.up();
        held.forEach((go) => go());
        await page.unroute('**/rendered?*window=*');
        await isShown(page, 1);
        await page.keyboard.press('m');
        await page.waitForFunction(() =>
            document.querySelector('.corner-bl')?.textContent?.includes('100 %'));

        const server = await serverPicture(page,
            `${slice(0)}/rendered?window=80,800,linear&quality=90`);
        const mine = await canvasPixels(page, Math.round(box.width / 2 - 128),
            Math.round(box.height / 2 - 128), 256, 256);

        assert.ok(difference(mine, server.pixels) <= 1);
        near(mine[200 * 256 + 10][0], grey(CT.gradient(10), 80, 800));
    });


onPage('B12 B20 right drag is window, whatever the tool; presets and reset', {},
    async (page) => {
        await openStudy(page, CT.study);
        await drag(page, { x: 400, y: 400, dx: 150, dy: 0, button: 'right' });
        assert.match(await textOf(page, '.corner-bl'), /C 40 +W 600/);
        await page.keyboard.press('2');
        assert.match(await textOf(page, '.corner-bl'), /C -600 +W 1500/);
        await isShown(page, 1);
        near(await band(page), grey(CT.band(0), -600, 1500));
        await page.locator('.windows').selectOption('window-preset-2');
        assert.match(await textOf(page, '.corner-bl'), /C 500 +W 2000/);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 2);
        await page.keyboard.press('Escape');
        assert.match(await textOf(page, '.corner-bl'), /^2 \/ 24[^]*C 40 +W 400/);
        await isShown(page, 2);
        near(await band(page), grey(CT.band(1)));
    });


onPage('B13 invert turns black and white, and nothing around the picture', {},
    async (page) => {
        await openStudy(page, CT.study);
        await page.keyboard.press('i');
        await page.keyboard.press('i');

        const before = await seen(page);

        await page.getByRole('button', { name: 'Invert' }).click();

        const after = await seen(page);
        const x = Math.round(before.width / 2 + 100);
        const y = Math.round(before.height / 2);

        near(after.at(x, y)[0], 255 - before.at(x, y)[0], 1);
        assert.deepEqual(after.at(20, 300), [0, 0, 0]);
    });


onPage('B20 G8 zoom is about the pointer, pan follows it, double click is 1:1 and fit', {},
    async (page) => {
        await openStudy(page, CT.study);
        const box = await portBox(page);
        // on the lower edge of the band, in the left half of the picture
        const x = Math.round(box.width / 2 - 60);
        const edge = async () => {
            const column = await canvasPixels(page, x, 0, 1, Math.round(box.height));
            const first = column.findIndex(([r]) => r > grey(CT.band(0)) + 25);
            return first;
        };
        const before = await edge();

        await page.mouse.move(box.x + x, box.y + before);
        await page.keyboard.down('Control');
        await page.mouse.wheel(0, -100);
        await page.mouse.wheel(0, -100);
        await page.keyboard.up('Control');
        near(await edge(), before, 4);

        await drag(page, { x, y: 300, dx: 0, dy: 50, button: 'middle' });
        near(await edge(), before + 50, 4);

        await page.keyboard.press('f');
        near(await edge(), before, 1);
        await page.mouse.dblclick(box.x + 300, box.y + 300);
        await page.waitForFunction(() =>
            document.querySelector('.corner-bl')?.textContent?.includes('100 %'));
        await page.mouse.dblclick(box.x + 300, box.y + 300);
        await page.waitForFunction(() =>
            !document.querySelector('.corner-bl')?.textContent?.includes('100 %'));
    });


onPage('B17 B21 series: by the strip and by Page keys, each with its own letters', {},
    async (page) => {
        await openStudy(page, CT.study);
        await page.keyboard.press('PageDown');
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'H');
        await isShown(page, 1);
        assert.equal(await textOf(page, '.letter-left'), 'A');
        assert.equal(await textOf(page, '.letter-right'), 'P');
        assert.match(await textOf(page, '.corner-bl'), /1 \/ 3/);
        assert.equal(await page.locator('.thumb.is-active .thumb-title').innerText(),
            'Sagittal');
        await page.locator('.thumb').first().click();
        await page.waitForFunction(() => document.querySelector('.letter-top')
            ?.textContent === 'A');
        await isShown(page, 1);
        assert.equal(await page.locator('.thumb').first().getAttribute('aria-label'),
            'CT, Axial <script>, 24 images');
    });


onPage('S5 G21 a frame that fails is a crossed box, and can be asked for again',
    { allow: /500/ }, async (page) => {
        await page.route('**/instances/*.1.3/frames/1/rendered**', (r) =>
            r.fulfill({ status: 500, json: { reason: '<b>broken' } }));
        await openStudy(page, CT.study);
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.locator('.failed').waitFor();
        assert.equal(await textOf(page, '.failed-text'),
            'Image 3: The server refused (500): <b>broken.');
        assert.deepEqual(await canvasPixels(page, 500, 300), [[0, 0, 0]]);
        await page.keyboard.press('ArrowDown');
        await isShown(page, 4);
        assert.ok(await page.locator('.failed').isHidden());
        await page.keyboard.press('ArrowUp');
        await page.locator('.failed').waitFor();
        await page.unroute('**/instances/*.1.3/frames/1/rendered**');
        await page.getByRole('button', { name: 'Try again' }).click();
        await isShown(page, 3);
        near(await band(page), grey(CT.band(2)));
    });


for (const [what, tag, value, alarm] of /** @type {const} */ ([
    ['patient', '00100020', 'SOMEBODY-ELSE', 'Images carry another patient ID than the study.'],
    ['birth date', '00100030', '19700616',
        'Images carry another birth date than the study.'],
    ['study', '0020000D', '1.2.3.4', 'Images of another study were sent.'],
])) {
    onPage(`S1 H9 images of another ${what} are not shown, and the banner turns red`, {},
        async (page) => {
            await withMetadata(page, (all) => {
                all[7][tag] = { ...all[7][tag], Value: [value] };
                return all;
            });
            await page.goto(`${BASE}/viewer.html?study=${CT.study}`);
            await page.locator('.banner.is-alarm').waitFor();
            assert.equal(await textOf(page, '.banner-alarm'), alarm);
            assert.equal(await page.locator('.port').getAttribute('data-shown'), '');
            assert.deepEqual(await canvasPixels(page, 500, 300), [[0, 0, 0]]);
        });
}


onPage('S9 no patient stays when the session has ended', { allow: /401/ },
    async (page) => {
        await openStudy(page, CT.study);
        await page.route('**/rendered**', (r) => r.fulfill({ status: 401 }));
        await page.keyboard.press('3');
        await page.getByText('The session has ended').waitFor();
        assert.deepEqual(await canvasPixels(page, 500, 300), [[0, 0, 0]]);
        assert.ok(!(await page.locator('body').innerText()).includes(CT.id));
        assert.equal(await page.title(), 'Images', 'nor a name in the history');
        assert.equal(await page.locator('.thumb').count(), 0);
    });


onPage('S5 H3 fewer images than announced are said', {}, async (page) => {
    await withMetadata(page, (all) => all.slice(0, -2));
    await openStudy(page, CT.study);
    await page.locator('.thumb-count.is-incomplete').waitFor();
    assert.equal(await page.locator('.thumb-count').first().innerText(), '22 of 24');
});


onPage('S5 H3 a study that still arrives says so, and counts what has come since', {},
    async (page) => {
        const of = { StudyInstanceUID: newUid(), SeriesInstanceUID: newUid(), Modality: 'CT' };
        const image = (/** @type {number} */ n) => made({ ...of, InstanceNumber: n }, 64);
        const says = (/** @type {string} */ text) =>
            page.locator('.arriving-text').getByText(text).waitFor();
        const count = (/** @type {string} */ text) =>
            page.locator('.thumb-count').first().getByText(text, { exact: true }).waitFor();

        await store(BASE, [image(1), image(2)]);
        await openStudy(page, of.StudyInstanceUID);
        await page.waitForSelector('.arriving', { state: 'attached' });
        await store(BASE, [image(3), made({ ...of, SeriesInstanceUID: newUid(),
            SeriesNumber: 2 }, 64)]);
        await says('1 image is not loaded yet.');
        await count('2 of 3');
        assert.match(await textOf(page, '.corner-bl'), /^1 \/ 2/);
        await page.locator('.thumb').nth(1).waitFor();

        // how long it counts as arriving is the server's word
        let arriving = 3600000;

        await page.route('**/pacs/events', (r) => r.fulfill({
            contentType: 'text/event-stream',
            body: `retry: 100\nevent: hello\ndata: {"arriving_ms":${arriving}}\n\n`
                + `event: study\ndata: {"study":"${of.StudyInstanceUID}","age_ms":60000}\n\n`,
        }));
        await page.getByRole('button', { name: 'Load them' }).click();
        await says('The study is still arriving.');
        await count('3');
        assert.ok(await page.getByRole('button', { name: 'Load them' }).isHidden());
        arriving = 1;
        await page.locator('.arriving').waitFor({ state: 'hidden' });
    });


onPage('the name of the window names no patient: the browser keeps it', {}, async (page) => {
    await openStudy(page, CT.study);

    const title = await page.title();

    assert.ok(title.startsWith(CT.description), title);
    assert.ok(!title.includes('script'), title);
});


onPage('B31 G15 cine shows every frame in turn, at the header’s rate', {}, async (page) => {
    await openStudy(page, US.study);
    assert.equal(await page.locator('.cine-rate').inputValue(), '20');
    assert.ok(await page.getByRole('button', { name: 'Window', exact: true })
        .isDisabled());

    const order = await cinePlayed(page, US.frames);
    const start = Number(order[0]);

    assert.deepEqual(order, order.map((_, i) =>
        String((start - 1 + i) % US.frames + 1)));

    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Stop, to the first image' }).click();
    await isShown(page, 1);

    const box = await portBox(page);
    const px = box.height / US.rows;
    const left = (box.width - US.columns * px) / 2;
    const at = async (/** @type {number} */ column) => (await canvasPixels(page,
        Math.round(left + column * px), Math.round(box.height / 2)))[0][1];

    assert.ok(await at(2.5) > 200);
    assert.ok(await at(40) < 60);
    await page.keyboard.press('ArrowDown');
    await isShown(page, 2);
    assert.ok(await at(7.5) > 200);
});


onPage('B29 B37 text is full, minimal, none; help lists the keys', {}, async (page) => {
    await openStudy(page, CT.study);
    await page.keyboard.press('I');
    assert.equal((await textOf(page, '.corner-tl')).trim().split('\n').length, 1);
    await page.keyboard.press('i');
    assert.equal((await textOf(page, '.corner-tl')).trim(), '');
    await page.keyboard.press('i');
    await page.keyboard.press('h');
    await page.locator('.help[open]').waitFor();
    assert.match(await textOf(page, '.help-keys'), /Scroll[^]*Window presets/);
    await page.keyboard.press('Escape');
    assert.ok(await page.locator('.help').isHidden());
});


onPage('what is not there is said', { allow: /404|400/ }, async (page) => {
    await page.goto(`${BASE}/viewer.html?study=1.2.3.4.5.999`);
    await page.getByText('no such study').waitFor();
    await page.goto(`${BASE}/viewer.html?study=../../etc`);
    await page.getByText('The address names no study.').waitFor();
});
