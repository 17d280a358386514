// What is done of what the foreign programs write for each other: it tells a fault of ours from one
// of theirs. Whatever is ours on one side is done in every run, and all of it in the soak.
import { givenSeed, seedLine, soaks } from '../support/soak.mjs'

const share = 5
const seed = givenSeed()
if (!soaks) console.log(`one of ${share} of what the foreign programs write: ${seedLine(seed)}`)

/** Whether a case is done, by its place among those of its writer. */
export const isDone = (index, parties, ours) =>
  soaks || parties.includes(ours) || index % share === seed % share
