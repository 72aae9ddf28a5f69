import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import tools, {
  createEditTool,
  createGlobTool,
  createGrepTool,
  createProcessTool,
  createReadTool,
  createShellTool,
  createTaskTool,
  createWriteTool,
} from '@halter/plugin-tools'
import { testTool } from '@halter/testkit'

function prepare(folder: string): void {
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src/a.ts'), 'export const alpha = 1\n')
  writeFileSync(join(folder, 'b.md'), '# Beta\n')
}

testTool('read', {
  tool: createReadTool(),
  works: [{ file_path: 'b.md' }, { file_path: 'src/a.ts', offset: 1, limit: 1 }],
  refuses: [{}, { file_path: 7 }, { file_path: 'b.md', limit: 'all' }],
  prepare,
})

testTool('glob', {
  tool: createGlobTool(),
  works: [{ pattern: '**/*.ts' }, { pattern: 'none*' }],
  refuses: [{}, { pattern: ['*'] }],
  prepare,
})

testTool('grep', {
  tool: createGrepTool(),
  works: [{ pattern: 'alpha' }, { pattern: '^# (\\w+)', glob: '*.md' }],
  refuses: [{}, { pattern: 7 }],
  prepare,
})

testTool('write', {
  tool: createWriteTool(),
  works: [
    { file_path: 'new/c.txt', content: 'gamma' },
    { file_path: 'b.md', content: '' },
  ],
  refuses: [{ file_path: 'c.txt' }, { content: 'x' }],
  prepare,
})

testTool('edit', {
  tool: createEditTool(),
  works: [{ file_path: 'b.md', old_string: 'Beta', new_string: 'Gamma' }],
  refuses: [{ file_path: 'b.md' }],
  prepare,
})

testTool('shell', {
  tool: createShellTool(),
  works: [{ command: 'cat b.md' }, { command: 'echo out; echo err >&2' }],
  refuses: [{}, { command: '' }, { command: ['ls'] }],
  takesLong: { command: 'sleep 20' },
  prepare,
})

testTool('process', {
  tool: createProcessTool(),
  works: [{ action: 'list_descendants' }],
  refuses: [
    {},
    { action: 'kill_all' },
    { action: 'kill_tree', pid: 'init' },
    { action: 'kill_tree', signal: 9 },
  ],
})

testTool('task', {
  tool: createTaskTool(),
  plugin: tools,
  works: [{ action: 'list' }, { action: 'create', subject: 'Look', description: 'Twice.' }],
  refuses: [{}, { action: 'delete' }, { action: 'complete', id: 'first' }],
})
