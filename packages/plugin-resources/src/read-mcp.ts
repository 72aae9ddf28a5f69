import type { Json } from '@halter/protocol'
import { checkPortableServer } from './portable-server.ts'
import { fillPlaceholders, valuesOf } from './placeholders.ts'
import {
  fileOptions,
  manifestPath,
  manifestValue,
  refuse,
  usualPlace,
  type PluginReader,
} from './plugin-reader.ts'
import { Problems } from './problem.ts'
import { isObject, lineOfKey, readJson } from './read-json.ts'
import { shownPath } from './read-markdown.ts'

/** The MCP servers that a plugin declares: `.mcp.json` and what the manifest adds; of Agent Plugins, `mcp.json`. A later name wins. */
export function readMcpServers(reader: PluginReader): void {
  if (reader.manifest?.isPortable) {
    readPortable(reader)
    return
  }
  const usual = usualPlace(reader, '.mcp.json', 'file')
  if (usual !== undefined) readServerFile(reader, usual)
  const value = manifestValue(reader, 'mcpServers')
  for (const each of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
    if (isObject(each)) addServers(reader, each, reader.manifest!.file)
    else if (typeof each !== 'string')
      refuse(
        reader,
        'mcpServers',
        'Its "mcpServers" are neither a path nor an object.',
        'Write "./mcp.json".',
      )
    else if (/\.(mcpb|dxt)$/.test(each))
      refuse(
        reader,
        'mcpServers',
        `The bundle ${each} is of a kind that is not read here.`,
        'Unpack it, and name its server.',
      )
    else {
      const file = manifestPath(reader, 'mcpServers', each)
      if (file !== undefined && file !== usual) readServerFile(reader, file)
    }
  }
}

function readServerFile(reader: PluginReader, file: string): void {
  const problems = new Problems(file)
  const json = readJson(file, reader.looks, problems)
  const servers = json && (json.value['mcpServers'] ?? json.value)
  if (isObject(servers)) addServers(reader, servers, file)
  else if (json) problems.error('Its "mcpServers" are no object.', 'Write { "mcpServers": { … } }.', 1)
  reader.found.problems.push(...problems.list)
}

function addServers(reader: PluginReader, servers: Readonly<Record<string, Json>>, file: string): void {
  const problems = new Problems(file)
  for (const [name, server] of Object.entries(servers)) {
    if (isObject(server) && (typeof server['command'] === 'string' || typeof server['url'] === 'string'))
      addServer(reader, name, file, filled(server, reader))
    else problems.error(`The server "${name}" has neither a "command" nor a "url".`, 'Give it one of them.')
  }
  reader.found.problems.push(...problems.list)
}

/** By Agent Plugins 1.0.0, §7.2: what is wrong with the file leaves out all servers, what is wrong with one only that one. */
function readPortable(reader: PluginReader): void {
  const file = usualPlace(reader, 'mcp.json', 'file')
  if (file === undefined) return
  const { looks, manifest, found, root } = reader
  const problems = new Problems(file)
  const json = readJson(file, looks, problems)
  if (json) {
    const { $schema: schema, mcpServers: servers, ...rest } = json.value
    const ofPlugin = manifest!.value['$schema']
    const expected =
      typeof ofPlugin === 'string' ? ofPlugin.replace('plugin.schema.json', 'mcp.schema.json') : ''
    if (schema !== expected)
      problems.error(
        `Its "$schema" is not that of its plugin.`,
        `Write "${expected}".`,
        lineOfKey(json.text, '$schema') ?? 1,
      )
    else if (!isObject(servers) || Object.keys(rest).length > 0)
      problems.error(
        'It has not exactly "$schema" and "mcpServers".',
        'Write { "$schema": …, "mcpServers": { … } }.',
        1,
      )
    else
      for (const [name, server] of Object.entries(servers)) {
        const fault = checkPortableServer(server, { root, dataDir: reader.plugin.dataDir })
        if (fault !== undefined)
          problems.error(
            `The server "${name}" is left out: ${fault}`,
            'Correct it.',
            lineOfKey(json.text, name),
          )
        else if (isObject(server)) addServer(reader, name, file, filledPortable(server, reader))
      }
  }
  found.problems.push(...problems.list)
}

function addServer(reader: PluginReader, name: string, file: string, value: Json): void {
  const { mcpServers } = reader.found
  const known = mcpServers.findIndex((each) => each.name === name)
  const server = { name, source: shownPath(file, fileOptions(reader)), plugin: reader.plugin, value }
  if (known === -1) mcpServers.push(server)
  else mcpServers[known] = server
}

/** Every text of it, as Claude Code has it. */
function filled(value: Json, reader: PluginReader): Json {
  if (typeof value === 'string') return fillPlaceholders(value, valuesOf(reader.plugin))
  if (Array.isArray(value)) return value.map((each) => filled(each, reader))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, reader)]))
}

/** `args`, `env` and `cwd`, as Agent Plugins has it (§9.2); where no `cwd` is named, the plugin's root is it. */
function filledPortable(server: Readonly<Record<string, Json>>, reader: PluginReader): Json {
  if (server['type'] !== 'stdio') return server
  const { args, env, cwd = '${PLUGIN_ROOT}' } = server
  return {
    ...server,
    cwd: filled(cwd, reader),
    ...(args !== undefined && { args: filled(args, reader) }),
    ...(env !== undefined && { env: filled(env, reader) }),
  }
}
