import { fails, keysInHand, warmUp } from '../support/host.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, openerOf, openerOver, plainCache, sealWithJose } from '../support/seal-with-jose.js'

/**
 * How often a key is asked for a data key, which replica, and what a cache may answer.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openDataKeysSuite(host) {
  const { test, assert, door, jose } = host
  const { seal, createSealer } = door
  const keysOf = (...names) => keysInHand(door, ...names)
  const over = (names, o) => openerOf(host, names, o)

  test('every input that leads to a data key is in the name under which it is cached', async () => {
    const base = {
      kind: /** @type {const} */ ('EC'),
      alg: 'ECDH-ES+A256KW',
      enc: 'A256GCM',
      sent: new Uint8Array([1]),
      apu: new Uint8Array([2]),
      apv: new Uint8Array([3]),
      encryptedKey: new Uint8Array([4]),
    }
    const other = new Uint8Array([9])
    const row = (change = {}, arn = 'arn', kid = 'kid') => ({
      arn,
      kid,
      key: { ...base, ...change },
    })
    const rows = [
      row(),
      row({}, 'arn2'),
      row({}, 'arn', 'kid2'),
      ...['sent', 'apu', 'apv', 'encryptedKey'].map((name) => row({ [name]: other })),
      row({ alg: 'RSA-OAEP-256' }),
      row({ enc: 'x' }),
      row({ apu: new Uint8Array([2, 3]), apv: new Uint8Array() }),
      row({}, 'arnk', 'id'),
    ]
    const ids = await Promise.all(
      rows.map(({ arn, kid, key }) => host.rooms.dataKeyId(arn, kid, key)),
    )
    assert.equal(new Set(ids).size, rows.length)
    assert.isUndefined(await host.rooms.dataKeyId('arn', 'kid', { ...base, alg: 'ECDH-ES' }))
  })

  test('another replica is asked only where no cryptographic answer came', async () => {
    const arns = {
      [arnOf('P-256-enc', 'eu-central-1')]: 'P-256-enc',
      [arnOf('P-256-enc', 'us-east-1')]: 'P-256-enc',
    }
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    const failing = (code) => ({
      agree: (arn, spki) => {
        if (arn.includes('eu-central-1')) throw new door.SealdropError(code, 'down')
        return openerOver(host, arns)
          .then(({ opener }) => opener)
          .then(() => real(arn, spki))
      },
    })
    const real = (arn, spki) => privateOperations(arns).agree(arn, spki)
    for (const code of ['kms_unavailable', 'kms_denied', 'key_unusable']) {
      const { opener, calls } = await openerOver(host, arns, { answer: failing(code) })
      assert.equal(
        (await opener.open(jwe, { context: {} })).key.arn,
        arnOf('P-256-enc', 'us-east-1'),
      )
      assert.equal(calls.length, 2)
    }
    for (const code of ['kms_throttled', 'kms_unexpected']) {
      const { opener, calls } = await openerOver(host, arns, { answer: failing(code) })
      await fails(assert, opener.open(jwe, { context: {} }), code)
      assert.equal(calls.length, 1)
    }
    const { opener, calls } = await openerOver(host, arns, {
      answer: { agree: async () => new Uint8Array(32) },
    })
    await fails(assert, opener.open(jwe, { context: {} }), 'rejected')
    assert.equal(calls.length, 1, 'a wrong answer is an answer')
  })

  test('the cache opens many values of a sealer with one operation, is filled only by what authenticated, and never by ECDH-ES', async () => {
    for (const name of ['RSA-2048-enc', 'P-521-enc']) {
      const cache = plainCache()
      const { opener, calls } = await over([name], { cache })
      const sealer = createSealer(keysOf(name))
      await warmUp(sealer)
      const jwes = await Promise.all(
        Array.from({ length: 100 }, (_, i) => sealer.seal(i, { context: {} })),
      )
      const broken = jwes[0].replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
      await fails(assert, opener.open(broken, { context: {} }), 'rejected')
      assert.equal(cache.entries.size, 0)
      const opened = await Promise.all(jwes.map((jwe) => opener.open(jwe, { context: {} })))
      assert.deepEqual(
        opened.map((one) => one.json()),
        jwes.map((_, i) => i),
      )
      assert.equal(calls.length, 2)
      await fails(assert, opener.open(broken, { context: {} }), 'rejected')
      assert.equal(calls.length, 2, 'a cached key needs no call to refuse')
    }
    const cache = plainCache()
    const { opener } = await over(['P-256-enc'], { cache })
    await opener.open(await sealWithJose(jose, 'P-256-enc', 'x', { alg: 'ECDH-ES' }), {
      context: {},
    })
    assert.equal(cache.entries.size, 0)
  })

  test('a cached data key opens through whichever replica unwrapped it, also when the first is disabled', async () => {
    const arns = {
      [arnOf('P-256-enc', 'eu-central-1')]: 'P-256-enc',
      [arnOf('P-256-enc', 'us-east-1')]: 'P-256-enc',
    }
    const agree = (arn, spki) => {
      if (arn.includes('eu-central-1')) throw new door.SealdropError('key_unusable', 'disabled')
      return privateOperations(arns).agree(arn, spki)
    }
    const { opener, calls } = await openerOver(host, arns, {
      cache: plainCache(),
      answer: { agree },
    })
    const sealer = createSealer(keysOf('P-256-enc'))
    for (let i = 0; i < 5; i++)
      assert.equal(
        (await opener.open(await sealer.seal(i, { context: {} }), { context: {} })).json(),
        i,
      )
    assert.equal(calls.length, 2)
  })
}
