import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tool } from '@halter/core'
import { testTool } from '@halter/testkit'
import { createSkillTool } from '../../src/commands/skill-tool.ts'
import { GrantBook } from '../../src/commands/turn-grants.ts'
import { ResourceFiles } from '../../src/index.ts'

const files = new ResourceFiles({
  home: '/nowhere',
  userHome: '/nowhere',
  isTrusted: () => Promise.resolve(true),
})
const skill = createSkillTool(new GrantBook())

/** The sessions of the suite have no resources of their own. */
const tool: Tool = {
  ...skill,
  execute: (input, ctx) => {
    const { workingDir } = ctx
    const resources = () => Promise.resolve(files.snapshot({ workingDir }))
    return skill.execute(input, {
      callId: ctx.callId,
      sessionId: ctx.sessionId,
      turnId: ctx.turnId,
      blueprint: ctx.blueprint,
      workingDir,
      signal: ctx.signal,
      emit: (text) => ctx.emit(text),
      session: { ...ctx.session, resources },
    })
  },
}

testTool('skill', {
  tool,
  works: [{ name: 'rhyme' }, { name: 'rhyme', arguments: 'two lines' }, { name: 'rhyme', file: 'words.md' }],
  refuses: [{}, { name: 7 }, { name: 'rhyme', file: 1 }, { skill: 'rhyme' }],
  prepare: (folder) => {
    const root = join(folder, '.claude/skills/rhyme')
    mkdirSync(root, { recursive: true })
    writeFileSync(
      join(root, 'SKILL.md'),
      '---\nname: rhyme\ndescription: Makes verses.\n---\nRhyme about $ARGUMENTS.',
    )
    writeFileSync(join(root, 'words.md'), 'moon, June\n')
  },
})
