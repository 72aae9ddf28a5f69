/** What the model is told of a call of which nobody knows how it ended, mostly because its process died. */
export const UNKNOWN_OUTCOME =
  'This call was cut off while the tool was running. It may or may not have had its effect: check before you do it again.'

/** What the model is told of a call that was never run. */
export const NOT_STARTED = 'This tool was not started: the turn ended first.'

/** What the model is told of a call that was stopped while it ran. */
export const INTERRUPTED = 'This tool was interrupted. Its effect may be partial.'
