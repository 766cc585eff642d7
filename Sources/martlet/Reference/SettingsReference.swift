import Settings

/// The reference of settings, made from their shape.
struct SettingsReference {
    private let shape: SettingsShape

    init(_ shape: SettingsShape) { self.shape = shape }

    var markdown: String {
        """
        # Settings

        All settings of `martlet.yml`. Each can also be given as an environment variable: `log.level` is `MARTLET_LOG__LEVEL`, the first cluster's name
        `MARTLET_PROXMOX__CLUSTERS__0__NAME`. A variable goes over the file, a flag over both. This page is made from the program by `make docs`; `make check`
        fails when it is out of date.

        | key | value | without it | meaning |
        | --- | --- | --- | --- |

        """ + rows(shape, "").joined()
    }

    private func rows(_ shape: SettingsShape, _ path: String) -> [String] {
        switch shape {
        case .section(let keys), .sections(let keys):
            keys.flatMap { key -> [String] in
                let name = path.isEmpty ? key.name : "\(path).\(key.name)"
                let inner = Self.hasKeys(key.shape)
                let row = "| `\(name)` | \(inner ? "" : key.shape.expectation) | \(key.standard) | \(key.help) |\n"
                if case .sections = key.shape { return [row] + rows(key.shape, name + "[]") }
                return [row] + rows(key.shape, name)
            }
        default: []
        }
    }

    private static func hasKeys(_ shape: SettingsShape) -> Bool {
        switch shape {
        case .section, .sections: true
        default: false
        }
    }
}
