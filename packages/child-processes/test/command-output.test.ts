import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommandOutput, completeLength } from '@halter/child-processes'

const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '𝄞', '\n', '\ufffd'), maxLength: 300 })

/** Cuts bytes at any places. */
const chunks = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<{ all: Buffer; parts: Buffer[] }> =>
  fc.tuple(bytes, fc.array(fc.nat(1200), { maxLength: 30 })).map(([all, at]) => {
    const cuts = [0, ...at.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length]
    return { all, parts: cuts.slice(1).map((end, index) => all.subarray(cuts[index], end)) }
  })

describe('the output of a command', () => {
  it('is kept whole while it fits, however it came', () => {
    const bytes = fc.uint8Array({ maxLength: 1000 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(chunks(bytes), ({ all, parts }) => {
        const output = new CommandOutput(1000)
        for (const part of parts) output.push(part)
        expect(output.text()).toBe(all.toString('utf8'))
      }),
    )
  })

  it('is cut in the middle otherwise: whole characters, an exact count, never more than the cap', () => {
    const valid = text.map((string) => Buffer.from(string))
    fc.assert(
      fc.property(chunks(valid), fc.integer({ min: 20, max: 200 }), ({ all, parts }, maxBytes) => {
        fc.pre(all.length > maxBytes)
        const output = new CommandOutput(maxBytes)
        for (const part of parts) output.push(part)
        const shown = output.text()
        const [notice, dropped, total] = /\n\[(\d+) of (\d+) bytes left out here\]\n/.exec(shown)!
        const [head, tail] = shown.split(notice) as [string, string]
        const whole = all.toString('utf8')
        expect(whole.startsWith(head)).toBe(true)
        expect(whole.endsWith(tail)).toBe(true)
        expect(Number(total)).toBe(all.length)
        // Only line ends before the notice are not shown: it brings its own.
        const kept = all.length - Number(dropped) - Buffer.byteLength(tail)
        expect(kept).toBeLessThanOrEqual(Math.ceil(maxBytes / 2))
        expect(whole.slice(0, Buffer.from(all).subarray(0, kept).toString('utf8').length).trimEnd()).toBe(
          head,
        )
      }),
    )
  })

  it('never cuts a character in two between chunks', () => {
    fc.assert(
      fc.property(chunks(text.map((string) => Buffer.from(string))), ({ all, parts }) => {
        let rest = Buffer.alloc(0)
        let seen = ''
        for (const part of parts) {
          const bytes = Buffer.concat([rest, part])
          const length = completeLength(bytes)
          expect(bytes.length - length).toBeLessThanOrEqual(3)
          seen += bytes.toString('utf8', 0, length)
          rest = bytes.subarray(length)
        }
        expect(rest.length).toBe(0)
        expect(seen).toBe(all.toString('utf8'))
      }),
    )
  })
})
