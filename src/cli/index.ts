#!/usr/bin/env node
import { exitCodes, signalCodes } from './exit-codes.js'
import { buildProgram, commandsFor, runProgram, unforeseen } from './program.js'
import { escaped, type Terminal } from './terminal.js'

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${escaped(line)}\n`),
  note: (line) => void process.stderr.write(`${escaped(line)}\n`),
}

// AWS's SDK warns of versions of Node that it will leave one day: that is for who installs it.
process.removeAllListeners('warning')
process.on('warning', ({ name, message }) => {
  if (!message.startsWith('NodeVersionSupportWarning')) terminal.note(`${name}: ${message}`)
})

// What fails beside the command itself is told in a sentence too, and not as a stack.
process.on('uncaughtException', (e) => {
  terminal.note(`sealdrop: ${unforeseen(e)}`)
  process.exit(1)
})

// Whoever reads the output may stop (`| head -1`). That ends the output, and not the command. A full
// disk does not end it either: what it has begun to write is removed by the command itself.
let lost: string | undefined
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') lost ??= code ?? 'unknown error'
  })
}
process.on('exit', (code) => {
  if (lost === undefined || code !== 0) return
  terminal.note(`sealdrop: the output cannot be written: ${lost}`)
  process.exitCode = exitCodes.output_failed
})

const args = process.argv.slice(2)

/** Runs the command, or the plugin as which age starts this file under whatever name it was linked as. */
async function run(): Promise<number> {
  if (args[0]?.startsWith('--age-plugin=')) {
    const { runPlugin } = await import('./age-plugin/main.js')
    return runPlugin(args, process).finally(() => process.stdin.destroy())
  }
  return runProgram(buildProgram(terminal, await commandsFor(args, terminal)), args, terminal)
}

const exitCode = await run()
process.exitCode = exitCode
// nobody reads on, and a pipe that stays open would keep the process
if (exitCode !== 0) process.stdin.destroy()
// a host that does not answer would too, and a pipe that nobody reads
if (Object.values<number>(signalCodes).includes(exitCode)) process.exit(exitCode)
