import { isSealdropError } from '../../errors/sealdrop-error.js'
import { aliasFor } from '../rotation/create-next.js'
import { planRotation } from '../rotation/plan.js'
import { day } from '../rotation/steps.js'
import { timeOf } from '../rotation/when.js'
import { isDeleted, isMade, type KeyInventory, type MadeKey, type Purpose } from '../inventory/model.js'
import type { KeyDescription } from '../port.js'
import { examined, finding, warning, type Finding } from './finding.js'

export interface Examination {
  readonly inventory: KeyInventory
  /** What KMS says of each key and alias that the inventory names. */
  readonly described: (name: string) => Promise<KeyDescription>
  readonly now: number
}

/** Compares what the inventory says of each key and alias with what KMS does. */
export async function examineKeys(o: Examination): Promise<readonly Finding[]> {
  const { inventory, described, now } = o
  const made = inventory.keys.filter(isMade).filter((key) => !isDeleted(key, now))
  const keys = await Promise.all(made.flatMap((key) => key.arns.map((arn) => seen(keyCheck(key, arn), async () => stateOf(key, arn, await described(arn))))))
  const aliases = await Promise.all(inventory.purposes.map((purpose) => aliasesOf(o, purpose)))
  return [...keys, ...aliases].flat()
}

/** Who opens or signs need not be able to look. */
const seen = (check: string, work: () => Promise<Finding>): Promise<readonly Finding[]> => examined(check, () => work().catch((error: unknown) => {
  if (!isSealdropError(error) || error.code !== 'kms_denied') throw error
  return warning(check, 'cannot be told from here, since these credentials may not call kms:DescribeKey: run doctor as the administrator too')
}))

const keyCheck = ({ purpose, thumbprint, state }: MadeKey, arn: string): string => `${purpose}: ${state} key ${thumbprint} (${arn})`

function stateOf(key: MadeKey, arn: string, found: { readonly state: string; readonly deletes: Date | undefined }): Finding {
  const check = keyCheck(key, arn)
  const pending = /^Pending.*Deletion$/.test(found.state)
  const undo = `restoreKey brings it back, or aws kms cancel-key-deletion --key-id ${arn}, then aws kms enable-key --key-id ${arn}`
  const sealed = key.usage === 'SIGN_VERIFY' ? 'nothing is signed with it' : 'nothing that was sealed to it opens'
  if (key.state === 'deleting') return pending ? warning(check, `it is deleted for good at ${found.deletes?.toISOString() ?? key.deletes}; restoreKey brings it back until then`) : finding(check, `the inventory says deleting, KMS ${found.state}: run restoreKey, or deleteKey again`)
  if (pending) return finding(check, `it is pending deletion${found.deletes ? `, for good at ${found.deletes.toISOString()}` : ''}, which the inventory does not know: ${sealed}. Find out who did it (CloudTrail: ScheduleKeyDeletion); ${undo}`)
  if (key.state === 'disabled') return found.state === 'Disabled' ? finding(check) : warning(check, `the inventory says disabled, KMS ${found.state}: run restoreKey, or retireKey with disable again`)
  return finding(check, found.state !== 'Enabled' && `it is ${found.state} in KMS: ${sealed}. Find out who did it (CloudTrail: DisableKey); restoreKey, or aws kms enable-key --key-id ${arn}, brings it back`)
}

async function aliasesOf({ inventory, described, now }: Examination, purpose: Purpose): Promise<readonly Finding[]> {
  const { name, alias } = purpose
  const current = inventory.keys.filter(isMade).find((key) => key.purpose === name && key.state === 'current')
  if (!current) return [finding(`${name}: has a current key`, 'planRotation and applyRotation make one')]
  if (current.aliased === undefined) return now < timeOf(current.starts) + day ? [] : [finding(`${name}: has a current key`, `${alias} does not name it yet: run applyRotation`)]
  const known = new Map(inventory.keys.flatMap(({ arns = [], state, thumbprint }) => arns.map((arn) => [arn, `the ${state} key ${thumbprint}`] as const)))
  return (await Promise.all(current.arns.map((arn) => {
    const aliasArn = aliasFor(current.alias ?? alias, arn)
    return seen(`${aliasArn}: names the current key`, async () => {
      const { arn: named } = await described(aliasArn)
      const what = known.get(named) ?? 'a key that the inventory does not know'
      return finding(`${aliasArn}: names the current key`, named !== arn && `it names ${named}, ${what}, since somebody moved it by hand. Signers that start now sign with that key. Move it back: aws kms update-alias --alias-name ${aliasArn.slice(aliasArn.indexOf('alias/'))} --target-key-id ${arn} --region ${arn.split(':')[3]}`)
    })
  }))).flat()
}

/** What a rotation would do now: a warning on the day it comes due. */
export function examineRotation(inventory: KeyInventory, now: number, every: string): Finding {
  const due = (at: number): readonly string[] => planRotation(inventory, { now: new Date(at), every }).steps.filter(({ notBefore }) => notBefore.getTime() <= at).map(({ kind, key, why }) => `${kind} ${key} (${why})`)
  const [today, yesterday] = [due(now), due(now - day)]
  const check = 'rotation: nothing is due'
  if (yesterday.length > 0) return finding(check, `${yesterday.join('; ')}. Does anything run planRotation and applyRotation?`)
  return today.length > 0 ? warning(check, `run planRotation and applyRotation: ${today.join('; ')}`) : finding(check)
}
