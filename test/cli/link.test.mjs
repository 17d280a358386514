// sealdrop link as a process: what it prints is a link that the upload handler takes.
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { run } from './seal-helpers.mjs'
import { uploadWorld } from './upload-world.mjs'

/** @type {Awaited<ReturnType<typeof uploadWorld>>} */
let world
before(async () => {
  world = await uploadWorld()
})
after(() => world.close())

const day = 86_400_000
const flags = () => ({
  '--key-id': 'alias/links',
  '--page': world.handler.replace('/uploads', '/send?claim=7'),
  '--handler': world.handler,
  '--subject': 'acme',
  '--until': 'P14D',
})
/** The command with these flags, of which some are others, or are left out. */
const link = (others = {}, more = []) => {
  const all = Object.entries({ ...flags(), ...others }).filter(([, value]) => value !== undefined)
  return run(['link', ...all.flat(), '-c', 'claim=7', ...more], { env: world.links.env })
}
const claimsOf = (url) =>
  JSON.parse(Buffer.from(url.split('#drop=')[1].split('.')[1], 'base64url').toString())

test('a link is the one line of stdout, and a file goes by it', async () => {
  const { code, out, err } = await link()
  assert.equal(code, 0, err)
  const url = out.toString().trimEnd()
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/send\?claim=7#drop=[\w-]+\.[\w-]+\.[\w-]+$/)
  const claims = claimsOf(url)
  assert.match(err, new RegExp(`^link ${claims.jti}, until 20\\S+Z: revoke\\('${claims.jti}'\\)`))
  assert.notInclude(err, url.split('#drop=')[1])
  const args = ['-r', 'claims.jwk.json', '-c', 'claim=7', '--link', '-', 'claims.signed']
  const sent = await world.upload(args, { input: url })
  assert.equal(sent.code, 0, sent.err)
})

test('--json says the id, and limits, prefix and time are in the link', async () => {
  const limits = { '--files': '20', '--bytes': '1000000000', '--prefix': 'acme/' }
  const { out, err } = await link(limits, ['--json'])
  assert.equal(err, '')
  const { url, id, expires, ...rest } = JSON.parse(out.toString())
  assert.deepEqual(rest, {})
  const { jti, files, bytes, prefix, sub, aud, ctx, iat, exp } = claimsOf(url)
  assert.deepEqual([jti, files, bytes, prefix], [id, 20, 1e9, 'acme/'])
  assert.deepEqual([sub, aud, ctx], ['acme', world.handler, { claim: '7' }])
  assert.equal(new Date(expires).getTime(), exp * 1000)
  assert.closeTo(exp - iat, 14 * 86_400, 2)
})

test('--until takes durations, dates and times', async () => {
  const now = Date.now()
  const date = new Date(now + 3 * day).toISOString().slice(0, 10)
  const time = new Date(now + 2 * day).toISOString()
  for (const [until, expected] of [
    ['PT8H', now + day / 3],
    ['P1DT30M', now + day + 1_800_000],
    ['P2W', now + 14 * day],
    [date, Date.parse(date) + day],
    [time, now + 2 * day],
    [time.replace('Z', '+01:00'), now + 2 * day - 3_600_000],
  ]) {
    const { out, err } = await link({ '--until': until }, ['--json'])
    assert.isNotEmpty(out.toString(), err)
    assert.closeTo(new Date(JSON.parse(out.toString()).expires).getTime(), Number(expected), 60_000)
  }
})

test('what is wrong is exit code 2, in the words of the command', async () => {
  /** @type {[object, RegExp][]} */
  const rows = [
    [{ '--key-id': undefined }, /^sealdrop: --key-id: expected/],
    [{ '--page': undefined }, /^sealdrop: --page: expected/],
    [{ '--handler': undefined }, /^sealdrop: --handler: expected/],
    [{ '--subject': undefined }, /^sealdrop: --subject: expected/],
    [{ '--until': undefined }, /^sealdrop: --until: expected/],
    [{ '--until': 'tomorrow' }, /^sealdrop: --until tomorrow: expected a duration/],
    [{ '--until': 'P' }, /expected a duration/],
    [{ '--until': 'PT' }, /expected a duration/],
    [{ '--until': '2027-02-30' }, /expected a duration/],
    [{ '--until': '2027-01-31T18:00:00' }, /expected a duration/],
    [{ '--until': 'P0D' }, /it is over already/],
    [{ '--until': '2020-01-01' }, /it is over already/],
    [{ '--until': 'P2Y' }, /^sealdrop: --until: expected a time that is at most 366 days from now/],
    [{ '--page': 'http://app.example/' }, /^sealdrop: --page: expected an https URL/],
    [{ '--handler': 'nowhere' }, /^sealdrop: --handler: expected an https URL/],
    [{ '--prefix': '../x' }, /^sealdrop: --prefix: expected folders/],
    [{ '--files': '0' }, /^sealdrop: --files 0: expected a whole number/],
    [{ '--bytes': '1e9' }, /^sealdrop: --bytes 1e9: expected a whole number/],
  ]
  for (const [others, message] of rows) {
    const { code, out, err } = await link(others)
    assert.match(err, message)
    assert.deepEqual([code, out.toString()], [2, ''])
  }
})

test('a key that is not there is exit code 4, and one that does not sign too', async () => {
  const { code, err } = await link({ '--key-id': 'alias/none' })
  assert.equal(code, 4, err)
  const args = Object.entries({ ...flags(), '--key-id': 'alias/claims' }).flat()
  const other = await run(['link', ...args], { env: world.local.env })
  assert.equal(other.code, 4, other.err)
  assert.match(other.err, /does not sign; a link needs a key/)
})
