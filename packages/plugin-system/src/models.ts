import { HalterError, type Models, type Provider, type ResolvedModel } from '@halter/core'

/** What a provider says of an accepted model. */
type ProviderModel = Awaited<ReturnType<Provider['info']>>

/**
 * Slot `models`: the first provider that accepts an id speaks for it. `providers` is asked at every call, so that it need
 * not be known yet when the plugins are set up.
 */
export function createModels(providers: () => readonly Provider[]): Models {
  return {
    resolve(id, role) {
      const provider = acceptingProvider(id, providers())
      const resolved = ({ model, ...info }: ProviderModel): ResolvedModel => ({
        id,
        role,
        provider,
        model,
        info,
      })
      const facts = provider.info(id)
      return facts instanceof Promise ? facts.then(resolved) : resolved(facts)
    },
  }
}

function acceptingProvider(id: string, providers: readonly Provider[]): Provider {
  const found = providers.find((provider) => accepts(provider, id))
  if (found) return found
  const names = providers.map(({ name }) => name)
  const asked = names.length === 0 ? 'there is no provider' : `asked: ${names.join(', ')}`
  throw new HalterError(
    'ERR_MODEL_UNKNOWN',
    `No provider accepts the model "${id}" (${asked}). Add a provider plugin for it, or choose a model that one of them has.`,
    { data: { model: id, providers: names } },
  )
}

function accepts(provider: Provider, id: string): boolean {
  try {
    return provider.accepts(id)
  } catch (cause) {
    throw new HalterError(
      'ERR_MODEL_PROTOCOL',
      `The provider "${provider.name}" threw when it was asked whether it accepts the model "${id}". Update or remove its plugin.`,
      { cause },
    )
  }
}
