import { npmProgram } from '../environment.mjs'
import { startProgram } from './program.mjs'

export const deno = {
  name: 'Deno',
  everything: true,
  start: async (o) =>
    startProgram(await npmProgram('deno'), {
      ...o,
      args: ['run', '--no-config', '--no-lock', '--no-remote', '--no-npm', '--allow-net=127.0.0.1'],
    }),
}
