import { textOf, toolCallsOf, type AssistantMessage, type Json } from '@halter/protocol'
import type { ResolvedModel } from '../contracts/provider.ts'
import type { TurnOptions } from '../contracts/runtime.ts'
import type { JsonSchema, Schema } from '../contracts/schema.ts'
import type { Tool } from '../contracts/tool.ts'
import { defineTool } from '../define-tool.ts'
import { HalterError } from '../errors.ts'
import { formatIssues, jsonSchema, toJsonSchema, validate } from '../schema.ts'
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
  readonly #jsonSchema: JsonSchema
  /** Set by the tool when it accepted an answer. */
  accepted: { readonly value: unknown } | undefined
  wrongAnswers = 0

  constructor(schema: Schema, json: JsonSchema) {
    this.#schema = schema
    this.#jsonSchema = json
  }

  /** The schema for a model that takes one natively. */
  nativeSchema(model: ResolvedModel): JsonSchema | undefined {
    return model.info.capabilities.structuredOutput ? this.#jsonSchema : undefined
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
      input: jsonSchema({ type: 'object', properties: { answer: this.#jsonSchema }, required: ['answer'] }),
      effects: 'none',
      concurrency: 'exclusive',
      execute: async ({ answer }) => {
        const issues = await this.check(answer)
        if (issues === undefined) return 'Accepted.'
        return { parts: [{ kind: 'text', text: `The answer does not fit: ${issues}` }], isError: true }
      },
    })
  }

  /** Accepts a value, or tells what is wrong with it. */
  async check(value: unknown): Promise<string | undefined> {
    const result = await validate(this.#schema, value)
    if (result.issues) return formatIssues(result.issues)
    this.accepted = { value: result.value }
    return undefined
  }
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
  if (toolCallsOf(reply).length > 0) return 'working'
  const problem = await problemOf(contract, turn.model, reply)
  if (problem === undefined) return 'accepted'
  await tellModel(turn, contract, problem)
  return 'continue'
}

async function problemOf(
  contract: OutputContract,
  model: ResolvedModel,
  reply: AssistantMessage,
): Promise<string | undefined> {
  if (!contract.nativeSchema(model)) return `Give your answer by calling ${FINAL_ANSWER}.`
  try {
    const issues = await contract.check(JSON.parse(textOf(reply)))
    return issues === undefined ? undefined : `The answer does not fit: ${issues}`
  } catch {
    return 'The answer is not valid JSON. Answer with the JSON value alone.'
  }
}

async function tellModel(turn: Turn, contract: OutputContract, problem: string): Promise<void> {
  contract.wrongAnswers += 1
  if (contract.wrongAnswers >= MAX_WRONG_ANSWERS)
    throw new HalterError(
      'ERR_OUTPUT_SCHEMA',
      `"${turn.model.id}" gave no answer of the asked-for shape in ${MAX_WRONG_ANSWERS} tries. Last problem: ${problem}`,
    )
  appendUserMessage(turn, [{ kind: 'text', text: problem }], 'plugin')
  await turn.commit()
}
