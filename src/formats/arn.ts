/**
 * A KMS key ARN, never an alias: partition, Region, account, key id.
 *
 * Ids of multi-Region keys begin with `mrk-`.
 */
const pattern = /^arn:([\w-]+):kms:([\w-]+):(\d{12}):key\/([\w-]+)$/

export const isKeyArn = (arn: string | undefined): arn is string => pattern.test(arn ?? '')

/** Whether two ARNs name one key: equal, or replicas of one multi-Region key. */
export function sameKey(a: string, b: string): boolean {
  const inAnyRegion = (arn: string): string => {
    const [, partition, , account, id] = pattern.exec(arn) ?? []
    return id?.startsWith('mrk-') ? `${partition} ${account} ${id}` : arn
  }
  return inAnyRegion(a) === inAnyRegion(b)
}

/** The Region that an ARN names; undefined for other names of keys and aliases. */
export const regionOf = (name: string | undefined): string | undefined =>
  /^arn:[\w-]+:kms:([\w-]+):/.exec(name ?? '')?.[1]

/** Whether two ARNs of keys or aliases are of one partition, Region and account. */
export function samePlace(a: string, b: string): boolean {
  const placeOf = (arn: string): string => arn.split(':', 5).join(':')
  return placeOf(a) === placeOf(b)
}

/** The same key, or alias, in another Region. */
export const arnIn = (region: string, arn: string): string =>
  arn.replace(/^(arn:[\w-]+:kms:)[\w-]+/, `$1${region}`)
