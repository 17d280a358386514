import type { ServedDocuments, KeySetHandlerOptions } from '../../doors/serve.js'
import { collect } from '../arguments/collect.js'
import { kmsFlags, kmsOf } from '../arguments/kms.js'
import { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { openInventory } from '../inventory.js'
import { heldDocuments, type HeldDocuments } from '../serve/held-documents.js'
import { serveRoutes, type Listener } from '../serve/http-server.js'
import { untilSignal } from '../signals.js'
import type { Terminal } from '../terminal.js'
import { parsePort } from './local-kms-options.js'

const examples = `
Examples:
  $ sealdrop serve --inventory keys --port 8080
      The key set of the inventory in the folder keys, on this machine, for a proxy that ends TLS.
  $ sealdrop serve --inventory s3://bucket/keys.json --root alias/root --host 0.0.0.0 --port 8080
      The signed set and the history too. They are signed when they change, and before they end: no request asks KMS.

It is plain HTTP: let a proxy end TLS, and show only this path. SIGTERM and Ctrl-C finish what runs, and end it with exit
code 0; the same again ends it at once.`

interface ServeArguments {
  readonly inventory?: string
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
    .description('serve the key set of an inventory by HTTP, for a proxy that ends TLS')
    .option('--inventory <where>', 'keys: a folder, s3://bucket/key or dynamodb://table/id')
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

/** One row of what is served. */
interface Route {
  readonly path: string
  /** In words. */
  readonly what: string
  readonly source: ServedDocuments
}

async function run(o: ServeArguments, terminal: Terminal): Promise<void> {
  check(o)
  const routes = await routesOf(o)
  const held = routes.map(({ what, source }) =>
    heldDocuments(what, source, (line) => terminal.note(line)),
  )
  // a set that cannot be served is told before anybody can ask; a history may have no keys yet
  await routes[0]?.source.documents()
  await renew(held)
  const serving = await serveRoutes(await listenersOf(routes, held, o), {
    host: o.host ?? '127.0.0.1',
    port: o.port ?? 0,
  })
  tell(terminal, serving.url, routes, o)
  const renewing = setInterval(() => void renew(held), pause)
  try {
    await untilSignal((name) => {
      terminal.note(`${name}: it finishes what runs and closes; the same again ends it at once.`)
      return serving.close()
    })
  } finally {
    clearInterval(renewing)
  }
}

const renew = async (held: readonly HeldDocuments[]): Promise<void> => {
  for (const documents of held) await documents.refresh()
}

function check({ inventory, root, setName, issuer }: ServeArguments): void {
  if (inventory === undefined) throw new UsageError('--inventory: expected where the keys are')
  if (root === undefined && (setName ?? issuer) !== undefined)
    throw new UsageError('--set-name and --issuer need a --root')
}

/** What is served, and where. */
async function routesOf(o: ServeArguments): Promise<readonly Route[]> {
  const { createPublisher } = await import('../../doors/kms.js')
  const { root, setName, issuer, inventory = '' } = o
  const keys = await openInventory(inventory)
  const signed = {
    kms: kmsOf(o),
    keys,
    ...(root !== undefined && { root }),
    ...(issuer !== undefined && { issuer }),
  }
  const set = createPublisher({ ...signed, ...(setName !== undefined && { name: setName }) })
  const rows: Route[] = [{ path: '/.well-known/jwks.json', what: 'key set', source: set }]
  if (root !== undefined) {
    const source = createPublisher({ ...signed, history: true })
    rows.push({ path: '/.well-known/jwks-history.json', what: 'history', source })
  }
  return rows
}

async function listenersOf(
  routes: readonly Route[],
  held: readonly HeldDocuments[],
  { maxAge, origin }: ServeArguments,
): Promise<ReadonlyMap<string, Listener>> {
  const { keySetListener } = await import('../../doors/serve.js')
  const options: KeySetHandlerOptions = {
    ...(maxAge !== undefined && { maxAge: maxAge * 1000 }),
    ...(origin && { origins: origin }),
  }
  return new Map(
    routes.map(({ path }, index) => [path, keySetListener(held[index] as HeldDocuments, options)]),
  )
}

const local = /^(127\.|::1$|localhost$)/

function tell(
  terminal: Terminal,
  url: string,
  routes: readonly Route[],
  { host = '127.0.0.1', json }: ServeArguments,
): void {
  const rows = routes.map(({ path, what }) => ({ what, url: url + path }))
  if (json) terminal.out(JSON.stringify({ url, routes: rows }))
  for (const row of rows) terminal.note(`${row.what}: ${row.url}`)
  if (!local.test(host))
    terminal.note(`${host}: whoever reaches this machine can read it, by plain HTTP`)
}
