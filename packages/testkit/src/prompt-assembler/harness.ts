import type { AssembledPrompt, PromptAssembler, PromptInput } from '@halter/core'
import type { Rule } from '../rule.ts'

/** How the suite gets at an implementation. */
export interface AssemblerHarness {
  /** An assembler that has assembled nothing yet. One that wraps another gets it from here. */
  create(): PromptAssembler | Promise<PromptAssembler>
}

/** Assembles once. A signal that is never aborted comes with it. */
export type Assemble = (input: PromptInput) => Promise<AssembledPrompt>

/** A rule that every assembler must keep. `create` makes another instance. */
export function required(
  name: string,
  check: (assemble: Assemble, create: () => Promise<Assemble>) => Promise<void>,
): Rule<AssemblerHarness> {
  return {
    name,
    async run(harness) {
      const create = async (): Promise<Assemble> => {
        const assembler = await harness.create()
        return async (input) => await assembler.assemble(input, new AbortController().signal)
      }
      await check(await create(), create)
    },
  }
}
