import { isText } from '../../formats/json.js'
import {
  count,
  listOf,
  membersOf,
  path,
  tableOf,
  text,
  yesOrNo,
  type Rule,
  type Schema,
  type Shape,
} from './shapes.js'

/** A recipient that the configuration gives a name. It says what the flags behind `-r` say. */
export interface NamedRecipient {
  readonly url?: string
  readonly file?: string
  readonly roots?: readonly string[]
  readonly pins?: readonly string[]
  readonly name?: string
  readonly issuer?: string
  readonly arn?: string
}

const has = (...required: readonly string[]): Schema => ({ required })

/** There is no way to say that whoever serves a URL is believed: that is a flag only. */
const recipientRules: readonly Rule[] = [
  {
    schema: { oneOf: [has('url'), has('file')] },
    holds: (o) => 'url' in o !== 'file' in o,
    expected: 'either url or file',
  },
  {
    schema: { not: has('roots', 'pins') },
    holds: (o) => !('roots' in o && 'pins' in o),
    expected: 'roots or pins, and not both',
  },
  {
    schema: { anyOf: [has('file'), has('roots'), has('pins')] },
    holds: (o) => ['file', 'roots', 'pins'].some((name) => name in o),
    expected: 'roots or pins, which say why the keys of the url are believed',
  },
  {
    schema: { dependentRequired: { name: ['roots'], issuer: ['roots'] } },
    holds: (o) => 'roots' in o || !('name' in o || 'issuer' in o),
    expected: 'roots beside name and issuer',
  },
]

const recipient = membersOf(
  'Whom to seal to, or whose signatures to verify, and why their keys are believed.',
  {
    url: text('Where the key set is published.', {
      pattern: '^https?://[^/]',
      expected: 'an https URL',
    }),
    file: path('A key set, a key or a recipient file.'),
    roots: listOf(
      'Files of public JWKs, one of which must have signed the set.',
      path('A file of public JWKs.'),
    ),
    pins: listOf('Thumbprints of keys that are believed.', text('A thumbprint.')),
    name: text("The set's name."),
    issuer: text('Who must have issued the set.'),
    arn: text('The ARN of an RSA key.', { pattern: '^arn:', expected: 'an ARN' }),
  },
  recipientRules,
)

/** What a setting is called, where else it may be said, and what it must be. */
interface Row {
  readonly shape: Shape<unknown>
  /** Of formatting and jobs: a file in the working folder may say it too. */
  readonly isHarmless?: true
  /** The member of the command's options that it fills, where that has another name. */
  readonly option?: string
  /** The environment variable that says it. */
  readonly env?: string
  /** Variables of AWS's own that say it. AWS's client reads them. */
  readonly aws?: readonly string[]
  /** Of members of a group only one may count. */
  readonly group?: string
}

/** The name of a setting. */
export type SettingName =
  | 'recipients'
  | 'keyIds'
  | 'inventory'
  | 'region'
  | 'profile'
  | 'endpointUrl'
  | 'state'
  | 'jobs'
  | 'json'

/** Every setting. The reader and the published schema are made of it. */
export const settingRows: Readonly<Record<SettingName, Row>> = {
  recipients: {
    shape: tableOf(
      'Recipients by their names: -r @name and -k @name.',
      { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$', expected: 'letters, digits, dots and dashes' },
      recipient,
    ),
  },
  keyIds: {
    shape: listOf('Keys of KMS that open: ARNs or aliases.', text('An ARN or an alias.')),
    option: 'keyId',
    env: 'SEALDROP_KEY_IDS',
    group: 'keys',
  },
  inventory: {
    shape: path('Inventory of the keys that open: a folder, s3://… or dynamodb://….', {
      except: /^\w+:\/\//,
    }),
    env: 'SEALDROP_INVENTORY',
    group: 'keys',
  },
  region: { shape: text('Region of KMS.'), aws: ['AWS_REGION'] },
  profile: {
    shape: text('Profile of the AWS credentials.'),
    // a profile would come before credentials that the environment has
    aws: [
      'AWS_PROFILE',
      'AWS_ACCESS_KEY_ID',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ],
  },
  endpointUrl: {
    shape: text('Where KMS is, if not at AWS.', {
      // what io/secure-url.ts takes: data keys cross the network in clear otherwise
      pattern: String.raw`^(https://[^/@\s]+|http://(localhost|127(\.\d+){3}|\[::1\])(:\d+)?)(/|$)`,
      expected: 'https, or http to this machine, since data keys come from there',
    }),
    aws: ['AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL'],
  },
  state: {
    shape: path('Folder for the newest signed sets that were seen; none keeps nothing.', {
      except: /^none$/,
    }),
    env: 'SEALDROP_STATE',
  },
  jobs: {
    shape: count('How many inputs are opened side by side.', 1, 99),
    env: 'SEALDROP_JOBS',
    isHarmless: true,
  },
  json: {
    shape: yesOrNo('Whether commands that have --json print JSON.'),
    env: 'SEALDROP_JSON',
    isHarmless: true,
  },
}

export const settingNames = Object.keys(settingRows) as readonly SettingName[]

const note = ({ isHarmless, env, aws = [] }: Row): string => {
  const said = [...(env === undefined ? [] : [env]), ...aws]
  const variables = said.length === 0 ? '' : ` ${said.join(', ')} comes before it.`
  return isHarmless ? `${variables} A file in the working folder may have it too.` : variables
}

/** A whole file. Editors look for the schema at `$schema`. */
export const fileShape: Shape<Readonly<Record<string, unknown>>> = membersOf(
  'The configuration of the command sealdrop.',
  {
    $schema: text('Where this schema is, for editors.'),
    ...Object.fromEntries(
      settingNames.map((name) => {
        const { shape } = settingRows[name]
        const { description } = shape.schema
        const schema = {
          ...shape.schema,
          description: `${String(description)}${note(settingRows[name])}`,
        }
        return [name, { ...shape, schema }]
      }),
    ),
  },
)

/** The schema that is published, as text. `sealdrop config --schema` prints it. */
export const schemaText = (): string =>
  JSON.stringify(
    {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'sealdrop',
      ...fileShape.schema,
    },
    null,
    2,
  )

/** Members of a file that only somebody who is trusted may say. */
export const decisiveIn = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.keys(values).filter(
    (name) => name !== '$schema' && !settingRows[name as SettingName].isHarmless,
  )

/** The text of a value, for people. */
export const inWords = (value: unknown): string =>
  isText(value) ? value : JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value)
