import type { HalterConfig } from './config.ts'
import { nearestName } from './nearest-name.ts'

/** Which configuration key each variable sets. `number` turns the text into one; what is none is left for the check to name. */
export const ENVIRONMENT_KEYS: Readonly<Record<string, { readonly key: string; readonly number?: true }>> =
  Object.freeze({
    HALTER_MODEL: { key: 'model' },
    HALTER_MODEL_PLAN: { key: 'models.plan' },
    HALTER_MODEL_SUBAGENT: { key: 'models.subagent' },
    HALTER_MODEL_SMALL: { key: 'models.small' },
    HALTER_EFFORT: { key: 'effort' },
    HALTER_MAX_STEPS: { key: 'limits.steps', number: true },
    HALTER_MAX_TOKENS: { key: 'limits.tokens', number: true },
    HALTER_MAX_USD: { key: 'limits.usd', number: true },
    HALTER_MAX_TIME_MS: { key: 'limits.timeMs', number: true },
  })

/** Variables that halter reads elsewhere. */
const OTHER_VARIABLES = ['HALTER_HOME', 'HALTER_TRUST', 'HALTER_CONFIG'] as const

/** What the environment says, and which variable says each key. */
export interface EnvironmentLayer {
  readonly config: HalterConfig
  readonly variables: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

/** Reads the `HALTER_*` variables. An empty one counts as absent; an unknown one is a warning. */
export function environmentLayer(env: NodeJS.ProcessEnv): EnvironmentLayer {
  const config: Record<string, unknown> = {}
  const variables = new Map<string, string>()
  const warnings: string[] = []
  const known = [...Object.keys(ENVIRONMENT_KEYS), ...OTHER_VARIABLES]
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('HALTER_') || text === undefined || text === '') continue
    const entry = Object.hasOwn(ENVIRONMENT_KEYS, name) ? ENVIRONMENT_KEYS[name] : undefined
    if (entry) {
      setKey(config, entry.key, entry.number ? toNumber(text) : text)
      variables.set(entry.key, name)
    } else if (!known.includes(name)) {
      const meant = nearestName(name, known)
      warnings.push(`The variable ${name} means nothing to halter.${meant ? ` Did you mean ${meant}?` : ''}`)
    }
  }
  return { config, variables, warnings }
}

function setKey(config: Record<string, unknown>, key: string, value: unknown): void {
  const [first, second] = key.split('.') as [string, string?]
  if (second === undefined) config[first] = value
  else config[first] = { ...(config[first] as object | undefined), [second]: value }
}

function toNumber(text: string): number | string {
  const value = Number(text)
  return text.trim() === '' || Number.isNaN(value) ? text : value
}
