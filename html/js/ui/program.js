// SPDX-License-Identifier: BSD-2-Clause
//
// Makes the program installable: registers worker.js, once there is time.
// Browsers have service workers on https: and localhost only.

export function keepProgram() {
    // conf/nginx.conf serves this file as v/<sum>/js/ui/program.js
    const program = /\/v\/([0-9a-f]+)\/js\/ui\//.exec(import.meta.url)?.[1] ?? '';

    // where the browser forbids it the pages are the same without it
    navigator.serviceWorker?.register(`worker.js?program=${program}`,
        { updateViaCache: 'none' }).catch(() => {});
}
