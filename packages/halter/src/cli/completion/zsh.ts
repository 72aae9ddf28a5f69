import type { CommandSpec, OptionSpec } from '../command-spec.ts'
import { placeholder } from '../parse-command.ts'
import { firstWords, isPath, optionsOf, quote, secondWords, takesPath } from './shell-words.ts'

/** A completion script for zsh, to be a file `_halter` in a folder of `$fpath`, or to be sourced after `compinit`. */
export function zshCompletion(commands: readonly CommandSpec[]): string {
  const first = firstWords(commands)
  const groups = first.filter(([word]) => secondWords(word, commands).length > 0)
  return `#compdef halter
_halter() {
  local -a choices
  local command="$words[2]"
  if (( CURRENT == 2 )); then
    choices=(${described(first)})
    _describe -t commands 'command' choices
    return
  fi
  case "$command" in
${groups.map(([word]) => groupCase(word, commands)).join('\n')}
    *) words=("\${(@)words[2,-1]}"); (( CURRENT -= 1 )) ;;
  esac
  case "$command" in
${commands.map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_halter" ]; then _halter "$@"; else compdef _halter halter; fi
`
}

/** A first word may be a command by itself, too: then what follows may be an option. */
function groupCase(word: string, commands: readonly CommandSpec[]): string {
  const seconds = secondWords(word, commands)
  return `    ${word})
      if (( CURRENT == 3 )) && [[ "$words[3]" != -* ]]; then
        choices=(${described(seconds)})
        _describe -t commands ${quote(`${word} command`)} choices
        return
      fi
      case "$words[3]" in
        ${seconds.map(([each]) => each).join('|')}) command="$command $words[3]"; words=("\${(@)words[3,-1]}"); (( CURRENT -= 2 )) ;;
        *) words=("\${(@)words[2,-1]}"); (( CURRENT -= 1 )) ;;
      esac ;;`
}

function described(words: readonly (readonly [word: string, summary: string])[]): string {
  return words.map(([word, summary]) => quote(`${word.replaceAll(':', String.raw`\:`)}:${summary}`)).join(' ')
}

function commandCase(command: CommandSpec): string {
  const specs = optionsOf(command).flatMap(([name, spec]) => optionSpecs(name, spec))
  const usage = command.arguments?.usage
  const rest = usage === undefined ? [] : [quote(`*:${escape(usage)}:${isPath(usage) ? '_files' : ' '}`)]
  return `    ${quote(command.name)}) _arguments -s ${[...specs, ...rest].join(' ')} ;;`
}

function optionSpecs(name: string, spec: OptionSpec): string[] {
  const values = spec.choices ? `(${spec.choices.join(' ')})` : takesPath(spec) ? '_files' : ' '
  const value = spec.type === 'boolean' ? '' : `:${escape(placeholder(spec))}:${values}`
  const spelled = [`--${name}`, ...(spec.short === undefined ? [] : [`-${spec.short}`])]
  const others = spec.multiple ? '*' : spelled.length > 1 ? `(${spelled.join(' ')})` : ''
  return spelled.map((each) => quote(`${others}${each}[${escape(spec.summary)}]${value}`))
}

/** Brackets and colons divide a specification. */
function escape(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`)
}
