// Where the command sends: what a handler may choose, and what headers may be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { targetOf } from '#dist/cli/arguments/upload-target.js'
import { fails } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { listeningPort } from '../support/types.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-target-'))
after(() => rmSync(folder, { recursive: true }))
const streams = { stdin: new PassThrough() }
const to = (handler, header = []) => targetOf({ handler, header }, {}, streams)

test('parts go to https, or to this machine where the handler is there too', async (t) => {
  const asked = []
  const server = createServer((request, response) => {
    asked.push(request.method)
    request.resume().on('end', () => response.end())
  })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  t.after(() => server.close())
  const body = new Uint8Array(3)
  const part = { part: 1, url, headers: {} }
  const { transport: far } = await to('https://files.example/uploads')
  await fails(assert, far.put(part, body), 'rejected', /it sends parts to http:\/\/127/)
  const metadata = { ...part, url: 'http://169.254.169.254/latest' }
  await fails(assert, far.put(metadata, body), 'rejected')
  const here = (await to(url)).transport
  await fails(assert, here.put(metadata, body), 'rejected')
  assert.deepEqual(asked, [])
  assert.equal((await here.put(part, body)).status, 200)
  assert.deepEqual(asked, ['PUT'])
})

test('a host that got a part leads it to no other host', async (t) => {
  const asked = []
  const inner = createServer((request, response) => {
    asked.push(request.method)
    request.resume().on('end', () => response.end())
  })
  const outer = createServer((request, response) => {
    const location = `http://127.0.0.1:${listeningPort(inner)}/latest`
    request.resume().on('end', () => response.writeHead(307, { location }).end())
  })
  const servers = [inner, outer]
  const [, port] = await Promise.all(servers.map((server) => portOf(server)))
  t.after(() => servers.map((server) => server.close()))
  const url = `http://127.0.0.1:${port}/`
  const { transport } = await to(url)
  const answer = await transport.put({ part: 1, url, headers: {} }, new Uint8Array(3))
  assert.equal(answer.status, 307)
  assert.deepEqual(asked, [])
})

test('headers come from the command and from files, go to the handler alone, and end with it', async (t) => {
  /** @type {import('node:http').IncomingHttpHeaders[]} */
  const seen = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    if (seen.length === 1) response.end('{"aborted":true}')
  })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const file = join(folder, 'headers')
  writeFileSync(file, 'X-One: a b\r\n\r\nX-Two:c\r\n')
  const { transport, close } = await to(url, [`@${file}`, 'X-Three: d'])
  await transport.ask('abort', { session: 'x' })
  assert.deepInclude(seen[0], { 'x-one': 'a b', 'x-two': 'c', 'x-three': 'd' })
  const hanging = transport.ask('abort', { session: 'x' })
  setTimeout(close, 100)
  await fails(assert, hanging, 'output_failed')
})

test('a header that is none is refused, and is not repeated', async () => {
  for (const header of [
    'secret',
    'x:',
    'x: \u0007secret',
    'a b: secret',
    ': secret',
    'x: ü-secret',
  ]) {
    const error = await to('https://files.example/', [header]).catch((e) => e)
    assert.match(error.message, /^--header: expected name: value, in ASCII$/)
  }
  const twice = await to('https://files.example/', ['x: 1', 'X: 2']).catch((e) => e)
  assert.equal(twice.message, '--header X: given twice')
})

test('what a link says of itself is shown so that neither a terminal nor a shell obeys it', async () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const linkOf = (claims) => {
    const all = { aud: 'https://a.example/up', sub: 'a\nsealed to x', exp: 2e9, ctx: {}, ...claims }
    return `https://a.example/send#drop=${part({})}.${part(all)}.AAAA`
  }
  const said = (claims, o = {}) => targetOf({ link: linkOf(claims), ...o }, {}, streams)
  const { words } = await said({})
  assert.equal(words.split('\n').length, 1)
  assert.include(words, String.raw`"a\nsealed to x"`)
  const hostile = await said({ ctx: { a: "'; rm -rf ~; '" } }).catch((e) => e)
  assert.include(hostile.message, String.raw`say -c 'a='\''; rm -rf ~; '\'''`)
  const lines = await said({ ctx: { a: 'b\nsealdrop: all is well' } }).catch((e) => e)
  assert.notInclude(lines.message, '\n')
  const elsewhere = await said({ aud: 'https://b.example/$(x)' }).catch((e) => e)
  assert.include(elsewhere.message, "say --handler 'https://b.example/$(x)'")
  const damaged = await said({ aud: 7 }).catch((e) => e)
  assert.deepEqual(
    [damaged.code, damaged.message],
    ['malformed', 'link: it names no upload handler'],
  )
})
