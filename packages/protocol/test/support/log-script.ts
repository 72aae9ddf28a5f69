import type {
  ApprovalAnswer,
  Json,
  SubagentOutcome,
  ToolOutcome,
  ToolResultPart,
  Usage,
} from '../../src/index.ts'

/** Something that happens beside the conversation. */
export type AsideScript =
  | { readonly kind: 'note'; readonly plugin: string; readonly data: Json }
  | { readonly kind: 'notify' | 'warning'; readonly message: string }
  | { readonly kind: 'hook'; readonly detail: string }
  | { readonly kind: 'cache'; readonly segment: string }
  | { readonly kind: 'metadata'; readonly data: Json }
  | { readonly kind: 'usage'; readonly purpose: string; readonly usage: Usage }
  /** A plugin runs a tool beside the conversation; only in a turn. */
  | {
      readonly kind: 'pluginCall'
      readonly input: Json
      readonly outcome: 'ok' | 'error' | 'denied' | 'cancelled'
    }
  | { readonly kind: 'inject'; readonly text: string; readonly scope: 'turn' | 'session' }
  | { readonly kind: 'spawn'; readonly task: string }
  | { readonly kind: 'settle'; readonly outcome: SubagentOutcome; readonly usage: Usage | undefined }

/** One tool call of a reply. */
export interface CallScript {
  readonly name: string
  /** Undefined: the model wrote no JSON. */
  readonly input: Json | undefined
  readonly outcome: Exclude<ToolOutcome, 'outcome-unknown'>
  /** The answer to an approval, where a guard asked; a denied call is answered `deny`. */
  readonly asked: Exclude<ApprovalAnswer, 'deny'> | undefined
  readonly parts: readonly ToolResultPart[]
  readonly isBatchStart: boolean
  /** Calls of a batch finish in the order of this number. */
  readonly finishes: number
  readonly asides: readonly AsideScript[]
}

/** Takes `turns` turns out of the window, from the `from`th on; both wrap around what there is. */
export interface CompactionScript {
  readonly from: number
  readonly turns: number
  readonly summary: string
  readonly isNative: boolean
  readonly usage: Usage | undefined
}

/** One model call with tools. */
export interface StepScript {
  readonly asides: readonly AsideScript[]
  readonly compaction: CompactionScript | undefined
  readonly thinking: string | undefined
  readonly isSigned: boolean
  readonly text: string | undefined
  readonly calls: readonly CallScript[]
  readonly usage: Usage
  readonly steer: string | undefined
}

/** One turn: a prompt, steps with tools, and how it ends. */
export interface TurnScript {
  readonly kind: 'turn'
  readonly prompt: string
  readonly media: boolean
  readonly asides: readonly AsideScript[]
  readonly steps: readonly StepScript[]
  readonly reply: string
  readonly usage: Usage
  readonly ending:
    | 'stop'
    | 'max-output'
    | 'refused'
    | 'prompt-refused'
    | 'error'
    | 'interrupted'
    | 'budget-exhausted'
    | 'repeated-call'
}

/** A turn, or what happens between turns. */
export type EpisodeScript =
  | TurnScript
  | { readonly kind: 'aside'; readonly aside: AsideScript }
  | { readonly kind: 'compact'; readonly compaction: CompactionScript }
  | {
      readonly kind: 'update'
      readonly title: string | undefined
      readonly metadata: Readonly<Record<string, string>> | undefined
      readonly model: string | undefined
    }
  | { readonly kind: 'reopen' }
  /** The process dies, or somebody forks, `back` events before the newest. */
  | { readonly kind: 'crash' | 'fork'; readonly back: number }

/** A whole log. */
export interface LogScript {
  readonly title: string | undefined
  /** Milliseconds from event to event, in turn; clocks jump back too. */
  readonly clock: readonly number[]
  readonly episodes: readonly EpisodeScript[]
}
