import { encryptionKeys, fails, keySetOf, publicJwk, warmUp, wrapKeys } from '../support/host.js'
import { arnOf, openerOver, plainCache, sealWithJose } from '../support/seal-with-jose.js'

/**
 * Opening behind the private-operation port: what jose seals, what must not open, and how often the
 * key is asked.
 */
export function openSuite(host) {
  const { test, assert, door, jose } = host
  const { importKeySet, inHand, seal, sealFields, createSealer } = door
  const keysOf = (...names) =>
    importKeySet(keySetOf(...names.map((name) => publicJwk(name))), { trust: inHand() })
  const context = { form: 'claim' }
  const over = (names, o) =>
    openerOver(host, Object.fromEntries(names.map((name) => [arnOf(name), name])), o)

  for (const name of encryptionKeys) {
    test(`what jose seals to ${name} opens with one private operation`, async () => {
      const { opener, calls } = await over([name])
      const algs = Object.keys(wrapKeys).filter((alg) => wrapKeys[alg].includes(name))
      assert.isNotEmpty(algs)
      for (const alg of algs) {
        const jwe = await sealWithJose(jose, name, '{"a":1}', {
          alg,
          cty: 'json',
          ctx: context,
          iat: 1_700_000_000,
          jti: 'id',
        })
        const opened = await opener.open(jwe, { context })
        assert.deepEqual(opened.json(), { a: 1 })
        assert.equal(opened.messageId, 'id')
        assert.equal(opened.sealedAt.getTime(), 1_700_000_000_000)
        assert.equal(opened.key.arn, arnOf(name))
        assert.deepEqual({ ...opened.context }, context)
      }
      assert.equal(calls.length, algs.length)
      assert.isTrue(calls.every(({ arn }) => arn === arnOf(name)))
    })

    test(`what we seal to ${name} opens to the value, its type and its context`, async () => {
      const { opener } = await over([name])
      const keys = keysOf(name)
      assert.deepEqual(
        (await opener.open(await seal(keys, { x: [1] }, { context }), { context })).json(),
        { x: [1] },
      )
      const text = await opener.open(await seal(keys, 'ü', { context }), { context })
      assert.equal(text.text(), 'ü')
      await fails(assert, () => text.json(), 'invalid_argument', /\.text\(\)/)
      const bytes = await opener.open(await seal(keys, new Uint8Array([1, 2]), { context }), {
        context,
      })
      assert.deepEqual([...bytes.bytes], [1, 2])
      await fails(assert, () => bytes.text(), 'invalid_argument', /\.bytes/)
    })
  }

  test('an RSA data key of another length than 32 bytes is rejected, though the content would open under it', async () => {
    const { opener, calls } = await over(['RSA-2048-enc'])
    const header = JSON.stringify({
      alg: 'RSA-OAEP-256',
      enc: 'A256GCM',
      kid: await jose.calculateJwkThumbprint(publicJwk('RSA-2048-enc')),
    })
    const text = jose.base64url.encode(header)
    const rsa = await crypto.subtle.importKey(
      'jwk',
      { ...publicJwk('RSA-2048-enc'), use: undefined },
      { name: 'RSA-OAEP', hash: 'SHA-256' },
      false,
      ['encrypt'],
    )
    const sealedUnder = async (raw) => {
      const aes = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
      const iv = new Uint8Array(12)
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt(
          { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(text) },
          aes,
          new Uint8Array(5),
        ),
      )
      const parts = [
        new Uint8Array(await crypto.subtle.encrypt('RSA-OAEP', rsa, raw)),
        iv,
        sealed.subarray(0, -16),
        sealed.subarray(-16),
      ]
      return [text, ...parts.map((bytes) => jose.base64url.encode(bytes))].join('.')
    }
    await fails(
      assert,
      opener.open(await sealedUnder(new Uint8Array(16).fill(7)), { context: {} }),
      'rejected',
    )
    assert.equal(
      (await opener.open(await sealedUnder(new Uint8Array(32).fill(7)), { context: {} })).bytes
        .length,
      5,
    )
    assert.equal(calls.length, 2)
  })

  test('every input that leads to a data key is in the name under which it is cached', async () => {
    const base = {
      alg: 'ECDH-ES+A256KW',
      enc: 'A256GCM',
      spki: new Uint8Array([1]),
      apu: new Uint8Array([2]),
      apv: new Uint8Array([3]),
      encryptedKey: new Uint8Array([4]),
    }
    const other = new Uint8Array([9])
    const rows = [
      ['arn', 'kid', base],
      ['arn2', 'kid', base],
      ['arn', 'kid2', base],
      ...['spki', 'apu', 'apv', 'encryptedKey'].map((name) => [
        'arn',
        'kid',
        { ...base, [name]: other },
      ]),
      ['arn', 'kid', { ...base, alg: 'RSA-OAEP-256' }],
      ['arn', 'kid', { ...base, enc: 'x' }],
      ['arn', 'kid', { ...base, apu: new Uint8Array([2, 3]), apv: new Uint8Array() }],
      ['arnk', 'id', base],
    ]
    const ids = await Promise.all(rows.map((row) => host.rooms.dataKeyId(...row)))
    assert.equal(new Set(ids).size, rows.length)
    assert.isUndefined(await host.rooms.dataKeyId('arn', 'kid', { ...base, alg: 'ECDH-ES' }))
  })

  test('apu and apv of a sender are honoured (RFC 7518 §4.6.2)', async () => {
    const { opener } = await over(['P-384-enc'])
    for (const alg of ['ECDH-ES', 'ECDH-ES+A256KW']) {
      const jwe = await sealWithJose(
        jose,
        'P-384-enc',
        'x',
        { alg, cty: 'text/plain; charset=UTF-8' },
        { apu: new Uint8Array([1, 2, 3]), apv: new TextEncoder().encode('Bob') },
      )
      assert.equal((await opener.open(jwe, { context: {} })).text(), 'x')
    }
  })

  test('another context, none, or a function that does not say true is context_mismatch before the key is asked', async () => {
    const { opener, calls } = await over(['P-256-enc'])
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: { a: '1', b: '2' } })
    for (const wrong of [
      {},
      { a: '1' },
      { a: '1', b: '3' },
      { a: '1', b: '2', c: '3' },
      { a: '1', B: '2' },
      () => false,
      () => undefined,
      () => 1,
    ])
      await fails(assert, opener.open(jwe, { context: wrong }), 'context_mismatch')
    for (const bad of [undefined, null, 5, [], { a: 1 }, { 'sealdrop:path': '/a' }])
      await fails(assert, opener.open(jwe, { context: bad }), 'invalid_argument')
    await fails(assert, opener.open(jwe), 'invalid_argument')
    assert.equal(calls.length, 0)
    assert.equal((await opener.open(jwe, { context: { b: '2', a: '1' } })).text(), 'x')
    assert.equal((await opener.open(jwe, { context: (found) => found.a === '1' })).text(), 'x')
    assert.equal(
      (
        await opener.open(await seal(keysOf('P-256-enc'), 'y', { context: {} }), { context: {} })
      ).text(),
      'y',
    )
  })

  test('a value older than maxAge, from the future, or without a time is expired before the key is asked', async () => {
    const now = 1_800_000_000_000
    const { opener, calls } = await over(['P-256-enc'], { now: () => now, maxAge: 60_000 })
    const at = (iat) => sealWithJose(jose, 'P-256-enc', 'x', iat === undefined ? {} : { iat })
    for (const iat of [now / 1000 - 61, now / 1000 + 61, undefined])
      await fails(assert, opener.open(await at(iat), { context: {} }), 'expired')
    await fails(
      assert,
      opener.open(await at(now / 1000 - 31), { context: {}, maxAge: 30_000 }),
      'expired',
    )
    assert.equal(calls.length, 0)
    for (const iat of [now / 1000 - 60, now / 1000 + 60])
      await opener.open(await at(iat), { context: {} })
  })

  const malformedHeaders = {
    zip: 'DEF',
    jku: 'https://evil.example',
    x5u: 'https://evil.example',
    jwk: {},
    x5c: [],
    crit: ['exp'],
    b64: true,
    ctx: { a: 1 },
    iat: 'now',
    jti: 5,
    apu: 'A',
    apv: 'B'.repeat(1400),
    epk: 'x',
  }
  for (const [member, value] of Object.entries(malformedHeaders)) {
    test(`a header with ${member} ${JSON.stringify(value).slice(0, 20)} is malformed and the key is not asked`, async () => {
      const { opener, calls } = await over(['RSA-2048-enc'])
      const [head, ...rest] = (await seal(keysOf('RSA-2048-enc'), 'x', { context: {} })).split('.')
      const changed = {
        ...JSON.parse(jose.base64url.decode(head).reduce((s, c) => s + String.fromCharCode(c), '')),
        [member]: value,
      }
      await fails(
        assert,
        opener.open([jose.base64url.encode(JSON.stringify(changed)), ...rest].join('.'), {
          context: () => true,
        }),
        'malformed',
      )
      assert.equal(calls.length, 0)
    })
  }

  test('every other class A failure is its own code and asks no key', async () => {
    const { opener, calls } = await over(['RSA-2048-enc', 'P-256-enc'])
    const rsa = await seal(keysOf('RSA-2048-enc'), 'x', { context: {} })
    const ec = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    const withHeader = (jwe, change) => {
      const [head, ...rest] = jwe.split('.')
      const text = change(new TextDecoder().decode(jose.base64url.decode(head)))
      return [jose.base64url.encode(text), ...rest].join('.')
    }
    const member = (jwe, name, value) =>
      withHeader(jwe, (text) => JSON.stringify({ ...JSON.parse(text), [name]: value }))
    const part = (jwe, index, bytes) =>
      jwe
        .split('.')
        .map((old, i) => (i === index ? jose.base64url.encode(new Uint8Array(bytes)) : old))
        .join('.')
    const { use, ...otherCurve } = publicJwk('P-384-enc')
    assert.equal(use, 'enc')
    const epk = JSON.parse(new TextDecoder().decode(jose.base64url.decode(ec.split('.')[0]))).epk
    const rows = [
      ['malformed', ''],
      ['malformed', 'a.b.c'],
      ['malformed', 'a.b.c.d.e.f'],
      ['malformed', `${rsa}=`],
      ['invalid_argument', 5],
      ['invalid_argument', undefined],
      ['too_large', `${'A'.repeat(1_500_000)}....`],
      ['too_large', `${btoa(' '.repeat(17_000)).replace(/=/g, '')}.A.A.A.A`],
      ['malformed', withHeader(rsa, (text) => text.replace('{', '{"alg":"RSA-OAEP-256",'))],
      ['malformed', withHeader(rsa, () => '[]')],
      ['malformed', withHeader(rsa, (text) => text.slice(1))],
      ['malformed', member(rsa, 'kid', undefined)],
      ['malformed', member(rsa, 'alg', 5)],
      ['key_not_found', member(rsa, 'kid', 'other')],
      ['key_not_found', member(rsa, 'kid', arnOf('RSA-2048-enc'))],
      ...[
        'RSA-OAEP',
        'RSA1_5',
        'dir',
        'A256KW',
        'PBES2-HS256+A128KW',
        'none',
        'ECDH-ES+A128KW',
        'constructor',
      ].map((alg) => ['unsupported_algorithm', member(rsa, 'alg', alg)]),
      ...['A128GCM', 'A256CBC-HS512', ''].map((enc) => [
        'unsupported_algorithm',
        member(rsa, 'enc', enc),
      ]),
      ['unsupported_algorithm', member(rsa, 'alg', 'ECDH-ES+A256KW')],
      ['unsupported_algorithm', member(ec, 'alg', 'RSA-OAEP-256')],
      ['malformed', part(rsa, 1, Array(255))],
      ['malformed', part(rsa, 1, [])],
      ['malformed', part(ec, 1, Array(39))],
      ['malformed', part(ec, 1, Array(32))],
      ['malformed', member(ec, 'alg', 'ECDH-ES')],
      ['malformed', part(rsa, 2, Array(11))],
      ['malformed', part(rsa, 2, Array(16))],
      ['malformed', part(rsa, 4, Array(15))],
      ['malformed', part(rsa, 4, Array(12))],
      ['malformed', member(ec, 'epk', undefined)],
      ['malformed', member(ec, 'epk', { ...epk, d: epk.x })],
      ['malformed', member(ec, 'epk', { ...epk, crv: 'P-384' })],
      ['malformed', member(ec, 'epk', otherCurve)],
      ['too_large', part(ec, 3, Array(1_048_577))],
      ['malformed', member(ec, 'epk', { ...epk, kty: 'RSA' })],
      ['malformed', member(ec, 'epk', { ...epk, x: epk.y, y: epk.x })],
      ['malformed', member(ec, 'epk', { ...epk, x: epk.x.slice(0, 40) })],
      ['malformed', member(ec, 'epk', { ...epk, x: `AA${epk.x}` })],
      ['malformed', member(ec, 'epk', { ...epk, x: 'A'.repeat(43), y: 'A'.repeat(43) })],
    ]
    for (const [code, jwe] of rows)
      await fails(assert, opener.open(jwe, { context: () => true }), code)
    assert.equal(calls.length, 0)
  })

  test('class B failures are one error: same code, same message, no cause, one private operation', async () => {
    const names = ['RSA-2048-enc', 'P-256-enc']
    const errors = []
    const raw80 = { decrypt: async () => new Uint8Array(80) }
    const wrong = { decrypt: async () => new Uint8Array(32), agree: async () => new Uint8Array(32) }
    const refusedByKms = { decrypt: async () => undefined }
    for (const name of names) {
      const jwe = await seal(keysOf(name), 'x', { context: {} })
      const parts = jwe.split('.')
      const flipped = (index) =>
        parts
          .map((part, i) =>
            i === index
              ? part[5] === 'A'
                ? `${part.slice(0, 5)}B${part.slice(6)}`
                : `${part.slice(0, 5)}A${part.slice(6)}`
              : part,
          )
          .join('.')
      for (const [text, answer] of [
        [flipped(1)],
        [flipped(2)],
        [flipped(4)],
        [jwe, wrong],
        ...(name.startsWith('RSA')
          ? [
              [jwe, raw80],
              [jwe, refusedByKms],
            ]
          : []),
      ]) {
        const { opener, calls } = await over([name], { answer })
        errors.push(await fails(assert, opener.open(text, { context: {} }), 'rejected'))
        assert.equal(calls.length, 1)
      }
    }
    assert.equal(new Set(errors.map(({ message }) => message)).size, 1)
    assert.isTrue(
      errors.every(
        (error) => error.cause === undefined && !error.retryable && !Object.hasOwn(error, 'cause'),
      ),
    )
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
    const { privateOperations } = await import('../support/private-operations.js')
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

  test('a replay is refused: before the key is asked where the store can say so, after it otherwise', async () => {
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    for (const looksAhead of [true, false]) {
      const claimed = new Map()
      const replay = {
        claim: async (id, until) => !claimed.has(id) && Boolean(claimed.set(id, until)),
        ...(looksAhead && { seen: async (id) => claimed.has(id) }),
      }
      const { opener, calls, events } = await over(['P-256-enc'], { replay, maxAge: 60_000 })
      const broken = jwe.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
      await fails(assert, opener.open(broken, { context: {} }), 'rejected')
      assert.equal(claimed.size, 0, 'what does not open claims nothing')
      await opener.open(jwe, { context: {} })
      await fails(assert, opener.open(jwe, { context: {} }), 'replayed')
      assert.equal(calls.length, looksAhead ? 2 : 3)
      assert.deepEqual(
        events.map(({ event }) => event),
        ['failed', 'opened', 'failed'],
      )
      assert.isAbove([...claimed.values()][0].getTime(), Date.now() + 60_000)
    }
  })

  test('nobody can have a value refused as a replay by sealing another with its message id', async () => {
    const claimed = new Set()
    const { opener } = await over(['P-256-enc'], {
      replay: { claim: async (id) => !claimed.has(id) && Boolean(claimed.add(id)) },
      maxAge: 60_000,
    })
    const iat = Math.floor(Date.now() / 1000)
    const [genuine, evil] = await Promise.all(
      ['genuine', 'evil'].map((text) =>
        sealWithJose(jose, 'P-256-enc', text, { iat, jti: 'same' }),
      ),
    )
    await opener.open(evil, { context: {} })
    assert.equal(
      new TextDecoder().decode((await opener.open(genuine, { context: {} })).bytes),
      'genuine',
    )
  })

  test('with a replay store no call takes values older than the opener does', async () => {
    let now = Date.now()
    const { opener } = await over(['P-256-enc'], {
      replay: { claim: async () => true },
      maxAge: 60_000,
      now: () => now,
    })
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await opener.open(jwe, { context: {}, maxAge: 3_600_000 })
    now += 600_000
    await fails(assert, opener.open(jwe, { context: {}, maxAge: 3_600_000 }), 'expired')
  })

  test('an id is claimed for as long as any call of the opener would take the value, also by a call that would take it shorter', async () => {
    let now = Date.now()
    const claimed = new Map()
    const replay = {
      claim: async (id, until) =>
        !(claimed.get(id) > now) && Boolean(claimed.set(id, until.getTime())),
    }
    const { opener } = await over(['P-256-enc'], { replay, maxAge: 3_600_000, now: () => now })
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await opener.open(jwe, { context: {}, maxAge: 60_000 })
    now += 130_000
    await fails(assert, opener.open(jwe, { context: {} }), 'replayed')
  })

  test('a cached data key opens through whichever replica unwrapped it, also when the first is disabled', async () => {
    const arns = {
      [arnOf('P-256-enc', 'eu-central-1')]: 'P-256-enc',
      [arnOf('P-256-enc', 'us-east-1')]: 'P-256-enc',
    }
    const { privateOperations } = await import('../support/private-operations.js')
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

  test('a context function that is async decides nothing, and its failure ends nothing', async () => {
    const { opener } = await over(['P-256-enc'])
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await fails(assert, opener.open(jwe, { context: async () => true }), 'context_mismatch')
    await fails(
      assert,
      opener.open(jwe, {
        context: async () => {
          throw new Error('x')
        },
      }),
      'context_mismatch',
    )
  })

  const fields = ['card.number', 'items.*.ssn']
  const record = {
    card: { number: '4111', cvc: 123 },
    items: [{ ssn: { a: 1 } }, { ssn: new Uint8Array([9]) }],
  }
  const sealedRecord = () => sealFields(keysOf('RSA-2048-enc'), record, { context, fields })

  test('fields of a record open with one operation, each to the value and type it had', async () => {
    const { opener, calls, events } = await over(['RSA-2048-enc'])
    const opened = await opener.openFields(await sealedRecord(), { context, fields })
    assert.deepEqual(opened, record)
    assert.equal(calls.length, 1)
    assert.deepEqual(
      events.map(({ event, kmsCalls }) => [event, kmsCalls]),
      [
        ['opened', 1],
        ['opened', 0],
        ['opened', 0],
      ],
    )
    assert.notInclude(JSON.stringify(events), '4111')
  })

  test('a field that is missing, plaintext, swapped, from another record or another context does not open', async () => {
    const { opener, calls } = await over(['RSA-2048-enc'])
    const sealed = await sealedRecord()
    const open = (changed, o = { context, fields }) => opener.openFields(changed, o)
    await fails(assert, open({ ...sealed, card: {} }), 'rejected')
    await fails(assert, open({ ...sealed, items: [] }), 'rejected')
    await fails(assert, open({ ...sealed, card: { number: '4111' } }), 'rejected')
    await fails(assert, open({ ...sealed, card: { number: 4111 } }), 'rejected')
    await fails(assert, open({ ...sealed, items: [...sealed.items].reverse() }), 'context_mismatch')
    await fails(assert, open(sealed, { context: { form: 'other' }, fields }), 'context_mismatch')
    await fails(assert, opener.open(sealed.card.number, { context }), 'context_mismatch')
    await fails(
      assert,
      opener.open(sealed.card.number, { context: () => true }),
      'context_mismatch',
    )
    const whole = await seal(keysOf('RSA-2048-enc'), '4111', { context })
    await fails(assert, open({ ...sealed, card: { number: whole } }), 'context_mismatch')
    assert.equal(calls.length, 0)
    assert.deepEqual(
      await open(sealed, {
        context: (found) => found.form === 'claim' && Object.keys(found).length === 1,
        fields,
      }),
      record,
    )
  })

  test('a record that fails half-way claims no message id, so that it can be opened again', async () => {
    const claimed = new Set()
    const replay = { claim: async (id) => !claimed.has(id) && Boolean(claimed.add(id)) }
    const { opener } = await over(['RSA-2048-enc'], { replay, maxAge: 60_000 })
    const sealed = await sealedRecord()
    const broken = {
      ...sealed,
      items: [
        sealed.items[0],
        { ssn: sealed.items[1].ssn.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')) },
      ],
    }
    await fails(assert, opener.openFields(broken, { context, fields }), 'rejected')
    assert.equal(claimed.size, 0)
    await opener.openFields(sealed, { context, fields })
    assert.equal(claimed.size, 3)
  })

  test('fields under more data keys than a record can have are refused before the key is asked', async () => {
    const { opener, calls } = await over(['P-256-enc'])
    const parts = await Promise.all(
      Array.from({ length: 9 }, () =>
        sealFields(keysOf('P-256-enc'), { a: Array(9).fill(1) }, { context: {}, fields: ['a.*'] }),
      ),
    )
    const mixed = { a: parts.map(({ a }, i) => a[i]) }
    await fails(
      assert,
      opener.openFields(mixed, { context: {}, fields: ['a.*'] }),
      'too_large',
      /9 data keys/,
    )
    assert.equal(calls.length, 0)
    assert.deepEqual(
      await opener.openFields({ a: mixed.a.slice(0, 8) }, { context: {}, fields: ['a.*'] }),
      { a: Array(8).fill(1) },
    )
    assert.equal(calls.length, 8)
  })

  test('a record with a field that is not what its cty says claims nothing and is told as failed', async () => {
    const claimed = new Set()
    const { opener, events } = await over(['P-256-enc'], {
      replay: { claim: async (id) => Boolean(claimed.add(id)) },
      maxAge: 60_000,
    })
    const jwe = await sealWithJose(jose, 'P-256-enc', '{bad', {
      cty: 'json',
      iat: Math.floor(Date.now() / 1000),
      ctx: { 'sealdrop:path': '/a' },
    })
    await fails(assert, opener.openFields({ a: jwe }, { context: {}, fields: ['a'] }), 'malformed')
    assert.equal(claimed.size, 0)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['failed'],
    )
  })

  test('content of a foreign sender that is not what its cty says is malformed when it is read', async () => {
    const { opener } = await over(['P-256-enc'])
    const text = await opener.open(
      await sealWithJose(jose, 'P-256-enc', new Uint8Array([255]), {
        cty: 'text/plain;charset=utf-8',
      }),
      { context: {} },
    )
    await fails(assert, () => text.text(), 'malformed')
    for (const json of ['{"a":1,"a":2}', '{"__proto__":{}}', '{', 'NaN']) {
      const opened = await opener.open(
        await sealWithJose(jose, 'P-256-enc', json, { cty: 'application/json' }),
        { context: {} },
      )
      await fails(assert, () => opened.json(), 'malformed')
    }
  })
}
