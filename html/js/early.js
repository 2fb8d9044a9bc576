// SPDX-License-Identifier: BSD-2-Clause
//
// Asks for what the viewer begins with while its modules come: no module, it
// runs as soon as the page names it.  net/early.js gives out the answers.

{
    const args = new URLSearchParams(location.search);
    const study = args.get('study') ?? '';
    const root = document.querySelector('meta[name="dicomweb"]')?.getAttribute('content')
        ?? '/dicom-web';
    const ask = (/** @type {string} */ url) => {
        const answer = fetch(url, { headers: { Accept: 'application/json' } });

        // who takes it says what is wrong
        answer.catch(() => {});
        return /** @type {[string, Promise<Response>]} */ ([url, answer]);
    };

    if (/^[0-9.]{1,64}$/.test(study) && !args.has('requestType')) {
        Object.assign(window, { pacsEarly: new Map([
            ask(`${root}/studies/${study}/session`), ask('hanging.json'),
        ]) });
    }
}
