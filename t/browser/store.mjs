// SPDX-License-Identifier: BSD-2-Clause
//
// Sends the studies of the browser tests to the server: node store.mjs URL

import { storeAll } from './studies.mjs';

await storeAll(process.argv[2]);
