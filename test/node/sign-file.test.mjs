// Real files signed through the real local KMS, verified by the public door, by jose and by
// node:crypto.
import test from 'node:test'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  createReadStream,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import * as jose from 'jose'
import {
  importKeySet,
  inHand,
  inspect,
  verify,
  verifyJwt,
  verifyRange,
  verifyReceipt,
  verifyStream,
} from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createPublisher, createSigner, httpSource } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { countingKms } from '../support/counting-kms.mjs'
import { fileOf } from '../support/file-signature.js'
import { fails } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { collect } from '../support/sources.js'

const MiB = 1_048_576
const specs = {
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  PS256: 'RSA_2048',
  RS384: 'RSA_3072',
  PS512: 'RSA_4096',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}
const local = await startLocalKms({
  keys: [
    ...Object.entries(specs).map(([alg, spec]) => ({
      alias: `alias/${alg}`,
      spec,
      usage: 'SIGN_VERIFY',
    })),
    { alias: 'alias/enc', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  ],
})
const { client, since } = countingKms(local.clientConfig)
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-'))
test.after(async () => {
  await local.close()
  await rm(folder, { recursive: true })
})
const { jwks } = await createPublisher({
  kms: client,
  keys: Object.keys(specs).map((alg) => ({ key: `alias/${alg}`, alg })),
}).documents()
const keys = importKeySet(jwks, { trust: inHand(), providers: [mlDsa()] })
const signerOf = async (alg = 'ES256', o = {}) => {
  const signer = createSigner({ kms: client, key: `alias/${alg}`, algorithm: alg, ...o })
  await signer.ready()
  since()
  return signer
}
let count = 0
const fileWith = async (bytes) => {
  const path = join(folder, `file-${++count}.bin`)
  await writeFile(path, bytes)
  return path
}
const contentOf = async ({ readable }) => Buffer.from(await collect(readable))
const claimsOf = (signature) => jose.decodeJwt(signature.split('\n')[0])

/** As jose-profile.md has it, once more. */
function described(bytes) {
  const sha256 = (...parts) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
  const list = Buffer.concat(
    Array.from({ length: Math.ceil(bytes.length / MiB) }, (_, i) =>
      sha256(bytes.subarray(i * MiB, (i + 1) * MiB)),
    ),
  )
  const sizes = Buffer.alloc(12)
  sizes.writeBigUInt64BE(BigInt(bytes.length))
  sizes.writeUInt32BE(MiB, 8)
  return {
    list: list.toString('base64url'),
    digest: sha256('sealdrop-chunks-v1', sizes, list).toString('base64url'),
  }
}

for (const [alg, spec] of Object.entries(specs)) {
  test(`a file signed by ${spec} with ${alg} is one Sign call, and verifies for us and by jose`, async () => {
    const signer = await signerOf(alg)
    const bytes = fileOf(2 * MiB + 77)
    const path = await fileWith(bytes)
    const before = Math.floor(Date.now() / 1000)
    const signature = await signer.signFile(path, {
      mediaType: 'application/x-bytes',
      context: { for: 'partner' },
    })
    assert.deepEqual(since(), ['Sign'])
    const jwk = JSON.parse(jwks).keys.find((one) => one.alg === alg)
    const { iat, ...claims } = claimsOf(signature)
    const { list, digest } = described(bytes)
    assert.deepEqual(claims, {
      v: 1,
      size: bytes.length,
      chunkSize: MiB,
      hash: 'SHA-256',
      digest,
      name: basename(path),
      mediaType: 'application/x-bytes',
      ctx: { for: 'partner' },
      iss: `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${jwk.kid}`,
    })
    assert.isTrue(iat >= before && iat <= Date.now() / 1000)
    const [jws, second, ...rest] = signature.split('\n')
    assert.deepEqual([second, rest], [list, []])
    assert.deepEqual(jose.decodeProtectedHeader(jws), {
      alg,
      kid: jwk.kid,
      typ: 'sealdrop-file+jwt',
    })
    if (!alg.startsWith('ML')) await jose.compactVerify(jws, await jose.importJWK(jwk, alg)) // of Node 20, jose has no ML-DSA
    const found = await verifyStream(keys, signature, await fileSource(path), {
      context: { for: 'partner' },
      name: basename(path),
      maxAge: 60_000,
    })
    assert.deepEqual(
      [found.key.thumbprint, found.digest, found.mediaType, found.signedAt.getTime()],
      [jwk.kid, digest, 'application/x-bytes', iat * 1000],
    )
    assert.isTrue((await contentOf(found)).equals(bytes))
  })
}

test('files of any size around the edges of chunks verify from every way to read a file, and their digests are those of node:crypto', async () => {
  const signer = await signerOf()
  for (const length of [0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB, 9 * MiB + 3]) {
    const bytes = fileOf(length)
    const path = await fileWith(bytes)
    const signature = await signer.signFile(pathToFileURL(path))
    const { list, digest } = described(bytes)
    assert.deepInclude(claimsOf(signature), { size: length, digest, name: basename(path), ctx: {} })
    assert.equal(signature.split('\n')[1], list)
    for (const source of [
      await fileSource(path),
      createReadStream(path),
      createReadStream(path, { highWaterMark: 333_333 }),
      Readable.toWeb(createReadStream(path)),
      new Blob([bytes]),
      bytes,
    ])
      assert.isTrue(
        (await contentOf(await verifyStream(keys, signature, source))).equals(bytes),
        `${length}`,
      )
    assert.isTrue(
      (
        await contentOf(
          await verifyRange(keys, signature, await fileSource(path), length >> 1, Infinity),
        )
      ).equals(bytes.subarray(length >> 1)),
    )
    assert.deepEqual(await inspect(signature), {
      kind: 'jws',
      recipients: [jose.decodeProtectedHeader(signature.split('\n')[0]).kid],
    })
  }
})

test('a file that is fetched, and part of one behind a URL, verify', async () => {
  const bytes = fileOf(3 * MiB + 1)
  const signature = await (await signerOf()).signFile(await fileWith(bytes))
  const site = await listen(async (request) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range')) ?? []
    if (start === undefined) return new Response(bytes)
    return new Response(bytes.slice(Number(start), Number(end) + 1), {
      status: 206,
      headers: { 'content-range': `bytes ${start}-${end}/${bytes.length}`, etag: '"1"' },
    })
  })
  try {
    assert.isTrue(
      (await contentOf(await verifyStream(keys, signature, (await fetch(site.url)).body))).equals(
        bytes,
      ),
    )
    assert.isTrue(
      (
        await contentOf(
          await verifyRange(keys, signature, await httpSource(site.url), MiB + 5, MiB + 500),
        )
      ).equals(bytes.subarray(MiB + 5, MiB + 500)),
    )
  } finally {
    await site.close()
  }
})

test('a byte source and a Blob have no name but the one that is given; what is signed is what was asked for', async () => {
  const signer = await signerOf('Ed25519')
  const bytes = fileOf(1_000)
  const path = await fileWith(bytes)
  for (const file of [
    await fileSource(path),
    new Blob([bytes], { type: 'text/plain' }),
    new File([bytes], 'other'),
  ]) {
    assert.notProperty(claimsOf(await signer.signFile(file)), 'name')
    assert.notProperty(claimsOf(await signer.signFile(file)), 'mediaType')
    assert.deepInclude(
      claimsOf(await signer.signFile(file, { name: 'Bericht ü.pdf', context: { a: 'b' } })),
      { name: 'Bericht ü.pdf', ctx: { a: 'b' } },
    )
  }
  assert.equal(claimsOf(await signer.signFile(path, { name: 'x' })).name, 'x')
  const longest = { name: 'ü'.repeat(255), mediaType: 'x'.repeat(127) }
  assert.deepInclude(
    claimsOf(await signer.signFile(path, longest)),
    longest,
    'Ed25519 signs 4,096 bytes',
  )
  await fails(
    assert,
    signer.signFile(path, { ...longest, context: { a: 'x'.repeat(3_000) } }),
    'too_large',
    /4096/,
  )
})

test('what cannot be signed is refused before the file is read, and without a Sign call', async () => {
  const signer = await signerOf()
  const path = await fileWith(fileOf(10))
  const refused = [
    { name: 'x'.repeat(256) },
    { name: 5 },
    { name: 'a\ud800' },
    { mediaType: 'x'.repeat(128) },
    { mediaType: null },
    { context: 5 },
    { context: { a: 1 } },
    { context: { 'sealdrop:path': '' } },
    { context: { a: '\udc00' } },
  ]
  for (const o of refused)
    await fails(
      assert,
      signer.signFile({ size: 5, read: () => assert.fail('read') }, o),
      'invalid_argument',
    )
  for (const file of [
    undefined,
    null,
    5,
    {},
    new Uint8Array(5),
    { size: -1, read: async () => {} },
  ])
    await fails(assert, signer.signFile(file), 'invalid_argument')
  await fails(assert, signer.signFile(join(folder, 'nowhere')), 'source_failed', /ENOENT/)
  await fails(assert, signer.signFile(folder), 'source_failed', /not a file/)
  assert.deepEqual(since(), [])
  await fails(
    assert,
    createSigner({ kms: client, key: 'alias/enc' }).signFile(path),
    'key_unusable',
  )
  await signer.close()
  await fails(assert, signer.signFile(path), 'closed')
  assert.notInclude(since(), 'Sign')
})

const changes = {
  longer: ['source_changed', (path) => appendFileSync(path, 'x')],
  cut: ['source_changed', (path) => truncateSync(path, 10)],
  'written to, as long as before': [
    'source_changed',
    (path) => writeFileSync(path, Buffer.alloc(12 * MiB, 1)),
  ],
  'another with the same content': [
    'source_changed',
    (path) => {
      writeFileSync(`${path}.new`, fileOf(12 * MiB))
      renameSync(`${path}.new`, path)
    },
  ],
  'of another date': ['source_changed', (path) => utimesSync(path, 5, 5)],
  gone: ['source_failed', (path) => rmSync(path)],
}
for (const [what, [code, change]] of Object.entries(changes)) {
  test(`a file that is ${what} while it is signed is ${code}, also when all of it was read, and nothing is signed`, async () => {
    const signer = await signerOf()
    for (const at of [MiB, 12 * MiB]) {
      const path = await fileWith(fileOf(12 * MiB))
      await fails(
        assert,
        signer.signFile(path, {
          onProgress: ({ done }) => {
            if (done === at) change(path)
          },
        }),
        code,
      )
    }
    assert.deepEqual(since(), [])
  })
}

test('a byte source that gives other bytes than asked for, fails, or has another version at the end is told of', async () => {
  const signer = await signerOf()
  const bytes = fileOf(3 * MiB)
  const read = async (start, end) => bytes.subarray(start, end)
  let version = 0
  await fails(
    assert,
    signer.signFile({ size: bytes.length, read, version: async () => `${version++}` }),
    'source_changed',
    /again/,
  )
  await fails(
    assert,
    signer.signFile({
      size: bytes.length,
      read: async (start, end) => bytes.subarray(start, end - 1),
    }),
    'source_failed',
  )
  const cause = new Error('cable')
  assert.equal(
    (
      await fails(
        assert,
        signer.signFile({
          size: bytes.length,
          read: async () => {
            throw cause
          },
        }),
        'source_failed',
      )
    ).cause,
    cause,
  )
  assert.deepEqual(since(), [])
  assert.isTrue(
    (
      await contentOf(
        await verifyStream(keys, await signer.signFile({ size: bytes.length, read }), bytes),
      )
    ).equals(bytes),
  )
})

test('a file that is changed while it is verified gives only what was signed', async () => {
  const bytes = fileOf(12 * MiB)
  const path = await fileWith(bytes)
  const signature = await (await signerOf()).signFile(path)
  const released = []
  const { readable } = await verifyStream(keys, signature, await fileSource(path))
  const reader = readable.getReader()
  released.push((await reader.read()).value)
  const handle = await open(path, 'r+')
  await handle.write(Buffer.from([1, 2, 3]), 0, 3, 11 * MiB)
  await handle.close()
  reader.releaseLock()
  await fails(assert, collect(readable, released), 'source_changed')
  const all = Buffer.concat(released)
  assert.isBelow(all.length, 11 * MiB)
  assert.isTrue(all.equals(bytes.subarray(0, all.length)))
})

test('progress counts bytes to the end, its own failure changes nothing, and an abort ends with its reason and no Sign call', async () => {
  const signer = await signerOf()
  const path = await fileWith(fileOf(12 * MiB + 1))
  const told = []
  await signer.signFile(path, {
    onProgress: (p) => {
      told.push(p)
      throw new Error('theirs')
    },
  })
  assert.deepEqual(
    told,
    [...Array.from({ length: 12 }, (_, i) => (i + 1) * MiB), 12 * MiB + 1].map((done) => ({
      done,
      total: 12 * MiB + 1,
    })),
  )
  since()
  const reason = new Error('enough')
  assert.equal(
    await signer.signFile(path, { signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  )
  const stop = new AbortController()
  assert.equal(
    await signer
      .signFile(path, { signal: stop.signal, onProgress: () => stop.abort(reason) })
      .catch((error) => error),
    reason,
  )
  const late = new AbortController()
  let told2
  const never = {
    size: 5,
    read: (_start, _end, { signal }) =>
      new Promise(() => {
        told2 = signal
        late.abort(reason)
      }),
  }
  assert.equal(
    await signer.signFile(never, { signal: late.signal }).catch((error) => error),
    reason,
  )
  assert.isTrue(told2.aborted, 'the source is told too')
  assert.deepEqual(since(), [])
})

test('a file signature is no token, no receipt and no message for the other verbs', async () => {
  const signature = await (await signerOf()).signFile(await fileWith(fileOf(5)))
  const [jws] = signature.split('\n')
  await fails(
    assert,
    verifyJwt(keys, jws, { issuer: claimsOf(signature).iss, audience: 'x', maxAge: 60_000 }),
    'rejected',
    /not a token/,
  )
  await fails(
    assert,
    verifyReceipt(keys, jws, { sent: { messageId: 'a', digest: 'b' } }),
    'rejected',
    /typ/,
  )
  await fails(assert, verify(keys, signature), 'malformed')
  assert.equal((await verify(keys, jws)).json().size, 5)
})
