import { HalterError, type Provider } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { createModels } from '../src/models.ts'

describe('models', () => {
  test('the first provider that accepts an id speaks for it', async () => {
    const models = createModels(() => [provider('a', 'x/'), provider('b', 'y/'), provider('c', 'y/')])
    expect(await models.resolve('y/1', 'small')).toMatchObject({
      id: 'y/1',
      role: 'small',
      model: '1',
      provider: { name: 'b' },
      info: { window: 1000, maxOutput: 100, capabilities: {} },
    })
  })

  test('facts that are known at once cost no promise, facts that are not are waited for', async () => {
    const quick = createModels(() => [provider('a', 'x/')])
    expect(quick.resolve('x/1', 'default')).not.toBeInstanceOf(Promise)
    const slow = createModels(() => [provider('a', 'x/', true)])
    expect(await slow.resolve('x/1', 'default')).toMatchObject({ model: '1' })
  })

  test('an unknown model is an error that names the model and everybody who was asked', () => {
    const models = createModels(() => [provider('anthropic', 'claude'), provider('openai', 'gpt')])
    expect(() => models.resolve('opus-9', 'default')).toThrow(
      expect.objectContaining({
        code: 'ERR_MODEL_UNKNOWN',
        message: expect.stringContaining('"opus-9" (asked: anthropic, openai)'),
      }),
    )
  })

  test('without any provider the error says so', () => {
    expect(() => createModels(() => []).resolve('x', 'default')).toThrow('there is no provider')
  })

  test('providers are looked up at each call, so that they may come after this plugin', () => {
    const providers: Provider[] = []
    const models = createModels(() => providers)
    expect(() => models.resolve('x/1', 'default')).toThrow(HalterError)
    providers.push(provider('late', 'x/'))
    expect(models.resolve('x/1', 'default')).toMatchObject({ provider: { name: 'late' } })
  })

  test('a provider that throws when asked is named', () => {
    const broken = {
      ...provider('broken', ''),
      accepts: () => {
        throw new Error('boom')
      },
    }
    const resolve = () => createModels(() => [broken]).resolve('x', 'default')
    expect(resolve).toThrow(
      expect.objectContaining({
        code: 'ERR_MODEL_PROTOCOL',
        message: expect.stringContaining('"broken"'),
        cause: expect.objectContaining({ message: 'boom' }),
      }),
    )
  })
})

function provider(name: string, prefix: string, isSlow = false): Provider {
  return {
    name,
    accepts: (model) => model.startsWith(prefix),
    info: (model) => {
      const info = { model: model.slice(prefix.length), window: 1000, maxOutput: 100, capabilities: {} }
      return isSlow ? Promise.resolve(info) : info
    },
    async *stream() {
      yield { type: 'end', stopReason: 'end' }
    },
  }
}
