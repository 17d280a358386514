// What comes from outside and is printed: no terminal obeys it, and a program reads it unchanged.
import { createServer, request } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { assert } from 'chai'
import { escaped } from '#dist/cli/terminal.js'
import { keySetOf, publicJwk } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { present } from '../support/types.mjs'
import { running, sealdrop } from './helpers.mjs'

const obeyed = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u

test('lines are escaped as JSON is, and keep their line ends', () => {
  const lines = 'a\x1b[31m\n\u009b2J\u2028\u202e\u{e0041}ü😀\r'
  const safe = 'a\\u001b[31m\n\\u009b2J\\u2028\\u202e\\udb40\\udc41ü😀\\u000d'
  assert.equal(escaped(lines), safe)
  assert.notMatch(escaped(lines), obeyed)
  assert.equal(JSON.parse(escaped(JSON.stringify({ lines }))).lines, lines)
})

test('doctor prints headers of a host, a file name and an argument without what is hidden', async (t) => {
  const hostile = 'text/\x9b2J\x85NOT'
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': hostile, 'access-control-allow-origin': hostile })
    response.end(keySetOf(publicJwk('P-256-enc')))
  })
  const url = `http://127.0.0.1:${await portOf(server)}/`
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-terminal-'))
  t.after(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  const roots = join(folder, 'a\x1b[31m\nok key set')
  writeFileSync(roots, 'no JSON')
  const ends = await Promise.all(
    [
      ['--key-set', url],
      ['--key-set', url, '--json'],
      ['--key-set', url, '--roots', roots],
      ['--\x1b[31m'],
    ].map((args) => sealdrop(['doctor', ...args]).ended),
  )
  for (const { out, err } of ends) assert.notMatch(out + err, obeyed)
  const [plain, json, file] = ends.map(({ out, err }) => out + err)
  assert.match(present(plain), /found text\/\?2j\?not/)
  assert.match(present(json), /found text\/\?2j\?not/)
  assert.match(present(file), /a\?\[31m\?ok key set: expected a JSON file/)
})

test('a line end in a name or a message forges no other line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-terminal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (/** @type {string} */ name) => join(folder, name)
  const forged = at('x\nok      other')
  const key = at('key\nsealed to nobody')
  writeFileSync(forged, 'DE02')
  writeFileSync(at('b'), 'DE02')
  writeFileSync(key, JSON.stringify(publicJwk('P-256-enc')))
  const { err } = await sealdrop(['seal', '-r', key, '--out-dir', folder, forged, at('b')]).ended
  assert.notMatch(err, /^sealed to nobody|^ok      other/m)
  assert.lengthOf(err.trimEnd().split('\n'), 3)
  const missing = await sealdrop(['open', '--key-id', 'alias/x', '--out-dir', folder, at('no\nok')])
    .ended
  assert.match(missing.err, /^sealdrop: .*no(\?|\\u000a)ok: ENOENT\n$/)
})

test('the trail of the local KMS escapes what a client sends', async () => {
  const local = await running([])
  const agent = 'x\x9b2Jy'
  const status = await new Promise((resolve, reject) => {
    const headers = { 'user-agent': agent, 'x-amz-target': 'TrentService.ListKeys' }
    const sent = request(local.env.AWS_ENDPOINT_URL_KMS, { method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    })
    sent.on('error', reject).end(Buffer.from('{}'))
  })
  assert.equal(status, 400)
  const { out } = await local.stop()
  assert.notMatch(out, obeyed)
  const [line] = out.split('\n')
  assert.equal(JSON.parse(present(line)).userAgent, agent)
})
