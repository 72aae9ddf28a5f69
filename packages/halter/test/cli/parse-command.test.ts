import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { help } from '../../src/cli/help.ts'
import { parseCommand } from '../../src/cli/parse-command.ts'
import { describeUsage, UsageError } from '../../src/cli/usage-error.ts'

const parse = (line: string) => parseCommand(line.split(' ').filter(Boolean))

/** What is said of a line that is refused. */
async function refusal(line: string): Promise<string> {
  try {
    parse(line)
  } catch (error) {
    if (error instanceof UsageError) return await describeUsage(error)
    throw error
  }
  throw new Error(`"${line}" was not refused`)
}

describe('a command line', () => {
  test('gives options their types, repeated ones a list, and leaves the words', () => {
    expect(
      parse('run --model demo -c --allow-tool shell --allow-tool=edit --max-turns 3 what is here'),
    ).toMatchObject({
      kind: 'command',
      command: { name: 'run' },
      options: { model: 'demo', continue: true, 'allow-tool': ['shell', 'edit'], 'max-turns': 3 },
      positionals: ['what', 'is', 'here'],
    })
  })

  test('takes everything behind -- as words', () => {
    expect(parse('run -- --model --help')).toMatchObject({ options: {}, positionals: ['--model', '--help'] })
  })

  test('may have two words for the command', () => {
    expect(parse('sessions replay abc --json')).toMatchObject({
      command: { name: 'sessions replay' },
      options: { json: true },
      positionals: ['abc'],
    })
  })

  test.each(['--help', '-h'])('%s asks for help wherever it stands', (flag) => {
    expect(parse(flag)).toEqual({ kind: 'help' })
    expect(parse(`run --model ${flag}`)).toMatchObject({ kind: 'help', command: { name: 'run' } })
    expect(parse(`sessions ${flag}`)).toEqual({ kind: 'help', group: 'sessions' })
  })

  test.each([
    ['', 'Say what to do'],
    ['rnu hello', 'Did you mean run?'],
    ['hello', 'To prompt a model: halter run "hello"'],
    ['--model demo', 'An option needs a command before it'],
    ['sessions', 'There is: sessions list, sessions show, sessions replay, '],
    ['sessions lst', 'Did you mean sessions list?'],
    ['run --modle demo', 'run has no option --modle. Did you mean --model?'],
    ['run --constructor', 'run has no option --constructor.'],
    ['run -z', 'run has no option -z.'],
    ['run --model', '--model needs a value: --model <id>'],
    ['run --model --trust', '--model needs a value'],
    ['run --continue=yes', '--continue takes no value; it was given "yes".'],
    ['run --max-turns many', '--max-turns needs a whole number, not "many".'],
    ['run --output-format jsno', 'Did you mean json?'],
    ['sessions show', 'sessions show needs <session>'],
    ['sessions show a b', 'sessions show takes only <session>'],
    ['sessions list extra', 'sessions list takes no arguments'],
  ])('"%s" is refused with a cure', async (line, message) => {
    expect(await refusal(line)).toContain(message)
  })

  test('is refused for everything that is wrong with it at once', async () => {
    expect(await refusal('run --modle x --max-turns y --output-format z')).toMatch(
      /--modle[^]*--max-turns[^]*--output-format/,
    )
  })
})

describe('help', () => {
  test('names every command, and every option of a command', () => {
    for (const command of COMMANDS) {
      expect(help()).toContain(`halter ${command.name}`)
      for (const [name, { summary }] of Object.entries(command.options)) {
        expect(help(command)).toContain(`--${name}`)
        expect(help(command)).toContain(summary)
      }
    }
  })

  test('keeps to 100 columns', () => {
    const text = [help(), ...COMMANDS.map((command) => help(command))].join('')
    expect(text.split('\n').filter((line) => line.length > 120)).toEqual([])
  })
})
