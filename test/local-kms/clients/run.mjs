// npm run test:clients: the same calls through clients that we did not write. Each gets a local KMS
// of its own; what it sees has to be what the JavaScript SDK sees. Then each verifies what the
// others signed, through the server and by its language's own cryptography.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { startLocalKms } from 'sealdrop/local-kms'
import { goBinary, pythonEnvironment } from '../../interop/environment.mjs'
import { normal } from './compare.mjs'
import { runHere } from './driver.mjs'
import { refusals, scenario, signers } from './scenario.mjs'

const execute = promisify(execFile)
const beside = (name) => fileURLToPath(new URL(name, import.meta.url))
const work = await mkdtemp(join(tmpdir(), 'sealdrop-clients-'))

/** A driver in another process; the environment is all that tells it where KMS is. */
const elsewhere =
  (...command) =>
  async (steps, { env }) => {
    const file = join(work, 'steps.json')
    await writeFile(file, JSON.stringify(steps))
    const settings = {
      PATH: process.env.PATH,
      HOME: work,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      PYTHONIOENCODING: 'utf-8',
      LC_ALL: 'C.UTF-8',
      ...env,
    }
    const { stdout } = await execute(command[0], [...command.slice(1), file], {
      env: settings,
      maxBuffer: 64 << 20,
    })
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

const python = join(
  await pythonEnvironment('clients-python', beside('requirements.txt')),
  'bin',
  'python',
)
const go = await goBinary('clients-go', beside('go'))
const clients = {
  'JavaScript SDK': runHere,
  boto3: elsewhere(python, beside('driver.py'), 'boto3'),
  'AWS CLI': elsewhere(python, beside('driver.py'), 'aws'),
  'Go SDK': elsewhere(go),
}
const reference = 'JavaScript SDK'

/**
 * What a client's own model of KMS is too old for, whoever answers: left out by this reason, and
 * counted; once it knows it, it is checked.
 */
const unknown = {
  'AWS CLI': { steps: /mlKem/, reason: 'awscli 1.46.3 carries a model of KMS without ML-KEM' },
}

const counts = Object.fromEntries(
  Object.keys(clients).map((name) => [name, { passed: 0, failed: 0, skipped: 0 }]),
)
function check(client, what, fits, detail) {
  counts[client][fits ? 'passed' : 'failed']++
  if (!fits) console.error(`not ok ${client}: ${what}\n  ${detail()}`)
}
const shown = (value) => JSON.stringify(value)?.slice(0, 600)

/** Each step was answered or refused as it has to be, and as the reference saw it. */
function checkScenario(client, lines, expected) {
  const seen = normal(lines)
  for (const [index, { name }] of scenario.entries()) {
    const [line, other] = [seen[index], expected[index]]
    if (unknown[client]?.steps.test(name) && !isDeepStrictEqual(line, other)) {
      counts[client].skipped++
      continue
    }
    const fits =
      line?.name === name &&
      (refusals.has(name)
        ? line.error !== undefined && !['Client', 'Missing'].includes(line.error.code)
        : line.answer !== undefined)
    check(client, `${name} is ${refusals.has(name) ? 'refused' : 'answered'}`, fits, () =>
      shown(lines[index]),
    )
    if (client !== reference)
      check(
        client,
        `${name} is what the ${reference} sees`,
        isDeepStrictEqual(line, other),
        () => `saw      ${shown(line)}\n  expected ${shown(other)}`,
      )
  }
}

/** Steps by which one client verifies what another signed. */
function foreignSignatures(lines) {
  const answers = Object.fromEntries(lines.map(({ name, answer }) => [name, answer]))
  const made = signers.filter(({ name }) => answers[name]?.Signature)
  const through = made.map(({ name, kind, algorithm, message }) => ({
    name: `through ${name}`,
    call: 'Verify',
    input: {
      KeyId: answers[name].KeyId,
      Message: message,
      MessageType: kind,
      SigningAlgorithm: algorithm,
      Signature: answers[name].Signature,
    },
  }))
  const locally = made
    .filter(
      ({ key, algorithm }) =>
        !key.startsWith('mlDsa') &&
        key !== 'secp' &&
        algorithm !== 'ED25519_PH_SHA_512' &&
        answers[`public-${key}`],
    )
    .map(({ name, key, algorithm, said }) => ({
      name: `locally ${name}`,
      call: 'verifyLocally',
      input: {
        PublicKey: answers[`public-${key}`].PublicKey,
        Message: said,
        SigningAlgorithm: algorithm,
        Signature: answers[name].Signature,
      },
    }))
  return [...through, ...locally]
}

const servers = {}
const seen = {}
try {
  for (const [name, run] of Object.entries(clients)) {
    servers[name] = await startLocalKms({ regions: ['us-west-2'] })
    seen[name] = await run(scenario, servers[name])
    checkScenario(name, seen[name], normal(seen[reference]))
  }
  for (const [name, run] of Object.entries(clients)) {
    for (const other of Object.keys(clients).filter((one) => one !== name)) {
      const steps = foreignSignatures(seen[other])
      check(
        name,
        `there are signatures of ${other}`,
        steps.length >= signers.length,
        () => `${steps.length} steps`,
      )
      const lines = steps.length === 0 ? [] : await run(steps, servers[other])
      for (const { name: what, answer, error } of lines)
        check(
          name,
          `${what}, made through ${other}`,
          answer?.SignatureValid === true || answer?.Valid === true,
          () => shown(answer ?? error),
        )
    }
  }
} finally {
  for (const server of Object.values(servers)) await server.close()
  await rm(work, { recursive: true, force: true })
}

const sum = { passed: 0, failed: 0, skipped: 0 }
for (const [name, { passed, failed, skipped }] of Object.entries(counts)) {
  const left = skipped > 0 ? `, ${skipped} skipped: ${unknown[name].reason}` : ''
  console.log(`${name}: ${passed} passed, ${failed} failed${left}`)
  sum.passed += passed
  sum.skipped += skipped
  sum.failed += failed
  if (passed + failed === 0) sum.failed++
}
console.log(
  `${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`,
)
if (sum.failed > 0) process.exitCode = 1
