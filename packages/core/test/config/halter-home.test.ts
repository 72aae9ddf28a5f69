import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { halterHome } from '../../src/config/halter-home.ts'

test.each([
  ['HALTER_HOME', { HALTER_HOME: '/h', XDG_DATA_HOME: '/x' }, 'linux', '/h'],
  ['HALTER_HOME, made absolute', { HALTER_HOME: 'h' }, 'linux', resolve('h')],
  ['XDG_DATA_HOME', { XDG_DATA_HOME: '/x' }, 'linux', '/x/halter'],
  [
    'the local share, empty variables being none',
    { HALTER_HOME: '' },
    'linux',
    join(homedir(), '.local/share/halter'),
  ],
  ['LOCALAPPDATA on Windows', { LOCALAPPDATA: '/l', XDG_DATA_HOME: '/x' }, 'win32', '/l/halter'],
])('halter lives in %s', (_, env, platform, folder) => {
  expect(halterHome(env, platform)).toBe(folder)
})
