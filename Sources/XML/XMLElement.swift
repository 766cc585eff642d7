/// An element of a document with all that is in it.
///
/// Made for records, not for prose: text between the children of one element is kept as one piece, without its places between them.
package struct XMLElement: Sendable, Equatable {
    package struct Attribute: Sendable, Equatable {
        /// As written, with its prefix.
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// As written, with its prefix: `qemu:commandline`.
    package var name: String
    /// What the prefix, or the lack of one, stands for at this place; nil where nothing was declared.
    package let namespace: String?
    package var attributes: [Attribute]
    package var children: [XMLElement]
    /// All character data directly within, with its white space.
    package var text: String

    package init(
        _ name: String, namespace: String? = nil, attributes: [Attribute] = [], children: [XMLElement] = [], text: String = ""
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.children = children
        self.text = text
    }

    /// The name without its prefix.
    package var localName: Substring { name.lastIndex(of: ":").map { name[name.index(after: $0)...] } ?? name[...] }

    /// The value of an attribute, by its name as written.
    package subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

    /// The text without white space at its ends; nil when nothing is left.
    package var trimmedText: String? {
        let trimmed = text.utf8.drop { Self.isSpace($0) }
        guard let last = trimmed.lastIndex(where: { !Self.isSpace($0) }) else { return nil }
        return String(trimmed[...last])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

// MARK: finding

extension XMLElement {
    /// The children of a name as written, in their order.
    package func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The first child of a name as written.
    package func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The first element at the end of a path of names, all of them looked through: `devices/disk/source`.
    package func first(_ path: String) -> XMLElement? { all(path).first }

    /// All elements at the end of a path of names: `devices/disk`.
    package func all(_ path: String) -> [XMLElement] {
        path.split(separator: "/").reduce([self]) { elements, name in
            elements.flatMap { $0.children.filter { $0.name == name } }
        }
    }

    /// The text at the end of a path, trimmed; nil when there is none.
    package func text(at path: String) -> String? { all(path).lazy.compactMap(\.trimmedText).first }

    /// The first child of a local name in a namespace, whatever prefix it was written with.
    package func child(_ localName: String, namespace: String) -> XMLElement? {
        children.first { $0.localName == localName && $0.namespace == namespace }
    }
}

// MARK: changing

extension XMLElement {
    /// Sets an attribute, or takes it away with nil.
    package mutating func set(_ attribute: String, _ value: String?) {
        guard let place = attributes.firstIndex(where: { $0.name == attribute }) else {
            if let value { attributes.append(Attribute(name: attribute, value: value)) }
            return
        }
        if let value { attributes[place] = Attribute(name: attribute, value: value) } else { attributes.remove(at: place) }
    }

    /// The element as XML.
    package var xml: String {
        var writer = XMLWriter()
        writer.element(self)
        return writer.text
    }
}
