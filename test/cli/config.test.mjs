// Where settings come from: flags, the environment, files; and what no file may say.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { fileShape, schemaText } from '#dist/cli/config/members.js'
import { secureUrl } from '#dist/io/secure-url.js'
import { exitCodeOf } from '#dist/cli/exit-codes.js'
import { readSettings } from '#dist/cli/config/settings.js'
import { nearest } from '#dist/cli/config/nearest.js'
import { root } from '../support/documents.mjs'
import { agrees } from './json-schema.mjs'
import { run } from './seal-helpers.mjs'

const base = mkdtempSync(join(tmpdir(), 'sealdrop-config-'))
after(() => rmSync(base, { recursive: true, force: true }))
let made = 0
/** A user's own folder and a working folder. Files are named by their paths below both. */
function world(files = {}) {
  const folder = join(base, String(made++))
  for (const part of ['own/sealdrop', 'work']) mkdirSync(join(folder, part), { recursive: true })
  const at = (path) => join(folder, path)
  for (const [path, text] of Object.entries(files))
    writeFileSync(at(path), typeof text === 'string' ? text : JSON.stringify(text), { mode: 0o644 })
  const env = { XDG_CONFIG_HOME: at('own'), XDG_STATE_HOME: at('state') }
  const cli = (line, more = {}) =>
    run(line.split(' '), { cwd: at('work'), env: { ...env, ...more }, input: '' })
  const config = async (line = '', more = {}) => {
    const { code, out, err } = await cli(`config --json${line && ` ${line}`}`, more)
    const lines = out.toString().split('\n').filter(Boolean)
    const rows = lines.map((row) => JSON.parse(row))
    return {
      code,
      err,
      said: Object.fromEntries(rows.map(({ member, value, source }) => [member, [value, source]])),
    }
  }
  /** What reading fails with, in this process. */
  const refusal = (more = {}, file = '') => {
    try {
      readSettings({ env: { ...env, ...more }, cwd: at('work'), ...(file !== '' && { file }) })
    } catch (error) {
      return { code: exitCodeOf(error), err: /** @type {Error} */ (error).message }
    }
    return { code: 0, err: '' }
  }
  return { at, cli, config, refusal }
}
const user = 'own/sealdrop/config.json'
const here = 'work/.sealdrop.json'

test('a flag wins over a variable, that over a named file or the own one, and last is the working folder', async () => {
  const { at, config } = world({
    [user]: { jobs: 2, region: 'own-1', inventory: 'keys', profile: 'own' },
    [here]: { jobs: 3, json: false },
    'work/named.json': { jobs: 5, keyIds: ['alias/named'] },
  })
  const own = await config()
  assert.equal(own.code, 0, own.err)
  assert.deepEqual(own.said, {
    inventory: [at('own/sealdrop/keys'), at(user)],
    region: ['own-1', at(user)],
    profile: ['own', at(user)],
    state: [at('state/sealdrop/sets'), 'default'],
    jobs: [2, at(user)],
    json: [true, 'flag'],
  })
  const { said } = await config('--config named.json --jobs 7 --no-state', {
    AWS_REGION: 'env-1',
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    SEALDROP_INVENTORY: 's3://b/k',
  })
  assert.deepEqual(said, {
    inventory: ['s3://b/k', 'SEALDROP_INVENTORY'],
    region: ['env-1', 'AWS_REGION'],
    profile: [null, 'AWS_ACCESS_KEY_ID'],
    endpointUrl: ['http://127.0.0.1:9', 'AWS_ENDPOINT_URL'],
    state: ['none', 'flag'],
    jobs: [7, 'flag'],
    json: [true, 'flag'],
  })
  const byVariable = await config('', { SEALDROP_CONFIG: 'named.json', SEALDROP_JOBS: '9' })
  assert.deepEqual(byVariable.said.jobs, [9, 'SEALDROP_JOBS'])
  assert.deepEqual(byVariable.said.keyIds, [['alias/named'], 'named.json'])
  assert.notProperty(byVariable.said, 'region', 'a named file replaces the own one')
})

test('as text each setting is a line, and the schema is the published one', async () => {
  const { at, cli } = world({ [user]: { region: 'own-1' } })
  const { out } = await cli('config')
  assert.equal(
    out.toString(),
    `region      own-1  (${at(user)})\nstate       ${at('state/sealdrop/sets')}  (default)\n`,
  )
  const published = readFileSync(new URL('schemas/config.schema.json', root), 'utf8')
  assert.deepEqual(JSON.parse((await cli('config --schema')).out.toString()), JSON.parse(published))
  const { files } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  assert.include(files, 'schemas')
})

test('a working folder that says more than formatting and jobs is refused', async () => {
  for (const [member, value] of Object.entries({
    recipients: { claims: { file: 'key.pem' } },
    keyIds: ['alias/x'],
    inventory: 'keys',
    region: 'x',
    profile: 'x',
    endpointUrl: 'https://evil.example',
    state: 'none',
  })) {
    const { at, refusal } = world({ [here]: { jobs: 2, [member]: value } })
    const { code, err } = refusal()
    assert.equal(code, 2, member)
    assert.include(err, `may have jobs and json only, found ${member}`)
    assert.equal(refusal({}, at(here)).code, 2, 'it stays the file of the working folder')
  }
  const { code, err } = await world({ [here]: { region: 'x' } }).config()
  assert.deepEqual([code, /found region/.test(err)], [2, true], err)
})

test('an empty or relative home makes no folder of the user of the working folder', async () => {
  const planted = { recipients: { claims: { file: 'evil.pem' } } }
  const { at, cli } = world()
  mkdirSync(at('work/.config/sealdrop'), { recursive: true })
  writeFileSync(at('work/.config/sealdrop/config.json'), JSON.stringify(planted))
  for (const HOME of ['', '.', 'work'])
    for (const XDG_CONFIG_HOME of ['', '.config']) {
      const none = { HOME, XDG_CONFIG_HOME, XDG_STATE_HOME: '', APPDATA: '' }
      const { code, out, err } = await cli('config', { ...none, SEALDROP_STATE: 'none' })
      assert.deepEqual([code, out.toString()], [0, 'state       none  (SEALDROP_STATE)\n'], err)
      const kept = await cli('config', none)
      assert.deepEqual([kept.code, /no home folder/.test(kept.err)], [7, true], kept.err)
    }
})

test('a file that others may change is refused where it decides trust', async () => {
  const decides = { region: 'own-1' }
  const refused = ({ refusal }, words) => {
    const { code, err } = refusal()
    assert.deepEqual([code, words.test(err)], [2, true], err)
  }
  for (const mode of [0o664, 0o646]) {
    const one = world({ [user]: decides })
    chmodSync(one.at(user), mode)
    refused(one, /has region, which decides trust, and of .* chmod go-w/)
    writeFileSync(one.at(user), '{"jobs":2}')
    assert.deepEqual((await one.config()).said.jobs, [2, one.at(user)], 'formatting is harmless')
  }
  const folder = world({ [user]: decides })
  chmodSync(folder.at('own/sealdrop'), 0o777)
  refused(folder, /own\/sealdrop others may write/)
  chmodSync(folder.at('own/sealdrop'), 0o1777)
  assert.equal(folder.refusal().code, 0, 'with the sticky bit nobody can replace it')
  const link = world({ 'work/real.json': decides })
  symlinkSync(link.at('work/real.json'), link.at(user))
  assert.equal(link.refusal().code, 0)
  chmodSync(link.at('work'), 0o777)
  refused(link, /of .*work others may write/)
})

test('a file of another user is refused where it decides trust', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a file to another user')
  const { at, refusal } = world({ [user]: { region: 'own-1' } })
  chownSync(at(user), 12_345, 12_345)
  const { code, err } = refusal()
  assert.deepEqual([code, /belongs to the user 12345/.test(err)], [2, true], err)
})

test('what is no configuration says what was expected', async () => {
  const variable = (name, value) => [{}, { [name]: value }]
  const own = (o) => [{ [user]: o }, {}]
  const both = [{}, { SEALDROP_KEY_IDS: 'a', SEALDROP_INVENTORY: 'b' }]
  for (const [[files, env], exit, words] of /** @type {const} */ ([
    [own({ recipient: {} }), 2, /it has no member "recipient"; did you mean recipients\?/],
    [own({ trust: 'https' }), 2, /it has no member "trust"; expected one of \$schema, recipients/],
    [own({ jobs: 0 }), 2, /config\.json: jobs: expected 1 to 99, found number/],
    [own({ json: 'yes' }), 2, /json: expected true or false, found "yes"/],
    [own({ keyIds: [] }), 2, /keyIds: expected a list that is not empty/],
    [own({ keyIds: ['a', 7] }), 2, /keyIds\[1\]: expected text, found number/],
    [own({ endpointUrl: 'ftp://x' }), 2, /endpointUrl: expected https, or http to this machine/],
    [own({ recipients: { '': {} } }), 2, /names of letters/],
    [own({ recipients: { a: { url: 'https://x/' } } }), 2, /recipients\.a: expected roots or pins/],
    [
      own({ recipients: { a: { url: 'https://x/', trustHttps: true } } }),
      2,
      /no member "trustHttps"/,
    ],
    [own({ recipients: { a: { file: 'x', issuer: 'y' } } }), 2, /roots beside name and issuer/],
    [own({ recipients: { a: {} } }), 2, /either url or file/],
    [own('{"jobs":1,"jobs":2}'), 2, /duplicate member/],
    [own('{'), 2, /config\.json: expected JSON/],
    [own('[]'), 2, /expected an object/],
    [own(`"${'x'.repeat(2 ** 20)}"`), 2, /at most 1048576 bytes/],
    [variable('SEALDROP_JOBS', 'many'), 2, /^SEALDROP_JOBS: expected 1 to 99, found "many"/],
    [variable('SEALDROP_JSON', 'yes'), 2, /SEALDROP_JSON: expected true or false/],
    [variable('SEALDROP_CONFIG', 'none.json'), 7, /none\.json: it cannot be read: ENOENT/],
  ])) {
    const { code, err } = world(files).refusal(env)
    assert.equal(code, exit, `${words}: ${err}`)
    assert.match(err, words)
  }
  for (const [files, env] of [own({ keyIds: ['a'], inventory: 'b' }), both]) {
    const { code, err } = await world(files).config('', env)
    assert.deepEqual([code, /exclude each other/.test(err)], [2, true], err)
  }
  const { at, config, cli } = world()
  execFileSync('mkfifo', [at(here)])
  const pipe = await config()
  assert.deepEqual([pipe.code, /expected a file of at most/.test(pipe.err)], [2, true], pipe.err)
  const unused = await cli('local-kms --config x.json')
  assert.deepEqual([unused.code, /local-kms takes nothing/.test(unused.err)], [2, true])
})

test('KMS is reached by https, or by http on this machine: data keys come from there', async () => {
  const isSecure = (url) => {
    try {
      return Boolean(secureUrl(url))
    } catch {
      return false
    }
  }
  const schema = JSON.parse(schemaText())
  for (const [url, isRight] of /** @type {const} */ ([
    ['https://kms.example', true],
    ['https://kms.example:8443/path', true],
    ['http://127.0.0.1:9/', true],
    ['http://localhost:9', true],
    ['http://[::1]:9', true],
    ['http://kms.example', false],
    ['http://10.0.0.7:9/', false],
    ['http://localhost.example/', false],
    ['http://127.0.0.1@kms.example/', false],
    ['http://127.0.0.1:9@kms.example/', false],
    ['https://user:word@kms.example/', false],
  ])) {
    assert.equal(isSecure(url), isRight, url)
    assert.equal(agrees(schema, { endpointUrl: url }), isRight, url)
    const { code, err } = await world().cli(`config --endpoint-url ${url}`)
    const words = /--endpoint-url: expected https, or http to this machine/
    assert.deepEqual([code, words.test(err)], isRight ? [0, false] : [2, true], err)
  }
})

test('the schema and the reader say the same of every file', () => {
  const schema = JSON.parse(schemaText())
  const url = 'https://keys.example/'
  for (const [file, isRight] of /** @type {[unknown, boolean][]} */ ([
    [{}, true],
    [{ $schema: 'x' }, true],
    [{ jobs: 1, json: true, state: 'none', region: 'x', profile: 'y', endpointUrl: url }, true],
    [{ jobs: 100 }, false],
    [{ jobs: 1.5 }, false],
    [{ jobs: '1' }, false],
    [{ json: 1 }, false],
    [{ region: '' }, false],
    [{ nope: 1 }, false],
    [{ keyIds: ['a'] }, true],
    [{ keyIds: 'a' }, false],
    [{ keyIds: [] }, false],
    [{ keyIds: [''] }, false],
    [{ endpointUrl: 'x' }, false],
    [[], false],
    [null, false],
    [{ recipients: {} }, true],
    [{ recipients: { 'a b': { file: 'x' } } }, false],
    [{ recipients: { a: { file: 'x' }, b: { url, pins: ['p'], arn: 'arn:x' } } }, true],
    [{ recipients: { a: { url, roots: ['r'], name: 'n', issuer: 'i' } } }, true],
    [{ recipients: { a: { url, roots: ['r'], pins: ['p'] } } }, false],
    [{ recipients: { a: { url, file: 'f', pins: ['p'] } } }, false],
    [{ recipients: { a: { url, pins: ['p'], name: 'n' } } }, false],
    [{ recipients: { a: { url } } }, false],
    [{ recipients: { a: { pins: ['p'] } } }, false],
    [{ recipients: { a: { file: 'x', arn: 'x' } } }, false],
    [{ recipients: { a: { file: 'x', isTrusted: true } } }, false],
  ])) {
    const isRead = (() => {
      try {
        fileShape.read(file, { source: 'x', folder: '/' })
        return true
      } catch {
        return false
      }
    })()
    const shown = JSON.stringify(file)
    assert.deepEqual([isRead, agrees(schema, file)], [isRight, isRight], shown)
  }
})

test('the nearest name is one that somebody may have meant', () => {
  const names = ['recipients', 'region', 'jobs', 'json']
  for (const [name, near] of /** @type {const} */ ([
    ['recipient', 'recipients'],
    ['Regoin', 'region'],
    ['jsno', 'json'],
    ['trust', undefined],
    ['x'.repeat(1_000_000), undefined],
  ]))
    assert.equal(nearest(name, names), near)
})
