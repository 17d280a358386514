// Copies stdin to stdout, as a process of Node that does nothing else.
process.stdin.pipe(process.stdout)
