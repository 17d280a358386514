// A server that is killed again and again while it writes. Long, so it runs in one Node only: 20
// times in `npm test`, 200 times in `npm run test:soak`.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { childServer, raw } from '../local-kms/helpers.mjs'
import { generator } from '../support/generator.mjs'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'

const region = 'us-east-1'
/** One of so many kills falls into a write: where none of the first did, there are more. */
const mostKills = 200
const kills = amount({ part: 20, whole: mostKills })
const perFolder = 20
const seed = givenSeed()
const { next } = generator(seed)
let base, dir
before(() => {
  base = mkdtempSync(join(tmpdir(), 'sealdrop-kms-kill-'))
})
after(() => rmSync(base, { recursive: true, force: true }))

const files = () => readdirSync(join(dir, region))

test(`kill -9 at ${kills} random moments loses nothing that was acknowledged and damages no file`, async (t) => {
  t.diagnostic(seedLine(seed))
  let states, owned // what the server last acknowledged for each key, and for each alias
  let acknowledged = 0
  let temporary = 0
  let round = 0
  // a kill comes a random moment after so many changes, so that slow machines do as many; on until
  // one fell into a write
  for (; round < kills || (temporary === 0 && round < mostKills); round++) {
    if (round % perFolder === 0) {
      // a server that starts reads all its keys
      dir = join(base, `state-${round}`)
      states = new Map()
      owned = new Map()
    }
    const server = await childServer(dir)
    const enough = acknowledged + 1 + (round % 7)
    let dead = false
    let timer
    // asked for and not acknowledged: both outcomes are right
    const unsure = { keys: new Set(), aliases: new Set() }
    const ask = async (operation, body, forget, done) => {
      forget()
      const response = await raw(server, { operation, body }).catch((e) =>
        dead ? undefined : assert.fail(e),
      )
      if (!response) return
      if (response.status === 200) {
        done(response.text && response.json())
        if (++acknowledged >= enough)
          timer ??= setTimeout(() => {
            dead = true
            void server.kill()
          }, next() * 4)
      } else assert.fail(response.text)
    }
    const writer = async (name) => {
      for (let i = 0; !dead; i++) {
        let id
        await ask(
          'CreateKey',
          { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
          () => undefined,
          ({ KeyMetadata }) => {
            id = KeyMetadata.KeyId
            states.set(id, true)
          },
        )
        if (!id) return
        const alias = `alias/${round}-${name}-${i}`
        await ask(
          'CreateAlias',
          { AliasName: alias, TargetKeyId: id },
          () => unsure.aliases.add(alias),
          () => {
            unsure.aliases.delete(alias)
            owned.set(alias, id)
          },
        )
        await ask(
          'DisableKey',
          { KeyId: id },
          () => unsure.keys.add(id),
          () => {
            unsure.keys.delete(id)
            states.set(id, false)
          },
        )
      }
    }
    await Promise.all([writer('a'), writer('b'), writer('c')])
    clearTimeout(timer)
    await server.kill()
    temporary += existsSync(join(dir, region))
      ? files().filter((name) => name.endsWith('.tmp')).length
      : 0
    const local = await startLocalKms({ dir })
    try {
      for (const [id, enabled] of states) {
        const { KeyMetadata } = (
          await raw(local, { operation: 'DescribeKey', body: { KeyId: id } })
        ).json()
        if (!unsure.keys.has(id)) assert.equal(KeyMetadata.Enabled, enabled, id)
        states.set(id, KeyMetadata.Enabled)
      }
      for (const [alias, id] of owned)
        assert.equal(
          (await raw(local, { operation: 'DescribeKey', body: { KeyId: alias } })).json()
            .KeyMetadata.KeyId,
          id,
        )
      assert.deepEqual(
        files().filter((name) => name.endsWith('.tmp')),
        [],
      )
    } finally {
      await local.close()
    }
  }
  t.diagnostic(
    `${acknowledged} acknowledged changes over ${round} kills, ${temporary} of which fell into a write`,
  )
  assert.isAbove(acknowledged, 2.5 * round, 'acknowledged changes')
  assert.isAbove(temporary, 0, 'no kill fell into a write')
})
