/** A word as names of statements and resources have it: `opener` is `Opener`. */
export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
