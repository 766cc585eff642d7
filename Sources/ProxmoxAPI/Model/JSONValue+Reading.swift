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

    /// A name or other text that is not empty.
    var word: String? {
        guard let text, !text.isEmpty else { return nil }
        return text
    }
}
