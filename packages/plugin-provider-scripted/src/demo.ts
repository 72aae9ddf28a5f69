import type { ModelRequest } from '@halter/core'
import { textOf } from '@halter/protocol'
import { chooseFile, countFiles, describeFile, listedFiles } from './demo-files.ts'
import { readConversation, type Conversation } from './demo-conversation.ts'
import type { ScriptedReply } from './script.ts'

/**
 * The model `demo`: it knows nothing but what its own tool calls return, and says so. First prompt: it lists the folder, reads
 * one file and quotes both. Later prompts: it reads one file more and refers to what was said. Same results, same words.
 */
export function demoReply(request: ModelRequest): ScriptedReply {
  if (request.purpose === 'compaction' || request.purpose === 'title') return shorten(request)
  if (request.purpose !== 'turn') return say('I am the demo model: I answer prompts and nothing else.')
  const conversation = readConversation(request.messages)
  const failed = conversation.failedCall
  if (failed) return say(`The tool ${failed.name} did not work: ${quote(failed.text)}. I stop here.`)
  const missing = missingTools(request)
  if (missing.length > 0) return say(withoutTools(conversation, missing))
  if (conversation.listing === undefined) return look(conversation)
  const files = listedFiles(conversation.listing)
  const next = chooseFile(files.filter((file) => !conversation.reads.some(({ path }) => path === file)))
  if (conversation.readNow || next === undefined) return answer(conversation, files)
  return read(conversation, next)
}

function look({ prompt, previous }: Conversation): ScriptedReply {
  return {
    thinking: inPieces(
      `The user says ${quote(prompt)}. I know nothing of this folder yet, so I look at what is in it.`,
    ),
    text: inPieces(`${recall(previous)}I will look at this folder first.`),
    toolCalls: [{ name: 'glob', input: { pattern: '*' } }],
  }
}

function read({ listing = '', previous, reads }: Conversation, path: string): ScriptedReply {
  const known = reads.at(-1)
  const text =
    previous === undefined
      ? `There ${countFiles(listing)} here. I will read ${path}.`
      : `${recall(previous)}I ${known ? `read ${known.path} then` : 'looked around then'}. Now I will read ${path} too.`
  return {
    thinking: inPieces(`Of the files I have not read, ${path} is likely to say the most.`),
    text: inPieces(text),
    toolCalls: [{ name: 'read', input: { file_path: path } }],
  }
}

function answer(conversation: Conversation, files: readonly string[]): ScriptedReply {
  const { listing = '', prompt, previous, reads, readNow } = conversation
  const sentences = [`You said ${quote(prompt)}.`]
  if (previous === undefined)
    sentences.push(`My tools found that there ${countFiles(listing)} in this folder.`)
  else {
    const earlier = reads.filter((file) => file !== readNow).map(describeFile)
    sentences.push(recall(previous).trim(), ...(earlier.length > 0 ? ['What I read then:', ...earlier] : []))
  }
  if (readNow) sentences.push(previous === undefined ? 'Of them,' : 'What I read now:', describeFile(readNow))
  else if (files.length === 0) sentences.push('There is no file here that I could read.')
  else sentences.push(`I have read all ${reads.length} of the files here that look like text.`)
  if (previous === undefined)
    sentences.push('I am a script, not a model: with a provider plugin, a real one answers in my place.')
  return say(sentences.join(' '))
}

function recall(previous: string | undefined): string {
  return previous === undefined ? '' : `Before that, you said ${quote(previous)}. `
}

function missingTools({ tools }: ModelRequest): readonly string[] {
  return ['glob', 'read'].filter((name) => !tools.some((tool) => tool.name === name))
}

function withoutTools({ prompt, previous }: Conversation, missing: readonly string[]): string {
  return (
    `You said ${quote(prompt)}. ${recall(previous)}I only know what the tools glob and read tell me, and this session does not ` +
    `have ${missing.join(' and ')}. Allow them, and ask again.`
  )
}

/** Summaries and titles: the newest text, shortened. */
function shorten({ messages, purpose }: ModelRequest): ScriptedReply {
  const newest = messages.at(-1)
  const text = newest ? textOf(newest).replace(/\s+/g, ' ').trim() : ''
  if (purpose === 'title') return say(text.slice(0, 60).trim() || 'Untitled')
  const end = text.length > 800 ? ` … ${text.slice(-400)}` : ''
  return say(
    `The demo model cannot summarise. The conversation began and ended so: ${text.slice(0, 400)}${end}`,
  )
}

function say(text: string): ScriptedReply {
  return { text: inPieces(text) }
}

/** A few words each, as a model would stream them. */
function inPieces(text: string): readonly string[] {
  return text.match(/(?:\S+\s*){1,4}/g) ?? []
}

/** The first line, in quotation marks, shortened. */
function quote(text: string): string {
  const line = text.trim().split('\n', 1)[0]!.trim()
  return `“${line.length > 80 ? `${line.slice(0, 79)}…` : line}”`
}
