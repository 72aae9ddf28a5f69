import { json, type CommandEntry, type CommandSpec } from '../command-spec.ts'

/** `halter conformance` */
export const CONFORMANCE = {
  name: 'conformance',
  summary: 'prove that an implementation keeps its contract',
  arguments: {
    usage: '<file>',
    min: 1,
    max: 1,
    summary: 'a module that exports by default { kind, harness }, or several of them',
  },
  options: {
    rule: { type: 'string', placeholder: 'text', summary: 'only rules with this in their name' },
    json,
  },
  examples: ['halter conformance examples/conformance/sqlite.ts'],
} as const satisfies CommandSpec

/** What proves contracts. */
export const CONFORMANCE_COMMANDS: readonly CommandEntry[] = [
  { spec: CONFORMANCE, load: async () => (await import('../conformance.ts')).checkConformance },
]
