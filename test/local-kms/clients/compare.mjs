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

/** What stands for a value that differs from run to run; undefined where it is to be compared. */
function standIn(member, found, owner, call) {
  const size = () => Buffer.from(found, 'base64').length
  if (moments.has(member)) return Number.isFinite(found) ? '<time>' : `not a time: ${found}`
  if (random.has(member))
    return typeof found === 'string' && found !== '' ? '<text>' : `no text: ${found}`
  if (bytes.has(member)) return `<${several(member, owner) ? '' : `${size()} `}bytes>`
  return member === 'Plaintext' && call === 'fresh' ? `<${size()} bytes>` : undefined
}

/** Lines of one client; ids become the order in which they were first seen. */
export function normal(lines) {
  const seen = new Map()
  const named = (text) =>
    text.replace(ids, (id) =>
      /^0{8}-/.test(id) ? id : `<${seen.get(id) ?? seen.set(id, seen.size + 1).size}>`,
    )
  const value = (member, found, owner, call) => {
    const standing = standIn(member, found, owner, call)
    if (standing !== undefined) return standing
    if (member === 'Policy') return JSON.parse(found)
    // ids decide the order, which is another one each time
    if (member === 'Keys') return found.map((item) => Object.keys(item).sort().join(' '))
    if (Array.isArray(found)) return found.map((item) => value('', item, owner, call))
    if (typeof found === 'object' && found !== null)
      return Object.fromEntries(
        Object.entries(found)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, inner]) => [name, value(name, inner, found, call)]),
      )
    return typeof found === 'string' ? named(found) : found
  }
  const fresh = new Set(['random', 'data-key', 'decrypt-data-key'])
  return lines.map(({ name, answer, error }) =>
    error
      ? { name, error: { code: error.code, message: named(error.message) } }
      : { name, answer: value('', answer, answer, fresh.has(name) ? 'fresh' : '') },
  )
}
