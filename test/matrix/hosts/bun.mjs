import { npmProgram } from '../environment.mjs'
import { startProgram } from './program.mjs'

export const bun = {
  name: 'Bun',
  start: async (o) => startProgram(await npmProgram('bun'), { ...o, args: ['run', '--no-install'] }),
}
