import { regionOf } from '../../formats/arn.js'
import {
  isMade,
  type KeyInventory,
  type MadeKey,
  type Purpose,
} from '../inventory/inventory-model.js'
import { aliasFor } from '../rotation/alias.js'
import { day } from '../rotation/steps.js'
import { standing, timeOf } from '../rotation/when.js'
import { finding, seen, warning, type Examination, type Finding } from './finding.js'

/**
 * Compares what aliases name with what the inventory says.
 *
 * It looks into every Region that has or had keys of a purpose.
 */
export async function examineAliases(o: Examination): Promise<readonly Finding[]> {
  const examinations = o.inventory.purposes.map((purpose) => aliasesOf(o, purpose))
  return (await Promise.all(examinations)).flat()
}

async function aliasesOf(o: Examination, purpose: Purpose): Promise<readonly Finding[]> {
  const own = o.inventory.keys.filter((key) => key.purpose === purpose.name)
  const made = own.filter(isMade)
  const current = made.find(({ state }) => state === 'current')
  if (!current) return [withoutCurrent(o, purpose)]
  if (current.aliased === undefined) return notAliased(o, purpose, current)
  const findings = await Promise.all([
    ...current.arns.map((arn) => named(o, purpose, current, arn)),
    ...regionsLeft(made, current).map((arn) => leftBehind(o, purpose, arn)),
  ])
  return findings.flat()
}

function withoutCurrent({ inventory, now }: Examination, purpose: Purpose): Finding {
  const check = `${purpose.name}: has a current key`
  const isBegun = inventory.keys.some(
    (key) => key.purpose === purpose.name && (key.state === 'next' || key.state === 'making'),
  )
  if (!isBegun) return finding(check, 'planRotation and applyRotation make one')
  const { readyAt } = standing(inventory, purpose, now)
  const at = new Date(Math.max(now, readyAt)).toISOString()
  return warning(
    check,
    `its first key comes into use at ${at}, when applyRotation runs: before, clients could have a set without it`,
  )
}

/** The findings where the alias was not moved yet: none for a day, in which a run may move it. */
function notAliased({ now }: Examination, purpose: Purpose, current: MadeKey): readonly Finding[] {
  if (now < timeOf(current.starts) + day) return []
  const check = `${purpose.name}: has a current key`
  return [finding(check, `${purpose.alias} does not name it yet: run applyRotation`)]
}

/** A retired key in each Region where the purpose has no current one. */
function regionsLeft(made: readonly MadeKey[], current: MadeKey): readonly string[] {
  const regions = current.arns.map(regionOf)
  const left = made
    .filter(({ state }) => state === 'retired')
    .flatMap(({ arns }) => arns)
    .filter((arn) => !regions.includes(regionOf(arn)))
  return [...new Map(left.map((arn) => [regionOf(arn), arn])).values()]
}

async function named(
  { inventory, described }: Examination,
  purpose: Purpose,
  current: MadeKey,
  arn: string,
): Promise<readonly Finding[]> {
  const alias = current.alias ?? purpose.alias
  const name = nameOf(alias)
  const region = regionOf(arn)
  const check = `${name} in ${region}: names the current key`
  return seen(check, async () => {
    const found = await described(aliasFor(alias, arn))
    const move = (verb: string): string =>
      `aws kms ${verb} --alias-name ${name} --target-key-id ${arn} --region ${region}`
    if (!found) return finding(check, `there is no such alias: ${move('create-alias')}`)
    if (found.arn === arn) return finding(check)
    const repair =
      found.usage === current.usage
        ? move('update-alias')
        : `aws kms delete-alias --alias-name ${name} --region ${region}, then ${move('create-alias')}`
    return finding(
      check,
      `it names ${found.arn}, ${whose(found.arn, inventory)}, since somebody moved it by hand. Signers that start now sign with that key. Move it back: ${repair}`,
    )
  })
}

function whose(arn: string, { keys }: KeyInventory): string {
  const key = keys.findLast(({ arns }) => arns?.includes(arn))
  return key ? `the ${key.state} key ${key.thumbprint}` : 'a key that the inventory does not know'
}

/** The name of an alias, without the Region and account of an ARN. */
const nameOf = (alias: string): string => alias.replace(/^.*(?=alias\/)/, '')

/** Looks at a Region in which the purpose has no current key any more. */
async function leftBehind(
  { described }: Examination,
  { alias }: Purpose,
  arn: string,
): Promise<readonly Finding[]> {
  const name = nameOf(alias)
  const check = `${name} in ${regionOf(arn)}: names no retired key`
  return seen(check, async () => {
    const found = await described(aliasFor(alias, arn))
    if (found?.arn !== arn) return finding(check)
    return finding(
      check,
      `it names ${arn}, which is retired, and its purpose has no key there any more: signers there go on with it. When nobody needs it there: aws kms delete-alias --alias-name ${name} --region ${regionOf(arn)}`,
    )
  })
}
