// SPDX-License-Identifier: BSD-2-Clause
//
// The drawings of img/icons.svg, put into the page once: of a file that <use>
// names, browsers make a document for each use.

const FILE = new URL('../../img/icons.svg', import.meta.url);


/** From when they are here <use href="#icon-list"> shows one; without them the
 *  pages are used by their words. */
export async function bringIcons() {
    const answer = await fetch(FILE).catch(() => Response.error());

    if (answer.ok) {
        const { documentElement: drawings } = new DOMParser()
            .parseFromString(await answer.text(), 'image/svg+xml');

        drawings.classList.add('icons');
        document.body.append(drawings);
    }
}
