/** Collects the values of an option that may be given more than once. */
export const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), parse(text)]
