import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { keySpecs } from '../key-specs.js'

export type Random = (length: number) => Uint8Array
export type Material =
  | { readonly kind: 'pair'; readonly privateKey: KeyObject }
  | { readonly kind: 'seed'; readonly seed: Uint8Array }
  | { readonly kind: 'secret'; readonly secret: Uint8Array }

export async function generateMaterial(spec: string, random: Random = randomBytes): Promise<Material> {
  const { kty, size, curve } = keySpecs.get(spec)!
  if (kty === 'oct') return { kind: 'secret', secret: random(size) }
  const make = promisify(generateKeyPair)
  const pair = curve === undefined ? await make('rsa', { modulusLength: size * 8 }) : await make('ec', { namedCurve: curve })
  return { kind: 'pair', privateKey: pair.privateKey }
}

export const materialToText = (material: Material): string => (material.kind === 'pair' ? String(material.privateKey.export({ type: 'pkcs8', format: 'pem' })) : material.kind === 'secret' ? Buffer.from(material.secret).toString('base64') : '')

const curveNamesOfNode: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

export function materialFromText(spec: string, text: string): Material | undefined {
  if (keySpecs.get(spec)?.kty === 'oct') return { kind: 'secret', secret: Buffer.from(text, 'base64') }
  try {
    const privateKey = createPrivateKey(text)
    return specOf(privateKey) === spec ? { kind: 'pair', privateKey } : undefined
  } catch {
    return undefined
  }
}

/** The KeySpec of a private key, by what the key itself says. */
function specOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const curve = curveNamesOfNode[asymmetricKeyDetails?.namedCurve ?? '']
  const bits = asymmetricKeyDetails?.modulusLength
  return [...keySpecs].find(([, row]) => (row.kty === 'RSA' ? asymmetricKeyType === 'rsa' && bits === row.size * 8 : asymmetricKeyType === 'ec' && curve === row.curve))?.[0]
}

export function publicKeyOf(_spec: string, material: Material): Uint8Array {
  return material.kind === 'pair' ? createPublicKey(material.privateKey).export({ type: 'spki', format: 'der' }) : new Uint8Array()
}

export function importedMaterial(spec: string, bytes: Uint8Array): Material | undefined {
  const { kty, size } = keySpecs.get(spec)!
  if (kty === 'oct') return bytes.length === size ? { kind: 'secret', secret: bytes } : undefined
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' })
    return specOf(privateKey) === spec ? { kind: 'pair', privateKey } : undefined
  } catch {
    return undefined
  }
}

/** The private key as PKCS#8 DER. */
export function privateKeyBytes(_spec: string, material: Material): Uint8Array {
  if (material.kind !== 'pair') throw new Error('no private key')
  return material.privateKey.export({ type: 'pkcs8', format: 'der' })
}
