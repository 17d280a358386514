/**
 * Whether this is workerd, the one host that is asked for by name.
 *
 * - there one request must not await a promise that another one made: it would hang
 * - `WebSocketPair` exists nowhere else, and under every compatibility date
 */
export const isWorkerd = (): boolean => 'WebSocketPair' in globalThis
