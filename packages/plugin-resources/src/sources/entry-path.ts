/** The way to a file in an archive, from its top; or what is wrong with it. */
export type EntryPath =
  | { readonly segments: readonly string[]; readonly problem?: undefined }
  | { readonly segments?: undefined; readonly problem: string }

const MAX_DEPTH = 32
const MAX_NAME_BYTES = 255
/** Names that Windows takes for devices, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i
/** Control characters, and marks that turn the writing around: neither can be seen in a warning. */
const UNSEEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/**
 * Reads the path of an archive's entry. One that means something else on another system, or that leads upwards or to the top of a
 * file system, is refused and not repaired: no honest archive has it.
 */
export function readEntryPath(path: string): EntryPath {
  if (UNSEEN.test(path)) return { problem: 'has a character that cannot be shown' }
  if (!path.isWellFormed()) return { problem: 'has a name that is no text' }
  if (path.includes('\\')) return { problem: 'has a backslash, which some systems read as a folder' }
  if (path.startsWith('/')) return { problem: 'is an absolute path' }
  const segments = path.split('/').filter((name) => name !== '' && name !== '.')
  if (segments.length > MAX_DEPTH) return { problem: `lies more than ${MAX_DEPTH} folders deep` }
  for (const name of segments) {
    const problem = problemOf(name)
    if (problem !== undefined) return { problem }
  }
  return { segments }
}

function problemOf(name: string): string | undefined {
  if (name === '..') return 'leads out of the archive'
  // A drive letter (C:), and on NTFS a second stream of a file.
  if (name.includes(':')) return 'has a colon, which some systems read as a drive'
  if (/[. ]$/.test(name)) return 'has a name that ends with a dot or a space, which some systems leave out'
  if (DEVICE.test(name)) return 'has the name of a device'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `has a name of more than ${MAX_NAME_BYTES} bytes`
  return undefined
}

/** Equal for two paths that some file system takes for one: it ignores case, or the way in which letters are composed. */
export function sameFileKey(segments: readonly string[]): string {
  return segments.join('/').normalize('NFKC').toLowerCase().normalize('NFKC')
}
