import type { Json } from '@halter/protocol'
import { HalterError } from './errors.ts'
import { toJsonSchema, validate } from './schema.ts'
import type { JsonSchema, Schema, SchemaResult } from './contracts/schema.ts'
import type {
  ApprovalNeed,
  Tool,
  ToolConcurrency,
  ToolContext,
  ToolEffects,
  ToolReturn,
} from './contracts/tool.ts'

/** What `defineTool` takes. */
export interface ToolSpecification<Input> {
  /** Letters, digits, `_` and `-`; at most 64, as model APIs ask for. */
  readonly name: string
  /** For the model: what it does, when to use it. */
  readonly description: string
  /** Checks what the model wrote; `execute` gets the checked and completed value. */
  readonly input: Schema<Input>
  /** Overrides what is derived from `input`. */
  readonly jsonSchema?: JsonSchema
  readonly effects: ToolEffects
  readonly concurrency: ToolConcurrency
  /** Milliseconds; `0`: none. Absent: the runtime's default. */
  readonly timeoutMs?: number
  needsApproval?(input: Input, ctx: { readonly workingDir: string }): ApprovalNeed | undefined
  execute(input: Input, ctx: ToolContext): ToolReturn | Promise<ToolReturn>
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/**
 * Makes a tool.
 * @throws HalterError `ERR_PLUGIN_INVALID` for a name that model APIs refuse; `ERR_OUTPUT_SCHEMA` when `input` has no JSON
 * Schema and `jsonSchema` is absent.
 */
export function defineTool<Input>(spec: ToolSpecification<Input>): Tool {
  if (!NAME.test(spec.name))
    throw new HalterError(
      'ERR_PLUGIN_INVALID',
      `"${spec.name}" is no tool name. Use 1 to 64 letters, digits, "_" and "-": model APIs refuse anything else.`,
    )
  const { name, description, input, effects, concurrency, timeoutMs, needsApproval, execute } = spec
  return Object.freeze({
    name,
    description,
    inputSchema: spec.jsonSchema ?? toJsonSchema(input, `tool "${name}"`),
    effects,
    concurrency,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(needsApproval && { needsApproval: needsApproval.bind(spec) as NonNullable<Tool['needsApproval']> }),
    validate: (value: Json) => validate(input, value) as SchemaResult<Json>,
    execute: execute.bind(spec) as unknown as Tool['execute'],
  })
}
