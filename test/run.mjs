// npm test: every suite in the newest Node, Chromium and workerd, a line for each file when it ends,
// one of counts for each host, and the sum at the end. npm run test:soak: the long tests whole.
//
//  --host NAME    only this host; may be given again
//  --all          every host: also the oldest Node, which .ci/run runs always
//  --soak         the long tests, as a whole
//  --seed NUMBER  of the tests that draw at random and print their seed
//  --jobs NUMBER  how many files run at a time; otherwise one more than there are cores, since a file waits at times; 4 at most
//  --record       writes what each file took to durations.json, which says what begins first
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { forgetCells } from './matrix/kept-cells.mjs'
import { runCommand } from './runner/command.mjs'
import { add, failuresIn, judged, none, shown, skipsIn } from './runner/counts.mjs'
import { hostJobs, hostNames, leftOut, soakJobs } from './runner/hosts.mjs'
import { inLanes } from './runner/lanes.mjs'

const {
  values: { host: chosen, all = false, soak = false, seed, jobs: width, record = false },
} = parseArgs({
  options: {
    host: { type: 'string', multiple: true },
    all: { type: 'boolean' },
    soak: { type: 'boolean' },
    seed: { type: 'string' },
    jobs: { type: 'string' },
    record: { type: 'boolean' },
  },
})
/** How long one job may take, in milliseconds: several times what it needs. */
const patience = (soak ? 60 : 25) * 60_000
const durationsFile = new URL('durations.json', import.meta.url)
const durations = JSON.parse(await readFile(durationsFile, 'utf8'))
const env = {
  // RSA keys that need not be generated; a file that is run by itself generates all of its keys
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${new URL('rsa-pool/preload.mjs', import.meta.url).href}`,
  ...(soak && { SEALDROP_SOAK: '1' }),
  ...(seed !== undefined && { SEALDROP_SEED: seed }),
}

/** The seconds that a job took when they were recorded; what is new begins first. */
const recorded = ({ host, name }) => durations[host]?.[name] ?? Infinity

/** Lines of TAP that people want to see, though nothing failed. */
const remarksIn = (output) =>
  [...output.matchAll(/^ *# (.+)$/gm)]
    .map(([, text]) => text)
    .filter(
      (text) => text.startsWith('seed ') || (soak && !/^(Subtest|[a-z_]+ [\d.]+$)/.test(text)),
    )

/** Set in, so that no line of it reads as a sum of this run. */
const indented = (text) => text.replace(/^/gm, '    ')

/** Runs a job, and prints how it went. @returns its host and counts */
async function runJob(job, progress) {
  const ran = await runCommand(job.command, { patience, env })
  const { counts, why } = judged(ran)
  progress.done++
  const place = `[${String(progress.done).padStart(String(progress.all).length)}/${progress.all}]`
  console.log(`${place} ${job.host} ${job.name}: ${shown(counts)} (${ran.seconds.toFixed(1)} s)`)
  for (const remark of remarksIn(ran.output)) console.log(`  ${remark}`)
  for (const skipped of skipsIn(ran.output)) console.log(`  skipped ${skipped}`)
  if (why) console.error(`not ok ${job.host} ${job.name}: ${why}`)
  if (counts.failed > 0) console.error(indented(failuresIn(ran.output)))
  return { ...job, counts, seconds: ran.seconds }
}

function chosenHosts() {
  const hosts = soak ? soakJobs() : hostJobs()
  if (!soak && !chosen && !all) Object.assign(hosts, leftOut)
  for (const name of chosen ?? [])
    if (!(name in hosts))
      throw new Error(`--host: no host is named ${name}; there are ${hostNames.join(', ')}`)
  return Object.entries(hosts).filter(([name]) => !chosen || chosen.includes(name))
}

/** One line for each host. @returns the sum; a host that ran nothing has failed */
function summary(hosts, results) {
  const total = none()
  for (const [name, jobs] of hosts) {
    if (typeof jobs === 'string') {
      total.skipped++
      console.log(`skipped ${name}: ${jobs}`)
      continue
    }
    const counts = results
      .filter(({ host }) => host === name)
      .map((result) => result.counts)
      .reduce(add, none())
    if (counts.passed + counts.failed === 0) {
      console.error(`not ok ${name}: it ran no test`)
      counts.failed++
    }
    console.log(`${name}: ${shown(counts)}`)
    add(total, counts)
  }
  return total
}

/** Adds what was measured to what others measured before. */
async function recordDurations(results) {
  for (const { host, name, seconds } of results)
    durations[host] = { ...durations[host], [name]: Math.round(seconds * 10) / 10 }
  await writeFile(durationsFile, `${JSON.stringify(durations, undefined, 2)}\n`)
}

const hosts = chosenHosts()
const jobs = hosts
  .flatMap(([, ofHost]) => (typeof ofHost === 'string' ? [] : ofHost))
  .sort((a, b) => recorded(b) - recorded(a) || 0)
const progress = { done: 0, all: jobs.length }
const lanes = Number(width ?? Math.min(4, availableParallelism() + 1))
if (!Number.isSafeInteger(lanes) || lanes < 1) throw new Error(`--jobs: expected 1 or more`)
if (!chosen && !soak) forgetCells()
const results = await inLanes(jobs, lanes, (job) => runJob(job, progress))
if (record) await recordDurations(results)
const total = summary(hosts, results)
console.log(shown(total))
process.exit(total.failed > 0 ? 1 : 0)
