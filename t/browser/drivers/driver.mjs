// SPDX-License-Identifier: BSD-2-Clause
//
// What a browser must be able to do for core.mjs.

/**
 * @typedef {Object} Driver
 * @property {string} name
 * @property {boolean} fingers it knows touches
 * @property {(size: {width: number, height: number}) => Promise<Tab>} open
 *     a tab that knows nothing of the others
 * @property {() => Promise<void>} stop
 *
 * @typedef {Object} Tab
 * @property {(url: string) => Promise<any>} goto until it is loaded
 * @property {(f: (arg: any) => any, arg?: any) => Promise<any>} evaluate f in
 *     the page, and what it resolves to
 * @property {(sources: any[]) => Promise<any>} act WebDriver's actions
 * @property {() => Promise<Buffer>} screenshot PNG
 * @property {() => Promise<any>} close
 */
export {};
