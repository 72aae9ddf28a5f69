import { definePlugin, type Command, type DoctorCheck, type Models, type Plugin } from '@halter/core'

/** What the plugins of a runtime offer to the command line. */
export interface Probe {
  /** To be started with the others. */
  readonly plugin: Plugin
  commands(): readonly Command[]
  doctorChecks(): readonly DoctorCheck[]
  models(): Models
}

/** The name of the probe, which is no plugin of anybody's. */
export const PROBE_NAME = 'halter/probe'

/** A plugin that gives away what it is given. */
export function createProbe(): Probe {
  let found:
    | { commands: readonly Command[]; doctorChecks: readonly DoctorCheck[]; models: Models }
    | undefined
  const plugin = definePlugin({
    name: PROBE_NAME,
    apiVersion: 1,
    requires: ['commands', 'doctorChecks', 'models'],
    setup({ services: { commands, doctorChecks, models } }) {
      found = { commands, doctorChecks, models }
      return {}
    },
  })
  const started = (): NonNullable<typeof found> => {
    if (!found) throw new Error('The probe has not been started.')
    return found
  }
  return {
    plugin,
    commands: () => started().commands,
    doctorChecks: () => started().doctorChecks,
    models: () => started().models,
  }
}
