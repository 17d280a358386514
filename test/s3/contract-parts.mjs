export function partsContract() {}
