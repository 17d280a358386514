import { fileURLToPath } from 'node:url'
import { otherNode } from '../../support/other-node.mjs'
import { Missing, present } from '../missing.mjs'
import { startProgram } from './program.mjs'

export const node20 = {
  name: 'Node 20',
  async start(o) {
    const oldest = otherNode()
    if (!oldest) throw new Missing('no Node 20 to 23 on the PATH')
    return startProgram(oldest.path, o)
  },
}

/** The npm package `node`, which npm scripts run on. */
export const node24 = {
  name: 'Node 24',
  start: async (o) =>
    startProgram(
      await present(
        fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url)),
        'npm ci',
      ),
      { ...o, args: ['--disable-warning=ExperimentalWarning'] },
    ),
}
