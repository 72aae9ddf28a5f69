import { EMPTY_RESOURCES, type PromptInput, type Provider } from '@halter/core'
import { transcript, type Message, type PromptSegment, type Transcript } from '@halter/protocol'

/** What may differ from {@link sampleInput}. */
export interface InputOptions {
  readonly blueprint?: Partial<PromptInput['blueprint']>
  readonly resources?: Partial<PromptInput['resources']>
  readonly segments?: readonly PromptSegment[]
  readonly messages?: Transcript
  readonly environment?: Partial<PromptInput['environment']>
  readonly hasTools?: boolean
}

const PROVIDER: Provider = {
  name: 'sample',
  accepts: () => true,
  info: (model) => ({ model, ...INFO }),
  async *stream() {
    yield { type: 'end', stopReason: 'end' }
  },
}
const INFO = { window: 100_000, maxOutput: 4_096, capabilities: {} }

/** A valid input of a prompt assembler. */
export function sampleInput(options: InputOptions = {}): PromptInput {
  const { blueprint, resources, segments = [], messages = sampleMessages(3), environment, hasTools } = options
  return {
    blueprint: {
      sessionId: '01900000-0000-7000-8000-000000000001',
      depth: 0,
      model: 'sample',
      workingDir: '/project',
      limits: {},
      metadata: {},
      ...blueprint,
    },
    resources: { ...EMPTY_RESOURCES, ...resources },
    plan: { messages, segments, estimatedTokens: 100 },
    tools: hasTools
      ? [{ name: 'look', description: 'Looks.', inputSchema: { type: 'object', properties: {} } }]
      : [],
    model: { id: 'sample', role: 'default', provider: PROVIDER, model: 'sample', info: INFO },
    environment: { workingDir: '/project', platform: 'linux', date: '2026-01-01', ...environment },
  }
}

/** So many messages, the newest of which is the user's where their number is odd. */
export function sampleMessages(count: number): Transcript {
  return transcript(Array.from({ length: count }, (_, index) => messageAt(index)))
}

function messageAt(index: number): Message {
  const parts = [{ kind: 'text' as const, text: `text ${index}` }]
  const common = { id: `message-${index}`, at: index, parts }
  if (index % 2 === 0) return { role: 'user', ...common }
  return { role: 'assistant', ...common, stopReason: 'end', from: { provider: 'sample', model: 'sample' } }
}

/** A segment of a plan, as a hook adds it. */
export function sampleSegment(
  id: string,
  text: string,
  stability: PromptSegment['stability'] = 'turn',
): PromptSegment {
  return { id, text, stability, plugin: 'sample-plugin' }
}
