import type { AssembledPrompt, PromptAssembler, PromptInput, ResourceSnapshot } from '@halter/core'
import type { PromptSegment } from '@halter/protocol'
import { breakpointsOf } from './breakpoints.ts'
import {
  environmentSegment,
  instructionSegment,
  SKILL_TOOL,
  skillsSegment,
  textSegment,
  wholeSkillSegments,
} from './segments.ts'

/** What every prompt of an assembler begins with. */
export interface AssemblerTexts {
  /** The system prompt of sessions that bring none of their own. */
  readonly systemPrompt: string
  /** Added after the first segment of the system prompt, whichever it is. Blank: nothing. */
  readonly appendSystemPrompt?: string
  /** Whether skills are listed, or there in full. Default `listed`. */
  readonly skills?: 'listed' | 'whole'
}

/**
 * Puts a plan into a prompt in the order in which it stays the same: system prompt, added text, instruction files, skills, then the
 * messages, then everything that changes from turn to turn. No message is looked at, so a step costs the same at any length.
 */
export class DefaultPromptAssembler implements PromptAssembler {
  readonly #seed: readonly PromptSegment[]
  readonly #append: readonly PromptSegment[]
  readonly #skills: 'listed' | 'whole'
  /** A snapshot never changes, so neither do its segments; a tool that reads skills makes the list of them another. */
  readonly #resources = {
    withTool: new WeakMap<ResourceSnapshot, readonly PromptSegment[]>(),
    without: new WeakMap<ResourceSnapshot, readonly PromptSegment[]>(),
  }

  constructor({ systemPrompt, appendSystemPrompt = '', skills = 'listed' }: AssemblerTexts) {
    this.#skills = skills
    this.#seed = [textSegment('seed', systemPrompt, 'static')]
    this.#append = [textSegment('append', appendSystemPrompt, 'static')]
  }

  assemble({ blueprint, resources, plan, tools, environment }: PromptInput): AssembledPrompt {
    const { seed: [first, ...others] = this.#seed, appendSystemPrompt } = blueprint
    const system: PromptSegment[] = []
    const tail: PromptSegment[] = []
    // Blank text is no segment: model APIs refuse it.
    const put = (segment: PromptSegment): void => {
      if (segment.text.trim() !== '') (segment.stability === 'turn' ? tail : system).push(segment)
    }
    if (first) put(first)
    for (const segment of this.#append) put(segment)
    for (const segment of others) put(segment)
    if (appendSystemPrompt !== undefined) put(textSegment('session-append', appendSystemPrompt, 'session'))
    for (const segment of this.#segmentsOf(resources, tools)) put(segment)
    for (const segment of plan.segments) put(segment)
    put(environmentSegment(environment))
    const breakpoints = breakpointsOf(system, plan.messages.length, tools.length > 0)
    return { system, messages: plan.messages, tail, breakpoints }
  }

  #segmentsOf(resources: ResourceSnapshot, tools: PromptInput['tools']): readonly PromptSegment[] {
    const hasTool = tools.some(({ name }) => name === SKILL_TOOL)
    const known = hasTool ? this.#resources.withTool : this.#resources.without
    let segments = known.get(resources)
    if (!segments) {
      const { instructions, skills } = resources
      segments = [
        ...instructions.map(instructionSegment),
        ...(this.#skills === 'whole' ? wholeSkillSegments(skills) : [skillsSegment(skills, hasTool)]),
      ]
      known.set(resources, segments)
    }
    return segments
  }
}
