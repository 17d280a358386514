/**
 * Whether this is workerd, the one host that is asked for by name: there a promise that one request
 * made must not be awaited by another, which would hang. `WebSocketPair` exists nowhere else and
 * under every compatibility date.
 */
export const isWorkerd = (): boolean => 'WebSocketPair' in globalThis
