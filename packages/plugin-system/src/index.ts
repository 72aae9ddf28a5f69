import { definePlugin, jsonSchema } from '@halter/core'
import { createBudget } from './budget.ts'
import { createClock } from './clock.ts'
import { createEnvironment } from './environment.ts'
import { createIds } from './ids.ts'
import { createLogger, type LoggerOptions } from './logger.ts'
import { createModels } from './models.ts'
import { createRandom } from './random.ts'
import { createWatcher } from './watcher.ts'

/** Options of `@halter/plugin-system`. */
export interface SystemOptions {
  /** The least important level that is logged. Default `warn`. */
  readonly level: LoggerOptions['level']
  /** Lines for people, or one JSON object per line. Default `text`. */
  readonly format: LoggerOptions['format']
}

/** The ambient services: each small, each replaceable by a plugin that provides its slot. */
export default definePlugin({
  name: '@halter/plugin-system',
  apiVersion: 1,
  config: jsonSchema<SystemOptions>({
    type: 'object',
    additionalProperties: false,
    properties: {
      level: {
        enum: ['debug', 'info', 'warn', 'error', 'silent'],
        default: 'warn',
        description: 'the least important level that is logged',
      },
      format: {
        enum: ['text', 'json'],
        default: 'text',
        description: 'lines for people, or one JSON object per line',
      },
    },
  }),
  provides: ['models', 'clock', 'ids', 'random', 'environment', 'watcher', 'logger', 'budget'],
  requires: ['providers'], // read at every call: a provider may require the clock from here
  setup({ config, services, defer }) {
    const clock = createClock()
    const logger = createLogger({
      ...config,
      now: () => clock.now(),
      write: (line) => void process.stderr.write(line),
    })
    const environment = createEnvironment({ clock })
    defer(() => environment.close())
    const watcher = createWatcher({ clock, logger })
    defer(() => watcher.close())
    return {
      models: createModels(() => services.providers),
      clock,
      ids: createIds(),
      random: createRandom(),
      environment,
      watcher,
      logger,
      budget: createBudget(),
    }
  },
})
