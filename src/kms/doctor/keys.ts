import { isMade, type KeyState, type MadeKey } from '../inventory/inventory-model.js'
import { isPendingDeletion } from '../port/key-state.js'
import type { KeyDescription } from '../port/port.js'
import { timeOf } from '../rotation/when.js'
import { finding, seen, warning, type Examination, type Finding } from './finding.js'

/** Compares what the inventory says of each key with what KMS does. */
export async function examineKeys(o: Examination): Promise<readonly Finding[]> {
  const keys = o.inventory.keys.filter(isMade).filter(({ state }) => state !== 'deleted')
  const examinations = keys.flatMap((key) => key.arns.map((arn) => examineKey(o, key, arn)))
  return (await Promise.all(examinations)).flat()
}

function examineKey(
  { described, now }: Examination,
  key: MadeKey,
  arn: string,
): Promise<readonly Finding[]> {
  const check = `${key.purpose}: ${key.state} key ${key.thumbprint} (${arn})`
  return seen(check, async () => {
    const found = await described(arn)
    const judge = judges[key.state] ?? enabled
    const { wrong, warned } = judge({ key, arn, state: found?.state ?? 'gone', found, now })
    return warned ? warning(check, warned) : finding(check, wrong)
  })
}

interface Seen {
  readonly key: MadeKey
  readonly arn: string
  readonly state: string
  readonly found: KeyDescription | undefined
  readonly now: number
}
interface Verdict {
  readonly wrong?: string
  readonly warned?: string
}

/** How a key is judged by its state in the inventory. In every other state it must be enabled. */
const judges: Readonly<Partial<Record<KeyState, (seen: Seen) => Verdict>>> = { deleting, disabled }

const aws = (command: string, arn: string): string =>
  `aws kms ${command} --key-id ${arn} --region ${arn.split(':')[3]}`

/** Judges a key whose deletion was scheduled. Its replicas are gone before their primary. */
function deleting({ key, state, found, now }: Seen): Verdict {
  if (state === 'gone') {
    const isExpected = key.arns.length > 1 || timeOf(key.deletes) <= now
    if (isExpected) return {}
    return { wrong: `it is gone before ${key.deletes}, when its deletion was to be final` }
  }
  if (isPendingDeletion(state))
    return {
      warned: `it is deleted for good at ${found?.deletes?.toISOString() ?? key.deletes}; restoreKey brings it back until then`,
    }
  return {
    wrong: `the inventory says deleting, KMS ${state}: somebody cancelled it. Run restoreKey, so that the inventory knows and openers use it again, or deleteKey`,
  }
}

function disabled({ state }: Seen): Verdict {
  if (state === 'Disabled') return {}
  if (state === 'gone' || isPendingDeletion(state))
    return {
      wrong: `the inventory says disabled, KMS ${state}: somebody deleted it outside of deleteKey. What it sealed is lost unless it is only pending; then restoreKey brings it back`,
    }
  return {
    warned: `the inventory says disabled, KMS ${state}: run restoreKey, or retireKey with disable again`,
  }
}

function enabled({ key, arn, state, found }: Seen): Verdict {
  if (state === 'Enabled') return {}
  if (state === 'Creating' || state === 'Updating')
    return { warned: `it is ${state} in KMS, which takes seconds: look again` }
  if (key.state === 'retired' && key.starts === undefined)
    return {
      warned: `it is ${state} in KMS, and was never in use: retireKey with disable tells the inventory`,
    }
  const lost =
    key.usage === 'SIGN_VERIFY'
      ? 'nothing is signed with it'
      : 'nothing that was sealed to it opens'
  if (state === 'Disabled')
    return {
      wrong: `it is Disabled in KMS: ${lost}. Find out who did it (CloudTrail: DisableKey); restoreKey, or ${aws('enable-key', arn)}, brings it back`,
    }
  if (isPendingDeletion(state))
    return {
      wrong: `it is pending deletion${found?.deletes ? `, for good at ${found.deletes.toISOString()}` : ''}, which the inventory does not know: ${lost}. Find out who did it (CloudTrail: ScheduleKeyDeletion); restoreKey brings it back, or ${aws('cancel-key-deletion', arn)}, then ${aws('enable-key', arn)}`,
    }
  if (state === 'gone')
    return {
      wrong: `KMS has no such key: ${lost}. It was deleted outside of deleteKey, or these are credentials of another account`,
    }
  return { wrong: `it is ${state} in KMS: ${lost} until its material is there again` }
}
