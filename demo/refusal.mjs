/**
 * A refusal of the companion's own, told to the page as those of Sealdrop are: a code to branch on,
 * a message for people.
 */
export const refusal = (code, message) => Object.assign(new Error(message), { code })
