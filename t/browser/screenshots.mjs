// SPDX-License-Identifier: BSD-2-Clause
//
// Renews the pictures of the README: node screenshots.mjs URL, of a server
// with the demo studies (tools/run).

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const base = process.argv[2] ?? 'http://127.0.0.1:8080';
const folder = join(dirname(fileURLToPath(import.meta.url)), 'screenshots');

/** name, what to open (description of the study), size, touch, keys, viewports */
const SCREENS = [
    ['list-desktop', '', 1440, 900, false,
        [...Array(3).fill('ArrowDown'), 'ArrowRight'], 0],
    ['list-tablet', '', 768, 1024, true, [], 0],
    ['list-phone', '', 390, 844, true, [], 0],
    ['ct-desktop', 'CT Chest with contrast, follow-up', 1440, 900, false,
        Array(70).fill('ArrowDown'), 1],
    ['planes-desktop', 'CT Chest with contrast, follow-up', 1440, 900, false, ['b'], 4],
    ['mr-tablet', 'MRI Brain', 1024, 768, true, Array(10).fill('ArrowDown'), 1],
    ['mammography-tablet', 'Screening mammography', 768, 1024, true, [], 4],
    ['radiograph-desktop', 'Chest PA', 1440, 900, false, [], 1],
    ['ultrasound-phone', 'Echocardiography', 390, 844, true, [], 1],
];

/** pictures of the server's own making: name, description of the study, number
 * of its series from 1, what to ask for, whether of the first instance */
const PICTURES = [
    ['rendered-mip', 'CT Chest with contrast, follow-up', 1,
        'renderedmpr?orientation=a&mprslab=20&renderingmethod=maximum_ip&window=200,700,linear&viewport=480,480'],
    ['rendered-volume', 'CT Chest with contrast, follow-up', 1,
        'rendered3d?orientation=a&preset=ct-angio&viewport=480,480'],
    ['rendered-mammogram', 'Screening mammography', 1,
        'rendered?viewport=480,480&annotation=patient,technique', true],
    ['rendered-ultrasound', 'Echocardiography', 1,
        'frames/1/rendered?viewport=480,480&annotation=patient,technique', true],
];

const qido = async (path) => (await fetch(`${base}/dicom-web${path}`)).json();
const text = (row, tag) => row[tag]?.Value?.[0];

mkdirSync(folder, { recursive: true });

for (const [name, description, number, what, ofInstance] of PICTURES) {
    const study = text((await qido('/studies?limit=100&includefield=StudyDescription'))
        .find((row) => text(row, '00081030') === description), '0020000D');
    const rows = await qido(`/studies/${study}/series`);
    const series = text(rows[number - 1], '0020000E');
    let path = `/studies/${study}/series/${series}`;

    if (ofInstance) {
        const first = await qido(`${path}/instances`);
        path += `/instances/${text(first[0], '00080018')}`;
    }

    const answer = await fetch(`${base}/dicom-web${path}/${what}`,
        { headers: { Accept: 'image/jpeg' } });

    if (!answer.ok) {
        throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    }
    writeFileSync(join(folder, `${name}.jpg`), Buffer.from(await answer.arrayBuffer()));
}

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

for (const [name, study, width, height, touch, keys, ports] of SCREENS) {
    const context = await browser.newContext({
        viewport: { width, height }, hasTouch: touch, isMobile: touch,
        deviceScaleFactor: width < 500 ? 2 : 1, colorScheme: 'dark',
    });
    const page = await context.newPage();

    await page.goto(`${base}/`);
    await page.locator('.row').first().waitFor();

    if (study !== '') {
        await page.locator('.cell-description', { hasText: study }).first().click();
        await page.locator('.badge[data-state="final"]').first().waitFor();
        await page.mouse.move(0, 0);
    }

    for (const key of keys) {
        await page.keyboard.press(key);
    }

    // the stream of events never ends: the net is never idle
    await page.waitForFunction((ports) => {
        const frames = [...document.querySelectorAll('.frame')];

        return [...document.images].every((i) => i.complete) && frames.length === ports
            && document.querySelector('[aria-busy="true"], .status-arriving') === null
            && frames.every((frame) => /^lossless.*final/.test(
                frame.querySelector('.badge')?.textContent ?? ''));
    }, ports);
    await page.screenshot({
        path: join(folder, `${name}.jpg`), type: 'jpeg', quality: 82,
    });
    await context.close();
}

await browser.close();
