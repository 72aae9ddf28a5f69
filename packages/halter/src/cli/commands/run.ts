import { type CommandEntry, type CommandSpec, runtimeOptions } from '../command-spec.ts'

/** `halter run` */
export const RUN = {
  name: 'run',
  summary: 'answer one prompt',
  arguments: {
    usage: '[prompt]',
    min: 0,
    max: Infinity,
    summary: 'the prompt; without one it is read from stdin',
  },
  options: {
    model: {
      type: 'string',
      short: 'm',
      placeholder: 'id',
      summary: 'the model, such as demo or scripted/<file>',
    },
    session: { type: 'string', short: 's', placeholder: 'id', summary: 'go on with this session' },
    continue: { type: 'boolean', short: 'c', summary: 'go on with the newest session of this folder' },
    steal: { type: 'boolean', summary: 'take the session from another process that holds it' },
    interrupted: {
      type: 'string',
      choices: ['close', 'continue'],
      summary: 'what becomes of a turn that a killed process left open; default close',
    },
    'output-format': {
      type: 'string',
      choices: ['text', 'json', 'stream-json'],
      summary: 'what stdout gets: the answer, one object at the end, or every event as a line',
    },
    'allow-tool': {
      type: 'string',
      multiple: true,
      placeholder: 'name',
      summary: 'let this tool run without asking; may be repeated',
    },
    'max-turns': { type: 'integer', placeholder: 'n', summary: 'at most so many model calls' },
    budget: {
      type: 'string',
      placeholder: 'limits',
      summary: 'spend at most usd=2,tokens=50k,steps=20,time=10m, or some of these',
    },
    'output-schema': {
      type: 'string',
      placeholder: 'file',
      summary: 'the answer is JSON that fits this JSON Schema; text on stdout is that JSON alone',
    },
    title: { type: 'string', placeholder: 'text', summary: 'name the session' },
    'system-prompt': {
      type: 'string',
      placeholder: 'text',
      summary: 'in the place of the whole system prompt',
    },
    'append-system-prompt': { type: 'string', placeholder: 'text', summary: 'after the system prompt' },
    ephemeral: { type: 'boolean', summary: 'keep the session in memory only' },
    ...runtimeOptions,
  },
  examples: [
    'halter run --model demo "What is in this folder?"',
    'git diff | halter run',
    'halter run --continue "And now the tests."',
  ],
} as const satisfies CommandSpec

/** What answers prompts. */
export const RUN_COMMANDS: readonly CommandEntry[] = [
  { spec: RUN, load: async () => (await import('../run.ts')).run },
]
