import { describe, expect, test } from 'vitest'
import { createLogger, type LoggerOptions } from '../src/logger.ts'

describe('logger', () => {
  test('only what is important enough is written', () => {
    const { logger, lines } = logTo({ level: 'warn' })
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    expect(lines.map((line) => line.split(' ')[3] ?? line)).toHaveLength(2)
    expect(lines.join('')).toMatch(/warn {2}c\n.*error d\n/)
  })

  test('silent writes nothing at all', () => {
    const { logger, lines } = logTo({ level: 'silent' })
    logger.error('d')
    expect(lines).toEqual([])
  })

  test('a text line has time, level, message and fields', () => {
    const { logger, lines } = logTo({ level: 'debug' })
    logger.child({ plugin: '@acme/x' }).info('started', { ms: 12, note: 'two words', list: [1] })
    expect(lines).toEqual(['00:00:01.500 info  started plugin=@acme/x ms=12 note="two words" list=[1]\n'])
  })

  test('a JSON line is one object, and no field can pass for its time, level or message', () => {
    const { logger, lines } = logTo({ level: 'debug', format: 'json' })
    logger.child({ a: 1 }).error('broke\nbadly', { level: 'debug', b: [true] })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^[^\n]*\n$/)
    expect(JSON.parse(lines[0]!)).toEqual({
      time: '1970-01-01T00:00:01.500Z',
      level: 'error',
      message: 'broke\nbadly',
      a: 1,
      b: [true],
    })
  })

  test.each(['text', 'json'] as const)('no logged text can steer a terminal (%s)', (format) => {
    const { logger, lines } = logTo({ level: 'debug', format })
    logger.warn('\u001b]52;c;cm0=\u0007 \u009b31m \u202egnp.exe', { name: '\u001b[2J', 'key\u001b': 1 })
    expect(lines[0]!.slice(0, -1)).not.toMatch(/[\p{Cc}\u202a-\u202e]/u)
    expect(lines[0]).toContain('\\u001b')
  })

  test('fields that are no JSON cost their value, not the line', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const format of ['text', 'json'] as const) {
      const { logger, lines } = logTo({ level: 'debug', format })
      logger.warn('odd', { cyclic })
      logger.warn('odd', { big: 1n, none: undefined })
      expect(lines).toHaveLength(2)
      for (const line of lines) expect(line).toContain('odd')
      if (format === 'json') expect(lines.map((line) => JSON.parse(line).message)).toEqual(['odd', 'odd'])
    }
  })
})

function logTo(options: Partial<LoggerOptions>) {
  const lines: string[] = []
  const logger = createLogger({
    level: 'debug',
    format: 'text',
    now: () => 1500,
    write: (line) => lines.push(line),
    ...options,
  })
  return { logger, lines }
}
