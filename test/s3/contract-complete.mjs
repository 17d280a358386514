export function completeContract() {}
