import type { HookPayload } from '../../hook-handler.ts'

/** Puts the payload where `$ARGUMENTS` stands in a prompt; behind it where that stands nowhere. */
export function fillArguments(prompt: string, payload: HookPayload): string {
  const json = JSON.stringify(payload)
  // A function: `$&` and the like may stand in the payload.
  return prompt.includes('$ARGUMENTS') ? prompt.replaceAll('$ARGUMENTS', () => json) : `${prompt}\n\n${json}`
}
