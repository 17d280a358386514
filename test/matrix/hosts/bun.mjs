import { npmProgram } from '../environment.mjs'
import { startProgram } from './program.mjs'

export const bun = {
  name: 'Bun',
  everything: true,
  start: async (o) =>
    startProgram(await npmProgram('bun'), { ...o, args: ['run', '--no-install'] }),
}
