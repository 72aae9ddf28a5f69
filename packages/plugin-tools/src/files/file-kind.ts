/** The media type of a picture that models can see, by its first bytes; undefined for anything else. */
export function imageTypeOf(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 16)).toString('latin1')
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'image/gif'
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'image/webp'
  return undefined
}

/** True when the beginning of a file is not text: text holds no NUL in UTF-8 or any older encoding. */
export function isBinary(head: Uint8Array): boolean {
  return head.subarray(0, 8192).includes(0)
}
