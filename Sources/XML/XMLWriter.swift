/// Writes XML in the order of the calls, with every text escaped.
package struct XMLWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether the start tag of the innermost element is still open.
    private var isInTag = false

    package init(reservingBytes capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// `<name key='value'>…</name>`, or `<name/>` when the body writes nothing.
    /// - Parameter attributes: those that are nil are left out.
    package mutating func element<E: Error>(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ body: (inout XMLWriter) throws(E) -> Void
    ) throws(E) {
        open(name)
        for (key, value) in attributes { if let value { attribute(key, value) } }
        try body(&self)
        close(name)
    }

    /// `<name key='value'/>`
    package mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:]) {
        element(name, attributes) { _ in }
    }

    /// `<name key='value'>text</name>`
    package mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String) {
        element(name, attributes) { $0.text(text) }
    }

    /// An element that was read or made before, with all that is in it. Of one that has children only white space is lost of its text.
    package mutating func element(_ element: XMLElement) {
        open(element.name)
        for each in element.attributes { attribute(each.name, each.value) }
        if element.children.isEmpty {
            if !element.text.isEmpty { text(element.text) }
        } else {
            if let own = element.trimmedText { text(own) }
            for child in element.children { self.element(child) }
        }
        close(element.name)
    }

    /// Character data within the element that is open.
    package mutating func text(_ text: String) {
        endTag()
        append(escaping: text, inAttribute: false)
    }

    private mutating func open(_ name: String) {
        endTag()
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: name.utf8)
        isInTag = true
    }

    private mutating func attribute(_ name: String, _ value: String) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: "='".utf8)
        append(escaping: value, inAttribute: true)
        bytes.append(UInt8(ascii: "'"))
    }

    private mutating func close(_ name: String) {
        if isInTag {
            bytes.append(contentsOf: "/>".utf8)
        } else {
            bytes.append(contentsOf: "</".utf8)
            bytes.append(contentsOf: name.utf8)
            bytes.append(UInt8(ascii: ">"))
        }
        isInTag = false
    }

    private mutating func endTag() {
        if isInTag { bytes.append(UInt8(ascii: ">")) }
        isInTag = false
    }

    private mutating func append(escaping text: String, inAttribute: Bool) {
        for letter in text.unicodeScalars {
            switch letter {
            case "&": bytes.append(contentsOf: "&amp;".utf8)
            case "<": bytes.append(contentsOf: "&lt;".utf8)
            case ">": bytes.append(contentsOf: "&gt;".utf8)
            case "'": bytes.append(contentsOf: "&apos;".utf8)
            case "\"": bytes.append(contentsOf: "&quot;".utf8)
            // A reader would make a line feed of it, and of both a space within an attribute.
            case "\r": bytes.append(contentsOf: "&#13;".utf8)
            case "\n", "\t": bytes.append(contentsOf: inAttribute ? "&#\(letter.value);".utf8 : String(letter).utf8)
            // XML has no way to write these.
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": bytes.append(contentsOf: "\u{FFFD}".utf8)
            default: bytes.append(contentsOf: String(letter).utf8)
            }
        }
    }
}
