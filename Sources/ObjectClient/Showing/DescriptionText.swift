import ObjectText
package import Objects
import Primitives

/// An object as `describe` shows it: who it is, its conditions as a table, what was done with it, then all that it says.
package enum DescriptionText {
    /// - Parameter operations: objects of the journal that are about it.
    package static func text(_ object: ObjectValue, operations: [ObjectValue]) -> String {
        let metadata = object["metadata"]
        var lines = [
            "Name:         \(line(metadata?["name"]))", "Namespace:    \(line(metadata?["namespace"]))",
            "Kind:         \(line(object["kind"])) (\(line(object["apiVersion"])))",
            "Labels:       \(pairs(metadata?["labels"]))", "Annotations:  \(pairs(metadata?["annotations"]))",
            "Made:         \(line(metadata?["creationTimestamp"]))",
        ]
        if let deletion = metadata?["deletionTimestamp"] {
            let finalizers = (metadata?["finalizers"]?.list ?? []).map(line).filter { !$0.isEmpty }.joined(separator: ", ")
            lines.append("Deleted:      \(line(deletion)), waits for \(finalizers.isEmpty ? "nobody" : finalizers)")
        }
        var text = lines.joined(separator: "\n") + "\n"
        let conditions = object["status"]?["conditions"]?.list ?? []
        if !conditions.isEmpty {
            text += "\nConditions:\n"
            text += table(
                ["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"],
                conditions.map { condition in
                    ["type", "status", "reason", "lastTransitionTime", "message"].map { line(condition[$0]) }
                })
        }
        if !operations.isEmpty {
            text += "\nOperations:\n"
            text += table(
                ["NAME", "OPERATION", "PHASE", "BEGAN", "MESSAGE"],
                operations.map { operation in
                    [
                        line(operation["metadata"]?["name"]), line(operation["spec"]?["operation"]), line(operation["status"]?["phase"]),
                        seconds(line(operation["spec"]?["startedAt"])), line(operation["status"]?["message"]),
                    ]
                })
        }
        for (title, name) in [("Spec", "spec"), ("Data", "data"), ("Status", "status")] {
            guard case .members(var members)? = object[name], !members.isEmpty else { continue }
            if name == "status" { members["conditions"] = nil }
            // A Secret's own are not for a screen that others see.
            let shown =
                name == "data" ? ObjectMembers(members.map { ($0.name, .text("\($0.value.text?.utf8.count ?? 0) letters")) }) : members
            guard !shown.isEmpty else { continue }
            text += "\n\(title):\n"
            text += YAMLText.text(of: .members(shown)).split(separator: "\n", omittingEmptySubsequences: true).map { "  \($0)\n" }.joined()
        }
        return text
    }

    private static func line(_ value: ObjectValue?) -> String { TerminalText.line(value?.text ?? "") }

    /// Without what is less than a second.
    private static func seconds(_ time: String) -> String { time.contains(".") ? "\(time.prefix { $0 != "." })Z" : time }

    private static func pairs(_ value: ObjectValue?) -> String {
        let pairs = (value?.members ?? ObjectMembers()).filter { $0.name != Applier.annotation }.map {
            "\(TerminalText.line($0.name))=\(line($0.value))"
        }
        return pairs.isEmpty ? "<none>" : pairs.joined(separator: "\n              ")
    }

    private static func table(_ heading: [String], _ rows: [[String]]) -> String {
        let rows = [heading] + rows
        let widths = heading.indices.map { index in rows.map { $0[index].unicodeScalars.count }.max() ?? 0 }
        return rows.map { row in
            "  "
                + row.enumerated().map { index, cell in
                    index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.unicodeScalars.count + 3)
                }.joined() + "\n"
        }.joined()
    }
}
