// SPDX-License-Identifier: BSD-2-Clause
//
// npm's dicom-microscopy-viewer on a slide: it asks for tiles by itself,
// decodes and paints them.

import assert from 'node:assert/strict';

import { BASE, onPage } from '../browser/browser.mjs';
import { readPng } from '../browser/png.mjs';

const STUDY = /** @type {string} */ (process.env.SLIDE_STUDY);
const SERIES = /** @type {string} */ (process.env.SLIDE_SERIES);


onPage('dicom-microscopy-viewer shows a slide', {}, async (page) => {
    /** @type {string[]} */
    const tiles = [];

    page.on('response', (r) => {
        if (r.url().includes('/frames/') && r.ok()) {
            tiles.push(r.url());
        }
    });

    await page.goto(`${BASE}/clients/empty.html`);
    await page.addScriptTag({ url: '/clients/dicomweb-client/build/dicomweb-client.js' });
    await page.addScriptTag({
        url: '/clients/dicom-microscopy-viewer/dist/dicomMicroscopyViewer.bundle.min.js',
    });

    const levels = await page.evaluate(async ([study, series]) => {
        const { DICOMwebClient, dicomMicroscopyViewer } = /** @type {any} */ (window);
        const client = new DICOMwebClient.api.DICOMwebClient(
            { url: `${location.origin}/dicom-web` });
        const all = await client.retrieveSeriesMetadata(
            { studyInstanceUID: study, seriesInstanceUID: series });
        const images = all
            .map((/** @type {any} */ metadata) =>
                new dicomMicroscopyViewer.metadata.VLWholeSlideMicroscopyImage({ metadata }))
            .filter((/** @type {any} */ i) => ['VOLUME', 'THUMBNAIL'].includes(i.ImageType[2]));
        const viewer = new dicomMicroscopyViewer.viewer.VolumeImageViewer(
            { client, metadata: images });
        const box = document.createElement('div');

        box.id = 'slide';
        box.style.cssText = 'width: 800px; height: 600px';
        document.body.append(box);
        viewer.render({ container: 'slide' });
        return images.length;
    }, [STUDY, SERIES]);

    assert.ok(levels > 1);

    /* stained tissue is no grey: its colours are spread */
    let colours = 0;

    for (let i = 0; i < 300 && colours < 200; i++) {
        await page.waitForTimeout(200);
        const seen = readPng(await page.locator('#slide').screenshot());
        const found = new Set();

        for (let y = 100; y < 500; y += 5) {
            for (let x = 100; x < 700; x += 5) {
                const [r, g, b] = seen.at(x, y);

                if (Math.max(r, g, b) - Math.min(r, g, b) > 20) {
                    found.add(r << 16 | g << 8 | b);
                }
            }
        }
        colours = found.size;
    }

    assert.ok(tiles.length > 0, 'tiles were asked for');
    assert.ok(colours >= 200, `${colours} colours on the slide`);
});
