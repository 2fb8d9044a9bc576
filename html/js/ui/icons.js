// SPDX-License-Identifier: BSD-2-Clause
//
// The drawings of img/icons.svg, put into the page once: of a file that <use>
// names, browsers make a document for each use.

const FILE = new URL('../../img/icons.svg', import.meta.url);


async function drawings() {
    // not the sign-in page of a proxy
    const answer = await fetch(FILE, { redirect: 'error' });

    return new DOMParser().parseFromString(answer.ok ? await answer.text() : '',
        'image/svg+xml').documentElement;
}


/** From when they are here <use href="#icon-list"> shows one; without them the
 *  pages are used by their words. */
export async function bringIcons() {
    const all = await drawings().catch(() => null);

    if (all instanceof SVGSVGElement) {
        all.classList.add('icons');
        document.body.append(all);
    }
}
