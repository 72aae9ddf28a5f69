import { describe, expect, test } from 'vitest'
import { jsonLines, place, says } from './halter.ts'

const model = ['--model', 'scripted/script.json']
const right = { answer: 'Yes.', confidence: 1 }
const schema = {
  type: 'object',
  properties: { answer: { type: 'string' }, confidence: { type: 'number' } },
  required: ['answer', 'confidence'],
}
const finalAnswer = (answer: object) => ({ toolCalls: [{ name: 'final_answer', input: { answer } }] })

describe('--budget', () => {
  test('ends the turn before the call that is one too many, with exit code 1', async () => {
    const call = { toolCalls: [{ name: 'glob', input: { pattern: '*' } }] }
    const at = place({ 'script.json': { replies: [call, call, { text: 'never' }] } })
    const args = ['run', ...model, '--output-format', 'json', '--budget', 'steps=2,time=1h', 'go']
    const { code, stdout } = await at.halter(args)
    expect(code).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      { status: 'failed', reason: 'budget-exhausted', error: { code: 'ERR_BUDGET_EXHAUSTED' } },
    ])
  })

  test('of tokens caps the reply instead of refusing the first call', async () => {
    const script = { ...says('hello'), info: { window: 200_000, maxOutput: 64_000 } }
    const at = place({ 'script.json': script })
    const { code, stdout } = await at.halter(['run', ...model, '--budget', 'tokens=20k', 'go'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello\n' })
  })

  test('of a session that goes on is what this run may add', async () => {
    const usage = { inputTokens: 9_000, outputTokens: 1_000 }
    const script = { replies: [{ text: 'ok', usage }], info: { window: 200_000, maxOutput: 2_000 } }
    const at = place({ 'script.json': script })
    expect((await at.halter(['run', ...model, '--budget', 'tokens=30k', 'go'])).stdout).toBe('ok\n')
    const more = await at.halter(['run', '--continue', '--budget', 'tokens=25k', 'go'])
    expect(more).toMatchObject({ code: 0, stdout: 'ok\n' })
    const less = await at.halter(['run', '--continue', '--budget', 'tokens=5k', 'go'])
    expect(less.code).toBe(1)
    expect(less.stderr).toContain('limits.tokens is 25000 tokens: 20000 tokens are spent')
  })

  test('that is wrong is refused before anything starts', async () => {
    const at = place()
    const { code, stderr } = await at.halter(['run', '--budget', 'tokens=many', '--max-turns', '3', 'go'])
    expect(code).toBe(2)
    expect(stderr).toContain('--budget tokens=many: tokens takes a whole number')
    const twice = await at.halter(['run', '--budget', 'steps=3', '--max-turns', '3', 'go'])
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('the same limit') })
  })
})

describe('--output-schema', () => {
  test('puts the checked answer on stdout and nothing else', async () => {
    const look = { text: 'I look.', toolCalls: [{ name: 'glob', input: { pattern: '*' } }] }
    const replies = [look, finalAnswer({ answer: 'Yes.' }), finalAnswer(right)]
    const at = place({ 'script.json': { replies }, 'shape.json': schema })
    const { code, stdout, stderr } = await at.halter(['run', ...model, '--output-schema', 'shape.json', 'go'])
    expect(code).toBe(0)
    expect(stdout).toBe(`${JSON.stringify(right)}\n`)
    expect(stderr).toContain('I look.')
    expect(stderr).toMatch(/does not fit: confidence/)
  })

  test('works with models that have a format of their own, and with json', async () => {
    const info = { window: 100_000, maxOutput: 1_000, capabilities: { structuredOutput: true } }
    const at = place({ 'script.json': { ...says(JSON.stringify(right)), info }, 'shape.json': schema })
    const args = ['run', ...model, '--output-schema', 'shape.json', '--ephemeral']
    expect((await at.halter([...args, 'go'])).stdout).toBe(`${JSON.stringify(right)}\n`)
    const { stdout } = await at.halter([...args, '--output-format', 'json', 'go'])
    expect(jsonLines(stdout)).toMatchObject([{ type: 'result', status: 'completed', output: right }])
  })

  test('without a right answer leaves stdout empty and fails', async () => {
    const at = place({ 'script.json': { ...says('No.'), loop: true }, 'shape.json': schema })
    const { code, stdout, stderr } = await at.halter(['run', ...model, '--output-schema', 'shape.json', 'go'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ERR_OUTPUT_SCHEMA')
  })

  test.each([
    ['none.json', undefined, /none\.json could not be read/],
    ['text.json', 'not json', /text\.json is not JSON/],
    ['list.json', '[]', /list\.json is not a JSON Schema: it must be an object/],
    ['odd.json', '{"type":"thing"}', /odd\.json is a JSON Schema that cannot be checked/],
  ])('%s is refused before anything starts', async (name, content, message) => {
    const at = place(content === undefined ? {} : { [name]: content })
    const { code, stderr } = await at.halter(['run', '--output-schema', name, 'go'])
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })
})
