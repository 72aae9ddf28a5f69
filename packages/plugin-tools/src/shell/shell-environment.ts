/** Names the processes of a call, so that they are found wherever they hide. */
export const MARK_VARIABLE = 'HALTER_SHELL_MARK'

const PASSED = ['PATH', 'HOME', 'LANG', 'TERM', 'TMPDIR', 'USER', 'SHELL', 'TZ']
/** Without these no program starts on Windows. */
const PASSED_ON_WINDOWS = [
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
]

/** The environment of a command: a few variables of this process, what the options add, and the mark. No API key gets in. */
export function shellEnvironment(
  own: NodeJS.ProcessEnv,
  added: Readonly<Record<string, string>>,
  mark: string,
): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isPassed(entry[0]),
  )
  return { ...Object.fromEntries(passed), ...added, [MARK_VARIABLE]: mark }
}

function isPassed(name: string): boolean {
  if (process.platform !== 'win32') return PASSED.includes(name) || name.startsWith('LC_')
  const upper = name.toUpperCase()
  return PASSED.includes(upper) || upper.startsWith('LC_') || PASSED_ON_WINDOWS.includes(upper)
}
