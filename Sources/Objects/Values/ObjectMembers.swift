/// The members of an object, each name once, in the order of the names' bytes.
///
/// Objects are small and many: a sorted array takes a third of a dictionary's memory, and is written in the same order each time.
package struct ObjectMembers: Sendable, Hashable, RandomAccessCollection {
    package struct Member: Sendable, Hashable {
        package let name: String
        package var value: ObjectValue
    }

    private var elements: [Member] = []

    package init() {}

    /// Of a name given twice, the last.
    package init(_ members: some Sequence<(String, ObjectValue)>) {
        var elements = members.map { Member(name: $0.0, value: $0.1) }
        guard elements.count > 1 else {
            self.elements = elements
            return
        }
        // Swift's sort is stable, so that of equal names the last one is the last one given.
        elements.sort { Self.isLess($0.name, $1.name) }
        for element in elements {
            if let last = self.elements.last, Self.isSame(last.name, element.name) { self.elements.removeLast() }
            self.elements.append(element)
        }
    }

    package var startIndex: Int { elements.startIndex }
    package var endIndex: Int { elements.endIndex }
    package subscript(position: Int) -> Member { elements[position] }

    /// The value of that name. Setting nil takes the member out.
    package subscript(name: String) -> ObjectValue? {
        get {
            let index = place(of: name)
            return isThere(name, at: index) ? elements[index].value : nil
        }
        set {
            let index = place(of: name)
            switch (newValue, isThere(name, at: index)) {
            case (let value?, true): elements[index].value = value
            case (let value?, false): elements.insert(Member(name: name, value: value), at: index)
            case (nil, true): elements.remove(at: index)
            case (nil, false): break
            }
        }
    }

    package var names: [String] { elements.map(\.name) }

    /// Where the name is, or would be.
    private func place(of name: String) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.isLess(elements[middle].name, name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func isThere(_ name: String, at index: Int) -> Bool { index < elements.count && Self.isSame(elements[index].name, name) }

    private static func isSame(_ first: String, _ second: String) -> Bool { first.utf8.elementsEqual(second.utf8) }

    /// By bytes: Swift's own order of texts is dearer, and takes some that differ for the same.
    private static func isLess(_ first: String, _ second: String) -> Bool { first.utf8.lexicographicallyPrecedes(second.utf8) }
}
