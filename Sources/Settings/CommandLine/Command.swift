/// A command of the program: its flags and its subcommands.
package struct Command: Sendable {
    package let name: String
    /// One sentence without a full stop's worth of detail: what it does.
    package let summary: String
    package var flags: [Flag]
    /// Words behind the flags, as the usage line shows them: `["DIR"]`.
    package var arguments: [String]
    /// More words that may follow: `["NAME"]`. Where the last ends with `...`, any number of it.
    package var optionalArguments: [String]
    package var commands: [Command]
    /// Lines at the end of the help.
    package var notes: [String]

    package init(
        _ name: String, _ summary: String, flags: [Flag] = [], arguments: [String] = [], optionalArguments: [String] = [],
        commands: [Command] = [],
        notes: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.flags = flags
        self.arguments = arguments
        self.optionalArguments = optionalArguments
        self.commands = commands
        self.notes = notes
    }
}

/// A flag of a command.
package struct Flag: Sendable {
    package let name: String
    /// What stands for the value in the help; nil for a switch, which also has a `--no-` form.
    package let placeholder: String?
    package let help: String
    /// The value when the flag is not given, as the help shows it.
    package let standard: String?
    package let isRepeatable: Bool
    /// The setting that the flag lays its value over: `["log", "level"]`.
    package let setting: [String]?
    /// One letter that may stand for the name: `-n`.
    package let short: Character?

    package init(
        _ name: String, _ placeholder: String? = nil, _ help: String, standard: String? = nil, isRepeatable: Bool = false,
        setting: [String]? = nil, short: Character? = nil
    ) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.standard = standard
        self.isRepeatable = isRepeatable
        self.setting = setting
        self.short = short
    }
}
