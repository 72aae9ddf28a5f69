import { createHash } from 'node:crypto'
import type { ToolCallId } from '@halter/protocol'

/**
 * A call's id as every API takes it. An id of another make, such as one that another provider gave, becomes the same new one
 * in every request: Anthropic takes letters, digits, `_` and `-`, OpenAI's Chat Completions at most 40 of them.
 */
export function wireCallId(id: ToolCallId): string {
  if (/^[\w-]{1,40}$/.test(id)) return id
  return `call_${createHash('sha256').update(id).digest('hex').slice(0, 32)}`
}

/** The name of a called tool. There are models that call what no tool is named, and APIs that refuse to read it again. */
export function wireToolName(name: string): string {
  return name.replaceAll(/[^\w-]/g, '_').slice(0, 64) || '_'
}
