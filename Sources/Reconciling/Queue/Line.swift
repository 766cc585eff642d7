/// First in, first out, in constant time.
struct Line<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            // A burst's room is not kept for ever.
            elements.removeAll(keepingCapacity: head <= 1024)
            head = 0
        } else if head > 64, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Takes out the first for which it holds.
    mutating func remove(where isMeant: (Element) -> Bool) -> Element? {
        for place in head..<elements.count {
            guard let element = elements[place], isMeant(element) else { continue }
            elements.remove(at: place)
            return element
        }
        return nil
    }

    mutating func removeAll() {
        elements = []
        head = 0
    }
}

extension Line: Sendable where Element: Sendable {}
