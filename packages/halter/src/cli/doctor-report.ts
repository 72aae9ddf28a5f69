import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { halterHome, isHalterError, type DoctorFinding, type RuntimeDescription } from '@halter/core'
import { loadConfig, type LoadedConfig } from '@halter/core/host'
import { COMMANDS } from './command-table.ts'
import { missingKey } from './default-model.ts'
import { LIBRARY, loadConfiguration, type ConfigurationRequest } from './load-configuration.ts'
import { startRuntime, type OpenRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { createProbe, PROBE_NAME, type Probe } from './plugin-probe.ts'
import { version } from './version.ts'

/** What was found, about what. */
export interface Finding extends DoctorFinding {
  readonly about: string
}

/** Everything that `halter doctor` tells. */
export interface DoctorReport {
  readonly versions: Readonly<Record<'halter' | 'node' | 'sqlite' | 'platform', string>>
  /** The folder of halter. */
  readonly home: string
  readonly layers: LoadedConfig['layers']
  /** Milliseconds to read the configuration, and to start the plugins. */
  readonly configMs: number
  readonly startMs?: number
  /** Absent when the plugins could not start. */
  readonly runtime?: RuntimeDescription
  /** Of plugins. */
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly findings: readonly Finding[]
}

/** Deadline of one check, and what a plugin may take to start before it is worth a word. Milliseconds. */
const CHECK_MS = 30_000
const SLOW_MS = 250
const VERIFIED_SESSIONS = 5

/** Reads the configuration, starts the plugins and looks at everything. Whatever fails is a finding. */
export async function examine(request: ConfigurationRequest, output: Output): Promise<DoctorReport> {
  const findings: Finding[] = [...checkSystem()]
  const began = performance.now()
  const loaded = await loadAnyhow(request, findings, output)
  const configMs = performance.now() - began
  findings.push(...describeConfig(loaded.config))
  const { config } = loaded
  const report = { versions: versions(), home: config.home, layers: config.layers, configMs, findings }
  const probe = createProbe()
  const starting = performance.now()
  let open: OpenRuntime
  try {
    open = await startRuntime(loaded, { plugins: [probe.plugin] })
  } catch (error) {
    findings.push({ about: 'plugins', ...failure(error) })
    return { ...report, commands: [] }
  }
  const startMs = performance.now() - starting
  try {
    findings.push(...checkPlugins(open), ...(await checkModels(open, probe)))
    findings.push(...(await checkSessions(open)), ...(await runChecks(probe)), ...checkCommands(probe))
    return {
      ...report,
      startMs,
      runtime: withoutProbe(open.runtime.describe()),
      commands: probe.commands().map(({ name, summary }) => ({ name, summary })),
    }
  } finally {
    await open.runtime.shutdown()
  }
}

function versions(): DoctorReport['versions'] {
  const { sqlite = 'none' } = process.versions
  return { halter: version(), node: process.version, sqlite, platform: `${process.platform} ${process.arch}` }
}

/** SQLite before 3.51.3 can lose commits of two connections that write at once. */
function checkSystem(): Finding[] {
  const findings: Finding[] = []
  const about = 'system'
  if (!isAtLeast(process.versions.node, '24.15'))
    findings.push({
      about,
      status: 'error',
      message: `Node ${process.version} is too old`,
      cure: 'Install Node 24.15 or newer.',
    })
  if (!isAtLeast(process.versions.sqlite ?? '0', '3.51.3'))
    findings.push({
      about,
      status: 'error',
      message: `SQLite ${process.versions.sqlite} can lose commits`,
      cure: 'Install a Node with SQLite 3.51.3 or newer.',
    })
  const home = halterHome()
  let folder = home
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    findings.push({
      about,
      status: 'error',
      message: `${folder} cannot be written to, and halter keeps sessions in ${home}`,
      cure: 'Change its permissions, or set HALTER_HOME to another folder.',
    })
  }
  return findings
}

function isAtLeast(version: string, wanted: string): boolean {
  return version.localeCompare(wanted, 'en', { numeric: true }) >= 0
}

/** The configuration; when it cannot be used, the defaults, so that the rest can be looked at. */
async function loadAnyhow(
  request: ConfigurationRequest,
  findings: Finding[],
  output: Output,
): Promise<{ readonly config: LoadedConfig; readonly cwd: string }> {
  const about = 'configuration'
  try {
    return await loadConfiguration({ ...request, ask: () => Promise.resolve('no') }, output)
  } catch (error) {
    if (!isHalterError(error)) throw error
    findings.push({
      about,
      ...failure(error),
      cure: 'Correct it: halter config validate. The rest of this report is about the defaults.',
    })
    return { config: await loadConfig({ ...LIBRARY, isAlone: true }), cwd: process.cwd() }
  }
}

function describeConfig({ warnings, leftOut }: LoadedConfig): Finding[] {
  const told = warnings
    .filter((message) => !leftOut.some((path) => message.startsWith(path)))
    .map((message): Finding => ({ about: 'configuration', status: 'warning', message }))
  if (leftOut.length === 0) return told
  const message = `not used, because the folder is not trusted: ${leftOut.join(', ')}`
  return [...told, { about: 'trust', status: 'warning', message, cure: 'Read it, then: halter trust add' }]
}

function checkPlugins({ runtime }: OpenRuntime): Finding[] {
  const { plugins, taps } = runtime.describe()
  const slow = plugins
    .filter(({ setupMs }) => setupMs > SLOW_MS)
    .map(({ name, setupMs }): Finding => ({
      about: 'plugins',
      status: 'warning',
      message: `${name} took ${Math.round(setupMs)} ms to start, and every command waits for it`,
      cure: 'Let it do its work when it is first needed, or remove it.',
    }))
  const originOf = new Map(plugins.map(({ name, origin }) => [name, origin]))
  const shared = Object.entries(taps).flatMap(([hook, list]): Finding[] => {
    const names = [...new Set(list.map(({ plugin }) => plugin))]
    // Whoever made a preset has seen to the order of its own plugins.
    const origins = new Set(names.map((name) => originOf.get(name)))
    if (!hook.endsWith('.transform') || names.length < 2 || (origins.size === 1 && !origins.has('config')))
      return []
    return [
      {
        about: 'plugins',
        status: 'warning',
        message: `${names.join(', then ')} change the same thing in ${hook}`,
        cure: 'Where they touch the same field, the later one wins: see that this order is meant ("before", "after").',
      },
    ]
  })
  return [...slow, ...shared]
}

async function checkModels({ config, byDefault }: OpenRuntime, probe: Probe): Promise<Finding[]> {
  const about = 'models'
  const { defaultModel = 'demo', models = {} } = config.runtime
  const model = byDefault?.model ?? defaultModel
  if (byDefault?.model === 'demo')
    return [
      {
        about,
        status: 'warning',
        message: 'no model is configured, and no key is set: the built-in demo model answers, offline',
        cure: 'Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or name a model.',
      },
    ]
  const findings: Finding[] = []
  for (const [role, id] of Object.entries({ default: model, ...models }))
    try {
      await probe.models().resolve(id, role as 'default')
      findings.push({ about, status: 'ok', message: `${role}: ${id}` })
    } catch (error) {
      const cure = missingKey(id, process.env)
      findings.push({ about, ...failure(error), ...(cure !== undefined && { cure }) })
    }
  return findings
}

async function checkSessions({ runtime }: OpenRuntime): Promise<Finding[]> {
  const about = 'sessions'
  try {
    const { sessions } = await runtime.listSessions({ limit: VERIFIED_SESSIONS })
    const reports = await Promise.all(sessions.map(({ sessionId }) => runtime.verify(sessionId)))
    const damaged = reports.filter(({ problems }) => problems.length > 0)
    if (damaged.length === 0)
      return [
        {
          about,
          status: 'ok',
          message: sessions.length === 0 ? 'there are none yet' : `the newest ${sessions.length} are whole`,
        },
      ]
    return damaged.map(({ sessionId, problems }) => ({
      about,
      status: 'error' as const,
      message: `${sessionId} is damaged: ${problems.map(({ seq, problem }) => `at ${seq}: ${problem}`).join('; ')}`,
      cure: `halter sessions repair ${sessionId}`,
    }))
  } catch (error) {
    return [{ about, ...failure(error) }]
  }
}

async function runChecks(probe: Probe): Promise<Finding[]> {
  return await Promise.all(
    probe.doctorChecks().map(async ({ name, check }): Promise<Finding> => {
      const deadline = AbortSignal.timeout(CHECK_MS)
      // Keeps the process alive, which the signal's own timer does not.
      const alive = setInterval(() => {}, 1_000)
      const late = new Promise<never>((_, reject) => {
        deadline.addEventListener('abort', () =>
          reject(new Error(`It did not answer within ${CHECK_MS / 1_000} s`)),
        )
      })
      try {
        return { about: name, ...(await Promise.race([check(deadline), late])) }
      } catch (error) {
        return { about: name, ...failure(error) }
      } finally {
        clearInterval(alive)
      }
    }),
  )
}

function checkCommands(probe: Probe): Finding[] {
  const own = new Set(COMMANDS.map(({ name }) => name.split(' ', 1)[0]!))
  const seen = new Set<string>()
  return probe.commands().flatMap(({ name }): Finding[] => {
    const isHidden = own.has(name) || seen.has(name)
    seen.add(name)
    if (!isHidden) return []
    const by = own.has(name) ? 'one of halter’s own' : 'an earlier one'
    return [
      {
        about: 'plugins',
        status: 'warning',
        message: `the command "${name}" of a plugin is hidden by ${by}`,
        cure: 'Its author has to rename it.',
      },
    ]
  })
}

function failure(error: unknown): Pick<Finding, 'status' | 'message'> {
  return { status: 'error', message: error instanceof Error ? error.message : String(error) }
}

function withoutProbe(description: RuntimeDescription): RuntimeDescription {
  return { ...description, plugins: description.plugins.filter(({ name }) => name !== PROBE_NAME) }
}
