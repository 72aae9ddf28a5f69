import { ScriptedProvider, type ScriptedReply } from '@halter/plugin-provider-scripted'
import { testProvider, type OpenProvider, type ProviderScene } from '@halter/testkit'

testProvider('scripted', {
  open: async (scenes) => openActor(scenes),
})

/** A provider whose script acts the scenes, and knows how many of its calls are still going on. */
function openActor(scenes: readonly ProviderScene[]): OpenProvider {
  let calls = 0
  let waiting = 0
  let sleeps = 0
  const untilAborted = async (signal: AbortSignal): Promise<never> => {
    waiting += 1
    try {
      return await new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error)
        else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
    } finally {
      waiting -= 1
    }
  }
  // Only scenes that hang wait at all: past the first piece of text, nothing more comes.
  const clock = {
    sleep: async (_ms: number, signal?: AbortSignal) => {
      sleeps += 1
      if (sleeps > 1) await untilAborted(signal!)
    },
  }
  const provider = new ScriptedProvider({
    clock,
    scripts: {
      scenes: async (_request, { signal }) => {
        const scene = scenes[calls++]
        sleeps = 0
        if (scene?.act === 'hang' && scene.text === undefined) return await untilAborted(signal)
        return replyOf(scene)
      },
    },
  })
  return {
    provider,
    model: 'scripted/scenes',
    calls: () => calls,
    openCalls: () => waiting,
    close: async () => {},
  }
}

function replyOf(scene: ProviderScene | undefined): ScriptedReply {
  switch (scene?.act) {
    case 'reply': {
      const { toolCalls = [], ...reply } = scene.reply
      return { ...reply, toolCalls: toolCalls.map(({ id, name, input }) => ({ id, name, rawInput: input })) }
    }
    case 'break':
      return { text: scene.text, error: { kind: 'transient', message: 'The connection was lost.' } }
    case 'hang':
      return { text: [scene.text!, 'This never comes.'], delayMs: 1 }
    case 'fail': {
      const { kind, afterText, retryAfterMs } = scene
      const error = { kind, message: `The model failed: ${kind}.`, ...(retryAfterMs && { retryAfterMs }) }
      return { ...(afterText !== undefined && { text: afterText }), error }
    }
    case undefined:
      return { error: { kind: 'invalid-request', message: 'There is no scene for this call.' } }
  }
}
