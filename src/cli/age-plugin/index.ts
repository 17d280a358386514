#!/usr/bin/env node
import { runPlugin } from './main.js'

// AWS's SDK warns of versions of Node that it will leave one day: age shows that to nobody.
process.removeAllListeners('warning')
// age closes the pipes when it has what it wants
process.stdout.on('error', () => {})
process.exitCode = await runPlugin(process.argv.slice(2), process)
process.stdin.destroy()
