// docs/guides/*.md: each begins with a block that runs, every block of JavaScript loads, and every
// command that a block of shell names parses. The tables say what the code says.
import test from 'node:test'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, seal, SealdropError } from 'sealdrop'
import { createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { allCommands, buildProgram } from '#dist/cli/program.js'
import { blamed } from '#dist/errors/whose.js'
import {
  assertImports,
  assertLinks,
  assertParse,
  documentAt,
  firstSentence,
  root,
  runModule,
  withResolvedImports,
} from '../support/documents.mjs'
import { publicJwk } from '../support/host.js'
import { present } from '../support/types.mjs'

/** @import { SealdropErrorCode } from 'sealdrop' */

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-guides-'))
test.after(() => rmSync(folder, { recursive: true }))

const namesOfGuides = globSync('docs/guides/*.md', { cwd: fileURLToPath(root) }).sort()
const guides = new Map(namesOfGuides.map((path) => [basename(path, '.md'), documentAt(path)]))
const htmlOf = ({ text }) =>
  [...text.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g)].map(([, code]) => code)

/** What the first block of each guide prints; others have a host, or are for a shell. */
const firstPrints = {
  age: ['age1tag1 DE02'],
  archive: ['order 7'],
  capacity: ['RSA_3072 100000 calls a day, $50 a month, 771 bytes on top'],
  comparison: ['order 7'],
  'drop-links': ['https://app.example.com/send?claim=7'],
  errors: ['invalid_argument false'],
  files: ['a long file'],
  'first-value': ["{ iban: 'DE02' }"],
  'keys-over-the-years': ['create claims', 'activate claims'],
  partners: ["{ iban: 'DE02' }"],
  policies: ['"Version":"2012-10-17"'],
  stores: ['each value opens once'],
  'receipts-and-signatures': ['order 7'],
  's3-uploads': ['preflight 204'],
  scale: ['4 opened, at most 20 a second'],
  testing: ['kms_unavailable true', '3 parts'],
  trust: ['cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s'],
  'upload-pages': ['content-security-policy: default-src'],
  uploads: ['part at 0 has 262144 bytes', 'part at 786432 has'],
  uppy: ['uploader'],
}

/** Writes a block where Node can import it, and answers its path. */
function written(name, code) {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, withResolvedImports(code))
  return path
}

/**
 * Imports modules one after the other, in one process at a page's URL. @returns what each printed
 */
async function printed(paths, env) {
  const driver = `
    import { format } from 'node:util'
    import { memoryIndexedDb } from ${JSON.stringify(new URL('../support/memory-indexed-db.mjs', import.meta.url).href)}
    globalThis.indexedDB = memoryIndexedDb()
    globalThis.location = { href: 'https://example.com/' }
    globalThis.addEventListener = () => {}
    let lines = []
    console.log = (...args) => void lines.push(format(...args))
    const found = {}
    for (const path of ${JSON.stringify(paths)}) {
      lines = []
      try {
        await import(path)
        found[path] = lines.join('\\n')
      } catch (error) {
        found[path] = 'FAILED: ' + (error?.stack ?? error)
      }
    }
    process.stdout.write(JSON.stringify(found), () => process.exit(0))`
  const { status, output } = await runModule(driver, { cwd: folder, env })
  assert.equal(status, 0, output)
  return JSON.parse(output)
}

test('there is a guide for each task, and each begins with a sentence and a block', () => {
  assert.sameMembers(
    [...guides.keys()],
    [...Object.keys(firstPrints), 'command-line', 'drop', 'forms', 'script-tag', 'tus', 'workers'],
    'a new guide says here what its first block prints',
  )
  for (const [name, { text }] of guides) {
    assert.match(text, /^# .+\n\n[A-Z].+\n\n```(js|html|sh)\n/, name)
    const words = firstSentence(text).split(/\s+/)
    assert.isAtMost(words.length, 25, `${name}: ${words.join(' ')}`)
  }
})

test('every block parses, no line of it is over 100 characters, every import and link exists', async () => {
  for (const [name, document] of guides) {
    const isShell = document.blocks[0]?.language === 'sh'
    assertParse([...document.code, ...htmlOf(document)], isShell ? 0 : 1)
    if (document.code.length > 0) await assertImports(document, 1)
    assertLinks(document)
    assert.notMatch(document.text, /\.png\)/, `${name}: the tarball has no PNG`)
    for (const line of [...document.code, ...htmlOf(document)].join('\n').split('\n'))
      assert.isAtMost(line.length, 100, `${name}: ${line}`)
  }
})

test('every block of JavaScript loads, and the first of each guide does what it says', async () => {
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'alias/archive', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
    ],
  })
  const key = /** @type {CryptoKey} */ (
    await jose.importJWK(publicJwk('P-256-enc'), 'ECDH-ES', { extractable: true })
  )
  const PublicKey = (await jose.exportSPKI(key)).replace(/-.*-|\n/g, '')
  const aws = JSON.stringify({ PublicKey, KeyUsage: 'KEY_AGREEMENT' })
  writeFileSync(join(folder, 'key.pem'), await jose.exportSPKI(key))
  writeFileSync(join(folder, 'root.json'), aws)
  const blocks = [...guides].flatMap(([name, { code }]) =>
    code.map((block, index) => ({ name, index, path: written(`${name}-${index}`, block) })),
  )
  assert.isAtLeast(blocks.length, 40)
  const paths = blocks.map(({ path }) => path)
  const UPLOAD_SECRET = 'a secret of 32 bytes of this test'
  const found = await printed(paths, { ...local.env, PORT: '0', UPLOAD_SECRET })
  await local.close()
  for (const { name, index, path } of blocks)
    assert.notMatch(found[path], /^FAILED/, `block ${index} of ${name}.md`)
  for (const [name, lines] of Object.entries(firstPrints))
    for (const line of lines) assert.include(found[join(folder, `${name}-0.mjs`)], line, name)
})

test('a block that fails to load would be found', async () => {
  const path = written('broken', "import { sealAll } from 'sealdrop'")
  assert.match((await printed([path], {}))[path], /^FAILED: [^]*SyntaxError/)
})

/** A host of a key set with one key, which answers everything else with what it got. */
async function hostOf(name) {
  const jwk = publicJwk(name)
  const pin = await jose.calculateJwkThumbprint(jwk)
  const served = JSON.stringify({ keys: [jwk] })
  return { pin, served }
}

test('the Worker seals the fields that it names, and leaves the others', async (t) => {
  const { pin, served } = await hostOf('P-256-enc')
  t.mock.method(globalThis, 'fetch', async () => new Response(served))
  const { code } = present(guides.get('workers'))
  const { default: worker } = await import(pathToFileURL(written('worker', code[0])).href)
  const order = { person: { name: 'A', iban: 'DE02' }, items: [{ sku: 7, note: 'gift' }] }
  const body = JSON.stringify(order)
  const answer = await worker.fetch(new Request('https://w.example/', { method: 'POST', body }), {
    KEY_SET_URL: 'https://keys.example/',
    PINS: pin,
  })
  const { person, items } = await answer.json()
  assert.deepEqual([person.name, items[0].sku], ['A', 7])
  for (const sealed of [person.iban, items[0].note]) assert.lengthOf(sealed.split('.'), 5)
})

test('the Worker without KMS serves what was prepared, and 503 once that is over', async () => {
  const code = present(guides.get('workers')).code.find((block) => block.includes('keySetHandler'))
  const { default: worker } = await import(pathToFileURL(written('key-set', code)).href)
  const serve = (expires) => {
    const prepared = { jwks: '{"keys":[]}', etag: '"1"', expires: new Date(expires).toJSON() }
    const KEYS = { get: async () => prepared }
    return worker.fetch(new Request('https://keys.example/'), { KEYS })
  }
  assert.equal((await serve(Date.now() + 60_000)).status, 200)
  assert.equal((await serve(Date.now() - 1)).status, 503)
})

test('the page with the script tag fetches the key set and sends a sealed claim', async () => {
  const { pin, served } = await hostOf('P-256-enc')
  const [page] = htmlOf(present(guides.get('script-tag')))
  const [, names] = /const \{ ([\w, ]+) \} = sealdrop/.exec(page) ?? []
  const door = await import('sealdrop')
  for (const name of names.split(', ')) assert.property(door, name)
  const driver = `
    import { readFileSync } from 'node:fs'
    import { runInThisContext } from 'node:vm'
    const script = ${JSON.stringify(fileURLToPath(new URL('dist/sealdrop.min.js', root)))}
    runInThisContext(readFileSync(script, 'utf8'))
    globalThis.fetch = async (url, { method, body } = {}) => {
      if (method === 'POST') console.log(url, body.split('.').length)
      return new Response(${JSON.stringify(served)})
    }
  `
  const code = page.replace('tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc', pin)
  const { status, output } = await runModule(driver + code)
  assert.equal(status, 0, output)
  assert.equal(output.trim(), '/claims 5')
})

test('every script-tag file that the package exports stands in the guide, and no other', () => {
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const { text } = present(guides.get('script-tag'))
  const named = [...text.matchAll(/`sealdrop\/(dist\/[\w.-]+)`/g)].map(([, path]) => `./${path}`)
  assert.isAtLeast(named.length, 7)
  const exported = Object.keys(exports).filter((name) => name.startsWith('./dist/'))
  if (!exported.includes('./dist/*')) assert.sameMembers(named, exported)
})

test('the policies let a role in as the guide says', async () => {
  const { status, output } = await runModule(present(guides.get('policies')).code[0])
  assert.equal(status, 0, output)
  const { Statement } = JSON.parse(output)
  assert.deepEqual(Statement.find(({ Sid }) => Sid === 'OpenerDecrypt').Principal.AWS, [
    'arn:aws:iam::111122223333:role/Claims',
    'arn:aws:iam::444455556666:role/Claims',
  ])
  assert.isUndefined(
    Statement.find(({ Sid }) => Sid === 'OpenerAgree'),
    'by algs',
  )
})

test('every error code has one row: when it comes, what to do, whose fault it is, and whether to retry', () => {
  const source = readFileSync(new URL('src/errors/sealdrop-error.ts', root), 'utf8')
  const [list = ''] = source.split('export type SealdropErrorCode').slice(1)
  const codes = [...list.slice(0, list.indexOf('\n\n')).matchAll(/\| '([a-z]+_?[a-z_]*)'/g)].map(
    ([, code]) => code,
  )
  assert.isAtLeast(codes.length, 25)
  const { text } = present(guides.get('errors'))
  const rows = [...text.matchAll(/^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$/gm)]
  assert.sameMembers(
    rows.map(([, code]) => code),
    codes,
  )
  assert.include(text, `one of the ${codes.length} below`)
  const never = rows.filter(([, , , , , retryable]) => retryable === 'no').map(([, code]) => code)
  assert.sameMembers(
    codes.filter((code) => !never.includes(code)),
    ['keys_unreachable', 'kms_throttled', 'kms_unavailable', 'output_failed', 'source_failed'],
    'what may be retried',
  )
  for (const [, code, , , whose] of rows) {
    const o = { retryable: true }
    const error = blamed(
      new SealdropError(/** @type {SealdropErrorCode} */ (code), '', o),
      'sender',
    )
    assert.equal(whose.match(/^\w+/)?.[0], error.whose, code)
  }
})

test('the handler of a queue refuses what the sender spoilt, tries again, and keeps the rest', async (t) => {
  const local = await startLocalKms({
    keys: [{ alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  t.after(() => local.close())
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
  const keys = importKeySet(jwks, { trust: inHand() })
  const good = await seal(keys, 'x', { context: { queue: 'claims' } })
  const foreign = importKeySet(publicJwk('P-256-enc'), { trust: inHand(), use: 'enc' })
  const bodies = [
    good,
    'not sealed',
    await seal(foreign, 'x', { context: { queue: 'claims' } }),
    await seal(keys, 'x', { context: { queue: 'other' } }),
  ]
  const block = present(present(guides.get('errors')).code.find((code) => /handle/.test(code)))
  const driver = `${block}
    const told = []
    const tell = (facts) => told.push(structuredClone(facts))
    const answers = []
    for (const body of ${JSON.stringify(bodies)})
      answers.push(await handle({ body }, { work: () => {}, tell }))
    console.log(JSON.stringify({ answers, told }))`
  const ran = async () => {
    const { status, output } = await runModule(driver, {
      env: { ...local.env, AWS_MAX_ATTEMPTS: '1' },
    })
    assert.equal(status, 0, output)
    return JSON.parse(output)
  }
  const { answers, told } = await ran()
  assert.deepEqual(answers, ['done', 'refuse', 'keep', 'keep'])
  assert.deepEqual(
    told.map(({ code, whose }) => [code, whose]),
    [
      ['malformed', 'sender'],
      ['key_not_found', 'operator'],
      ['context_mismatch', 'operator'],
    ],
  )
  local.faults.add({ kind: 'unavailable' })
  assert.deepEqual((await ran()).answers, ['retry', 'refuse', 'retry', 'retry'])
})

/** The arguments of every `npx sealdrop …` in a block of shell, as a shell would split them. */
const sealdropCommands = ({ blocks }) =>
  blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => line.startsWith('npx sealdrop '))
    .map((line) => line.replace(/ (#|\|).*$/, ''))
    .map((line) => [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word))
    .map(([, , ...args]) => args)

/** The commands that do something: those that hold no others. */
const leavesOf = (command) =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)

/** Parses a command line as the command does, and does nothing else. */
async function parse(args) {
  const quiet = { out: () => {}, note: () => {} }
  const program = buildProgram(quiet, await allCommands(quiet))
  for (const command of leavesOf(program)) command.action(() => {})
  await program.parseAsync(args, { from: 'user' })
}

test('every command that a block of shell names parses', async () => {
  const others = ['README.md', 'docs/runbook.md', 'docs/local-kms.md'].map(documentAt)
  const commands = [...guides.values(), ...others].flatMap(sealdropCommands)
  assert.isAtLeast(commands.length, 8)
  for (const args of commands) await parse(args)
  const refused = await parse(['doctor', '--keyset', 'https://keys.example/']).catch((e) => e)
  assert.equal(refused?.code, 'commander.unknownOption', 'a wrong option would be found')
})
