import { rename, writeFile } from 'node:fs/promises'

/** Writes the file whole or not at all. */
export async function writeJson(path, value) {
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
}
