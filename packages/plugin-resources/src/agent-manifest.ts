import { lineOfKey, isObject, type JsonFile } from './read-json.ts'
import type { Problems } from './problem.ts'

/** The versions of Agent Plugins that are read as 1.0.0 is. Nothing is fetched from there. */
const SCHEMAS = [
  'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
  'https://agent-plugins.org/schemas/1.1.0/plugin.schema.json',
]
/** Text, and nothing more is asked of it (§5.4). */
const TEXTS = ['version', 'description', 'homepage', 'repository', 'license']
const KNOWN = new Set(['$schema', 'name', 'author', 'keywords', 'extensions', ...TEXTS])

/** What is said of a plugin.json that is from before the specification. It is read, and may name components. */
export const NO_SCHEMA = {
  message: 'It has no "$schema", so other agents will refuse it.',
  cure: `Add "$schema": "${SCHEMAS[0]}", and keep to its rules.`,
}

/** Holds a manifest against Agent Plugins 1.0.0, §5; false: the plugin must be left out. */
export function checkAgentManifest({ value, text }: JsonFile, problems: Problems): boolean {
  let isUsable = true
  const refuse = (key: string, message: string, cure: string): void => {
    isUsable = false
    problems.error(message, cure, lineOfKey(text, key))
  }
  const { $schema: schema, name, author, keywords, extensions } = value
  if (typeof schema !== 'string' || !SCHEMAS.includes(schema))
    refuse(
      '$schema',
      `Its "$schema" ${JSON.stringify(schema)} is of no version that is known here.`,
      `Write "${SCHEMAS[0]}".`,
    )
  if (
    typeof name === 'string' &&
    (name.length > 64 || !/^(?!.*(--|\.\.))[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name))
  )
    refuse(
      'name',
      `Its name "${name}" is against the rules.`,
      'Use at most 64 lower-case letters, digits, hyphens and periods.',
    )
  for (const key of TEXTS)
    if (value[key] !== undefined && typeof value[key] !== 'string')
      refuse(key, `Its "${key}" is no text.`, 'Put it into quotes.')
  if (author !== undefined && !isAuthor(author))
    refuse(
      'author',
      'Its "author" is wrong.',
      'Write { "name", "email", "url" }, each as text, and nothing else.',
    )
  if (
    keywords !== undefined &&
    !(Array.isArray(keywords) && keywords.every((each) => typeof each === 'string'))
  )
    refuse('keywords', 'Its "keywords" are no list of texts.', 'Write ["a", "b"].')
  if (extensions !== undefined && !isObject(extensions))
    problems.warning(
      'Its "extensions" are no object, and are not used.',
      'Write { "com.example.client": { … } }.',
      lineOfKey(text, 'extensions'),
    )
  for (const key of Object.keys(value))
    if (!KNOWN.has(key))
      problems.warning(
        `"${key}" is no key of Agent Plugins, and is not used.`,
        'Take it out, or put it under "extensions".',
        lineOfKey(text, key),
      )
  return isUsable
}

function isAuthor(author: unknown): boolean {
  return (
    isObject(author) &&
    Object.entries(author).every(
      ([key, value]) => ['name', 'email', 'url'].includes(key) && typeof value === 'string',
    )
  )
}
