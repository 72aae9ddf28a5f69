import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { edit } from '../../../src/cli/chat/editing.ts'
import { editorRows } from '../../../src/cli/chat/editor-rows.ts'
import { LineEditor } from '../../../src/cli/chat/line-editor.ts'
import { graphemes, textWidth } from '../../../src/cli/text-width.ts'

/** The text with `|` where the cursor is. */
function shown({ text, cursor }: LineEditor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

function press(editor: LineEditor, ...keys: string[]): LineEditor {
  for (const name of keys)
    edit(editor, name.length === 1 ? { kind: 'text', text: name } : { kind: 'key', name })
  return editor
}

function edited(text: string, ...keys: string[]): string {
  const editor = new LineEditor()
  editor.set(text)
  return shown(press(editor, ...keys))
}

test.each([
  ['ab', ['left', 'x'], 'ax|b'],
  ['one two', ['alt-b', 'ctrl-left'], '|one two'],
  ['one two', ['ctrl-a', 'alt-f'], 'one| two'],
  ['one two ', ['ctrl-w'], 'one |'],
  ['one two', ['home', 'alt-d'], '| two'],
  ['one two', ['ctrl-u'], '|'],
  ['one two', ['alt-b', 'ctrl-k'], 'one |'],
  ['ab', ['backspace', 'backspace', 'backspace'], '|'],
  ['ab', ['ctrl-a', 'delete', 'ctrl-d', 'delete'], '|'],
  ['a👩‍👩‍👧', ['backspace'], 'a|'],
  ['ae\u0301', ['left', 'backspace'], '|e\u0301'],
  ['你好', ['left'], '你|好'],
  ['one\ntwo', ['ctrl-u'], 'one\n|'],
  ['one\nlonger', ['up'], 'one|\nlonger'],
  ['longer\none', ['up', 'down'], 'longer\none|'],
  ['one', ['newline', 'x'], 'one\nx|'],
  ['\none', ['up', 'ctrl-u', 'x'], 'x|\none'],
])('%j, %j: %j', (text, keys, result) => {
  expect(edited(text, ...keys)).toBe(result)
})

const key = fc.constantFrom(
  'left',
  'right',
  'up',
  'down',
  'home',
  'end',
  'alt-b',
  'alt-f',
  'backspace',
  'delete',
  'ctrl-w',
  'ctrl-u',
  'ctrl-k',
  'newline',
  'x',
  '你',
  '👩‍👩‍👧',
  '\u0301',
  'unknown-key',
)

describe('whatever is pressed', () => {
  test('the cursor stands between two letters of its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(key), (text, keys) => {
        const editor = new LineEditor()
        editor.set(text)
        for (const each of keys) {
          press(editor, each)
          const line = editor.text.slice(0, editor.cursor).lastIndexOf('\n') + 1
          const end = editor.text.indexOf('\n', editor.cursor)
          const places = [0]
          for (const { segment } of graphemes(editor.text.slice(line, end === -1 ? undefined : end)))
            places.push(places.at(-1)! + segment.length)
          // An accent that was typed joins the letter before it, and the cursor is behind both.
          if (!editor.text.includes('\u0301')) expect(places).toContain(editor.cursor - line)
        }
      }),
    )
  })

  test('what is deleted to the left and typed again is the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('left', 'word left', 'line start'), (text, place) => {
        const editor = new LineEditor()
        editor.set(text)
        editor.delete(place)
        const left = editor.text
        expect(text.startsWith(left)).toBe(true)
        editor.insert(text.slice(left.length))
        expect(editor.text).toBe(text)
      }),
    )
  })
})

describe('rows', () => {
  const rows = (text: string, cursor: number, width = 10, height = 4): unknown =>
    editorRows({ text, cursor }, '> ', { width, height })

  test('a long line goes on below its beginning, and the cursor has a place', () => {
    expect(rows('abcdefghij', 10)).toEqual({ rows: ['> abcdefg', '  hij'], row: 1, column: 5 })
    expect(rows('ab\ncd', 1)).toEqual({ rows: ['> ab', '  cd'], row: 0, column: 3 })
  })

  test('of many lines, those around the cursor are shown', () => {
    const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n')
    expect(rows(text, text.length)).toMatchObject({
      rows: ['  line 96', '  line 97', '  line 98', '  line 99'],
      row: 3,
    })
    expect(rows(text, 0)).toMatchObject({ rows: ['> line 0', '  line 1', '  line 2', '  line 3'], row: 0 })
  })

  test('control characters are shown, and nothing is wider than there is room', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat(),
        fc.integer({ min: 8, max: 40 }),
        (text, at, width) => {
          const cursor = Math.min(at, text.length)
          const all = editorRows({ text, cursor }, '› ', { width, height: 5 })
          for (const row of all.rows) {
            expect(textWidth(row)).toBeLessThan(width)
            expect(/\p{Cc}/u.test(row)).toBe(false)
          }
          expect(all.rows.length).toBeLessThanOrEqual(5)
          expect(all.row).toBeLessThan(all.rows.length)
          expect(all.column).toBeLessThan(width)
        },
      ),
    )
  })
})
