import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { keySpecs } from '../key-specs.js'

export type Random = (length: number) => Uint8Array
export type Material =
  | { readonly kind: 'pair'; readonly privateKey: KeyObject }
  | { readonly kind: 'seed'; readonly seed: Uint8Array }
  | { readonly kind: 'secret'; readonly secret: Uint8Array }

export async function generateMaterial(spec: string, _random?: Random): Promise<Material> {
  const { size, curve } = keySpecs.get(spec)!
  const make = promisify(generateKeyPair)
  const pair = curve === undefined ? await make('rsa', { modulusLength: size * 8 }) : await make('ec', { namedCurve: curve })
  return { kind: 'pair', privateKey: pair.privateKey }
}

export const materialToText = (material: Material): string => (material.kind === 'pair' ? String(material.privateKey.export({ type: 'pkcs8', format: 'pem' })) : '')

const curveNamesOfNode: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

export function materialFromText(spec: string, text: string): Material | undefined {
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
