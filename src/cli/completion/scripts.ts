// Rollup inlines the library here, so that installing sealdrop does not install it. So this file
// imports nothing of ours.
export { script as printScript } from '@bomb.sh/tab'
