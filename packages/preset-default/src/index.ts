import type { Preset } from '@halter/core'
import contextDefault from '@halter/plugin-context-default'
import hooks from '@halter/plugin-hooks'
import keyvStorage from '@halter/plugin-keyv-storage'
import promptDefault from '@halter/plugin-prompt-default'
import aiSdk from '@halter/plugin-provider-ai-sdk'
import scripted from '@halter/plugin-provider-scripted'
import resources from '@halter/plugin-resources'
import sqliteStore from '@halter/plugin-sqlite-store'
import system from '@halter/plugin-system'
import tools from '@halter/plugin-tools'

/** The plugins most people want. Each gives way, slot by slot, to a plugin of the configuration. */
const presetDefault: Preset = Object.freeze({
  name: '@halter/preset-default',
  plugins: Object.freeze([
    system,
    sqliteStore,
    keyvStorage,
    contextDefault,
    promptDefault,
    resources,
    hooks,
    scripted,
    aiSdk,
    tools,
  ]),
})

export default presetDefault
