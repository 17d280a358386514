/** A word with a capital, as names of statements and resources have it: `Opener`. */
export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
