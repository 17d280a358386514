/** Whether a key waits for its deletion, also as a primary that waits for its replicas. */
export const isPendingDeletion = (state: string): boolean => /^Pending.*Deletion$/.test(state)

/** Whether somebody took a key out of use. Creating, Updating and Unavailable end by themselves. */
export const isOut = (state: string | undefined): boolean =>
  state === undefined || state === 'Disabled' || isPendingDeletion(state)
