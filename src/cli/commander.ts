// Rollup inlines the library here, so that installing sealdrop does not install it. So this file
// imports nothing of ours.
export { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
