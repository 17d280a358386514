// npm run test:interop, fourth part: the programs of the pages for partners do what the pages say.
import { generateKeyPairSync } from 'node:crypto'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { listen } from '../../support/listen.mjs'
import { conclude, report } from '../report.mjs'
import { pagePrograms, run } from './programs.mjs'
import { checkPartnersPage } from './partners-page.mjs'

const context = { form: 'claim' }
const claim = { iban: 'DE02', name: 'Größe' }
const file = Buffer.alloc(100_000, 'a line of a claim\n')

/** By language, the names of its programs. */
const names = {
  Python: {
    write: ['write_joserfc', 'write_jwcrypto'],
    read: ['read_joserfc', 'read_jwcrypto'],
    readByKms: 'read_kms',
    sealFile: 'seal_file',
    openFile: 'open_file',
  },
  Java: { write: ['WriteValue'], read: ['ReadValue'], sealFile: 'SealFile', openFile: 'OpenFile' },
  Go: {
    write: ['write_value'],
    read: ['read_value'],
    sealFile: 'seal_file',
    openFile: 'open_file',
  },
}

/** What is changed in a row of the set, so that its key may not be sealed to. */
const unfit = {
  revoked: { revoked: { revoked_at: 1, reason: 'compromised' } },
  expired: { exp: Math.floor(Date.now() / 1000) - 1 },
  'not yet valid': { nbf: Math.floor(Date.now() / 1000) + 3_600 },
  'for signatures': { use: 'sig', key_ops: ['verify'] },
}

/** A private key of a partner, as JWK. */
function partnerKey(kind) {
  const { privateKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return privateKey.export({ format: 'jwk' })
}

/** Runs a check. @returns its name, and why it failed, where it did */
async function check(name, work) {
  try {
    await work()
    return { name }
  } catch (error) {
    return { name, failure: String(Object(error).message ?? error).slice(0, 600) }
  }
}

/** A program that has to end well. @returns what it printed */
async function done(command, o) {
  const { status, out, problem } = await run(command, o)
  if (status !== 0) throw new Error(`it ended with ${status}: ${problem.slice(-500)}`)
  return out
}

/** A program that has to fail, and say why. */
async function refused(command, o, says) {
  const { status, problem } = await run(command, o)
  if (status === 0) throw new Error('it did not refuse')
  if (!says.test(problem)) throw new Error(`it failed for another reason: ${problem.slice(-500)}`)
}

function equal(found, expected) {
  if (!Buffer.from(found).equals(Buffer.from(expected))) throw new Error('something else came out')
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  )

/** Everything that one language does, to one published key and with one key of a partner. */
async function checksOf(language, command, { key, world }) {
  const { url, opener, env, folder, sets } = world
  const { write, read, readByKms, sealFile, openFile } = names[language]
  const input = JSON.stringify(claim)
  const checks = []
  const add = async (name, work) => checks.push(await check(`${key.spec}, ${name}`, work))

  for (const name of write) {
    await add(`${name} writes a value`, async () => {
      const value = (await done([...command(name), `${url}/set`, key.kid], { input })).toString()
      const opened = await opener.open(value.trim(), { context })
      equal(JSON.stringify(opened.json()), input)
    })
  }
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...members } = key.partner
  const partnerSet = importKeySet(JSON.stringify(members), { trust: inHand(), use: 'enc' })
  const privateFile = join(folder, `${key.spec}.jwk`)
  await writeFile(privateFile, JSON.stringify(key.partner))
  for (const name of read) {
    await add(`${name} reads a value`, async () => {
      const value = await seal(partnerSet, claim, { context })
      const out = await done([...command(name), privateFile], { input: value })
      equal(out.toString().trimEnd(), input)
    })
    await add(`${name} refuses another context`, async () => {
      const value = await seal(partnerSet, claim, { context: { form: 'order' } })
      await refused([...command(name), privateFile], { input: value }, /another context/)
    })
  }
  if (readByKms)
    await add(`${readByKms} reads a value`, async () => {
      const value = await seal(sets[key.spec], claim, { context })
      const out = await done([...command(readByKms), key.arn], { input: value, env })
      equal(out.toString().trimEnd(), input)
    })

  const [plain, sealed, target] = ['plain', 'sealed', 'target'].map((name) =>
    join(folder, `${language}-${key.spec}-${name}`),
  )
  await writeFile(plain, file)
  await add(`${sealFile} writes a file`, async () => {
    await done([...command(sealFile), `${url}/set`, key.kid, plain, sealed], {})
    await opener.openFile(sealed, `${target}-ours`, { context })
    equal(await readFile(`${target}-ours`), file)
  })
  const opening = (from) => [...command(openFile), key.arn, from, target, ...key.curve]
  await add(`${openFile} refuses another context`, async () => {
    const other = `${sealed}-other`
    await writeFile(other, await sealedFor(sets[key.spec], { form: 'order' }))
    await refused(opening(other), { env }, /context/i)
    if (await exists(target)) throw new Error('it left a file behind')
  })
  await add(`${openFile} reads a file`, async () => {
    await writeFile(sealed, await sealedFor(sets[key.spec], context))
    await done(opening(sealed), { env })
    equal(await readFile(target), file)
  })
  return checks
}

/** How one program of a language chooses, for one key. */
function refusals(language, command, { key, world: { url } }) {
  const [name] = names[language].write
  const refuses = (path, pin) =>
    refused([...command(name), `${url}/${path}`, pin], { input: '{}' }, /no valid key/)
  return Promise.all([
    check(`${name} refuses another pin`, () => refuses('set', 'A'.repeat(43))),
    ...Object.keys(unfit).map((why) =>
      check(`${name} refuses a key that is ${why}`, () =>
        refuses(encodeURIComponent(why), key.kid),
      ),
    ),
  ])
}

async function sealedFor(keys, bound) {
  const { readable } = await sealStream(keys, new Blob([file]), { context: bound })
  return Buffer.from(await new Response(readable).arrayBuffer())
}

/** The sets that the programs fetch, by their path: as published, and with keys that are unfit. */
function servedSets(jwks) {
  const { keys } = JSON.parse(jwks)
  /** @type {Map<string, object[]>} */
  const sets = new Map([['set', keys]])
  for (const [why, members] of Object.entries(unfit))
    sets.set(
      why,
      keys.map((key) => ({ ...key, ...members })),
    )
  return sets
}

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-pages-'))
const local = await startLocalKms({
  keys: [
    { alias: 'RSA_3072', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' },
    { alias: 'ECC_NIST_P256', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
  ],
})
const kms = local.clientConfig
const { RSA_3072: rsa, ECC_NIST_P256: ecc } = local.keys
const { jwks } = await createPublisher({
  kms,
  keys: [{ key: rsa, withArn: true }, { key: ecc }],
}).documents()
const served = servedSets(jwks)
const server = await listen((request) => {
  const keys = served.get(decodeURIComponent(new URL(request.url).pathname.slice(1)))
  return keys ? Response.json({ keys }) : new Response(null, { status: 404 })
})
try {
  const [rsaRow, eccRow] = JSON.parse(jwks).keys
  const keys = [
    { spec: 'RSA_3072', arn: rsa, kid: rsaRow.kid, curve: [], partner: partnerKey('RSA') },
    {
      spec: 'ECC_NIST_P256',
      arn: ecc,
      kid: eccRow.kid,
      curve: ['ECC_NIST_P256'],
      partner: partnerKey('EC'),
    },
  ]
  const world = {
    url: server.url.replace(/\/$/, ''),
    folder,
    opener: createOpener({ kms, keys: [rsa, ecc] }),
    env: { ...local.env, AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull },
    sets: Object.fromEntries(
      keys.map(({ spec, kid }) => [spec, importKeySet(jwks, { trust: inHand(), prefer: [kid] })]),
    ),
  }
  const programs = await pagePrograms(folder)
  for (const [language, command] of Object.entries(programs)) {
    const each = await refusals(language, command, { key: keys[0], world })
    for (const key of keys) each.push(...(await checksOf(language, command, { key, world })))
    report(`the page for ${language}`, each)
  }
  report('the page partners.md', await checkPartnersPage({ local, folder, check }))
} finally {
  await server.close()
  await local.close()
  await rm(folder, { recursive: true, force: true })
}
conclude()
