import { orSkip } from '../support/skip.js'

/** mocha's test, which knows what a Skip is. */
export const skipping = (name, work) =>
  test(name, function run() {
    return orSkip(work, () => this.skip())
  })
