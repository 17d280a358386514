// The stages of .ci/run, two at a time, since a machine of two cores runs them. What a stage prints
// is printed whole when it ends. A stage fails where a test fails, where it ends badly, and where
// it says no counts. The last line is the sum of all. It needs no npm package: it installs them.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runCommand } from '../test/runner/command.mjs'
import { add, judged, none, shown } from '../test/runner/counts.mjs'
import { inLanes } from '../test/runner/lanes.mjs'

const minute = 60_000
const began = performance.now()

/** Programs to the Debian packages that they are in. */
const packages = {
  chromium: 'chromium',
  'firefox-esr': 'firefox-esr',
  WebKitWebDriver: 'webkit2gtk-driver',
  'xvfb-run': 'xvfb',
  xauth: 'xauth',
  // completion is tried in them
  zsh: 'zsh',
  fish: 'fish',
  man: 'man-db',
}

function has(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const missing = Object.entries(packages)
  .filter(([program]) => !has(program))
  .map(([, name]) => name)
const install =
  missing.length > 0 && has('apt-get')
    ? `apt-get update -qq && apt-get install -y -qq ${missing.join(' ')} >/dev/null`
    : 'true'

// What makes ready, and counts nothing.
const apt = {
  name: 'apt-get',
  command: ['sh', '-c', install],
  env: { DEBIAN_FRONTEND: 'noninteractive' },
  step: true,
}
const npm = { name: 'npm ci', command: ['npm', 'ci', '--no-audit', '--no-fund'], step: true }
const build = {
  name: 'build',
  command: ['npm', 'run', '--silent', 'build'],
  step: true,
  after: [npm],
}
/** Of PyPI, of the Go module proxy, of Maven Central and of npm: it takes no lane, since it waits for them most. */
const environments = {
  name: 'environments',
  command: ['node', 'test/environments.mjs'],
  step: true,
  lanes: 0,
}

/** An S3 that minutes of compilers make, where no cache has it: it takes no lane either. */
const s3 = {
  name: 'versitygw',
  command: [
    'nice',
    'node',
    '-e',
    "import('./test/support/versitygw.mjs').then((m) => m.versitygw())",
  ],
  step: true,
  lanes: 0,
}

/** A stage that counts: an npm script, which finds all built. */
const stage = (name, script, o = {}) => ({
  name,
  command: ['npm', 'run', '--silent', ...script],
  env: { SEALDROP_BUILT: '1' },
  after: [apt, build],
  ...o,
})
/** Some hosts of `npm test`, in one lane. */
const testsIn = (...hosts) =>
  stage(`npm test: ${hosts.join(', ')}`, [
    'test',
    '--',
    '--jobs',
    '1',
    ...hosts.flatMap((host) => ['--host', host]),
  ])
const tests = [
  testsIn('Node 24'),
  testsIn('check', 'Chromium', 'workerd', 'pages'),
  testsIn('Node 20'),
]
const ready = [apt, build, environments]
const jobs = [
  s3,
  environments,
  npm,
  apt,
  build,
  ...tests,
  // AWS's Encryption SDKs for Python, Go, Java and JavaScript; and eleven JOSE libraries; and the
  // programs of the pages for partners
  stage('npm run test:interop', ['test:interop'], { after: ready, sums: 5 }),
  // the local KMS through boto3, the AWS CLI and the Go SDK; and the runbook
  stage('npm run test:clients', ['test:clients'], { after: ready, sums: 2 }),
  // the realms and reactive stores of apps: vitest, jest, jsdom, happy-dom, Vue, MobX
  stage('npm run test:frameworks', ['test:frameworks'], { after: ready }),
  // every door and the companion beside the lowest version of every peer
  stage('npm run test:peers', ['test:peers']),
  // the inventory in S3 and DynamoDB as moto keeps it
  stage('npm run test:stores', ['test:stores'], { after: ready }),
  // C2SP's age test kit, and what age and typage seal
  stage('npm run test:age', ['test:age'], { after: ready }),
  // uploads by tus-js-client to tusd, and from pages to it and to @tus/server
  stage('npm run test:tus', ['test:tus'], { after: ready }),
  // uploads against versitygw, which checks signatures, lengths, checksums and conditions
  stage('npm run test:s3', ['test:s3'], { after: [apt, build, s3] }),
  // the API report as the doors are now; the docs site, and where its links lead
  stage('npm run test:docs', ['test:docs'], { after: ready }),
  stage('npm run size', ['size']),
  // all suites in Deno, Bun, Firefox and WebKit, two at a time, and docs/algorithms.md from them
  // and from what npm test found in the other hosts; the command as one file in Deno and Bun
  stage('npm run test:matrix', ['test:matrix'], {
    after: [...ready, ...tests],
    lanes: 2,
    sums: 2,
  }),
]

/** What runs, by name, with the time when it began. */
const running = new Map()
const secondsSince = (time) => Math.round((performance.now() - time) / 1000)
const pulse = setInterval(() => {
  const names = [...running].map(([name, time]) => `${name} (${secondsSince(time)} s)`)
  console.log(`${secondsSince(began)} s: ${names.join(', ')}`)
}, minute)

/** Why a step failed, which has nothing to count. */
function stepFailure({ status, late }) {
  if (late) return 'it took too long'
  return status === 0 ? undefined : `it ended with ${status}`
}

function outcomeOf(job, ran) {
  if (!job.step) return judged(ran, job)
  const why = stepFailure(ran)
  return { counts: { ...none(), failed: why ? 1 : 0 }, why }
}

/** Runs a job, and prints all that it printed. @returns its seconds, its counts, whether it failed */
async function run(job, before) {
  const broken = before.find(({ failed, step }) => step && failed)
  if (broken) {
    console.error(`not ok ${job.name}: it was not run, since ${broken.name} failed`)
    return { ...job, seconds: 0, counts: { ...none(), failed: 1 }, failed: true }
  }
  running.set(job.name, performance.now())
  console.log(`${secondsSince(began)} s: ${job.name} begins`)
  const ran = await runCommand(job.command, { patience: 45 * minute, env: job.env })
  running.delete(job.name)
  const { counts, why } = outcomeOf(job, ran)
  const failed = counts.failed > 0
  console.log(`\n=== ${job.name}: ${Math.round(ran.seconds)} s`)
  console.log(ran.output.trimEnd())
  if (why) console.error(`not ok ${job.name}: ${why}`)
  console.log(`=== end of ${job.name}\n`)
  return { ...job, seconds: ran.seconds, counts, failed }
}

const results = await inLanes(jobs, 2, run)
clearInterval(pulse)
for (const { name, seconds, counts, step, failed } of results) {
  const done = failed ? 'failed' : 'done'
  console.log(
    `${String(Math.round(seconds)).padStart(5)} s  ${name}: ${step ? done : shown(counts)}`,
  )
}
console.log(`${String(secondsSince(began)).padStart(5)} s  in all`)
const total = results.map(({ counts }) => counts).reduce(add, none())
console.log(shown(total))
process.exitCode = total.failed > 0 ? 1 : 0
