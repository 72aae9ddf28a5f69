import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

/** An entry of an archive that a test makes by hand, so that it can lie. */
export interface MadeEntry {
  readonly path: string
  readonly content?: string | Uint8Array
  /** Tar: the letter of its type. `5` folder, `1` hard link, `2` symbolic link, `3` device, `6` pipe. */
  readonly type?: string
  readonly link?: string
  readonly mode?: number
  /** What the table says, if not the truth. */
  readonly claimedSize?: number
}

/** A tar file, not packed. */
export function makeTar(entries: readonly MadeEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(1024)])
}

/** A .tar.gz. */
export function makeTarball(entries: readonly MadeEntry[]): Buffer {
  return gzipSync(makeTar(entries))
}

function tarEntry({
  path,
  content = '',
  type = '0',
  link = '',
  mode = 0o644,
  claimedSize,
}: MadeEntry): Buffer[] {
  const body = Buffer.from(content as string)
  const name = Buffer.from(path)
  const long = name.length > 100 ? paxPath(path) : []
  return [
    ...long,
    tarHeader({ name: name.subarray(0, 100), type, link, mode, size: claimedSize ?? body.length }),
    padded(body),
  ]
}

function paxPath(path: string): Buffer[] {
  const rest = ` path=${path}\n`
  let length = Buffer.byteLength(rest)
  while (length !== Buffer.byteLength(`${length}${rest}`)) length = Buffer.byteLength(`${length}${rest}`)
  const body = Buffer.from(`${length}${rest}`)
  return [
    tarHeader({ name: Buffer.from('pax'), type: 'x', link: '', mode: 0o644, size: body.length }),
    padded(body),
  ]
}

function tarHeader(about: {
  readonly name: Buffer
  readonly type: string
  readonly link: string
  readonly mode: number
  readonly size: number
}): Buffer {
  const header = Buffer.alloc(512)
  about.name.copy(header, 0)
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  }
  octal(about.mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(about.size, 124, 12)
  octal(0, 136, 12)
  header.write('        ', 148, 'latin1')
  header.write(about.type, 156, 'latin1')
  header.write(about.link, 157, 'utf8')
  header.write('ustar\x0000', 257, 'latin1')
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return header
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

/** A .zip. A mode with the bits of a link, folder or device in it makes the entry one. */
export function makeZip(entries: readonly MadeEntry[]): Buffer {
  const parts: Buffer[] = []
  const table: Buffer[] = []
  let offset = 0
  for (const { path, content = '', mode = 0o100644, claimedSize } of entries) {
    const body = Buffer.from(content as string)
    const packed = deflateRawSync(body)
    const name = Buffer.from(path)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(0x0800, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(body), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(claimedSize ?? body.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, packed])
    const attributes = Buffer.alloc(14)
    attributes.writeUInt32LE((mode << 16) >>> 0, 6)
    attributes.writeUInt32LE(offset, 10)
    table.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, attributes, name]))
    parts.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(table)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 0, 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, directory, end])
}
