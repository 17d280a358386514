#!/usr/bin/env node
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

// Whoever reads the output may stop (`| head -1`). That ends the output, and not the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e
  })
}

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
if (exitCode === 130 || exitCode === 143) process.exit(exitCode)
