package import Objects
import Primitives

/// A table of the API as columns of text.
package struct TableText: Sendable {
    private let isWide: Bool
    private let showsNamespace: Bool
    /// Put before each name: `vm/`.
    private let prefix: String
    private var widths: [Int] = []
    private var hasHeading = false

    package init(isWide: Bool, showsNamespace: Bool, prefix: String = "") {
        self.isWide = isWide
        self.showsNamespace = showsNamespace
        self.prefix = prefix
    }

    /// The rows of a table by when their objects were made, the oldest first, as `kubectl --sort-by=.metadata.creationTimestamp` has them.
    package static func byTime(_ table: ObjectValue) -> ObjectValue {
        func time(_ row: ObjectValue) -> (String, String) {
            let metadata = row["object"]?["metadata"]
            return (metadata?["creationTimestamp"]?.text ?? "", metadata?["name"]?.text ?? "")
        }
        var table = table
        table.set("rows", .list((table["rows"]?.list ?? []).sorted { time($0) < time($1) }))
        return table
    }

    /// The lines of a table; headings are written once, and later tables keep to the widths of the first as far as they can.
    package mutating func text(_ table: ObjectValue) -> String {
        let columns = (table["columnDefinitions"]?.list ?? []).enumerated().filter { isWide || ($0.element["priority"]?.whole ?? 0) == 0 }
        var rows: [[String]] = []
        if !hasHeading {
            rows.append(
                (showsNamespace ? ["NAMESPACE"] : []) + columns.map { TerminalText.line($0.element["name"]?.text ?? "").uppercased() })
            hasHeading = true
        }
        for row in table["rows"]?.list ?? [] {
            let cells = row["cells"]?.list ?? []
            let namespace = showsNamespace ? [TerminalText.line(row["object"]?["metadata"]?["namespace"]?.text ?? "")] : []
            rows.append(
                namespace
                    + columns.enumerated().map { place, column in
                        let cell = cells.indices.contains(column.offset) ? Self.text(cells[column.offset]) : ""
                        return place == 0 ? prefix + cell : cell
                    })
        }
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index >= widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.unicodeScalars.count)
            }
        }
        return rows.map { row in
            let line = row.enumerated().map { index, cell in
                cell + String(repeating: " ", count: max(widths[index] - cell.unicodeScalars.count, 0) + 3)
            }.joined()
            return String(line.unicodeScalars.reversed().drop { $0 == " " }.reversed().map(Character.init)) + "\n"
        }.joined()
    }

    /// What a terminal might obey is not shown to it.
    private static func text(_ value: ObjectValue) -> String {
        let text =
            switch value {
            case .null: ""
            case .text(let text): text
            default: String(decoding: value.json, as: UTF8.self)
            }
        return TerminalText.line(text)
    }
}
