import { describe, expect, test } from 'vitest'
import { modelError } from '../src/model-error.ts'

const call = { provider: 'acme', model: 'm', now: Date.parse('2026-11-23T12:00:00Z') }

/** An error as the AI SDK has it, of whatever version. */
function apiError(statusCode: number | undefined, body: object | string = {}, responseHeaders: object = {}) {
  const responseBody = typeof body === 'string' ? body : JSON.stringify(body)
  return Object.assign(new Error('it failed'), {
    name: 'AI_APICallError',
    statusCode,
    responseBody,
    responseHeaders,
  })
}

describe('the kind of a failure', () => {
  test.each([
    [401, { error: { type: 'authentication_error' } }, 'auth'],
    [403, {}, 'auth'],
    [402, { error: { type: 'billing_error' } }, 'auth'],
    [429, { error: { code: 'insufficient_quota' } }, 'auth'],
    [400, { error: { message: 'x' } }, 'invalid-request'],
    [404, {}, 'invalid-request'],
    [400, { error: { code: 'context_length_exceeded' } }, 'context-too-long'],
    [413, {}, 'context-too-long'],
    [429, { error: { type: 'rate_limit_error' } }, 'rate-limited'],
    [529, {}, 'overloaded'],
    [503, {}, 'overloaded'],
    [408, {}, 'transient'],
    [409, {}, 'transient'],
    [500, '<html>no JSON</html>', 'transient'],
    [502, {}, 'transient'],
    [undefined, {}, 'transient'],
    [400, { error: { code: 'content_filter' } }, 'refused'],
  ])('is read from status and body: %s %j', (status, body, kind) => {
    const error = modelError(apiError(status, body), call)
    expect(error).toMatchObject({ code: 'ERR_MODEL_FAILED', kind })
    expect(error.retryable).toBe(['rate-limited', 'overloaded', 'transient'].includes(kind))
  })

  test.each([
    'prompt is too long: 210000 tokens > 200000 maximum',
    'input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000',
    'This model’s maximum context length is 128000 tokens.',
    'Your input exceeds the context window of this model.',
  ])('is too long where the words of the API say so: %s', (message) => {
    const error = (status: number) => modelError(Object.assign(apiError(status), { message }), call)
    expect(error(400).kind).toBe('context-too-long')
    expect(error(429).kind).toBe('rate-limited')
  })

  test.each([
    [
      Object.assign(new TypeError('fetch failed'), {
        cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }),
      }),
      'transient',
    ],
    [Object.assign(new Error('x'), { name: 'AI_LoadAPIKeyError' }), 'auth'],
    [Object.assign(new Error('x'), { name: 'AI_UnsupportedFunctionalityError' }), 'invalid-request'],
    [new TypeError('a mistake of ours'), 'invalid-request'],
    [{ message: 'x', type: 'overloaded_error', statusCode: 529 }, 'overloaded'],
    [{ error: { message: 'x', type: 'api_error' } }, 'transient'],
    ['a text', 'invalid-request'],
    [undefined, 'invalid-request'],
  ])('is read from whatever was thrown: %s', (thrown, kind) => {
    expect(modelError(thrown, call).kind).toBe(kind)
  })
})

describe('when to come back', () => {
  test.each([
    [{ 'retry-after': '12' }, 12_000],
    [{ 'Retry-After': '0.5' }, 500],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250.4', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ])('is read from the headers: %j', (headers, ms) => {
    expect(modelError(apiError(429, {}, headers), call).retryAfterMs).toBe(ms)
  })
})

test('the message names who failed at what and what to do, and is never a whole page', () => {
  const page = Object.assign(apiError(401), { message: `no\n\n${'<p>'.repeat(5_000)}` })
  const { message } = modelError(page, { ...call, keyVariable: 'ACME_KEY' })
  expect(message).toMatch(/^acme answered 401 to a call of "m": no <p>/)
  expect(message).toMatch(/Check the key in ACME_KEY, and what it may use\.$/)
  expect(message.length).toBeLessThan(2_200)
})

test('the number of the request is kept, for whoever asks the maker of the API', () => {
  expect(modelError(apiError(500, {}, { 'request-id': 'req_7' }), call).data).toMatchObject({
    status: 500,
    requestId: 'req_7',
  })
})
