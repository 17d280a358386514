// Loaded by --import into the command: a second without a byte counts as a minute of it.
import { Socket } from 'node:net'

const wait = Reflect.get(Socket.prototype, 'setTimeout')
/** @param {number} ms */
Socket.prototype.setTimeout = function quick(ms, ...rest) {
  return Reflect.apply(wait, this, [ms / 60, ...rest])
}
