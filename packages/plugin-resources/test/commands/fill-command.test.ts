import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillCommand } from '../../src/commands/fill-command.ts'
import { splitArguments } from '../../src/commands/invocation.ts'
import { parseTemplate } from '../../src/commands/template.ts'

/** A command of a body, with arguments in it. */
function fill(command: string, all: string, words = splitArguments(all)) {
  const [piece] = parseTemplate(`\`\`\`!\n${command}\n\`\`\``).pieces
  if (piece?.kind !== 'shell') throw new Error('it is no command')
  return fillCommand(piece.command, { all, words, session: 'id', project: "/a b/$(id)'" })
}

function bash(command: string): string {
  return execFileSync('bash', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** What bash makes words of, each followed by a line that no word has. */
const END = '\u0001\n'
const PRINT = `printf '%s\\001\\n'`

describe('a real shell gets exactly the words that were typed', () => {
  // No NUL: no program can be given one. No lone surrogates: they have no bytes.
  const word = fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({
        unit: fc.constantFrom(
          "'",
          '"',
          '`',
          '$',
          '(',
          ')',
          ';',
          '\\',
          ' ',
          '\n',
          '!',
          '#',
          '*',
          '~',
          'a',
          '-',
          '|',
          '&',
          '<',
          '>',
          '{',
          '}',
        ),
        maxLength: 12,
      }),
      fc.constantFrom(
        '$(id)',
        '`id`',
        "';id;'",
        '";id;"',
        '\\',
        "'",
        '\n',
        '~',
        '*',
        '{a,b}',
        '$HOME',
        '#',
        '-rf',
        '',
      ),
    )
    .filter((text) => !text.includes('\0') && !text.includes('\u0001'))

  test.each([
    ['unquoted', `${PRINT} $1`],
    ['in double quotes', `${PRINT} "$1"`],
    ['in single quotes', `${PRINT} '$1'`],
    ['behind an equals sign', `x=$1; ${PRINT} "$x"`],
    ['in a list', `for x in $1; do ${PRINT} "$x"; done`],
    ['behind a quoted word', `true "a 'b" 'c "d' \\' && ${PRINT} $1`],
  ])('%s', (_, command) => {
    fc.assert(
      fc.property(word, (typed) => {
        const filled = fill(command, typed, [typed])
        // A reader of single characters does not follow every command; then only plain words are put there.
        if (filled.problem !== undefined) expect(typed).not.toMatch(/^[\w./-]+$/)
        else expect(bash(filled.command)).toBe(typed + END)
      }),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 },
    )
  })

  test('all of them, unquoted', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const { command = '' } = fill(`${PRINT} $ARGUMENTS`, 'not used here', words)
        expect(bash(command)).toBe(words.map((each) => each + END).join(''))
      }),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 },
    )
  })

  test('all of them, in quotes, as typed', () => {
    fc.assert(
      fc.property(word, (typed) => {
        const { command = '' } = fill(`${PRINT} "$ARGUMENTS" '$ARGUMENTS'`, typed)
        expect(bash(command)).toBe(typed + END + typed + END)
      }),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 },
    )
  })
})

describe('where quoting is not enough, only plain words are put', () => {
  test.each([
    'echo $(echo $1)',
    'echo "$(echo "$1")"',
    'echo "$$1"',
    "echo $'$1'",
    'echo $$1',
    'cat <<END\n$1\nEND',
    'echo a # $1',
    '# $1',
    'echo $(( $1 ))',
    '(( $1 ))',
    '[[ $1 -gt 0 ]]',
    'a[$1]=1',
    'echo $[ $1 ]',
    'eval $1',
    'true; eval "$1"',
    'let "$1"',
    'declare $1',
    'export $1',
    'unset "$1"',
    'trap "$1" EXIT',
    'test -v "$1"',
    '[ -v "$1" ]',
    'bash -c "$1"',
    'sh -c $1',
    'printf -v "$1" x',
    'source $1',
    'PS4=$1; set -x; echo',
    'true && RANDOM="$1"',
    'OPTIND=$1',
    'compgen -W "$1"',
    'complete -C $1 x',
    'mapfile -C "$1" -c 1 z',
    'bind -x "$1"',
    'ssh host "ls $1"',
    'echo x | xargs -I{} /bin/sh -c "$1"',
    'python3 -c "print(1) # $1"',
    "awk '{ print $1 }' x",
    'env -S "$1"',
    '\\eval $1',
    '. $1',
    'echo ${x:-$1}',
  ])('%j', (command) => {
    for (const hostile of [
      'a b',
      '$(id)',
      "'",
      '"',
      '`id`',
      'x;id',
      'b[$(id)]',
      'a\nid',
      "\\'; id #",
      '(id)',
    ])
      expect(fill(command, hostile, [hostile])).toEqual({
        problem: expect.stringContaining('cannot be put safely'),
      })
    const { command: filled } = fill(command, 'src/a-b_1.ts', ['src/a-b_1.ts'])
    expect(filled).toBe(command.replace('$1', 'src/a-b_1.ts'))
  })

  test('and all of them come word by word', () => {
    expect(fill('echo "$(ls $ARGUMENTS)"', 'a\tb', ['a', 'b']).command).toBe('echo "$(ls a b)"')
    expect(fill('echo a # $ARGUMENTS', 'a\nb', ['a', 'b']).command).toBe('echo a # a b')
  })
})

test('the folder of the project is data, too', () => {
  const { command = '' } = fill(
    'printf %s ${CLAUDE_PROJECT_DIR}/x "${CLAUDE_PROJECT_DIR}" ${CLAUDE_SESSION_ID}',
    '',
  )
  expect(bash(command)).toBe("/a b/$(id)'/x/a b/$(id)'id")
  expect(fill('cd "$(dirname ${CLAUDE_PROJECT_DIR})"', '').problem).toContain('cannot be put safely')
  expect(fill('echo "$${CLAUDE_PROJECT_DIR}"', '').problem).toContain('cannot be put safely')
})

test('an argument that was not given is nothing to the shell', () => {
  expect(fill('printf "[%s]" "$2"', 'a')).toEqual({ command: 'printf "[%s]" "$2"' })
  expect(bash(fill('printf "[%s]" "$2"', 'a').command!)).toBe('[]')
  expect(fill('echo $ARGUMENTS', '')).toEqual({ command: 'echo ' })
})

test('what has a backslash before it is the shell’s own', () => {
  const { command = '' } = fill("echo 'a b' $1 | awk '{print \\$2}'", 'x')
  expect(command).toBe("echo 'a b' x | awk '{print $2}'")
  expect(bash(command)).toBe('b\n')
})

test('a NUL is put nowhere', () => {
  expect(fill('echo $1', 'x', ['a\0b']).problem).toContain('cannot be put safely')
})

test('no command made of the parts of a shell runs what an argument says', () => {
  const words = [
    '$1',
    '"$1"',
    "'$1'",
    'a$1b',
    '"a $1 b"',
    '\\"$1',
    '"\\"$1"',
    '"$x$1"',
    '$$1',
    '"\'$1\'"',
    '\'"$1"\'',
    '$(echo $1)',
    '"$(echo "$1")"',
    '`echo $1`',
    '${x:-$1}',
    '{a,$1}',
    '<(echo $1)',
    '$((1+$1))',
    '\\\\$1',
    '#$1',
    'a[$1]',
    '~$1',
    '!$1',
    "$'$1'",
  ]
  const word = fc.constantFrom(...words)
  const CLOSE: Readonly<Record<string, string>> = { '( ': ' )', '{ ': '; }', 'if true; then ': '; fi' }
  const { command } = fc.letrec<{ command: string }>((tie) => ({
    command: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'command' },
      word.map((each) => `echo ${each}`),
      word.map((each) => `x=${each}; echo "$x" $x`),
      word.map((each) => `case ${each} in ${each}) echo;; esac`),
      word.map((each) => `a=(${each} b)`),
      word.map((each) => `[ ${each} = x ]`),
      word.map((each) => `[[ ${each} -gt 1 ]]`),
      word.map((each) => `cat <<E\n${each}\nE`),
      word.map((each) => `echo a # ${each}\necho b`),
      word.map((each) => `eval ${each}`),
      word.map((each) => `declare ${each}`),
      fc
        .tuple(tie('command'), fc.constantFrom(' | cat', ' && true', '\ntrue', '; true', ' > out'))
        .map((all) => all.join('')),
      fc
        .tuple(fc.constantFrom('( ', 'if true; then ', '{ ', '! '), tie('command'))
        .map(([open, each]) => open + each + (CLOSE[open] ?? '')),
    ),
  }))
  const canary = 'touch canary'
  const payload = fc.constantFrom(
    `$(${canary})`,
    `\`${canary}\``,
    `;${canary};`,
    `'$(${canary})'`,
    `";${canary};"`,
    `\n${canary}\n`,
    `a[$(${canary})]`,
    `';${canary};'`,
    `\\';${canary} #`,
    `"$(${canary})"`,
    `E\n${canary}\n`,
    `}${canary}`,
    `(${canary})`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'halter-fill-'))
  try {
    fc.assert(
      fc.property(command, payload, (template, argument) => {
        const filled = fill(template, argument, [argument])
        if (filled.problem !== undefined) return
        spawnSync('bash', ['-c', filled.command], { cwd: folder, stdio: 'ignore', timeout: 5_000 })
        expect(existsSync(join(folder, 'canary'))).toBe(false)
      }),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
