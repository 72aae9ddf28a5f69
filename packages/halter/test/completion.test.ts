import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/command-table.ts'
import { bashCompletion } from '../src/cli/completion/bash.ts'
import { fishCompletion } from '../src/cli/completion/fish.ts'
import { zshCompletion } from '../src/cli/completion/zsh.ts'
import { place } from './halter.ts'

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0
/** What each shell has to offer behind a line, the last word being the one that is written. */
const lines: readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
  ['halter ', ['run', 'sessions', 'doctor', 'config'], ['list', '--json']],
  ['halter ses', ['sessions'], ['run']],
  ['halter sessions ', ['list', 'show', 'export'], ['run']],
  ['halter sessions li', ['list'], ['show']],
  ['halter sessions list --', ['--limit', '--json', '--help', '--set'], ['--effort']],
  ['halter sessions list --li', ['--limit'], ['--json']],
  ['halter sessions list --status ', ['idle', 'running', 'closed'], ['--json']],
  ['halter run --output-format st', ['stream-json'], ['text']],
  ['halter run --ef', ['--effort'], ['--ephemeral']],
  ['halter resources --js', ['--json'], []],
  ['halter config pr', ['print'], []],
]

describe.runIf(has('bash'))('bash', () => {
  const script = bashCompletion(COMMANDS)
  test.each(lines)('%j', (line, offered, not) => {
    const words = line.split(' ')
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const stdout = execFileSync(
      'bash',
      [
        '-c',
        `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _halter; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8' },
    )
    const found = stdout.split('\n')
    expect(found).toEqual(expect.arrayContaining([...offered]))
    for (const word of not) expect(found).not.toContain(word)
  })

  test('leaves values that it does not know to the shell, which knows files', () => {
    const stdout = execFileSync(
      'bash',
      [
        '-c',
        `${script}\nCOMP_WORDS=(halter run --config ''); COMP_CWORD=3; _halter; echo "\${#COMPREPLY[@]}"; complete -p halter`,
      ],
      { encoding: 'utf8' },
    )
    expect(stdout).toContain('0\n')
    expect(stdout).toContain('-o default')
  })
})

describe.runIf(has('fish'))('fish', () => {
  test.each(lines)('%j', (line, offered, not) => {
    const at = place({ 'halter.fish': fishCompletion(COMMANDS) })
    const stdout = execFileSync(
      'fish',
      ['--no-config', '-c', `source halter.fish; complete -C ${JSON.stringify(line)}`],
      {
        cwd: at.cwd,
        encoding: 'utf8',
        env: { ...process.env, HOME: at.cwd },
      },
    )
    const found = stdout.split('\n').map((each) => each.split('\t')[0])
    expect(found).toEqual(expect.arrayContaining([...offered]))
    for (const word of not) expect(found).not.toContain(word)
  })
})

describe.runIf(has('zsh'))('zsh', () => {
  /** Types a line into a shell of its own, asks it to list what fits, and reads what it shows. */
  function complete(line: string): string {
    const at = place({ _halter: zshCompletion(COMMANDS) })
    const file = join(at.cwd, 'drive.zsh')
    writeFileSync(
      file,
      `zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell "PS1=; cd '${at.cwd}'; fpath=('${at.cwd}' \\$fpath); autoload -Uz compinit; compinit -D; zstyle ':completion:*' list-prompt ''; setopt no_list_ambiguous; LISTMAX=1000; bindkey '^X' list-choices; stty columns 200; print READ''Y"
repeat 200; do zpty -rt shell text && out+=$text; [[ $out == *READY* ]] && break; sleep 0.05; done
out=
zpty -n -w shell ${JSON.stringify(line).replaceAll('$', String.raw`\$`)}$'\\x18'
repeat 40; do zpty -rt shell text && out+=$text; sleep 0.05; done
print -r -- "$out"
zpty -d shell
`,
    )
    return execFileSync('zsh', ['-f', file], {
      encoding: 'utf8',
      env: { ...process.env, HOME: at.cwd, TERM: 'xterm' },
    })
  }
  test.each(lines)(
    '%j',
    (line, offered) => {
      const shown = complete(line)
      for (const word of offered) expect(shown).toContain(word)
    },
    20_000,
  )
})

test.each([
  ['bash', 'complete -o bashdefault'],
  ['zsh', '#compdef halter'],
  ['fish', 'complete -c halter'],
])('halter completion %s is a script on stdout', async (shell, part) => {
  const { code, stdout, stderr } = await place().halter(['completion', shell])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(part)
})

test('a shell that is none of these is refused with the nearest', async () => {
  const { code, stderr } = await place().halter(['completion', 'zhs'])
  expect(code).toBe(2)
  expect(stderr).toContain('Did you mean zsh?')
})
