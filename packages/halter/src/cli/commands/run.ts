import { type CommandEntry, type CommandSpec, runtimeOptions } from '../command-spec.ts'
import { sessionChoice, sessionSettings } from './session-options.ts'

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
    ...sessionSettings,
    ...sessionChoice,
    image: {
      type: 'string',
      multiple: true,
      placeholder: 'file',
      summary: 'show the model this picture (PNG, JPEG, GIF, WebP); may be repeated',
    },
    'output-format': {
      type: 'string',
      choices: ['text', 'json', 'stream-json'],
      summary: 'what stdout gets: the answer, one object at the end, or every event as a line',
    },
    'input-format': {
      type: 'string',
      choices: ['text', 'stream-json'],
      summary: 'what stdin is: the prompt, or prompts as lines of JSON, each answered by a turn',
    },
    'output-schema': {
      type: 'string',
      placeholder: 'file',
      summary: 'the answer is JSON that fits this JSON Schema; text on stdout is that JSON alone',
    },
    ...runtimeOptions,
  },
  examples: [
    'halter run --model demo "What is in this folder?"',
    'git diff | halter run',
    'halter run --continue "And now the tests."',
    'halter run --continue --fork --image screen.png "Why does it look like this?"',
  ],
} as const satisfies CommandSpec

/** What answers prompts. */
export const RUN_COMMANDS: readonly CommandEntry[] = [
  { spec: RUN, load: async () => (await import('../run.ts')).run },
]
