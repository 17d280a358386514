import { fromUtf8 } from '../../bytes/text.js'
import { isSealdropError, SealdropError } from '../../errors/sealdrop-error.js'
import { isJsonObject, isText, parseJson, type JsonObject } from '../../formats/json.js'
import type { KeyPolicyOptions, KeyTemplateOptions, PolicyRole } from '../../doors/kms.js'
import { collect } from '../arguments/collect.js'
import { readBytes } from '../arguments/key-sets.js'
import { Argument, Command, Option } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'

const examples = `
Examples:
  $ sealdrop policy opener --key-id arn:aws:kms:eu-central-1:111122223333:alias/claims --principal arn:aws:iam::111122223333:role/Claims
      What this role needs to open, as its part of the key policy and as an IAM policy.
  $ sealdrop policy administrator --principal arn:aws:iam::111122223333:role/Admin --and opener --principal arn:aws:iam::111122223333:role/Claims --key-id 'arn:aws:kms:eu-central-1:111122223333:key/*' --only key-policy > policy.json
      The one policy of a key, for aws kms create-key --policy file://policy.json.
  $ sealdrop policy opener --key-id arn:aws:kms:eu-central-1:111122223333:alias/claims --principal 444455556666 --join now.json
      The same joined with the policy that the key has: what aws kms get-key-policy wrote to now.json.
  $ sealdrop policy administrator --principal arn:aws:iam::111122223333:role/Admin --key-id arn:aws:kms:eu-central-1:111122223333:alias/claims --template --spec ECC_NIST_P256 --usage KEY_AGREEMENT
      Key, alias and policies as a template of CloudFormation.

It only writes JSON: nobody is asked, and nothing is sent to AWS. A policy that nobody could change is refused where it is
the whole one (--and, --join, --template).`

interface PolicyArguments {
  readonly keyId?: string
  readonly accountRoot?: true
  readonly join?: readonly string[]
  readonly only?: 'key-policy' | 'iam-policy'
  readonly template?: true
  readonly spec?: string
  readonly usage?: KeyTemplateOptions['usage']
  readonly json?: true
}

/** Who does one thing with the key. */
interface RolePart {
  readonly role: PolicyRole
  readonly principals: readonly string[]
  readonly algs: readonly string[]
}

/** A part while the command line is read. */
type Draft = { role: string; readonly principals: string[]; readonly algs: string[] }

const roles = [
  'administrator',
  'publisher',
  'opener',
  'signer',
  'resealer',
  'reader',
] as const satisfies PolicyRole[]
const usages = ['ENCRYPT_DECRYPT', 'KEY_AGREEMENT', 'SIGN_VERIFY']

const draftOf = (role: string): Draft => ({ role, principals: [], algs: [] })

/**
 * Adds the flags that say who may do it. They bind to the role before them.
 *
 * @returns the parts. The role of the first one is the argument of the command
 */
function partFlags(command: Command): readonly Draft[] {
  const drafts = [draftOf('')]
  const last = (): Draft => drafts.at(-1) as Draft
  command
    .option('--principal <arn|account>', 'who has the role before it; again for several', (who) =>
      last().principals.push(who),
    )
    .option(
      '--alg <name>',
      'a JOSE name of what an opener or a signer uses; again for several; default: all',
      (alg) => last().algs.push(alg),
    )
    .addOption(
      new Option('--and <role>', 'another role, whose --principal stand behind it').argParser(
        (role: string) => drafts.push(draftOf(roleOf(role))),
      ),
    )
  return drafts
}

function roleOf(text: string): PolicyRole {
  const found = roles.find((role) => role === text)
  if (!found) throw new UsageError(`--and ${text}: expected ${roles.join(', ')}`)
  return found
}

/** The command `sealdrop policy`. */
export function policyCommand(terminal: Terminal): Command {
  const command = new Command('policy')
    .description('write what a role needs and nothing else, as key policy and IAM policy')
    .addArgument(new Argument('<role>', 'what is done with the key').choices(roles))
    .option('--key-id <arn>', "ARN of a key, of an alias, or of all keys: '…:key/*'")
  const drafts = partFlags(command)
  return command
    .option('--account-root', 'let IAM policies of the account allow anything, as KMS does itself')
    .option(
      '--join <file>',
      'join it with this key policy, such as that of now; again for several',
      collect(String),
    )
    .addOption(
      new Option('--only <document>', 'one document alone').choices(['key-policy', 'iam-policy']),
    )
    .option('--template', 'a template of CloudFormation, which makes the key and its alias')
    .option('--spec <KeySpec>', 'KMS KeySpec of the key of --template: ECC_NIST_P256')
    .addOption(new Option('--usage <KeyUsage>', 'KMS KeyUsage of that key').choices(usages))
    .option('--json', 'in one line')
    .addHelpText('after', examples)
    .action(async (role: PolicyRole, o: PolicyArguments) => {
      const parts = drafts.map((draft, i) => ({ ...draft, ...(i === 0 && { role }) }) as RolePart)
      check(parts, o)
      const document = await (o.template ? template(parts, o) : policies(parts, o)).catch(
        inWordsOfTheCommand,
      )
      terminal.out(JSON.stringify(document, undefined, o.json ? undefined : 2))
    })
}

function check(parts: readonly RolePart[], o: PolicyArguments): void {
  const names = parts.map(({ role }) => role)
  const twice = names.find((role, index) => names.indexOf(role) !== index)
  if (twice !== undefined) throw new UsageError(`--and ${twice}: this role is there already`)
  if (o.keyId === undefined)
    throw new UsageError('--key-id: expected the ARN of a key, of an alias, or of all keys')
  const lonely = parts.find(({ principals }) => principals.length === 0)
  if (lonely) throw new UsageError(`${lonely.role}: expected a --principal behind it`)
  const wrong = combinations.find(([isWrong]) => isWrong(o, parts.length))
  if (wrong) throw new UsageError(wrong[1])
}

type Combination = readonly [isWrong: (o: PolicyArguments, count: number) => boolean, why: string]

/** Flags that do not go together. */
const combinations: readonly Combination[] = [
  [
    ({ template: is, join, only }) => is === true && (join ?? only) !== undefined,
    '--template: --join and --only are not for it',
  ],
  [
    ({ template: is, spec, usage }) => is === true && [spec, usage].includes(undefined),
    '--template: expected --spec and --usage of the key that it makes',
  ],
  [
    ({ template: is, spec, usage }) => !is && (spec ?? usage) !== undefined,
    '--spec and --usage are for --template',
  ],
  [
    ({ only, join }, count) => only === 'iam-policy' && (count > 1 || join !== undefined),
    '--only iam-policy: it is for one role, and --join is for key policies',
  ],
]

const optionsOf = (part: RolePart, o: PolicyArguments): KeyPolicyOptions => ({
  role: part.role,
  key: o.keyId ?? '',
  principals: part.principals,
  ...(o.accountRoot && { accountRoot: true }),
  ...(part.algs.length > 0 && { algs: part.algs }),
})

async function policies(parts: readonly RolePart[], o: PolicyArguments): Promise<object> {
  const { joinPolicies, keyPolicy } = await import('../../doors/kms.js')
  const written = parts.map((part) => keyPolicy(optionsOf(part, o)))
  const [first] = written
  if (o.only === 'iam-policy') return first?.iamPolicy ?? {}
  const others = await Promise.all((o.join ?? []).map(readPolicy))
  const all = [...others, ...written.map((one) => one.keyPolicy)]
  // a part alone is not the whole policy, which somebody must be able to change
  const policy = first && all.length === 1 ? first.keyPolicy : joinPolicies(all)
  if (o.only === 'key-policy') return policy
  const byRole = parts.map(({ role }, index) => [role, written[index]?.iamPolicy] as const)
  return { keyPolicy: policy, iamPolicies: Object.fromEntries(byRole) }
}

async function template(parts: readonly RolePart[], o: PolicyArguments): Promise<object> {
  const { keyTemplate } = await import('../../doors/kms.js')
  const algs = [...new Set(parts.flatMap((part) => part.algs))]
  return keyTemplate({
    key: o.keyId ?? '',
    spec: o.spec ?? '',
    usage: o.usage ?? 'KEY_AGREEMENT',
    roles: Object.fromEntries(parts.map(({ role, principals }) => [role, principals])),
    ...(o.accountRoot && { accountRoot: true }),
    ...(algs.length > 0 && { algs }),
  })
}

/** A key policy in a file: itself, what this command wrote, or what the AWS CLI wrote. */
async function readPolicy(path: string): Promise<JsonObject> {
  const found = jsonOf(path, fromUtf8(await readBytes(path)) ?? '')
  const policy = found['keyPolicy'] ?? found['Policy'] ?? found
  const document = isText(policy) ? jsonOf(path, policy) : policy
  if (isJsonObject(document) && 'Statement' in document) return document
  throw new UsageError(`--join ${path}: expected a key policy in JSON`)
}

function jsonOf(path: string, text: string): JsonObject {
  const found = parseJson(text, { code: 'invalid_argument', field: `--join ${path}` })
  if (isJsonObject(found)) return found
  throw new UsageError(`--join ${path}: expected a key policy in JSON`)
}

/** An error in the words of the command: who typed it knows `--principal`, and not its place. */
function inWordsOfTheCommand(error: unknown): never {
  if (!isSealdropError(error)) throw error
  const message = error.message
    .replace(/^key(?=:)/, '--key-id')
    .replace(/^(principals|roles\.\w+)(\[\d+\])?(?=:)/, '--principal')
    .replace(/^algs(\[\d+\])?(?=:)/, '--alg')
    .replace('accountRoot lets', '--account-root lets')
    .replace(/^spec and usage(?=:)/, '--spec and --usage')
  throw new SealdropError(error.code, message, { cause: error })
}
