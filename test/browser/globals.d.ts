/** What mocha puts on a page, in its "tdd" manner. */
declare function test(title: string, work: (this: { skip(): never }) => unknown): void

interface Window {
  /** What the script tag leaves. */
  sealdrop: typeof import('#dist/doors/index.js')
}

interface Navigator {
  /** Of Chromium; TypeScript's DOM has it not. */
  userAgentData: {
    getHighEntropyValues(names: readonly string[]): Promise<{ uaFullVersion: string }>
  }
}
