package import Settings

/// The reference of settings, made from their shape.
package struct SettingsReference {
    private let shape: SettingsShape
    private let introduction: String
    private let variables: [(name: String, help: String)]
    private let variablesIntroduction: String

    /// - Parameters:
    ///   - introduction: the page's first lines, in Markdown.
    ///   - variables: those that are no settings and are read all the same.
    package init(
        _ shape: SettingsShape, introduction: String, variables: [(name: String, help: String)] = [], variablesIntroduction: String = ""
    ) {
        self.shape = shape
        self.introduction = introduction
        self.variables = variables
        self.variablesIntroduction = variablesIntroduction
    }

    package var markdown: String {
        let settings = introduction + "\n| key | value | without it | meaning |\n| --- | --- | --- | --- |\n" + rows(shape, "").joined()
        guard !variables.isEmpty else { return settings }
        return settings + "\n## Other variables\n\n" + variablesIntroduction + "\n| variable | meaning |\n| --- | --- |\n"
            + variables.map { "| `\($0.name)` | \($0.help) |\n" }.joined()
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
