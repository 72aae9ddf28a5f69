import type { CommandSpec } from '../command-spec.ts'

/** Which session a command is about. */
export const sessionChoice = {
  session: { type: 'string', short: 's', placeholder: 'id', summary: 'go on with this session' },
  continue: { type: 'boolean', short: 'c', summary: 'go on with the newest session of this folder' },
  fork: {
    type: 'boolean',
    summary: 'go on with a copy, and leave the session as it is; with --session or --continue',
  },
  steal: { type: 'boolean', summary: 'take the session from another process that holds it' },
  interrupted: {
    type: 'string',
    choices: ['close', 'continue'],
    summary: 'what becomes of a turn that a killed process left open; default close',
  },
} as const satisfies CommandSpec['options']

/** What a new session is like, and the turns of one that goes on. */
export const sessionSettings = {
  model: {
    type: 'string',
    short: 'm',
    placeholder: 'id',
    summary: 'the model, such as demo or scripted/<file>',
  },
  effort: {
    type: 'string',
    choices: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    summary: 'how hard the model should think',
  },
  'allow-tool': {
    type: 'string',
    multiple: true,
    placeholder: 'name',
    summary: 'let this tool run without asking; may be repeated',
  },
  'max-turns': { type: 'integer', placeholder: 'n', summary: 'at most so many model calls per prompt' },
  budget: {
    type: 'string',
    placeholder: 'limits',
    summary: 'spend at most usd=2,tokens=50k,steps=20,time=10m, or some of these',
  },
  title: { type: 'string', placeholder: 'text', summary: 'name the session' },
  'system-prompt': {
    type: 'string',
    placeholder: 'text',
    summary: 'in the place of the whole system prompt',
  },
  'append-system-prompt': { type: 'string', placeholder: 'text', summary: 'after the system prompt' },
  ephemeral: { type: 'boolean', summary: 'keep the session in memory only' },
} as const satisfies CommandSpec['options']
