import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShellTool } from '@halter/plugin-tools'

const tool = createShellTool({
  allowShell: ['git status', 'ls', 'npm test', "grep -rn 'a b' src | sort", './run.sh'],
})
const need = (command: string): unknown => tool.needsApproval?.({ command }, { workingDir: '/' })

describe('a command runs unasked', () => {
  it.each([
    'git status',
    'git status --short -uno src/a.ts',
    'ls',
    'ls -la ./src',
    'npm test',
    './run.sh --level=2',
    "grep -rn 'a b' src | sort",
  ])('%s', (command) => {
    expect(need(command)).toBeUndefined()
  })
})

describe('a command is asked for', () => {
  it.each([
    'git',
    'git push',
    'gitstatus',
    'git statusx',
    ' git status',
    'git  status',
    'git status ',
    'git\tstatus',
    './ls',
    '/bin/ls',
    'npm run test',
    "grep -rn 'a b' src | sort ",
    "grep -rn 'a b' src | sort -o x",
    // Each of these runs `id`, or something else that no entry names.
    'ls; id',
    'ls && id',
    'ls || id',
    'ls | bash',
    'ls & id',
    'ls\nid',
    'ls\r\nid',
    'ls $(id)',
    'ls "x$(id)"',
    'ls `id`',
    'ls <(id)',
    'ls > >(id)',
    'ls <<E\n$(id)\nE',
    'ls <<< "$(id)"',
    'V=$(id)',
    'V=1 ls',
    'PATH=. ls',
    'LD_AUDIT=./x.so ls',
    'l\\s',
    "'l's",
    "$'\\x6cs'",
    '{ls,-u}',
    '/bin/l?',
    'ls *',
    'ls ~root',
    'ls [a]',
    '$0 -c id',
    'eval ls',
    'command ls',
    'env ls',
    'ls(){ id;};ls',
    'ls ${z:-$(id)}',
    'ls $((b[$(id)]))',
    'for f in $(id); do ls; done',
    'ls > /etc/motd',
    'ls < /dev/tcp/192.0.2.9/9',
    'ls !x',
    'ls # x',
    'ls \u202eid',
    'ls \u00a0id',
    'ls \0id',
    `${'ls;'.repeat(80)}id`,
  ])('%s', (command) => {
    expect(need(command)).toEqual({ reason: expect.any(String), scope: command })
  })

  it('whenever it holds anything but plain words, whatever comes before', () => {
    const special = fc.constantFrom(...';&|<>$`(){}[]*?!#~\'"\\^\n\r\t\0'.split(''), '\u2028', '\u202e', 'é')
    fc.assert(
      fc.property(special, fc.string(), fc.string(), (character, before, after) => {
        expect(need(`git status ${before}${character}${after}`)).toBeDefined()
      }),
    )
  })

  it('always, when nothing is allowed', () => {
    expect(createShellTool().needsApproval?.({ command: 'ls' }, { workingDir: '/' })).toBeDefined()
    expect(
      createShellTool({ allowShell: ['*', 'ls *'] }).needsApproval?.(
        { command: 'ls a' },
        { workingDir: '/' },
      ),
    ).toBeDefined()
  })
})
