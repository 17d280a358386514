/** The command that installs a peer. The one file of the command line says another one. */
export const installs = (name: string): string => `npm install ${name}`
