/**
 * How long AWS may be silent before a command says so, in milliseconds.
 *
 * AWS's clients wait for ever by themselves. Each of their attempts has as long; it is counted from
 * the last byte, so that large bodies take the time that they need.
 */
export const awsPatience = {
  requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
} as const
