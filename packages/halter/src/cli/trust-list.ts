import { basename, dirname, relative } from 'node:path'
import { halterHome } from '@halter/core'
import { listTrusted, openQuestion, readProject, type TrustedContent } from '@halter/core/host'
import { columns } from './columns.ts'
import type { OptionValues } from './command-spec.ts'
import type { TRUST_LIST } from './commands/config.ts'
import type { Output } from './output.ts'
import { localTime } from './sessions-list.ts'

/** `halter trust list` */
export async function listTrust(
  options: OptionValues<(typeof TRUST_LIST)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const home = halterHome()
  const trusted = await Promise.all(
    listTrusted(home).map(async (each) => ({ ...each, status: await statusOf(each, home) })),
  )
  if (options.json) for (const each of trusted) output.json(each)
  else if (trusted.length === 0)
    output.talk('Nothing is trusted. halter asks where a folder brings something that can run.')
  else
    for (const [root, content] of Map.groupBy(trusted, (each) => each.root)) {
      output.data(`${root}\n`)
      const rows = content.map(({ path, at, status }) => [
        relative(root, path),
        localTime(at),
        STATUS[status],
      ])
      output.data(columns(rows, { width: output.width, indent: 2 }))
    }
  return 0
}

const STATUS = { same: '', changed: 'has changed since: you will be asked', gone: 'is not there any more' }

async function statusOf({ path, root }: TrustedContent, home: string): Promise<keyof typeof STATUS> {
  const parent = dirname(path)
  const isInDotFolder = parent !== root && basename(parent).startsWith('.')
  const project = await readProject(isInDotFolder ? dirname(parent) : parent)
  if (!project.content.some((each) => each.path === path)) return 'gone'
  return openQuestion(project, home).content.some((each) => each.path === path) ? 'changed' : 'same'
}
