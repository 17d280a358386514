// sealdrop doctor --roots: one JWK, an array, a JWK Set.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { assert } from 'chai'
import { createPublisher, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { listen } from '../support/listen.mjs'
import { sealdrop } from './helpers.mjs'

for (const shape of ['array', 'one', 'set'])
  test(`--roots as ${shape}`, async (t) => {
    const local = await startLocalKms({
      keys: [
        { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
        { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      ],
    })
    const server = await listen(
      keySetHandler(
        createPublisher({
          kms: local.clientConfig,
          keys: [{ key: 'alias/claims' }],
          root: 'alias/root',
        }),
      ),
    )
    t.after(async () => {
      await server.close()
      await local.close()
    })
    const dir = mkdtempSync(join(tmpdir(), 'sealdrop-roots-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const jwk = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
    const file = join(dir, 'roots.json')
    writeFileSync(file, JSON.stringify({ array: [jwk], one: jwk, set: { keys: [jwk] } }[shape]))
    const { code, out, err } = await sealdrop(
      ['doctor', '--key-set', server.url, '--roots', file],
      { env: local.env },
    ).ended
    assert.equal(code, 0, out + err)
  })
