// Recipients of the configuration, and the signed sets that one run remembers for the next.
import { createServer } from 'node:http'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import * as jose from 'jose'
import * as door from 'sealdrop'
import { publicJwk } from '../support/host.js'
import { signedSets } from '../support/signed-sets.js'
import { listeningPort } from '../support/types.mjs'
import { run } from './seal-helpers.mjs'

const { signedSet, rootJwk, thumbprint } = signedSets(/** @type {any} */ ({ assert, door, jose }))
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-sets-'))
const at = (name) => join(folder, name)
const hour = 3_600
const now = Math.floor(Date.now() / 1000)

/** A set of one key: a later one has a higher `ver`. */
const setOf = (key, ver, hours) =>
  signedSet({ keys: [publicJwk(key)], claims: { ver, iat: now - 60, exp: now + hours * hour } })
let served = ''
let url = ''
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/jwk-set+jwt' })
  response.end(served)
})
const sets = { old: '', new: '' }
const keys = { old: '', new: '' }
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${listeningPort(server)}/`
  sets.old = await setOf('P-256-enc', 6, 6)
  sets.new = await setOf('P-384-enc', 7, 1)
  keys.old = await thumbprint(publicJwk('P-256-enc'))
  keys.new = await thumbprint(publicJwk('P-384-enc'))
  writeFileSync(at('root.json'), JSON.stringify(rootJwk()))
  writeFileSync(at('plain.json'), JSON.stringify(publicJwk('P-384-enc')))
  writeFileSync(at('recipient.json'), JSON.stringify({ url, roots: [rootJwk()] }))
  // a clock that is two hours ahead
  writeFileSync(at('later.mjs'), 'const { now } = Date\nDate.now = () => now() + 7_200_000\n')
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const later = () => ({ NODE_OPTIONS: `--import ${pathToFileURL(at('later.mjs')).href}` })
/** Seals while the host serves one of the sets. */
function seal(which, args, env = {}) {
  served = sets[which]
  return run(['seal', ...args], { cwd: folder, env, input: 'a claim' })
}
const byRoot = () => ['-r', url, '--root', 'root.json']
/** A folder of its own for what is remembered. */
const stateOf = (name) => ({ XDG_STATE_HOME: at(name) })

test('an older set is not believed in the next run: the newer one counts, then nothing does', async () => {
  for (const [name, args] of /** @type {[string, string[]][]} */ ([
    ['by-flag', byRoot()],
    ['by-file', ['-r', 'recipient.json']],
  ])) {
    const env = stateOf(name)
    const first = await seal('new', args, env)
    assert.equal(first.code, 0, first.err)
    assert.include(first.err, keys.new)
    const kept = at(`${name}/sealdrop/sets`)
    assert.equal(statSync(kept).mode & 0o777, 0o700)
    assert.lengthOf(readdirSync(kept), 1)
    const second = await seal('old', args, env)
    assert.equal(second.code, 0, second.err)
    assert.include(second.err, keys.new, 'it is sealed to the newer set, which still holds')
    const third = await seal('old', args, { ...env, ...later() })
    assert.deepEqual([third.code, third.out.length], [4, 0], third.err)
    assert.match(third.err, /the key set is older \(ver 6\) than one seen before \(ver 7\)/)
    const forgetful = await seal('old', [...args, '--no-state'], env)
    assert.equal(forgetful.code, 0, forgetful.err)
    assert.match(forgetful.err, new RegExp(`${keys.old} .*signed by .*, and not remembered\n$`))
  }
})

test('a file with a signed set is no way around it, and verify remembers too', async () => {
  const env = stateOf('of-file')
  await seal('new', byRoot(), env)
  writeFileSync(at('old.jws'), sets.old)
  const sealed = await seal('old', ['-r', 'old.jws', '--root', 'root.json'], { ...env, ...later() })
  assert.equal(sealed.code, 4, sealed.err)
  assert.match(sealed.err, /older/)
  served = sets.old
  const verified = await run(['verify', '-k', url, '--root', 'root.json', '--token'], {
    cwd: folder,
    env: { ...env, ...later() },
    input: 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA',
  })
  assert.equal(verified.code, 4, verified.err)
})

test('where it cannot be remembered nothing is sealed, unless that was said', async () => {
  writeFileSync(at('a-file'), '')
  const env = stateOf('a-file')
  const { code, out, err } = await seal('new', byRoot(), env)
  assert.deepEqual([code, out.length], [7, 0])
  assert.match(err, /signed key sets cannot be kept there: ENOTDIR; SEALDROP_STATE .* --no-state/)
  for (const [args, more] of /** @type {[string[], object][]} */ ([
    [['--no-state'], {}],
    [[], { SEALDROP_STATE: 'none' }],
    [[], { SEALDROP_STATE: at('elsewhere') }],
  ])) {
    const ended = await seal('new', [...byRoot(), ...args], { ...env, ...more })
    assert.equal(ended.code, 0, ended.err)
  }
  assert.lengthOf(readdirSync(at('elsewhere')), 1)
  chmodSync(at('elsewhere'), 0o777)
  const shared = await seal('new', byRoot(), { SEALDROP_STATE: at('elsewhere') })
  assert.deepEqual([shared.code, /others may write to it/.test(shared.err)], [2, true], shared.err)
  const inHand = await seal('new', ['-r', 'plain.json'], env)
  assert.equal(inHand.code, 0, `what nobody signed needs no such folder: ${inHand.err}`)
})

test('-r @name is a recipient of the configuration, which says why it is believed', async () => {
  mkdirSync(at('own/sealdrop'), { recursive: true })
  const config = at('own/sealdrop/config.json')
  copyFileSync(at('root.json'), at('own/sealdrop/root.json'))
  writeFileSync(
    config,
    JSON.stringify({
      recipients: {
        claims: { url, roots: ['root.json'], name: 'default' },
        file: { file: '../../recipient.json' },
        pinned: { url, pins: [keys.old] },
      },
    }),
  )
  const env = { ...stateOf('named'), XDG_CONFIG_HOME: at('own') }
  const claims = await seal('new', ['-r', '@claims'], env)
  assert.equal(claims.code, 0, claims.err)
  assert.equal(
    claims.err,
    `sealed to ${keys.new} (ECDH-ES+A256KW) of @claims of ${config}: ${url}, signed by ${at('own/sealdrop/root.json')}\n`,
  )
  const file = await seal('new', ['-r', '@file'], env)
  assert.equal(file.code, 0, file.err)
  const pinned = await seal('new', ['-r', '@pinned'], env)
  assert.equal(pinned.code, 4, pinned.err)
  for (const [args, words] of /** @type {const} */ ([
    [['-r', '@clams'], /names no recipient "clams"; did you mean claims\?; \.\/@clams is a file/],
    [['-r', '@claims', '--pin', keys.new], /the configuration says itself why/],
    [['-r', '@claims', '--trust-https'], /the configuration says itself why/],
    [['-r', '@claims', '--arn', 'arn:x'], /the configuration says itself why/],
    [['-r', '@claims', '-r', '@claims'], /given twice/],
    [['-r', '@claims', '-r', '@file'], /chose one key/],
  ])) {
    const { code, err } = await seal('new', args, env)
    assert.deepEqual([code, words.test(err)], [2, true], err)
  }
  chmodSync(at('own/sealdrop/root.json'), 0o666)
  const { code, err } = await seal('new', ['-r', '@claims'], env)
  assert.equal(code, 2, err)
  assert.match(err, /root\.json: the configuration names it, and of .* others may write to it/)
  copyFileSync(at('plain.json'), at('@claims'))
  const own = await seal('new', ['-r', './@claims'], env)
  assert.equal(own.code, 0, own.err)
  assert.include(own.err, 'of ./@claims, in hand')
})

test('a planted working folder chooses nobody, and the settings of the user reach KMS', async () => {
  const planted = at('planted')
  mkdirSync(planted)
  const recipients = { claims: { file: 'evil.pem' } }
  writeFileSync(join(planted, '.sealdrop.json'), JSON.stringify({ recipients }))
  const refused = await run(['seal', '-r', '@claims'], { cwd: planted, input: 'x' })
  assert.deepEqual([refused.code, /may have jobs and json only/.test(refused.err)], [2, true])
  assert.isTrue(existsSync(join(planted, '.sealdrop.json')))
  const sealed = await seal('new', byRoot(), stateOf('kms'))
  const open = (config, env = {}) => {
    writeFileSync(at('kms.json'), JSON.stringify({ region: 'eu-west-1', ...config }))
    return run(['open', '--config', 'kms.json'], {
      cwd: folder,
      env: { ...access, ...env },
      input: sealed.out,
    })
  }
  const access = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  const asked = []
  const kms = createServer((request, response) => {
    asked.push(/\/(\w+-\w+-\d)\/kms\//.exec(request.headers.authorization ?? '')?.[1])
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
    response.end('{"__type":"AccessDeniedException","message":"no"}')
  })
  kms.listen(0, '127.0.0.1')
  await once(kms, 'listening')
  const endpointUrl = `http://127.0.0.1:${listeningPort(kms)}`
  const denied = await open({ endpointUrl, keyIds: ['alias/claims'] })
  const byVariable = await open(
    { endpointUrl, keyIds: ['alias/claims'] },
    { AWS_REGION: 'us-east-2' },
  )
  kms.close()
  assert.deepEqual([denied.code, byVariable.code], [5, 5], denied.err + byVariable.err)
  assert.deepEqual([...new Set(asked)], ['eu-west-1', 'us-east-2'])
  const none = await open({})
  assert.deepEqual([none.code, /either --key-id or --inventory/.test(none.err)], [2, true])
  assert.notInclude(readFileSync(at('kms.json'), 'utf8'), 'alias')
})
