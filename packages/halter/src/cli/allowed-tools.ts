import { definePlugin, type Plugin } from '@halter/core'

/** Lets the named tools run without a question. Another plugin's `deny` or `ask` still counts: the strictest answer wins. */
export function allowedTools(names: readonly string[], warn: (message: string) => void): Plugin {
  const allowed = new Set(names)
  return definePlugin({
    name: 'halter/allowed-tools',
    apiVersion: 1,
    requires: ['tools'],
    setup({ hooks, services }) {
      const known = services.tools.map(({ name }) => name)
      for (const name of allowed)
        if (!known.includes(name))
          warn(`--allow-tool ${name}: there is no such tool. There is ${known.join(', ') || 'none'}.`)
      hooks.tap('toolCall.guard', ({ name }) => (allowed.has(name) ? { allow: '--allow-tool' } : undefined))
      return {}
    },
  })
}
