// sealdrop inspect as a process: what each kind says without a key, and what is hostile.
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { inspect, sealedLength, importKeySet, inHand } from 'sealdrop'
import { cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
let arn = ''
before(async () => {
  world = await cliWorld()
  arn = world.local.keys['alias/rsa'] ?? ''
  const both = ['-r', 'claims.jwk.json', '-r', 'rsa.jwk.json', '--arn', arn]
  await make('x.sealed', ['seal', ...both, '-c', "claim=it's 7"], 'x'.repeat(1_200_000))
  await make('x.jwe', ['seal', '-r', 'rsa.jwk.json', '--jwe', '--type', 'json', '-c', 'a=b'], '[1]')
  await make('ec.jwe', ['seal', '-r', 'other.jwk.json', '--jwe'], 'x')
  const by = ['sign', '--key-id', 'alias/root']
  await make('t.jws', [...by, '--token', '--type', 'text'], 'order 7')
  await make('t.jwt', [...by, '--jwt', '900'], '{"iss":"us","aud":"p","sub":"o"}')
  await make('r.jws', [...by, '--receipt', 'opened', 'x.sealed'])
  await make('r.json', [...by, '--receipt-file', 'received', '-k', 'root.json', 'x.sealed'])
  await make('x.jwe.sig', [...by, '-c', 'a=b', '-o', '-', 'x.jwe'])
})
after(() => world.close())

const inFolder = (args, o = {}) => run(args, { cwd: world.folder, env: world.local.env, ...o })
const make = async (name, args, input) => {
  const { code, out, err } = await inFolder(args, { input })
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  writeFileSync(world.at(name), out)
}
const bytesOf = (name) => readFileSync(world.at(name))
/** What the command says as JSON of a file, or of bytes on stdin. */
const looked = async (name, input) => {
  const { code, out, err } = await inFolder(['inspect', '--json', name], { input })
  assert.equal(code, 0, err)
  const found = JSON.parse(out.toString())
  assert.isFalse(found.verified)
  return found
}
const said = async (...names) => {
  const { code, out, err } = await inFolder(['inspect', ...names])
  assert.equal(code, 0, err)
  return out.toString()
}
/** A token of any header and claims, which a key of this process signs. */
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const base64url = (value) => Buffer.from(value).toString('base64url')
const token = (header, claims) => {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
  const input = `${base64url(JSON.stringify({ alg: 'ES256', kid: 'k', ...header }))}.${base64url(text)}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${base64url(signature)}`
}
const messages = ({ problems }) => problems.map(({ code, message }) => `${code}: ${message}`)

test('a message says its recipients, its context, its sizes, and who opens it how', async () => {
  const found = await looked('x.sealed')
  const { messageId, digest, length, context } = await inspect(new Blob([bytesOf('x.sealed')]))
  assert.deepInclude(found, { kind: 'stream', messageId, digest, length, context })
  assert.deepInclude(found, { plaintextLength: 1_200_000, frameLength: 524_288, frames: 3 })
  assert.deepEqual(found.recipients, [
    { by: 'raw-ecdh', key: 'P-256', thumbprint: world.thumbprints.claims },
    { by: 'aws-kms-rsa', key: 'RSA-2048', arn },
  ])
  assert.deepEqual(
    found.opens.map(({ command }) => command),
    [
      'sealdrop open --inventory INVENTORY -c claim=VALUE -o OUT x.sealed',
      `sealdrop open --key-id ${arn} -c claim=VALUE -o OUT x.sealed`,
    ],
  )
  assert.deepEqual([found.keyCommitment, found.problems], [true, []])
  const text = await said('x.sealed')
  assert.include(text, `whoever may use kms:Decrypt with ${arn}\n`)
  assert.include(
    text,
    `kms:DeriveSharedSecret with the key of the thumbprint ${world.thumbprints.claims}`,
  )
  assert.match(text, /\n {2}plaintext +1,200,000 bytes\n/)
  assert.match(text, /a message does not say when it was sealed/)
  const stdin = await looked('-', bytesOf('x.sealed'))
  assert.deepEqual({ ...stdin, input: '', opens: [] }, { ...found, input: '', opens: [] })
  const keys = importKeySet(bytesOf('claims.jwks.json').toString(), { trust: inHand() })
  await make('empty.sealed', ['seal', '-r', 'claims.jwk.json'], '')
  const empty = await looked('empty.sealed')
  assert.equal(empty.length, await sealedLength(keys, 0, { context: {} }))
  assert.deepEqual([empty.plaintextLength, empty.frames, empty.problems], [0, 1, []])
})

test('a message that was cut, lengthened or moved about says where', async () => {
  const whole = bytesOf('x.sealed')
  const header = whole.length - 1_200_000 - 2 * 32 - 40
  const frame = 524_288 + 32
  const part = (from, to) => whole.subarray(header + from, to && header + to)
  const [front, first, second] = [whole.subarray(0, header), part(0, frame), part(frame, 2 * frame)]
  for (const [bytes, words] of /** @type {const} */ ([
    [whole.subarray(0, -1), /it ends within frame 3, .*cut/],
    [whole.subarray(0, header), /it ends before frame 1, .*cut/],
    [Buffer.concat([front, first]), /it ends before frame 2, .*cut/],
    [Buffer.concat([front, first, second.subarray(0, 3)]), /it ends within frame 2, .*cut/],
    [Buffer.concat([whole, Buffer.from('more')]), /4 bytes follow the final frame/],
    [Buffer.concat([front, second, first, part(2 * frame)]), /frame 1 says that it is frame 2/],
    [Buffer.concat([front, first, part(2 * frame)]), /frame 2 says that it is frame 3/],
  ])) {
    const found = await looked('-', bytes)
    assert.lengthOf(found.problems, 1)
    assert.equal(found.problems[0].code, 'malformed')
    assert.match(found.problems[0].message, words)
  }
  const cut = await inFolder(['inspect'], { input: whole.subarray(0, header - 1) })
  assert.deepEqual([cut.code, /within its header: it was cut/.test(cut.err)], [3, true], cut.err)
})

test('versions, suites and keys that are not opened are told, with what is known', async () => {
  const whole = bytesOf('x.sealed')
  const patched = (at, ...bytes) => {
    const copy = Buffer.from(whole)
    copy.set(bytes, at)
    return copy
  }
  const signed = await looked('-', patched(1, 0x05, 0x78))
  assert.match(messages(signed).join(), /^unsupported_algorithm: opened here is version 2[^,]*$/)
  assert.deepEqual([signed.opens, signed.recipients.length], [[], 2])
  // of the first recipient: the provider's name, then its point
  const name = whole.indexOf('raw-ecdh')
  const others = await looked('-', patched(name, ...Buffer.from('raw-xxxx')))
  assert.match(messages(others).join(), /key_not_found: a data key of raw-xxxx is passed over/)
  assert.lengthOf(others.opens, 1)
  const point = await looked('-', patched(name + 8 + 2 + 5 + 1, ...new Uint8Array(32).fill(0xff)))
  assert.match(messages(point).join(), /its point is not on P-256/)
  const long = Buffer.from(whole)
  long.writeUInt32BE(2 ** 25, whole.length - 1_200_000 - 2 * 32 - 40 - 52)
  assert.match(
    messages(await looked('-', long)).join(),
    /too_large: a frame is longer than 16,777,216/,
  )
})

/** Bytes behind their length, as a header has them. */
const sized = (text) =>
  Buffer.concat([Buffer.from([text.length >> 8, text.length]), Buffer.from(text)])

test('what the libraries of AWS write by default is told, and not opened', async () => {
  const pair = [sized('aws-crypto-public-key'), sized('AxTk'), sized('a'), sized('b')]
  const context = sized(Buffer.concat([Buffer.from([0, 2]), ...pair]).toString('latin1'))
  const key = [sized('aws-kms'), sized('arn:aws:kms:eu-west-1:111122223333:key/1'), sized('key')]
  const body = (...front) =>
    Buffer.concat([Buffer.from(front), context, Buffer.from([0, 1]), ...key])
  const id = (length) => new Uint8Array(length).fill(7)
  const u32 = (number) => [number >>> 24, number >>> 16, number >>> 8, number]
  const final = [...u32(0xffffffff), ...u32(1), ...id(12), ...u32(5), ...id(5 + 16)]
  const v1 = (type, frame, ...rest) =>
    Buffer.concat([
      body(1, 0x80, 0x03, 0x78, ...id(16)),
      Buffer.from([type, 0, 0, 0, 0, 12, ...u32(frame), ...id(28), ...rest]),
    ])
  const signature = [0, 3, 1, 2, 3]
  const v2 = Buffer.concat([
    body(2, 0x05, 0x78, ...id(32)),
    Buffer.from([2, ...u32(100), ...id(48), ...final, ...signature]),
  ])
  for (const [bytes, committed, format] of /** @type {const} */ ([
    [
      v1(2, 100, ...final, ...signature),
      false,
      /version 1, suite 0x0378 \(ECDSA signature, no key/,
    ],
    [v2, true, /version 2, suite 0x0578 \(key commitment and an ECDSA signature/],
  ])) {
    const found = await looked('-', bytes)
    assert.match(found.format, format)
    assert.deepInclude(found, {
      keyCommitment: committed,
      plaintextLength: 5,
      frames: 1,
      opens: [],
    })
    assert.deepEqual(found.context, { 'aws-crypto-public-key': 'AxTk', a: 'b' })
    const { info, why } = found.recipients[0]
    assert.deepEqual(
      [info, why],
      [key[1]?.subarray(2).toString(), 'not a kind of key that is opened here'],
    )
    const [first, ...others] = messages(found)
    assert.match(first, /^unsupported_algorithm: .*a library of AWS opens others/)
    assert.match(
      others.join(),
      /^key_not_found: a data key of aws-kms is passed over: .*,key_not_found/,
    )
  }
  const piece = await looked('-', v1(1, 0, ...id(40)))
  assert.deepEqual([piece.frames, piece.plaintextLength], [0, undefined])
  const cut = await looked('-', v1(2, 100, ...final.slice(0, -1)))
  assert.match(messages(cut).join(), /malformed: it ends within frame 1/)
  const many = Buffer.concat([Buffer.from([1, 0x80, 0x03, 0x78, ...id(16), 0, 0, 0xff, 0xff])])
  const { code, err } = await inFolder(['inspect'], { input: many })
  assert.deepEqual([code, /data keys: expected at most 100, found 65535/.test(err)], [3, true], err)
})

test('a value says its algorithms, and which this library refuses', async () => {
  const found = await looked('x.jwe')
  const { messageId, digest, length } = await inspect(bytesOf('x.jwe').toString().trim())
  assert.deepInclude(found, { kind: 'value', messageId, digest, length, plaintextLength: 64 })
  assert.deepInclude(found, { alg: 'RSA-OAEP-256', enc: 'A256GCM', keyCommitment: false })
  assert.deepEqual(found.recipients, [
    { by: 'RSA-OAEP-256', key: 'RSA-2048', thumbprint: world.thumbprints.rsa },
  ])
  assert.deepEqual(found.problems, [])
  assert.match(await said('x.jwe'), /made +\S+Z \((less than a|1) minute ago\)\n/)
  const ec = await looked('ec.jwe')
  assert.deepEqual(ec.recipients, [
    { by: 'ECDH-ES+A256KW', key: 'P-384', thumbprint: world.thumbprints.other },
  ])
  const [, ...parts] = bytesOf('x.jwe').toString().trim().split('.')
  const withHeader = (header) => `${base64url(JSON.stringify(header))}.${parts.join('.')}`
  const good = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: world.thumbprints.rsa }
  for (const [header, words] of /** @type {const} */ ([
    [{ ...good, alg: 'RSA1_5' }, /^unsupported_algorithm: alg "RSA1_5"/],
    [{ ...good, enc: 'A128CBC-HS256' }, /^unsupported_algorithm: enc "A128CBC-HS256"/],
    [{ ...good, alg: 'ECDH-ES+A256KW' }, /^malformed: its encrypted key has 256 bytes/],
    [{ ...good, kid: 'mine' }, /^key_not_found: kid is no thumbprint/],
    [{ ...good, iat: 9_000_000_000 }, /^expired: it says that it was sealed in the future/],
  ])) {
    const problem = await looked('-', withHeader(header))
    assert.match(messages(problem).join('\n'), words)
    assert.equal(problem.opens.length, words.source.includes('unsupported') ? 0 : 1)
  }
  const field = await looked(
    '-',
    withHeader({ ...good, ctx: { 'sealdrop:path': '/iban', a: 'b' } }),
  )
  assert.equal(field.field, '/iban')
  assert.deepEqual(field.opens[0].command, '')
  const refused = await inFolder(['inspect'], { input: withHeader({ ...good, crit: ['x'] }) })
  assert.deepEqual([refused.code, /crit is refused/.test(refused.err)], [3, true])
})

test('tokens, receipts, receipt files and file signatures say what they are for', async () => {
  const sealed = await looked('x.sealed')
  const jws = await looked('t.jws')
  assert.deepInclude(jws, {
    kind: 'jws',
    alg: 'ES256',
    contentType: 'text/plain;charset=utf-8',
    length: 7,
  })
  const jwt = await looked('t.jwt')
  assert.deepInclude(jwt, { issuer: 'us', audience: 'p', subject: 'o' })
  assert.match(await said('t.jwt'), /expires +\S+Z \(in 1[45] minutes\)/)
  const of = ({ messageId, digest, length, context }) => ({ messageId, digest, length, context })
  const receipt = await looked('r.jws')
  assert.deepInclude(receipt, { kind: 'receipt', stage: 'opened', ...of(sealed) })
  const file = await looked('r.json')
  assert.deepInclude(file, { kind: 'receipt-file', stage: 'received', ...of(sealed) })
  assert.deepEqual(file.keySet, { signed: false, keys: 1 })
  const signature = await looked('x.jwe.sig')
  assert.deepInclude(signature, { kind: 'file-signature', name: 'x.jwe', chunks: 1 })
  assert.deepEqual([signature.length, signature.context], [bytesOf('x.jwe').length, { a: 'b' }])
  for (const { problems, verifies } of [jws, jwt, receipt, file, signature]) {
    assert.deepEqual(problems, [])
    assert.match(verifies[0].command, /^sealdrop verify /)
  }
  const commands = [jws, jwt, receipt, file, signature].map(({ verifies }) => verifies[0].command)
  assert.notInclude(commands.join(), jws.kid, 'nobody should believe a key that the input names')
  const list = bytesOf('x.jwe.sig').toString().split('\n')
  const changed = await looked('-', `${list[0]}\nA${list[1]?.slice(1)}`)
  assert.match(messages(changed).join(), /rejected: the hashes are not those that were signed/)
  const kept = JSON.parse(bytesOf('r.json').toString())
  const other = await looked(
    '-',
    JSON.stringify({ ...kept, sent: { messageId: 'x', digest: 'y' } }),
  )
  assert.match(messages(other).join(), /rejected: its receipt is for something else/)
  const keyless = await looked('-', JSON.stringify({ ...kept, keySet: '{"keys":[]}' }))
  assert.match(messages(keyless).join(), /key_not_found: its key set does not have the key/)
  for (const [text, words] of /** @type {const} */ ([
    [token({ typ: 'JWT' }, { exp: 1 }), /^expired: it is over/],
    [token({ typ: 'JWT' }, { nbf: 9e9 }), /^rejected: it is not good yet/],
    [token({ alg: 'HS256' }, {}), /^unsupported_algorithm: alg "HS256"/],
    [token({ alg: 'none' }, 'x'), /^unsupported_algorithm: alg "none"/],
    [token({ kid: undefined }, {}), /^key_not_found: it names no key/],
  ]))
    assert.match(messages(await looked('-', text)).join('\n'), words)
})

test('key sets and histories say which keys are used, and why others are not', async () => {
  const jwk = JSON.parse(bytesOf('claims.jwk.json').toString())
  const rsa = JSON.parse(bytesOf('rsa.jwk.json').toString())
  const keys = [
    jwk,
    { ...rsa, exp: 1_000 },
    { kty: 'EC', crv: 'secp256k1', kid: 'odd', x: 'AA', y: 'AA' },
  ]
  const set = await looked('-', JSON.stringify({ keys }))
  assert.deepEqual(
    set.keys.map(({ thumbprint, why = '' }) => [thumbprint, why.slice(0, 7)]),
    [
      [jwk.kid, ''],
      [rsa.kid, 'expired'],
    ],
  )
  assert.match(set.passedOver.join(), /^"odd": .*not a key of KMS/)
  assert.deepEqual(set.problems, [])
  assert.equal((await looked('claims.jwk.json')).kind, 'key')
  const none = await looked('-', JSON.stringify({ keys: keys.slice(1) }))
  assert.match(messages(none).join(), /no_usable_key/)
  const signed = await looked('claims.signed')
  assert.deepInclude(signed, { kind: 'key-set', signed: true, name: 'default' })
  assert.match(await said('claims.signed'), /expires +\S+Z \(in 23 hours\)/)
  const claims = { iss: 'us', sub: 'history', ver: 1, iat: 1_700_000_000, exp: 1_700_001_000 }
  const { x, y } = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
    format: 'jwk',
  })
  const gone = {
    kty: 'EC',
    crv: 'P-256',
    x,
    y,
    use: 'sig',
    alg: 'ES256',
    revoked: { revoked_at: 1_700_000_000, reason: 'compromised' },
  }
  const typ = 'jwk-set-history+jwt'
  const history = await looked('-', token({ typ }, { ...claims, keys: Array(40).fill(gone) }))
  assert.deepInclude(history, { kind: 'history', name: 'history', version: 1 })
  assert.deepEqual([history.keys.length, history.keys[0].why], [40, 'was taken back'])
  assert.match(messages(history).join(), /keys_expired: it is over/)
  const leaked = JSON.stringify({ keys: [{ ...jwk, d: 'AA' }] })
  const refused = await inFolder(['inspect'], { input: leaked })
  assert.deepEqual([refused.code, /private member d/.test(refused.err)], [4, true])
})

test('nothing is claimed as verified, and no input writes lines of its own', async () => {
  const esc = '\u001B[31m'
  const evil = token(
    { kid: `k\n  problems       none${esc}`, typ: 'JWT' },
    { iss: `us\nforged: verified ${esc}\u2028\u202E`, [`${esc}x`]: '\u009B1m' },
  )
  const { out } = await inFolder(['inspect'], { input: evil })
  const lines = out.toString().split('\n')
  assert.notMatch(out.toString(), /[^\n\x20-\x7e]/)
  assert.lengthOf(lines.filter((line) => line.startsWith('  problems')).concat(''), 2)
  assert.isEmpty(lines.filter((line) => line.startsWith('forged')))
  const both = await said('t.jws', 't.jwt')
  assert.lengthOf(both.match(/Nothing of this is verified/g) ?? [], 1)
  const name = `a\nb${esc}.jwt`
  writeFileSync(world.at(name), evil)
  assert.match(await said(name), /^a\\u000ab\\u001b\[31m\.jwt: a signed token/)
  const context = { "$(touch x) `id` '": 'x' }
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'k'.repeat(43), ctx: context }
  const [, ...parts] = bytesOf('x.jwe').toString().trim().split('.')
  const { opens } = await looked('-', `${base64url(JSON.stringify(header))}.${parts.join('.')}`)
  assert.include(opens[0].command, String.raw`-c '$(touch x) ${'`id`'} '\''=VALUE' -o OUT`)
})

test('what is of no kind is malformed, and what is hostile ends soon', async () => {
  const header = bytesOf('x.sealed').subarray(0, 35)
  const recipients = Buffer.concat([header, Buffer.from([0, 0, 0xff, 0xff]), Buffer.alloc(2 ** 20)])
  const deep = `{"keys":${'['.repeat(500_000)}${']'.repeat(500_000)}}`
  const jwe = (head) => `${base64url(head)}.${'A.'.repeat(3)}A`
  for (const [input, exit, words] of /** @type {const} */ ([
    [
      '',
      3,
      /it is empty; looked at are a sealed file, an age file, a sealed value, a receipt file/,
    ],
    ['hello', 3, /it is something else; looked at are .* a token/],
    ['{"a":1}', 3, /it is something else/],
    ['{"a":', 3, /the JSON: expected JSON/],
    ['{"a":1,"a":2}', 3, /duplicate member/],
    ['eyJ', 3, /it is something else/],
    [Buffer.from([0x7b, 0xff, 0xfe]), 3, /expected UTF-8/],
    [Buffer.from([2, 9, 9, 9]), 3, /it is something else/],
    [Buffer.alloc(100 * 2 ** 20, 'x'), 3, /it is something else/],
    [Buffer.alloc(100 * 2 ** 20, 'eyJ'), 3, /expected at most 16777216 bytes/],
    [Buffer.alloc(100 * 2 ** 20, '{'), 3, /expected at most 2097152 bytes/],
    [deep, 3, /nested deeper than 32/],
    [recipients, 3, /data keys: expected at most 8, found 65535/],
    [jwe('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"\\ud800"}'), 3, /a lone surrogate/],
    [jwe('{"kid":"k","ctx":{"__proto__":"x"}}'), 3, /__proto__/],
  ])) {
    const { code, out, err } = await inFolder(['inspect', '-'], { input })
    assert.equal(code, exit, err)
    assert.match(err, words)
    assert.equal(out.toString(), '')
  }
})
