import { regionOf } from '../../formats/arn.js'
import { isMade, type MadeKey, type Purpose } from '../inventory/model.js'
import { aliasFor } from '../rotation/alias.js'
import { day } from '../rotation/steps.js'
import { standing, timeOf } from '../rotation/when.js'
import { finding, seen, warning, type Examination, type Finding } from './finding.js'

/**
 * Compares what aliases name with what the inventory says, in every Region that has, or had, keys
 * of a purpose.
 */
export async function examineAliases(o: Examination): Promise<readonly Finding[]> {
  return (await Promise.all(o.inventory.purposes.map((purpose) => aliasesOf(o, purpose)))).flat()
}

async function aliasesOf(o: Examination, purpose: Purpose): Promise<readonly Finding[]> {
  const { inventory, now } = o
  const check = `${purpose.name}: has a current key`
  const own = inventory.keys.filter((key) => key.purpose === purpose.name)
  const current = own.filter(isMade).find(({ state }) => state === 'current')
  if (!current) {
    const { readyAt } = standing(inventory, purpose, now)
    return [
      own.some(({ state }) => state === 'next' || state === 'making')
        ? warning(
            check,
            `its first key comes into use at ${new Date(Math.max(now, readyAt)).toISOString()}, when applyRotation runs: before, clients could have a set without it`,
          )
        : finding(check, 'planRotation and applyRotation make one'),
    ]
  }
  if (current.aliased === undefined)
    return now < timeOf(current.starts) + day
      ? []
      : [finding(check, `${purpose.alias} does not name it yet: run applyRotation`)]
  const left = own
    .filter(isMade)
    .filter(({ state }) => state === 'retired')
    .flatMap(({ arns }) => arns)
    .filter((arn) => !current.arns.some((other) => regionOf(other) === regionOf(arn)))
  const regions = new Map(left.map((arn) => [regionOf(arn), arn]))
  return (
    await Promise.all([
      ...current.arns.map((arn) => named(o, purpose, current, arn)),
      ...[...regions.values()].map((arn) => leftBehind(o, purpose, arn)),
    ])
  ).flat()
}

async function named(
  { inventory, described }: Examination,
  purpose: Purpose,
  current: MadeKey,
  arn: string,
): Promise<readonly Finding[]> {
  const known = new Map(
    inventory.keys.flatMap(({ arns = [], state, thumbprint }) =>
      arns.map((of) => [of, `the ${state} key ${thumbprint}`] as const),
    ),
  )
  const name = (current.alias ?? purpose.alias).replace(/^.*(?=alias\/)/, '')
  const check = `${name} in ${regionOf(arn)}: names the current key`
  return seen(check, async () => {
    const found = await described(aliasFor(current.alias ?? purpose.alias, arn))
    const move = (verb: string): string =>
      `aws kms ${verb} --alias-name ${name} --target-key-id ${arn} --region ${regionOf(arn)}`
    if (!found) return finding(check, `there is no such alias: ${move('create-alias')}`)
    const repair =
      found.usage === current.usage
        ? move('update-alias')
        : `aws kms delete-alias --alias-name ${name} --region ${regionOf(arn)}, then ${move('create-alias')}`
    return finding(
      check,
      found.arn !== arn &&
        `it names ${found.arn}, ${known.get(found.arn) ?? 'a key that the inventory does not know'}, since somebody moved it by hand. Signers that start now sign with that key. Move it back: ${repair}`,
    )
  })
}

/** A Region whose replica was given up. */
async function leftBehind(
  { described }: Examination,
  { alias }: Purpose,
  arn: string,
): Promise<readonly Finding[]> {
  const name = alias.replace(/^.*(?=alias\/)/, '')
  const check = `${name} in ${regionOf(arn)}: names no retired key`
  return seen(check, async () =>
    finding(
      check,
      (await described(aliasFor(alias, arn)))?.arn === arn &&
        `it names ${arn}, which is retired, and its purpose has no key there any more: signers there go on with it. When nobody needs it there: aws kms delete-alias --alias-name ${name} --region ${regionOf(arn)}`,
    ),
  )
}
