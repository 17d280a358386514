/**
 * A refusal of the companion's own. It is told to the page like those of Sealdrop: with a code to
 * branch on, and a message for people.
 */
export const refusal = (code, message) => Object.assign(new Error(message), { code })
