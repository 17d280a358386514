// The JavaScript SDK as a driver: sends each step, gives one line per step in the common form.
import { createPublicKey, constants, verify } from 'node:crypto'
import { KMS } from '@aws-sdk/client-kms'
import { blobs } from './scenario.mjs'

const reference = /\$\{([\w.-]+)\}/g
/** An earlier step did not answer what this one needs. */
class Missing extends Error {
  name = 'Missing'
}

function valueOf(kept, path) {
  const found = path.split('.').reduce((value, part) => value?.[part], kept)
  if (found === undefined) throw new Missing(path)
  return found
}

function resolve(kept, value) {
  if (typeof value === 'string') {
    const whole = /^\$\{([\w.-]+)\}$/.exec(value)
    return whole
      ? valueOf(kept, whole[1])
      : value.replace(reference, (_, path) => String(valueOf(kept, path)))
  }
  if (Array.isArray(value)) return value.map((item) => resolve(kept, item))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, resolve(kept, member)]),
    )
  return value
}

/** Bytes as base64, times as epoch seconds. */
function common(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(common)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, member]) => name !== '$metadata' && member !== undefined)
        .map(([name, member]) => [name, common(member)]),
    )
  return value
}

function verifyLocally({ SigningAlgorithm, PublicKey, Message, Signature }) {
  const key = createPublicKey({
    key: Buffer.from(PublicKey, 'base64'),
    format: 'der',
    type: 'spki',
  })
  const pss = SigningAlgorithm.includes('PSS') && {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }
  const hash = key.asymmetricKeyType === 'ed25519' ? null : `sha${SigningAlgorithm.slice(-3)}`
  return {
    Valid: verify(
      hash,
      Buffer.from(Message, 'base64'),
      { key, ...pss },
      Buffer.from(Signature, 'base64'),
    ),
  }
}

/** The method of the client that calls an operation. */
const methodOf = (operation) => operation[0].toLowerCase() + operation.slice(1)

/** @returns one line per step: its name, and an answer or an error */
export async function runHere(steps, { env }) {
  const client = new KMS({
    endpoint: env.AWS_ENDPOINT_URL_KMS,
    region: env.AWS_REGION,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    maxAttempts: 1,
  })
  const kept = {}
  const lines = []
  for (const { name, call, input } of steps) {
    try {
      const given = resolve(kept, input)
      const bytes = Object.fromEntries(
        Object.entries(given)
          .filter(([member, value]) => blobs.has(member) && typeof value === 'string')
          .map(([member, value]) => [member, Buffer.from(value, 'base64')]),
      )
      const answer =
        call === 'verifyLocally'
          ? verifyLocally(given)
          : common(await client[methodOf(call)]({ ...given, ...bytes }))
      kept[name] = answer
      lines.push({ name, answer })
    } catch (e) {
      const { name: code, message } = /** @type {Error} */ (e)
      // The client puts this text where the body has no message.
      lines.push({
        name,
        error: {
          code,
          message: message === 'UnknownError' || e instanceof Missing ? '' : message,
        },
      })
    }
  }
  client.destroy()
  return lines
}
