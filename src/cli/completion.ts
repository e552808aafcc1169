import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/*
 * Completes the words of a command line. The shells call `ferry complete -- <words>`. The words are not trusted: a
 * line can be pasted, and Tab must not execute any part of it.
 */

/**
 * For bash. The script of the library evaluates the words, requires the package bash-completion, and fails if it is
 * loaded twice. The last line of the output is `:` and a set of bits: 2 = no space after the word.
 */
const bashScript = `# bash completion for ferry
__ferry_complete() {
    local cur=\${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD words=("\${COMP_WORDS[@]}")
    # Without the package bash-completion, = and : separate words.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n "=:" cur words cword
    fi
    local value directive=0
    COMPREPLY=()
    while IFS=$'\\t' read -r value _; do
        if [[ $value =~ ^:([0-9]+)$ ]]; then
            directive=\${BASH_REMATCH[1]}
        elif [[ -n $value && $value == "$cur"* ]]; then
            COMPREPLY+=("$value")
        fi
    done < <(ferry complete -- "\${words[@]:1:cword}" 2>/dev/null)
    if (( directive & 2 )); then compopt -o nospace; fi
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F __ferry_complete ferry
`;

/** Places at which a script of the library evaluates a word without quotes, and the same with quotes. */
const unquoted: Readonly<Record<string, readonly [find: string, replace: string]>> = {
  // Later: eval _describe … ${flagPrefix}
  zsh: ['flagPrefix="-P ${BASH_REMATCH}"', 'flagPrefix="-P ${(q)BASH_REMATCH}"'],
  // PowerShell has five characters that end a text in single quotes.
  powershell: [
    `"'" + ($_ -replace "'", "''") + "'"`,
    `"'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($_) + "'"`,
  ],
};

/** Adds the commands `completion` and, hidden, `complete`, which completes the words of a shell. */
export function addCompletion(program: Command, print: (text: string) => void): Command {
  const library = tab(program, { completionCommandName: "completion" });
  const command = program.commands.find((each) => each.name() === "completion");
  if (command === undefined) throw new Error("Cannot find the command completion");
  return command
    .description("print a script that completes commands and flags")
    .addHelpText("after", "\nTo use it: source <(ferry completion bash)")
    .action((shell: string) => {
      if (shell === "bash") return print(bashScript);
      const script = captureLog(() => library.setup("ferry", "ferry", shell));
      const [find, replace] = unquoted[shell] ?? ["", ""];
      if (!script.includes(find)) {
        throw new Error(`Cannot quote the words in the script because it has changed: ${shell}`);
      }
      print(script.replace(find, () => replace));
    });
}

/** Returns what `write` prints with console.log, which is the library's only way to return a script. */
function captureLog(write: () => void): string {
  const { log } = console;
  let text = "";
  console.log = (line: unknown) => {
    text += `${String(line)}\n`;
  };
  try {
    write();
  } finally {
    console.log = log;
  }
  return text;
}
