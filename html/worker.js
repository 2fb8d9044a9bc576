// SPDX-License-Identifier: BSD-2-Clause
//
// The service worker: keeps the program's own files, the viewer's page, and one
// for when the server does not answer.  What is not named here passes it by:
// studies, pictures and all else that the server says of patients is never kept.
//
// Another version of the program registers another address of this file
// (js/ui/program.js); it takes over when the last page of the old one closed.

const ROOT = new URL('./', location.href).pathname;
const PROGRAM = new URL(location.href).searchParams.get('program') ?? '';
const CACHE = `program-${PROGRAM}`;
const VERSIONED = PROGRAM === '' ? '' : `v/${PROGRAM}/`;
const AWAY = `${ROOT}away.html`;
const SHELL = `${ROOT}viewer.html`;
const FIRST = [
    AWAY, `${ROOT}img/icon.svg`,
    ...['js/theme.js', ...['tokens', 'layout', 'button', 'away'].map((name) =>
        `css/${name}.css`)].map((path) => `${ROOT}${VERSIONED}${path}`),
];

/** @type {Promise<Cache> | undefined} asked for once: each time takes some ms */
let opened;

const kept = () => opened ??= caches.open(CACHE);


async function install(event) {
    // pictures need not wait for this file to be run
    event.addRoutes?.(['dicom-web', 'pacs'].map((place) => ({
        condition: { urlPattern: { pathname: `${ROOT}${place}/*` } },
        source: 'network',
    })));

    const cache = await kept();

    await cache.addAll(FIRST.map((path) => new Request(path, { cache: 'no-cache' })));

    if (VERSIONED !== '') {
        const answer = await fetch(SHELL, { cache: 'no-cache', redirect: 'manual' });

        await keepFilesOf(cache, answer.clone());
        await keepShell(cache, answer);
    }
}


/** What a page names is here when it is opened: one by one would take longer.
 *  What does not come now is asked for then. */
async function keepFilesOf(cache, answer) {
    const named = (await answer.text()).matchAll(/ (?:href|src)="([^"]+)"/g);

    await Promise.allSettled([...named].map(([, path]) => path)
        .filter((path) => path.startsWith(VERSIONED))
        .map((path) => cache.add(new Request(ROOT + path, { redirect: 'error' }))));
}


async function activate() {
    const others = (await caches.keys()).filter((name) => name !== CACHE);

    await Promise.all(others.map((name) => caches.delete(name)));
    await registration.navigationPreload?.enable();
}


/** @param {Response} answer is the page, no sign-in page and no refusal */
const isPage = (answer) => answer.status === 200 && answer.type === 'basic'
    && !answer.redirected;


/** The viewer's page is the same for all studies and readers. */
async function keepShell(cache, answer) {
    if (isPage(answer)) {
        // without the address that it was asked for at: that names a study
        await cache.put(SHELL, new Response(answer.body, { headers: answer.headers }));
    }
}


const fromServer = async (event) => await event.preloadResponse ?? fetch(event.request);


/** The viewer's page as it was last time, at once, while the server is asked. */
async function shell(event) {
    const cache = await kept();
    const old = await cache.match(SHELL);

    if (old !== undefined) {
        event.waitUntil(look(event, cache, old.clone()));
        return old;
    }

    const answer = await page(event);

    if (new URL(answer.url || location.href).pathname === SHELL) {
        event.waitUntil(keepShell(cache, answer.clone()));
    }

    return answer;
}


/** What the server says otherwise, or says no more, replaces the page shown. */
async function look(event, cache, old) {
    const answer = await fromServer(event).catch(() => Response.error());

    if (isPage(answer) && await answer.text() === await old.text()) {
        return;
    }

    await cache.delete(SHELL);
    await (await clients.get(event.resultingClientId))?.navigate(event.request.url);
}


async function page(event) {
    try {
        return await fromServer(event);
    } catch (e) {
        const away = await (await kept()).match(AWAY);

        if (away === undefined) {
            throw e;
        }

        return away;
    }
}


/** A file of this version: it never changes. */
async function versioned(event) {
    const cache = await kept();
    const old = await cache.match(event.request);

    if (old !== undefined) {
        return old;
    }

    const answer = await fetch(event.request);

    if (answer.status === 200 && !answer.redirected) {
        event.waitUntil(cache.put(event.request, answer.clone()));
    }

    return answer;
}


/** A file without a version: what is kept serves the page of no answer. */
async function unversioned(event) {
    try {
        return await fetch(event.request);
    } catch (e) {
        const old = await (await kept()).match(event.request);

        if (old === undefined) {
            throw e;
        }

        return old;
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

    if (request.mode === 'navigate' && url.pathname === SHELL && VERSIONED !== '') {
        return shell;
    }

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
