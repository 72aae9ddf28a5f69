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

/** What of an environment every program may have: `PATH`, `HOME`, the language and the like. No API key gets through. */
export function passedEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isPassed(entry[0]),
  )
  return Object.fromEntries(passed)
}

function isPassed(name: string): boolean {
  if (process.platform !== 'win32') return PASSED.includes(name) || name.startsWith('LC_')
  const upper = name.toUpperCase()
  return PASSED.includes(upper) || upper.startsWith('LC_') || PASSED_ON_WINDOWS.includes(upper)
}
