import type { LanguageModelV4FilePart, LanguageModelV4TextPart } from '@ai-sdk/provider'
import type { ModelCapabilities } from '@halter/core'
import type { BlobPart, DocumentPart, ImagePart } from '@halter/protocol'
import { cleanText } from './clean-text.ts'

/** A picture or file as a model is sent it: as such, as the text in it, or as a note that it was left out. */
export type EncodedMedia = LanguageModelV4FilePart | LanguageModelV4TextPart

/** What the known APIs take for a picture; any other one would have every later request refused. */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const TEXT_TYPES =
  /^(?:text\/|application\/(?:json|xml|yaml|toml|javascript|typescript|sql|x-sh)\b|.*\+(?:json|xml)$)/

/** Makes the part of a message that stands for a picture or file. */
export function encodeMedia(
  part: ImagePart | DocumentPart | BlobPart,
  able: ModelCapabilities,
): EncodedMedia {
  if (part.kind === 'blob')
    return note('Something', part.of.mediaType ?? part.of.kind, 'its content is not there')
  const { mediaType, data } = part
  const name = part.kind === 'document' ? part.name : undefined
  if (IMAGE_TYPES.has(mediaType))
    return able.images ? file(mediaType, data, name) : note('A picture', mediaType, 'the model takes none')
  if (part.kind === 'image') return note('A picture', mediaType, 'models take PNG, JPEG, GIF and WebP')
  if (TEXT_TYPES.test(mediaType)) return textOfDocument(data, mediaType, name)
  if (mediaType !== 'application/pdf')
    return note(`The file ${name ?? ''}`.trim(), mediaType, 'models do not read it')
  return able.documents ? file(mediaType, data, name) : note('A document', mediaType, 'the model takes none')
}

function file(mediaType: string, data: string, name: string | undefined): LanguageModelV4FilePart {
  const filename = name === undefined ? undefined : cleanText(name)
  return { type: 'file', mediaType, data: { type: 'data', data }, ...(filename && { filename }) }
}

/** Text goes as text: not every API reads text files, and all read this. */
function textOfDocument(data: string, mediaType: string, name: string | undefined): LanguageModelV4TextPart {
  const text = cleanText(Buffer.from(data, 'base64').toString('utf8'))
  return { type: 'text', text: `${cleanText(name ?? `A file of the type ${mediaType}`)}:\n${text}` }
}

function note(what: string, mediaType: string, why: string): LanguageModelV4TextPart {
  return { type: 'text', text: cleanText(`[${what} (${mediaType}) was left out: ${why}.]`) }
}
