// As much of JSON Schema 2020-12 as the published schema uses. It refuses a keyword that it does not
// know, so that none is passed over.
const kinds = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
}
const isObject = kinds.object
const count = (list, value) => list.filter((schema) => agrees(schema, value)).length

/** By keyword: its value, what is looked at, and the schema around both. */
const keywords = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  type: (kind, value) => kinds[kind](value),
  pattern: (text, value) => !kinds.string(value) || new RegExp(text).test(value),
  minimum: (least, value) => !(value < least),
  maximum: (most, value) => !(value > most),
  minItems: (least, value) => !Array.isArray(value) || value.length >= least,
  items: (schema, value) => !Array.isArray(value) || value.every((one) => agrees(schema, one)),
  required: (names, value) => !isObject(value) || names.every((name) => name in value),
  propertyNames: (schema, value) =>
    !isObject(value) || Object.keys(value).every((name) => agrees(schema, name)),
  properties: (schemas, value) =>
    !isObject(value) ||
    Object.entries(value).every(([name, one]) => !schemas[name] || agrees(schemas[name], one)),
  additionalProperties: (schema, value, { properties = {} }) =>
    !isObject(value) ||
    Object.entries(value).every(([name, one]) => name in properties || agrees(schema, one)),
  dependentRequired: (rows, value) =>
    !isObject(value) ||
    Object.entries(rows).every(
      ([name, names]) => !(name in value) || names.every((other) => other in value),
    ),
  allOf: (list, value) => count(list, value) === list.length,
  anyOf: (list, value) => count(list, value) > 0,
  oneOf: (list, value) => count(list, value) === 1,
  not: (schema, value) => !agrees(schema, value),
}

/** Whether a value agrees with a schema. */
export function agrees(schema, value) {
  if (typeof schema === 'boolean') return schema
  return Object.entries(schema).every(([keyword, said]) => {
    const look = keywords[keyword]
    if (!look) throw new Error(`the schema has a keyword that is not known here: ${keyword}`)
    return look(said, value, schema)
  })
}
