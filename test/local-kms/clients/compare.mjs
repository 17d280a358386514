// Brings what a client saw into a form that does not depend on the run, so that it can be compared
// with what another one saw.

const moments = new Set([
  'CreationDate',
  'LastUpdatedDate',
  'DeletionDate',
  'ParametersValidTo',
  'NextRotationDate',
  'RotationDate',
  'OnDemandRotationStartDate',
  'KeyCreationDate',
  'TrackingStartDate',
  'Timestamp',
  'ValidTo',
])
const random = new Set(['GrantToken', 'NextMarker', 'CloudTrailEventId', 'KmsRequestId'])
const bytes = new Set([
  'PublicKey',
  'CiphertextBlob',
  'Signature',
  'SharedSecret',
  'SharedSecretCiphertextBlob',
  'Mac',
  'ImportToken',
  'PrivateKeyPlaintext',
  'PrivateKeyCiphertextBlob',
])
/** DER of an ECDSA signature has several lengths, and so has that of an RSA private key. */
const several = (member, answer) =>
  (member === 'Signature' && String(answer?.SigningAlgorithm).startsWith('ECDSA')) ||
  member.startsWith('PrivateKey')
const ids =
  /mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}/g

/** Steps that answer a new plaintext each time. */
const fresh = new Set(['random', 'data-key', 'decrypt-data-key'])

const isText = (found) => typeof found === 'string' && found !== ''
const lengthOf = (found) => Buffer.from(found, 'base64').length
const bytesOf = (found) => `<${lengthOf(found)} bytes>`

/**
 * By member, how it is shown: what is another one each time by its form only.
 *
 * @type {(member: string, owner: object | undefined, call: string) =>
 *   ((found: any) => unknown) | undefined}
 */
function formOf(member, owner, call) {
  if (moments.has(member))
    return (found) => (Number.isFinite(found) ? '<time>' : `not a time: ${found}`)
  if (random.has(member)) return (found) => (isText(found) ? '<text>' : `no text: ${found}`)
  if (bytes.has(member)) return several(member, owner) ? () => '<bytes>' : bytesOf
  if (member === 'Plaintext' && fresh.has(call)) return bytesOf
  if (member === 'Policy') return JSON.parse
  // ids decide the order, which is another one each time
  if (member === 'Keys') return (found) => found.map((item) => Object.keys(item).sort().join(' '))
  return undefined
}

/**
 * @type {(one: [name: string, member: unknown], other: [name: string, member: unknown]) => number}
 */
const byName = ([a], [b]) => (a < b ? -1 : 1)

/** Lines of one client; ids become the order in which they were first seen. */
export function normal(lines) {
  const seen = new Map()
  const numberOf = (id) => seen.get(id) ?? seen.set(id, seen.size + 1).size
  const named = (text) =>
    text.replace(ids, (id) => (id.startsWith('00000000-') ? id : `<${numberOf(id)}>`))
  const value = (member, found, owner, call) => {
    const form = formOf(member, owner, call)
    if (form) return form(found)
    if (Array.isArray(found)) return found.map((item) => value('', item, owner, call))
    if (typeof found === 'object' && found !== null)
      return Object.fromEntries(
        Object.entries(found)
          .sort(byName)
          .map(([name, inner]) => [name, value(name, inner, found, call)]),
      )
    return typeof found === 'string' ? named(found) : found
  }
  return lines.map(({ name, answer, error }) =>
    error
      ? { name, error: { code: error.code, message: named(error.message) } }
      : { name, answer: value('', answer, answer, name) },
  )
}
