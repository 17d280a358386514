import type { Kms } from '../../doors/kms.js'
import { awsPatience } from '../aws-patience.js'
import type { Command } from '../commander.js'
import { takesSettings } from '../config/apply.js'
import { settingRows } from '../config/members.js'

/** What these flags say. */
export interface KmsArguments {
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

/** Data keys come from there: a host on the way must not see them. @throws UsageError */
const parseEndpoint = (text: string): string =>
  settingRows.endpointUrl.shape.read(text, { source: '--endpoint-url', folder: '' }) as string

/** Adds the flags that say how KMS is reached, under the names that AWS's command line has. */
export function kmsFlags(command: Command): Command {
  command
    .option('--region <region>', "Region of KMS; default: AWS_REGION, or the profile's")
    .option('--profile <name>', 'profile of the credentials; default: AWS_PROFILE')
    .option(
      '--endpoint-url <url>',
      'another KMS by https, or a local one by http; default: that of AWS',
      parseEndpoint,
    )
  return takesSettings(command, ['region', 'profile', 'endpointUrl'])
}

/** How KMS is reached. What is not said is left to AWS's default chain. */
export function kmsOf({ region, profile, endpointUrl }: KmsArguments): Kms {
  return {
    ...awsPatience,
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
  }
}
