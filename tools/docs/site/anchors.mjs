// What GitHub makes of a heading, so that a link works there and on the site.

/** @param {string} heading the text that a reader sees */
export const anchorOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')
