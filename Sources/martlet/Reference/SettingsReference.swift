import Settings

/// The reference of settings, made from their shape.
struct SettingsReference {
    private let shape: SettingsShape
    private let variables: [(name: String, help: String)]

    /// - Parameter variables: those that are no settings and are read all the same.
    init(_ shape: SettingsShape, variables: [(name: String, help: String)]) {
        self.shape = shape
        self.variables = variables
    }

    var markdown: String {
        """
        # Settings

        All settings of `martlet.yml`. Each can also be given as an environment variable: `log.level` is `MARTLET_LOG__LEVEL`, the first cluster's name
        `MARTLET_PROXMOX__CLUSTERS__0__NAME`. An entry of a list has its number too, `MARTLET_PROXMOX__SLOW__SKIP__0`; a comma separates nothing.
        A variable goes over the file, a flag over both. Paths count from the working directory; a duration without a unit counts
        seconds. This page is made from the program by `make docs`; `make check` fails when it is out of date.

        | key | value | without it | meaning |
        | --- | --- | --- | --- |

        """ + rows(shape, "").joined() + """

            ## Other variables

            Read beside the settings above. The `PROXMOX_` ones, as other tools know them, and `TARGET_NODES` describe one cluster: they count only when `PROXMOX_HOST` is set, and then
            no cluster may be in the file.

            | variable | meaning |
            | --- | --- |

            """ + variables.map { "| `\($0.name)` | \($0.help) |\n" }.joined()
    }

    private func rows(_ shape: SettingsShape, _ path: String) -> [String] {
        switch shape {
        case .section(let keys), .sections(let keys), .named(let keys):
            keys.flatMap { key -> [String] in
                let name = path.isEmpty ? key.name : "\(path).\(key.name)"
                let inner = Self.hasKeys(key.shape)
                let row = "| `\(name)` | \(inner ? "" : key.shape.expectation) | \(key.standard) | \(key.help) |\n"
                if case .sections = key.shape { return [row] + rows(key.shape, name + "[]") }
                if case .named = key.shape { return [row] + rows(key.shape, name + ".NAME") }
                return [row] + rows(key.shape, name)
            }
        default: []
        }
    }

    private static func hasKeys(_ shape: SettingsShape) -> Bool {
        switch shape {
        case .section, .sections, .named: true
        default: false
        }
    }
}
