// A company with a clock, in the second day of the keys of its two purposes. It has a root, a
// publisher, pages that believe the root, and somebody who may call kms:Sign.
import { createHash } from 'node:crypto'
import { CreateKeyCommand, DescribeKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { fetchKeySet, signedBy } from 'sealdrop'
import {
  applyRotation,
  createOpener,
  createPublisher,
  planRotation,
  publicJwk,
  revokeKey,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { keySetHandler } from 'sealdrop/serve'
import { present } from './types.mjs'

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
/** @type {import('sealdrop/kms').Purpose} */
const claims = {
  name: 'claims',
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: 'alias/claims',
}
/** @type {import('sealdrop/kms').Purpose} */
const receipts = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/receipts',
}
const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
/** r ‖ s of a DER signature on P-256. */
const raw = (der) => {
  const parts = []
  for (let at = 2; at < der.length; at += 2 + der[at + 1])
    parts.push(
      Buffer.from(der.subarray(at + 2, at + 2 + der[at + 1]))
        .toString('hex')
        .padStart(64, '0')
        .slice(-64),
    )
  return Buffer.from(parts.join(''), 'hex')
}

/** A company in its second day. Both purposes have a current key and a next one. */
export async function datedCompany(t) {
  const clock = { at: Math.floor(Date.now() / 1000) * 1000 }
  const now = () => clock.at
  const local = await startLocalKms({ now })
  t.after(() => local.close())
  const kms = local.clientConfig
  const client = new KMSClient(kms)
  /** @type {import('sealdrop/kms').KeyInventory} */
  let inventory = { version: 1, counter: 0, purposes: [claims, receipts], keys: [] }
  let version = 1
  const store = {
    read: async () => ({ inventory, etag: String(version) }),
    write: async (next, etag) => {
      assert.equal(etag, String(version))
      inventory = structuredClone(next)
      version++
    },
  }
  const rotate = (every = 'P90D') =>
    applyRotation(planRotation(inventory, { now: new Date(clock.at), every }), { kms, store, now })
  for (let i = 0; i < 3; i++, clock.at += 26 * hour) await rotate()
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  )
  const root = present(KeyMetadata?.Arn)
  const rootJwk = await publicJwk({ kms, key: root })
  const published = (o) => {
    const publisher = createPublisher({ kms, keys: store, root, now, ...o })
    const handler = keySetHandler({
      documents: async () => ({
        ...(await publisher.documents()),
        expires: new Date(Date.now() + day),
      }),
    })
    return async (url, init) => handler(new Request(url, init))
  }
  const [fetch, fetchHistory] = [published({}), published({ history: true })]
  /** A page that is opened now. */
  const page = () =>
    fetchKeySet('https://keys.example/', { trust: signedBy([rootJwk]), now, fetch })
  const history = () =>
    fetchKeySet('https://keys.example/history', {
      trust: signedBy([rootJwk], { history: true }),
      now,
      fetch: fetchHistory,
    })
  const stored = (purpose, state = 'current') =>
    inventory.keys.find((key) => key.purpose === purpose && key.state === state)
  const opener = createOpener({ kms, keys: store, now })
  t.after(() => opener.close())
  const entry = (key) => inventory.keys.find(({ thumbprint }) => thumbprint === key.thumbprint)
  /** What somebody who may call kms:Sign makes, with any date. */
  const signWith = async (key, payload, header) => {
    const input = [{ alg: 'ES256', kid: key.thumbprint, ...header }, payload]
      .map((part) => base64url(JSON.stringify(part)))
      .join('.')
    const { Signature } = await client.send(
      new SignCommand({
        KeyId: key.arns[0],
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
        Message: createHash('sha256').update(input).digest(),
      }),
    )
    return `${input}.${base64url(raw(Signature))}`
  }
  const receiptBy = (key, sent, at) =>
    signWith(
      key,
      {
        iss: 'x',
        iat: Math.floor(at / 1000),
        jti: 'AAAAAAAAAAAAAAAAAAAAAA',
        messageId: sent.messageId,
        length: sent.length,
        digest: sent.digest,
        ctx: {},
        stage: 'opened',
      },
      { typ: 'sealdrop-receipt+jwt' },
    )
  const aliased = async (alias) =>
    present((await client.send(new DescribeKeyCommand({ KeyId: alias }))).KeyMetadata).Arn
  return {
    clock,
    now,
    kms,
    client,
    root,
    rootJwk,
    store,
    rotate,
    page,
    history,
    stored,
    opener,
    entry,
    signWith,
    receiptBy,
    aliased,
    inventory: () => inventory,
    revoke: (key, more) => revokeKey({ store, key: key.thumbprint, now, ...more }),
  }
}
