import { fails, keySetOf, publicJwk } from '../support/host.js'
import { keyPairs } from '../vectors/keys.js'
import { wrong } from '../support/types.mjs'

const lines = (text) => text.replace(/(.{64})/g, '$1\n')
const base64 = (bytes) => btoa(String.fromCharCode(...bytes))
const block = (label, bytes) =>
  `-----BEGIN ${label}-----\n${lines(base64(bytes))}\n-----END ${label}-----\n`

/**
 * Public keys in the forms in which people hold them, and pins as people paste them.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function keysHeldSuite({ test, assert, door, jose }) {
  const { importKeySet, inHand, pinned, seal } = door
  const trust = inHand()
  const spki = async (name) => {
    const { kty, crv } = publicJwk(name)
    const algorithm =
      kty === 'RSA' ? { name: 'RSA-OAEP', hash: 'SHA-256' } : { name: 'ECDH', namedCurve: crv }
    const key = await crypto.subtle.importKey('jwk', publicJwk(name), algorithm, true, [])
    return new Uint8Array(await crypto.subtle.exportKey('spki', key))
  }
  const rsa = publicJwk('RSA-2048-enc')
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)
  const first = async (source, o = {}) => {
    const [key] = await importKeySet(source, { trust, use: 'enc', ...o }).list()
    return key
  }
  /** RSAPublicKey: what stands in the bit string of SPKI, whose header has 24 bytes. */
  const pkcs1 = async () => (await spki('RSA-2048-enc')).subarray(24)
  /** A sequence of DER of these bytes. */
  const sequence = (...bytes) => new Uint8Array([0x30, bytes.length, ...bytes])
  const certificate = sequence(...sequence(0xa0, 3, 2, 1, 2, 2, 1, 7), 0x30, 0, 3, 1, 0)

  test('text around a PEM block, line ends in two characters and quotes do no harm', async () => {
    const pem = block('PUBLIC KEY', await spki('RSA-2048-enc'))
    const one = pem.trim().replaceAll('\n', '\\n')
    const forms = {
      'a comment before': `# Example Ltd, 2026\n${pem}`,
      'bag attributes': `Bag Attributes\n    friendlyName: claims\nKey Attributes: <No>\n${pem}`,
      'what openssl prints of it': `Public-Key: (2048 bit)\nModulus:\n    00:c1:-\n${pem}`,
      'text behind': `${pem}\nThe quick brown fox -- over\n`,
      'line ends in two characters': one,
      'CRLF in four': pem.trim().replaceAll('\n', '\\r\\n'),
      'escaped twice': one.replaceAll('\\n', '\\\\n'),
      'double quotes': `"${one}"`,
      'single quotes': ` '${pem}'\n`,
      'blanks for line ends': pem.replaceAll('\n', ' '),
      'a byte order mark': `\ufeff${pem}`,
      'a certificate behind it': `${pem}${block('CERTIFICATE', certificate)}`,
      'quotes around base64': `"${base64(await spki('RSA-2048-enc'))}"`,
      'quotes around a JWK': `'${JSON.stringify(rsa)}'`,
      'quotes around a set': `'${keySetOf(rsa)}'`,
    }
    for (const [what, text] of Object.entries(forms))
      for (const source of [text, new TextEncoder().encode(text)])
        assert.equal((await first(source)).thumbprint, await thumbprint(rsa), what)
  })

  test('PKCS #1 is taken as PEM, DER and base64', async () => {
    const der = await pkcs1()
    const pem = block('RSA PUBLIC KEY', der)
    for (const source of [pem, `text\n${pem}`, der, base64(der)])
      assert.equal((await first(source)).thumbprint, await thumbprint(rsa))
    const [key] = await importKeySet(pem, { trust, use: 'sig', alg: 'RS256' }).list()
    assert.deepEqual([key.use, key.alg], ['sig', 'RS256'])
    await fails(assert, () => importKeySet(pem, { trust }), 'invalid_argument', /use/)
    await fails(assert, () => first(der.subarray(0, -1)), 'keys_malformed', /RSA|SPKI/)
  })

  /** @type {Record<string, [source: unknown, pattern: RegExp]>} */
  const refused = {
    'a certificate': [
      block('CERTIFICATE', certificate),
      /"CERTIFICATE".*openssl x509 -pubkey -noout/,
    ],
    'another one': [block('X509 CERTIFICATE', certificate), /openssl x509/],
    'a certificate in DER': [certificate, /openssl x509/],
    'one without a version': [sequence(...sequence(2, 1, 7), 0x30, 0), /openssl x509/],
    'a certificate in base64': [base64(certificate), /openssl x509/],
    'a private key': [block('PRIVATE KEY', certificate), /"PRIVATE KEY".*openssl pkey -pubout/],
    'a private RSA key': [block('RSA PRIVATE KEY', certificate), /PRIVATE KEY/],
    'an encrypted one': [block('ENCRYPTED PRIVATE KEY', certificate), /PRIVATE KEY/],
    'a private key in DER': [sequence(2, 1, 0, 0x30, 0), /PRIVATE KEY/],
    'a request': [block('CERTIFICATE REQUEST', certificate), /found "CERTIFICATE REQUEST"/],
    'no label that we know': [block('PGP PUBLIC KEY BLOCK', certificate), /"PGP PUBLIC KEY BLOCK"/],
    'a quote alone': ['"', /other text/],
    'a block that does not end': ['-----BEGIN PUBLIC KEY-----\nMIIB', /other text/],
  }
  for (const [what, [source, pattern]] of Object.entries(refused)) {
    test(`${what} is refused, and the message says what to do`, async () => {
      const { message } = await fails(
        assert,
        () => importKeySet(wrong(source), { trust, use: 'enc' }),
        'keys_malformed',
        pattern,
      )
      assert.notInclude(message, base64(certificate).slice(0, 12))
    })
  }

  test('a private key beside its public key, and two public keys, are refused', async () => {
    const pem = block('PUBLIC KEY', await spki('RSA-2048-enc'))
    const secret = block('EC PRIVATE KEY', certificate)
    const encrypted = secret.replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0\n\n')
    const cut = secret.slice(0, -20)
    for (const one of [secret, encrypted, cut])
      for (const text of [`${one}${pem}`, `${pem}${one}`])
        await fails(assert, () => first(text), 'keys_malformed', /PRIVATE KEY/)
    const other = block('PUBLIC KEY', await spki('P-256-enc'))
    await fails(assert, () => first(`${pem}${other}`), 'keys_malformed', /several/)
  })

  test('text of backslashes and of dashes is looked at in one go', async () => {
    // quadratic work would take minutes
    for (const unit of ['\\', '-', '-----BEGIN ', '-----BEGIN PUBLIC KEY-----'])
      await fails(assert, () => first(unit.repeat(400_000 / unit.length)), 'keys_malformed')
  })

  /** @type {[name: string, algorithm: any, usages: KeyUsage[], expected: string][]} */
  const cryptoKeys = [
    ['RSA-2048-enc', { name: 'RSA-OAEP', hash: 'SHA-256' }, ['encrypt'], 'enc RSA-OAEP-256'],
    ['RSA-2048-enc', { name: 'RSA-OAEP', hash: 'SHA-256' }, [], 'enc RSA-OAEP-256'],
    ['P-384-enc', { name: 'ECDH', namedCurve: 'P-384' }, [], 'enc ECDH-ES+A256KW'],
    ['P-256-sig', { name: 'ECDSA', namedCurve: 'P-256' }, ['verify'], 'sig ES256'],
    ['P-256-sig', { name: 'ECDSA', namedCurve: 'P-256' }, [], 'sig ES256'],
    ['RSA-3072-sig', { name: 'RSA-PSS', hash: 'SHA-384' }, ['verify'], 'sig PS384'],
    ['RSA-2048-sig', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, ['verify'], 'sig RS256'],
    ['Ed25519-sig', { name: 'Ed25519' }, ['verify'], 'sig Ed25519'],
  ]
  for (const [name, algorithm, usages, expected] of cryptoKeys) {
    test(`a public CryptoKey of ${algorithm.name} ${name} with ${usages.join() || 'no'} usage is for ${expected}`, async () => {
      const jwk = { ...publicJwk(name), use: undefined }
      const key = await crypto.subtle.importKey('jwk', jwk, algorithm, true, usages)
      const keys = importKeySet(key, { trust })
      const [found] = await keys.list()
      assert.equal(`${found.use} ${found.alg}`, expected)
      assert.equal(found.thumbprint, await thumbprint(jwk))
      if (found.use === 'enc') await seal(keys, 'x', { context: {} })
      const other = expected.startsWith('enc') ? 'sig' : 'enc'
      const contradicting = importKeySet(key, { trust, use: /** @type {'enc'} */ (other) })
      await fails(assert, contradicting.ready(), 'invalid_argument', /use/)
    })
  }

  test('a private, a secret and a closed CryptoKey are refused, the first two unread', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const jwk = keyPairs['P-256-sig']
    for (const isOpen of [true, false]) {
      const secret = await crypto.subtle.importKey('jwk', jwk, algorithm, isOpen, ['sign'])
      await fails(assert, () => importKeySet(secret, { trust }), 'invalid_argument', /"private"/)
    }
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt'])
    await fails(assert, () => importKeySet(aes, { trust }), 'invalid_argument', /"secret"/)
    const closed = await crypto.subtle.importKey(
      'jwk',
      publicJwk('P-256-sig'),
      algorithm,
      false,
      [],
    )
    const keys = importKeySet(closed, { trust })
    await fails(assert, keys.ready(), 'invalid_argument', /extractable/)
  })

  test('a pin that is none is named by its place and by what is wrong with it', async () => {
    const pin = await thumbprint(rsa)
    /** @type {[pins: unknown, pattern: RegExp][]} */
    const rows = [
      [[pin, ` ${pin}`], /43 characters.*pins\[1\] has " "/],
      [[`${pin}\n`], /pins\[0\] has/],
      [[`${pin}=`], /pins\[0\] has "="/],
      [['b4'.repeat(32)], /pins\[0\] has "64"/],
      [[pin, pin.slice(1)], /pins\[1\] has "42"/],
      [[{ use: 'enc' }], /pins\[0\] has "0"/],
      [[null], /pins\[0\]/],
      [[{ thumbprint: null }], /pins\[0\]/],
      [[{ thumbprint: 7 }], /pins\[0\]/],
      [[pin, { thumbprint: `${pin} ` }], /pins\[1\] has " "/],
      [pin, /array/],
      [[], /array/],
      [undefined, /array/],
    ]
    for (const [pins, pattern] of rows)
      await fails(assert, () => pinned(wrong(pins)), 'invalid_argument', pattern)
  })

  test('what is no pin is not shown', async () => {
    const secret = block('PRIVATE KEY', new TextEncoder().encode('a secret that nobody must see'))
    const { message } = await fails(assert, () => pinned([secret]), 'invalid_argument', /pins\[0\]/)
    assert.notInclude(message, base64(new TextEncoder().encode('a secret')).slice(0, 8))
  })
}
