import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillPlaceholders } from '../src/placeholders.ts'

const values = { pluginRoot: '/root', pluginData: '/data', skillDir: '/skill' }

test.each([
  ['${PLUGIN_ROOT}/a ${CLAUDE_PLUGIN_ROOT}', '/root/a /root'],
  ['${PLUGIN_DATA} ${CLAUDE_PLUGIN_DATA}', '/data /data'],
  ['${CLAUDE_SKILL_DIR}/x', '/skill/x'],
  ['$PLUGIN_ROOT ${plugin_root} ${PLUGIN_ROOT', '$PLUGIN_ROOT ${plugin_root} ${PLUGIN_ROOT'],
  [
    '${HALTER_PLUGIN_ROOT} ${CLAUDE_PROJECT_DIR} ${HOME} $ARGUMENTS',
    '${HALTER_PLUGIN_ROOT} ${CLAUDE_PROJECT_DIR} ${HOME} $ARGUMENTS',
  ],
  ['${toString} ${__PROTO__} ${CONSTRUCTOR}', '${toString} ${__PROTO__} ${CONSTRUCTOR}'],
])('%s becomes %s', (text, filled) => expect(fillPlaceholders(text, values)).toBe(filled))

test('one without a value stays as it is written', () => {
  expect(fillPlaceholders('${PLUGIN_ROOT} ${CLAUDE_SKILL_DIR}', { skillDir: '/s' })).toBe('${PLUGIN_ROOT} /s')
})

test('law: what comes in with a value is not filled in again', () => {
  const hostile = {
    pluginRoot: '${PLUGIN_DATA}$&$1',
    pluginData: '${PLUGIN_ROOT}',
    skillDir: '${CLAUDE_SKILL_DIR}',
  }
  const part = fc.constantFrom(
    '${PLUGIN_ROOT}',
    '${PLUGIN_DATA}',
    '${CLAUDE_SKILL_DIR}',
    '${X}',
    '$',
    'text',
    '}',
  )
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const expected = parts
        .join('\u0000')
        .replaceAll('${PLUGIN_ROOT}', '\u0001')
        .replaceAll('${PLUGIN_DATA}', '\u0002')
      const filled = expected
        .replaceAll('${CLAUDE_SKILL_DIR}', () => hostile.skillDir)
        .replaceAll('\u0001', () => hostile.pluginRoot)
        .replaceAll('\u0002', () => hostile.pluginData)
      expect(fillPlaceholders(parts.join('\u0000'), hostile)).toBe(filled)
    }),
  )
})
