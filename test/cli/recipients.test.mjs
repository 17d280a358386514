// Whom `sealdrop seal` seals to, and why it believes the keys: the flags behind each -r.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { inspect } from 'sealdrop'
import { listeningPort } from '../support/types.mjs'
import { cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
let url = ''
const types = { signed: 'application/jwk-set+jwt', 'jwks.json': 'application/jwk-set+json' }
const server = createServer((request, response) => {
  const name = request.url === '/signed' ? 'signed' : 'jwks.json'
  response.writeHead(200, { 'content-type': types[name] })
  response.end(readFileSync(world.at(`claims.${name}`)))
})
before(async () => {
  world = await cliWorld()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${listeningPort(server)}`
})
after(async () => {
  server.close()
  await world.close()
})

/** Seals with arguments that have no blank in them. @param {readonly string[]} args */
const seal = (...args) =>
  run(['seal', ...args.flatMap((arg) => arg.split(' '))], {
    cwd: world.folder,
    env: world.local.env,
    input: 'a claim',
  })

test('each reason to believe a key seals to it, and is told', async () => {
  const { at, thumbprints } = world
  const root = JSON.parse(readFileSync(at('root.json'), 'utf8'))
  const recipient = (name, o) => writeFileSync(at(name), JSON.stringify(o))
  recipient('by-root.json', { url: `${url}/signed`, roots: [root], name: 'default' })
  recipient('by-pin.json', { url, pins: [thumbprints.claims] })
  for (const [args, words] of /** @type {const} */ ([
    ['-r claims.jwk.json', 'in hand'],
    ['-r claims.jwks.json', 'in hand'],
    ['-r claims.signed --root root.json', 'signed by root.json'],
    [`-r claims.jwks.json --pin ${thumbprints.claims}`, `pinned ${thumbprints.claims}`],
    [`-r ${url}/signed --root root.json --set-name default`, 'signed by root.json'],
    [`-r ${url} --pin ${thumbprints.claims}`, `pinned ${thumbprints.claims}`],
    [`-r ${url} --trust-https`, 'whoever serves it over https'],
    ['-r by-root.json', 'signed by a root of by-root.json'],
    ['-r by-pin.json', 'pinned in by-pin.json'],
  ])) {
    const { code, out, err } = await seal(args)
    assert.equal(code, 0, `${args}: ${err}`)
    assert.include(err, `sealed to ${thumbprints.claims}`)
    assert.include(err, `, ${words}\n`)
    assert.lengthOf((await inspect(new Blob([new Uint8Array(out)]))).recipients, 1)
  }
})

test('trust binds to the -r before it, so that two companies are believed for two reasons', async () => {
  const { at, thumbprints, local } = world
  const { code, out, err } = await seal(
    `-r ${url} --pin ${thumbprints.claims} -r rsa.jwk.json --arn ${local.keys['alias/rsa']}`,
    '-r other.jwk.json',
  )
  assert.equal(code, 0, err)
  assert.lengthOf((await inspect(new Blob([new Uint8Array(out)]))).recipients, 3)
  assert.match(
    err,
    new RegExp(`of ${url}, pinned .*\\n.*of rsa.jwk.json, in hand\\n.*, in hand\\n$`),
  )
  writeFileSync(at('three'), out)
  for (const key of ['claims', 'other', 'rsa']) {
    const opened = await run(['open', '--key-id', `alias/${key}`, 'three'], {
      cwd: world.folder,
      env: local.env,
    })
    assert.equal(opened.out.toString(), 'a claim', opened.err)
  }
})

test('what contradicts itself or says no reason is exit code 2, and says so', async () => {
  const { at, thumbprints } = world
  const pin = thumbprints.claims
  writeFileSync(at('recipient.json'), JSON.stringify({ url, pins: [pin] }))
  for (const [name, o] of Object.entries({
    both: { url, pins: [pin], roots: [{}] },
    neither: { url },
    other: { url, pins: [pin], trust: 'https' },
    scheme: { url: 'ftp://x', pins: [pin] },
    list: { url, pins: pin },
    numbers: { url, pins: [5] },
  }))
    writeFileSync(at(`${name}.json`), JSON.stringify(o))
  for (const [args, words] of /** @type {const} */ ([
    ['-c a=b', /-r: expected whom to seal to/],
    [`-r ${url}`, /say why its keys are believed/],
    [`-r ${url} --root root.json --pin ${pin}`, /exclude each other/],
    [`-r ${url} --root root.json --trust-https`, /exclude each other/],
    [`-r ${url} --issuer x --trust-https`, /need a --root/],
    [`-r ${url} --trust-https --arn arn:x`, /--arn needs a --pin/],
    ['-r claims.jwk.json --trust-https', /for URLs/],
    [`--pin ${pin} -r ${url}`, /--pin: expected behind the -r/],
    [`--trust-https -r ${url}`, /--trust-https: expected behind the -r/],
    ['-r claims.jwk.json -r claims.jwk.json', /given twice/],
    ['-r claims.jwk.json -r claims.jwks.json', /chose one key/],
    [`-r ${url} --root root.json --set-name a --set-name b`, /given twice/],
    [`-r recipient.json --pin ${pin}`, /says itself why/],
    ['-r both.json', /either roots or pins/],
    ['-r neither.json', /either roots or pins/],
    ['-r other.json', /no member trust/],
    ['-r scheme.json', /expected an https URL/],
    ['-r list.json', /pins: expected a list/],
    ['-r numbers.json', /pins: expected a list of thumbprints/],
    ['-r claims.signed', /claims\.signed: this set is signed: --root FILE names the root/],
    ['-r claims.jwk.json -r other.jwk.json --jwe', /one recipient/],
    ['-r claims.jwk.json -c a=b -c a=c', /there twice/],
    ['-r claims.jwk.json -c ab', /expected name=value/],
    ['-r claims.jwk.json -c =b', /expected name=value/],
    ['-r claims.jwk.json --encryption-context {"a":1}', /members are texts/],
    ['-r claims.jwk.json --nope', /unknown option/],
  ])) {
    const { code, out, err } = await seal(args)
    assert.equal(code, 2, `${args}: ${err}`)
    assert.match(err, words)
    assert.lengthOf(out, 0)
  }
})

test('keys that cannot be used are exit code 4, and a host that is down is 6', async () => {
  const { at, thumbprints } = world
  writeFileSync(at('broken.json'), '{"keys":[')
  for (const [args, exit, words] of /** @type {const} */ ([
    ['-r rsa.jwk.json', 4, /--arn, or --jwe/],
    ['-r claims.jwks.json --root root.json', 4, /sealdrop: /],
    [`-r ${url} --pin ${thumbprints.other}`, 4, /sealdrop: /],
    [`-r http://127.0.0.1:9/ --pin ${thumbprints.claims}`, 6, /sealdrop: /],
    ['-r root.json.nope', 7, /ENOENT/],
    ['-r broken.json', 4, /sealdrop: /],
  ])) {
    const { code, err } = await seal(args)
    assert.equal(code, exit, `${args}: ${err}`)
    assert.match(err, words)
  }
})
