import type { Rule } from '../rule.ts'
import { withProvider, type OpenProvider, type ProviderHarness, type ProviderScene } from './harness.ts'

/** A rule about what a provider makes of these scenes; skipped where its model cannot act one of them. */
export function sceneRule(
  name: string,
  scenes: readonly ProviderScene[],
  check: (open: OpenProvider) => Promise<void>,
): Rule<ProviderHarness> {
  return {
    name,
    skip: async (harness) => scenes.map((scene) => harness.cannot?.(scene)).find((why) => why !== undefined),
    run: (harness) => withProvider(harness, scenes, check),
  }
}
