import { emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream } from 'node:tty'

/** What somebody does at the keyboard. */
export type KeyPress =
  | { readonly kind: 'text'; readonly text: string }
  /** Pasted: one input, whatever is in it. */
  | { readonly kind: 'paste'; readonly text: string }
  /** `ctrl-c`, `alt-enter`, `up` … */
  | { readonly kind: 'key'; readonly name: string }

/** Calls back for each key. Returns how to stop; the terminal is then as it was. */
export function readKeys(stdin: ReadStream, onKey: (press: KeyPress) => void): () => void {
  emitKeypressEvents(stdin)
  let pasted: string[] | undefined
  const listener = (text: string | undefined, key: Key): void => {
    if (key.name === 'paste-start') pasted = []
    else if (key.name === 'paste-end') {
      const all = (pasted ?? []).join('').replace(/\r\n?/g, '\n')
      pasted = undefined
      if (all !== '') onKey({ kind: 'paste', text: all })
    } else if (pasted) pasted.push(key.sequence ?? text ?? '')
    else onKey(keyPress(text, key))
  }
  stdin.on('keypress', listener)
  stdin.setRawMode(true)
  stdin.resume()
  return () => {
    stdin.off('keypress', listener)
    stdin.setRawMode(false)
    stdin.pause()
  }
}

function keyPress(text: string | undefined, { name, ctrl, meta, shift, sequence }: Key): KeyPress {
  const isText = text !== undefined && ctrl !== true && meta !== true && !/^\p{Cc}/u.test(text)
  if (isText) return { kind: 'text', text }
  // Terminals send LF for Ctrl-Enter or Ctrl-J, and CR for Enter.
  if (name === 'enter') return { kind: 'key', name: 'newline' }
  const plain = name === 'return' ? 'enter' : (name ?? sequence ?? '')
  const marks = `${ctrl ? 'ctrl-' : ''}${meta && plain !== 'escape' ? 'alt-' : ''}${shift ? 'shift-' : ''}`
  return { kind: 'key', name: marks + plain }
}
