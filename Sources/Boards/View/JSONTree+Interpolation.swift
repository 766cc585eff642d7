extension JSONTree {
    /// Members whose text people read.
    private static let words: Set<String> = [
        "title", "text", "displayName", "description", "noValue", "unit", "header", "label", "axisLabel",
    ]

    /// The tree with variables put into what people read and into addresses; everything else stays as it stands. Links whose address is not
    /// one to follow are left out.
    func interpolated(_ values: inout Interpolator, under name: String = "") -> JSONTree {
        switch self {
        case .text(let text):
            if name == "content" { return .text(values.text(text, .content)) }
            return Self.words.contains(name) ? .text(values.text(text, .words)) : self
        case .list(let elements):
            var kept: [JSONTree] = []
            for element in elements {
                guard element["url"] != nil else {
                    kept.append(element.interpolated(&values, under: name))
                    continue
                }
                if let link = element.link(&values) { kept.append(link) }
            }
            return .list(kept)
        case .object(let members):
            return .object(members.map { Member($0.name, $0.value.interpolated(&values, under: $0.name)) })
        default: return self
        }
    }

    private func link(_ values: inout Interpolator) -> JSONTree? {
        guard let address = self["url"]?.text, let safe = Address.safe(values.text(address, .address)) else { return nil }
        return .object([
            Member("title", .text(values.text(self["title"]?.text ?? "", .words))), Member("url", .text(safe)),
            Member("newTab", .flag(self["targetBlank"]?.flag ?? false)),
        ])
    }
}

extension PanelTransformation {
    /// With variables put into all of its texts, the names of fields among them.
    func interpolated(_ values: inout Interpolator) -> PanelTransformation {
        PanelTransformation(id: id, options: Self.plain(options, &values), refs: refs)
    }

    private static func plain(_ tree: JSONTree, _ values: inout Interpolator) -> JSONTree {
        switch tree {
        case .text(let text): return .text(values.text(text, .plain))
        case .list(let elements): return .list(elements.map { plain($0, &values) })
        case .object(let members): return .object(members.map { JSONTree.Member($0.name, plain($0.value, &values)) })
        default: return tree
        }
    }
}
