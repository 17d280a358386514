// `sealdrop plan` as a process: the table for people, JSON for programs, and what it refuses.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { planCapacity } from 'sealdrop/kms'
import { sealdrop } from './helpers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-cli-plan-'))
after(() => rmSync(folder, { recursive: true }))

const plan = (...args) => sealdrop(['plan', ...args], { cwd: folder }).ended
const files = ['--objects', '100k/day', '--size', '3MB']
const json = (value) => JSON.parse(JSON.stringify(value))

/** What the command prints as JSON. */
async function printed(...args) {
  const { code, out, err } = await plan(...args, '--json')
  assert.deepEqual([code, err], [0, ''])
  assert.lengthOf(out.trimEnd().split('\n'), 1)
  return JSON.parse(out)
}

/** The cells of the line of the table that begins with these. */
function line(out, ...cells) {
  const lines = out.split('\n').map((text) => text.split(/ {2,}/))
  return lines.find((found) => cells.every((cell, i) => found[i] === cell))
}

test('the table of the issue: calls, quota, cost, keys, and where each number is from', async () => {
  const { code, out, err } = await plan(...files, '--keys', 'RSA_3072')
  assert.deepEqual([code, err], [0, ''])
  // 100,000 calls at $0.15 for 10,000 are $1.50 a day, and 2 keys became 5 in three years
  const plain = '100,000 1.16 3.47 0.35_% 50.00 5 1 10.14_h'
  assert.equal(
    line(out, 'RSA_3072', '1', 'no')
      ?.slice(3)
      .join(' ')
      .replace(/ (?=[%h])/g, '_'),
    plain,
  )
  const resealed = '200,000 2.31 6.94 0.35_% 62.00 5+1 1 30.42_min'
  const found = line(out, 'RSA_3072', '1', 'yes')?.slice(3).join(' ')
  assert.equal(found?.replace(/ (?=%|min)/g, '_'), resealed)
  assert.match(
    out,
    /^ {2}RSA_3072 quota +1,000 a second for all RSA keys +page +2026-12-01 +https:/m,
  )
  assert.match(out, /^ {2}symmetric keys +2 rotations cost that each +unverified +2026-12-01/m)
  assert.match(out, /^ {2}AWS managed +\$0 a month +such as alias\/aws\/s3/m)
  assert.match(out, /^ {2}AWS owned +\$0 a month .*invisible and free/m)
})

test('what is over the quota says so, and what is unknown is no guess', async () => {
  const { code, out } = await plan('--values', '100M/day', '--size', '35B')
  assert.equal(code, 0)
  assert.match(out, /^ECC_NIST_P256 +1 +no +100,000,000 +1,157 +3,472 +347 % OVER +45005\.00/m)
  assert.match(out, /^ECC_NIST_P256 +10,000 +no +10,000 +0\.12 +0\.35 +0\.03 % +9\.50/m)
  assert.match(
    out,
    /^ML_KEM_768 +1 +no +100,000,000 +1,157 +3,472 +unknown +unknown +5 +348 +unknown$/m,
  )
  assert.match(out, /^ {2}ML_KEM_768 +unknown: nothing is sealed to it yet$/m)
  assert.match(out, /^ {2}ML_KEM_768 price +unknown for 10,000 requests +unknown/m)
})

test('--json is what the library answers, with every flag', async () => {
  assert.deepEqual(
    await printed(...files, '--keys', 'RSA_2048', 'ECC_NIST_P256'),
    json(planCapacity({ objects: 100_000, size: 3_000_000, keys: ['RSA_2048', 'ECC_NIST_P256'] })),
  )
  const prices = { date: '2026-12-24', requests: { RSA_4096: 0.1 }, quotas: { RSA_4096: 5_000 } }
  writeFileSync(join(folder, 'ours.json'), JSON.stringify(prices))
  const flags =
    '--values 1.5M/hour --size 1KiB --keys RSA_4096 --per-sealer 500 --peak 2.5 --latency 40 ' +
    '--region us-east-1 -c form=a --encryption-context b=c --frame-length 1000 --opens 2 --cache ' +
    '--archive 1G --every P3M --years 5 --prices ours.json'
  const answer = await printed(...flags.split(' '))
  const o = {
    values: 36_000_000,
    size: 1_024,
    keys: /** @type {const} */ (['RSA_4096']),
    perSealer: 500,
    peak: 2.5,
    latency: 40,
    region: 'us-east-1',
    context: { form: 'a', b: 'c' },
    frameLength: 1_000,
    opens: 2,
    cache: true,
    archive: 1e9,
    every: 'P3M',
    years: 5,
    prices,
  }
  assert.deepEqual(answer, json(planCapacity(o)))
  const [row] = answer.rows
  assert.equal(row.calls[0].quota.value, 5_000)
  assert.deepEqual(row.calls[0].price, {
    value: 0.1,
    basis: 'yours',
    source: 'you',
    date: '2026-12-24',
  })
  assert.equal(row.keys.kept, 22, 'twenty rotations, and two')
})

test('--help has examples; wrong arguments end with 2 and say why', async () => {
  const { code, out } = await plan('--help')
  assert.equal(code, 0)
  assert.match(out, /\$ sealdrop plan --objects 100k\/day --size 3MB --keys RSA_3072/)
  writeFileSync(join(folder, 'text.json'), 'no')
  writeFileSync(join(folder, 'dateless.json'), '{"keyMonth":2}')
  writeFileSync(join(folder, 'typo.json'), '{"date":"2026-01-01","requests":{"RSA":2}}')
  /** @type {[string[], RegExp][]} */
  const refused = [
    [['--size', '3MB'], /--objects or --values: expected one of both/],
    [[...files, '--values', '1/day'], /--objects or --values: expected one of both/],
    [['--objects', '1/day'], /--size: expected a whole number of bytes/],
    [['--objects', '100k', '--size', '1B'], /--objects: expected a rate such as 100k\/day/],
    [['--objects', '1K/day', '--size', '1B'], /--objects: expected a rate/],
    [['--objects', '1/week', '--size', '1B'], /--objects: expected a rate/],
    [['--objects', '0.1/day', '--size', '1B'], /--objects: .*whole number a day/],
    [['--objects', '-1/day', '--size', '1B'], /--objects: expected a rate/],
    [['--objects', '1/day', '--size', '3mb'], /--size: .*3MB or 3MiB, found "3mb"/],
    [['--objects', '1/day', '--size', '3'], /--size: .*found "3"/],
    [['--objects', '1/day', '--size', '0.5B'], /--size: expected a whole number/],
    [['--values', '1/day', '--size', '2MiB'], /--size: a value has at most 1048576 bytes/],
    [[...files, '--keys', 'RSA'], /--keys: expected some of RSA_2048/],
    [[...files, '--per-sealer', '1e3'], /--per-sealer 1e3: expected a number/],
    [[...files, '--per-sealer', '0'], /--per-sealer: expected 1 to 1048576/],
    [[...files, '--peak', '0.5'], /--peak: expected a number from 1 to 1000/],
    [[...files, '--years', '1.5'], /--years: expected a whole number/],
    [[...files, '--every', 'often'], /--every: expected an ISO 8601 duration/],
    [[...files, '--region', 'Frankfurt'], /--region: expected a Region/],
    [[...files, '--archive', '1k/day'], /--archive: expected a whole number/],
    [[...files, '-c', 'a='], /--context: a file takes no empty name or value/],
    [[...files, '--prices', 'none.json'], /--prices none\.json: it cannot be read: ENOENT/],
    [[...files, '--prices', 'text.json'], /--prices text\.json/],
    [[...files, '--prices', 'dateless.json'], /--prices\.date: expected a day/],
    [[...files, '--prices', 'typo.json'], /--prices\.requests: expected some of .*found "RSA"/],
    [['--nonsense'], /unknown option/],
  ]
  for (const [args, why] of refused) {
    const ended = await plan(...args)
    assert.equal(ended.code, 2, `${args.join(' ')}: ${ended.err}`)
    assert.match(ended.err, why)
    assert.equal(ended.out, '')
  }
})
