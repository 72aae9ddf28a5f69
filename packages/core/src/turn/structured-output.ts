import { textOf, toolCallsOf, type AssistantMessage, type Json } from '@halter/protocol'
import type { ResolvedModel } from '../contracts/provider.ts'
import type { TurnOptions } from '../contracts/runtime.ts'
import type { JsonSchema, Schema, StandardSchema } from '../contracts/schema.ts'
import type { Tool } from '../contracts/tool.ts'
import { defineTool } from '../define-tool.ts'
import { HalterError } from '../errors.ts'
import { formatIssues, toJsonSchema, validate } from '../schema.ts'
import { appendUserMessage } from './submit-prompt.ts'
import { createToolSet, type ToolSet } from './tool-set.ts'
import type { Turn } from './turn.ts'

/** The tool by which a model without a native format gives its answer. No plugin may have one of this name. */
export const FINAL_ANSWER = 'final_answer'
/** How often a model may answer wrongly before the turn fails. */
const MAX_WRONG_ANSWERS = 5

/** What a turn's answer must look like, and how the model is told. */
export class OutputContract {
  readonly #schema: Schema
  /** What the model is told. */
  readonly jsonSchema: JsonSchema
  /** The newest right answer. */
  accepted: { readonly value: unknown } | undefined
  /** What was wrong with the newest wrong answer. */
  lastProblem = 'it gave none'
  wrongAnswers = 0

  constructor(schema: Schema, json: JsonSchema) {
    this.#schema = schema
    this.jsonSchema = json
  }

  /** The schema for a model that takes one natively. */
  nativeSchema(model: ResolvedModel): JsonSchema | undefined {
    return model.info.capabilities.structuredOutput ? this.jsonSchema : undefined
  }

  /** The tools of the turn: with the answer tool, where the model has no native format. */
  extend(tools: ToolSet, model: ResolvedModel): ToolSet {
    return this.nativeSchema(model) ? tools : createToolSet([...tools.byName.values(), this.#tool()])
  }

  /** The answer tool. Its input is checked by the caller's schema, so a wrong answer is an error result like any other. */
  #tool(): Tool {
    return defineTool<{ answer: Json }>({
      name: FINAL_ANSWER,
      description: 'Give the final answer. Call it exactly once, when the work is done.',
      input: anyAnswer,
      jsonSchema: aroundAnswer(this.jsonSchema),
      effects: 'none',
      concurrency: 'exclusive',
      execute: async ({ answer }) => {
        const problem = await this.check(answer)
        if (problem === undefined) return 'Accepted.'
        return { parts: [{ kind: 'text', text: problem }], isError: true }
      },
    })
  }

  /** Accepts a value, or tells what is wrong with it. */
  async check(value: unknown): Promise<string | undefined> {
    const result = await validate(this.#schema, value)
    if (result.issues) return (this.lastProblem = `The answer does not fit: ${formatIssues(result.issues)}`)
    this.accepted = { value: result.value }
    return undefined
  }

  /** There is something new to think about, so what was accepted is the answer no more. */
  reopen(): void {
    this.accepted = undefined
  }

  /** @throws HalterError `ERR_OUTPUT_SCHEMA` when that was one too many. */
  countWrongAnswer(model: ResolvedModel): void {
    this.wrongAnswers += 1
    if (this.wrongAnswers < MAX_WRONG_ANSWERS) return
    throw new HalterError(
      'ERR_OUTPUT_SCHEMA',
      `"${model.id}" gave no answer of the asked-for shape in ${MAX_WRONG_ANSWERS} tries. Last problem: ${this.lastProblem}`,
    )
  }
}

/** The caller's schema judges the answer itself. */
const anyAnswer: StandardSchema<{ answer: Json }> = Object.freeze({
  '~standard': {
    version: 1,
    vendor: 'halter',
    validate: (value: unknown) =>
      typeof value === 'object' && value !== null && 'answer' in value
        ? { value: value as { answer: Json } }
        : { issues: [{ path: ['answer'], message: 'it is required and not there' }] },
  },
} as const)

/** The JSON Schema of an object with `answer` in it. Definitions go to the top, where everybody looks for them. */
function aroundAnswer({ $defs, definitions, ...answer }: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { answer: moved(answer) },
    required: ['answer'],
    ...($defs !== undefined && { $defs: moved($defs) }),
    ...(definitions !== undefined && { definitions: moved(definitions) }),
  }
}

/** What refers to the schema itself, or into it, refers to where it now is. */
function moved(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(moved)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([key, value]) =>
    key === '$ref' && typeof value === 'string' && /^#(?!\/(\$defs|definitions)\/)/.test(value)
      ? [key, `#/properties/answer${value.slice(1)}`]
      : [key, moved(value)],
  )
  return Object.fromEntries(entries)
}

/** @throws HalterError `ERR_OUTPUT_SCHEMA` when the schema has no JSON Schema and none was given. */
export function createOutputContract(output: NonNullable<TurnOptions['output']>): OutputContract {
  return new OutputContract(
    output.schema,
    output.jsonSchema ?? toJsonSchema(output.schema, 'the turn’s output'),
  )
}

/**
 * Looks at a reply: `accepted`; `continue`, when the model has been told what is missing; `working`, when it made calls.
 * @throws HalterError `ERR_OUTPUT_SCHEMA` after too many wrong answers.
 */
export async function checkOutput(
  turn: Turn,
  contract: OutputContract,
  reply: AssistantMessage,
): Promise<'accepted' | 'continue' | 'working'> {
  if (contract.accepted) return 'accepted'
  const calls = toolCallsOf(reply)
  if (calls.some(({ name }) => name === FINAL_ANSWER)) contract.countWrongAnswer(turn.model)
  if (calls.length > 0) return 'working'
  const problem = await problemOf(contract, turn.model, reply)
  if (problem === undefined) return 'accepted'
  contract.lastProblem = problem
  contract.countWrongAnswer(turn.model)
  appendUserMessage(turn, [{ kind: 'text', text: problem }], 'plugin')
  await turn.commit()
  return 'continue'
}

async function problemOf(
  contract: OutputContract,
  model: ResolvedModel,
  reply: AssistantMessage,
): Promise<string | undefined> {
  if (!contract.nativeSchema(model)) return `Give your answer by calling ${FINAL_ANSWER}.`
  let answer: unknown
  try {
    answer = JSON.parse(textOf(reply))
  } catch {
    return 'The answer is not valid JSON. Answer with the JSON value alone.'
  }
  return contract.check(answer)
}
