import type { History } from './history.ts'
import type { KeyPress } from './keys.ts'
import type { LineEditor, Place } from './line-editor.ts'

const MOVES: Readonly<Record<string, Place>> = {
  left: 'left',
  'ctrl-b': 'left',
  right: 'right',
  'ctrl-f': 'right',
  'ctrl-left': 'word left',
  'alt-left': 'word left',
  'alt-b': 'word left',
  'ctrl-right': 'word right',
  'alt-right': 'word right',
  'alt-f': 'word right',
  home: 'line start',
  'ctrl-a': 'line start',
  end: 'line end',
  'ctrl-e': 'line end',
}

const DELETIONS: Readonly<Record<string, Place>> = {
  backspace: 'left',
  'ctrl-h': 'left',
  delete: 'right',
  'ctrl-d': 'right',
  'ctrl-w': 'word left',
  'alt-backspace': 'word left',
  'ctrl-backspace': 'word left',
  'alt-d': 'word right',
  'ctrl-u': 'line start',
  'ctrl-k': 'line end',
}

/** Does what a key does to a text, as in other line editors. `history`: absent, up and down only move. */
export function edit(editor: LineEditor, press: KeyPress, history?: History): void {
  if (press.kind !== 'key') return editor.insert(press.text)
  const { name } = press
  const move = MOVES[name]
  if (move) return editor.move(move)
  const deletion = DELETIONS[name]
  if (deletion) return editor.delete(deletion)
  if (name === 'newline' || name === 'alt-enter' || name === 'shift-enter') return editor.insert('\n')
  if (name === 'up' || name === 'ctrl-p') {
    if (!editor.moveLine('up')) recall(editor, history, 'older')
  } else if (name === 'down' || name === 'ctrl-n') {
    if (!editor.moveLine('down')) recall(editor, history, 'newer')
  }
}

function recall(editor: LineEditor, history: History | undefined, direction: 'older' | 'newer'): void {
  const text = history?.step(direction, editor.text)
  if (text !== undefined) editor.set(text)
}
