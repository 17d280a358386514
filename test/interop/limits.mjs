// A limit is what somebody cannot do, with its reason. It has a line of its own in the output, so
// that no case is missing without one.
/**
 * @typedef {object} Limit
 * @property {string} what - it is, with its reason
 * @property {readonly string[]} does - the verbs that it is a limit of
 * @property {(row: any) => boolean} meets - whether a case meets it
 * @property {RegExp} [says] - how it is refused, which is tried; default: it cannot be tried
 */

/**
 * What keeps somebody from a case, if anything.
 *
 * @param {readonly Limit[]} limits
 * @param {string} does
 * @param {object} row
 */
export const limitOf = (limits, does, row) =>
  limits.find((limit) => limit.does.includes(does) && limit.meets(row))

/** A case that a limit keeps out is tried only where the refusal says why. */
export const isTried = ({ limit }) => limit === undefined || limit.says !== undefined

/**
 * A limit that is gone is a failure, so that its line goes too.
 *
 * @param {{ error?: string }} result
 * @param {Limit} limit
 */
export function limitFailure({ error }, { says }) {
  if (error === undefined) return 'it has this limit no more'
  return says?.test(error) ? undefined : `it was refused for another reason: ${error}`
}
