// Makes the environments of Python, Go, Java, Deno, Bun, vitest, jest and the docs site, which the
// tests would make themselves when they begin. It needs no npm package, so that it can run while
// those are installed.
import { fileURLToPath } from 'node:url'
import {
  goBinary,
  goProgram,
  javaProgram,
  pythonEnvironment,
  pythonProgram,
} from './interop/environment.mjs'
import { goPages } from './interop/pages/blocks.mjs'
import { ageProgram, oldAgeProgram } from './age/age-program.mjs'
import { kitFolder } from './age/test-kit.mjs'
import { npmProgram } from './matrix/environment.mjs'
import { npmFolder } from './support/npm-folder.mjs'
import { tusdProgram } from './tus/tusd-program.mjs'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

await pythonProgram()
await pythonEnvironment('token-python', at('interop/tokens/requirements.txt'))
await pythonEnvironment('clients-python', at('local-kms/clients/requirements.txt'))
await pythonEnvironment('stores-python', at('stores/requirements.txt'))
await goProgram()
await goBinary('token-go', at('interop/tokens/foreign-go'))
await javaProgram()
await goPages()
await ageProgram()
await oldAgeProgram()
await kitFolder()
await tusdProgram()
await goBinary('clients-go', at('local-kms/clients/go'))
await npmProgram('deno')
await npmFolder(at('frameworks'), 'frameworks')
await npmFolder(at('../docs'), 'docs')
