import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseInvocation, splitArguments } from '../../src/commands/invocation.ts'

describe('what calls something by its name', () => {
  test.each([
    ['/review', 'review', ''],
    ['/review ', 'review', ''],
    ['/review src/a.ts', 'review', 'src/a.ts'],
    ['/review   two  words ', 'review', 'two  words'],
    ['/review\nin the next line\nand the one after', 'review', 'in the next line\nand the one after'],
    ['/acme:review x', 'acme:review', 'x'],
    ['/git:commit-all', 'git:commit-all', ''],
    ['/überprüfen', 'überprüfen', ''],
    ['/review /etc/hosts', 'review', '/etc/hosts'],
    ['/tmp', 'tmp', ''],
  ])('%j', (text, name, args) => {
    expect(parseInvocation(text)).toEqual({ name, args })
  })

  test.each([
    '/usr/bin is full',
    '/usr/',
    '/',
    '/ review',
    '//review',
    '/* a comment */',
    '/.hidden',
    '/-x',
    '/what?',
    '/50%',
    ' /review',
    'see /review',
    '\n/review',
    '',
  ])('text is %j', (text) => {
    expect(parseInvocation(text)).toBeUndefined()
  })
})

describe('arguments', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['  a\tb\n c ', ['a', 'b', 'c']],
    ['"two words" three', ['two words', 'three']],
    ["'two words' three", ['two words', 'three']],
    ['"a \\" quote" \'a " quote\'', ['a " quote', 'a " quote']],
    ["don't touch Bob's", ["don't", 'touch', "Bob's"]],
    ['"not closed', ['"not', 'closed']],
    ['"a"b c', ['"a"b', 'c']],
    ['a\\ b c\\\\d', ['a b', 'c\\d']],
    ['""', ['']],
    ['--flag="x y"', ['--flag="x', 'y"']],
    ["'C:\\dir\\' x", ['C:\\dir\\', 'x']],
  ])('%j', (args, words) => {
    expect(splitArguments(args)).toEqual(words)
  })

  test('quoted with double quotes, any words come back', () => {
    const word = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const typed = words.map((each) => `"${each.replace(/[\\"]/g, '\\$&')}"`).join(' ')
        expect(splitArguments(typed)).toEqual(words)
      }),
    )
  })

  test('whatever is typed, no word is lost and none is made up', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', '\n') }), (args) => {
        const letters = (text: string): number => text.split('a').length
        expect(letters(splitArguments(args).join(''))).toBe(letters(args))
      }),
      { numRuns: 1000 },
    )
  })
})
