import { isSealdropError } from '../../errors/sealdrop-error.js'
import type { JsonObject } from '../../formats/json.js'
import { KmsFault } from '../wire/fault.js'
import type { InjectedFaults } from './injected-faults.js'

/**
 * Does something with the faults of a server; undefined stands for an empty body.
 *
 * @throws KmsFault
 */
export type FaultOperation = (faults: InjectedFaults, body: JsonObject) => JsonObject | undefined

const prefix = 'SealdropLocalKms.'
const upper = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`
const lower = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`
const rename = (members: object, by: (name: string) => string): JsonObject =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [by(name), value]))

/**
 * The operations by their names.
 *
 * Members are those of a rule in the spelling of AWS: Kind, Operation, Key, Region, Count, Latency,
 * After.
 */
const operations: ReadonlyMap<string, FaultOperation> = new Map(
  Object.entries<FaultOperation>({
    AddFault: (faults, body) => {
      const given = Object.entries(body).filter(([, value]) => value !== null) // null means absent
      const misspelt = given.find(([name]) => name !== upper(name))?.[0]
      if (misspelt !== undefined)
        throw new KmsFault(
          'ValidationException',
          `${misspelt}: expected ${upper(misspelt)}, as members are written on the wire`,
        )
      const rule = rename(Object.fromEntries(given), lower)
      return { FaultId: asked(() => faults.add(rule, upper)) }
    },
    ListFaults: (faults, body) => {
      only(body)
      const listed = faults.list().map(({ id, rule, struck }) => {
        return { FaultId: id, ...rename(rule, upper), Struck: struck }
      })
      return { Faults: listed }
    },
    RemoveFault: (faults, body) => {
      only(body, 'FaultId')
      const { FaultId } = body
      if (typeof FaultId !== 'string')
        throw new KmsFault('ValidationException', 'FaultId: expected what AddFault answered')
      if (!faults.remove(FaultId))
        throw new KmsFault('NotFoundException', `Fault '${FaultId}' does not exist`)
      return undefined
    },
    ClearFaults: (faults, body) => {
      only(body)
      faults.clear()
      return undefined
    },
  }),
)

/**
 * The operation that an `x-amz-target` header like `SealdropLocalKms.AddFault` names.
 *
 * It is undefined for an operation of KMS. Operations on faults never meet a fault themselves.
 *
 * @throws KmsFault UnknownOperationException
 */
export function faultOperationOf(target: string | undefined): FaultOperation | undefined {
  if (!target?.startsWith(prefix)) return undefined
  const operation = operations.get(target.slice(prefix.length))
  if (!operation) throw new KmsFault('UnknownOperationException')
  return operation
}

function only(body: JsonObject, ...names: readonly string[]): void {
  const stranger = Object.keys(body).find((name) => !names.includes(name))
  if (stranger === undefined) return
  const expected = names.length > 0 ? `, expected ${names.join(', ')}` : ''
  throw new KmsFault('ValidationException', `${stranger}: there is no such member${expected}`)
}

/** Makes a ValidationException of an `invalid_argument`. */
function asked<T>(work: () => T): T {
  try {
    return work()
  } catch (e) {
    throw isSealdropError(e) ? new KmsFault('ValidationException', e.message) : e
  }
}
