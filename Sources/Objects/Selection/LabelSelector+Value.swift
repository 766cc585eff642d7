extension LabelSelector {
    /// Of `matchLabels` and `matchExpressions`.
    ///
    /// - Parameter path: of the value, for problems; what has one is left out.
    package init(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        self.init()
        for member in value["matchLabels"]?.members ?? ObjectMembers() {
            if let text = member.value.text {
                requirements.append(.isOneOf(member.name, [text]))
            } else {
                problems.append(Schema.wrongType("\(path).matchLabels[\(member.name)]", "a text", member.value))
            }
        }
        for (index, expression) in (value["matchExpressions"]?.list ?? []).enumerated() {
            let place = "\(path).matchExpressions[\(index)]"
            guard let key = expression["key"]?.text else {
                problems.append(FieldProblem("\(place).key", .required, "must be the name of a label"))
                continue
            }
            let values = Set((expression["values"]?.list ?? []).compactMap(\.text))
            switch (expression["operator"]?.text, values.isEmpty) {
            case ("In", false): requirements.append(.isOneOf(key, values))
            case ("NotIn", false): requirements.append(.isNoneOf(key, values))
            case ("Exists", true): requirements.append(.exists(key))
            case ("DoesNotExist", true): requirements.append(.existsNot(key))
            case ("In", _), ("NotIn", _): problems.append(FieldProblem("\(place).values", .required, "must have a value or more"))
            case ("Exists", _), ("DoesNotExist", _):
                problems.append(FieldProblem("\(place).values", .forbidden, "must be empty for this operator"))
            default: problems.append(FieldProblem("\(place).operator", .notSupported, "must be In or NotIn or Exists or DoesNotExist"))
            }
        }
    }

    /// As `matchLabels` and `matchExpressions`.
    package var value: ObjectValue {
        func texts(_ values: Set<String>) -> ObjectValue { .list(values.sorted().map { .text($0) }) }
        return [
            "matchExpressions": .list(
                requirements.map { requirement in
                    switch requirement {
                    case .isOneOf(let key, let values): ["key": .text(key), "operator": "In", "values": texts(values)]
                    case .isNoneOf(let key, let values): ["key": .text(key), "operator": "NotIn", "values": texts(values)]
                    case .exists(let key): ["key": .text(key), "operator": "Exists"]
                    case .existsNot(let key): ["key": .text(key), "operator": "DoesNotExist"]
                    }
                })
        ]
    }
}
