// A prompt assembler of one's own, in the place of the default one: this one writes the prompts of a help desk. It keeps the
// contract (`test/assemblers.test.ts` is one call), and shows by `inspectPrompt` what the model was given.
import { join } from 'node:path'
import { createRuntime, definePlugin, jsonSchema } from 'halter'
import type { AssembledPrompt, PromptAssembler, PromptInput } from '@halter/core'
import memoryStore from '@halter/plugin-memory-store'
import type { PromptSegment } from '@halter/protocol'

/** What never changes comes first, what changes from turn to turn comes last: providers cache from the front. */
export class HelpDeskAssembler implements PromptAssembler {
  readonly #product: string

  constructor(product: string) {
    this.#product = product
  }

  assemble({ blueprint, resources, plan, tools, environment }: PromptInput): AssembledPrompt {
    const segments = [
      ...(blueprint.seed ?? [own('role', `You answer questions about ${this.#product}.`, 'static')]),
      own('rules', 'Say so when you do not know. Never promise a refund.', 'static'),
      own('customer', blueprint.appendSystemPrompt ?? '', 'session'),
      ...resources.instructions.map(({ source, text }) => own(`instructions:${source}`, text, 'session')),
      ...plan.segments,
      // In the system part, the date would cost the whole cache once a day.
      own('date', `Today is ${environment.date}.`, 'turn'),
    ].filter(({ text }) => text.trim() !== '')
    const system = segments.filter(({ stability }) => stability !== 'turn')
    return {
      system,
      messages: plan.messages,
      tail: segments.filter(({ stability }) => stability === 'turn'),
      breakpoints: [
        ...(tools.length > 0 ? [{ after: 'tools' as const }] : []),
        { after: 'system', index: system.length - 1 },
        ...(plan.messages.length > 0 ? [{ after: 'message' as const, index: plan.messages.length - 1 }] : []),
      ],
    }
  }
}

/** `plugin` is whose segment it is: what `cache.broken` and `halter sessions prompt` name. */
function own(id: string, text: string, stability: PromptSegment['stability']): PromptSegment {
  return { id, text, stability, plugin: '@acme/help-desk' }
}

export const helpDesk = definePlugin({
  name: '@acme/help-desk',
  apiVersion: 1,
  config: jsonSchema<{ product: string }>({
    type: 'object',
    properties: { product: { type: 'string', default: 'our product' } },
  }),
  // The default plugin loses this slot and keeps its others.
  provides: ['promptAssembler'],
  setup: ({ config }) => ({ promptAssembler: new HelpDeskAssembler(config.product) }),
})

await using runtime = await createRuntime({
  plugins: [[helpDesk, { product: 'the Acme kettle' }], memoryStore],
  defaultModel: `scripted/${join(import.meta.dirname, 'scripts/hello.json')}`,
})
const session = await runtime.newSession({ appendSystemPrompt: 'The customer has a premium contract.' })
await session.submitTurn('How long does it take to boil?').orThrow()

const { system, tail } = await runtime.inspectPrompt(session.id)
for (const { id, stability, text } of [...system, ...tail]) {
  const [firstLine] = text.split('\n')
  console.log(`${stability.padEnd(7)} ${id}: ${firstLine}`)
}
