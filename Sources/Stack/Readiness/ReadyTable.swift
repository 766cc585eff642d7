/// What the person who started the stack sees: what runs, where, and how it is.
package enum ReadyTable {
    /// Three aligned columns, a line each, with a line of titles; ends with a newline.
    package static func text(_ states: [ServiceState]) -> String {
        let rows = [("SERVICE", "URL", "STATE")] + states.map { ($0.name, $0.url, $0.state) }
        let nameWidth = rows.map(\.0.count).max() ?? 0
        let urlWidth = rows.map(\.1.count).max() ?? 0
        return rows.map { name, url, state in
            "\(padded(name, to: nameWidth))  \(padded(url, to: urlWidth))  \(state)\n"
        }.joined()
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
