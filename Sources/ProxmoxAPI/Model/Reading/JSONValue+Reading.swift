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
        return text.shortened()
    }

    /// The same of what whoever is inside a guest may choose, cut much sooner: hundreds of such texts for each guest must leave room for
    /// what is told of the others.
    var guestWord: String? {
        guard let text, !text.isEmpty else { return nil }
        return text.shortened(toBytes: 256)
    }
}

extension JSONKey {
    /// The key as a name, cut likewise.
    var word: String { text.shortened() }
}

extension String {
    fileprivate func shortened(toBytes limit: Int = 8192) -> String {
        utf8.count <= limit ? self : String(decoding: utf8.prefix(limit), as: UTF8.self)
    }
}
