// The folders of a user who has configured and seen nothing yet, so that no test reads or fills
// those of whoever runs it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const own = mkdtempSync(join(tmpdir(), 'sealdrop-own-'))
process.once('exit', () => rmSync(own, { recursive: true, force: true }))

export const ownFolders = {
  XDG_CONFIG_HOME: join(own, 'config'),
  XDG_STATE_HOME: join(own, 'state'),
}
