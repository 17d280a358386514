import type { PublicMembers } from '../../../algorithms/public-key.js'
import type { KeyInventory } from '../../../doors/kms.js'
import { shown } from '../../../errors/guard.js'
import { SealdropError } from '../../../errors/sealdrop-error.js'
import { ringOf, type KeyRing } from '../../../keys/key-set.js'
import { publishedJwk } from '../../../kms/inventory/published-keys.js'
import { isUrl, keySetOf } from '../../arguments/key-sets.js'
import { kmsFlags } from '../../arguments/kms.js'
import { loneTrustFlags, type KeyArgument } from '../../arguments/recipients.js'
import type { Command } from '../../commander.js'
import { UsageError } from '../../exit-codes.js'
import { isMade, type MadeKey } from '../../../kms/inventory/inventory-model.js'
import { keyMeant, keyOf, type KeyMeant } from '../../keys/find-key.js'
import type { OpeningKey } from '../../keys/age-forms.js'
import { formOf, formOption, type FormName, type ShownKey } from '../../keys/forms.js'
import {
  inventoryFlag,
  inventoryIn,
  storeOf,
  type InventoryArguments,
} from '../../keys/inventory-of.js'
import { KeyCommand } from '../../keys/key-command.js'
import { keyOfKms } from '../../keys/key-of-kms.js'
import { recipientFile } from '../../keys/recipient-file.js'
import { inWordsOfTheCommand } from '../../keys/words.js'
import { abortedBySignals } from '../../signals.js'
import type { Terminal } from '../../terminal.js'

const examples = `
Examples:
  $ sealdrop keys show --inventory keys claims --as pem
      The current key of the purpose claims. A thumbprint, an alias or an ARN names a key too.
  $ sealdrop keys show --inventory keys claims --as recipient --url https://keys.example/jwks.jwt --root root.json
      A file for partners: sealdrop seal -r takes it. Without --root it pins the current key and the next one.
  $ sealdrop keys show --key-id alias/root --as jwk > root.json
      A key of KMS that is in no inventory, such as the root: partners get it by another way than the key set.
  $ sealdrop keys show https://keys.example/jwks.jwt --root root.json --as jwk
      The key of a company that seal would take. A thumbprint behind the URL names another one.
  $ sealdrop keys show --inventory keys files --as age
      A recipient that stock age 1.3 seals to: age -r takes it.
  $ sealdrop keys show --inventory keys files --as age-identity
      What age -d -i needs beside age-plugin-sealdrop: the ARNs of the purpose's keys, and no secret.

Everything that is shown is public. KMS is asked for --key-id alone. --as age and age-identity need P-256.`

interface ShowArguments extends InventoryArguments {
  readonly as?: FormName
  readonly keyId?: string
  readonly url?: string
  readonly json?: true
}

/** The command `sealdrop keys show`. */
export function showCommand(terminal: Terminal): Command {
  const command = new KeyCommand('show')
    .description('show one key')
    .argument('[key|url|file]', 'a key of the inventory; without --inventory a key set')
    .argument('[thumbprint]', 'which key of a key set; default: the one that seal takes')
  const keysOf = loneTrustFlags(command)
  return kmsFlags(inventoryFlag(command))
    .option('--key-id <arn|alias>', 'a key of KMS, which need not stand in an inventory')
    .addOption(formOption())
    .option('--url <url>', 'where partners fetch the set, for --as recipient of an inventory')
    .option('--json', 'one JSON object')
    .addHelpText('after', examples)
    .action((name: string | undefined, thumbprint: string | undefined, o: ShowArguments) =>
      abortedBySignals((signal) =>
        inWordsOfTheCommand(async () => {
          const asked = { o, given: keysOf(name ?? ''), thumbprint, signal }
          return tellKey(terminal, o, await shownKey(asked))
        }),
      ),
    )
}

/** The key that is meant: of KMS, of an inventory or of a key set. */
async function shownKey(asked: Asked): Promise<Told> {
  const { o, given, signal } = asked
  const named = [given.source, o.keyId].filter((name) => name !== undefined && name !== '')
  if (named.length !== 1)
    throw new UsageError('expected one key: a key of --inventory, a key set, or --key-id')
  if (o.keyId === undefined)
    return o.inventory === undefined ? fromSet(asked) : fromInventory(asked)
  checkLone(given, o)
  if (o.inventory !== undefined) throw new UsageError('--key-id: it needs no --inventory')
  return keyOfKms(o.keyId, o, signal)
}

interface Asked {
  readonly o: ShowArguments
  readonly given: KeyArgument
  readonly thumbprint: string | undefined
  readonly signal: AbortSignal
}

/** A key with what is told of it in words. */
type Told = ShownKey & {
  readonly facts: object
  /** Whether its purpose opens age files by the inventory. A key of no purpose has none. */
  readonly isForAge?: boolean
}

async function fromInventory({ o, given, thumbprint }: Asked): Promise<Told> {
  if (thumbprint !== undefined)
    throw new UsageError(`${thumbprint}: one name of a key is enough with --inventory`)
  checkLone(given, o)
  const inventory = await inventoryIn(await storeOf(o))
  const meant = keyMeant(inventory, given.source)
  const { token: _token, jwk, ...facts } = meant.key
  const purpose = inventory.purposes.find(({ name }) => name === facts.purpose)
  return {
    thumbprint: facts.thumbprint,
    jwk,
    published: publishedJwk(meant.key, purpose?.withArn),
    facts,
    recipient: () => recipientFile({ given, url: o.url, pins: pinsOf(inventory, meant) }),
    opening: async () => openingOf(inventory, meant),
    ...(purpose && { isForAge: purpose.age === true }),
  }
}

/** Flags of trust say what stands in a recipient file, and an inventory needs none itself. */
function checkLone(
  { roots, pins, name, issuer, arn, isTrustedByHttps }: KeyArgument,
  o: ShowArguments,
): void {
  const others = [pins[0], arn, isTrustedByHttps].some((flag) => flag !== undefined)
  const ofRecipient = [roots[0], name, issuer, o.url].some((flag) => flag !== undefined)
  if (others) throw new UsageError('--pin, --arn and --trust-https are for key sets')
  if (ofRecipient && o.as !== 'recipient')
    throw new UsageError('--url, --root, --set-name and --issuer: they need --as recipient')
}

/** The thumbprints to pin: of a purpose also the next key's, so that a rotation finds it in place. */
function pinsOf(inventory: KeyInventory, { key, purpose }: KeyMeant): readonly string[] {
  const next = purpose && keyOf(inventory, purpose, 'next')
  return [key.thumbprint, ...(next ? [next.thumbprint] : [])]
}

/** States of keys for which files are there, or will be. */
const opening: readonly MadeKey['state'][] = ['next', 'retired']

/** The key; of a purpose also the next one and those that were retired, so that old files open. */
function openingOf({ keys }: KeyInventory, { key, purpose }: KeyMeant): readonly OpeningKey[] {
  const others = keys
    .filter(isMade)
    .filter((one) => one.purpose === purpose?.name && opening.includes(one.state))
  return [key, ...others]
}

async function fromSet({ o, given, thumbprint, signal }: Asked): Promise<Told> {
  if (o.url !== undefined) throw new UsageError('--url: it is for a key of an inventory')
  const { keys, trust } = await keySetOf(given, undefined)
  const ring = ringOf(keys)
  const key = await keyOfSet(ring, thumbprint, signal)
  const { info, jwk, stated } = key
  const { thumbprint: kid, use, alg } = info
  return {
    thumbprint: kid,
    jwk,
    published: { ...stated, ...jwk, kid, use, alg },
    facts: { ...info, trust },
    recipient() {
      if (!isUrl(given.source) || given.isTrustedByHttps)
        throw new UsageError('--as recipient: expected a URL with --root or --pin')
      return recipientFile({ given, url: given.source, pins: given.pins })
    },
    async opening() {
      if (info.arn === undefined)
        throw new UsageError(
          '--as age-identity: the key set shows no ARN of it: name a key of --inventory, or --key-id',
        )
      return [{ jwk, arns: [info.arn] }]
    },
  }
}

async function keyOfSet(
  ring: KeyRing,
  thumbprint: string | undefined,
  signal: AbortSignal,
): Promise<{
  info: { thumbprint: string; use: string; alg: string; arn?: string }
  jwk: PublicMembers
  stated: object
}> {
  if (thumbprint === undefined) return ring.forSealing(signal)
  const { keys } = await ring.current(signal)
  const found = keys.find(({ info }) => info.thumbprint === thumbprint)
  if (found) return found
  throw new SealdropError('key_not_found', `the key set has no key ${shown(thumbprint)}`)
}

/** States of a key that may be handed out. A key of a set has none. */
const inUse: readonly unknown[] = ['current', 'next', undefined]

async function tellKey(terminal: Terminal, { as, json }: ShowArguments, key: Told): Promise<void> {
  if (as === undefined) {
    const facts: readonly (readonly [string, unknown])[] = Object.entries(key.facts)
    const lines = facts.map(([name, value]) => `${name}: ${inWords(value)}`)
    for (const line of json ? [JSON.stringify(key.facts)] : lines) terminal.out(line)
    return
  }
  const { state, revoked } = key.facts as { readonly state?: unknown; readonly revoked?: unknown }
  if (revoked !== undefined) terminal.note(`${key.thumbprint} was taken back`)
  else if (!inUse.includes(state)) terminal.note(`${key.thumbprint} is ${String(state)}`)
  const value = await formOf(as, key)
  if (as === 'age' && key.isForAge === false)
    terminal.note(
      'its purpose has no age: true: it opens age files by --key-id, not by --inventory',
    )
  const plain = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  terminal.out(json ? JSON.stringify({ as, value }) : plain)
}

function inWords(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}
