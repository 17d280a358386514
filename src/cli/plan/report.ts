import type { CapacityFact, CapacityPlan, CapacityRow } from '../../doors/kms.js'

/** A plan in lines, for people. */
export function planReport(plan: CapacityPlan): readonly string[] {
  return [
    ...assumedLines(plan),
    '',
    ...table([heads, ...plan.rows.map(cellsOf)]),
    '',
    ...storageLines(plan),
    '',
    ...factLines(plan),
    '',
    'kinds of KMS keys',
    ...table(
      plan.keyKinds.map(({ kind, keyMonth, says }) => [
        `  ${kind}`,
        `${dollars(keyMonth.value)} a month`,
        says,
      ]),
    ),
    '',
    ...plan.notes.map((note) => `- ${note}`),
  ]
}

function assumedLines({ assumed }: CapacityPlan): readonly string[] {
  const { kind, perDay, size, peak, latency, region, opens, cache, every, years } = assumed
  const again = cache ? 'a cache knows it each further time' : 'each time by a call'
  return [
    `${count(perDay)} ${kind} a day of ${count(size)} bytes, each opened ${times(opens)}, ${again}`,
    `peak ${peak} times the average, ${latency} ms a call, ${region}, a new key every ${every}, counted after ${years} years`,
  ]
}

const heads = [
  'key',
  'a wrapped key',
  're-sealed',
  'calls a day',
  'a second',
  'at peak',
  'of quota',
  '$ a month',
  'keys',
  'at once',
  'reopen',
]

function cellsOf(row: CapacityRow): readonly string[] {
  const { calls } = row
  const rates = (of: (call: CapacityRow['calls'][number]) => number): string =>
    rounded(calls.reduce((sum, call) => sum + of(call), 0))
  return [
    row.key,
    count(row.perWrappedKey),
    row.resealed ? 'yes' : 'no',
    count(row.callsPerDay),
    rates(({ average }) => average),
    rates(({ peak }) => peak),
    fullest(row),
    row.costMonth === null ? 'unknown' : row.costMonth.toFixed(2),
    row.keys.symmetric > 0 ? `${row.keys.kept}+${row.keys.symmetric}` : String(row.keys.kept),
    count(row.concurrency),
    row.reopen.seconds === null ? 'unknown' : duration(row.reopen.seconds),
  ]
}

/** The largest share of a quota. Re-sealing has calls of two. */
function fullest({ calls }: CapacityRow): string {
  const shares = calls.map(({ share }) => share)
  if (shares.includes(null)) return 'unknown'
  const most = Math.max(...(shares as number[])) * 100
  return `${most < 0.01 ? '<0.01' : rounded(most)} %${most > 100 ? ' OVER' : ''}`
}

function storageLines({ rows, assumed }: CapacityPlan): readonly string[] {
  const { perDay } = assumed
  const lines = rows.map(({ key, perWrappedKey, resealed, storage }) => [
    `  ${key}${perWrappedKey > 1 ? ` x ${count(perWrappedKey)}` : ''}${resealed ? ' re-sealed' : ''}`,
    ...(storage === null
      ? ['unknown: nothing is sealed to it yet']
      : [
          `${rounded(storage.gibPerMonth)} GiB`,
          `${rounded(storage.bytesPerDay / perDay)} bytes each`,
          `${rounded(storage.overheadPerDay / perDay)} of them are overhead`,
        ]),
  ])
  return ['storage that a month adds', ...table(lines)]
}

/** Each number of the table that the plan used, with its page and day. */
function factLines(plan: CapacityPlan): readonly string[] {
  const { rows, keyMonth, rotationsCharged, symmetricCiphertext } = plan
  const calls = rows.flatMap((row) => row.calls)
  const lines = calls.flatMap(({ key, quota, price, sharedBy }) => [
    [`  ${key} quota`, `${amount(quota)} a second for ${sharedBy}`, ...from(quota)],
    [`  ${key} price`, `${dollars(price.value)} for 10,000 requests`, ...from(price)],
  ])
  const others = [
    ['  each key', `${dollars(keyMonth.value)} a month`, ...from(keyMonth)],
    [
      '  symmetric keys',
      `${amount(rotationsCharged)} rotations cost that each`,
      ...from(rotationsCharged),
    ],
    [
      '  re-sealed',
      `${amount(symmetricCiphertext)} bytes of a wrapped data key`,
      ...from(symmetricCiphertext),
    ],
  ]
  const all = [...lines, ...others].map((cells) => JSON.stringify(cells))
  const once = [...new Set(all)].map((cells) => JSON.parse(cells) as string[])
  return ['what the numbers are from', ...table(once)]
}

const from = ({ basis, source, date }: CapacityFact): readonly string[] => [basis, date, source]

const amount = ({ value }: CapacityFact): string => (value === null ? 'unknown' : count(value))
const dollars = (value: number | null): string => (value === null ? 'unknown' : `$${value}`)
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** A whole number with commas, which no locale of a machine changes. */
const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** Two decimals below 100, and none above. */
function rounded(value: number): string {
  if (value >= 100) return count(Math.round(value))
  return value > 0 && value < 0.01 ? '<0.01' : String(Math.round(value * 100) / 100)
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${rounded(seconds / 60)} min`
  return seconds < 172_800 ? `${rounded(seconds / 3_600)} h` : `${rounded(seconds / 86_400)} days`
}

/** Rows whose columns stand one below the other. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
