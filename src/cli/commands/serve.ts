import type { KeySetHandlerOptions } from '../../doors/serve.js'
import { collect } from '../arguments/collect.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { openInventory } from '../inventory.js'
import { ageOfFolder, ageOfInventory } from '../serve/age-texts.js'
import { serveRoutes } from '../serve/http-server.js'
import { publishedFolder } from '../serve/published-folder.js'
import { routesOf, type Routes, type Sources } from '../serve/routes.js'
import { untilSignal } from '../signals.js'
import type { Terminal } from '../terminal.js'
import { parsePort } from './local-kms-options.js'

const examples = `
Examples:
  $ sealdrop serve --inventory keys --port 8080
      The key set of the inventory in the folder keys, on this machine, for a proxy that ends TLS.
  $ sealdrop serve --inventory s3://bucket/keys.json --root alias/root --host 0.0.0.0 --port 8080
      The signed set and the history too. They are signed when they change, and before they end: no request asks KMS.
  $ sealdrop serve --from public
      What keys publish --to public wrote, on a machine that has no credentials of AWS.

Where a purpose of the inventory has age: true, or age.txt is in the folder, age.txt is served too, in both places.
It is plain HTTP: let a proxy end TLS, and show only this path. SIGTERM, SIGHUP and Ctrl-C finish what runs, and end it
with exit code 0; the same again ends it at once.`

interface ServeArguments {
  readonly inventory?: string
  readonly from?: string
  readonly root?: string
  readonly setName?: string
  readonly issuer?: string
  readonly host?: string
  readonly port?: number
  readonly maxAge?: number
  readonly origin?: readonly string[]
  readonly json?: true
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

/** Milliseconds after which the inventory is looked at again. A publisher waits longer by itself. */
const pause = 60_000

function parseSeconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--max-age ${text}: expected seconds`)
  return Number(text)
}

/** The command `sealdrop serve`. */
export function serveCommand(terminal: Terminal): Command {
  const command = new Command('serve')
    .description('serve a key set and its history by HTTP, for a proxy that ends TLS')
    .option('--inventory <where>', 'keys: a folder, s3://bucket/key or dynamodb://table/id')
    .option('--from <folder>', 'documents that keys publish wrote to a folder, and no inventory')
    .option('--root <key>', 'the KMS key that signs set and history; default: neither is signed')
    .option('--set-name <name>', "the set's name, where its root signs several; default: default")
    .option('--issuer <issuer>', 'who issues the signed set; default: the thumbprint of the root')
    .option('--host <address>', 'where it listens; default: 127.0.0.1, this machine alone')
    .option('--port <number>', 'port; default: one that is free', parsePort)
    .option('--max-age <seconds>', 'how long caches may keep it; default: 300', parseSeconds)
    .option(
      '--origin <origin>',
      'an origin whose pages may read it; again for several; default: every one',
      collect(String),
    )
    .option('--json', 'a JSON object on stdout that says where it listens')
  return kmsFlags(command)
    .addHelpText('after', examples)
    .action((o: ServeArguments) => run(o, terminal))
}

async function run(o: ServeArguments, terminal: Terminal): Promise<void> {
  check(o)
  const sources = await (o.from === undefined ? ofInventory(o) : ofFolder(o.from))
  // a set that cannot be served is told before anybody can ask; a history may have no keys yet
  await sources.set.documents()
  const { keySetListener } = await import('../../doors/serve.js')
  const routes = routesOf(sources, keySetListener, handlerOptions(o), (line) => terminal.note(line))
  await routes.renew()
  const { host = '127.0.0.1', port = 0 } = o
  const serving = await serveRoutes(routes.listeners, { host, port })
  tell(terminal, serving.url, routes, o)
  const renewing = setInterval(() => void routes.renew(), pause)
  try {
    await untilSignal((name) => {
      terminal.note(`${name}: it finishes what runs and closes; the same again ends it at once.`)
      return serving.close()
    })
  } finally {
    clearInterval(renewing)
  }
}

function check({ inventory, from, root, setName, issuer }: ServeArguments): void {
  if ((inventory === undefined) === (from === undefined))
    throw new UsageError('expected what is served: either --inventory or --from')
  if (from !== undefined && root !== undefined)
    throw new UsageError('--root: what --from serves was signed by keys publish')
  if (root === undefined && (setName ?? issuer) !== undefined)
    throw new UsageError('--set-name and --issuer need a --root')
}

/** Documents of an inventory. KMS is asked for signatures alone, where there is a root. */
async function ofInventory(o: ServeArguments): Promise<Sources> {
  const { createPublisher } = await import('../../doors/kms.js')
  const { root, setName, issuer, inventory = '' } = o
  const keys = await openInventory(inventory, o)
  const signed = {
    kms: kmsOf(o),
    keys,
    ...(root !== undefined && { root }),
    ...(issuer !== undefined && { issuer }),
  }
  const set = createPublisher({ ...signed, ...(setName !== undefined && { name: setName }) })
  const history =
    root === undefined ? {} : { history: createPublisher({ ...signed, history: true }) }
  return { set, ...history, age: await ageOfInventory(keys) }
}

const ofFolder = async (folder: string): Promise<Sources> => ({
  ...(await publishedFolder(folder)),
  age: await ageOfFolder(folder),
})

const handlerOptions = ({ maxAge, origin }: ServeArguments): KeySetHandlerOptions => ({
  ...(maxAge !== undefined && { maxAge: maxAge * 1000 }),
  ...(origin && { origins: origin }),
})

const local = /^(127\.|::1$|localhost$)/

function tell(
  terminal: Terminal,
  url: string,
  { told }: Routes,
  { host = '127.0.0.1', json }: ServeArguments,
): void {
  const rows = told.map(({ path, what }) => ({ what, url: url + path }))
  if (json) terminal.out(JSON.stringify({ url, routes: rows }))
  for (const row of rows) terminal.note(`${row.what}: ${row.url}`)
  if (!local.test(host))
    terminal.note(`${host}: whoever reaches this machine can read it, by plain HTTP`)
}
