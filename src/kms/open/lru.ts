// Rollup inlines the library here, so that installing sealdrop does not install it; this file
// imports nothing of ours.
export { LRUCache } from 'lru-cache'
