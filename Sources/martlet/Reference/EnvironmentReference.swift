import Settings

/// `.env.example`: each setting as a variable, and those of docker-compose.yml, as lines to take the `#` away from.
struct EnvironmentReference {
    private let shape: SettingsShape
    private let variables: [(name: String, help: String)]

    /// - Parameter variables: those that are no settings and are read all the same.
    init(_ shape: SettingsShape, variables: [(name: String, help: String)]) {
        self.shape = shape
        self.variables = variables
    }

    var text: String {
        """
        # Variables of docker-compose.yml and of martlet, made from the program by `make docs`. Copy this file to .env and take the # away from
        # what shall be different; a line with # in front shows what holds without it, and nothing behind = that there is nothing.
        # Secrets do not belong here but into files of their own: see SECRET_ below.

        # Lets the containers of martlet have what is set here.
        ENV_FILE=.env


        """ + ComposeVariables.parts.map(part).joined() + """
            # ---- Variables of martlet that are no settings ----
            # The PROXMOX_ ones and TARGET_NODES describe one cluster as other tools do; they count only when PROXMOX_HOST is set, and
            # then no MARTLET_PROXMOX__CLUSTERS__ may be.


            """ + variables.map { lines($0.help, $0.name, "") }.joined() + """
                # ---- Settings of martlet.yml ----
                # docs/settings.md lists them as keys. An entry of a list has its number, from 0. What docker-compose.yml gives as a flag, such as
                # the address that a service listens on, goes over a variable. Of MARTLET_STACK__ containers have the time between scrapes, mail
                # and the hours of backups; the rest is for `martlet up`.


                """ + settings(shape, []).joined()
    }

    private func part(_ part: ComposeVariables.Part) -> String {
        "# ---- \(part.title) ----\n\n" + part.variables.map { lines($0.help, $0.name, $0.standard) }.joined()
    }

    private func lines(_ help: String, _ name: String, _ value: String) -> String { "# \(help)\n#\(name)=\(value)\n\n" }

    private func settings(_ shape: SettingsShape, _ path: [String]) -> [String] {
        guard case .section(let keys) = shape else { return [] }
        return keys.flatMap { key -> [String] in
            let path = path + [key.name.uppercased()]
            switch key.shape {
            case .section: return settings(key.shape, path)
            case .sections(let keys): return settings(.section(keys), path + ["0"])
            // Names that the writer chooses are not told by capitals.
            case .named, .namedTexts: return []
            case .texts: return [setting(key, path + ["0"])]
            case .text, .flag, .integer, .seconds, .choice: return [setting(key, path)]
            }
        }
    }

    private func setting(_ key: SettingsKey, _ path: [String]) -> String {
        let value = key.shape.accepts(key.standard) ? key.standard : ""
        var help = key.help
        if value.isEmpty, !key.standard.isEmpty { help += " Without it: \(key.standard)." }
        if case .choice = key.shape { help += " \(key.shape.expectation.capitalizedFirst)." }
        return lines(help, "MARTLET_" + path.joined(separator: "__"), value)
    }
}

extension SettingsShape {
    /// Whether the text, which a person reads as what holds without a setting, can be written as its value.
    fileprivate func accepts(_ text: String) -> Bool {
        switch self {
        case .flag: Self.flag(of: text) != nil
        case .integer(let range): Int(text).map(range.contains) ?? false
        case .seconds(let range): Self.seconds(of: text).map(range.contains) ?? false
        case .choice(let words): words.contains(text)
        // Words, such as "all" or "state", are for people; a number or a path shows that it is the value itself.
        case .text: !text.contains(" ") && text.utf8.contains { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "/") }
        case .texts, .section, .sections, .named, .namedTexts: false
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
