// Real files signed through the real local KMS, verified by the public door, by jose and by
// node:crypto.
import test from 'node:test'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import * as jose from 'jose'
import { inspect, verify, verifyJwt, verifyRange, verifyReceipt, verifyStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { httpSource } from 'sealdrop/kms'
import { fileOf } from '../support/file-signature.js'
import { MiB, claimsOf, contentOf, fileSigners, specs } from '../support/file-signers.mjs'
import { fails } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { collect } from '../support/sources.js'
import { present } from '../support/types.mjs'

const { since, jwks, keys, signerOf, fileWith } = await fileSigners(test)

/** As file-signature.md has it, once more. */
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
    const jwk = jwks.find((one) => one.alg === alg)
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
    // of Node 20, jose has no ML-DSA
    if (!alg.startsWith('ML')) await jose.compactVerify(jws, await jose.importJWK(jwk, alg))
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
    const half = length >> 1
    const rest = await verifyRange(keys, signature, await fileSource(path), half, Infinity)
    assert.isTrue((await contentOf(rest)).equals(bytes.subarray(half)))
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
    const fetched = present((await fetch(site.url)).body)
    const whole = await verifyStream(keys, signature, fetched)
    assert.isTrue((await contentOf(whole)).equals(bytes))
    const source = await httpSource(site.url)
    const part = await verifyRange(keys, signature, source, MiB + 5, MiB + 500)
    assert.isTrue((await contentOf(part)).equals(bytes.subarray(MiB + 5, MiB + 500)))
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

test('a file signature is no token, no receipt and no message for the other verbs', async () => {
  const signature = await (await signerOf()).signFile(await fileWith(fileOf(5)))
  const [jws] = signature.split('\n')
  await fails(
    assert,
    verifyJwt(keys, jws, { issuer: claimsOf(signature).iss, audience: 'x', maxAge: 60_000 }),
    'rejected',
    /expected a JWT/,
  )
  await fails(
    assert,
    verifyReceipt(keys, jws, { sent: { messageId: 'a', digest: 'b' } }),
    'rejected',
    /typ/,
  )
  await fails(assert, verify(keys, signature), 'malformed')
  assert.propertyVal((await verify(keys, jws)).json(), 'size', 5)
})
