import { fails, signatureKeys } from '../support/host.js'
import {
  claimsOf,
  fileOf,
  fileSignatures,
  hashesOf,
  chunkSize as MiB,
  signedAt,
} from '../support/file-signature.js'
import { concat, same } from '../support/message-format.js'
import { signJws } from '../support/sign.js'
import {
  byteSource,
  byteStreamOf,
  collect,
  inPieces,
  iterate,
  iterateStream,
  refillingSource,
  sourceKinds,
  streamOf,
} from '../support/sources.js'

const sizes = [0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB]

/**
 * Files verified as they come, against signatures that jose made: which bytes are handed out.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSignaturesSuite(host) {
  const { test, assert, door, jose } = host
  const { verifyStream } = door
  const { keysOf, keys, file, size, small, sign, signed, changed, refused, releasedOf } =
    fileSignatures(host)

  /** The kinds of which only the end tells the size, and those that know it. */
  const unsized = {
    'default stream': (bytes) => streamOf(inPieces(bytes, 65_537)),
    'byte stream': (bytes) => byteStreamOf(inPieces(bytes, 300_001)),
    'async iterable': (bytes) => iterate(inPieces(bytes, 100_000, 0, 1, 1_999_999)),
  }
  const sized = {
    Blob: (bytes) => new Blob([bytes]),
    'byte source': (bytes) => byteSource(bytes),
    bytes: (bytes) => bytes,
  }

  for (const [kind, sourceOf] of Object.entries(sourceKinds)) {
    test(`a signed file of any size verifies from a ${kind}, in pieces that are the consumer's own`, async () => {
      for (const length of sizes) {
        const bytes = fileOf(length)
        const before = bytes.slice()
        const signature = await signed(bytes)
        const found = await verifyStream(keys, signature, sourceOf(bytes, 99_991, 0, 70_001))
        assert.equal(found.length, length)
        const released = []
        for await (const piece of iterateStream(found.readable)) {
          assert.isAtMost(piece.length, 524_288, 'Chromium is slow with more')
          assert.isTrue(piece.buffer instanceof ArrayBuffer)
          released.push(piece.slice())
          piece.fill(0xff)
        }
        assert.isTrue(same(concat(...released), before), `${length} bytes`)
        assert.isTrue(same(bytes, before), 'the source is as it was')
      }
    })
  }

  for (const alg of Object.keys(signatureKeys)) {
    test(`a file signature by ${alg} verifies, and not after a change of what was signed`, async () => {
      const list = concat(...(await hashesOf(small)))
      const claims = {
        ...(await claimsOf(jose, small.length, list)),
        name: 'n',
        mediaType: 'm/n',
        ctx: { a: 'b' },
      }
      const header = { alg, typ: 'application/SEALDROP-file+jwt' }
      const write = async (said) => {
        const jws = await signJws(alg, header, JSON.stringify(said))
        return `${jws}\n${jose.base64url.encode(list)}`
      }
      const { readable, length, key, ...found } = await verifyStream(
        keysOf(alg),
        await write(claims),
        small,
        { name: 'n', context: { a: 'b' } },
      )
      assert.deepEqual(found, {
        trust: 'in-hand',
        name: 'n',
        mediaType: 'm/n',
        context: { a: 'b' },
        signedAt: new Date(signedAt * 1000),
        digest: claims.digest,
      })
      assert.equal(key.alg, alg)
      assert.equal(length, small.length)
      assert.isTrue(same(await collect(readable), small))
      const [, payload] = (await write({ ...claims, name: 'other' })).split('.')
      const [head, , signature] = (await write(claims)).split('.')
      await fails(
        assert,
        verifyStream(keysOf(alg), `${head}.${payload}.${signature}`, small, {
          context: { a: 'b' },
        }),
        'rejected',
        /signature/,
      )
    })
  }

  test('what was not signed is not answered', async () => {
    const { name, mediaType, context } = await verifyStream(keys, await sign(small), small)
    assert.deepEqual(
      { name, mediaType, context },
      { name: undefined, mediaType: undefined, context: {} },
    )
  })

  for (const [kind, sourceOf] of Object.entries({ ...sized, ...unsized })) {
    test(`a ${kind} with any byte changed gives the chunks before that one, and nothing else`, async () => {
      for (const at of [0, 1, MiB - 1, MiB, 2 * MiB - 1, 2 * MiB, 3 * MiB - 1, 3 * MiB, size - 1]) {
        const chunk = Math.floor(at / MiB)
        const { bytes } = await releasedOf(
          sourceOf(changed(at)),
          'rejected',
          new RegExp(
            `chunk ${chunk + 1}, bytes ${chunk * MiB} to ${Math.min(size, (chunk + 1) * MiB) - 1},`,
          ),
        )
        assert.equal(bytes.length, chunk * MiB)
        assert.isTrue(same(bytes, file.subarray(0, bytes.length)))
      }
    })

    test(`a ${kind} whose chunks are swapped or repeated gives those before them only`, async () => {
      const chunk = (i) => file.subarray(i * MiB, Math.min(size, (i + 1) * MiB))
      for (const { order, before } of [
        { order: [1, 0, 2], before: 0 },
        { order: [0, 2, 1], before: 1 },
        { order: [0, 1, 1], before: 2 },
        { order: [0, 0, 2], before: 1 },
      ]) {
        const { bytes } = await releasedOf(
          sourceOf(concat(...order.map(chunk), chunk(3))),
          'rejected',
          new RegExp(`chunk ${before + 1},`),
        )
        assert.isTrue(same(bytes, file.subarray(0, before * MiB)))
      }
    })
  }

  const lengths = [
    [0, 0],
    [1, 0],
    [MiB - 1, 0],
    [MiB, 1],
    [MiB + 1, 1],
    [3 * MiB - 1, 2],
    [3 * MiB, 3],
    [size - 1, 3],
    [size + 1, 3],
    [size + MiB, 3],
    [size + 2 * MiB, 3],
  ]
  for (const [kind, sourceOf] of Object.entries(unsized)) {
    test(`a ${kind} that is cut or longer gives the chunks that are whole, and of a longer one not the last`, async () => {
      for (const [length, before] of lengths) {
        const { bytes } = await releasedOf(
          sourceOf(concat(file, file).subarray(0, length)),
          'rejected',
          new RegExp(`${size} bytes.*found ${length > size ? 'more' : length}$`),
        )
        assert.isTrue(same(bytes, file.subarray(0, before * MiB)), `${length} bytes`)
      }
      for (const whole of [0, MiB]) {
        const bytes = file.subarray(0, whole)
        assert.equal(
          (
            await releasedOf(
              sourceOf(file.subarray(0, whole + 1)),
              'rejected',
              /found more/,
              await signed(bytes),
            )
          ).bytes.length,
          0,
        )
      }
    })
  }

  for (const [kind, sourceOf] of Object.entries(sized)) {
    test(`a ${kind} of another size is rejected before anything is read`, async () => {
      for (const [length] of lengths) {
        let reads = 0
        const source = sourceOf(concat(file, file).subarray(0, length))
        if (kind === 'byte source')
          source.read = async () => {
            reads++
          }
        const pattern = new RegExp(`${size} bytes.*found ${length}$`)
        await refused(source, await signed(), 'rejected', { pattern })
        assert.equal(reads, 0)
      }
    })
  }

  test('a source that fills the same memory again, as a Buffer of Node whose slice copies nothing, verifies to the end', async () => {
    const source = refillingSource(file)
    const again = async function* () {
      for (let at = 0; at < size; at += 700_001) yield source.read(at, Math.min(size, at + 700_001))
    }
    for (const one of [source, again()])
      assert.isTrue(
        same(await collect((await verifyStream(keys, await signed(), one)).readable), file),
      )
  })
}
