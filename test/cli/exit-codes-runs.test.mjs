// Every exit code of the table by a run of the command, as far as one run can end with it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { exitCodes } from '#dist/cli/exit-codes.js'
import { publicJwk } from '../support/host.js'
import { listeningPort } from '../support/types.mjs'
import { ownFolders } from './own-folders.mjs'
import { bin, cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
const state = { answer: '', url: '' }
/** A KMS that answers each call with one exception. */
const kms = createServer((_, response) => {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify({ __type: state.answer, message: 'no' }))
})
before(async () => {
  world = await cliWorld()
  const { at, bytes } = world
  kms.listen(0, '127.0.0.1')
  await once(kms, 'listening')
  state.url = `http://127.0.0.1:${listeningPort(kms)}/`
  writeFileSync(at('in'), 'a claim')
  writeFileSync(at('large'), bytes(2 ** 20 + 1))
  writeFileSync(at('broken.json'), '{"keys":[')
  writeFileSync(at('other-root.json'), JSON.stringify(publicJwk('P-256-sig')))
  writeFileSync(at('claims.json'), JSON.stringify({ iss: 'us', aud: 'them' }))
  writeFileSync(at('later.mjs'), 'const { now } = Date\nDate.now = () => now() + 30 * 86_400_000\n')
  writeFileSync(at('bare.mjs'), "Object.defineProperty(crypto, 'subtle', { value: undefined })\n")
  for (const line of [
    'seal -r claims.jwk.json -o x in',
    'seal -r other.jwk.json -o other in',
    'sign --key-id alias/root --jwt 60 -o jwt claims.json',
  ]) {
    const { code, err } = await cli(line)
    assert.equal(code, 0, err)
  }
  const changed = readFileSync(at('x'))
  changed[changed.length - 3] ^= 1
  writeFileSync(at('changed'), changed)
})
after(async () => {
  kms.close()
  await world.close()
})

const cli = (line, env = {}) =>
  run(line.split(' '), {
    cwd: world.folder,
    env: { ...world.local.env, AWS_MAX_ATTEMPTS: '1', ...env },
  })
const preload = (name) => ({ NODE_OPTIONS: `--import ${pathToFileURL(world.at(name)).href}` })
const open = 'open --key-id alias/claims --json'
const fake = () => `${open} --endpoint-url ${state.url} x`

/**
 * By code: the command line, what is told beside the code of `--json`, and the environment.
 *
 * @type {Record<string, [() => string, RegExp, (() => object)?]>}
 */
const rows = {
  invalid_argument: [() => 'seal -r claims.jwk.json -r claims.jwks.json in', /chose one key/],
  unsupported_algorithm: [() => 'sign --key-id alias/root --alg XS256 in', /XS256/],
  unsupported_runtime: [
    () => 'seal -r claims.jwk.json in',
    /no crypto\.subtle/,
    () => preload('bare.mjs'),
  ],
  malformed: [() => `${open} in`, /"malformed"/],
  too_large: [() => 'seal -r claims.jwk.json --jwe large', /at most 1048576 bytes/],
  rejected: [() => `${open} changed`, /"rejected"/],
  context_mismatch: [() => `${open} -c a=b x`, /"context_mismatch"/],
  expired: [
    () => 'verify -k root.json --jwt --jwt-issuer us --jwt-audience them jwt',
    /not valid now/,
    () => preload('later.mjs'),
  ],
  keys_untrusted: [() => 'seal -r claims.signed --root other-root.json in', /none of the roots/],
  keys_expired: [
    () => 'seal -r claims.signed --root root.json --no-state in',
    /the key set expired/,
    () => preload('later.mjs'),
  ],
  keys_malformed: [() => 'seal -r broken.json in', /sealdrop: /],
  no_usable_key: [() => 'seal -r rsa.jwk.json in', /--arn, or --jwe/],
  key_not_found: [() => `${open} other`, /"key_not_found"/],
  key_unusable: [() => 'sign --key-id alias/none --token in', /KMS knows no such key/],
  kms_denied: [() => `${open} x`, /"kms_denied"/, () => ({ AWS_SECRET_ACCESS_KEY: 'wrong' })],
  kms_unexpected: [fake, /"kms_unexpected"/],
  kms_throttled: [fake, /"kms_throttled"/],
  kms_unavailable: [() => `${open} --endpoint-url http://127.0.0.1:9/ x`, /"kms_unavailable"/],
  keys_unreachable: [() => 'seal -r http://127.0.0.1:9/ --trust-https in', /sealdrop: /],
  conflict: [() => `local-kms --port ${new URL(world.local.url).port}`, /EADDRINUSE/],
  source_failed: [() => `${open} absent`, /"source_failed"/],
  output_failed: [() => `${open} -o no/out x`, /"output_failed"/],
}
const answers = { kms_unexpected: 'NewException', kms_throttled: 'ThrottlingException' }

for (const [code, [line, words, env]] of Object.entries(rows))
  test(`${code} is exit code ${exitCodes[code]}`, async () => {
    state.answer = answers[code] ?? ''
    const ended = await cli(line(), env?.())
    assert.equal(ended.code, exitCodes[code], ended.err)
    assert.match(ended.err, words)
    assert.lengthOf(ended.out, 0)
  })

test('source_changed is exit code 7: a file that grows while it is sealed', async () => {
  writeFileSync(world.at('grows'), Buffer.alloc(16_000_000))
  const child = spawn(process.execPath, [bin, 'seal', '-r', 'claims.jwk.json', 'grows'], {
    cwd: world.folder,
    env: { ...process.env, ...ownFolders, ...world.local.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk) => (err += chunk))
  await once(child.stdout, 'readable')
  appendFileSync(world.at('grows'), 'x')
  child.stdout.resume()
  const [code] = await once(child, 'close')
  assert.deepEqual([code, /was written to/.test(err)], [exitCodes.source_changed, true], err)
})

test('doctor that found something is 8, help and version are 0', async () => {
  for (const [line, exit] of /** @type {const} */ ([
    ['doctor --key-set http://127.0.0.1:9/', 8],
    ['seal --help', 0],
    ['--version', 0],
  ]))
    assert.equal((await cli(line)).code, exit, line)
})

/**
 * What no run of a command ends with yet, or another test shows.
 *
 * - `keys_rolled_back` takes two runs: `kept-sets.test.mjs`
 * - `closed` says that a program uses what it has closed, and `replayed` that it remembers what it
 *   has seen: no command does
 */
const elsewhere = ['keys_rolled_back', 'closed', 'replayed', 'source_changed']

test('no code of the table is forgotten here', () => {
  assert.sameMembers([...Object.keys(rows), ...elsewhere], Object.keys(exitCodes))
})
