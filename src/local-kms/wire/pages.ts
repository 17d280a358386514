import { Buffer } from 'node:buffer'
import { KmsFault } from './fault.js'
import type { JsonObject } from '../../formats/json.js'

export interface PageRequest {
  /** The name of the member that holds the page. */
  readonly list: string
  readonly limit: number
  readonly marker: string | undefined
}

/**
 * One page of rows, sorted by name.
 *
 * The marker holds the last name that was given, and no position. So rows that come and go between
 * two calls neither repeat nor hide others.
 */
export function page(
  rows: readonly (readonly [name: string, entry: object])[],
  request: PageRequest,
): JsonObject {
  const after = request.marker === undefined ? '' : openMarker(request.list, request.marker)
  const rest = rows.filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1))
  const shown = rest.slice(0, request.limit)
  const truncated = rest.length > shown.length
  const last = shown.at(-1)?.[0]
  return {
    [request.list]: shown.map(([, entry]) => entry),
    Truncated: truncated,
    ...(truncated && { NextMarker: sealMarker(request.list, String(last)) }),
  }
}

const sealMarker = (list: string, name: string): string =>
  Buffer.from(`${list}:${name}`).toString('base64url')

function openMarker(list: string, marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString()
  const name = text.slice(list.length + 1)
  if (
    !text.startsWith(`${list}:`) ||
    name === '' ||
    Buffer.from(text).toString('base64url') !== marker
  ) {
    throw new KmsFault('InvalidMarkerException', 'The marker is not valid.')
  }
  return name
}
