/// What has to be asked of Prometheus for the options of a variable.
package enum VariableQuestion: Sendable, Equatable {
    /// `/label/LABEL/values`, with `match[]` when there is a selector. Answer with `.texts`.
    case labelValues(selector: String?, label: String)
    /// `/labels`, with `match[]` when there is a selector. Answer with `.texts`.
    case labelNames(selector: String?)
    /// `/label/__name__/values`. Answer with `.texts`.
    case metricNames
    /// An instant query at the end of the range. Answer with `.samples`.
    case queryResult(expression: String)
    /// `/series`. Answer with `.samples`; values and times are not looked at.
    case series(selector: String)
}

/// What Prometheus said.
package enum VariableAnswer: Sendable {
    case texts([String])
    case samples([SeriesAnswer])
    /// Prometheus' words, or why it could not be asked.
    case failed(String)
}

/// One choice of a variable.
package struct VariableOption: Sendable, Equatable {
    package var text: String
    package var value: String

    package init(text: String, value: String) {
        self.text = text
        self.value = value
    }
}

/// A variable with its options and what is chosen.
package struct ResolvedVariable: Sendable {
    package var variable: BoardVariable
    /// All first, when the variable has it.
    package var options: [VariableOption] = []
    /// The values chosen; `$__all` for All.
    package var current: [String] = []
    package var problem: String?

    package var isAll: Bool { variable.includesAll && current.contains(BoardVariable.all) }
}

/// A variable's question of this moment.
package struct VariableAsk: Sendable {
    package let name: String
    package let question: VariableQuestion
}

extension VariableQuestion {
    /// Reads what a query variable asks, and what the answer's names must match; nil for nothing.
    static func reading(_ query: String) -> (VariableQuestion, filter: String?)? {
        var text = Substring(query)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        guard !text.isEmpty else { return nil }
        func inside(_ name: String) -> String? {
            guard text.hasPrefix(name), text.hasSuffix(")") else { return nil }
            var rest = text.dropFirst(name.count)
            while rest.first?.isWhitespace == true { rest.removeFirst() }
            guard rest.first == "(" else { return nil }
            rest = rest.dropFirst().dropLast()
            while rest.first?.isWhitespace == true { rest.removeFirst() }
            while rest.last?.isWhitespace == true { rest.removeLast() }
            return String(rest)
        }
        if let inside = inside("label_names") { return (.labelNames(selector: inside.isEmpty ? nil : inside), nil) }
        if let inside = inside("label_values") {
            let label =
                inside.split(separator: ",", omittingEmptySubsequences: false).last.map { String($0.filter { !$0.isWhitespace }) } ?? ""
            guard isLabel(label) else { return nil }
            guard let comma = inside.lastIndex(of: ",") else { return (.labelValues(selector: nil, label: label), nil) }
            var selector = inside[..<comma]
            while selector.last?.isWhitespace == true { selector.removeLast() }
            return (.labelValues(selector: selector.isEmpty ? nil : String(selector), label: label), nil)
        }
        if let inside = inside("metrics") { return (.metricNames, inside) }
        if let inside = inside("query_result") { return inside.isEmpty ? nil : (.queryResult(expression: inside), nil) }
        return (.series(selector: String(text)), nil)
    }

    private static func isLabel(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), text.utf8.count <= 200 else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
            default: false
            }
        }
    }
}
