#!/usr/bin/env node
import { buildProgram, runProgram, unforeseen } from './program.js'
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
// age starts this file as a plugin, under whatever name it was linked as
if (args[0]?.startsWith('--age-plugin=')) {
  const { runPlugin } = await import('./age-plugin/main.js')
  process.exitCode = await runPlugin(args, process)
  process.stdin.destroy()
} else {
  process.exitCode = await runProgram(buildProgram(terminal), args, terminal)
}
// nobody reads on, and a pipe that stays open would keep the process
if (process.exitCode !== 0) process.stdin.destroy()
