/**
 * The one suite that is written and read: AES-256-GCM, HKDF-SHA512, key commitment, no signature.
 */
export const suite = 0x0478

/**
 * Suites of the AWS Encryption SDK that are not read, by what sets them apart.
 *
 * @see AWS Encryption SDK specification, framework/algorithm-suites.md, "Supported Algorithm
 *   Suites"
 */
const others: Readonly<Record<number, string>> = {
  0x0578: "key commitment and an ECDSA signature, the SDKs' default",
  0x0378: 'ECDSA signature, no key commitment',
  0x0346: 'AES-192, ECDSA signature, no key commitment',
  0x0214: 'AES-128, ECDSA signature, no key commitment',
  0x0178: 'no key commitment',
  0x0146: 'AES-192, no key commitment',
  0x0114: 'AES-128, no key commitment',
  0x0078: 'no key derivation',
  0x0046: 'AES-192, no key derivation',
  0x0014: 'AES-128, no key derivation',
}

/** How a version and a suite are called in an error. */
export function formatName(version: number, id: number): string {
  // `eyJ`, as base64url of a JSON object begins
  if (version === 0x65 && id === 0x794a)
    return 'text of a sealed value or a token: open takes the text of a value'
  const hex = id.toString(16).padStart(4, '0')
  const what = others[id] ?? (id === suite ? 'the right one' : 'unknown')
  return `version ${version}, suite 0x${hex} (${what})`
}
