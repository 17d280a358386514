// What `npm start` runs. It builds what is missing, starts the demo, says where it is, and ends
// cleanly.
//
// `npm start -- --s3 BUCKET` sends files to a bucket of AWS, by the default chain's credentials and
// Region, and `--s3 https://ENDPOINT/BUCKET` to one of a compatible store. That is tried with
// versitygw in test/s3/. AWS itself, R2, B2 and GCS are untried.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const needed = [
  'dist/doors/index.js',
  'dist/sealdrop.min.js',
  'dist/sealdrop.min.mjs',
  'dist/sealdrop-drop.min.js',
  'dist/integrity.json',
]

function build() {
  console.log('No build found: running `npm run build` (once) ...')
  const { status } = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  console.error('The build failed, so there is nothing to show yet. Was `npm ci` run?')
  process.exit(1)
}

function portOf(text) {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  console.error(`PORT: expected a number from 0 to 65535, found ${JSON.stringify(text)}`)
  process.exit(1)
}

const loopback = ['127.0.0.1', 'localhost', '[::1]']

/** What is wrong with the URL of a bucket; undefined where nothing is. @param {URL} url */
function wrongOf({ protocol, hostname, username, password, search, hash, pathname }) {
  if (username || password) return 'no user and no password: credentials come from the environment'
  if (search || hash) return 'nothing after the name of the bucket'
  if (!/^\/[a-z0-9.-]{3,63}\/?$/.test(pathname)) return 'the name of a bucket behind the endpoint'
  const isLocal = protocol === 'http:' && loopback.includes(hostname)
  return protocol === 'https:' || isLocal ? undefined : 'https:, or http: on this machine'
}

/** The bucket that `--s3` names. What is wrong is not repeated: it may hold a password. */
function bucketOf(text) {
  if (text === undefined) return undefined
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)) return { bucket: text }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const wrong = url ? wrongOf(url) : 'BUCKET or https://ENDPOINT/BUCKET'
  if (url && !wrong) return { bucket: url.pathname.split('/')[1], endpoint: url.origin }
  console.error(`--s3: expected ${wrong}`)
  process.exit(1)
}

function argumentsOf() {
  try {
    return parseArgs({ options: { s3: { type: 'string' } } }).values
  } catch (error) {
    console.error(Object(error).message)
    process.exit(1)
  }
}

const port = portOf(process.env.PORT || '8080')
const s3 = bucketOf(argumentsOf().s3)
if (!needed.every((file) => existsSync(new URL(`../${file}`, import.meta.url)))) build()

// imported only now, because this needs the build
const { startDemo } = await import('./server.mjs')
const demo = await startDemo({
  port,
  ...(process.env.DEMO_DIR && { dir: process.env.DEMO_DIR }),
  ...(s3 && { s3 }),
  log: console.log,
}).catch((error) => {
  console.error(error.message)
  if (error.code === 'conflict') console.error('Is the demo already running in another terminal?')
  process.exit(1)
})

if (port !== 0 && demo.port !== port)
  console.log(`Port ${port} is taken, so the demo is on ${demo.port}.`)
console.log(`
Sealdrop demo: ${demo.url}drop.html
  step by step:             ${demo.url}
  the same with ES modules: ${demo.url}esm.html
  the published keys:       ${demo.url}.well-known/jwks.json
  the publisher's page:     ${demo.url}publisher.html
  the page for receipts:    ${demo.url}receipt.html
  files go to:              ${demo.files}

Open the first one, drop files into it, seal them, open them at the company. Ctrl+C ends the demo; its keys stay for the next time.
`)

let ending = false
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (ending) process.exit(1) // a second signal: somebody is impatient
    ending = true
    demo.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
