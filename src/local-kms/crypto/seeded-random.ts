import type { Random } from './material.js'
export function seededRandom(_seed: string, _label: string): Random { throw new Error('provisional') }
