// SPDX-License-Identifier: BSD-2-Clause
//
// npm's dicomweb-client in a page: searches, retrieves, stores.  What comes
// back is compared with the file that was stored.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { BASE, onPage } from '../browser/browser.mjs';

const FILE = readFileSync(/** @type {string} */ (process.env.CLIENT_FILE));
const STUDY = /** @type {string} */ (process.env.CLIENT_STUDY);
const SERIES = /** @type {string} */ (process.env.CLIENT_SERIES);
const INSTANCE = /** @type {string} */ (process.env.CLIENT_INSTANCE);

const options = {
    studyInstanceUID: STUDY, seriesInstanceUID: SERIES, sopInstanceUID: INSTANCE,
};


/**
 * A page with a client; `call` calls one of its methods.  Buffers come back
 * as lists of base64.
 * @param {string} name
 * @param {(call: (method: string, o?: object) => Promise<any>,
 *          page: import('playwright-core').Page) => Promise<void>} body
 */
function withClient(name, body) {
    onPage(name, {}, async (page) => {
        await page.goto(`${BASE}/clients/empty.html`);
        await page.addScriptTag({ url: '/clients/dicomweb-client/build/dicomweb-client.js' });

        await body((method, o) => page.evaluate(async ([method, o]) => {
            const { api } = /** @type {any} */ (window).DICOMwebClient;
            const client = new api.DICOMwebClient({ url: `${location.origin}/dicom-web` });
            const text = (/** @type {any} */ v) => {
                const b = new Uint8Array(v);
                let s = '';

                for (let i = 0; i < b.length; i += 32768) {
                    s += String.fromCharCode(...b.subarray(i, i + 32768));
                }
                return btoa(s);
            };
            const plain = (/** @type {any} */ v) => v instanceof ArrayBuffer ? [text(v)]
                : Array.isArray(v) && v[0] instanceof ArrayBuffer ? v.map(text) : v;

            return plain(await client[method](o));
        }, /** @type {[string, object]} */ ([method, o ?? {}])), page);
    });
}


/** @param {string[]} list */
const bytes = (list) => list.map((b) => Buffer.from(b, 'base64'));

/** @param {Buffer} file */
const afterPreamble = (file) => file.subarray(128);


withClient('dicomweb-client searches at every level', async (call) => {
    const studies = await call('searchForStudies', { queryParams: { StudyInstanceUID: STUDY } });
    const series = await call('searchForSeries', options);
    const instances = await call('searchForInstances',
        { ...options, queryParams: { limit: 1000 } });

    assert.deepEqual(studies.map((/** @type {any} */ s) => s['0020000D'].Value), [[STUDY]]);
    assert.deepEqual(series.map((/** @type {any} */ s) => s['0020000E'].Value), [[SERIES]]);
    assert.equal(instances.length, series[0]['00201209'].Value[0]);
    assert.ok(instances.some((/** @type {any} */ i) => i['00080018'].Value[0] === INSTANCE));
});


withClient('dicomweb-client retrieves metadata at every level, and bulk data', async (call) => {
    const study = await call('retrieveStudyMetadata', options);
    const series = await call('retrieveSeriesMetadata', options);
    const [instance] = await call('retrieveInstanceMetadata', options);

    assert.deepEqual(study, series);
    assert.deepEqual(instance,
        series.find((/** @type {any} */ i) => i['00080018'].Value[0] === INSTANCE));

    const uri = instance['7FE00010'].BulkDataURI;
    const [pixels] = bytes(await call('retrieveBulkData', { BulkDataURI: uri }));

    assert.ok(FILE.includes(pixels) && pixels.length > 10000);
});


withClient('dicomweb-client retrieves frames', async (call) => {
    const frames = bytes(await call('retrieveInstanceFrames', {
        ...options, frameNumbers: [1],
        mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }],
    }));

    assert.equal(frames.length, 1);
    assert.ok(FILE.includes(frames[0]) && frames[0].length > 10000);
});


withClient('dicomweb-client retrieves pictures', async (call) => {
    const jpeg = { mediaTypes: [{ mediaType: 'image/jpeg' }] };
    const all = [
        ...bytes(await call('retrieveInstanceRendered', { ...options, ...jpeg })),
        ...bytes(await call('retrieveInstanceFramesRendered',
            { ...options, ...jpeg, frameNumbers: [1] })),
        ...bytes(await call('retrieveInstanceThumbnail', { ...options, ...jpeg })),
        ...bytes(await call('retrieveInstanceFramesThumbnail',
            { ...options, ...jpeg, frameNumbers: [1] })),
    ];

    assert.equal(all.length, 4);
    for (const picture of all) {
        assert.equal(picture.readUInt16BE(0), 0xffd8);
    }
    assert.deepEqual(all[0], all[1]);
});


withClient('dicomweb-client retrieves instance, series, study: byte for byte', async (call) => {
    /* it cannot name a transfer syntax; the file's is the default's */
    const [instance] = bytes(await call('retrieveInstance', options));
    const series = bytes(await call('retrieveSeries', options));
    const study = bytes(await call('retrieveStudy', options));

    assert.deepEqual(afterPreamble(instance), afterPreamble(FILE));
    assert.ok(series.some((file) => afterPreamble(file).equals(afterPreamble(FILE))));
    assert.equal(study.length, series.length);
});


withClient('dicomweb-client stores', async (call, page) => {
    const uid = `2.25.${Date.now()}`;
    const answer = await page.evaluate(async ([o, uid]) => {
        const { api } = /** @type {any} */ (window).DICOMwebClient;
        const client = new api.DICOMwebClient({ url: `${location.origin}/dicom-web` });
        const file = new Uint8Array(await client.retrieveInstance(o));
        const old = new TextEncoder().encode(o.sopInstanceUID);

        /* the same instance under a UID of its own, of the same length */
        const name = new TextEncoder().encode(uid.padEnd(old.length, '1'));

        for (let i = 0; i < file.length - old.length; i++) {
            if (old.every((b, k) => file[i + k] === b)) {
                file.set(name, i);
            }
        }

        const text = await client.storeInstances({ datasets: [file.buffer] });

        return { text, uid: new TextDecoder().decode(name) };
    }, /** @type {[typeof options, string]} */ ([options, uid]));

    const response = typeof answer.text === 'string' ? JSON.parse(answer.text) : answer.text;

    assert.equal(response['00081199'].Value[0]['00081155'].Value[0], answer.uid);
    assert.equal(response['00081198'], undefined);

    const [found] = await call('searchForInstances',
        { queryParams: { SOPInstanceUID: answer.uid } });

    assert.equal(found['00080018'].Value[0], answer.uid);
});
