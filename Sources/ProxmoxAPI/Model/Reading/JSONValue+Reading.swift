import JSON

extension JSONValue {
    /// The elements that `make` can use.
    func compactMapElements<Element>(_ make: (JSONValue) -> Element?) -> [Element] {
        var elements: [Element] = []
        forEachElement { value in
            if let element = make(value) { elements.append(element) }
        }
        return elements
    }

    /// A name or other text that is not empty, cut where no honest one reaches: each stands in many label sets.
    var word: String? {
        guard let text, !text.isEmpty else { return nil }
        return text.shortened
    }
}

extension JSONKey {
    /// The key as a name, cut likewise.
    var word: String { text.shortened }
}

extension String {
    fileprivate var shortened: String {
        utf8.count <= 8192 ? self : String(decoding: utf8.prefix(8192), as: UTF8.self)
    }
}
