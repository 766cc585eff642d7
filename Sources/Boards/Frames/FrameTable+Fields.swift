extension FrameTable {
    /// Leaves out, orders and renames fields by what they are called.
    mutating func organize(_ options: JSONTree) {
        func flags(_ name: String) -> Set<String> {
            Set((options[name]?.members ?? []).filter { $0.value.flag == true }.map(\.name))
        }
        let (excluded, included) = (flags("excludeByName"), flags("includeByName"))
        let indices = Dictionary(
            (options["indexByName"]?.members ?? []).compactMap { member in member.value.number.map { (member.name, $0) } }
        ) {
            first, _ in first
        }
        let names = Dictionary(
            (options["renameByName"]?.members ?? []).compactMap { member in member.value.text.map { (member.name, $0) } }
        ) {
            first, _ in first
        }
        for index in frames.indices {
            var fields = frames[index].fields.filter { !excluded.contains($0.title) && (included.isEmpty || included.contains($0.title)) }
            if !indices.isEmpty {
                let order = fields.indices.sorted { left, right in
                    let (first, second) = (indices[fields[left].title] ?? .infinity, indices[fields[right].title] ?? .infinity)
                    return first == second ? left < right : first < second
                }
                fields = order.map { fields[$0] }
            }
            for field in fields.indices {
                if let name = names[fields[field].title], !name.isEmpty { fields[field].displayName = name }
            }
            frames[index].fields = fields
        }
    }

    mutating func filterFields(_ options: JSONTree) {
        let include = matcher(options["include"], options)
        let exclude = matcher(options["exclude"], options)
        for index in frames.indices {
            frames[index].fields = frames[index].fields.filter { field in
                if let include, !include(field, &budget) { return false }
                if let exclude, exclude(field, &budget) { return false }
                return true
            }
        }
        frames = frames.filter { !$0.fields.isEmpty }
    }

    private mutating func matcher(_ tree: JSONTree?, _ options: JSONTree) -> ((FrameField, inout Int) -> Bool)? {
        guard let tree, !tree.members.isEmpty else { return nil }
        var names = Set(tree["names"]?.texts ?? [])
        if options["byVariable"]?.flag == true, let variable = tree["variable"]?.text {
            names = Set(variable.filter { $0 != "{" && $0 != "}" }.split(separator: ",").map(String.init))
        }
        let pattern = tree["pattern"]?.text.flatMap { $0.isEmpty ? nil : self.pattern($0) }
        guard pattern != nil || !names.isEmpty else { return nil }
        return { field, budget in names.contains(field.title) || pattern?.matches(field.title, budget: &budget) == true }
    }

    mutating func filterRefs(_ options: JSONTree) {
        for (name, keeps) in [("include", true), ("exclude", false)] {
            guard let text = options[name]?.text, !text.isEmpty, let pattern = pattern("/^(?:\(text))$/") else { continue }
            frames = frames.filter { pattern.matches($0.ref ?? "", budget: &budget) == keeps }
        }
    }

    mutating func rename(_ options: JSONTree) {
        guard let source = options["regex"]?.text, !source.isEmpty, let pattern = pattern(source) else { return }
        let template = options["renamePattern"]?.text ?? ""
        var names: [String: String] = [:]
        for index in frames.indices {
            for field in frames[index].fields.indices {
                let title = frames[index].fields[field].title
                let name = names[title] ?? pattern.replacing(in: title, with: template, budget: &budget)
                names[title] = name
                if name != title { frames[index].fields[field].displayName = name }
            }
        }
        if budget <= 0 { problems.append("the pattern of the transformation renameByRegex costs too much") }
    }

    // MARK: rows

    mutating func sort(_ options: JSONTree) {
        let wanted = (options["sort"]?.elements ?? []).prefix(10)
        for index in frames.indices {
            let frame = frames[index]
            let keys = wanted.compactMap { key in
                key["field"]?.text.flatMap { frame.place(of: $0) }.map { (frame.fields[$0].values, key["desc"]?.flag ?? false) }
            }
            guard !keys.isEmpty else { continue }
            let order = (0..<frame.length).sorted { left, right in
                for (values, isDownward) in keys {
                    if values[left] == .none || values[right] == .none {
                        if values[left] == values[right] { continue }
                        return values[right] == .none
                    }
                    if FrameValue.isBefore(values[left], values[right]) { return !isDownward }
                    if FrameValue.isBefore(values[right], values[left]) { return isDownward }
                }
                return left < right
            }
            frames[index] = frame.taking(order)
        }
    }

    mutating func limit(_ options: JSONTree) {
        let most = max(0, options["limitField"]?.integer ?? 10)
        for index in frames.indices where frames[index].length > most { frames[index] = frames[index].taking(0..<most) }
    }
}
