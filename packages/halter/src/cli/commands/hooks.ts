import { json, runtimeOptions, type CommandEntry, type CommandSpec } from '../command-spec.ts'

/** `halter hooks list` */
export const HOOKS_LIST = {
  name: 'hooks list',
  summary: 'list the handlers of hook files, in their order, and when each last ran',
  options: {
    event: { type: 'string', placeholder: 'event', summary: 'only those of this event' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter hooks test` */
export const HOOKS_TEST = {
  name: 'hooks test',
  summary: 'run the handlers of an event, and tell what they decide',
  arguments: {
    usage: '<event>',
    min: 1,
    max: 1,
    summary: 'such as PreToolUse, in any case style',
  },
  options: {
    tool: { type: 'string', placeholder: 'name', summary: 'for tool events: a tool, such as shell or Bash' },
    input: { type: 'string', placeholder: 'json', summary: "the tool's input" },
    fields: { type: 'string', placeholder: 'json', summary: 'more of the payload, such as {"prompt": "…"}' },
    json,
    ...runtimeOptions,
  },
  examples: [
    `halter hooks test PreToolUse --tool shell --input '{"command":"rm -rf /"}'`,
    `halter hooks test UserPromptSubmit --fields '{"prompt":"hello"}'`,
  ],
} as const satisfies CommandSpec

/** What looks at hooks. */
export const HOOKS_COMMANDS: readonly CommandEntry[] = [
  { spec: HOOKS_LIST, load: async () => (await import('../hooks-list.ts')).listHooks },
  { spec: HOOKS_TEST, load: async () => (await import('../hooks-test.ts')).testHooks },
]
