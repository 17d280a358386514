import { sealingKeys, recordedSealers } from '../support/file-sealers.js'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { signedSets, start } from '../support/signed-sets.js'
import { wrong } from '../support/types.mjs'

/** What `revoked` may be where a key was not taken back. */
const kept = [undefined, null, false]
const takenBack = [
  { revoked_at: start / 1000, reason: 'superseded' },
  { revoked_at: 8e9, reason: 'compromised' },
  {},
  true,
  '',
  0,
  'no',
]
const sealingOperations = [
  undefined,
  [],
  ['encrypt'],
  ['wrapKey', 'x'],
  ['deriveKey'],
  ['verify', 'deriveBits'],
]
const otherOperations = [
  ['verify'],
  ['sign'],
  ['decrypt', 'unwrapKey'],
  [null],
  'encrypt',
  null,
  {},
]

/**
 * What a key says about itself counts in every direction.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function keyStatementsSuite(host) {
  const { test, assert, door, jose } = host
  const { createSealer, importKeySet, inHand, pinned, restoreFileSealer, seal, sealFields } = door
  const { createFileSealer, sealStream, signedBy } = door
  const { rootJwk, signedSet, refused, hosted } = signedSets(host)
  const context = {}
  const ec = publicJwk('P-256-enc')
  const inHandOf = (...jwks) => importKeySet(keySetOf(...jwks), { trust: inHand() })
  /** @type {Record<string, (keys: import('#dist/doors/index.js').KeySet) => Promise<unknown>>} */
  const sealing = {
    seal: (keys) => seal(keys, 'x', { context }),
    createSealer: (keys) => createSealer(keys).seal('x', { context }),
    sealFields: (keys) => sealFields(keys, { a: 'x' }, { context, fields: ['a'] }),
    sealStream: (keys) => sealStream(keys, new Blob(['x']), { context }),
    createFileSealer: async (keys) =>
      (await createFileSealer(keys, new Blob(['x']), { context })).close(),
  }
  for (const [verb, work] of Object.entries(sealing)) {
    test(`${verb} passes over a key that says revoked or other operations, and takes the next one`, async () => {
      const says = [
        ...takenBack.map((revoked) => ({ revoked })),
        ...otherOperations.map((names) => ({ key_ops: names })),
      ]
      for (const statement of says) {
        const bad = { ...ec, ...statement }
        await fails(assert, work(inHandOf(bad)), 'no_usable_key', /says revoked, or other key_ops/)
        await work(inHandOf(bad, publicJwk('P-384-enc')))
      }
      for (const revoked of kept) await work(inHandOf({ ...ec, revoked }))
      for (const names of sealingOperations) await work(inHandOf({ ...ec, key_ops: names }))
    })
  }

  test('a set whose keys say use enc and key_ops [], as older ones did, is sealed to', async () => {
    for (const name of ['P-256-enc', 'RSA-2048-enc']) {
      const sealed = await seal(inHandOf(publicJwk(name, { key_ops: [] })), 'x', { context })
      assert.equal(
        jose.decodeProtectedHeader(sealed).kid,
        await jose.calculateJwkThumbprint(publicJwk(name)),
      )
    }
  })

  test('an upload is not restored with a key that says revoked, other operations, or that it has expired', async () => {
    const { begin, crash, keys } = recordedSealers(door)
    const first = await begin()
    const left = await crash(first)
    const restored = (other) => restoreFileSealer(other, left, first.sealer.messageId, first.source)
    const says = [
      { revoked: {} },
      { key_ops: ['verify'] },
      { exp: start / 1000 },
      { nbf: start / 1000 + 1 },
    ]
    for (const statement of says) {
      const bad = { ...publicJwk('P-256-enc'), ...statement }
      const other = importKeySet(keySetOf(bad), { trust: inHand(), now: () => start })
      await fails(assert, restored(other), 'no_usable_key', /no longer sealed to/)
    }
    const soon = importKeySet(keySetOf({ ...ec, exp: start / 1000 + 1 }), {
      trust: inHand(),
      now: () => start,
    })
    for (const good of [soon, keys, sealingKeys(door, 'P-256-enc')])
      await (await restored(good)).close()
  })

  /** @type {[jwk: object, expected: string | undefined][]} */
  const uses = [
    [{ key_ops: ['verify'] }, 'sig ES256'],
    [{ key_ops: ['verify', 'encrypt'] }, 'sig ES256'],
    [{ key_ops: ['deriveBits', 'deriveKey'] }, 'enc ECDH-ES+A256KW'],
    [{ key_ops: ['verify'], use: 'enc' }, 'enc ECDH-ES+A256KW'],
    [{ key_ops: ['verify'], alg: 'ECDH-ES+A256KW' }, 'enc ECDH-ES+A256KW'],
    [{ key_ops: ['deriveKey'], alg: 'ES256' }, 'sig ES256'],
    [{ key_ops: [] }, undefined],
    [{ key_ops: ['sign'] }, undefined],
    [{ key_ops: 'verify' }, undefined],
    [{ key_ops: null }, undefined],
    [{}, undefined],
  ]
  for (const [statement, expected] of uses) {
    test(`a P-256 key that says ${JSON.stringify(statement)} is for ${expected ?? 'nothing'}`, async () => {
      const jwk = { ...ec, use: undefined, ...statement }
      const found = await inHandOf(jwk, publicJwk('P-384-enc')).list()
      const told = found.slice(0, -1).map(({ use, alg }) => `${use} ${alg}`)
      assert.deepEqual(told, expected === undefined ? [] : [expected])
      if (expected) await importKeySet(jwk, { trust: inHand() }).ready()
      else await fails(assert, () => importKeySet(jwk, { trust: inHand() }), 'invalid_argument')
    })
  }

  test('an RSA key is sealed to by its operations alone, and verifies only with its alg', async () => {
    const rsa = { ...publicJwk('RSA-2048-enc'), use: undefined }
    const [key] = await importKeySet({ ...rsa, key_ops: ['wrapKey'] }, { trust: inHand() }).list()
    assert.deepEqual([key.use, key.alg], ['enc', 'RSA-OAEP-256'])
    const verifying = { ...rsa, key_ops: ['verify'] }
    await fails(assert, inHandOf(verifying).ready(), 'no_usable_key', /needs its alg/)
    await fails(
      assert,
      () => importKeySet(verifying, { trust: inHand() }),
      'invalid_argument',
      /alg/,
    )
  })

  test('a use that contradicts the key is refused, and the same one is not', async () => {
    for (const [name, use, other] of [
      ['P-256-sig', 'sig', 'enc'],
      ['P-256-enc', 'enc', 'sig'],
    ]) {
      const jwk = publicJwk(name)
      const stated = (said) => importKeySet(jwk, { trust: inHand(), use: wrong(said) })
      await fails(assert, () => stated(other), 'invalid_argument', /use: the key says/)
      assert.equal((await stated(use).list())[0]?.use, use)
    }
  })

  test('a root that says revoked, other operations or use enc is refused; its dates count when it signs', async () => {
    const root = rootJwk()
    const bad = [
      ...takenBack.map((revoked) => ({ revoked })),
      ...[...otherOperations, []]
        .filter((names) => !(Array.isArray(names) && names[0] === 'verify'))
        .map((names) => ({ key_ops: names })),
      { use: 'enc' },
    ]
    for (const statement of bad)
      await fails(
        assert,
        () => signedBy([{ ...root, ...statement }]),
        'invalid_argument',
        /roots\[0\]/,
      )
    const signedAt = start / 1000
    const good = [
      ...kept.map((revoked) => ({ revoked })),
      { key_ops: ['verify'] },
      { nbf: signedAt, exp: signedAt + 1 },
    ]
    for (const statement of good)
      await hosted(signedBy([{ ...root, ...statement }]), signedSet()).sealed()
    for (const statement of [{ nbf: signedAt + 1 }, { exp: signedAt }])
      await refused(
        signedBy([{ ...root, ...statement }]),
        signedSet(),
        'keys_untrusted',
        /when its root was not valid/,
      )
    await fails(assert, () => signedBy([{ ...root, exp: wrong('x') }]), 'keys_malformed', /exp/)
  })

  test('a pin that carries use lets no host turn a signing key into the sealing key', async () => {
    const jwk = publicJwk('P-256-sig', { alg: 'ES256' })
    const kid = await jose.calculateJwkThumbprint(jwk)
    const turned = keySetOf({ ...jwk, use: 'enc', alg: 'ECDH-ES+A256KW', kid })
    const under = (pin) => importKeySet(turned, { trust: pinned([pin]) })
    const listed = await inHandOf(jwk).list()
    for (const pin of [{ thumbprint: kid, use: 'sig' }, { ...jwk, kid }, ...listed])
      await fails(assert, seal(under(pin), 'x', { context }), 'no_usable_key', /signs/)
    await seal(under(kid), 'x', { context }) // what SECURITY.md says of a bare string
    await fails(assert, () => pinned([{ ...jwk }]), 'invalid_argument', /thumbprints/)
    await fails(assert, () => pinned([{ ...jwk, kid: 'mine' }]), 'invalid_argument', /thumbprints/)
  })
}
