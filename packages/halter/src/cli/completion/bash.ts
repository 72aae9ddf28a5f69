import type { CommandSpec } from '../command-spec.ts'
import { firstWords, optionsOf, quote, secondWords } from './shell-words.ts'

/** A completion script for bash 3.2 and later. Where it has no words to offer, bash completes file names. */
export function bashCompletion(commands: readonly CommandSpec[]): string {
  const first = firstWords(commands)
  const groups = first.filter(([word]) => secondWords(word, commands).length > 0)
  return `# bash completion of halter
_halter() {
  local IFS=$'\\n' word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="\${COMP_WORDS[1]}" words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${list(first.map(([each]) => each))}
  else
    case "$command" in
${groups.map(([word]) => groupCase(word, commands)).join('\n')}
    esac
    if [ -z "$words" ]; then
      case "$command:$before" in
${commands.flatMap(choiceCases).join('\n')}
      esac
    fi
    if [ -z "$words" ] && [ "\${word#-}" != "$word" ]; then
      case "$command" in
${commands.map(optionCase).join('\n')}
      esac
    fi
  fi
  [ -n "$words" ] && COMPREPLY=($(compgen -W "$words" -- "$word"))
  return 0
}
complete -o bashdefault -o default -F _halter halter
`
}

function list(words: readonly string[]): string {
  return `$'${words.join(String.raw`\n`)}'`
}

/** A first word may be a command by itself, too: then what follows may be an option. */
function groupCase(word: string, commands: readonly CommandSpec[]): string {
  const seconds = secondWords(word, commands).map(([each]) => each)
  return `      ${word})
        if [ "$COMP_CWORD" -eq 2 ] && [ "\${word#-}" = "$word" ]; then words=${list(seconds)}; fi
        case "\${COMP_WORDS[2]}" in ${seconds.join('|')}) command="$command \${COMP_WORDS[2]}" ;; esac ;;`
}

function choiceCases(command: CommandSpec): string[] {
  return optionsOf(command).flatMap(([name, { choices, short }]) => {
    if (!choices) return []
    const spelled = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
    return [
      `        ${spelled.map((each) => quote(`${command.name}:${each}`)).join('|')}) words=${list(choices)} ;;`,
    ]
  })
}

function optionCase(command: CommandSpec): string {
  return `        ${quote(command.name)}) words=${list(optionsOf(command).map(([name]) => `--${name}`))} ;;`
}
