import type { Json } from '@halter/protocol'
import type { NativeData } from './native-data.ts'
import type { StreamPart } from './decode-stream.ts'

type NativePart = Extract<
  StreamPart,
  { type: 'tool-call' | 'tool-result' | 'custom' | 'file' | 'reasoning-file' }
>

/**
 * A streamed part that halter has no word for, in the form in which it goes back in a prompt: as the AI SDK's own functions turn one
 * into the other.
 */
export function toPromptPart(part: NativePart): Extract<NativeData, { part: unknown }>['part'] {
  const { providerMetadata, ...rest } = part
  const options = providerMetadata && { providerOptions: providerMetadata }
  return asJson({ ...promptForm(rest), ...options }) as { type: string }
}

function promptForm(part: Omit<NativePart, 'providerMetadata'>): object {
  switch (part.type) {
    case 'tool-call': {
      const { toolCallId, toolName, input } = part as Extract<NativePart, { type: 'tool-call' }>
      return { type: 'tool-call', toolCallId, toolName, input: parsed(input), providerExecuted: true }
    }
    case 'tool-result': {
      const { toolCallId, toolName, result, isError } = part as Extract<NativePart, { type: 'tool-result' }>
      const output = { type: isError ? 'error-json' : 'json', value: result }
      return { type: 'tool-result', toolCallId, toolName, output }
    }
    case 'file': {
      const { data } = part as Extract<NativePart, { type: 'file' }>
      return { ...part, data: isTagged(data) ? data : { type: 'data', data } }
    }
    case 'custom':
    case 'reasoning-file':
      return part
  }
}

/** The older interface has the content itself where the newer one says first what it is. */
function isTagged(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return {}
  }
}

/** Bytes become base64, URLs become texts. */
function asJson(value: object): Json {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) =>
      each instanceof Uint8Array ? Buffer.from(each).toString('base64') : each,
    ),
  ) as Json
}
