// SPDX-License-Identifier: BSD-2-Clause
//
// The service worker: keeps the program's own files, and a page for when the
// server does not answer.  What is not named here passes it by: studies,
// pictures and all else that the server says of patients is never kept.
//
// Another version of the program registers another address of this file
// (js/ui/program.js); it takes over when the last page of the old one closed.

const ROOT = new URL('./', location.href).pathname;
const PROGRAM = new URL(location.href).searchParams.get('program') ?? '';
const CACHE = `program-${PROGRAM}`;
const VERSIONED = PROGRAM === '' ? '' : `v/${PROGRAM}/`;
const AWAY = `${ROOT}away.html`;
const FIRST = [
    AWAY, `${ROOT}img/icon.svg`,
    ...['js/theme.js', ...['tokens', 'layout', 'button', 'away'].map((name) =>
        `css/${name}.css`)].map((path) => `${ROOT}${VERSIONED}${path}`),
];


async function install(event) {
    // pictures need not wait for this file to be run
    event.addRoutes?.(['dicom-web', 'pacs'].map((place) => ({
        condition: { urlPattern: { pathname: `${ROOT}${place}/*` } },
        source: 'network',
    })));

    const cache = await caches.open(CACHE);

    await cache.addAll(FIRST.map((path) => new Request(path, { cache: 'no-cache' })));
}


async function activate() {
    const others = (await caches.keys()).filter((name) => name !== CACHE);

    await Promise.all(others.map((name) => caches.delete(name)));
    await registration.navigationPreload?.enable();
}


async function page(event) {
    try {
        return await event.preloadResponse ?? await fetch(event.request);
    } catch (e) {
        const away = await (await caches.open(CACHE)).match(AWAY);

        if (away === undefined) {
            throw e;
        }

        return away;
    }
}


/** A file of this version: it never changes. */
async function versioned(event) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(event.request);

    if (kept !== undefined) {
        return kept;
    }

    const answer = await fetch(event.request);

    if (answer.status === 200) {
        event.waitUntil(cache.put(event.request, answer.clone()));
    }

    return answer;
}


/** A file without a version: what is kept serves the page of no answer. */
async function unversioned(event) {
    try {
        return await fetch(event.request);
    } catch (e) {
        const kept = await (await caches.open(CACHE)).match(event.request);

        if (kept === undefined) {
            throw e;
        }

        return kept;
    }
}


/** @param {Request} request */
function handlerOf(request) {
    const url = new URL(request.url);

    if (request.method !== 'GET' || url.origin !== location.origin
        || !url.pathname.startsWith(ROOT))
    {
        return null;
    }

    const path = url.pathname.slice(ROOT.length);

    if (request.mode === 'navigate') {
        return /^([\w-]+\.html)?$/.test(path) ? page : null;
    }

    if (PROGRAM !== '' && path.startsWith(VERSIONED)) {
        return versioned;
    }

    return /^(css|js|img)\//.test(path) ? unversioned : null;
}


addEventListener('install', (event) => event.waitUntil(install(event)));
addEventListener('activate', (event) => event.waitUntil(activate()));
addEventListener('fetch', (event) => {
    const handler = handlerOf(event.request);

    if (handler !== null) {
        event.respondWith(handler(event));
    }
});
