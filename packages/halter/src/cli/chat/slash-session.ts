import { addUsage, type Usage } from '@halter/protocol'
import { describeUsage } from '../describe-event.ts'
import { findSession } from '../find-session.ts'
import { printableLine } from '../printable.ts'
import { describePrompt } from '../sessions-prompt.ts'
import { cutToWidth } from '../text-width.ts'
import type { SlashContext } from './slash-commands.ts'

/** Sessions that `/resume` lists. */
const LISTED = 10

/** `/model` */
export async function model({ conversation, note }: SlashContext, id: string): Promise<void> {
  const { session } = conversation
  if (id !== '') {
    await session.update({ model: id })
    conversation.useOwnModel()
  }
  const { model, effort } = session.blueprint
  note(`The model is ${model}${effort === undefined ? '' : `, effort ${effort}`}.`)
}

/** `/context` */
export async function context({ open, conversation, show, width }: SlashContext): Promise<void> {
  show(describePrompt(await open.runtime.inspectPrompt(conversation.session.id), width))
}

/** `/cost` */
export async function cost({ conversation, show }: SlashContext): Promise<void> {
  const { total, byPurpose, children, inherited } = conversation.session.usage
  const rows: [name: string, usage: Usage][] = [['in all', addUsage(total, children)]]
  const purposes = Object.entries(byPurpose)
  if (purposes.length > 1) rows.push(...purposes)
  if (children.inputTokens > 0) rows.push(['subagents', children])
  if (inherited.inputTokens > 0) rows.push(['before the fork', inherited])
  show(rows.map(([name, usage]) => `  ${name.padEnd(16)} ${describeUsage(usage)}\n`).join(''))
}

/** `/compact` */
export async function compact({ conversation, note }: SlashContext, instructions: string): Promise<void> {
  // What it did is an event, which is shown.
  const done = await conversation.session.compact(instructions === '' ? {} : { instructions })
  if (!done) note('There was nothing to compact, or a hook kept the context as it is.')
}

/** `/fork` */
export async function fork({ conversation, note }: SlashContext, seq: string): Promise<void> {
  if (seq !== '' && !/^\d{1,15}$/.test(seq)) return note(`/fork takes the number of an event, not "${seq}".`)
  const { session } = conversation
  const copy = await session.fork(seq === '' ? {} : { at: Number(seq) })
  note(`From now on this is a copy of ${session.id}, which stays as it was.`)
  await conversation.switchTo(copy, true)
}

/** `/resume` */
export async function resume(ctx: SlashContext, id: string): Promise<void> {
  const { open, conversation, note } = ctx
  if (id === '') return await list(ctx)
  const { sessionId } = await findSession(open.runtime, id)
  if (sessionId === conversation.session.id) return note('That is this one.')
  const session = await open.runtime.resume(sessionId)
  if (!session) return note(`The session ${sessionId} is gone.`)
  await conversation.switchTo(session, true)
}

async function list({ open, conversation, show, note, width }: SlashContext): Promise<void> {
  const { workingDir } = conversation.session.blueprint
  const { sessions } = await open.runtime.listSessions({ workingDir, parentId: null, limit: LISTED })
  const others = sessions.filter(({ sessionId }) => sessionId !== conversation.session.id)
  if (others.length === 0) return note('There is no other session of this folder.')
  show(
    others
      .map(({ sessionId, title, updatedAt }) => {
        const row = `  ${sessionId}  ${when(updatedAt)}  ${printableLine(title)}`
        return `${cutToWidth(row, width - 1)}\n`
      })
      .join(''),
  )
  note('/resume and the beginning of an id goes on with it.')
}

function when(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}
