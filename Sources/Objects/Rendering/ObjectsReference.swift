/// docs/objects.md, made from the schemas.
package enum ObjectsReference {
    package static var markdown: String { introduction + KindSchema.all.map(section).joined() }

    private static let introduction = """
        # Objects of martlet-manager

        The kinds of objects that the manager keeps, with every field that they may have. They are those of Virtrigaud's `infra.virtrigaud.io/v1beta1`, so that manifests which were written for it can be taken over, and one kind more,
        `VMOperation`. This page is made from the program by `make docs`; so are the [CustomResourceDefinitions](../deploy/kubernetes/crds) for a kube-apiserver. One small manifest of each kind is in [deploy/kubernetes/samples](../deploy/kubernetes/samples).

        - **Fields** that are not here are refused, with the one that was probably meant; a kube-apiserver leaves them out silently. `[]` is an element of a list, `NAME` a name of your choice. In a list whose elements have names, each has its own.
        - **without it** is what is meant when the field is not said, once the object around it is there. `required` must be said. What is `false` or `0` stays so.
        - Fields marked *(kept)* are there so that manifests are taken: they are kept as they are, and nothing follows from them. In a status, nobody here writes them.
        - **Sizes** are whole bytes or `512Mi`, `4Gi`, `1.5G`; **durations** `90s`, `30m`, `1h30m`; **schedules** five fields of cron in UTC, `@daily`, or `@every 6h`; **times** RFC 3339.
        - `status` is written by the manager, and may have members of others, which stay. `status.conditions` are a list by `type`: `Ready`, `Provisioning`, `Reconfiguring`, `Deleting`, `Error`, `Healthy`.

        """

    private static func section(_ schema: KindSchema) -> String {
        let kind = schema.kind
        var text = "\n## \(kind.kind)\n\n\(schema.description)\n\n`\(kind.apiVersion)`, `kubectl get \(kind.plural)`"
        if !kind.shortNames.isEmpty { text += " or `\(kind.shortNames.joined(separator: "`, `"))`" }
        text += ". Columns: \(schema.columns.filter { $0.priority == 0 }.map(\.name).joined(separator: ", "))"
        let wide = schema.columns.filter { $0.priority > 0 }.map(\.name)
        text += wide.isEmpty ? ".\n" : "; with `-o wide` \(wide.joined(separator: ", ")) too.\n"
        if !schema.fixed.isEmpty {
            text += "\nCannot be changed: " + schema.fixed.map(fixed).joined(separator: "; ") + ".\n"
        }
        text += "\n| field | value | without it | meaning |\n| --- | --- | --- | --- |\n"
        for field in schema.shape.fields { rows(field, "", isKept: false, &text) }
        return text
    }

    private static func fixed(_ field: KindSchema.FixedField) -> String {
        switch field.since {
        case .creation: "`\(field.path)`"
        case .said(let path): "`\(field.path)` once there is a `\(path)`"
        case .flag(let path): "`\(field.path)` when `\(path)` is true"
        }
    }

    private static func rows(_ field: Field, _ before: String, isKept: Bool, _ text: inout String) {
        let path = before.isEmpty ? field.name : "\(before).\(field.name)"
        let isKept = isKept || field.effect == .kept
        // A template's machine is as a machine is.
        let isTemplate = path == "spec.template.spec"
        let without = field.isRequired ? "required" : field.standard.map { "`\(plain($0))`" } ?? ""
        let rules = if case .object(let shape) = field.schema, !isTemplate { shape.rules.map { "; \($0.text)" }.joined() } else { "" }
        text +=
            "| `\(path)` | \(cell(field.schema.meaning))\(rules) | \(without) | \(isKept ? "*(kept)* " : "")\(cell(field.description)) |\n"
        // Conditions are the same everywhere.
        guard !isTemplate, path != "status.conditions" else { return }
        inner(field.schema, path, isKept, &text)
    }

    private static func inner(_ schema: Schema, _ path: String, _ isKept: Bool, _ text: inout String) {
        switch schema {
        case .object(let shape): for field in shape.fields { rows(field, path, isKept: isKept, &text) }
        case .list(let element, _): inner(element, "\(path)[]", isKept, &text)
        case .map(let element, _): inner(element, "\(path).NAME", isKept, &text)
        default: break
        }
    }

    private static func plain(_ value: ObjectValue) -> String { value.text ?? String(decoding: value.json, as: UTF8.self) }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}

extension Schema {
    /// What a value is, in words: `1 to 128`.
    package var meaning: String {
        switch self {
        case .text(let rule):
            if !rule.choices.isEmpty { rule.choices.map { "`\($0)`" }.joined(separator: ", ") } else { rule.format?.meaning ?? "a text" }
        case .whole(let range): Self.text(range)
        case .number: "a number"
        case .flag: "`true` or `false`"
        case .quantity(let range):
            range.upperBound == .max
                ? "a size" : "a size, \(Quantity.text(ofBytes: range.lowerBound)) to \(Quantity.text(ofBytes: range.upperBound))"
        case .share: "a number, or a share such as `25%`"
        case .list(let element, let rule):
            if case .object = element { "a list, at most \(rule.atMost)" } else { "a list, at most \(rule.atMost), of: \(element.meaning)" }
        case .map(let element, _): if case .object = element { "by name" } else { "by name: \(element.meaning)" }
        case .object, .anyObject: "an object"
        }
    }
}
