import type { SessionState } from '../../src/index.ts'

/** Everything that a state says, as a plain value that stays what it was. */
export function snapshot(state: SessionState) {
  return structuredClone({
    sessionId: state.sessionId,
    head: state.head,
    blueprint: state.blueprint,
    status: state.status,
    transcript: [...state.transcript],
    seqs: state.seqs,
    turn: state.turn,
    lastTurn: state.lastTurn,
    turns: state.turns,
    openCalls: [...state.openCalls],
    pluginCalls: [...state.pluginCalls],
    approvals: [...state.approvals],
    grants: [...state.grants],
    injected: state.injected,
    usage: state.usage,
    children: [...state.children],
    plugins: [...state.plugins],
    anchor: state.anchor,
    compactions: state.compactions,
    title: state.title,
    metadata: state.metadata,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    readOnly: state.readOnly,
  } satisfies { readonly [K in keyof SessionState]: unknown })
}
