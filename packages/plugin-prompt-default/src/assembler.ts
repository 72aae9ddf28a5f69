import type { AssembledPrompt, PromptAssembler, PromptInput, ResourceSnapshot } from '@halter/core'
import type { PromptSegment } from '@halter/protocol'
import { breakpointsOf } from './breakpoints.ts'
import { environmentSegment, instructionSegment, textSegment } from './segments.ts'

/** What every prompt of an assembler begins with. */
export interface AssemblerTexts {
  /** The system prompt of sessions that bring none of their own. */
  readonly systemPrompt: string
  /** Added after the system prompt, whichever it is. Blank: nothing. */
  readonly appendSystemPrompt?: string
}

/**
 * Puts a plan into a prompt in the order in which it stays the same: system prompt, added text, instruction files, then the
 * messages, then everything that changes from turn to turn. No message is looked at, so a step costs the same at any length.
 */
export class DefaultPromptAssembler implements PromptAssembler {
  readonly #seed: readonly PromptSegment[]
  readonly #append: readonly PromptSegment[]
  /** A snapshot never changes, so neither do its segments. */
  readonly #instructions = new WeakMap<ResourceSnapshot, readonly PromptSegment[]>()

  constructor({ systemPrompt, appendSystemPrompt = '' }: AssemblerTexts) {
    this.#seed = [textSegment('seed', systemPrompt, 'static')]
    this.#append = [textSegment('append', appendSystemPrompt, 'static')]
  }

  assemble({ blueprint, resources, plan, tools, environment }: PromptInput): AssembledPrompt {
    const { seed = this.#seed, appendSystemPrompt } = blueprint
    const system: PromptSegment[] = []
    const tail: PromptSegment[] = []
    // Blank text is no segment: model APIs refuse it.
    const put = (segment: PromptSegment): void => {
      if (segment.text.trim() !== '') (segment.stability === 'turn' ? tail : system).push(segment)
    }
    for (const segment of seed) put(segment)
    for (const segment of this.#append) put(segment)
    if (appendSystemPrompt !== undefined) put(textSegment('session-append', appendSystemPrompt, 'session'))
    for (const segment of this.#instructionsOf(resources)) put(segment)
    for (const segment of plan.segments) put(segment)
    put(environmentSegment(environment))
    const breakpoints = breakpointsOf(system, plan.messages.length, tools.length > 0)
    return { system, messages: plan.messages, tail, breakpoints }
  }

  #instructionsOf(resources: ResourceSnapshot): readonly PromptSegment[] {
    let segments = this.#instructions.get(resources)
    if (!segments) {
      segments = resources.instructions.map(instructionSegment)
      this.#instructions.set(resources, segments)
    }
    return segments
  }
}
