// What a library cannot do, with the reason. Each is tried, and must be refused in these words.
const isKind =
  (...kinds) =>
  ({ kind }) =>
    kinds.includes(kind)

/** Only Authlib writes a coordinate without its leading zeros. */
const shortEpk = {
  what: 'it writes epk in full, as RFC 7518 §6.2.1.2 has it',
  does: /** @type {const} */ (['write']),
  meets: isKind('a short epk'),
}

const isShort = (says) => ({
  what: 'an epk whose coordinates have lost leading zeros is refused',
  does: /** @type {const} */ (['read']),
  meets: isKind('a short epk'),
  says,
})

const isEmpty = (says) => ({
  what: 'an empty value is refused',
  does: /** @type {const} */ (['read']),
  meets: isKind('nothing'),
  says,
})

/** @type {Readonly<Record<string, readonly import('../limits.mjs').Limit[]>>} */
export const limits = {
  Sealdrop: [
    shortEpk,
    {
      what: 'apu, apv and ECDH-ES alone are read, and never written',
      does: ['write'],
      meets: isKind('with apu and apv', 'ECDH-ES alone'),
    },
  ],
  jose: [shortEpk],
  joserfc: [
    shortEpk,
    {
      what: 'a value of more than 67,712 characters is refused',
      does: ['read'],
      meets: isKind('64 KiB', '1 MiB'),
      says: /Value size exceeds/,
    },
    {
      what: 'a header of more than 1,024 characters is refused',
      does: ['read'],
      meets: isKind('a context of 1,600 characters'),
      says: /Header size exceeds/,
    },
  ],
  Authlib: [
    {
      what: 'a value of 1 MiB is refused',
      does: ['read'],
      meets: isKind('1 MiB'),
      says: /ciphertext is too long/,
    },
  ],
  jwcrypto: [shortEpk, isEmpty(/InvalidJWEData/)],
  Nimbus: [shortEpk],
  jose4j: [shortEpk, isEmpty(/cannot be empty/)],
  'go-jose': [
    shortEpk,
    {
      what: 'it has no option for apu and apv',
      does: ['write'],
      meets: isKind('with apu and apv'),
    },
    isShort(/error in cryptographic primitive/),
  ],
  jwx: [shortEpk, isShort(/failed to parse JWK for key epk/)],
}
